//! What becomes an operator, what folds, and what the class is.

use crate::support::{
    Numbers, fixture, manifest, model, node, program, run, setup, source, weights, with_integer,
};
use candor_compiler::report::Note;
use candor_compiler::{Lowered, class, lower};
use candor_program::class::{Class, OperatorClass, TermClass};
use candor_program::encoding::{encode_file, keccak256, magic};
use candor_program::operator::{Operator, Term};
use candor_program::policy::{Comparison, Effect, Fact, Operand};
use candor_program::state::Update;
use candor_program::transaction::{AbiType, ArgumentSource};
use rten_onnx::onnx::{NodeProto, TensorProto};
use std::fs;

fn compile(inputs: usize, outputs: usize, nodes: Vec<NodeProto>, tensors: Vec<TensorProto>) -> Lowered {
    let bytes = model(inputs as i64, outputs as i64, nodes, tensors);
    let lowered = lower(&source(&manifest(inputs, outputs), bytes), &setup()).unwrap();
    program(&lowered).validate().unwrap();
    lowered
}

/// The terms of an operator of one axis: `Some(coefficient)` of a scaled one, `None` of a dense one, with the tensor that it reads.
fn terms(lowered: &Lowered, index: usize) -> Vec<(u16, Option<i32>)> {
    let (Operator::Affine(affine), OperatorClass::Affine { terms, .. }) =
        (&lowered.card.operators[index], &lowered.card.class.operators[index])
    else {
        panic!("a lookup");
    };
    let of = |(term, shape): (&Term, &TermClass)| {
        let source = shape.operands().next().unwrap().source;
        match shape {
            TermClass::Linear { .. } => {
                assert_eq!(*shape, TermClass::scaled(source));
                (source.0, Some(term.coefficient))
            }
            _ => {
                assert_eq!(*shape, TermClass::dense(source, shape.summed()[0]));
                (source.0, None)
            }
        }
    };
    affine.terms.iter().zip(terms).map(of).collect()
}

fn random(name: &str, dims: &[i64], numbers: &mut Numbers) -> TensorProto {
    let count: i64 = dims.iter().product();
    let values: Vec<f32> = (0..count).map(|_| numbers.unit()).collect();
    weights(name, dims, &values)
}

#[test]
fn scalers_and_runs_of_linear_nodes_fold() {
    let fixture_model = |name: &str| {
        let bytes = fs::read(fixture(&format!("models/{name}.onnx"))).unwrap();
        lower(&source(&manifest(8, 3), bytes), &setup()).unwrap()
    };
    for (name, operators) in
        [("linear_twice", 1), ("scaler_sub_div", 3), ("output_scale", 3), ("deep", 7), ("relu_last", 3)]
    {
        assert_eq!(fixture_model(name).card.operators.len(), operators, "{name}");
    }
    assert_eq!(fixture_model("relu_last").report.operators[2].lowest, 0.0);
}

#[test]
fn a_skip_connection_is_a_scaled_term() {
    let bytes = fs::read(fixture("models/residual.onnx")).unwrap();
    let lowered = lower(&source(&manifest(8, 3), bytes), &setup()).unwrap();
    assert_eq!(lowered.card.operators.len(), 4);
    let terms = terms(&lowered, 2);
    assert!(matches!(terms[..], [(1, Some(_)), (2, None)]), "{terms:?}");
}

#[test]
fn a_bottleneck_stays_two_operators() {
    let mut numbers = Numbers(3);
    let tensors = vec![random("a", &[16, 2], &mut numbers), random("b", &[2, 16], &mut numbers)];
    let lowered =
        compile(16, 16, vec![node("MatMul", &["x", "a"], "h"), node("MatMul", &["h", "b"], "y")], tensors);
    assert_eq!(lowered.card.operators.len(), 2);
    assert_eq!(lowered.report.parameters, 32 + 2 + 32 + 16);
}

#[test]
fn a_linear_map_with_two_readers_is_computed_once() {
    let mut numbers = Numbers(4);
    let tensors = vec![random("a", &[4, 4], &mut numbers), random("b", &[4, 4], &mut numbers)];
    let nodes = vec![
        node("MatMul", &["x", "a"], "h"),
        node("Relu", &["h"], "r"),
        node("MatMul", &["r", "b"], "f"),
        node("Add", &["h", "f"], "y"),
    ];
    let lowered = compile(4, 4, nodes, tensors);
    assert_eq!(lowered.card.operators.len(), 3);
    assert!(matches!(terms(&lowered, 2)[..], [(1, Some(_)), (2, None)]));
    assert!(lowered.report.calibration.agreement.worst_error.unwrap() < 2e-3);
}

#[test]
fn an_input_of_mixed_scales_skips_through_a_matrix() {
    let text = manifest(2, 2)
        .replacen("decimals = 4", "decimals = 3", 1)
        .replacen("-3.0000", "-3.000", 1)
        .replacen("\"3.0000\"", "\"3.000\"", 1);
    let nodes = vec![node("Relu", &["x"], "r"), node("Add", &["x", "r"], "y")];
    let lowered = lower(&source(&text, model(2, 2, nodes, vec![])), &setup()).unwrap();
    assert!(matches!(terms(&lowered, 1)[..], [(_, None), (_, Some(_))]));
    // 1.5 in thousandths, -2.0 in ten-thousandths: y = 3.0 and -2.0.
    let outputs = run(&lowered, &[4500, 10_000]);
    assert!((outputs[0] - 3.0).abs() < 2e-3 && (outputs[1] + 2.0).abs() < 2e-3, "{outputs:?}");
}

#[test]
fn softmax_and_arg_max_at_the_end_are_left_out() {
    let mut numbers = Numbers(5);
    let tensors = vec![random("a", &[4, 3], &mut numbers)];
    let last = |operator: &str, output: &str| with_integer(node(operator, &["l"], output), "axis", 1);
    let soft = compile(4, 3, vec![node("MatMul", &["x", "a"], "l"), last("Softmax", "y")], tensors.clone());
    assert!(soft.report.notes.contains(&Note::LastOperator { operator: "Softmax".into() }));
    let mut arg_max = with_integer(node("ArgMax", &["s"], "y"), "axis", -1);
    arg_max = with_integer(arg_max, "keepdims", 0);
    let nodes = vec![node("MatMul", &["x", "a"], "l"), last("LogSoftmax", "s"), arg_max];
    let both = compile(4, 3, nodes, tensors);
    assert_eq!(both.weights, soft.weights);
}

#[test]
fn dropout_and_cast_do_nothing() {
    let nodes = vec![
        node("Dropout", &["x"], "d"),
        with_integer(node("Cast", &["d"], "c"), "to", 1),
        node("Relu", &["c"], "y"),
    ];
    assert_eq!(
        compile(2, 2, nodes, vec![]).weights,
        compile(2, 2, vec![node("Relu", &["x"], "y")], vec![]).weights
    );
}

#[test]
fn a_model_without_operators_is_one_scaling() {
    let lowered = compile(2, 2, vec![node("Identity", &["x"], "y")], vec![]);
    assert_eq!(lowered.card.operators.len(), 1);
    let outputs = run(&lowered, &[60_000, 0]);
    assert!((outputs[0] - 3.0).abs() < 1e-3 && (outputs[1] + 3.0).abs() < 1e-3, "{outputs:?}");
}

#[test]
fn a_neuron_that_never_fires_on_calibration_data_still_computes() {
    // y = relu(x - 2.9): calibrated nowhere near, then seen at 3.
    let line = r#"{"time":1,"plugins":{"p":["0.0000"]}}"#;
    let nodes = vec![node("Sub", &["x", "c"], "h"), node("Relu", &["h"], "y")];
    let mut agent = source(&manifest(1, 1), model(1, 1, nodes, vec![weights("c", &[1], &[2.9])]));
    agent.calibration = Some(candor_compiler::SourceFile { path: "c.jsonl".into(), bytes: line.into() });
    let lowered = lower(&agent, &setup()).unwrap();
    assert!((run(&lowered, &[60_000])[0] - 0.1).abs() < 1e-4);
}

#[test]
fn rows_grow_with_the_weights() {
    let rule = [
        (0, 10),
        ((1 << 17) - 1, 10),
        (1 << 17, 11),
        ((1 << 19) - 1, 11),
        (1 << 19, 12),
        (3 * (1 << 19) - 1, 12),
        (3 * (1 << 19), 13),
        ((1 << 22) - 1, 13),
        (1 << 22, 14),
        (1 << 40, 14),
    ];
    for (weights, expected) in rule {
        assert_eq!(class::row_log2(weights), expected, "{weights}");
    }
    assert_eq!([1, 2, 3, 64, 65].map(class::padded_log2), [0, 1, 2, 6, 7]);
}

/// A model of many values and few weights: rows are longer than its weights ask for, until one proof is short enough.
#[test]
fn rows_grow_with_the_values() {
    let of_width = |width: usize| {
        let chosen = weights("w", &[width as i64, 2], &vec![0.01; 2 * width]);
        let nodes = vec![
            node("Relu", &["x"], "above"),
            node("Neg", &["x"], "n"),
            node("Relu", &["n"], "below"),
            node("MatMul", &["above", "w"], "a"),
            node("MatMul", &["below", "w"], "b"),
            node("Add", &["a", "b"], "y"),
        ];
        compile(width, 2, nodes, vec![chosen])
    };
    // two tensors of 2^12 and the outputs are padded to 2^14 positions, 2^17 cells: 128 rows of 2^10, twice
    for (width, expected) in [(1 << 10, 10), ((1 << 11) + 1, 11)] {
        let class = of_width(width).card.class;
        assert_eq!(class.row_log2, expected, "{width}");
        assert_eq!(class::row_log2(class::padded_weights(&class)), 10, "{width}");
        assert!(class::proof_bytes(&class) <= class::PROOF_BYTES, "{width}");
        let shorter = Class { row_log2: expected - 1, ..class };
        assert_eq!(class::proof_bytes(&shorter) > class::PROOF_BYTES, expected == 11, "{width}");
    }
}

#[test]
fn the_manifest_becomes_the_card() {
    let rules = "[[policy.rules]]\nname = \"all\"\neffect = \"permit\"\n";
    let more = "[[policy.rules]]\nname = \"small\"\neffect = \"permit\"\n\
         all_of = [\"feature.f0 <= 0.5\", \"action.code == a1\", \"elapsed.last>=60\"]\nreason = \"ok\"\n\
         [[policy.rules]]\nname = \"other\"\neffect = \"forbid\"\nall_of = [\"elapsed.last >= 60\"]\n\
         none_of = [\"feature.f0 != feature.f1\"]\nreason = \"ok\"\nremedy = \"later\"\n";
    let text = manifest(2, 2).replace(rules, more).replace(
        "function = \"act(int256 amount)\"",
        "function = \"act(int256 amount, uint64 deadline, bool fast, address who)\"",
    ) + "deadline = \"time + 60\"\nfast = true\nwho = \"0x00000000000000000000000000000000000000ff\"\n";
    let lowered =
        lower(&source(&text, model(2, 2, vec![node("Relu", &["x"], "y")], vec![])), &setup()).unwrap();
    let card = &lowered.card;
    let predicates: Vec<_> =
        card.policy.predicates.iter().map(|p| (p.fact, p.comparison, p.operand)).collect();
    assert_eq!(
        predicates,
        [
            (Fact::Feature(0), Comparison::LessOrEqual, Operand::Constant(5000)),
            (Fact::ActionCode, Comparison::Equal, Operand::Constant(1)),
            (Fact::Elapsed(0), Comparison::GreaterOrEqual, Operand::Constant(60)),
            (Fact::Feature(0), Comparison::NotEqual, Fact::Feature(1).into()),
        ]
    );
    let masks: Vec<_> = card.policy.rules.iter().map(|r| (r.effect, r.all_of, r.none_of, r.reason)).collect();
    assert_eq!(masks, [(Effect::Permit, 0b111, 0, 16), (Effect::Forbid, 0b100, 0b1000, 16)]);
    assert_eq!(card.policy.remedy(16), Some("later"));
    let last = &card.registers[0];
    assert_eq!((last.on_execute, last.source), (Update::Set, Fact::Time.into()));
    assert_eq!(card.transaction.signature(), "act(int256,uint64,bool,address)");
    let arguments = &card.transaction.arguments;
    assert_eq!(arguments[1].abi_type, AbiType::Uint(64));
    assert_eq!(arguments[1].source, ArgumentSource::Fact { fact: Fact::Time, offset: 60 });
    assert!(
        matches!(arguments[3].source, ArgumentSource::Constant(word) if word[31] == 0xff && word[..31] == [0; 31])
    );
}

/// Keccak-256 of the program file of the S&P 500 agent without weight rows. Another value means that the compiler gives
/// other programs than before: say so in the CHANGELOG, then replace it by what this test prints.
const GOLDEN: &str = "9782c922b61d46e1ff42388d4c796bf2526cc7391117aeb10ac28c3ee399d021";

#[test]
fn the_same_files_give_the_same_bytes_as_ever() {
    let agent = candor_compiler::AgentSource::read(&fixture("sp500/agent.toml")).unwrap();
    let lowered = lower(&agent, &setup()).unwrap();
    let bytes = encode_file(&magic::PROGRAM, &program(&lowered));
    assert_eq!(hex::encode(keccak256(&[&bytes])), GOLDEN);
}
