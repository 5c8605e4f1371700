//! Everything that is opened: the claims, in the order of their weights.

use super::{Batching, FinalValues};
use crate::claim::{Claim, Functional, Object, above_low, prefix, read};
use crate::factor::{self, Factor};
use crate::layout::{COLUMNS, COLUMNS_LOG2, LIMB_LOG2, Layout, Left, TABLE_HALF_LOG2};
use crate::reading::{Points, Reading};
use crate::relation::map::Reduction;
use crate::statement::{self, ProgramData, PublicValues};
use candor_program::arith::Arith;
use candor_program::class::TensorId;

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

impl<F: Arith> ClaimPoints<'_, F> {
    /// The value of `y'` (or `z'`) of the revealed tensor at the revealed point.
    pub fn revealed_value(&self, public: &PublicValues<F>) -> F {
        let (decision, index) = self.revealed_point.split_at(self.layout.batch_log2);
        // values are zero beyond their extents; y' = value - low everywhere
        statement::extension(&public.values, decision, index).minus(self.low(self.layout.revealed))
    }

    /// All claims in the order of their weights.
    pub fn claims(&self, values: &FinalValues<F>, linear: &[F], bias_sum: &F, revealed: F) -> Vec<Claim<F>> {
        let layout = self.layout;
        let mut claims = vec![self.columns(&values.columns)];
        claims.push(self.at_last(Object::Helper, layout.vars(), &values.helper));
        claims.push(self.at_last(Object::TableHelper, LIMB_LOG2, &values.table_helper));
        claims.push(self.at_last(Object::Multiplicities, LIMB_LOG2, &values.multiplicity));
        claims.extend(self.map(values));
        for (contraction, [left, right]) in layout.contractions.iter().zip(&values.factors) {
            claims.extend(contraction.left_operand().and_then(|operand| self.operand(operand, left)));
            claims.extend(self.operand(&contraction.right, right));
        }
        for (term, value) in layout.linear.iter().zip(linear) {
            claims.extend(self.operand(&term.operand, value));
        }
        let (decision, index) = self.revealed_point.split_at(layout.batch_log2);
        let output = layout.revealed_output();
        let factors = above_low(layout, output, decision, factor::point(index));
        claims.push(Claim::one(output.object, factors, revealed));
        for (contraction, [left, _]) in layout.contractions.iter().zip(&values.factors) {
            if let Left::Weights { place, labels } = &contraction.left {
                let mut factors = factor::bits(place.offset >> place.vars, layout.weight_vars - place.vars);
                factors.extend(labels.iter().flat_map(|label| factor::point(self.points().at(label))));
                claims.push(Claim::one(Object::Weights, factors, left.clone()));
            }
        }
        claims.push(self.bias(bias_sum));
        claims
    }

    fn points(&self) -> Points<'_, F> {
        Points { tau: &self.batching.tau, r: self.r }
    }

    fn low(&self, tensor: TensorId) -> &F {
        &self.program.operators[usize::from(tensor.0) - 1].low
    }

    /// The last `vars` elements of the final point.
    fn last(&self, vars: usize) -> &[F] {
        &self.r[self.r.len() - vars..]
    }

    fn at_last(&self, object: Object, vars: usize, value: &F) -> Claim<F> {
        Claim::one(object, factor::point(self.last(vars)), value.clone())
    }

    /// Claim about an operand's source, unless that is the input.
    fn operand(&self, operand: &Reading, value: &F) -> Option<Claim<F>> {
        let output = self.layout.output(operand.source)?;
        let (points, low) = (self.points(), self.low(operand.source));
        let decision = points.at(&operand.decision);
        Some(read(self.layout, output, decision, operand.weights(&points), (value, low)))
    }

    fn map(&self, values: &FinalValues<F>) -> Vec<Claim<F>> {
        let layout = self.layout;
        let (Some(values), Some(challenges)) = (&values.map, &self.batching.lookups.map) else {
            return Vec::new();
        };
        let [low, high] = &values.equalities;
        let mut halves = vec![Factor::Power(self.z.clone())];
        halves.extend(factor::point(self.last(layout.map_vars())));
        let mut claims = vec![
            self.at_last(Object::MapHelper, layout.byte_vars(), &values.helper),
            Claim::one(Object::Equalities, halves, low.plus(&self.z.times(high))),
        ];
        for (map, [low, high]) in layout.maps.iter().zip(&values.sources) {
            let Some(output) = layout.output(map.source) else { continue };
            let mut factors = factor::bits(0, COLUMNS_LOG2 - 1);
            factors.push(Factor::Power(self.z.clone()));
            factors.extend(prefix(layout, output));
            factors.extend(factor::point(self.last(layout.batch_log2 + map.place.vars)));
            claims.push(Claim::one(output.object, factors, low.plus(&self.z.times(high))));
        }
        let bytes = 1 + TABLE_HALF_LOG2;
        claims.push(self.at_last(Object::MapTableHelper, bytes, &values.table_helper));
        claims.push(self.at_last(Object::MapMultiplicities, bytes, &values.multiplicity));
        let Reduction { position, mapped, entry, table, .. } = &challenges.reduction;
        claims.push(Claim::one(Object::Mapped, factor::point(position), mapped.clone()));
        claims.push(Claim::one(Object::Tables, factor::point(entry), table.clone()));
        claims
    }

    fn columns(&self, columns: &[F; COLUMNS]) -> Claim<F> {
        let squared = self.z.times(self.z);
        let mut factors: Vec<Factor<F>> =
            [squared.times(&squared), squared, self.z.clone()].into_iter().map(Factor::Power).collect();
        factors.extend(factor::point(&self.last(self.layout.vars())[COLUMNS_LOG2..]));
        let mut value = columns[COLUMNS - 1].clone();
        for column in columns[..COLUMNS - 1].iter().rev() {
            value = value.times(self.z).plus(column);
        }
        Claim::one(Object::Witness, factors, value)
    }

    fn bias(&self, bias_sum: &F) -> Claim<F> {
        let tau = &self.batching.tau;
        let operators = self.layout.outputs.iter().zip(&self.batching.operators);
        let functional = |(output, point): (&crate::layout::Output, &super::OperatorPoint<F>)| {
            let mut factors = prefix(self.layout, *output);
            factors.extend(factor::point(&tau[tau.len() - output.place.vars..]));
            Functional { scale: Some(point.factor.clone()), factors }
        };
        let affine = operators.filter(|(output, _)| output.object == Object::Witness);
        Claim { object: Object::Bias, functionals: affine.map(functional).collect(), value: bias_sum.clone() }
    }
}
