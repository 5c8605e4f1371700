//! Poseidon over BN254's scalar field, width 4, generic over the algebra so that the seal uses the same code.
//!
//! Source: <https://eprint.iacr.org/2019/458>; parameters in docs/spec/digests.md.

mod constants;
mod native;
mod sparse;

pub(crate) use native::permute as permute_native;
pub(crate) use sparse::permute as permute_sparse;

use crate::Fr;
use crate::arith::Arith;
use ark_ff::Zero;
use constants::{MDS, ROUND_CONSTANTS};

/// State elements; index 0 is the capacity.
pub const WIDTH: usize = 4;
/// Elements absorbed by one permutation.
pub const RATE: usize = 3;
/// Rounds with an S-box on every element, half before and half after the partial rounds.
pub const FULL_ROUNDS: usize = 8;
/// Rounds with one S-box.
pub const PARTIAL_ROUNDS: usize = 57;
/// All rounds.
pub const ROUNDS: usize = FULL_ROUNDS + PARTIAL_ROUNDS;

/// Applies the permutation.
pub fn permute<F: Arith>(state: &mut [F; WIDTH]) {
    F::permute(state);
}

/// The permutation as the paper defines it: what [`permute`] must equal. Slower; kept as the reference of tests.
pub fn permute_reference<F: Arith>(state: &mut [F; WIDTH]) {
    for (round, constants) in ROUND_CONSTANTS.iter().enumerate() {
        for (element, constant) in state.iter_mut().zip(constants) {
            *element = element.offset(*constant);
        }
        let full = !(FULL_ROUNDS / 2..FULL_ROUNDS / 2 + PARTIAL_ROUNDS).contains(&round);
        let boxes = if full { WIDTH } else { 1 };
        for element in state.iter_mut().take(boxes) {
            *element = fifth_power(element);
        }
        multiply(state, &MDS);
    }
}

fn fifth_power<F: Arith>(x: &F) -> F {
    let square = x.times(x);
    square.times(&square).times(x)
}

fn multiply<F: Arith>(state: &mut [F; WIDTH], matrix: &[[Fr; WIDTH]; WIDTH]) {
    let product = std::array::from_fn(|i| {
        let row = &matrix[i];
        (1..WIDTH).fold(state[0].scale(row[0]), |sum, j| sum.plus(&state[j].scale(row[j])))
    });
    *state = product;
}

/// The big-endian integer of a tag of at most 8 ASCII bytes.
#[must_use]
pub fn tag(text: &str) -> u64 {
    debug_assert!(text.len() <= 8);
    text.bytes().fold(0, |value, byte| (value << 8) | u64::from(byte))
}

/// Hash of a list of elements under a tag of at most 8 ASCII bytes; lists of different length never collide by padding.
#[must_use]
pub fn hash<F: Arith>(tag_text: &str, inputs: &[F]) -> F {
    let capacity = Fr::from(u128::from(tag(tag_text)) + ((inputs.len() as u128) << 64));
    let mut state = [capacity, Fr::zero(), Fr::zero(), Fr::zero()].map(F::constant);
    if inputs.is_empty() {
        permute(&mut state);
    }
    for block in inputs.chunks(RATE) {
        for (element, input) in state[1..].iter_mut().zip(block) {
            *element = element.plus(input);
        }
        permute(&mut state);
    }
    let [_, output, _, _] = state;
    output
}
