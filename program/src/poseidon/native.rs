//! The permutation on the limbs of native elements: the same function as `sparse`, in half the time.
//!
//! Values stay in Montgomery form and are reduced as little as four limbs allow: with p < 0.19 * 2^256, a product of
//! values below a*p and b*p is below (0.19*a*b + 1)*p after Montgomery's reduction, and a sum of products is reduced once.
//! Bounds, in p, are noted at each step; nothing may reach 5.28 (2^256), nor a right factor 4.

use super::constants::{MDS, ROUND_CONSTANTS};
use super::sparse::{HALF, Matrix, TABLES};
use super::{PARTIAL_ROUNDS, WIDTH};
use crate::Fr;
use ark_bn254::FrConfig;
use ark_ff::{BigInt, MontConfig};

/// A residue in Montgomery form, little endian, not necessarily the smallest.
type Limbs = [u64; 4];

const MODULUS: Limbs = <FrConfig as MontConfig<4>>::MODULUS.0;
/// -1/p modulo 2^64.
const INVERSE: u64 = <FrConfig as MontConfig<4>>::INV;
const TWICE: Limbs = twice(MODULUS);

const fn twice(value: Limbs) -> Limbs {
    let [a, b, c, d] = value;
    [a << 1, b << 1 | a >> 63, c << 1 | b >> 63, d << 1 | c >> 63]
}

/// Applies the permutation.
pub(crate) fn permute(state: &mut [Fr; WIDTH]) {
    let tables = &*TABLES;
    // Below 1.
    let mut limbs = state.map(|element| element.0.0);
    for constants in &ROUND_CONSTANTS[..HALF] {
        full_round(&mut limbs, constants);
    }
    // Below 2 + 1, so the products' sum is below 0.19 * 12 + 1 before it is halved to 2.
    limbs = std::array::from_fn(|i| add(&limbs[i], &tables.entry[i].0.0));
    limbs = multiply(&limbs, &tables.entry_matrix);
    for (top, left, constant) in &tables.rounds {
        // Below 1.6 + 1.
        let boxed = add(&fifth_power(&limbs[0]), &constant.0.0);
        let [_, a, b, c] = limbs;
        // Below 0.19 * (2.6 + 3 * 2) + 1 = 2.7, then 2.
        limbs[0] = below_two(dot(&[boxed, a, b, c], top));
        for (element, factor) in limbs[1..].iter_mut().zip(left) {
            // Below 2 + 1.5, then 2.
            *element = below_two(add(element, &times(&boxed, &factor.0.0)));
        }
    }
    for constants in &ROUND_CONSTANTS[HALF + PARTIAL_ROUNDS..] {
        full_round(&mut limbs, constants);
    }
    *state = limbs.map(|element| Fr::new_unchecked(BigInt::new(subtract_once(subtract_once(element)))));
}

/// From below 2 to below 2.
fn full_round(state: &mut [Limbs; WIDTH], constants: &[Fr; WIDTH]) {
    // Below 3; powers below 2.8, 2.5, 2.5; the products' sum below 0.19 * 4 * 2.5 + 1 = 2.9.
    let boxed = std::array::from_fn(|i| fifth_power(&add(&state[i], &constants[i].0.0)));
    *state = multiply(&boxed, &MDS);
}

#[inline]
fn fifth_power(x: &Limbs) -> Limbs {
    let square = times(x, x);
    times(&times(&square, &square), x)
}

#[inline]
fn multiply(state: &[Limbs; WIDTH], matrix: &Matrix) -> [Limbs; WIDTH] {
    std::array::from_fn(|i| below_two(dot(state, &matrix[i])))
}

/// `a + b` as integers.
#[inline]
fn add(a: &Limbs, b: &Limbs) -> Limbs {
    let mut carry = 0;
    std::array::from_fn(|i| {
        let sum = u128::from(a[i]) + u128::from(b[i]) + u128::from(carry);
        carry = (sum >> 64) as u64;
        sum as u64
    })
}

/// `a - b`, or `a` if that is smaller than `b`.
#[inline]
fn subtract_if_not_smaller(a: Limbs, b: &Limbs) -> Limbs {
    let mut borrow = false;
    let difference: Limbs = std::array::from_fn(|i| {
        let (partial, first) = a[i].overflowing_sub(b[i]);
        let (result, second) = partial.overflowing_sub(u64::from(borrow));
        borrow = first | second;
        result
    });
    if borrow { a } else { difference }
}

/// From below 4 to below 2.
#[inline]
fn below_two(value: Limbs) -> Limbs {
    subtract_if_not_smaller(value, &TWICE)
}

fn subtract_once(value: Limbs) -> Limbs {
    subtract_if_not_smaller(value, &MODULUS)
}

/// `sum + a * b`, of which the low limb, and the carry.
#[inline(always)]
fn multiply_add(sum: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(sum) + u128::from(a) * u128::from(b) + u128::from(carry);
    (wide as u64, (wide >> 64) as u64)
}

/// Adds `a * b` to a sum of four limbs and what is above them.
#[inline(always)]
fn accumulate((sum, above): (Limbs, u64), a: u64, b: &Limbs) -> (Limbs, u64) {
    let (s0, carry) = multiply_add(sum[0], a, b[0], 0);
    let (s1, carry) = multiply_add(sum[1], a, b[1], carry);
    let (s2, carry) = multiply_add(sum[2], a, b[2], carry);
    let (s3, carry) = multiply_add(sum[3], a, b[3], carry);
    ([s0, s1, s2, s3], above + carry)
}

/// Adds what makes the lowest limb zero, a multiple of p, and drops that limb.
#[inline(always)]
fn reduce_limb((sum, above): (Limbs, u64)) -> Limbs {
    let factor = sum[0].wrapping_mul(INVERSE);
    let (_, carry) = multiply_add(sum[0], factor, MODULUS[0], 0);
    let (s0, carry) = multiply_add(sum[1], factor, MODULUS[1], carry);
    let (s1, carry) = multiply_add(sum[2], factor, MODULUS[2], carry);
    let (s2, carry) = multiply_add(sum[3], factor, MODULUS[3], carry);
    [s0, s1, s2, above + carry]
}

/// `a * b / 2^256`. Between two limbs the sum is below b + p, so `b` is below 4.
#[inline]
fn times(a: &Limbs, b: &Limbs) -> Limbs {
    let sum = reduce_limb(accumulate(([0; 4], 0), a[0], b));
    let sum = reduce_limb(accumulate((sum, 0), a[1], b));
    let sum = reduce_limb(accumulate((sum, 0), a[2], b));
    reduce_limb(accumulate((sum, 0), a[3], b))
}

/// Sum of four products with constants, reduced once: between two limbs it is below 4 + 1.
#[inline]
fn dot(a: &[Limbs; WIDTH], constants: &[Fr; WIDTH]) -> Limbs {
    let [c0, c1, c2, c3] = constants;
    (0..4).fold([0; 4], |sum, limb| {
        let wide = accumulate((sum, 0), a[0][limb], &c0.0.0);
        let wide = accumulate(wide, a[1][limb], &c1.0.0);
        let wide = accumulate(wide, a[2][limb], &c2.0.0);
        reduce_limb(accumulate(wide, a[3][limb], &c3.0.0))
    })
}
