//! The argument's verifier up to one opening, generic over the channel (docs/spec/argument.md).

mod claims;
mod input;
mod merge;
mod rows;
mod sumcheck;

pub use claims::ClaimPoints;
pub use merge::terms;
pub use rows::{RowTerm, joined, row_scalars};
pub use sumcheck::{cubic, quadratic};

use crate::channel::{Channel, Check, Received, Step};
use crate::layout::{COLUMNS, COLUMNS_LOG2, Layout, Left};
use crate::opening::{self, Opening};
use crate::reading::Points;
use crate::relation::affine::{self, OperatorPoint};
use crate::relation::{Weights, contraction, lookup, map, rescale};
use crate::statement::{self, ProgramData, PublicValues};
use ark_ff::AdditiveGroup;
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::class::TensorId;
use input::Input;

/// Where the rows of the objects that a proof brings were received.
#[derive(Clone, Debug)]
pub struct ReceivedRows {
    /// Witness rows.
    pub witness: Received,
    /// Helper rows.
    pub helper: Received,
    /// The multiplicities' row.
    pub multiplicities: Received,
    /// The table helper's row.
    pub table_helper: Received,
    /// Rows of lookup operators, where there are tables.
    pub map: Option<ReceivedMapRows>,
}

/// Rows of lookup operators.
#[derive(Clone, Debug)]
pub struct ReceivedMapRows {
    /// Looked-up values.
    pub mapped: Received,
    /// Equalities.
    pub equalities: Received,
    /// Map helper.
    pub helper: Received,
    /// Multiplicities of bytes.
    pub multiplicities: Received,
    /// Map table helper.
    pub table_helper: Received,
}

impl ReceivedRows {
    /// All of them in the order of the objects ([`crate::claim::OBJECTS`]).
    pub fn by_object(&self) -> impl Iterator<Item = &Received> {
        let limbs = [&self.witness, &self.helper, &self.multiplicities, &self.table_helper];
        let map = self.map.iter().flat_map(|map| {
            [&map.mapped, &map.equalities, &map.helper, &map.multiplicities, &map.table_helper]
        });
        limbs.into_iter().chain(map)
    }
}

/// What is left to check with curve arithmetic.
#[derive(Clone, Debug)]
pub struct Outstanding<F> {
    /// Rows that the proof brought.
    pub rows: ReceivedRows,
    /// What the rows of every object are multiplied with.
    pub row_terms: Vec<RowTerm<F>>,
    /// The opening of the combined row.
    pub opening: Opening<F>,
}

/// Challenges of the lookups.
pub struct Lookups<F> {
    /// What limbs are subtracted from.
    pub beta: F,
    /// Those of the lookup operators, where there are tables.
    pub map: Option<map::Challenges<F>>,
}

/// Challenges that fix the batched sumcheck.
pub struct Batching<F> {
    /// Lookup challenges.
    pub lookups: Lookups<F>,
    /// Zero-check point.
    pub tau: Vec<F>,
    /// Weights of the relations.
    pub weights: Weights<F>,
    /// Every operator's part in the zero-check.
    pub operators: Vec<OperatorPoint<F>>,
}

impl<F: Arith> Batching<F> {
    /// Cuts tau for every operator.
    pub fn new(
        layout: &Layout,
        program: &ProgramData<F>,
        lookups: Lookups<F>,
        tau: Vec<F>,
        alpha: &F,
    ) -> Self {
        let tau_p = &tau[tau.len() - layout.position_vars()..];
        let operators = layout.outputs.iter().zip(&program.operators);
        let operators =
            operators.map(|(output, data)| OperatorPoint::of(layout, *output, data, tau_p)).collect();
        Self { lookups, weights: Weights::powers(layout, alpha), operators, tau }
    }

    /// The batched sumcheck's sum, by the known side of the row relation.
    pub fn claim(&self, known: &F) -> F {
        let rows = self.weights.rows().times(known);
        match (self.weights.entries(), &self.lookups.map) {
            (Some(entries), Some(map)) => rows.plus(&entries.times(&map.reduction.claim)),
            _ => rows,
        }
    }
}

/// Values at the final point of the batched sumcheck.
pub struct FinalValues<F> {
    /// Helper at r_n.
    pub helper: F,
    /// Table helper at r_8.
    pub table_helper: F,
    /// Multiplicity at r_8.
    pub multiplicity: F,
    /// Columns at r_p.
    pub columns: [F; COLUMNS],
    /// Those of lookup operators, where there are tables.
    pub map: Option<map::Values<F>>,
    /// Left and right factor of every contraction.
    pub factors: Vec<[F; 2]>,
}

impl<F: Clone> FinalValues<F> {
    /// The elements of [`Step::Evaluations`].
    pub fn evaluations(&self) -> Vec<F> {
        let mut list = vec![self.helper.clone(), self.table_helper.clone(), self.multiplicity.clone()];
        list.extend(self.columns.iter().cloned());
        if let Some(map) = &self.map {
            list.push(map.helper.clone());
            list.extend(map.equalities.iter().chain(map.sources.iter().flatten()).cloned());
            list.extend([map.table_helper.clone(), map.multiplicity.clone()]);
        }
        list
    }
}

/// Verifies everything but the curve arithmetic; reads the whole proof.
///
/// Owes: the pairing of [`Outstanding::opening`] over the rows, and that nothing follows in the proof.
/// Errors: those of the channel, among them every [`Check`] but the pairing.
pub fn verify<C: Channel>(
    channel: &mut C,
    layout: &Layout,
    program: &ProgramData<C::F>,
    public: &PublicValues<C::F>,
) -> Result<Outstanding<C::F>, C::Error> {
    statement::absorb(channel, layout, program, public);
    let (rows, lookups) = rows_and_lookups(channel, layout)?;

    let tau = channel.challenges(layout.rounds);
    let alpha = channel.challenge();
    let batching = Batching::new(layout, program, lookups, tau, &alpha);
    let bias_sum = one(channel.scalars(Step::BiasSum, 1)?);
    let mut input = Input::new(&public.features);
    let linear = linear_values(channel, layout, &mut input, &batching.tau)?;

    let known = affine::known_sum(layout, &batching.operators, &program.operators, &bias_sum, &linear);
    let mut claim = batching.claim(&known);
    let mut r = Vec::with_capacity(layout.rounds);
    for round in 0..layout.rounds {
        let values = channel.scalars(Step::Round(round), 3)?;
        let challenge = channel.challenge();
        claim = cubic(&claim, &values, &challenge);
        r.push(challenge);
    }
    let values = final_values(channel, layout, &mut input, &Points { tau: &batching.tau, r: &r })?;
    let expected = relations(layout, program, &batching, &r, &values);
    channel.equal(Check::Relations, &claim, &expected)?;

    let z = channel.challenge();
    let revealed_point = channel.challenges(layout.batch_log2 + layout.revealed_output().place.vars);
    let rho = channel.challenge();
    let points =
        ClaimPoints { layout, program, batching: &batching, r: &r, z: &z, revealed_point: &revealed_point };
    let claims = points.claims(&values, &linear, &bias_sum, points.revealed_value(public));

    let (row_terms, merged, s) = merge::merge(channel, layout, &claims, &rho)?;
    let opening = opening::verify(channel, layout.row_log2, &merged, &s)?;
    Ok(Outstanding { rows, row_terms, opening })
}

/// The commitments before the zero-check point, and the lookups' challenges between them.
fn rows_and_lookups<C: Channel>(
    channel: &mut C,
    layout: &Layout,
) -> Result<(ReceivedRows, Lookups<C::F>), C::Error> {
    let (with_tables, byte_rows) = (layout.tables > 0, layout.rows(layout.byte_vars()));
    let witness = channel.points(Step::WitnessRows, layout.witness_rows())?;
    let multiplicities = channel.points(Step::Multiplicities, 1)?;
    let early = if with_tables {
        let mapped = channel.points(Step::MappedRows, layout.rows(layout.map_vars()))?;
        let counts = channel.points(Step::MapMultiplicities, 1)?;
        let reduction = table_rounds(channel, layout)?;
        Some((mapped, counts, reduction, channel.points(Step::Equalities, byte_rows)?))
    } else {
        None
    };
    let beta = channel.challenge();
    let gamma = if with_tables { Some(channel.challenge()) } else { None };
    let helper = channel.points(Step::HelperRows, layout.witness_rows())?;
    let table_helper = channel.points(Step::TableHelper, 1)?;
    let (map, challenges) = match (early, gamma) {
        (Some((mapped, multiplicities, reduction, equalities)), Some(gamma)) => {
            let helper = channel.points(Step::MapHelperRows, byte_rows)?;
            let table_helper = channel.points(Step::MapTableHelper, 1)?;
            let challenges = map::Challenges::new(reduction, beta.clone(), gamma);
            (
                Some(ReceivedMapRows { mapped, equalities, helper, multiplicities, table_helper }),
                Some(challenges),
            )
        }
        _ => (None, None),
    };
    Ok((
        ReceivedRows { witness, helper, multiplicities, table_helper, map },
        Lookups { beta, map: challenges },
    ))
}

/// All lookups reduced to one value of the tables.
fn table_rounds<C: Channel>(channel: &mut C, layout: &Layout) -> Result<map::Reduction<C::F>, C::Error> {
    let position = channel.challenges(layout.map_vars());
    let mapped = one(channel.scalars(Step::MappedValue, 1)?);
    let (mut claim, mut entry) = (mapped.clone(), Vec::with_capacity(layout.table_vars()));
    for round in 0..layout.table_vars() {
        let values = channel.scalars(Step::TableRound(round), 2)?;
        let challenge = channel.challenge();
        claim = quadratic(&claim, &values, &challenge);
        entry.push(challenge);
    }
    let table = one(channel.scalars(Step::TableValue, 1)?);
    Ok(map::Reduction { position, mapped, entry, table, claim })
}

fn one<F: Arith>(mut values: Vec<F>) -> F {
    values.pop().unwrap_or_else(|| F::constant(Fr::ZERO))
}

/// Values of linear terms' operands: the verifier's own where the source is the input, else received.
fn linear_values<C: Channel>(
    channel: &mut C,
    layout: &Layout,
    input: &mut Input<'_, C::F>,
    tau: &[C::F],
) -> Result<Vec<C::F>, C::Error> {
    let sent = layout.linear.iter().filter(|term| !term.reads_input()).count();
    let mut received = channel.scalars(Step::LinearValues, sent)?.into_iter();
    let points = Points { tau, r: &[] };
    let value = |term: &crate::layout::Linear| {
        if term.reads_input() {
            input.value(&term.operand, &points)
        } else {
            one(received.next().into_iter().collect())
        }
    };
    Ok(layout.linear.iter().map(value).collect())
}

fn final_values<C: Channel>(
    channel: &mut C,
    layout: &Layout,
    input: &mut Input<'_, C::F>,
    points: &Points<'_, C::F>,
) -> Result<FinalValues<C::F>, C::Error> {
    let with_tables = layout.tables > 0;
    let of_maps = if with_tables { 5 + 2 * layout.maps.len() } else { 0 };
    let mut evaluations = channel.scalars(Step::Evaluations, 3 + COLUMNS + of_maps)?.into_iter();
    let mut next = || one(evaluations.next().into_iter().collect());
    let (helper, table_helper, multiplicity) = (next(), next(), next());
    let columns = std::array::from_fn(|_| next());
    let map = with_tables.then(|| map::Values {
        helper: next(),
        equalities: [next(), next()],
        sources: layout.maps.iter().map(|_| [next(), next()]).collect(),
        table_helper: next(),
        multiplicity: next(),
    });
    let mut factors = Vec::with_capacity(layout.contractions.len());
    for contraction in &layout.contractions {
        let (operator, term) = (contraction.operator, contraction.term);
        let left = match &contraction.left {
            Left::Weights { .. } => one(channel.scalars(Step::Weights(operator, term), 1)?),
            Left::Operand { operand, .. } if operand.source == TensorId(0) => input.value(operand, points),
            Left::Operand { .. } => one(channel.scalars(Step::Left(operator, term), 1)?),
        };
        let right = if contraction.right.source == TensorId(0) {
            input.value(&contraction.right, points)
        } else {
            one(channel.scalars(Step::Source(operator, term), 1)?)
        };
        factors.push([left, right]);
    }
    Ok(FinalValues { helper, table_helper, multiplicity, columns, map, factors })
}

/// The batched relations at the final point.
fn relations<F: Arith>(
    layout: &Layout,
    program: &ProgramData<F>,
    batching: &Batching<F>,
    r: &[F],
    values: &FinalValues<F>,
) -> F {
    let (tau, weights) = (&batching.tau, &batching.weights);
    let limbs = lookup::Values {
        helper: &values.helper,
        columns: &values.columns,
        table_helper: &values.table_helper,
        multiplicity: &values.multiplicity,
    };
    let lookup = lookup::evaluate((tau, r), layout.vars(), &batching.lookups.beta, weights, &limbs);
    let start = layout.rounds - layout.vars() + COLUMNS_LOG2;
    let rows = rescale::evaluate((&tau[start..], &r[start..]), layout.rounds, weights, &values.columns);
    let points = Points { tau, r };
    let products =
        contraction::evaluate(layout, &batching.operators, &program.operators, &points, &values.factors);
    let sum = lookup.plus(&rows).minus(&weights.rows().times(&products));
    match (&batching.lookups.map, &values.map) {
        (Some(challenges), Some(values)) => {
            sum.plus(&map::evaluate(layout, (tau, r), challenges, weights, values))
        }
        _ => sum,
    }
}
