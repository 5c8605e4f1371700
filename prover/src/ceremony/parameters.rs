//! The points of a Groth16 key between two contributions.

use super::basis::lagrange;
use super::circuit::{A, B, C, Circuit};
use super::error::{CeremonyError, Element, PhaseOneError, Query};
use super::phase_one::{MAX_DOMAIN_LOG2, PhaseOne};
use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{Field, One};
use ark_poly::EvaluationDomain;
use borsh::{BorshDeserialize, BorshSerialize};
use candor_circuits::point::{PointError, decode_g1, decode_g2, encode_g1, encode_g2};
use candor_circuits::seal::key::{G2Bytes, INPUTS};
use candor_program::card::PointBytes;
use candor_program::encoding::{fr_from_bytes_mod, keccak256};
use rayon::prelude::*;

/// Column entries from which one sum of all is faster than one product each.
const LONG_COLUMN: usize = 48;

/// gamma, a constant that anybody can recompute (docs/adr/0013-gamma.md).
#[must_use]
pub fn gamma() -> Fr {
    fr_from_bytes_mod(&keccak256(&[b"candor/seal-gamma/v1"]))
}

/// The points that contributions change (delta, L, H), and those that they do not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameters {
    /// alpha in G1.
    pub alpha_g1: G1Affine,
    /// beta in G1.
    pub beta_g1: G1Affine,
    /// beta in G2.
    pub beta_g2: G2Affine,
    /// delta in G1.
    pub delta_g1: G1Affine,
    /// delta in G2.
    pub delta_g2: G2Affine,
    /// The constant one and the public inputs, divided by gamma.
    pub inputs: Vec<G1Affine>,
    /// A's polynomials at tau.
    pub a: Vec<G1Affine>,
    /// B's polynomials at tau.
    pub b_g1: Vec<G1Affine>,
    /// The same in G2.
    pub b_g2: Vec<G2Affine>,
    /// Witness variables, divided by delta.
    pub l: Vec<G1Affine>,
    /// `tau^i (tau^m - 1)`, divided by delta.
    pub h: Vec<G1Affine>,
}

/// [`Parameters`] as a file has them.
#[derive(BorshSerialize, BorshDeserialize)]
pub(super) struct ParameterBytes {
    alpha_g1: PointBytes,
    beta_g1: PointBytes,
    beta_g2: G2Bytes,
    delta_g1: PointBytes,
    delta_g2: G2Bytes,
    inputs: Vec<PointBytes>,
    a: Vec<PointBytes>,
    b_g1: Vec<PointBytes>,
    b_g2: Vec<G2Bytes>,
    l: Vec<PointBytes>,
    h: Vec<PointBytes>,
}

impl Parameters {
    /// The keys before any contribution, delta being one: whoever uses them as they are can forge.
    ///
    /// Errors: the circuit is larger than the field's or our domains.
    pub(super) fn initial(circuit: &Circuit, phase_one: &PhaseOne) -> Result<Self, PhaseOneError> {
        let domain_log2 = circuit.domain_log2();
        let domain = circuit.domain().ok_or(PhaseOneError::Size { domain_log2, limit: MAX_DOMAIN_LOG2 })?;
        let size = domain.size();
        let one = lagrange::<G1Projective>(&phase_one.tau_g1[..size], &domain);
        let alpha = lagrange::<G1Projective>(&phase_one.alpha_tau_g1, &domain);
        let beta = lagrange::<G1Projective>(&phase_one.beta_tau_g1, &domain);
        let one_g2 = lagrange::<G2Projective>(&phase_one.tau_g2, &domain);
        let (in_a, in_b, in_c) =
            (circuit.columns(A, true), circuit.columns(B, false), circuit.columns(C, false));
        let rest = |index: usize| -> G1Projective {
            let of_a = column::<G1Projective>(&in_a[index], &beta);
            of_a + column::<G1Projective>(&in_b[index], &alpha) + column::<G1Projective>(&in_c[index], &one)
        };
        let per_gamma = gamma().inverse().unwrap_or_default();
        let inputs: Vec<G1Projective> = (0..=INPUTS).map(|index| rest(index) * per_gamma).collect();
        let l: Vec<G1Projective> = (INPUTS + 1..circuit.variables()).into_par_iter().map(rest).collect();
        let h: Vec<G1Projective> =
            (0..size - 1).into_par_iter().map(|i| phase_one.tau_g1[i + size] - phase_one.tau_g1[i]).collect();
        Ok(Self {
            alpha_g1: phase_one.alpha_tau_g1.first().copied().unwrap_or_default(),
            beta_g1: phase_one.beta_tau_g1.first().copied().unwrap_or_default(),
            beta_g2: phase_one.beta_g2,
            delta_g1: G1Affine::generator(),
            delta_g2: G2Affine::generator(),
            inputs: G1Projective::normalize_batch(&inputs),
            a: columns::<G1Projective>(&in_a, &one),
            b_g1: columns::<G1Projective>(&in_b, &one),
            b_g2: columns::<G2Projective>(&in_b, &one_g2),
            l: G1Projective::normalize_batch(&l),
            h: G1Projective::normalize_batch(&h),
        })
    }

    /// Multiplies delta by a factor, and divides what is divided by delta.
    ///
    /// Errors: the factor is zero.
    pub(super) fn multiply_delta(&mut self, factor: &Fr) -> Result<(), CeremonyError> {
        let inverse = factor.inverse().ok_or(CeremonyError::ZeroSecret)?;
        self.delta_g1 = (self.delta_g1 * factor).into_affine();
        self.delta_g2 = (self.delta_g2 * factor).into_affine();
        for points in [&mut self.l, &mut self.h] {
            let products: Vec<G1Projective> = points.par_iter().map(|point| *point * inverse).collect();
            *points = G1Projective::normalize_batch(&products);
        }
        Ok(())
    }

    pub(super) fn to_bytes(&self) -> ParameterBytes {
        let in_g1 = |points: &[G1Affine]| points.par_iter().map(encode_g1).collect();
        ParameterBytes {
            alpha_g1: encode_g1(&self.alpha_g1),
            beta_g1: encode_g1(&self.beta_g1),
            beta_g2: G2Bytes(encode_g2(&self.beta_g2)),
            delta_g1: encode_g1(&self.delta_g1),
            delta_g2: G2Bytes(encode_g2(&self.delta_g2)),
            inputs: in_g1(&self.inputs),
            a: in_g1(&self.a),
            b_g1: in_g1(&self.b_g1),
            b_g2: self.b_g2.par_iter().map(|point| G2Bytes(encode_g2(point))).collect(),
            l: in_g1(&self.l),
            h: in_g1(&self.h),
        }
    }

    /// Decodes every point, each in its subgroup. Lists may hold the identity (a variable that nothing uses).
    pub(super) fn from_bytes(bytes: &ParameterBytes) -> Result<Self, CeremonyError> {
        let element_g1 = |element, bytes: &PointBytes| {
            let point = decode_g1(bytes).map_err(|error| CeremonyError::ElementPoint { element, error })?;
            let error = PointError::Identity;
            if point.is_zero() { Err(CeremonyError::ElementPoint { element, error }) } else { Ok(point) }
        };
        let element_g2 = |element, bytes: &G2Bytes| {
            decode_g2(&bytes.0).map_err(|error| CeremonyError::ElementPoint { element, error })
        };
        let in_g1 = |query, points: &[PointBytes]| {
            let at = |(index, bytes)| {
                decode_g1(bytes).map_err(|error| CeremonyError::Point { query, index, error })
            };
            points.par_iter().enumerate().map(at).collect::<Result<Vec<_>, _>>()
        };
        let in_g2 = |(index, bytes): (usize, &G2Bytes)| match decode_g2(&bytes.0) {
            Err(PointError::Identity) => Ok(G2Affine::identity()),
            decoded => decoded.map_err(|error| CeremonyError::Point { query: Query::BInG2, index, error }),
        };
        Ok(Self {
            alpha_g1: element_g1(Element::Alpha, &bytes.alpha_g1)?,
            beta_g1: element_g1(Element::BetaInG1, &bytes.beta_g1)?,
            beta_g2: element_g2(Element::BetaInG2, &bytes.beta_g2)?,
            delta_g1: element_g1(Element::DeltaInG1, &bytes.delta_g1)?,
            delta_g2: element_g2(Element::DeltaInG2, &bytes.delta_g2)?,
            inputs: in_g1(Query::Inputs, &bytes.inputs)?,
            a: in_g1(Query::A, &bytes.a)?,
            b_g1: in_g1(Query::BInG1, &bytes.b_g1)?,
            b_g2: bytes.b_g2.par_iter().enumerate().map(in_g2).collect::<Result<Vec<_>, _>>()?,
            l: in_g1(Query::L, &bytes.l)?,
            h: in_g1(Query::H, &bytes.h)?,
        })
    }
}

fn columns<G: CurveGroup<ScalarField = Fr>>(
    entries: &[Vec<(usize, Fr)>],
    basis: &[G::Affine],
) -> Vec<G::Affine> {
    let sums: Vec<G> = entries.par_iter().map(|entries| column(entries, basis)).collect();
    G::normalize_batch(&sums)
}

/// The sum of coefficients times basis points.
fn column<G: CurveGroup<ScalarField = Fr>>(entries: &[(usize, Fr)], basis: &[G::Affine]) -> G {
    if entries.len() >= LONG_COLUMN {
        let (bases, scalars): (Vec<G::Affine>, Vec<Fr>) =
            entries.iter().map(|(row, factor)| (basis[*row], *factor)).unzip();
        return <G as VariableBaseMSM>::msm_unchecked(&bases, &scalars);
    }
    let mut sum = G::zero();
    for (row, factor) in entries {
        let point = basis[*row];
        if factor.is_one() {
            sum += point;
        } else if (-*factor).is_one() {
            sum -= point;
        } else {
            sum += point * factor;
        }
    }
    sum
}
