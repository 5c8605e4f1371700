//! Lookup operators: every triple of table, value and looked-up value is an entry of the tables (logarithmic derivative:
//! <https://eprint.iacr.org/2022/1530>).

use super::Weights;
use crate::claim::{half_power, prefix};
use crate::factor::{self, equality_of_points};
use crate::layout::{Layout, Map, TABLE_LOG2};
use crate::statement::OperatorData;
use ark_ff::{AdditiveGroup, One};
use candor_program::Fr;
use candor_program::arith::Arith;

/// Values at the final point.
#[derive(Clone, Debug)]
pub struct Values<F> {
    /// Map helper at r_t.
    pub helper: F,
    /// Mapped at r_t.
    pub mapped: F,
    /// `y'` of every lookup's source, at r's last elements.
    pub sources: Vec<F>,
    /// Map table helper at r_v.
    pub table_helper: F,
    /// Map multiplicities at r_v.
    pub multiplicity: F,
    /// Tables at r_v.
    pub table: F,
}

/// The challenges of the lookup.
#[derive(Clone, Debug)]
pub struct Challenges<F> {
    /// What keys are subtracted from.
    pub beta: F,
    /// Separates value and looked-up value in a key.
    pub gamma: F,
    /// Its square: separates tables.
    pub gamma_squared: F,
}

impl<F: Arith> Challenges<F> {
    /// From the two that are drawn.
    pub fn new(beta: F, gamma: F) -> Self {
        Self { beta, gamma_squared: gamma.times(&gamma), gamma }
    }

    /// `gamma x + z` for the lowest value of the source and the lowest looked-up value.
    pub fn low(&self, map: &Map, data: &[OperatorData<F>]) -> F {
        let source = &data[usize::from(map.source.0).saturating_sub(1)];
        self.gamma.times(&source.low).plus(&data[map.operator].low)
    }

    /// Key of a mapped position, by the values there. Shapes: `r` a mapped position's coordinates, one source value a lookup.
    pub fn mapped_key(
        &self,
        layout: &Layout,
        data: &[OperatorData<F>],
        r: &[F],
        mapped: &F,
        sources: &[F],
    ) -> F {
        let mut key = mapped.clone();
        for (map, source) in layout.maps.iter().zip(sources) {
            let prefix = prefix::<F>(layout, layout.outputs[map.operator]);
            let here = factor::evaluate(&prefix, &r[..prefix.len()]);
            let id = self.gamma_squared.scale(Fr::from(map.table as u64));
            let triple = id.plus(&self.gamma.times(source)).plus(&self.low(map, data));
            key = key.plus(&here.times(&triple));
        }
        key
    }

    /// Key of a place in table space, by the table's value there.
    ///
    /// The number is that of the place itself: a place beyond the last table has one that no lookup has.
    pub fn table_key(&self, layout: &Layout, data: &[OperatorData<F>], v: &[F], table: &F) -> F {
        let (id, x) = v.split_at(v.len() - TABLE_LOG2);
        let mut key =
            table.plus(&self.gamma_squared.times(&integer(id))).plus(&self.gamma.times(&integer(x)));
        for number in 0..layout.tables {
            let Some(map) = layout.maps.iter().find(|map| map.table == number) else { continue };
            let here = factor::evaluate(&factor::bits::<F>(number, id.len()), id);
            key = key.plus(&here.times(&self.low(map, data)));
        }
        key
    }
}

/// The integer of bits, most significant first.
fn integer<F: Arith>(bits: &[F]) -> F {
    bits.iter().fold(F::constant(Fr::ZERO), |sum, bit| sum.plus(&sum).plus(bit))
}

/// The three relations at the final point `r`, for the zero-check point `tau`; zero without tables.
pub fn evaluate<F: Arith>(
    layout: &Layout,
    (tau, r): (&[F], &[F]),
    challenges: &Challenges<F>,
    data: &[OperatorData<F>],
    weights: &Weights<F>,
    values: &Values<F>,
) -> F {
    let Some([inverse_weight, sums_weight, table_weight]) = &weights.map else {
        return F::constant(Fr::ZERO);
    };
    let (t, v) = (layout.map_vars(), layout.table_vars());
    let (r_t, r_v) = (&r[r.len() - t..], &r[r.len() - v..]);
    let (mapped_scale, table_scale) = (half_power(layout.rounds - t), half_power(layout.rounds - v));

    let key = challenges.mapped_key(layout, data, r_t, &values.mapped, &values.sources);
    let inverse = values.helper.times(&challenges.beta.minus(&key)).offset(-Fr::one());
    let eq = equality_of_points(&tau[tau.len() - t..], r_t).scale(mapped_scale);
    let inverse = inverse_weight.times(&eq.times(&inverse));

    let sums = values.helper.scale(mapped_scale).minus(&values.table_helper.scale(table_scale));

    let key = challenges.table_key(layout, data, r_v, &values.table);
    let table = values.table_helper.times(&challenges.beta.minus(&key)).minus(&values.multiplicity);
    let eq = equality_of_points(&tau[tau.len() - v..], r_v).scale(table_scale);
    inverse.plus(&sums_weight.times(&sums)).plus(&table_weight.times(&eq.times(&table)))
}
