//! The lookup operators: the sum over the tables, equalities, keys and helpers, place by place.

use super::{Forgery, Sender, bend};
use crate::table::{Instance, Table, bind, equality};
use ark_ff::{AdditiveGroup, Field, PrimeField};
use candor_circuits::argument::{Batching, quadratic};
use candor_circuits::channel::Step;
use candor_circuits::layout::{LIMBS, Map, TABLE_LOG2};
use candor_circuits::relation::map::{Challenges, Reduction};
use candor_program::Fr;

impl Forgery<'_> {
    /// Mapped positions of a lookup, each with the position of its source.
    fn positions<'m>(&self, map: &'m Map) -> impl Iterator<Item = (usize, usize)> + use<'m> {
        let layout = &self.case.layout;
        let source = layout.output(map.source).unwrap().place.offset << layout.batch_log2;
        let start = map.place.offset << layout.batch_log2;
        (0..1 << (layout.batch_log2 + map.place.vars)).map(move |i| (start + i, source + i))
    }

    /// Both bytes of what is looked up at every mapped position, as the cells say: half, mapped position.
    pub(crate) fn looked_at(&self) -> Table {
        let count = self.sums.mapped.len();
        let mut bytes = vec![Fr::ZERO; 2 * count];
        for (position, source) in self.case.layout.maps.iter().flat_map(|map| self.positions(map)) {
            for half in 0..2 {
                bytes[half * count + position] = self.sums.cells[self.case.cell(half, source)];
            }
        }
        bytes
    }

    /// Both bytes of a lookup's source at the last elements of a point.
    pub(super) fn source_at(&self, map: &Map, r: &[Fr]) -> [Fr; 2] {
        let eq = equality(&r[r.len() - self.case.layout.batch_log2 - map.place.vars..]);
        [0, 1].map(|half| {
            let cells = self.positions(map).map(|(_, source)| self.sums.cells[self.case.cell(half, source)]);
            eq.iter().zip(cells).map(|(eq, cell)| *eq * cell).sum()
        })
    }

    /// What selects entries: `eq(kappa, p)` at the place of every lookup's table and value. A cell that is no byte selects by
    /// what is left of it modulo 256.
    fn selecting(&self, kappa: &[Fr]) -> Table {
        let (mut weights, eq) = (vec![Fr::ZERO; self.sums.tables.len()], equality(kappa));
        let bytes: Vec<usize> =
            self.looked_at().iter().map(|byte| byte.into_bigint().0[0] as usize % LIMBS).collect();
        for map in &self.case.layout.maps {
            for (position, _) in self.positions(map) {
                let x = bytes[position] + LIMBS * bytes[eq.len() + position];
                weights[(map.table << TABLE_LOG2) + x] += eq[position];
            }
        }
        weights
    }

    /// Mapped at kappa, the rounds over the tables, the tables at their end.
    pub(super) fn table_rounds(&self, sender: &mut Sender) -> Reduction<Fr> {
        let layout = &self.case.layout;
        let position = sender.challenges(layout.map_vars());
        let value = equality(&position).iter().zip(&self.sums.mapped).map(|(eq, z)| *eq * z).sum::<Fr>();
        let mapped = value + self.reduction[0];
        sender.scalars(Step::MappedValue, &[mapped]);
        let (mut tables, mut weights) = (self.sums.tables.clone(), self.selecting(&position));
        let (mut claim, mut entry) = (mapped, Vec::new());
        for round in 0..layout.table_vars() {
            let half = tables.len() / 2;
            let mut values = [Fr::ZERO; 3];
            for i in (0..half).filter(|i| weights[*i] != Fr::ZERO || weights[i + half] != Fr::ZERO) {
                let steps = [tables[i + half] - tables[i], weights[i + half] - weights[i]];
                for (x, value) in (0u64..).zip(&mut values) {
                    *value += (tables[i] + steps[0] * Fr::from(x)) * (weights[i] + steps[1] * Fr::from(x));
                }
            }
            let mut sent = [values[0], values[2]];
            if let Some((_, x)) = self.repairs.table_round.filter(|(at, _)| *at == round) {
                let truth = quadratic(&(values[0] + values[1]), &sent, &x);
                bend(&claim, &mut sent, quadratic, x, truth);
            }
            sender.scalars(Step::TableRound(round), &sent);
            let challenge = sender.challenge();
            claim = quadratic(&claim, &sent, &challenge);
            bind(&mut tables, challenge);
            bind(&mut weights, challenge);
            entry.push(challenge);
        }
        let table = tables[0] + self.reduction[1];
        sender.scalars(Step::TableValue, &[table]);
        Reduction { position, mapped, entry, table, claim }
    }

    /// `eq` of the bytes of both halves of the end of the table rounds.
    pub(crate) fn halves(reduction: &Reduction<Fr>) -> [Table; 2] {
        let (rest, low) = reduction.entry.split_at(reduction.entry.len() - 8);
        [equality(low), equality(&rest[rest.len() - 8..])]
    }

    /// Equality of every byte position; of a cell that is no byte, that of what is left of it modulo 256.
    pub(crate) fn equalities(&self, reduction: &Reduction<Fr>) -> Table {
        let (halves, bytes) = (Self::halves(reduction), self.looked_at());
        let value =
            |(i, byte): (usize, &Fr)| halves[2 * i / bytes.len()][byte.into_bigint().0[0] as usize % LIMBS];
        self.equalities.clone().unwrap_or_else(|| bytes.iter().enumerate().map(value).collect())
    }

    /// Keys of all byte positions, and of byte space.
    pub(crate) fn keys(&self, challenges: &Challenges<Fr>) -> [Table; 2] {
        let (bytes, equalities) = (self.looked_at(), self.equalities(&challenges.reduction));
        let key = |half: usize, byte: Fr, equality: Fr| {
            equality + challenges.gamma * byte + challenges.gamma.square() * Fr::from(half as u64)
        };
        let position = |(i, byte)| key(2 * i / bytes.len(), byte, equalities[i]);
        let halves = Self::halves(&challenges.reduction);
        let place = |i: usize| key(i / LIMBS, Fr::from((i % LIMBS) as u64), halves[i / LIMBS][i % LIMBS]);
        [bytes.iter().copied().enumerate().map(position).collect(), (0..2 * LIMBS).map(place).collect()]
    }

    /// Map helper and map table helper.
    pub(crate) fn map_helpers(&self, challenges: &Challenges<Fr>) -> [Table; 2] {
        let inverse = |key: &Fr| (challenges.beta - key).inverse().unwrap();
        let [positions, places] = self.keys(challenges);
        let counted = self.sums.map_multiplicities.iter().zip(&places).map(|(mu, key)| *mu * inverse(key));
        self.map_helpers
            .clone()
            .unwrap_or_else(|| [positions.iter().map(inverse).collect(), counted.collect()])
    }

    /// What of every mapped position selects its entry at the end of the table rounds.
    pub(crate) fn selected(&self, reduction: &Reduction<Fr>) -> Table {
        let id = equality(&reduction.entry[..reduction.entry.len() - TABLE_LOG2]);
        let (eq, mut selected) = (equality(&reduction.position), vec![Fr::ZERO; self.sums.mapped.len()]);
        for map in &self.case.layout.maps {
            self.positions(map).for_each(|(position, _)| selected[position] = eq[position] * id[map.table]);
        }
        selected
    }

    /// Both sides of the lookup of bytes, and the entries; none without tables.
    pub(super) fn map_instances(&self, batching: &Batching<Fr>, helpers: &[Table; 2]) -> Vec<Instance> {
        let (layout, beta, tau) = (&self.case.layout, batching.lookups.beta, &batching.tau);
        let (Some([a6, a7, a8, a9]), Some(challenges)) = (batching.weights.map, &batching.lookups.map) else {
            return Vec::new();
        };
        let scale = |vars: usize| Fr::from(2u64).pow([(layout.rounds - vars) as u64]).inverse().unwrap();
        let (t, q, v) = (layout.map_vars(), layout.map_vars() + 1, 9);
        let (s_t, s_q, s_v) = (scale(t), scale(q), scale(v));
        let [keys, places] = self.keys(challenges);
        let last = |vars: usize| equality(&tau[tau.len() - vars..]);
        let positions = Instance {
            tables: vec![last(q), helpers[0].clone(), keys],
            term: Box::new(move |v| s_q * (a6 * v[0] * (v[1] * (beta - v[2]) - Fr::ONE) + a7 * v[1])),
        };
        let bytes = Instance {
            tables: vec![last(v), helpers[1].clone(), places, self.sums.map_multiplicities.clone()],
            term: Box::new(move |v| s_v * (a8 * v[0] * (v[1] * (beta - v[2]) - v[3]) - a7 * v[1])),
        };
        let (selected, equalities) =
            (self.selected(&challenges.reduction), self.equalities(&challenges.reduction));
        let (low, high) = equalities.split_at(selected.len());
        // the sums are of the true tables
        let factor = s_t * a9 * (challenges.reduction.table - self.reduction[1]);
        let entries = Instance {
            tables: vec![selected.clone(), low.to_vec(), high.to_vec()],
            term: Box::new(move |v| factor * v[0] * v[1] * v[2]),
        };
        vec![positions, bytes, entries]
    }
}
