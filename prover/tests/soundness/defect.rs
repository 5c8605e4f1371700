//! A verifier with a defect put back in: a message that is not absorbed, a challenge that is known beforehand, a check
//! that is left out. Without a defect it must agree with the production verifier.

use crate::case::Case;
use ark_bn254::G1Affine;
use ark_ff::Field;
use candor_circuits::argument;
use candor_circuits::channel::{Channel, Check, Received, Step};
use candor_circuits::layout::Layout;
use candor_circuits::native::{ArgumentError, check_opening};
use candor_circuits::point::{decode_g1, hash_points};
use candor_circuits::statement::PublicValues;
use candor_circuits::transcript::Transcript;
use candor_program::Fr;
use candor_program::card::PointBytes;
use candor_program::encoding::fr_from_bytes;
use std::ops::Range;

/// A challenge by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// Those of the sum over the tables, and gamma: only with tables.
    Kappa(usize),
    U(usize),
    Beta,
    Gamma,
    Tau(usize),
    Alpha,
    R(usize),
    Z,
    T(usize),
    Rho,
    S(usize),
    X,
    Q,
    Zeta,
}

impl Name {
    /// In the order of drawing.
    pub(crate) fn index(self, layout: &Layout) -> usize {
        let (n, k) = (layout.rounds, layout.row_log2);
        let t = layout.batch_log2 + layout.revealed_output().place.vars;
        let m = layout.map_vars();
        let g = if layout.tables > 0 { 1 + m + layout.table_vars() } else { 0 };
        match self {
            Self::Kappa(i) => i,
            Self::U(j) => m + j,
            Self::Beta => g.saturating_sub(1),
            Self::Gamma => g,
            Self::Tau(i) => g + 1 + i,
            Self::Alpha => g + 1 + n,
            Self::R(j) => g + 2 + n + j,
            Self::Z => g + 2 + 2 * n,
            Self::T(i) => g + 3 + 2 * n + i,
            Self::Rho => g + 3 + 2 * n + t,
            Self::S(j) => g + 4 + 2 * n + t + j,
            Self::X => g + 4 + 2 * n + t + k,
            Self::Q => g + 5 + 2 * n + t + k,
            Self::Zeta => g + 6 + 2 * n + t + k,
        }
    }

    /// All of them.
    pub(crate) fn all(layout: &Layout) -> Vec<Self> {
        let (n, k) = (layout.rounds, layout.row_log2);
        let mut names = Vec::new();
        if layout.tables > 0 {
            names.extend((0..layout.map_vars()).map(Self::Kappa));
            names.extend((0..layout.table_vars()).map(Self::U));
        }
        names.push(Self::Beta);
        names.extend((layout.tables > 0).then_some(Self::Gamma));
        names.extend((0..n).map(Self::Tau));
        names.push(Self::Alpha);
        names.extend((0..n).map(Self::R));
        names.push(Self::Z);
        names.extend((0..layout.batch_log2 + layout.revealed_output().place.vars).map(Self::T));
        names.push(Self::Rho);
        names.extend((0..k).map(Self::S));
        names.extend([Self::X, Self::Q, Self::Zeta]);
        names
    }
}

/// What a verifier does wrong. The default is nothing.
#[derive(Clone, Default)]
pub(crate) struct Defects {
    /// Messages that are labelled but not absorbed.
    pub(crate) omitted: Vec<Step>,
    /// Challenges that everybody knows beforehand, by index.
    pub(crate) fixed: Vec<(usize, Fr)>,
    /// Checks that are left out.
    pub(crate) ignored: Vec<Check>,
}

impl Defects {
    pub(crate) fn omitting(steps: &[Step]) -> Self {
        Self { omitted: steps.to_vec(), ..Self::default() }
    }
    pub(crate) fn fixing(layout: &Layout, name: Name, value: Fr) -> Self {
        Self { fixed: vec![(name.index(layout), value)], ..Self::default() }
    }
    pub(crate) fn ignoring(checks: &[Check]) -> Self {
        Self { ignored: checks.to_vec(), ..Self::default() }
    }
}

/// The transcript of both sides under the defects.
pub(crate) struct DefectiveTranscript {
    transcript: Transcript<Fr>,
    defects: Defects,
    /// All challenges so far.
    pub(crate) drawn: Vec<Fr>,
}

impl DefectiveTranscript {
    pub(crate) fn new(defects: &Defects) -> Self {
        Self { transcript: Transcript::new(), defects: defects.clone(), drawn: Vec::new() }
    }
    pub(crate) fn absorb(&mut self, step: Step, values: &[Fr]) {
        self.transcript.label(step.label());
        if !self.defects.omitted.contains(&step) {
            self.transcript.absorb(values);
        }
    }
    pub(crate) fn challenge(&mut self) -> Fr {
        let live = self.transcript.challenge();
        let index = self.drawn.len();
        let fixed = self.defects.fixed.iter().find(|(at, _)| *at == index);
        self.drawn.push(fixed.map_or(live, |(_, value)| *value));
        self.drawn[index]
    }
}

/// One scalar or point of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) step: Step,
    /// In its message.
    pub(crate) index: usize,
    pub(crate) is_point: bool,
    pub(crate) bytes: Range<usize>,
}

/// What a run of the defective verifier saw.
pub(crate) struct Report {
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) challenges: Vec<Fr>,
    /// Every equality that was asked for: left minus right.
    pub(crate) differences: Vec<(Check, Fr)>,
    pub(crate) result: Result<(), ArgumentError>,
}

impl Report {
    pub(crate) fn difference(&self, check: Check) -> Fr {
        self.differences.iter().find(|(named, _)| *named == check).unwrap().1
    }
}

struct DefectiveChannel<'a> {
    proof: &'a [u8],
    position: usize,
    transcript: DefectiveTranscript,
    points: Vec<G1Affine>,
    leaves: Vec<Leaf>,
    differences: Vec<(Check, Fr)>,
}

impl DefectiveChannel<'_> {
    fn take(&mut self, step: Step, count: usize, size: usize) -> Result<Vec<Vec<u8>>, ArgumentError> {
        let length = self.proof.len();
        if self.position + count * size > length {
            return Err(ArgumentError::Truncated { step, length });
        }
        let items = (0..count).map(|index| {
            let bytes = self.position..self.position + size;
            self.position += size;
            self.leaves.push(Leaf { step, index, is_point: size == 64, bytes: bytes.clone() });
            self.proof[bytes].to_vec()
        });
        Ok(items.collect())
    }
}

impl Channel for DefectiveChannel<'_> {
    type F = Fr;
    type Error = ArgumentError;

    fn known(&mut self, step: Step, values: &[Fr]) {
        self.transcript.absorb(step, values);
    }
    fn scalars(&mut self, step: Step, count: usize) -> Result<Vec<Fr>, ArgumentError> {
        let items = self.take(step, count, 32)?.into_iter().enumerate();
        let decode = |(index, bytes): (usize, Vec<u8>)| {
            fr_from_bytes(&bytes.try_into().unwrap()).ok_or(ArgumentError::Scalar { step, index })
        };
        let scalars: Vec<Fr> = items.map(decode).collect::<Result<_, _>>()?;
        self.transcript.absorb(step, &scalars);
        Ok(scalars)
    }
    fn points(&mut self, step: Step, count: usize) -> Result<Received, ArgumentError> {
        let items = self.take(step, count, 64)?;
        let encoded: Vec<_> = items.into_iter().map(|bytes| PointBytes(bytes.try_into().unwrap())).collect();
        self.transcript.absorb(step, &[hash_points(&encoded)]);
        let first = self.points.len();
        for (index, bytes) in encoded.iter().enumerate() {
            self.points.push(decode_g1(bytes).map_err(|error| ArgumentError::Point {
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
        self.differences.push((check, *left - *right));
        let ignored = self.transcript.defects.ignored.contains(&check);
        if left == right || ignored { Ok(()) } else { Err(ArgumentError::Rejected(check)) }
    }
    fn inverse(&mut self, check: Check, value: &Fr) -> Result<Fr, ArgumentError> {
        value.inverse().ok_or(ArgumentError::Rejected(check))
    }
}

/// Verifies with the defects.
pub(crate) fn verify_with(case: &Case, public: &PublicValues<Fr>, defects: &Defects, proof: &[u8]) -> Report {
    let mut channel = DefectiveChannel {
        proof,
        position: 0,
        transcript: DefectiveTranscript::new(defects),
        points: Vec::new(),
        leaves: Vec::new(),
        differences: Vec::new(),
    };
    let mut result = argument::verify(&mut channel, &case.layout, &case.data, public).and_then(
        |outstanding| match channel.proof.len() - channel.position {
            0 => check_opening(&case.layout, &outstanding, &channel.points, &case.rows, &case.setup),
            extra => Err(ArgumentError::Trailing { extra }),
        },
    );
    if defects.ignored.contains(&Check::Pairing) && result == Err(ArgumentError::Rejected(Check::Pairing)) {
        result = Ok(());
    }
    let DefectiveChannel { transcript, leaves, differences, .. } = channel;
    Report { leaves, challenges: transcript.drawn, differences, result }
}
