//! One complete forgery for every challenge that a prover could know too early.
//!
//! The same attacks serve two defects: the message before the challenge is not absorbed, or the challenge is known.

use crate::case::{Case, case};
use crate::defect::{Defects, Name};
use crate::forger::{Forgery, Play, Repairs, late};
use crate::lie::{cancel, false_statement, under, wrong_limb, wrong_position, wrong_row};
use crate::table::{equality, solve};
use ark_ff::{AdditiveGroup, Field};
use candor_circuits::claim::Object;
use candor_circuits::layout::{COLUMNS, LIMB_LOG2};
use candor_circuits::statement::PublicValues;
use candor_program::Fr;
use candor_program::class::TensorId;

/// A false statement and the proof of it.
pub(crate) struct Forged {
    pub(crate) public: PublicValues<Fr>,
    pub(crate) proof: Vec<u8>,
}

fn forged(forgery: &Forgery<'_>) -> Forged {
    Forged { public: forgery.public.clone(), proof: forgery.play().proof }
}

fn drawn(case: &Case, play: &Play, name: Name) -> Fr {
    play.challenges[name.index(&case.layout)]
}

fn tau(case: &Case, play: &Play) -> Vec<Fr> {
    (0..case.layout.rounds).map(|i| drawn(case, play, Name::Tau(i))).collect()
}

fn inverse(value: Fr) -> Fr {
    value.inverse().unwrap()
}

/// Knows beta before the multiplicities: one of them makes the sums agree although a cell is no limb.
pub(crate) fn multiplicities_after_beta(defects: &Defects) -> Forged {
    let case = case();
    let mut forgery = under(wrong_limb(case), defects);
    let beta = drawn(case, &forgery.play(), Name::Beta);
    let missing = sums_gap(&forgery, beta) * beta;
    forgery.sums.multiplicities[0] += missing;
    forged(&forgery)
}

/// Sum of the helper minus sum of the table helper.
fn sums_gap(forgery: &Forgery<'_>, beta: Fr) -> Fr {
    let cells: Fr = forgery.sums.cells.iter().map(|cell| inverse(beta - cell)).sum();
    let limbs = forgery.sums.multiplicities.iter().zip(0u64..);
    cells - limbs.map(|(mu, limb)| *mu * inverse(beta - Fr::from(limb))).sum::<Fr>()
}

/// Knows tau before the helper: two of its values are wrong, and cancel in the zero-check.
pub(crate) fn helper_after_tau(defects: &Defects) -> Forged {
    let case = case();
    let mut forgery = under(wrong_limb(case), defects);
    let play = forgery.play();
    let (beta, eq) = (drawn(case, &play, Name::Beta), equality(&tau(case, &play)));
    let mut helper: Vec<Fr> = forgery.sums.cells.iter().map(|cell| inverse(beta - cell)).collect();
    let in_check = |cell: usize| eq[cell] * (beta - forgery.sums.cells[cell]);
    let rows = vec![vec![Fr::ONE; 2], vec![in_check(0), in_check(1)]];
    let changes = solve(rows, vec![-sums_gap(&forgery, beta), Fr::ZERO]).unwrap();
    helper[0] += changes[0];
    helper[1] += changes[1];
    forgery.helper = Some(helper);
    forged(&forgery)
}

/// The same on the table's side.
pub(crate) fn table_helper_after_tau(defects: &Defects) -> Forged {
    let case = case();
    let mut forgery = under(wrong_limb(case), defects);
    let play = forgery.play();
    let tau = tau(case, &play);
    let (beta, eq) = (drawn(case, &play, Name::Beta), equality(&tau[tau.len() - LIMB_LOG2..]));
    let limbs = forgery.sums.multiplicities.iter().zip(0u64..);
    let mut helper: Vec<Fr> = limbs.map(|(mu, limb)| *mu * inverse(beta - Fr::from(limb))).collect();
    let in_check = |limb: usize| eq[limb] * (beta - Fr::from(limb as u64));
    let rows = vec![vec![Fr::ONE; 2], vec![in_check(0), in_check(1)]];
    let changes = solve(rows, vec![sums_gap(&forgery, beta), Fr::ZERO]).unwrap();
    helper[0] += changes[0];
    helper[1] += changes[1];
    forgery.table_helper = Some(helper);
    forged(&forgery)
}

/// Knows alpha before the witness: the row relation fails at one position, "the helper is the inverse" fails at its eight
/// cells, and the two cancel; the multiplicities hide what that does to the sums.
pub(crate) fn relations_that_cancel(defects: &Defects, alpha: Fr) -> Forged {
    let case = case();
    let mut forgery = under(wrong_row(case), defects);
    let excess = -alpha.pow([3]) * Fr::from(1u64 << 16);
    let cells: Vec<usize> = (0..COLUMNS).map(|column| case.cell(column, wrong_position(case))).collect();
    for cell in &cells {
        let limb = (0u64..).find(|limb| Fr::from(*limb) == forgery.sums.cells[*cell]).unwrap();
        forgery.sums.multiplicities[limb as usize] += excess;
    }
    let beta = drawn(case, &forgery.play(), Name::Beta);
    let mut helper: Vec<Fr> = forgery.sums.cells.iter().map(|cell| inverse(beta - cell)).collect();
    for cell in cells {
        helper[cell] *= Fr::ONE + excess;
    }
    forgery.helper = Some(helper);
    forged(&forgery)
}

/// Knows a round's challenge before the round: the wrong claim becomes true there.
pub(crate) fn round_after_challenge(defects: &Defects, round: usize) -> Forged {
    let case = case();
    let mut forgery = under(wrong_row(case), defects);
    let challenge = drawn(case, &forgery.play(), Name::R(round));
    forgery.repairs = Repairs { round: Some((round, challenge)), ..Repairs::default() };
    forged(&forgery)
}

/// Two values at the final point that close the relations' gap and cancel in the merge.
pub(crate) fn values_that_cancel(
    defects: &Defects,
    shift: fn(&mut candor_circuits::argument::FinalValues<Fr>, [Fr; 2]),
    weights: impl Fn(&Play) -> [Fr; 2],
) -> Forged {
    let case = case();
    let shift = move |forgery: &mut Forgery<'static>, changes: [Fr; 2]| {
        forgery.values = Some(Box::new(move |values| shift(values, changes)));
    };
    let play = cancel(|| under(wrong_row(case), defects), shift, weights);
    Forged { public: wrong_row(case).public, proof: play.proof }
}

/// Power of rho of a claim.
pub(crate) fn rho_power(play: &Play, claim: usize) -> Fr {
    drawn(case(), play, Name::Rho).pow([claim as u64])
}

/// Knows the revealed point before the statement: two false values cancel there.
pub(crate) fn values_of_the_statement(defects: &Defects) -> Forged {
    let case = case();
    let forgery = under(Forgery::honest(case), defects);
    let play = forgery.play();
    let t: Vec<Fr> = (0..case.layout.batch_log2 + case.layout.revealed_output().place.vars)
        .map(|i| drawn(case, &play, Name::T(i)))
        .collect();
    let eq = equality(&t);
    let mut public = case.public.clone();
    for list in [&mut public.above_low, &mut public.values] {
        list[0][0] += eq[1];
        list[0][1] -= eq[0];
    }
    assert_ne!(public.values, case.public.values);
    forged(&Forgery { public, ..under(Forgery::honest(case), defects) })
}

/// Knows tau and r before the statement: two false features cancel in the only place where the input is read.
pub(crate) fn features_of_the_statement(defects: &Defects) -> Forged {
    let case = case();
    let inputs = case.layout.contractions.iter().filter(|term| term.right.source == TensorId(0)).count();
    assert_eq!((inputs, case.layout.linear.iter().filter(|term| term.reads_input()).count()), (1, 0));
    let forgery = under(Forgery::honest(case), defects);
    let play = forgery.play();
    let r: Vec<Fr> = (0..case.layout.rounds).map(|i| drawn(case, &play, Name::R(i))).collect();
    let eq = equality(&r[r.len() - case.layout.input_log2..]);
    let mut public = case.public.clone();
    public.features[0][0] += eq[1];
    public.features[0][1] -= eq[0];
    Forged { public, proof: play.proof }
}

/// The witness is made after everything that is asked of it: any cells that satisfy the claims.
pub(crate) fn witness_after_the_claims(defects: &Defects) -> Forged {
    let case = case();
    let mut forgery = under(false_statement(case), defects);
    let claims = forgery.play().claims;
    let mut opened = forgery.sums.clone();
    opened.cells = late(Object::Witness, &opened.cells, &claims);
    forgery.opened = Some(opened);
    forged(&forgery)
}

/// Knows a challenge of merge or opening before its message: the wrong claim about the revealed values becomes true there.
pub(crate) fn opening_after_challenge(defects: &Defects, name: Name) -> Forged {
    let case = case();
    let mut forgery = under(false_statement(case), defects);
    if name == Name::Zeta {
        // the folds' values lie too, so that zeta is known only after them
        forgery.repairs.quotient = Some(Fr::ONE);
    }
    let challenge = drawn(case, &forgery.play(), name);
    forgery.repairs = match name {
        Name::S(round) => Repairs { merge_round: Some((round, challenge)), ..Repairs::default() },
        Name::X => Repairs { folds: Some(challenge), ..Repairs::default() },
        Name::Q => Repairs { fold_values: Some(challenge), ..Repairs::default() },
        Name::Zeta => Repairs { quotient: Some(challenge), ..Repairs::default() },
        other => unreachable!("{other:?} is no challenge of merge or opening"),
    };
    forged(&forgery)
}
