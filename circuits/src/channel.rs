//! How the verifier's algebra reads a proof: every value passes through the transcript before it is used.

use candor_program::Fr;
use candor_program::arith::Arith;
use std::fmt;

/// A message of the protocol, with the label that separates it in the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// What is proven.
    Statement,
    /// Witness rows.
    WitnessRows,
    /// Multiplicities of the limb table.
    Multiplicities,
    /// Rows of looked-up values.
    MappedRows,
    /// How often each byte occurs in each half of what is looked up.
    MapMultiplicities,
    /// Mapped at the first point of the lookup operators.
    MappedValue,
    /// Round of the lookup operators' sum over the tables.
    TableRound(usize),
    /// Tables at the point that these rounds end in.
    TableValue,
    /// Rows of equalities.
    Equalities,
    /// Helper rows of the limb lookup.
    HelperRows,
    /// Helper of the limb table's side.
    TableHelper,
    /// Helper rows of lookup operators.
    MapHelperRows,
    /// Helper of the table of bytes and equalities.
    MapTableHelper,
    /// Bias sum.
    BiasSum,
    /// Values of linear terms' operands.
    LinearValues,
    /// Round of the batched sumcheck.
    Round(usize),
    /// Values of helper, table helper, multiplicities and columns.
    Evaluations,
    /// Value of the weights of a weighted term (operator, term).
    Weights(usize, usize),
    /// Value of the left operand of a product (operator, term).
    Left(usize, usize),
    /// Value of the operand of a weighted term, or of the right one of a product (operator, term).
    Source(usize, usize),
    /// Round of the merge.
    MergeRound(usize),
    /// Commitments of the folded polynomials.
    Folds,
    /// Their values.
    FoldEvaluations,
    /// Quotient of the opening.
    Quotient,
    /// Opening point.
    OpeningPoint,
    /// Acc after and count of a sealed path: only in a seal, after the proof.
    Boundary,
}

impl Step {
    /// The label, distinct for every step: kind in the low byte, then operator and term (or round).
    #[must_use]
    pub fn label(self) -> u64 {
        let (kind, first, second) = match self {
            Self::Statement => (1, 0, 0),
            Self::WitnessRows => (2, 0, 0),
            Self::Multiplicities => (3, 0, 0),
            Self::HelperRows => (4, 0, 0),
            Self::TableHelper => (5, 0, 0),
            Self::BiasSum => (6, 0, 0),
            Self::LinearValues => (7, 0, 0),
            Self::Round(round) => (8, round, 0),
            Self::Evaluations => (9, 0, 0),
            Self::Weights(operator, term) => (10, operator, term),
            Self::Source(operator, term) => (11, operator, term),
            Self::MergeRound(round) => (12, round, 0),
            Self::Folds => (13, 0, 0),
            Self::FoldEvaluations => (14, 0, 0),
            Self::Quotient => (15, 0, 0),
            Self::OpeningPoint => (16, 0, 0),
            Self::Boundary => (17, 0, 0),
            Self::MappedRows => (18, 0, 0),
            Self::MapMultiplicities => (19, 0, 0),
            Self::MapHelperRows => (20, 0, 0),
            Self::MapTableHelper => (21, 0, 0),
            Self::Left(operator, term) => (22, operator, term),
            Self::MappedValue => (23, 0, 0),
            Self::TableRound(round) => (24, round, 0),
            Self::TableValue => (25, 0, 0),
            Self::Equalities => (26, 0, 0),
        };
        kind + ((first as u64) << 8) + ((second as u64) << 32)
    }
}

/// A named check: what a rejection names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The last round's claim equals the relations at the final point.
    Relations,
    /// The folded polynomials end in the merged value.
    Folding,
    /// A challenge hit one of the few excluded values.
    DegenerateChallenge,
    /// The opening's pairing.
    Pairing,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Relations => "relations",
            Self::Folding => "folding",
            Self::DegenerateChallenge => "degenerate challenge",
            Self::Pairing => "pairing",
        })
    }
}

/// Points received in one message: a range in the order of receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Index of the first point.
    pub first: usize,
    /// Number of points.
    pub count: usize,
}

/// A proof's values in the order of its messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    /// All scalars.
    pub scalars: Vec<Fr>,
    /// The hash of every message of points.
    pub hashes: Vec<Fr>,
}

/// Where the verifier's algebra runs: native bytes, or the variables of a circuit.
pub trait Channel {
    /// Values.
    type F: Arith;
    /// Why a proof is not accepted.
    type Error;

    /// Absorbs values that the verifier already knows.
    fn known(&mut self, step: Step, values: &[Self::F]);
    /// Receives scalars, absorbing them first.
    ///
    /// Errors: the message is too short or not canonical.
    fn scalars(&mut self, step: Step, count: usize) -> Result<Vec<Self::F>, Self::Error>;
    /// Receives points, absorbing the hash of their encodings first.
    ///
    /// Errors: the message is too short, or not canonical points of G1.
    fn points(&mut self, step: Step, count: usize) -> Result<Received, Self::Error>;
    /// A challenge.
    fn challenge(&mut self) -> Self::F;
    /// Requires two values to be equal.
    ///
    /// Errors: they differ.
    fn equal(&mut self, check: Check, left: &Self::F, right: &Self::F) -> Result<(), Self::Error>;
    /// The inverse of a value that must not be zero.
    ///
    /// Errors: it is zero.
    fn inverse(&mut self, check: Check, value: &Self::F) -> Result<Self::F, Self::Error>;

    /// Several challenges.
    fn challenges(&mut self, count: usize) -> Vec<Self::F> {
        (0..count).map(|_| self.challenge()).collect()
    }
}
