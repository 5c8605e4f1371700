//! The prover's end of the channel: what is sent is absorbed.

use ark_bn254::{G1Affine, G1Projective};
use ark_ec::CurveGroup;
use candor_circuits::channel::Step;
use candor_circuits::point::{encode_g1, hash_points};
use candor_circuits::transcript::Transcript;
use candor_program::Fr;
use candor_program::encoding::fr_to_bytes;

/// A proof being written.
pub(crate) struct ProverChannel<'a> {
    transcript: Transcript<Fr>,
    proof: Vec<u8>,
    observer: &'a mut dyn FnMut(Step),
}

impl<'a> ProverChannel<'a> {
    /// Starts a proof; the observer is told each message after it was absorbed.
    pub(crate) fn new(observer: &'a mut dyn FnMut(Step)) -> Self {
        Self { transcript: Transcript::default(), proof: Vec::new(), observer }
    }

    pub(crate) fn known(&mut self, step: Step, values: &[Fr]) {
        self.transcript.label(step.label());
        self.transcript.absorb(values);
        (self.observer)(step);
    }

    pub(crate) fn scalars(&mut self, step: Step, values: &[Fr]) {
        for value in values {
            self.proof.extend_from_slice(&fr_to_bytes(value));
        }
        self.known(step, values);
    }

    pub(crate) fn points(&mut self, step: Step, points: &[G1Projective]) {
        self.affine_points(step, &G1Projective::normalize_batch(points));
    }

    fn affine_points(&mut self, step: Step, points: &[G1Affine]) {
        let encoded: Vec<_> = points.iter().map(encode_g1).collect();
        for point in &encoded {
            self.proof.extend_from_slice(&point.0);
        }
        self.known(step, &[hash_points(&encoded)]);
    }

    pub(crate) fn challenge(&mut self) -> Fr {
        self.transcript.challenge()
    }

    pub(crate) fn challenges(&mut self, count: usize) -> Vec<Fr> {
        (0..count).map(|_| self.challenge()).collect()
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.proof
    }
}
