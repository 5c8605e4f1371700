//! Graphs that are no perceptrons: convolutions, pooling, attention, tables. Their integers follow the floats, and the shapes are
//! those that a proof of few rounds needs: views, not lists of indices.

use crate::support::{fixture, manifest, program, run, setup, source};
use candor_compiler::graph::{ExternalFiles, Graph, Options};
use candor_compiler::tensor::Tensor;
use candor_compiler::{Lowered, lower};
use candor_program::class::{Group, OperatorClass, TermClass};
use std::fs;

fn lowered(name: &str) -> Lowered {
    let bytes = fs::read(fixture(&format!("graphs/{name}.onnx"))).unwrap();
    let lowered = lower(&source(&manifest(64, 3), bytes), &setup()).unwrap();
    program(&lowered).validate().unwrap();
    lowered
}

fn terms(lowered: &Lowered) -> impl Iterator<Item = &TermClass> {
    lowered.card.class.operators.iter().flat_map(|operator| match operator {
        OperatorClass::Affine { terms, .. } => terms.as_slice(),
        OperatorClass::Lookup { .. } => &[],
    })
}

/// Largest difference of an output from the float model's, over inputs inside the calibrated range and at its corners.
fn worst(name: &str, lowered: &Lowered) -> f64 {
    let bytes = fs::read(fixture(&format!("graphs/{name}.onnx"))).unwrap();
    let graph = Graph::read(&bytes, &Options::default()).unwrap();
    let shape = graph.values()[graph.inputs()[0]].shape.clone();
    let mut worst = 0.0f64;
    for trial in 0u16..40 {
        let input: Vec<u16> = (0..64u16)
            .map(|place| match trial {
                0 => 0,
                1 => 60_000,
                _ => {
                    (u32::from(place) * 7919 + u32::from(trial) * 104_729).wrapping_mul(2_654_435_761) as u16
                        % 60_001
                }
            })
            .collect();
        let real: Vec<f64> = input.iter().map(|value| (f64::from(*value) - 30_000.0) / 10_000.0).collect();
        let float = graph.evaluate(&[Tensor::float(&shape, &real).unwrap()]).unwrap();
        let float = float[0].as_floats().unwrap().to_vec();
        for (output, float) in run(lowered, &input).iter().zip(float) {
            worst = worst.max((output - float).abs());
        }
    }
    worst
}

#[test]
fn a_convolutional_net() {
    let lowered = lowered("convolutional");
    assert!(worst("convolutional", &lowered) < 2e-3);
    assert_eq!(lowered.report.calibration.agreement.percent(), 100.0);
    assert_eq!(lowered.card.class.tables, 0);
    let weighted = terms(&lowered).filter(|term| matches!(term, TermClass::Weighted { .. })).count();
    // The maximum of four is a sum of three tensors, each of which the second convolution reads.
    assert_eq!(weighted, 5, "two convolutions and a dense layer");
}

#[test]
fn attention() {
    let lowered = lowered("attention");
    assert!(worst("attention", &lowered) < 3e-2);
    let products = terms(&lowered).filter(|term| matches!(term, TermClass::Product { .. })).count();
    assert_eq!(products, 3, "scores, softmax's quotient, values");
    assert_eq!(lowered.card.class.tables, 3, "exp, reciprocal, tanh");
    // the proof has 7,392
    assert!((7_000..8_000).contains(&candor_compiler::class::proof_bytes(&lowered.card.class)));
}

/// agent.toml for the tokens of the embedding, of which only 40 have a row.
fn tokens(most: u32) -> String {
    manifest(8, 3).replace(
        "decimals = 4\nmin = \"-3.0000\"\nmax = \"3.0000\"",
        &format!("decimals = 0\nmin = \"0\"\nmax = \"{most}\""),
    )
}

#[test]
fn an_embedding_of_tokens() {
    let bytes = fs::read(fixture("graphs/embedding.onnx")).unwrap();
    let graph = Graph::read(&bytes, &Options::default()).unwrap();
    for most in [39, 45] {
        let lowered = lower(&source(&tokens(most), bytes.clone()), &setup()).unwrap();
        assert_eq!(lowered.card.class.input, candor_program::class::Input::Vector { log2: 3 });
        for trial in 0u16..200 {
            let input: Vec<u16> = (0..8).map(|place| (trial * 7 + place * 13) % 40).collect();
            let real: Vec<i64> = input.iter().map(|token| i64::from(*token)).collect();
            let float = graph.evaluate(&[Tensor::int64(&[1, 8], &real).unwrap()]).unwrap();
            for (output, float) in run(&lowered, &input).iter().zip(float[0].as_floats().unwrap()) {
                assert!((output - float).abs() < 1e-3, "{output} {float}");
            }
        }
    }
}

/// What no row has is a row of zeros, whatever the token.
#[test]
fn tokens_beyond_the_table_are_zeros() {
    let bytes = fs::read(fixture("graphs/embedding.onnx")).unwrap();
    let lowered = lower(&source(&tokens(65_535), bytes), &setup()).unwrap();
    let of = |token: u16| run(&lowered, &[3, 17, token, 5, 0, 39, 8, 22]);
    for token in [41, 63, 64, 255, 256, 4_096, 65_534, 65_535] {
        assert_eq!(of(token), of(40), "{token}");
    }
    assert_ne!(of(39), of(40));
}

#[test]
fn every_view_is_found() {
    for name in ["convolutional", "attention"] {
        let lowered = lowered(name);
        for operand in terms(&lowered).flat_map(TermClass::operands) {
            let listed = operand.groups.iter().find(|group| matches!(group, Group::Listed { .. }));
            assert_eq!(listed, None, "{name}");
        }
    }
}

#[test]
fn a_template_compiles_as_it_stands() {
    for name in ["convolutional", "attention", "embedding"] {
        let bytes = fs::read(fixture(&format!("graphs/{name}.onnx"))).unwrap();
        let text = candor_compiler::agent_toml_template(&bytes, "model.onnx", &ExternalFiles::new()).unwrap();
        lower(&source(&text, bytes), &setup()).unwrap();
    }
}
