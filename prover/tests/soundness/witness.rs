//! Forged witnesses: every wrong output, remainder, saturation and multiplicity is stopped by the relation named for it.

use crate::case::{Case, case};
use crate::defect::{Defects, Name, verify_with};
use crate::forger::{Forgery, Play};
use crate::lie::{add_to_bytes, count, wrong_limb};
use crate::relations::{RELATIONS, Relation, expected_gap, violations};
use ark_ff::{AdditiveGroup, Field};
use candor_benches::synthetic::{Shape, features, perceptron};
use candor_circuits::channel::Check;
use candor_circuits::native::ArgumentError;
use candor_program::Fr;
use candor_program::class::TensorId;
use candor_program::evaluate::Evaluator;
use candor_program::operator::{Operator, rescale::EXCESS_LIMIT};
use std::sync::OnceLock;

/// Accumulators at every boundary of the rescale, for a lowest output of 0.
const BOUNDARIES: [i64; 16] = [
    0,
    1 << 15,
    (1 << 15) - 1,
    -(1 << 15),
    -(1 << 15) - 1,
    -(1 << 16),
    65_535 << 16,
    65_536 << 16,
    (EXCESS_LIMIT - 1 + 65_535) << 16,
    -((EXCESS_LIMIT - 1) << 16),
    (5 << 16) + 7,
    (65_535 << 16) + (1 << 15) - 1,
    (65_535 << 16) + (1 << 15),
    (300 << 16) + 40_000,
    -(1 << 39) + 1,
    -1,
];
const ZERO: usize = 0;
const TIE: usize = 1;
const NEGATIVE_TIE: usize = 3;
const BELOW: usize = 5;
const HIGHEST: usize = 6;
const ABOVE: usize = 7;
const INSIDE: usize = 10;

/// One operator with these accumulators (its weights are zero) that nobody reads, and one of width 7 that reads it.
fn boundaries() -> &'static Case {
    static CASE: OnceLock<Case> = OnceLock::new();
    CASE.get_or_init(|| {
        let shape = Shape { widths: &[1, 16, 7], row_log2: 9, residual: false, gain: 1 };
        let mut program = perceptron(&shape, crate::case::reference().card(), 3);
        for operator in &mut program.weights.operators {
            operator.dense[0].fill(0);
        }
        program.weights.operators[0].bias = BOUNDARIES.to_vec();
        let Operator::Affine(first) = &mut program.card.operators[0] else { panic!("a lookup") };
        first.rescale.multiplier = 1;
        let decisions = vec![features(&program, 1)];
        Case::new(program, &decisions, 0, TensorId(1))
    })
}

/// A forged witness for the boundary program, and which relations it violates.
struct Lie {
    name: &'static str,
    tell: fn(&Case, &mut Forgery<'static>),
    violates: &'static [Relation],
}

fn at(case: &Case, index: usize) -> usize {
    case.position(TensorId(1), 0, index)
}

fn add(case: &Case, forgery: &mut Forgery<'_>, column: usize, index: usize, change: Fr) {
    forgery.sums.cells[case.cell(column, at(case, index))] += change;
}

fn output(case: &Case, forgery: &mut Forgery<'_>, index: usize, change: i64) {
    add_to_bytes(case, &mut forgery.sums.cells, (0, 2), at(case, index), change);
}

fn excess(case: &Case, forgery: &mut Forgery<'_>, index: usize, change: i64) {
    add_to_bytes(case, &mut forgery.sums.cells, (4, 3), at(case, index), change);
}

const LIES: &[Lie] = &[
    Lie { name: "output one too high", tell: |c, f| output(c, f, INSIDE, 1), violates: &[Relation::Rows] },
    Lie { name: "output one too low", tell: |c, f| output(c, f, INSIDE, -1), violates: &[Relation::Rows] },
    Lie {
        name: "(q + 1, rem - 2^16)",
        tell: |c, f| {
            output(c, f, INSIDE, 1);
            add(c, f, 2, INSIDE, -Fr::from(65_536u64));
        },
        violates: &[Relation::Sums],
    },
    Lie {
        name: "(q - 1, rem + 2^16)",
        tell: |c, f| {
            output(c, f, INSIDE, -1);
            add(c, f, 3, INSIDE, Fr::from(256u64));
        },
        violates: &[Relation::Sums],
    },
    Lie {
        name: "(q + 1 / 2^16, rem - 1), fractions of the field",
        tell: |c, f| {
            add(c, f, 0, INSIDE, Fr::from(65_536u64).inverse().unwrap());
            add(c, f, 2, INSIDE, -Fr::ONE);
        },
        violates: &[Relation::Sums],
    },
    Lie {
        name: "low byte 256 too high, high byte one too low",
        tell: |c, f| {
            add(c, f, 0, 13, Fr::from(256u64));
            add(c, f, 1, 13, -Fr::ONE);
        },
        violates: &[Relation::Sums],
    },
    Lie {
        name: "excess downwards where nothing saturates",
        tell: |c, f| {
            output(c, f, INSIDE, 1);
            excess(c, f, INSIDE, 1);
        },
        violates: &[Relation::Saturation],
    },
    Lie {
        name: "excess upwards where nothing saturates",
        tell: |c, f| {
            output(c, f, INSIDE, -1);
            excess(c, f, INSIDE, 1);
            add(c, f, 7, INSIDE, Fr::ONE);
        },
        violates: &[Relation::Saturation],
    },
    Lie {
        name: "direction 2",
        tell: |c, f| add(c, f, 7, INSIDE, Fr::from(2u64)),
        violates: &[Relation::Bit],
    },
    Lie {
        name: "direction 1/2: an excess that does not count",
        tell: |c, f| {
            add(c, f, 7, BELOW, Fr::from(2u64).inverse().unwrap());
        },
        violates: &[Relation::Sums, Relation::Rows, Relation::Saturation, Relation::Bit],
    },
    Lie {
        name: "sign(0) = -1: zero as one below, with a remainder of 2^16 more",
        tell: |c, f| {
            excess(c, f, ZERO, 1);
            add(c, f, 3, ZERO, Fr::from(256u64));
        },
        violates: &[Relation::Sums],
    },
    Lie {
        name: "sign(0) = -1: zero as one, and one below it",
        tell: |c, f| {
            output(c, f, ZERO, 1);
            excess(c, f, ZERO, 1);
        },
        violates: &[Relation::Saturation],
    },
    Lie {
        name: "a tie rounded down",
        tell: |c, f| {
            output(c, f, TIE, -1);
            add(c, f, 3, TIE, Fr::from(256u64));
        },
        violates: &[Relation::Sums],
    },
    Lie {
        name: "a negative tie rounded away from zero",
        tell: |c, f| {
            excess(c, f, NEGATIVE_TIE, 1);
            add(c, f, 3, NEGATIVE_TIE, Fr::from(256u64));
        },
        violates: &[Relation::Sums],
    },
    Lie {
        name: "ReLU lets a negative value through",
        tell: |c, f| {
            add(c, f, 0, BELOW, -Fr::ONE);
            excess(c, f, BELOW, -1);
        },
        violates: &[Relation::Sums],
    },
    Lie {
        name: "no saturation above: y' = 65536",
        tell: |c, f| {
            add(c, f, 1, ABOVE, Fr::ONE);
            add(c, f, 0, ABOVE, -Fr::from(255u64));
            excess(c, f, ABOVE, -1);
            add(c, f, 7, ABOVE, -Fr::ONE);
        },
        violates: &[Relation::Sums],
    },
    Lie {
        name: "saturates to the lower end with a negative excess",
        tell: |c, f| {
            output(c, f, ABOVE, -65_535);
            add(c, f, 4, ABOVE, -Fr::from(65_537u64));
            add(c, f, 7, ABOVE, -Fr::ONE);
        },
        violates: &[Relation::Sums],
    },
    Lie {
        name: "saturates to the lower end, upwards",
        tell: |c, f| {
            output(c, f, ABOVE, -65_535);
            excess(c, f, ABOVE, 65_535);
        },
        violates: &[Relation::Saturation],
    },
    Lie {
        name: "saturates to the upper end from below",
        tell: |c, f| {
            output(c, f, BELOW, 65_535);
            excess(c, f, BELOW, 65_535);
        },
        violates: &[Relation::Saturation],
    },
    Lie {
        name: "direction of a saturation reversed",
        tell: |c, f| add(c, f, 7, ABOVE, -Fr::ONE),
        violates: &[Relation::Rows, Relation::Saturation],
    },
    Lie {
        name: "highest value wraps to zero",
        tell: |c, f| output(c, f, HIGHEST, -65_535),
        violates: &[Relation::Rows],
    },
    Lie {
        name: "a padded index is not zero",
        tell: |c, f| {
            let position = c.position(TensorId(2), 0, 7);
            add_to_bytes(c, &mut f.sums.cells, (0, 2), position, 1);
        },
        violates: &[Relation::Rows],
    },
    Lie {
        name: "a position of no operator is not empty",
        tell: |c, f| f.sums.cells[c.cell(0, c.positions() - 1)] += Fr::ONE,
        violates: &[Relation::Rows],
    },
];

/// Lies about the lookup, on an honest witness unless they say otherwise; the forger knows beta when he tells them.
const LOOKUP_LIES: &[Lie] = &[
    Lie {
        name: "a multiplicity moved to another limb",
        tell: |_, f| {
            f.sums.multiplicities[1] += Fr::ONE;
            f.sums.multiplicities[2] -= Fr::ONE;
        },
        violates: &[Relation::Sums],
    },
    Lie {
        name: "a limb left out",
        tell: |_, f| f.sums.multiplicities[0] = Fr::ZERO,
        violates: &[Relation::Sums],
    },
    Lie {
        name: "a negative multiplicity",
        tell: |_, f| f.sums.multiplicities[77] = -Fr::ONE,
        violates: &[Relation::Sums],
    },
    Lie {
        name: "a fractional multiplicity",
        tell: |_, f| f.sums.multiplicities[77] = Fr::from(3u64).inverse().unwrap(),
        violates: &[Relation::Sums],
    },
];

/// Plays the forgery as well as it can be played; gives which relations it violates. Everything else must hold: with the
/// check of the relations left out the proof is accepted, and what the check misses is exactly the violations' sum.
pub(crate) fn violated(forgery: &Forgery<'_>, name: &str) -> Vec<Relation> {
    let case = forgery.case;
    let play: Play = forgery.play();
    let violations = violations(forgery, &play);
    let violated = RELATIONS.into_iter().zip(&violations).filter(|(_, by)| **by != Fr::ZERO).map(|(r, _)| r);
    let report = verify_with(case, &forgery.public, &Defects::ignoring(&[Check::Relations]), &play.proof);
    assert_eq!(report.result, Ok(()), "{name}: without the relations nothing stops it");
    assert_eq!(report.difference(Check::Relations), expected_gap(case, &play, &violations), "{name}");
    let violated: Vec<Relation> = violated.collect();
    let expected = if violated.is_empty() { Ok(()) } else { Err(ArgumentError::Rejected(Check::Relations)) };
    assert_eq!(case.verify(&forgery.public, &play.proof), expected, "{name}");
    violated
}

/// The statement that the forged cells would prove.
fn claim_what_the_cells_say(forgery: &mut Forgery<'_>) {
    let case = forgery.case;
    let affine = case.program.card.operators[usize::from(case.layout.revealed.0) - 1].affine().unwrap();
    for decision in 0..case.statement.values.len() {
        for index in 0..affine.width() as usize {
            let position = case.position(case.layout.revealed, decision, index);
            let byte = |column: usize| forgery.sums.cells[case.cell(column, position)];
            let above = byte(0) + byte(1) * Fr::from(256u64);
            forgery.public.above_low[decision][index] = above;
            forgery.public.values[decision][index] = above + Fr::from(affine.rescale.low);
        }
    }
}

#[test]
fn forged_rows_are_stopped_by_their_relation() {
    let case = boundaries();
    for lie in LIES {
        let mut forgery = Forgery::honest(case);
        (lie.tell)(case, &mut forgery);
        forgery.sums.multiplicities = count(&forgery.sums.cells);
        claim_what_the_cells_say(&mut forgery);
        assert_eq!(violated(&forgery, lie.name), lie.violates, "{}", lie.name);
    }
}

#[test]
fn forged_multiplicities_are_stopped_by_the_sums() {
    let case = boundaries();
    for lie in LOOKUP_LIES {
        let mut forgery = Forgery::honest(case);
        (lie.tell)(case, &mut forgery);
        assert_eq!(violated(&forgery, lie.name), lie.violates, "{}", lie.name);
    }
}

/// A cell that is no limb, hidden in the helper or in the table helper instead of the sums.
#[test]
fn forged_helpers_are_stopped_by_their_own_relation() {
    let case = case();
    let beta = |forgery: &Forgery<'_>| forgery.play().challenges[Name::Beta.index(&case.layout)];
    let inverse = |value: Fr| value.inverse().unwrap();

    let mut forgery = wrong_limb(case);
    let known = beta(&forgery);
    let table: Vec<Fr> = forgery
        .sums
        .multiplicities
        .iter()
        .zip(0u64..)
        .map(|(mu, limb)| *mu * inverse(known - Fr::from(limb)))
        .collect();
    let helper: Vec<Fr> = forgery.sums.cells.iter().map(|cell| inverse(known - cell)).collect();
    let gap = helper.iter().sum::<Fr>() - table.iter().sum::<Fr>();
    let mut wrong_helper = helper;
    wrong_helper[5] -= gap;
    forgery.helper = Some(wrong_helper);
    assert_eq!(violated(&forgery, "helper"), [Relation::Helper]);

    let mut forgery = wrong_limb(case);
    let mut wrong_table = table;
    wrong_table[9] += gap;
    forgery.table_helper = Some(wrong_table);
    assert_eq!(violated(&forgery, "table helper"), [Relation::TableHelper]);
}

/// The direction is free where nothing saturates: another witness of the same truth (docs/spec/program.md).
#[test]
fn the_direction_is_free_where_nothing_saturates() {
    let case = boundaries();
    let mut forgery = Forgery::honest(case);
    add(case, &mut forgery, 7, INSIDE, Fr::ONE);
    forgery.sums.multiplicities = count(&forgery.sums.cells);
    assert_eq!(violated(&forgery, "direction"), []);
}

/// A witness of other features than the statement's: the verifier evaluates the input itself.
#[test]
fn other_inputs_than_the_statements_are_rejected() {
    let case = case();
    let mut statement = case.statement.clone();
    statement.features[0][2] ^= 1;
    let public = statement.public_values(&case.program.card).unwrap();
    let proof = Forgery { public: public.clone(), ..Forgery::honest(case) }.play().proof;
    assert_eq!(case.verify(&public, &proof), Err(ArgumentError::Rejected(Check::Relations)));
    let proof = case.honest_proof();
    assert_eq!(case.verify(&public, &proof), Err(ArgumentError::Rejected(Check::Relations)));
}

/// A wrong value anywhere in the program, with all later operators computed from it, is stopped at its own row.
#[test]
fn a_wrong_intermediate_is_stopped_whatever_follows_from_it() {
    let case = case();
    for tensor in 1..=2 {
        let mut forgery = Forgery::honest(case);
        let position = (0..7).map(|i| case.position(TensorId(tensor), 1, i)).find(|p| {
            let value = |column| case.witness.cells[case.cell(column, *p)];
            value(0) < 255 && (4..8).all(|column| value(column) == 0)
        });
        add_to_bytes(case, &mut forgery.sums.cells, (0, 2), position.unwrap(), 1);
        recompute_after(case, &mut forgery, tensor);
        forgery.sums.multiplicities = count(&forgery.sums.cells);
        claim_what_the_cells_say(&mut forgery);
        assert_eq!(violated(&forgery, "intermediate"), [Relation::Rows]);
    }
}

/// Rows of all operators after this tensor, for decision 1, from the forged cells.
fn recompute_after(case: &Case, forgery: &mut Forgery<'_>, tensor: u16) {
    let evaluator = Evaluator::new(&case.program);
    let mut tensors = case.witness.tensors[1].clone();
    for (number, operator) in case.program.card.operators.iter().enumerate() {
        let output = TensorId(number as u16 + 1);
        if output.0 > tensor {
            for (index, row) in evaluator.rows(number, &tensors).unwrap().into_iter().enumerate() {
                for (column, byte) in candor_prover::witness::bytes(&row.unwrap()).into_iter().enumerate() {
                    forgery.sums.cells[case.cell(column, case.position(output, 1, index))] = Fr::from(byte);
                }
            }
        }
        for (index, value) in tensors[usize::from(output.0)].iter_mut().enumerate() {
            let position = case.position(output, 1, index);
            let byte = |column: usize| {
                (0..=255)
                    .find(|b| Fr::from(*b as u64) == forgery.sums.cells[case.cell(column, position)])
                    .unwrap()
            };
            *value = operator.low() + byte(0) + 256 * byte(1);
        }
    }
}
