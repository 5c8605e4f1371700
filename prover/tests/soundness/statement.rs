//! A proof belongs to one statement about one program: nothing of either can be exchanged.

use crate::case::{Case, case};
use ark_ff::Field;
use candor_benches::synthetic::{Shape, features, perceptron};
use candor_circuits::channel::Check;
use candor_circuits::layout::Layout;
use candor_circuits::native::{self, ArgumentError};
use candor_circuits::setup::VerifierSetup;
use candor_circuits::statement::{Part, ProgramData, PublicValues, ShapeError};
use candor_program::class::{OperatorClass, TensorId, TermClass};
use candor_program::digest::ProgramIds;
use candor_program::operator::Operator;
use candor_program::{Fr, Program};
use candor_prover::{ReferenceString, commit_program};

const RELATIONS: Result<(), ArgumentError> = Err(ArgumentError::Rejected(Check::Relations));
const PAIRING: Result<(), ArgumentError> = Err(ArgumentError::Rejected(Check::Pairing));

#[test]
fn every_element_of_the_statement() {
    let case = case();
    let proof = case.honest_proof();
    let rejected = |name: &str, change: &dyn Fn(&mut PublicValues<Fr>)| {
        let mut public = case.public.clone();
        change(&mut public);
        assert_eq!(case.verify(&public, &proof), RELATIONS, "{name}");
    };
    rejected("context", &|public| public.context += Fr::ONE);
    for decision in 0..case.layout.batch() {
        for index in 0..case.public.features[decision].len() {
            rejected("feature", &|public| public.features[decision][index] += Fr::ONE);
        }
        for index in 0..case.public.values[decision].len() {
            rejected("value", &|public| {
                public.above_low[decision][index] += Fr::ONE;
                public.values[decision][index] += Fr::ONE;
            });
        }
    }
    rejected("two decisions exchanged", &|public| {
        public.features.swap(0, 1);
        public.above_low.swap(0, 1);
        public.values.swap(0, 1);
    });
    rejected("two values exchanged", &|public| {
        public.above_low[0].swap(0, 1);
        public.values[0].swap(0, 1);
    });
}

#[test]
fn every_element_of_the_program_data() {
    let case = case();
    let proof = case.honest_proof();
    let verify = |data: &ProgramData<Fr>| {
        native::verify(&case.layout, data, &case.public, &case.rows, &case.setup, &proof)
    };
    let rejected = |name: &str, change: &dyn Fn(&mut ProgramData<Fr>)| {
        let mut data = case.data.clone();
        change(&mut data);
        assert_eq!(verify(&data), RELATIONS, "{name}");
    };
    assert_eq!(verify(&case.data), Ok(()));
    rejected("class digest", &|data| data.class_digest += Fr::ONE);
    rejected("model id, high half", &|data| data.model_id[0] += Fr::ONE);
    rejected("model id, low half", &|data| data.model_id[1] += Fr::ONE);
    rejected("program_fr", &|data| data.program_fr += Fr::ONE);
    // under the same digests: what a program would be that commits to its own transcript
    for operator in 0..case.data.operators.len() {
        rejected("multiplier", &|data| data.operators[operator].multiplier += Fr::ONE);
        rejected("low", &|data| data.operators[operator].low += Fr::ONE);
    }
    rejected("coefficient", &|data| data.operators[1].coefficients[0] += Fr::ONE);
    rejected("operators exchanged", &|data| data.operators.swap(0, 2));
}

/// A committed program that differs in one thing, with its own digests.
fn other(change: impl Fn(&mut Program)) -> (Program, ProgramIds) {
    let mut program = case().program.clone();
    change(&mut program);
    program.card.weight_rows = commit_program(case().reference, &program.card, &program.weights).unwrap();
    let ids = ProgramIds::of(&program.card);
    (program, ids)
}

fn verify_as(
    program: &Program,
    ids: &ProgramIds,
    setup: &VerifierSetup,
    proof: &[u8],
) -> Result<(), ArgumentError> {
    let case = case();
    let card = &program.card;
    let layout = Layout::new(&card.class, case.layout.batch_log2 as u8, case.layout.revealed).unwrap();
    let public = case.statement.public_values(card).unwrap();
    let rows = candor_circuits::model::decode_rows(card).unwrap();
    native::verify(&layout, &ProgramData::of(card, ids), &public, &rows, setup, proof)
}

/// One weight bit, bias, scale, bound, width, coefficient or wire: another program, whose proofs are its own; and the same
/// under the old digests, as if somebody had found a second program with them.
#[test]
fn every_part_of_a_program() {
    let case = case();
    let proof = case.honest_proof();
    let own = ProgramIds::of(&case.program.card);
    let affine =
        |program: &mut Program, operator: usize, change: &dyn Fn(&mut candor_program::operator::Affine)| {
            let Operator::Affine(affine) = &mut program.card.operators[operator] else { panic!("a lookup") };
            change(affine);
        };
    let check = |name: &str, under_old: Result<(), ArgumentError>, change: &dyn Fn(&mut Program)| {
        let (program, ids) = other(change);
        assert_ne!(ids.program_id, own.program_id, "{name}");
        assert_eq!(verify_as(&program, &ids, &case.setup, &proof), RELATIONS, "{name}");
        assert_eq!(
            verify_as(&program, &own, &case.setup, &proof),
            under_old,
            "{name}, under the old digests"
        );
    };
    check("weight bit", PAIRING, &|p| p.weights.operators[1].dense[0][5] ^= 1);
    check("highest weight bit", PAIRING, &|p| p.weights.operators[2].dense[0][0] ^= i32::MIN);
    check("bias", PAIRING, &|p| p.weights.operators[0].bias[6] += 1);
    check("multiplier", RELATIONS, &|p| affine(p, 0, &|a| a.rescale.multiplier += 1));
    check("low", RELATIONS, &|p| affine(p, 1, &|a| a.rescale.low -= 1));
    check("coefficient", RELATIONS, &|p| {
        affine(p, 1, &|a| a.terms[1].coefficient += 1);
    });
    // tensors of one shape: the sums are the same, what is opened is not
    check("wiring", PAIRING, &|p| {
        let OperatorClass::Affine { terms, .. } = &mut p.card.class.operators[2] else { panic!("a lookup") };
        terms[0] = TermClass::dense(TensorId(1), 3);
    });
    // the next matrix has another stride, so its committed rows are others
    check("width", PAIRING, &|p| {
        affine(p, 0, &|a| a.axes[0] += 1);
        affine(p, 1, &|a| a.terms[0].summed[0] += 1);
    });
    // the policy is no part of the argument, but of what it is bound to
    check("policy", Ok(()), &|p| p.card.policy.rules[0].reason += 1);
    check("feature range", Ok(()), &|p| p.card.features[0].max += 1);
}

/// The same weights under another secret: rows, setup and model are others.
#[test]
fn another_reference_string() {
    let case = case();
    let reference = ReferenceString::development(9, &[2; 32]).unwrap();
    let mut program = case.program.clone();
    program.card.setup = reference.card().clone();
    program.card.weight_rows = commit_program(&reference, &program.card, &program.weights).unwrap();
    let setup = VerifierSetup::of(&program.card.setup).unwrap();
    let proof = case.honest_proof();
    let ids = ProgramIds::of(&program.card);
    assert_ne!(ids.model_id, ProgramIds::of(&case.program.card).model_id);
    assert_eq!(verify_as(&program, &ids, &setup, &proof), RELATIONS);
    assert_eq!(verify_as(&case.program, &ProgramIds::of(&case.program.card), &setup, &proof), PAIRING);
}

/// A row of the card exchanged, left out, doubled, or the identity.
#[test]
fn rows_of_the_card() {
    let case = case();
    let proof = case.honest_proof();
    let verify = |rows: &[ark_bn254::G1Affine]| {
        native::verify(&case.layout, &case.data, &case.public, rows, &case.setup, &proof)
    };
    let expected = case.rows.len();
    assert_eq!(expected, 2);
    let shape = |got| Err(ArgumentError::Shape(ShapeError { part: Part::ProgramRows, expected, got }));
    assert_eq!(verify(&[case.rows[1], case.rows[0]]), PAIRING);
    assert_eq!(verify(&[case.rows[0], case.rows[0]]), PAIRING);
    assert_eq!(verify(&[case.rows[0], ark_bn254::G1Affine::identity()]), PAIRING);
    assert_eq!(verify(&[]), shape(0));
    assert_eq!(verify(&case.rows[..1]), shape(1));
    assert_eq!(verify(&[case.rows.clone(), case.rows.clone()].concat()), shape(4));
}

/// Another batch, another revealed tensor, another program: lengths differ, and where they do not, the check does.
#[test]
fn other_proof_shapes() {
    let case = case();
    let proof = case.honest_proof();
    let verify = |batch_log2: u8, revealed: TensorId, public: &PublicValues<Fr>| {
        let layout = Layout::new(&case.program.card.class, batch_log2, revealed).unwrap();
        native::verify(&layout, &case.data, public, &case.rows, &case.setup, &proof)
    };
    for batch_log2 in [0, 1, 3] {
        let mut statement = case.statement.clone();
        statement.batch_log2 = batch_log2;
        statement.features.truncate(1 << batch_log2);
        statement.values.truncate(1 << batch_log2);
        let public = statement.public_values(&case.program.card).unwrap();
        let result = verify(batch_log2, case.layout.revealed, &public);
        assert!(result.is_err(), "batch 2^{batch_log2}");
        let expected = 1 << batch_log2;
        let wrong = ShapeError { part: Part::Decisions, expected, got: case.layout.batch() };
        assert_eq!(verify(batch_log2, case.layout.revealed, &case.public), Err(wrong.into()));
    }
    for tensor in 1..=2 {
        let mut statement = case.statement.clone();
        statement.revealed = TensorId(tensor);
        statement.values = (0..3).map(|d| case.witness.tensors[d][usize::from(tensor)].clone()).collect();
        let public = statement.public_values(&case.program.card).unwrap();
        assert_eq!(verify(2, TensorId(tensor), &public), RELATIONS, "tensor {tensor}");
    }
    let wrong = ShapeError { part: Part::Revealed, expected: 2, got: 3 };
    assert_eq!(verify(2, TensorId(2), &case.public), Err(wrong.into()));
}

/// Parts of unequal shape are refused before anything is read: sums over unequal lengths would leave something out.
#[test]
fn parts_of_another_shape() {
    let case = case();
    let proof = case.honest_proof();
    let refused = |part, expected, got, change: &dyn Fn(&mut ProgramData<Fr>, &mut PublicValues<Fr>)| {
        let (mut data, mut public) = (case.data.clone(), case.public.clone());
        change(&mut data, &mut public);
        let result = native::verify(&case.layout, &data, &public, &case.rows, &case.setup, &proof);
        assert_eq!(result, Err(ShapeError { part, expected, got }.into()));
    };
    refused(Part::Operators, 3, 2, &|data, _| {
        data.operators.pop();
    });
    refused(Part::Coefficients, 1, 0, &|data, _| data.operators[1].coefficients.clear());
    refused(Part::Coefficients, 0, 1, &|data, _| data.operators[0].coefficients.push(Fr::ONE));
    refused(Part::Decisions, 4, 3, &|_, public| {
        public.features.pop();
    });
    refused(Part::Decisions, 4, 0, &|_, public| public.features.clear());
    refused(Part::Features, 8, 7, &|_, public| {
        public.features[3].pop();
    });
    refused(Part::Features, 8, 9, &|_, public| public.features[1].push(Fr::ONE));
    refused(Part::Outputs, 4, 5, &|_, public| public.values.push(public.values[0].clone()));
    refused(Part::Outputs, 4, 3, &|_, public| {
        public.above_low.pop();
    });
    refused(Part::Values, 4, 5, &|_, public| public.values[2].push(Fr::ONE));
    refused(Part::Values, 4, 3, &|_, public| {
        public.above_low[2].pop();
    });
    refused(Part::Revealed, 3, 1, &|_, public| public.revealed = TensorId(1));
}

/// A proof of one agent does not serve another of the same class.
#[test]
fn another_program_of_the_same_class() {
    let shape = Shape { widths: &[5, 7, 7, 3], row_log2: 9, residual: true, gain: 4 };
    let program = perceptron(&shape, crate::case::reference().card(), 12);
    let decisions: Vec<_> = (0..3).map(|seed| features(&program, seed)).collect();
    let twin = Case::new(program, &decisions, 2, TensorId(3));
    let case = case();
    assert_eq!(twin.program.card.class, case.program.card.class);
    let (own, others) = (case.honest_proof(), twin.honest_proof());
    assert_eq!(case.verify(&case.public, &own), Ok(()));
    assert_eq!(twin.verify(&twin.public, &others), Ok(()));
    assert_eq!(case.verify(&case.public, &others), RELATIONS);
    assert_eq!(twin.verify(&twin.public, &own), RELATIONS);
}
