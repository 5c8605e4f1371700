//! The Powers-of-Tau file that a ceremony begins with, checked by pairings.

use super::check::{Weights, equal, multi_scalar_in};
use super::circuit::Circuit;
use super::error::PhaseOneError;
use crate::setup::PtauError;
use crate::setup::ptau;
use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::AffineRepr;
use candor_program::encoding::keccak256;

/// Largest domain of a circuit: 2^21 rows.
pub const MAX_DOMAIN_LOG2: u32 = 21;

/// Powers of tau for a domain of m rows: 2m - 1 in G1, m in G2, m times alpha, m times beta, and beta in G2.
#[derive(Debug)]
pub struct PhaseOne {
    pub(super) file_hash: [u8; 32],
    pub(super) tau_g1: Vec<G1Affine>,
    pub(super) tau_g2: Vec<G2Affine>,
    pub(super) alpha_tau_g1: Vec<G1Affine>,
    pub(super) beta_tau_g1: Vec<G1Affine>,
    pub(super) beta_g2: G2Affine,
}

impl PhaseOne {
    /// Reads what a circuit needs of a snarkjs `.ptau` file, and checks that it is powers of one tau, alpha and beta.
    ///
    /// Owes: that somebody who contributed to the file forgot their secret (compare its hash with the ceremony's).
    /// Errors: a malformed file, too few powers, or a failed pairing check.
    pub fn read(file: &[u8], circuit: &Circuit) -> Result<Self, PhaseOneError> {
        let domain_log2 = circuit.domain_log2();
        if domain_log2 > MAX_DOMAIN_LOG2 {
            return Err(PhaseOneError::Size { domain_log2, limit: MAX_DOMAIN_LOG2 });
        }
        let got = ptau::powers_log2(file)?;
        if got < domain_log2 {
            return Err(PtauError::Power { got, wanted: domain_log2 as u8 }.into());
        }
        let size = 1usize << domain_log2;
        let truncated = PtauError::Truncated { section: 6 };
        let phase_one = Self {
            file_hash: keccak256(&[file]),
            tau_g1: ptau::points_g1(file, 2, 2 * size - 1)?,
            tau_g2: ptau::points_g2(file, 3, 0, size)?,
            alpha_tau_g1: ptau::points_g1(file, 4, size)?,
            beta_tau_g1: ptau::points_g1(file, 5, size)?,
            beta_g2: ptau::points_g2(file, 6, 0, 1)?.first().copied().ok_or(truncated)?,
        };
        phase_one.check()?;
        Ok(phase_one)
    }

    fn check(&self) -> Result<(), PhaseOneError> {
        let (g, h) = (G1Affine::generator(), G2Affine::generator());
        let fail = |section| Err(PhaseOneError::NotPowers { section });
        // a circuit has at least four rows, so all lists have a second element
        let (Some(tau_g1), Some(tau_g2)) = (self.tau_g1.get(1), self.tau_g2.get(1)) else { return fail(2) };
        if self.tau_g1.first() != Some(&g) {
            return fail(2);
        }
        if self.tau_g2.first() != Some(&h) {
            return fail(3);
        }
        let weights = Weights::of(b"candor/powers-check/v2", &[&self.file_hash], self.tau_g1.len());
        for (section, points) in [(2, &self.tau_g1), (4, &self.alpha_tau_g1), (5, &self.beta_tau_g1)] {
            let count = points.len() - 1;
            let low = multi_scalar_in::<G1Projective>(&points[..count], &weights.0[..count]);
            let high = multi_scalar_in::<G1Projective>(&points[1..], &weights.0[..count]);
            if !equal((high, h), (low, *tau_g2)) {
                return fail(section);
            }
        }
        let count = self.tau_g2.len() - 1;
        let low = multi_scalar_in::<G2Projective>(&self.tau_g2[..count], &weights.0[..count]);
        let high = multi_scalar_in::<G2Projective>(&self.tau_g2[1..], &weights.0[..count]);
        if !equal((g, high), (*tau_g1, low)) {
            return fail(3);
        }
        match self.beta_tau_g1.first() {
            Some(beta) if equal((*beta, h), (g, self.beta_g2)) => Ok(()),
            _ => fail(6),
        }
    }
}
