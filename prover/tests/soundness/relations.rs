//! The relations, computed cell by cell from what a forger commits to: what the batched sumcheck must equal.

use crate::brute::Values;
use crate::case::Case;
use crate::defect::Name;
use crate::forger::{Forgery, Play};
use crate::table::{Table, equality};
use ark_ff::{AdditiveGroup, Field};
use candor_circuits::claim::Object;
use candor_circuits::layout::LIMB_LOG2;
use candor_circuits::relation::map::Challenges;
use candor_program::Fr;
use candor_program::class::TensorId;

/// The relations in the order of their weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Helper,
    Sums,
    TableHelper,
    Rows,
    Saturation,
    Bit,
    MapHelper,
    MapSums,
    MapTableHelper,
    Entries,
}

pub(crate) const RELATIONS: [Relation; 10] = [
    Relation::Helper,
    Relation::Sums,
    Relation::TableHelper,
    Relation::Rows,
    Relation::Saturation,
    Relation::Bit,
    Relation::MapHelper,
    Relation::MapSums,
    Relation::MapTableHelper,
    Relation::Entries,
];

/// By how much every relation's sum misses what it should be, under the challenges of a play.
pub(crate) fn violations(forgery: &Forgery<'_>, play: &Play) -> Vec<Fr> {
    let (case, layout) = (forgery.case, &forgery.case.layout);
    let drawn = |name: Name| play.challenges[name.index(layout)];
    let beta = drawn(Name::Beta);
    let tau: Vec<Fr> = (0..layout.rounds).map(|i| drawn(Name::Tau(i))).collect();
    let inverse = |value: Fr| (beta - value).inverse().unwrap();
    let helper = forgery.helper.clone();
    let helper: Table =
        helper.unwrap_or_else(|| forgery.sums.cells.iter().map(|cell| inverse(*cell)).collect());
    let limbs = || forgery.sums.multiplicities.iter().zip((0u64..).map(Fr::from));
    let table = forgery.table_helper.clone();
    let table: Table = table.unwrap_or_else(|| limbs().map(|(mu, limb)| *mu * inverse(limb)).collect());

    let cells = forgery.sums.cells.iter().zip(&helper).zip(equality(&tau[tau.len() - layout.vars()..]));
    let in_helper = cells.map(|((cell, helper), eq)| eq * (*helper * (beta - cell) - Fr::ONE)).sum();
    let in_sums = helper.iter().sum::<Fr>() - table.iter().sum::<Fr>();
    let eq = equality(&tau[tau.len() - LIMB_LOG2..]);
    let in_table =
        limbs().zip(&table).zip(eq).map(|(((mu, limb), g), eq)| eq * (*g * (beta - limb) - mu)).sum();

    let accumulated = accumulated(forgery);
    let (mut rows, mut saturation, mut bit) = (Fr::ZERO, Fr::ZERO, Fr::ZERO);
    for (position, eq) in equality(&tau[tau.len() - layout.position_vars()..]).into_iter().enumerate() {
        let number = |first: usize, count: usize| -> Fr {
            (0..count)
                .map(|i| forgery.sums.cells[case.cell(first + i, position)] * Fr::from(1u64 << (8 * i)))
                .sum()
        };
        let (y, remainder, excess, upward) = (number(0, 2), number(2, 2), number(4, 3), number(7, 1));
        let signed = if upward == Fr::ZERO { -excess } else { (upward.double() - Fr::ONE) * excess };
        let left = (y + signed) * Fr::from(65_536u64) + remainder - Fr::from(32_768u64);
        rows += eq * (left - accumulated[position]);
        saturation += eq * excess * (y - upward * Fr::from(65_535u64));
        bit += eq * upward * (upward - Fr::ONE);
    }
    let mut violations = vec![in_helper, in_sums, in_table, rows, saturation, bit];
    if let Some(challenges) = &play.map {
        violations.extend(map_violations(forgery, &tau, challenges));
    }
    violations
}

/// Those of the lookup operators.
fn map_violations(forgery: &Forgery<'_>, tau: &[Fr], challenges: &Challenges<Fr>) -> [Fr; 4] {
    let (beta, reduction) = (challenges.beta, &challenges.reduction);
    let [helper, table] = forgery.map_helpers(challenges);
    let [keys, places] = forgery.keys(challenges);
    let last = |count: usize| equality(&tau[tau.len() - count.trailing_zeros() as usize..]);
    let inverses = helper.iter().zip(&keys).zip(last(keys.len()));
    let inverses = inverses.map(|((h, key), eq)| eq * (*h * (beta - key) - Fr::ONE));
    let counted = table.iter().zip(&places).zip(&forgery.sums.map_multiplicities).zip(last(places.len()));
    let counted = counted.map(|(((g, key), mu), eq)| eq * (*g * (beta - key) - mu));
    let (selected, equalities) = (forgery.selected(reduction), forgery.equalities(reduction));
    let (low, high) = equalities.split_at(selected.len());
    let entries = selected.iter().zip(low).zip(high).map(|((g, low), high)| *g * low * high);
    let sums = helper.iter().sum::<Fr>() - table.iter().sum::<Fr>();
    [inverses.sum(), sums, counted.sum(), reduction.table * entries.sum::<Fr>() - reduction.claim]
}

/// `acc * multiplier - low * 2^16` of every position, from the forger's own tensors, weights and statement.
fn accumulated(forgery: &Forgery<'_>) -> Table {
    let (case, layout) = (forgery.case, &forgery.case.layout);
    let own = Values { case, objects: &forgery.sums, public: &forgery.public };
    let mut accumulated = vec![Fr::ZERO; case.positions()];
    for (operator, output) in layout.outputs.iter().enumerate() {
        let Some(affine) = case.program.card.operators[operator].affine() else { continue };
        assert_eq!(output.object, Object::Witness);
        let tensor = TensorId(operator as u16 + 1);
        for decision in 0..layout.batch() {
            for index in 0..1usize << output.place.vars {
                accumulated[case.position(tensor, decision, index)] =
                    own.accumulator(operator, decision, index) * Fr::from(affine.rescale.multiplier)
                        - Fr::from(affine.rescale.low) * Fr::from(65_536u64);
            }
        }
    }
    accumulated
}

/// What the last claim must lack: every violation with its weight, carried through the rounds. A prover sends values at 0, 2
/// and 3, so an error of the claim is an error at 1: each round multiplies it by the Lagrange polynomial of 1.
pub(crate) fn expected_gap(case: &Case, play: &Play, violations: &[Fr]) -> Fr {
    let drawn = |name: Name| play.challenges[name.index(&case.layout)];
    let alpha = drawn(Name::Alpha);
    let error: Fr = violations.iter().zip(0u64..).map(|(violation, i)| alpha.pow([i]) * violation).sum();
    let half = Fr::from(2u64).inverse().unwrap();
    let carried: Fr = (0..case.layout.rounds)
        .map(|round| {
            let r = drawn(Name::R(round));
            r * (r - Fr::from(2u64)) * (r - Fr::from(3u64)) * half
        })
        .product();
    -error * carried
}
