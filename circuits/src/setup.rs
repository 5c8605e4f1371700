//! The verifier's part of a reference string.

use crate::point::{PointError, decode_g2};
use ark_bn254::G2Affine;
use ark_ec::AffineRepr;
use candor_program::card::SetupCard;

/// Decoded points of G2.
#[derive(Clone, Copy, Debug)]
pub struct VerifierSetup {
    /// H.
    pub generator_g2: G2Affine,
    /// tau * H.
    pub tau_g2: G2Affine,
}

impl VerifierSetup {
    /// Decodes the card's point; H is the curve's standard generator.
    ///
    /// Errors: the point is not canonical, not in the subgroup, the identity, or the generator itself (tau = 1).
    pub fn of(card: &SetupCard) -> Result<Self, PointError> {
        let generator_g2 = G2Affine::generator();
        let tau_g2 = decode_g2(&card.tau_g2)?;
        if tau_g2 == generator_g2 || tau_g2 == -generator_g2 {
            return Err(PointError::Identity);
        }
        Ok(Self { generator_g2, tau_g2 })
    }
}
