//! The Fiat-Shamir transcript: a duplex over Poseidon (docs/spec/transcript.md).

use ark_ff::Zero;
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::poseidon::{RATE, WIDTH, permute, tag};

/// Transcript of one proof.
#[derive(Clone)]
pub struct Transcript<F> {
    state: [F; WIDTH],
    absorbed: usize,
    squeezed: usize,
    labels: u64,
}

impl<F: Arith> Transcript<F> {
    /// A fresh transcript of this version of the protocol.
    #[must_use]
    pub fn new() -> Self {
        let zero = Fr::zero();
        let state = [Fr::from(tag("candor.1")), zero, zero, zero].map(F::constant);
        Self { state, absorbed: 0, squeezed: RATE, labels: 0 }
    }

    /// Names the message that follows: its label and its number go into the capacity, which no message can reach.
    pub fn label(&mut self, label: u64) {
        self.labels += 1;
        self.state[0] = self.state[0].offset(Fr::from(u128::from(label) + (u128::from(self.labels) << 64)));
        self.squeezed = RATE;
    }

    /// Absorbs elements, whose number the verifier knows beforehand.
    pub fn absorb(&mut self, elements: &[F]) {
        for element in elements {
            if self.absorbed == RATE {
                self.permute();
            }
            self.absorbed += 1;
            self.state[self.absorbed] = self.state[self.absorbed].plus(element);
        }
        self.squeezed = RATE;
    }

    /// A challenge that depends on everything absorbed so far.
    pub fn challenge(&mut self) -> F {
        if self.absorbed > 0 || self.squeezed == RATE {
            self.permute();
            self.squeezed = 0;
        }
        self.squeezed += 1;
        self.state[self.squeezed].clone()
    }

    fn permute(&mut self) {
        permute(&mut self.state);
        self.absorbed = 0;
    }
}

impl<F: Arith> Default for Transcript<F> {
    fn default() -> Self {
        Self::new()
    }
}
