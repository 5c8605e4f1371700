//! The lookup operators of a proof: bytes of what is looked up, their equalities with the table point, and the inverses of both.

use crate::channel::ProverChannel;
use crate::commit::{ByteRow, counts, function_of_bytes, multi_scalar, short_integers, total};
use crate::multilinear::equality_table;
use crate::table_rounds;
use crate::witness::Witness;
use ark_bn254::{G1Affine, G1Projective};
use ark_ff::{AdditiveGroup, batch_inversion};
use candor_circuits::channel::Step;
use candor_circuits::layout::{LIMBS, Layout, Map, TABLE_LOG2};
use candor_circuits::relation::map::{Challenges, Reduction};
use candor_program::Fr;
use rayon::prelude::*;

/// The lookup operators up to their challenges.
pub(crate) struct Lookups {
    /// Bytes of what is looked up: half, mapped position.
    bytes: Vec<u8>,
    rows: HalfRows,
    counts: Vec<u64>,
    reduction: Reduction<Fr>,
    /// `eq` of a half of the table point, and every byte.
    equalities: [Vec<Fr>; 2],
    /// What of every mapped position selects its entry.
    selected: Vec<Fr>,
}

/// Everything of the lookup operators that is a field element; of functions of bytes one value a byte position.
#[derive(Default)]
pub(crate) struct MapTables {
    /// Bytes of what is looked up: half, mapped position.
    pub(crate) bytes: Vec<u8>,
    /// Equalities.
    pub(crate) equalities: Vec<Fr>,
    /// Inverse of beta minus the key.
    pub(crate) helper: Vec<Fr>,
    /// Beta minus the key.
    pub(crate) denominator: Vec<Fr>,
    /// What of every mapped position selects its entry.
    pub(crate) selected: Vec<Fr>,
    /// Multiplicity over beta minus the key, of every place of byte space.
    pub(crate) table_helper: Vec<Fr>,
    /// Beta minus these keys.
    pub(crate) table_denominator: Vec<Fr>,
    /// How often each occurs.
    pub(crate) multiplicities: Vec<Fr>,
}

impl Lookups {
    /// Sends everything that comes before beta. Shapes: `tables` is the tables object.
    pub(crate) fn send(
        channel: &mut ProverChannel<'_>,
        layout: &Layout,
        witness: &Witness,
        tables: &[u16],
        bases: &[G1Affine],
    ) -> Self {
        channel.points(Step::MappedRows, &short_integers(bases, &witness.mapped, bases.len()));
        let bytes = witness.looked_at(layout);
        let multiplicities = byte_counts(&bytes);
        channel.points(Step::MapMultiplicities, &[counts(bases, &multiplicities)]);
        let rows = HalfRows::new(bases, &bytes);

        let position = channel.challenges(layout.map_vars());
        let eq = equality_table(&position);
        let places = layout.maps.iter().flat_map(|map| {
            let value = |p: usize| usize::from(bytes[p]) + LIMBS * usize::from(bytes[eq.len() + p]);
            let (eq, start) = (&eq, map.place.offset << layout.batch_log2);
            let own = start..start + (1 << (layout.batch_log2 + map.place.vars));
            own.map(move |p| ((map.table << TABLE_LOG2) + value(p), eq[p]))
        });
        let reduction = table_rounds::reduce(channel, tables, places.collect(), position);
        let equalities = reduction.halves().map(equality_table);
        channel.points(Step::Equalities, &rows.commit(&equalities));

        let mut selected = vec![Fr::ZERO; eq.len()];
        for map in &layout.maps {
            let (start, count) = stretch(layout, map);
            let last = equality_table(&reduction.position[reduction.position.len() - log2(count)..]);
            let share = reduction.share(layout, map);
            for (selected, eq) in selected[start..start + count].iter_mut().zip(&last) {
                *selected = share * eq;
            }
        }
        Self { bytes, rows, counts: multiplicities, reduction, equalities, selected }
    }

    /// The challenges that are drawn next.
    pub(crate) fn challenges(&self, beta: Fr, gamma: Fr) -> Challenges<Fr> {
        Challenges::new(self.reduction.clone(), beta, gamma)
    }

    /// Sends the helpers.
    pub(crate) fn inverses(
        self,
        channel: &mut ProverChannel<'_>,
        challenges: &Challenges<Fr>,
        bases: &[G1Affine],
    ) -> MapTables {
        let denominators: [Vec<Fr>; 2] = [0, 1].map(|half| {
            let keys = self.equalities[half]
                .iter()
                .zip(0u64..)
                .map(|(equality, byte)| challenges.key(&Fr::from(half as u64), &Fr::from(byte), equality));
            keys.map(|key| challenges.beta - key).collect()
        });
        let inverses = denominators.clone().map(|mut values| {
            batch_inversion(&mut values);
            values
        });
        channel.points(Step::MapHelperRows, &self.rows.commit(&inverses));
        let inverse = inverses.concat();
        let table_helper: Vec<Fr> =
            self.counts.iter().zip(&inverse).map(|(count, inverse)| Fr::from(*count) * inverse).collect();
        channel.points(Step::MapTableHelper, &[multi_scalar(&bases[..table_helper.len()], &table_helper)]);
        MapTables {
            equalities: of_bytes(&self.bytes, &self.equalities),
            helper: of_bytes(&self.bytes, &inverses),
            denominator: of_bytes(&self.bytes, &denominators),
            selected: self.selected,
            table_helper,
            table_denominator: denominators.concat(),
            multiplicities: self.counts.into_iter().map(Fr::from).collect(),
            bytes: self.bytes,
        }
    }
}

impl MapTables {
    /// Sum of the helper.
    pub(crate) fn sum(&self) -> Fr {
        self.table_helper.iter().sum()
    }

    /// Both bytes of what a lookup reads, in the order of its mapped positions.
    pub(crate) fn source(&self, layout: &Layout, map: &Map) -> [&[u8]; 2] {
        let (start, count) = stretch(layout, map);
        let (low, high) = self.bytes.split_at(self.bytes.len() / 2);
        [low, high].map(|half| &half[start..start + count])
    }
}

/// First mapped position of a lookup, and how many it has.
fn stretch(layout: &Layout, map: &Map) -> (usize, usize) {
    (map.place.offset << layout.batch_log2, 1 << (layout.batch_log2 + map.place.vars))
}

fn log2(count: usize) -> usize {
    count.trailing_zeros() as usize
}

/// How often each byte occurs in each half. Shapes: two halves of equal length.
#[must_use]
pub(crate) fn byte_counts(bytes: &[u8]) -> Vec<u64> {
    let mut counts = vec![0; 2 * LIMBS];
    let (low, high) = bytes.split_at(bytes.len() / 2);
    low.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    high.iter().for_each(|byte| counts[LIMBS + usize::from(*byte)] += 1);
    counts
}

/// A function of half and byte at every byte position.
fn of_bytes(bytes: &[u8], function: &[Vec<Fr>; 2]) -> Vec<Fr> {
    let halves = bytes.chunks(bytes.len() / 2).zip(function);
    halves.flat_map(|(bytes, function)| bytes.iter().map(|byte| function[usize::from(*byte)])).collect()
}

/// Rows of byte positions in buckets, for functions of half and byte.
struct HalfRows {
    /// Rows, or the parts of the only row that belong to either half.
    parts: Vec<ByteRow>,
    /// Whether all parts are of one row.
    joined: bool,
}

impl HalfRows {
    /// Shapes: as many bases as a row is long.
    fn new(bases: &[G1Affine], bytes: &[u8]) -> Self {
        let (row, half) = (bases.len(), bytes.len() / 2);
        let joined = half < row;
        let length = row.min(half);
        let parts: Vec<&[G1Affine]> =
            if joined { bases[..2 * half].chunks(half).collect() } else { vec![bases] };
        let totals: Vec<G1Projective> = parts.iter().map(|bases| total(bases)).collect();
        let of = |(part, bytes): (usize, &[u8])| {
            ByteRow::new(parts[part % parts.len()], bytes, &totals[part % parts.len()])
        };
        Self { parts: bytes.par_chunks(length).enumerate().map(of).collect(), joined }
    }

    fn commit(&self, function: &[Vec<Fr>; 2]) -> Vec<G1Projective> {
        let of_half = self.parts.len() / 2;
        let commitments = function_of_bytes(&self.parts, |part| &function[part / of_half]);
        if self.joined { vec![commitments.into_iter().sum()] } else { commitments }
    }
}
