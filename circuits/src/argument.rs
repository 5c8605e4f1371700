//! The argument's verifier up to one opening, generic over the channel (docs/spec/argument.md).

use crate::channel::{Channel, Check, Received, Step};
use crate::claim::{Claim, Functional, OBJECTS, Object, above_low, prefix};
use crate::factor::{self, Factor};
use crate::layout::{COLUMNS, COLUMNS_LOG2, LIMB_LOG2, Layout};
use crate::opening::{self, Opening};
use crate::relation::affine::{self, OperatorPoint};
use crate::relation::{Weights, lookup, rescale};
use crate::statement::{self, ProgramData, PublicValues};
use ark_ff::{AdditiveGroup, Field, One};
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::class::TensorId;
use std::collections::BTreeMap;

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

/// The share of one functional in the combined row: `weight` times the functional's row part.
#[derive(Clone, Debug)]
pub struct RowTerm<F> {
    /// Object whose rows are combined.
    pub object: Object,
    /// Row part, most significant variable first; empty if the object is a single row.
    pub factors: Vec<Factor<F>>,
    /// Weight of the claim times the column part at the merged point.
    pub weight: F,
}

/// A factor without a coordinate: two that differ select other rows.
#[derive(PartialEq, Eq)]
enum Known {
    Bit(bool),
    Constant(Fr),
}

/// Terms with the same rows joined: those whose row part has no coordinate, so that fewer weights need be told.
pub fn joined<F: Arith>(terms: &[RowTerm<F>]) -> Vec<RowTerm<F>> {
    let fixed = |factors: &[Factor<F>]| -> Option<Vec<Known>> {
        factors
            .iter()
            .map(|factor| match factor {
                Factor::Bit(bit) => Some(Known::Bit(*bit)),
                Factor::Fixed(constant) => Some(Known::Constant(*constant)),
                Factor::Point(_) | Factor::Power(_) => None,
            })
            .collect()
    };
    let mut joined: Vec<RowTerm<F>> = Vec::new();
    let mut known: Vec<(Vec<Known>, usize)> = Vec::new();
    for term in terms {
        let Some(key) = fixed(&term.factors) else {
            joined.push(term.clone());
            continue;
        };
        let same = known.iter().find(|(other, first)| *other == key && joined[*first].object == term.object);
        match same {
            Some((_, first)) => joined[*first].weight = joined[*first].weight.plus(&term.weight),
            None => {
                known.push((key, joined.len()));
                joined.push(term.clone());
            }
        }
    }
    joined
}

/// Scalar of every row, object by object in the order of [`OBJECTS`].
pub fn row_scalars<F: Arith>(layout: &Layout, terms: &[RowTerm<F>]) -> Vec<Vec<F>> {
    let zero = F::constant(Fr::ZERO);
    let mut scalars: Vec<Vec<F>> =
        OBJECTS.iter().map(|object| vec![zero.clone(); object.rows(layout)]).collect();
    for term in terms {
        let rows = &mut scalars[term.object as usize];
        for (row, weight) in factor::expand(&term.factors) {
            rows[row] = rows[row].plus(&term.weight.times(&weight));
        }
    }
    scalars
}

/// Challenges that fix the batched sumcheck.
pub struct Batching<F> {
    /// Lookup challenge.
    pub beta: F,
    /// Zero-check point.
    pub tau: Vec<F>,
    /// Weights of the relations.
    pub weights: Weights<F>,
    /// tau cut for every operator.
    pub points: Vec<OperatorPoint<F>>,
}

impl<F: Arith> Batching<F> {
    /// Cuts tau for every operator.
    pub fn new(layout: &Layout, beta: F, tau: Vec<F>, alpha: &F) -> Self {
        let tau_p = &tau[COLUMNS_LOG2..];
        let points = layout.outputs.iter().map(|place| OperatorPoint::of(layout, *place, tau_p)).collect();
        Self { beta, weights: Weights::powers(alpha), points, tau }
    }
}

/// Values at the final point of the batched sumcheck.
pub struct FinalValues<F> {
    /// Helper at r.
    pub helper: F,
    /// Table helper at r_8.
    pub table_helper: F,
    /// Multiplicity at r_8.
    pub multiplicity: F,
    /// Columns at r_p.
    pub columns: [F; COLUMNS],
    /// Every dense term's weights at (tau_i, r).
    pub weights: Vec<F>,
    /// Every dense term's source at (tau_d, r).
    pub sources: Vec<F>,
}

/// Everything that the claims are made of, on either side of the protocol.
pub struct ClaimPoints<'a, F> {
    /// Layout of the proof.
    pub layout: &'a Layout,
    /// Program data.
    pub program: &'a ProgramData<F>,
    /// Challenges before the sumcheck.
    pub batching: &'a Batching<F>,
    /// Final point.
    pub r: &'a [F],
    /// Weight of the columns.
    pub z: &'a F,
    /// Point of the revealed values: decision, then index coordinates.
    pub revealed_point: &'a [F],
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
    let witness = channel.points(Step::WitnessRows, layout.witness_rows())?;
    let multiplicities = channel.points(Step::Multiplicities, 1)?;
    let beta = channel.challenge();
    let helper = channel.points(Step::HelperRows, layout.witness_rows())?;
    let table_helper = channel.points(Step::TableHelper, 1)?;
    let rows = ReceivedRows { witness, helper, multiplicities, table_helper };

    let tau = channel.challenges(layout.vars());
    let alpha = channel.challenge();
    let batching = Batching::new(layout, beta, tau, &alpha);
    let bias_sum = one(channel.scalars(Step::BiasSum, 1)?);
    let scaled = scaled_values(channel, layout, public, &batching)?;

    let known = affine::known_sum(layout, &batching.points, &program.operators, &bias_sum, &scaled);
    let mut claim = batching.weights.rows().times(&known);
    let mut r = Vec::with_capacity(layout.vars());
    for round in 0..layout.vars() {
        let values = channel.scalars(Step::Round(round), 3)?;
        let challenge = channel.challenge();
        claim = cubic(&claim, &values, &challenge);
        r.push(challenge);
    }
    let values = final_values(channel, layout, public, &batching, &r)?;
    let expected = relations(layout, program, &batching, &r, &values);
    channel.equal(Check::Relations, &claim, &expected)?;

    let z = channel.challenge();
    let place = layout.revealed_place();
    let revealed_point = channel.challenges(layout.batch_log2 + place.vars);
    let rho = channel.challenge();
    let points =
        ClaimPoints { layout, program, batching: &batching, r: &r, z: &z, revealed_point: &revealed_point };
    let claims = points.claims(&values, &scaled, &bias_sum, points.revealed_value(public));

    let (row_terms, merged, s) = merge(channel, layout, &claims, &rho)?;
    let opening = opening::verify(channel, layout.row_log2, &merged, &s)?;
    Ok(Outstanding { rows, row_terms, opening })
}

fn one<F: Arith>(mut values: Vec<F>) -> F {
    values.pop().unwrap_or_else(|| F::constant(Fr::ZERO))
}

/// Values of the sources of scaled terms: the verifier's own where the source is the input, else received.
fn scaled_values<C: Channel>(
    channel: &mut C,
    layout: &Layout,
    public: &PublicValues<C::F>,
    batching: &Batching<C::F>,
) -> Result<Vec<C::F>, C::Error> {
    let sent = layout.scaled.iter().filter(|term| term.source != TensorId(0)).count();
    let mut received = channel.scalars(Step::ScaledSources, sent)?.into_iter();
    // The source has the output's padded length, so every such term reads the input at one and the same point.
    let mut own: Option<C::F> = None;
    let mut own = |operator: usize| {
        let point = &batching.points[operator];
        own.get_or_insert_with(|| statement::extension(&public.features, &point.decision, &point.index))
            .clone()
    };
    Ok(layout
        .scaled
        .iter()
        .map(|term| {
            if term.source == TensorId(0) {
                own(term.operator)
            } else {
                one(received.next().into_iter().collect())
            }
        })
        .collect())
}

fn final_values<C: Channel>(
    channel: &mut C,
    layout: &Layout,
    public: &PublicValues<C::F>,
    batching: &Batching<C::F>,
    r: &[C::F],
) -> Result<FinalValues<C::F>, C::Error> {
    let mut evaluations = channel.scalars(Step::Evaluations, 3 + COLUMNS)?.into_iter();
    let mut next = || one(evaluations.next().into_iter().collect());
    let (helper, table_helper, multiplicity) = (next(), next(), next());
    let columns = std::array::from_fn(|_| next());
    let (mut weights, mut sources) = (Vec::new(), Vec::new());
    // Decision coordinates depend on the output's length alone: the input is folded once for each.
    let mut folded: BTreeMap<usize, C::F> = BTreeMap::new();
    for term in &layout.dense {
        weights.push(one(channel.scalars(Step::Weights(term.operator, term.term), 1)?));
        sources.push(if term.source == TensorId(0) {
            let index = &r[r.len() - term.input_log2..];
            let fold = || {
                let decision = &batching.points[term.operator].decision;
                statement::extension(&public.features, decision, index)
            };
            folded.entry(layout.outputs[term.operator].vars).or_insert_with(fold).clone()
        } else {
            one(channel.scalars(Step::Source(term.operator, term.term), 1)?)
        });
    }
    Ok(FinalValues { helper, table_helper, multiplicity, columns, weights, sources })
}

/// The batched relations at the final point.
fn relations<F: Arith>(
    layout: &Layout,
    program: &ProgramData<F>,
    batching: &Batching<F>,
    r: &[F],
    values: &FinalValues<F>,
) -> F {
    let lookup = lookup::evaluate(
        &batching.tau,
        r,
        &batching.beta,
        &batching.weights,
        &lookup::Values {
            helper: &values.helper,
            columns: &values.columns,
            table_helper: &values.table_helper,
            multiplicity: &values.multiplicity,
        },
    );
    let (tau_p, r_p) = (&batching.tau[COLUMNS_LOG2..], &r[COLUMNS_LOG2..]);
    let rows = rescale::evaluate(tau_p, r_p, &batching.weights, &values.columns);
    let products =
        affine::products(layout, &batching.points, &program.operators, &values.weights, &values.sources);
    lookup.plus(&rows).minus(&batching.weights.rows().times(&products))
}

/// A cubic given by its values at 0, 2, 3 and the sum of its values at 0 and 1, at `x`.
pub fn cubic<F: Arith>(sum: &F, values: &[F], x: &F) -> F {
    let (at_0, at_2, at_3) = (&values[0], &values[1], &values[2]);
    let at_1 = sum.minus(at_0);
    // Newton's forward differences at 0, 1, 2, 3: constants only, then three products
    let sixth = Fr::from(6u64).inverse().unwrap_or_default();
    let half = Fr::from(2u64).inverse().unwrap_or_default();
    let first = at_1.minus(at_0);
    let second = at_2.minus(&at_1).minus(&first).scale(half);
    let third =
        at_3.minus(&at_2.scale(Fr::from(3u64))).plus(&at_1.scale(Fr::from(3u64))).minus(at_0).scale(sixth);
    let (x_1, x_2) = (x.offset(-Fr::one()), x.offset(-Fr::from(2u64)));
    at_0.plus(&x.times(&first.plus(&x_1.times(&second.plus(&x_2.times(&third))))))
}

/// A quadratic given by its values at 0, 2 and the sum of its values at 0 and 1, at `x`.
pub fn quadratic<F: Arith>(sum: &F, values: &[F], x: &F) -> F {
    let (at_0, at_2) = (&values[0], &values[1]);
    let at_1 = sum.minus(at_0);
    let half = Fr::from(2u64).inverse().unwrap_or_default();
    let first = at_1.minus(at_0);
    let second = at_2.minus(&at_1).minus(&first).scale(half);
    at_0.plus(&x.times(&first.plus(&x.offset(-Fr::one()).times(&second))))
}

impl<F: Arith> ClaimPoints<'_, F> {
    /// The value of `y'` of the revealed tensor at the revealed point.
    pub fn revealed_value(&self, public: &PublicValues<F>) -> F {
        let low = &self.program.operators[usize::from(self.layout.revealed.0) - 1].low;
        let (decision, index) = self.revealed_point.split_at(self.layout.batch_log2);
        // values are zero beyond their width; y' = value - low everywhere
        statement::extension(&public.values, decision, index).minus(low)
    }

    /// All claims in the order of their weights.
    pub fn claims(&self, values: &FinalValues<F>, scaled: &[F], bias_sum: &F, revealed: F) -> Vec<Claim<F>> {
        let (layout, r) = (self.layout, self.r);
        let low = |tensor: TensorId| &self.program.operators[usize::from(tensor.0) - 1].low;
        let mut claims = vec![self.columns(&values.columns)];
        claims.push(Claim::one(Object::Helper, factor::point(r), values.helper.clone()));
        let limb = || factor::point(&r[r.len() - LIMB_LOG2..]);
        claims.push(Claim::one(Object::TableHelper, limb(), values.table_helper.clone()));
        claims.push(Claim::one(Object::Multiplicities, limb(), values.multiplicity.clone()));
        for (term, value) in layout.dense.iter().zip(&values.sources) {
            if let Some(place) = layout.place(term.source) {
                let decision = &self.batching.points[term.operator].decision;
                let factors = above_low(layout, place, decision, &r[r.len() - term.input_log2..]);
                claims.push(Claim::one(Object::Witness, factors, value.minus(low(term.source))));
            }
        }
        for (term, value) in layout.scaled.iter().zip(scaled) {
            if let Some(place) = layout.place(term.source) {
                let point = &self.batching.points[term.operator];
                let factors = above_low(layout, place, &point.decision, &point.index);
                claims.push(Claim::one(Object::Witness, factors, value.minus(low(term.source))));
            }
        }
        let (decision, index) = self.revealed_point.split_at(layout.batch_log2);
        let factors = above_low(layout, layout.revealed_place(), decision, index);
        claims.push(Claim::one(Object::Witness, factors, revealed));
        for (term, value) in layout.dense.iter().zip(&values.weights) {
            let place = term.weights;
            let mut factors = factor::bits(place.offset >> place.vars, layout.weight_vars - place.vars);
            factors.extend(factor::point(&self.batching.points[term.operator].index));
            factors.extend(factor::point(&r[r.len() - term.input_log2..]));
            claims.push(Claim::one(Object::Weights, factors, value.clone()));
        }
        claims.push(self.bias(bias_sum));
        claims
    }

    fn columns(&self, columns: &[F; COLUMNS]) -> Claim<F> {
        let squared = self.z.times(self.z);
        let mut factors: Vec<Factor<F>> =
            [squared.times(&squared), squared, self.z.clone()].into_iter().map(Factor::Power).collect();
        factors.extend(factor::point(&self.r[COLUMNS_LOG2..]));
        let mut value = columns[COLUMNS - 1].clone();
        for column in columns[..COLUMNS - 1].iter().rev() {
            value = value.times(self.z).plus(column);
        }
        Claim::one(Object::Witness, factors, value)
    }

    fn bias(&self, bias_sum: &F) -> Claim<F> {
        let operators = self.layout.outputs.iter().zip(&self.batching.points).zip(&self.program.operators);
        let functionals = operators.map(|((place, point), data)| {
            let mut factors = prefix(self.layout, *place);
            factors.extend(factor::point(&point.index));
            Functional { scale: Some(point.share.times(&data.multiplier)), factors }
        });
        Claim { object: Object::Bias, functionals: functionals.collect(), value: bias_sum.clone() }
    }
}

/// Shares of the rows, the merged value, and the point it is the value at.
type Merged<F> = (Vec<RowTerm<F>>, F, Vec<F>);

/// Reduces all claims to one value of one combination of rows.
fn merge<C: Channel>(
    channel: &mut C,
    layout: &Layout,
    claims: &[Claim<C::F>],
    rho: &C::F,
) -> Result<Merged<C::F>, C::Error> {
    let mut powers = Vec::with_capacity(claims.len());
    let mut power = C::F::constant(Fr::one());
    let mut merged = C::F::constant(Fr::ZERO);
    for claim in claims {
        merged = merged.plus(&power.times(&claim.value));
        powers.push(power.clone());
        power = power.times(rho);
    }
    let mut s = Vec::with_capacity(layout.row_log2);
    for round in 0..layout.row_log2 {
        let values = channel.scalars(Step::MergeRound(round), 2)?;
        let challenge = channel.challenge();
        merged = quadratic(&merged, &values, &challenge);
        s.push(challenge);
    }
    let mut terms = Vec::new();
    for (claim, power) in claims.iter().zip(&powers) {
        for functional in &claim.functionals {
            let (rows, columns) = functional.parts(layout.row_log2);
            let mut weight = power.times(&factor::evaluate(&columns, &s));
            if let Some(scale) = &functional.scale {
                weight = weight.times(scale);
            }
            terms.push(RowTerm { object: claim.object, factors: rows, weight });
        }
    }
    Ok((terms, merged, s))
}
