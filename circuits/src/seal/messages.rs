//! Reads a proof natively and keeps its messages, for the circuit to read again.

use crate::argument::{self, Outstanding};
use crate::channel::{Channel, Check, Messages, Received, Step};
use crate::layout::Layout;
use crate::native::{ArgumentError, NativeChannel};
use crate::point::{encode_g1, hash_points};
use crate::statement::{ProgramData, PublicValues, check_shape};
use ark_bn254::G1Affine;
use candor_program::Fr;

struct KeepingChannel<'a> {
    inner: NativeChannel<'a>,
    scalars: Vec<Fr>,
    ranges: Vec<Received>,
}

impl Channel for KeepingChannel<'_> {
    type F = Fr;
    type Error = ArgumentError;

    fn known(&mut self, step: Step, values: &[Fr]) {
        self.inner.known(step, values);
    }
    fn scalars(&mut self, step: Step, count: usize) -> Result<Vec<Fr>, ArgumentError> {
        let scalars = self.inner.scalars(step, count)?;
        self.scalars.extend_from_slice(&scalars);
        Ok(scalars)
    }
    fn points(&mut self, step: Step, count: usize) -> Result<Received, ArgumentError> {
        let received = self.inner.points(step, count)?;
        self.ranges.push(received.clone());
        Ok(received)
    }
    fn challenge(&mut self) -> Fr {
        self.inner.challenge()
    }
    fn equal(&mut self, check: Check, left: &Fr, right: &Fr) -> Result<(), ArgumentError> {
        self.inner.equal(check, left, right)
    }
    fn inverse(&mut self, check: Check, value: &Fr) -> Result<Fr, ArgumentError> {
        self.inner.inverse(check, value)
    }
}

/// A proof taken apart.
pub struct TakenApart {
    /// What the circuit reads.
    pub messages: Messages,
    /// The points, in the order of receipt.
    pub points: Vec<G1Affine>,
    /// What is left to check with curve arithmetic.
    pub outstanding: Outstanding<Fr>,
}

/// Verifies a proof's field side and keeps its messages.
///
/// Owes: the pairing. Errors: those of [`crate::native::verify`] but the pairing.
pub fn take_apart(
    layout: &Layout,
    program: &ProgramData<Fr>,
    public: &PublicValues<Fr>,
    proof: &[u8],
) -> Result<TakenApart, ArgumentError> {
    check_shape(layout, program, public)?;
    let inner = NativeChannel::new(proof);
    let mut channel = KeepingChannel { inner, scalars: Vec::new(), ranges: Vec::new() };
    let outstanding = argument::verify(&mut channel, layout, program, public)?;
    let KeepingChannel { inner, scalars, ranges } = channel;
    let points = inner.finish()?;
    let hash = |range: &Received| {
        let encoded: Vec<_> = points[range.first..range.first + range.count].iter().map(encode_g1).collect();
        hash_points(&encoded)
    };
    let hashes = ranges.iter().map(hash).collect();
    Ok(TakenApart { messages: Messages { scalars, hashes }, points, outstanding })
}
