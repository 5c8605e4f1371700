//! The relations, computed cell by cell from what a forger commits to: what the batched sumcheck must equal.

use crate::case::Case;
use crate::defect::Name;
use crate::forger::{Forgery, Play};
use crate::table::{Table, equality};
use ark_ff::{AdditiveGroup, Field};
use candor_circuits::layout::LIMB_LOG2;
use candor_program::Fr;
use candor_program::class::TensorId;
use candor_program::operator::{Operator, Term};

/// The relations in the order of their weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Helper,
    Sums,
    TableHelper,
    Rows,
    Saturation,
    Bit,
}

pub(crate) const RELATIONS: [Relation; 6] = [
    Relation::Helper,
    Relation::Sums,
    Relation::TableHelper,
    Relation::Rows,
    Relation::Saturation,
    Relation::Bit,
];

/// By how much every relation's sum misses what it should be, under the challenges of a play.
pub(crate) fn violations(forgery: &Forgery<'_>, play: &Play) -> [Fr; 6] {
    let (case, layout) = (forgery.case, &forgery.case.layout);
    let drawn = |name: Name| play.challenges[name.index(layout)];
    let beta = drawn(Name::Beta);
    let tau: Vec<Fr> = (0..layout.vars()).map(|i| drawn(Name::Tau(i))).collect();
    let inverse = |value: Fr| (beta - value).inverse().unwrap();
    let helper = forgery.helper.clone();
    let helper: Table =
        helper.unwrap_or_else(|| forgery.sums.cells.iter().map(|cell| inverse(*cell)).collect());
    let limbs = || forgery.sums.multiplicities.iter().zip((0u64..).map(Fr::from));
    let table = forgery.table_helper.clone();
    let table: Table = table.unwrap_or_else(|| limbs().map(|(mu, limb)| *mu * inverse(limb)).collect());

    let cells = forgery.sums.cells.iter().zip(&helper).zip(equality(&tau));
    let in_helper = cells.map(|((cell, helper), eq)| eq * (*helper * (beta - cell) - Fr::ONE)).sum();
    let in_sums = helper.iter().sum::<Fr>() - table.iter().sum::<Fr>();
    let eq = equality(&tau[tau.len() - LIMB_LOG2..]);
    let in_table =
        limbs().zip(&table).zip(eq).map(|(((mu, limb), g), eq)| eq * (*g * (beta - limb) - mu)).sum();

    let accumulated = accumulated(forgery);
    let (mut rows, mut saturation, mut bit) = (Fr::ZERO, Fr::ZERO, Fr::ZERO);
    for (position, eq) in equality(&tau[3..]).into_iter().enumerate() {
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
    [in_helper, in_sums, in_table, rows, saturation, bit]
}

/// `acc * multiplier - low * 2^16` of every position, from the forger's own tensors, weights and statement.
fn accumulated(forgery: &Forgery<'_>) -> Table {
    let (case, layout) = (forgery.case, &forgery.case.layout);
    let card = &case.program.card;
    let mut accumulated = vec![Fr::ZERO; case.positions()];
    let value = |tensor: TensorId, decision: usize, index: usize| match layout.place(tensor) {
        None => forgery.public.features[decision][index],
        Some(_) => {
            let position = case.position(tensor, decision, index);
            let byte = |column: usize| forgery.sums.cells[case.cell(column, position)];
            let Operator::Affine(affine) = &card.operators[usize::from(tensor.0) - 1];
            byte(0) + byte(1) * Fr::from(256u64) + Fr::from(affine.rescale.low)
        }
    };
    for (operator, Operator::Affine(affine)) in card.operators.iter().enumerate() {
        let tensor = TensorId(operator as u16 + 1);
        let place = layout.place(tensor).unwrap();
        for decision in 0..layout.batch() {
            for index in 0..1usize << place.vars {
                let mut sum = forgery.sums.bias[place.offset + index];
                for (number, term) in affine.terms.iter().enumerate() {
                    match term {
                        Term::Scaled { source, coefficient } => {
                            sum += Fr::from(*coefficient) * value(*source, decision, index);
                        }
                        Term::Dense { source } => {
                            let dense =
                                layout.dense.iter().find(|d| (d.operator, d.term) == (operator, number));
                            let dense = dense.unwrap();
                            let start = dense.weights.offset + (index << dense.input_log2);
                            for j in 0..1 << dense.input_log2 {
                                sum += forgery.sums.weights[start + j] * value(*source, decision, j);
                            }
                        }
                    }
                }
                accumulated[case.position(tensor, decision, index)] = sum
                    * Fr::from(affine.rescale.multiplier)
                    - Fr::from(affine.rescale.low) * Fr::from(65_536u64);
            }
        }
    }
    accumulated
}

/// What the last claim must lack: every violation with its weight, carried through the rounds. A prover sends values at 0, 2
/// and 3, so an error of the claim is an error at 1: each round multiplies it by the Lagrange polynomial of 1.
pub(crate) fn expected_gap(case: &Case, play: &Play, violations: &[Fr; 6]) -> Fr {
    let drawn = |name: Name| play.challenges[name.index(&case.layout)];
    let alpha = drawn(Name::Alpha);
    let error: Fr = violations.iter().zip(0u64..).map(|(violation, i)| alpha.pow([i]) * violation).sum();
    let half = Fr::from(2u64).inverse().unwrap();
    let carried: Fr = (0..case.layout.vars())
        .map(|round| {
            let r = drawn(Name::R(round));
            r * (r - Fr::from(2u64)) * (r - Fr::from(3u64)) * half
        })
        .product();
    -error * carried
}
