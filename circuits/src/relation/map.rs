//! Lookup operators: what is looked up is its table's entry, as one product of the tables with a sparse matrix (Lasso,
//! <https://eprint.iacr.org/2023/1216>, sections 3 and 4; logarithmic derivative: <https://eprint.iacr.org/2022/1530>).

use super::Weights;
use crate::claim::{half_power, prefix};
use crate::factor::{self, equality_of_points};
use crate::layout::{Layout, Map, TABLE_HALF_LOG2};
use ark_ff::{AdditiveGroup, One};
use candor_program::Fr;
use candor_program::arith::Arith;

/// Values at the final point.
#[derive(Clone, Debug)]
pub struct Values<F> {
    /// Map helper at r_q.
    pub helper: F,
    /// Both halves of the equalities at r_t.
    pub equalities: [F; 2],
    /// Both bytes of every lookup's source, at r's last elements.
    pub sources: Vec<[F; 2]>,
    /// Map table helper at r_9.
    pub table_helper: F,
    /// Map multiplicities at r_9.
    pub multiplicity: F,
}

/// All lookups, reduced to one value of the tables by the table rounds.
#[derive(Clone, Debug)]
pub struct Reduction<F> {
    /// kappa: a mapped position's coordinates.
    pub position: Vec<F>,
    /// Mapped there.
    pub mapped: F,
    /// u: coordinates in table space.
    pub entry: Vec<F>,
    /// Tables there.
    pub table: F,
    /// What is left: tables times the sum of what selects their entries.
    pub claim: F,
}

/// The challenges of the lookup operators, with what they were drawn after.
#[derive(Clone, Debug)]
pub struct Challenges<F> {
    /// The table rounds.
    pub reduction: Reduction<F>,
    /// What keys are subtracted from.
    pub beta: F,
    /// Separates equality and byte in a key.
    pub gamma: F,
    /// Its square: separates the halves.
    pub gamma_squared: F,
}

impl<F: Arith> Challenges<F> {
    /// From the two that are drawn.
    pub fn new(reduction: Reduction<F>, beta: F, gamma: F) -> Self {
        Self { reduction, beta, gamma_squared: gamma.times(&gamma), gamma }
    }

    /// Key of a byte position: a half, its byte and its equality.
    pub fn key(&self, half: &F, byte: &F, equality: &F) -> F {
        equality.plus(&self.gamma.times(byte)).plus(&self.gamma_squared.times(half))
    }

    /// Key of a place of byte space. Shapes: half and eight bits.
    pub fn table_key(&self, place: &[F]) -> F {
        let (half, byte) = place.split_at(1);
        let [low, high] = self.reduction.halves().map(|point| equality_of_points(point, byte));
        let equality = low.plus(&half[0].times(&high.minus(&low)));
        self.key(&half[0], &integer(byte), &equality)
    }
}

impl<F: Arith> Reduction<F> {
    /// Coordinates of the table's number.
    fn id(&self) -> &[F] {
        &self.entry[..self.entry.len() - 2 * TABLE_HALF_LOG2]
    }

    /// Coordinates of byte 0 and of byte 1 of the value that is looked up.
    pub fn halves(&self) -> [&[F]; 2] {
        let (rest, low) = self.entry.split_at(self.entry.len() - TABLE_HALF_LOG2);
        [low, &rest[rest.len() - TABLE_HALF_LOG2..]]
    }

    /// What a lookup's positions count but for their equality with kappa's last elements.
    pub fn share(&self, layout: &Layout, map: &Map) -> F {
        let id = factor::bits::<F>(map.table, layout.table_id_vars());
        here(layout, map, &self.position).times(&factor::evaluate(&id, self.id()))
    }

    /// What of a mapped position selects entries: G at these coordinates.
    fn selected(&self, layout: &Layout, r_t: &[F]) -> F {
        let mut sum = F::constant(Fr::ZERO);
        for map in &layout.maps {
            let start = r_t.len() - layout.batch_log2 - map.place.vars;
            let inside = equality_of_points(&self.position[start..], &r_t[start..]);
            let share = here(layout, map, r_t).times(&self.share(layout, map));
            sum = sum.plus(&share.times(&inside));
        }
        sum
    }
}

/// Whether coordinates of a mapped position are in a lookup's place.
fn here<F: Arith>(layout: &Layout, map: &Map, position: &[F]) -> F {
    let prefix = prefix::<F>(layout, layout.outputs[map.operator]);
    factor::evaluate(&prefix, &position[..prefix.len()])
}

/// The integer of bits, most significant first.
fn integer<F: Arith>(bits: &[F]) -> F {
    bits.iter().fold(F::constant(Fr::ZERO), |sum, bit| sum.plus(&sum).plus(bit))
}

/// The four relations at the final point `r`, for the zero-check point `tau`; zero without tables.
pub fn evaluate<F: Arith>(
    layout: &Layout,
    (tau, r): (&[F], &[F]),
    challenges: &Challenges<F>,
    weights: &Weights<F>,
    values: &Values<F>,
) -> F {
    let Some([inverse_weight, sums_weight, table_weight, entries_weight]) = &weights.map else {
        return F::constant(Fr::ZERO);
    };
    let last = |point: &[F], vars: usize| point[point.len() - vars..].to_vec();
    let scale = |vars: usize| half_power(layout.rounds - vars);
    let (t, q, v) = (layout.map_vars(), layout.byte_vars(), 1 + TABLE_HALF_LOG2);
    let (r_t, r_q, r_v) = (last(r, t), last(r, q), last(r, v));
    let between = |[low, high]: &[F; 2]| low.plus(&r_q[0].times(&high.minus(low)));

    let mut byte = F::constant(Fr::ZERO);
    for (map, bytes) in layout.maps.iter().zip(&values.sources) {
        byte = byte.plus(&here(layout, map, &r_t).times(&between(bytes)));
    }
    let key = challenges.key(&r_q[0], &byte, &between(&values.equalities));
    let inverse = values.helper.times(&challenges.beta.minus(&key)).offset(-Fr::one());
    let eq = equality_of_points(&last(tau, q), &r_q).scale(scale(q));
    let inverse = inverse_weight.times(&eq.times(&inverse));

    let sums = values.helper.scale(scale(q)).minus(&values.table_helper.scale(scale(v)));

    let denominator = challenges.beta.minus(&challenges.table_key(&r_v));
    let table = values.table_helper.times(&denominator).minus(&values.multiplicity);
    let eq = equality_of_points(&last(tau, v), &r_v).scale(scale(v));
    let table = table_weight.times(&eq.times(&table));

    let reduction = &challenges.reduction;
    let [low, high] = &values.equalities;
    let entries = reduction.selected(layout, &r_t).times(&low.times(high)).times(&reduction.table);
    let entries = entries_weight.times(&entries.scale(scale(t)));
    inverse.plus(&sums_weight.times(&sums)).plus(&table).plus(&entries)
}
