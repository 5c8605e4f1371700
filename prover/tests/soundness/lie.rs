//! The lies that forgeries start from, each with the false statement that it would prove.

use crate::case::Case;
use crate::defect::{Defects, verify_with};
use crate::forger::{Forgery, Play};
use ark_ff::{AdditiveGroup, PrimeField};
use candor_circuits::channel::Check;
use candor_circuits::layout::LIMBS;
use candor_program::Fr;

/// A value of the revealed tensor that does not saturate: decision and index.
fn unsaturated(case: &Case) -> (usize, usize) {
    let values = case.statement.values.iter().enumerate();
    let mut places =
        values.flat_map(|(decision, values)| (0..values.len()).map(move |index| (decision, index)));
    // the last decision is repeated: a lie about it would be several
    places
        .find(|(decision, index)| {
            let position = case.position(case.layout.revealed, *decision, *index);
            *decision + 1 < case.statement.values.len()
                && (4..8).all(|column| case.witness.cells[case.cell(column, position)] == 0)
        })
        .unwrap()
}

/// The position of the value that is one too high.
pub(crate) fn wrong_position(case: &Case) -> usize {
    let (decision, index) = unsaturated(case);
    case.position(case.layout.revealed, decision, index)
}

/// Adds to a number that is spread over byte columns.
pub(crate) fn add_to_bytes(
    case: &Case,
    cells: &mut [Fr],
    (first, count): (usize, usize),
    position: usize,
    change: i64,
) {
    let byte = |column: usize| cells[case.cell(column, position)].into_bigint().0[0] as i64;
    let value: i64 = (0..count).map(|i| byte(first + i) << (8 * i)).sum::<i64>() + change;
    assert!((0..1 << (8 * count)).contains(&value), "the change carries out of its columns");
    for i in 0..count {
        cells[case.cell(first + i, position)] = Fr::from(value >> (8 * i) & 255);
    }
}

/// How often each limb occurs; cells that are no limb are not counted.
pub(crate) fn count(cells: &[Fr]) -> Vec<Fr> {
    let mut counts = vec![Fr::ZERO; LIMBS];
    for cell in cells {
        let [low, rest @ ..] = cell.into_bigint().0;
        if rest == [0; 3] && low < LIMBS as u64 {
            counts[low as usize] += Fr::from(1u64);
        }
    }
    counts
}

/// The statement is false, the witness is not changed: the claim of the revealed values is wrong.
pub(crate) fn false_statement(case: &Case) -> Forgery<'_> {
    let (decision, index) = unsaturated(case);
    Forgery { public: case.with_value(decision, index, 1), ..Forgery::honest(case) }
}

/// The witness has the false value: the row relation is wrong.
pub(crate) fn wrong_row(case: &Case) -> Forgery<'_> {
    let mut forgery = false_statement(case);
    add_to_bytes(case, &mut forgery.sums.cells, (0, 2), wrong_position(case), 1);
    forgery.sums.multiplicities = count(&forgery.sums.cells);
    forgery
}

/// The remainder makes up for it, (q + 1, rem - 2^16): the row relation holds, one cell is no limb.
pub(crate) fn wrong_limb(case: &Case) -> Forgery<'_> {
    let mut forgery = wrong_row(case);
    forgery.sums.cells[case.cell(2, wrong_position(case))] -= Fr::from(1u64 << 16);
    forgery.sums.multiplicities = count(&forgery.sums.cells);
    forgery
}

/// What the last claim of the batched sumcheck lacks.
fn relations_gap(forgery: &Forgery<'_>, play: &Play) -> Fr {
    let mut defects = forgery.defects.clone();
    defects.ignored = vec![Check::Relations, Check::Folding, Check::Pairing];
    verify_with(forgery.case, &forgery.public, &defects, &play.proof).difference(Check::Relations)
}

/// Two changes, `shift`, that close the gap of the relations and cancel in the merge, where they have these `weights`.
pub(crate) fn cancel<'a>(
    base: impl Fn() -> Forgery<'a>,
    shift: impl Fn(&mut Forgery<'a>, [Fr; 2]),
    weights: impl Fn(&Play) -> [Fr; 2],
) -> Play {
    let shifted = |changes: [u64; 2]| {
        let mut forgery = base();
        shift(&mut forgery, changes.map(Fr::from));
        let play = forgery.play();
        (relations_gap(&forgery, &play), play)
    };
    let (gap, play) = shifted([0, 0]);
    let slopes = [shifted([1, 0]).0 - gap, shifted([0, 1]).0 - gap];
    let changes =
        crate::table::solve(vec![slopes.to_vec(), weights(&play).to_vec()], vec![-gap, Fr::ZERO]).unwrap();
    let mut forgery = base();
    shift(&mut forgery, [changes[0], changes[1]]);
    forgery.play()
}

/// A play of a forgery under defects.
pub(crate) fn under<'a>(forgery: Forgery<'a>, defects: &Defects) -> Forgery<'a> {
    Forgery { defects: defects.clone(), ..forgery }
}
