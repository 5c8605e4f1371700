//! The channel inside the circuit: a proof's scalars become witness variables, each message of points one hash.

use super::system::{System, Wire, inverse_or_zero};
use crate::channel::{Channel, Check, Messages, Received, Step};
use crate::transcript::Transcript;
use ark_ff::One;
use candor_program::Fr;
use candor_program::arith::Arith;
use std::convert::Infallible;

/// Reads messages into a system. Values beyond the end of the messages are zero: the shape never depends on them.
pub(super) struct SealChannel {
    system: System,
    transcript: Transcript<Wire>,
    scalars: std::vec::IntoIter<Fr>,
    hash_values: std::vec::IntoIter<Fr>,
    received: usize,
    /// The hashes of the messages of points, in order: part of the boundary.
    pub(super) hashes: Vec<Wire>,
}

impl SealChannel {
    pub(super) fn new(system: &System, messages: Messages) -> Self {
        Self {
            system: system.clone(),
            transcript: Transcript::new(),
            scalars: messages.scalars.into_iter(),
            hash_values: messages.hashes.into_iter(),
            received: 0,
            hashes: Vec::new(),
        }
    }
}

impl Channel for SealChannel {
    type F = Wire;
    type Error = Infallible;

    fn known(&mut self, step: Step, values: &[Wire]) {
        self.transcript.label(step.label());
        self.transcript.absorb(values);
    }

    fn scalars(&mut self, step: Step, count: usize) -> Result<Vec<Wire>, Infallible> {
        let system = self.system.clone();
        let scalars: Vec<Wire> =
            (0..count).map(|_| system.witness(self.scalars.next().unwrap_or_default())).collect();
        self.known(step, &scalars);
        Ok(scalars)
    }

    fn points(&mut self, step: Step, count: usize) -> Result<Received, Infallible> {
        let hash = self.system.witness(self.hash_values.next().unwrap_or_default());
        self.known(step, std::slice::from_ref(&hash));
        self.hashes.push(hash);
        let first = self.received;
        self.received += count;
        Ok(Received { first, count })
    }

    fn challenge(&mut self) -> Wire {
        self.transcript.challenge()
    }

    fn equal(&mut self, _: Check, left: &Wire, right: &Wire) -> Result<(), Infallible> {
        self.system.equal(left, right);
        Ok(())
    }

    fn inverse(&mut self, _: Check, value: &Wire) -> Result<Wire, Infallible> {
        let inverse = self.system.witness(inverse_or_zero(value.value()));
        self.system.enforce(value, &inverse, &Wire::constant(Fr::one()));
        Ok(inverse)
    }
}
