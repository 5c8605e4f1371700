//! The channel over the bytes of a proof, and the native end of the verification: one sum of points and one pairing.

use crate::argument::{self, Outstanding};
use crate::channel::{Channel, Check, Received, Step};
use crate::layout::Layout;
use crate::pairing::{PairingEquation, PairingTerm};
use crate::point::{PointError, decode_g1, hash_points};
use crate::setup::VerifierSetup;
use crate::statement::{Part, ProgramData, PublicValues, ShapeError, check_shape};
use crate::transcript::Transcript;
use ark_bn254::G1Affine;
use ark_ec::AffineRepr;
use ark_ff::{Field, One};
use candor_program::Fr;
use candor_program::card::PointBytes;
use candor_program::encoding::fr_from_bytes;

/// Why an argument is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// The proof ends inside a message.
    #[error("proof ends at byte {length}, inside {step:?}")]
    Truncated {
        /// Message being read.
        step: Step,
        /// Length of the proof.
        length: usize,
    },
    /// Bytes follow the last message.
    #[error("{extra} bytes follow the last message")]
    Trailing {
        /// How many.
        extra: usize,
    },
    /// A scalar is the field's modulus or more.
    #[error("element {index} of {step:?} is not below the field's modulus")]
    Scalar {
        /// Message being read.
        step: Step,
        /// Index in the message.
        index: usize,
    },
    /// A point is not canonical or not on the curve.
    #[error("point {index} of {step:?}: {error}")]
    Point {
        /// Message being read.
        step: Step,
        /// Index in the message.
        index: usize,
        /// What is wrong with it.
        error: PointError,
    },
    /// A named check failed.
    #[error("check `{0}` failed")]
    Rejected(Check),
    /// What is verified does not have the shape of the proof's layout.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// A proof being read.
pub struct NativeChannel<'a> {
    proof: &'a [u8],
    position: usize,
    transcript: Transcript<Fr>,
    points: Vec<G1Affine>,
}

impl<'a> NativeChannel<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(proof: &'a [u8]) -> Self {
        Self { proof, position: 0, transcript: Transcript::new(), points: Vec::new() }
    }

    fn take(&mut self, step: Step, count: usize) -> Result<&'a [u8], ArgumentError> {
        let length = self.proof.len();
        let end = self.position.checked_add(count).filter(|end| *end <= length);
        let end = end.ok_or(ArgumentError::Truncated { step, length })?;
        let bytes = &self.proof[self.position..end];
        self.position = end;
        Ok(bytes)
    }

    /// Requires that the proof was read to its end; gives the points received.
    ///
    /// Errors: bytes are left over.
    pub fn finish(self) -> Result<Vec<G1Affine>, ArgumentError> {
        match self.proof.len() - self.position {
            0 => Ok(self.points),
            extra => Err(ArgumentError::Trailing { extra }),
        }
    }
}

impl Channel for NativeChannel<'_> {
    type F = Fr;
    type Error = ArgumentError;

    fn known(&mut self, step: Step, values: &[Fr]) {
        self.transcript.label(step.label());
        self.transcript.absorb(values);
    }

    fn scalars(&mut self, step: Step, count: usize) -> Result<Vec<Fr>, ArgumentError> {
        let bytes = self.take(step, count.saturating_mul(32))?;
        let mut scalars = Vec::with_capacity(count);
        for (index, chunk) in bytes.chunks_exact(32).enumerate() {
            let chunk: &[u8; 32] = chunk.try_into().map_err(|_| ArgumentError::Scalar { step, index })?;
            scalars.push(fr_from_bytes(chunk).ok_or(ArgumentError::Scalar { step, index })?);
        }
        self.known(step, &scalars);
        Ok(scalars)
    }

    fn points(&mut self, step: Step, count: usize) -> Result<Received, ArgumentError> {
        let bytes = self.take(step, count.saturating_mul(64))?;
        let mut encoded = Vec::with_capacity(count);
        for chunk in bytes.chunks_exact(64) {
            let mut point = PointBytes([0; 64]);
            point.0.copy_from_slice(chunk);
            encoded.push(point);
        }
        self.known(step, &[hash_points(&encoded)]);
        let first = self.points.len();
        for (index, point) in encoded.iter().enumerate() {
            self.points.push(decode_g1(point).map_err(|error| ArgumentError::Point {
                step,
                index,
                error,
            })?);
        }
        Ok(Received { first, count })
    }

    fn challenge(&mut self) -> Fr {
        self.transcript.challenge()
    }

    fn equal(&mut self, check: Check, left: &Fr, right: &Fr) -> Result<(), ArgumentError> {
        if left == right { Ok(()) } else { Err(ArgumentError::Rejected(check)) }
    }

    fn inverse(&mut self, check: Check, value: &Fr) -> Result<Fr, ArgumentError> {
        value.inverse().ok_or(ArgumentError::Rejected(check))
    }
}

/// Verifies a proof natively. Shapes: `program_rows` are the rows of the card: weights, bias, tables.
///
/// Owes: that the public values and the program's data belong to the expected program, and that the setup is accepted.
/// Errors: parts of unequal shape, malformed bytes, or the first check that failed.
pub fn verify(
    layout: &Layout,
    program: &ProgramData<Fr>,
    public: &PublicValues<Fr>,
    program_rows: &[G1Affine],
    setup: &VerifierSetup,
    proof: &[u8],
) -> Result<(), ArgumentError> {
    opened(&reduce(layout, program, public, program_rows, setup, proof)?)
}

/// [`verify`] up to its pairing, which is returned to be checked alone or with others.
///
/// Owes: the equation, and what [`verify`] owes.
pub fn reduce(
    layout: &Layout,
    program: &ProgramData<Fr>,
    public: &PublicValues<Fr>,
    program_rows: &[G1Affine],
    setup: &VerifierSetup,
    proof: &[u8],
) -> Result<PairingEquation, ArgumentError> {
    check_shape(layout, program, public)?;
    let mut channel = NativeChannel::new(proof);
    let outstanding = argument::verify(&mut channel, layout, program, public)?;
    let points = channel.finish()?;
    opening_equation(layout, &outstanding, &points, program_rows, setup)
}

/// The curve arithmetic of an argument: the combination of all rows opens as claimed. Shapes: `points` in the order of
/// receipt, `program_rows` the rows of the card.
///
/// Errors: another number of rows than the layout has, or [`Check::Pairing`].
pub fn check_opening(
    layout: &Layout,
    outstanding: &Outstanding<Fr>,
    points: &[G1Affine],
    program_rows: &[G1Affine],
    setup: &VerifierSetup,
) -> Result<(), ArgumentError> {
    opened(&opening_equation(layout, outstanding, points, program_rows, setup)?)
}

/// An opening's equation holds.
pub fn opened(equation: &PairingEquation) -> Result<(), ArgumentError> {
    if equation.holds() { Ok(()) } else { Err(ArgumentError::Rejected(Check::Pairing)) }
}

/// The equation of [`check_opening`]: e(L + zeta W, H) = e(W, tau H).
///
/// Owes: the equation. Errors: another number of rows or points than the layout has.
pub fn opening_equation(
    layout: &Layout,
    outstanding: &Outstanding<Fr>,
    points: &[G1Affine],
    program_rows: &[G1Affine],
    setup: &VerifierSetup,
) -> Result<PairingEquation, ArgumentError> {
    let (expected, got) = (layout.program_rows(), program_rows.len());
    if expected != got {
        return Err(ShapeError { part: Part::ProgramRows, expected, got }.into());
    }
    let (bases, scalars, point) = combination(layout, outstanding, points, program_rows);
    let (expected, got) = (bases.len(), scalars.len());
    if expected != got {
        return Err(ShapeError { part: Part::ProgramRows, expected, got }.into());
    }
    let sum = bases.into_iter().zip(scalars).collect();
    Ok(PairingEquation::new(vec![
        PairingTerm { sum, with: setup.generator_g2 },
        PairingTerm { sum: vec![(point, -Fr::one())], with: setup.tau_g2 },
    ]))
}

/// Points and scalars of L + zeta W, and W.
fn combination(
    layout: &Layout,
    outstanding: &Outstanding<Fr>,
    points: &[G1Affine],
    program_rows: &[G1Affine],
) -> (Vec<G1Affine>, Vec<Fr>, G1Affine) {
    let range = |received: &Received| &points[received.first..received.first + received.count];
    let (rows, opening) = (&outstanding.rows, &outstanding.opening);
    let mut bases = Vec::new();
    for received in rows.by_object() {
        bases.extend_from_slice(range(received));
    }
    bases.extend_from_slice(program_rows);
    bases.extend_from_slice(range(&opening.folds));
    let point = points[opening.point.first];
    bases.extend([points[opening.quotient.first], G1Affine::generator(), point]);
    let mut scalars = argument::row_scalars(layout, &outstanding.row_terms).concat();
    scalars.extend(
        std::iter::successors(Some(opening.q), |power| Some(*power * opening.q)).take(opening.folds.count),
    );
    scalars.extend([opening.quotient_scalar, opening.generator_scalar, opening.zeta]);
    (bases, scalars, point)
}
