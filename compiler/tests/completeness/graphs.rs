//! Graphs that are no perceptrons: convolutions, pooling, attention, tables. Their integers follow the floats, and the shapes are
//! those that a proof of few rounds needs: views, not lists of indices.

use crate::support::{fixture, manifest, program, run, setup, source};
use candor_compiler::graph::{Graph, Options};
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
    for name in ["convolutional", "attention"] {
        let bytes = fs::read(fixture(&format!("graphs/{name}.onnx"))).unwrap();
        let text = candor_compiler::agent_toml_template(&bytes, "model.onnx").unwrap();
        lower(&source(&text, bytes), &setup()).unwrap();
    }
}
