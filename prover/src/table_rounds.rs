//! The lookup operators' sum over the tables: entries times what selects them, which is zero nearly everywhere.

use crate::channel::ProverChannel;
use crate::multilinear::{bind, equality_table};
use crate::wide::WideSum;
use ark_ff::AdditiveGroup;
use candor_circuits::argument::quadratic;
use candor_circuits::channel::Step;
use candor_circuits::relation::map::Reduction;
use candor_program::Fr;
use rayon::prelude::*;

/// Rounds before the tables are folded: until then an entry is read as the sum of integers that it is.
const INTEGER_ROUNDS: usize = 5;

/// Sends mapped at `position` and the table rounds. Shapes: `tables` is the tables object; `selected` has weights of places in
/// table space, in any order and any number a place.
pub(crate) fn reduce(
    channel: &mut ProverChannel<'_>,
    tables: &[u16],
    mut selected: Vec<(usize, Fr)>,
    position: Vec<Fr>,
) -> Reduction<Fr> {
    selected.sort_unstable_by_key(|(place, _)| *place);
    selected.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    let mapped = selected.iter().map(|(place, weight)| *weight * Fr::from(tables[*place])).sum();
    channel.scalars(Step::MappedValue, &[mapped]);
    let mut entries = Entries { tables, bound: Vec::new(), folded: None };
    let (mut claim, mut entry): (Fr, Vec<Fr>) = (mapped, Vec::new());
    for round in 0..tables.len().trailing_zeros() as usize {
        let half = entries.len() / 2;
        let pairs = pairs(&selected, half);
        let values = entries.round(&pairs, half);
        channel.scalars(Step::TableRound(round), &values);
        let challenge = channel.challenge();
        claim = quadratic(&claim, &values, &challenge);
        let fix = |(place, [low, high]): &(usize, [Fr; 2])| (*place, *low + challenge * (*high - low));
        selected = pairs.iter().map(fix).collect();
        entries.bind(challenge);
        entry.push(challenge);
    }
    let table = entries.at(0);
    channel.scalars(Step::TableValue, &[table]);
    Reduction { position, mapped, entry, table, claim }
}

/// Weights of places that differ in the most significant variable alone. Shapes: places ascending, below `2 * half`.
fn pairs(selected: &[(usize, Fr)], half: usize) -> Vec<(usize, [Fr; 2])> {
    let (low, high) = selected.split_at(selected.partition_point(|(place, _)| *place < half));
    let mut pairs = Vec::with_capacity(selected.len());
    let (mut low, mut high) = (low.iter().peekable(), high.iter().peekable());
    loop {
        let next = [low.peek().map(|(place, _)| *place), high.peek().map(|(place, _)| *place - half)];
        let Some(place) = next.iter().flatten().min().copied() else { return pairs };
        let take = |from: &mut std::iter::Peekable<std::slice::Iter<'_, (usize, Fr)>>, at| {
            if at == Some(place) { from.next().map_or(Fr::ZERO, |(_, weight)| *weight) } else { Fr::ZERO }
        };
        pairs.push((place, [take(&mut low, next[0]), take(&mut high, next[1])]));
    }
}

/// The tables, folded by the challenges so far.
struct Entries<'a> {
    tables: &'a [u16],
    /// Challenges, while the tables are not folded.
    bound: Vec<Fr>,
    folded: Option<Vec<Fr>>,
}

impl Entries<'_> {
    fn len(&self) -> usize {
        self.folded.as_ref().map_or(self.tables.len() >> self.bound.len(), Vec::len)
    }

    fn at(&self, place: usize) -> Fr {
        match &self.folded {
            Some(folded) => folded[place],
            None => sum_at(self.tables, &equality_table(&self.bound), self.len(), place),
        }
    }

    /// The round polynomial's values at 0 and 2.
    fn round(&self, pairs: &[(usize, [Fr; 2])], half: usize) -> [Fr; 2] {
        let eq = equality_table(&self.bound);
        let at = |place| match &self.folded {
            Some(folded) => folded[place],
            None => sum_at(self.tables, &eq, 2 * half, place),
        };
        let term = |(place, [low, high]): &(usize, [Fr; 2])| {
            let (first, second) = (at(*place), at(place + half));
            [first * low, (second.double() - first) * (high.double() - low)]
        };
        let add = |[a, b]: [Fr; 2], [c, d]: [Fr; 2]| [a + c, b + d];
        pairs.par_iter().with_min_len(64).map(term).reduce(|| [Fr::ZERO; 2], add)
    }

    fn bind(&mut self, challenge: Fr) {
        if let Some(folded) = &mut self.folded {
            return bind(folded, challenge);
        }
        self.bound.push(challenge);
        if self.bound.len() == INTEGER_ROUNDS.min(self.tables.len().trailing_zeros() as usize) {
            let (eq, length) = (equality_table(&self.bound), self.len());
            let at = |place| sum_at(self.tables, &eq, length, place);
            self.folded = Some((0..length).into_par_iter().with_min_len(64).map(at).collect());
        }
    }
}

/// Sum of the entries at a place of every stretch of `length`, weighted.
fn sum_at(tables: &[u16], eq: &[Fr], length: usize, place: usize) -> Fr {
    let mut sum = WideSum::default();
    for (eq, stretch) in eq.iter().zip(tables.chunks_exact(length)) {
        sum.add(eq, u64::from(stretch[place]));
    }
    sum.reduce()
}
