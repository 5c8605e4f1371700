//! Every limit, at its value and one beyond.

use crate::support::{manifest, model, node, setup, source, weights};
use candor_compiler::onnx::{NODES, OBSTACLES, OPSET_NEWEST, OPSET_OLDEST, RANK, WireProblem};
use candor_compiler::{Cause, CompileError, Lowered, ManifestCause, ModelError, lower};
use candor_program::interval::ProgramError;
use rten_onnx::onnx::{ModelProto, OperatorSetIdProto};

fn compile(inputs: usize, outputs: usize, bytes: Vec<u8>) -> Result<Lowered, CompileError> {
    lower(&source(&manifest(inputs, outputs), bytes), &setup())
}

fn identity_chain(nodes: usize) -> Vec<u8> {
    let name = |index: usize| match index {
        0 => "x".to_owned(),
        index if index == nodes => "y".to_owned(),
        index => format!("t{index}"),
    };
    let chain = (0..nodes).map(|index| node("Identity", &[&name(index)], &name(index + 1))).collect();
    model(2, 2, chain, vec![])
}

#[test]
fn nodes() {
    let lowered = compile(2, 2, identity_chain(NODES)).unwrap();
    assert_eq!(lowered.card.operators.len(), 1);
    match compile(2, 2, identity_chain(NODES + 1)) {
        Err(CompileError::Model { source: ModelError::Malformed { source }, .. }) => {
            assert_eq!(
                source.problem,
                WireProblem::TooMany { message: "GraphProto", field: 1, limit: NODES }
            );
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn obstacles() {
    let unsupported = |count: usize| {
        let nodes = (0..count).map(|index| node("Relu", &[&format!("missing{index}")], &format!("t{index}")));
        match compile(2, 2, model(2, 2, nodes.chain([node("Relu", &["x"], "y")]).collect(), vec![])) {
            Err(CompileError::Unsupported { obstacles, .. }) => obstacles.len(),
            other => panic!("{:?}", other.map(|_| ())),
        }
    };
    assert_eq!([unsupported(OBSTACLES), unsupported(OBSTACLES + 1)], [OBSTACLES; 2]);
}

#[test]
fn operator_sets() {
    let with_opset = |version| {
        let mut proto = ModelProto::parse_buf(&identity_chain(1)).unwrap();
        proto.opset_import = vec![OperatorSetIdProto { domain: None, version: Some(version) }];
        compile(2, 2, proto.write_buf().unwrap())
    };
    for version in [OPSET_OLDEST, OPSET_NEWEST] {
        assert!(with_opset(version).is_ok());
    }
    for version in [OPSET_OLDEST - 1, OPSET_NEWEST + 1] {
        assert!(matches!(
            with_opset(version),
            Err(CompileError::Model { source: ModelError::Opset { got }, .. }) if got == version
        ));
    }
}

#[test]
fn dimensions() {
    let constant = |rank: usize| {
        let mut dims = vec![1; rank];
        dims[rank - 1] = 2;
        let nodes = vec![node("Add", &["x", "c"], "y")];
        compile(2, 2, model(2, 2, nodes, vec![weights("c", &dims, &[1.0, 2.0])]))
    };
    assert!(constant(2).is_ok());
    // Within the limit, but it would enlarge the row.
    let causes = |result: Result<Lowered, CompileError>| match result {
        Err(CompileError::Unsupported { obstacles, .. }) => {
            obstacles.into_iter().map(|o| o.cause).collect::<Vec<_>>()
        }
        other => panic!("{:?}", other.map(|_| ())),
    };
    assert!(matches!(causes(constant(RANK))[..], [Cause::Shape { .. }]));
    assert!(matches!(causes(constant(RANK + 1))[..], [Cause::Rank { got, .. }] if got == RANK + 1));
}

#[test]
fn widths() {
    let dense = |width: usize| {
        let nodes = vec![node("MatMul", &["x", "w"], "h"), node("MatMul", &["h", "v"], "y")];
        let tensors = vec![
            weights("w", &[1, width as i64], &vec![0.5; width]),
            weights("v", &[width as i64, 1], &vec![0.5; width]),
        ];
        compile(1, 1, model(1, 1, nodes, tensors))
    };
    assert!(dense(1 << 20).is_ok());
    match dense((1 << 20) + 1) {
        Err(CompileError::Unsupported { obstacles, .. }) => {
            assert!(matches!(obstacles[0].cause, Cause::Width { got: 1_048_577, limit: 1_048_576, .. }));
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn magnitudes() {
    let scaled = |factor: f32| {
        let nodes = vec![node("Mul", &["x", "w"], "y")];
        compile(1, 1, model(1, 1, nodes, vec![weights("w", &[1], &[factor])]))
    };
    let limit = (1u64 << 40) as f32;
    assert!(scaled(limit).is_ok());
    match scaled(limit.next_up()) {
        Err(CompileError::Unsupported { obstacles, .. }) => {
            assert!(matches!(obstacles[0].cause, Cause::Magnitude { index: 0, .. }));
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn feature_ranges() {
    let with_max = |max: &str| {
        let text = manifest(2, 2).replacen("max = \"3.0000\"", &format!("max = \"{max}\""), 1);
        lower(&source(&text, identity_chain(1)), &setup())
    };
    assert!(with_max("3.5535").is_ok());
    match with_max("3.5536") {
        Err(CompileError::Manifest { source, .. }) => {
            assert_eq!(source.cause, ManifestCause::RangeTooWide { steps: 65_536, limit: 65_535 });
            assert_eq!(source.field, "features[0].max");
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn reference_strings() {
    let mut small = setup();
    small.powers_log2 = 9;
    let text = manifest(2, 2);
    assert_eq!(lower(&source(&text, identity_chain(1)), &small).unwrap().card.class.row_log2, 9);
    small.powers_log2 = 8;
    assert!(matches!(
        lower(&source(&text, identity_chain(1)), &small),
        Err(CompileError::SetupTooSmall { powers_log2: 8, needed_log2: 9 })
    ));
    small.powers_log2 = 28;
    assert_eq!(lower(&source(&text, identity_chain(1)), &small).unwrap().card.class.row_log2, 10);
    small.powers_log2 = 29;
    assert!(matches!(
        lower(&source(&text, identity_chain(1)), &small),
        Err(CompileError::Program { source: ProgramError::SetupPowers { powers_log2: 29, .. }, .. })
    ));
}
