//! Every named check, left out: a forgery is accepted, and the production verifier rejects it by that very check.

use crate::case::case;
use crate::defect::{Defects, Name, verify_with};
use crate::forger::{Forgery, Repairs};
use crate::lie::{add_to_bytes, count, false_statement, wrong_position, wrong_row};
use ark_ff::{AdditiveGroup, Field};
use candor_circuits::channel::Check;
use candor_circuits::layout::LIMBS;
use candor_circuits::model::{bias_object, weights_object};
use candor_circuits::native::ArgumentError;
use candor_program::Fr;
use candor_program::class::TensorId;
use candor_prover::argument::{ProvingKey, prove};

pub(crate) fn only_without(check: Check, forgery: &Forgery<'_>, what: &str) {
    let (case, proof) = (forgery.case, forgery.play().proof);
    let report = verify_with(case, &forgery.public, &Defects::ignoring(&[check]), &proof);
    assert_eq!(report.result, Ok(()), "{what}: nothing else may stop it");
    assert_eq!(case.verify(&forgery.public, &proof), Err(ArgumentError::Rejected(check)), "{what}");
}

#[test]
fn relations() {
    only_without(Check::Relations, &wrong_row(case()), "a wrong row");
}

#[test]
fn folding() {
    let case = case();
    only_without(Check::Folding, &false_statement(case), "a false statement");
    // values at the final point that satisfy the relations without being the objects'
    let with_matrix = |factor: u64| {
        let mut forgery = Forgery::honest(case);
        let factor = Fr::from(factor);
        forgery.values = Some(Box::new(move |values| {
            values.factors[1][0] *= factor;
            values.factors[1][1] *= factor.inverse().unwrap();
        }));
        forgery
    };
    only_without(Check::Folding, &with_matrix(3), "weights and source scaled");
    let swapped = Forgery {
        values: Some(Box::new(|values| {
            let (weights, source) = (values.factors[1][0], values.factors[1][1]);
            (values.factors[1][0], values.factors[1][1]) = (source, weights);
        })),
        ..Forgery::honest(case)
    };
    only_without(Check::Folding, &swapped, "weights and source swapped");
    let column = Forgery {
        values: Some(Box::new(|values| {
            // y' stays the same: 256 from the high byte to the low one; the lookup's combination of columns does not
            values.columns[0] += Fr::from(256u64);
            values.columns[1] -= Fr::ONE;
        })),
        ..Forgery::honest(case)
    };
    let proof = column.play().proof;
    assert_eq!(case.verify(&case.public, &proof), Err(ArgumentError::Rejected(Check::Relations)));
}

/// The same lies with the folding made to agree: the pairing is what is left.
#[test]
fn pairing() {
    let case = case();
    let lying_values = Forgery {
        repairs: Repairs { fold_values: Some(Fr::from(7u64)), ..Repairs::default() },
        ..false_statement(case)
    };
    only_without(Check::Pairing, &lying_values, "values of the folds");
    let lying_folds = Forgery {
        repairs: Repairs { folds: Some(Fr::from(7u64)), ..Repairs::default() },
        ..false_statement(case)
    };
    only_without(Check::Pairing, &lying_folds, "folds made for another x");
    let lying_quotient = Forgery {
        repairs: Repairs { quotient: Some(Fr::from(7u64)), ..Repairs::default() },
        ..false_statement(case)
    };
    only_without(Check::Pairing, &lying_quotient, "a quotient made for another zeta");
}

/// The statement that follows from other weights, proven with those weights: nothing but the commitments differ.
#[test]
fn other_weights_and_biases_than_the_committed() {
    let case = case();
    let changed = |weights: bool| {
        let mut program = case.program.clone();
        let operator = &mut program.weights.operators[1];
        if weights {
            operator.dense[0][3] ^= 1
        } else {
            operator.bias[2] += 1
        };
        program
    };
    for weights in [true, false] {
        let program = changed(weights);
        let features = &case.statement.features;
        let witness = candor_prover::witness::Witness::new(&program, &case.layout, features).unwrap();
        let revealed = usize::from(case.layout.revealed.0);
        let mut statement = case.statement.clone();
        statement.values = witness.tensors[..3].iter().map(|tensors| tensors[revealed].clone()).collect();
        let public = statement.public_values(&program.card).unwrap();
        let (matrices, bias) = (
            weights_object(&program.card, &program.weights, &case.layout),
            bias_object(&program.card, &program.weights, &case.layout),
        );
        // the production prover, with a key of other weights
        let powers = case.reference.powers();
        let key = ProvingKey { powers, weights: &matrices, bias: &bias, tables: &[], program: &case.data };
        let proof = prove(&key, &case.layout, &public, &witness);
        assert_eq!(case.verify(&public, &proof), Err(ArgumentError::Rejected(Check::Pairing)));
        let report = verify_with(case, &public, &Defects::ignoring(&[Check::Pairing]), &proof);
        assert_eq!(report.result, Ok(()));

        // the sums with other weights, the openings with the committed ones
        let mut forgery = Forgery::honest(case);
        forgery.public = public;
        forgery.sums.cells = witness.cells.iter().map(|cell| Fr::from(*cell)).collect();
        forgery.sums.multiplicities = count(&forgery.sums.cells);
        let mut opened = forgery.sums.clone();
        opened.weights.clone_from(&case.objects.weights);
        opened.bias.clone_from(&case.objects.bias);
        forgery.sums.weights = matrices.iter().map(|weight| Fr::from(*weight)).collect();
        forgery.sums.bias = bias.iter().map(|bias| Fr::from(*bias)).collect();
        forgery.opened = Some(opened);
        only_without(Check::Folding, &forgery, "committed weights opened as others");
    }
}

/// Zero, one and minus one as the folds' challenge: the three points would not be three.
#[test]
fn degenerate_challenge() {
    let case = case();
    let proof = case.honest_proof();
    let with_x = |x: Fr, ignored: &[Check]| {
        let mut defects = Defects::fixing(&case.layout, Name::X, x);
        defects.ignored = ignored.to_vec();
        verify_with(case, &case.public, &defects, &proof).result
    };
    let degenerate = Err(ArgumentError::Rejected(Check::DegenerateChallenge));
    let later = [Check::Folding, Check::Pairing];
    assert_eq!(with_x(Fr::ZERO, &[]), degenerate);
    assert_eq!(with_x(Fr::ONE, &later), degenerate);
    assert_eq!(with_x(-Fr::ONE, &later), degenerate);
    assert_eq!(with_x(Fr::from(2u64), &later), Ok(()));
    // x = -1 makes x^2 = 1 = -x; x = 1 makes x^2 = x; nothing else makes two of the points equal
    let fourth_root = Fr::from(-1i64).sqrt().unwrap();
    assert_eq!(with_x(fourth_root, &later), Ok(()));
}

/// Tails that no functional reads: a prover may put there what he likes and proves the same.
#[test]
fn the_unused_tail_of_a_row_changes_nothing() {
    let case = case();
    let with_tail = |base: Forgery<'static>| {
        let mut opened = base.sums.clone();
        let row = 1 << case.layout.row_log2;
        assert!(opened.multiplicities.len() == LIMBS && row > LIMBS);
        opened.multiplicities.extend((LIMBS..row).map(|i| Fr::from(i as u64).inverse().unwrap()));
        Forgery { opened: Some(opened), ..base }
    };
    let honest = with_tail(Forgery::honest(case));
    assert_eq!(case.verify(&case.public, &honest.play().proof), Ok(()));
    only_without(Check::Folding, &with_tail(false_statement(case)), "a false statement with a tail");
    only_without(Check::Relations, &with_tail(wrong_row(case)), "a wrong row with a tail");
}

/// A reference string longer than a row lets a prover commit to more coefficients: they fold to what is no constant.
#[test]
fn coefficients_beyond_a_row_are_rejected() {
    let case = case();
    let row = 1usize << case.layout.row_log2;
    assert!(case.reference.powers().len() >= 2 * row);
    let mut one_more = vec![Fr::ZERO; row];
    one_more[0] = Fr::ONE;
    for beyond in [one_more, (1..=row as u64).map(Fr::from).collect()] {
        let forgery = Forgery { beyond, ..Forgery::honest(case) };
        only_without(Check::Folding, &forgery, "the last fold is no constant");
    }
}

/// A tensor's values as different readers see them are one tensor: a lie to one reader is a lie to the commitment.
#[test]
fn one_reader_cannot_be_told_another_value() {
    let case = case();
    let readers = case.layout.contractions.iter().filter(|term| term.right.source == TensorId(1)).count();
    assert_eq!(
        (readers, case.layout.linear.len()),
        (1, 1),
        "tensor 1 is read by a matrix and by a scaled term"
    );
    // the rows of operator 1 from another tensor 1 than the rows of operator 0 give
    let position = wrong_position(case);
    let mut opened = case.objects.clone();
    add_to_bytes(case, &mut opened.cells, (0, 2), position, 1);
    let forgery = Forgery { opened: Some(opened), ..Forgery::honest(case) };
    only_without(Check::Folding, &forgery, "summed and opened cells differ");
}
