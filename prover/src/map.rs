//! The lookup operators of a proof: inverses of keys on both sides.

use crate::witness::Witness;
use ark_ff::{AdditiveGroup, Field, batch_inversion};
use candor_circuits::layout::{Layout, TABLE_LOG2};
use candor_circuits::relation::map::Challenges;
use candor_circuits::statement::OperatorData;
use candor_program::Fr;
use rayon::prelude::*;

/// Everything of the lookup operators that is a field element.
#[derive(Default)]
pub(crate) struct MapTables {
    /// Inverse of beta minus the key of every mapped position.
    pub(crate) helper: Vec<Fr>,
    /// Beta minus these keys.
    pub(crate) denominator: Vec<Fr>,
    /// Multiplicity over beta minus the key, of every place in table space; zero where nothing is looked up.
    pub(crate) table_helper: Vec<Fr>,
    /// Beta minus these keys.
    pub(crate) table_denominator: Vec<Fr>,
    /// Multiplicities.
    pub(crate) multiplicities: Vec<Fr>,
}

impl MapTables {
    /// Shapes: `tables` is the tables object.
    pub(crate) fn new(
        layout: &Layout,
        witness: &Witness,
        tables: &[u16],
        challenges: &Challenges<Fr>,
        data: &[OperatorData<Fr>],
    ) -> Self {
        let Challenges { beta, gamma, gamma_squared } = challenges;
        let mut denominator: Vec<Fr> =
            witness.mapped.par_iter().map(|mapped| *beta - Fr::from(*mapped)).collect();
        for map in &layout.maps {
            let constant = *gamma_squared * Fr::from(map.table as u64) + challenges.low(map, data);
            let start = map.place.offset << layout.batch_log2;
            let looked_at = witness.looked_at(layout, map);
            let positions = denominator[start..start + looked_at.len()].par_iter_mut();
            positions.zip(looked_at).for_each(|(denominator, x)| {
                *denominator -= constant + *gamma * Fr::from(x);
            });
        }
        let helper = inverses(&denominator);

        let mut table_denominator = Vec::with_capacity(tables.len());
        for (number, table) in tables.chunks(1 << TABLE_LOG2).enumerate() {
            let map = layout.maps.iter().find(|map| map.table == number);
            let low = map.map_or(Fr::ZERO, |map| challenges.low(map, data));
            let mut key = *gamma_squared * Fr::from(number as u64) + low;
            for entry in table {
                table_denominator.push(*beta - key - Fr::from(*entry));
                key += gamma;
            }
        }
        let counted = witness.map_multiplicities.iter().enumerate().filter(|(_, count)| **count > 0);
        let counted: Vec<(usize, u32)> = counted.map(|(place, count)| (place, *count)).collect();
        let mut of_counted: Vec<Fr> = counted.iter().map(|(place, _)| table_denominator[*place]).collect();
        batch_inversion(&mut of_counted);
        let mut table_helper = vec![Fr::ZERO; tables.len()];
        for ((place, count), inverse) in counted.iter().zip(&of_counted) {
            table_helper[*place] = Fr::from(*count) * inverse;
        }
        let multiplicities = witness.map_multiplicities.iter().map(|count| Fr::from(*count)).collect();
        Self { helper, denominator, table_helper, table_denominator, multiplicities }
    }

    /// Sum of the helper.
    pub(crate) fn sum(&self) -> Fr {
        self.helper.par_iter().sum()
    }
}

fn inverses(values: &[Fr]) -> Vec<Fr> {
    let mut inverses = values.to_vec();
    inverses.par_chunks_mut(1 << 12).for_each(|chunk| {
        batch_inversion(chunk);
    });
    debug_assert!(values.iter().zip(&inverses).all(|(a, b)| (*a * b) == Fr::ONE || *a == Fr::ZERO));
    inverses
}
