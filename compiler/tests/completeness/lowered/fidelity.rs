//! What the report says of the integers, and targets that the scales have to reach.

use crate::sources::{fixture, manifest, setup, source};
use candor_compiler::{Lowered, SourceFile, lower};
use std::fs;

fn lowered(name: &str, target: &str) -> Lowered {
    let bytes = fs::read(fixture(&format!("graphs/{name}.onnx"))).unwrap();
    let text = format!("{target}\n{}", manifest(64, 3));
    lower(&source(&text, bytes), &setup()).unwrap()
}

#[test]
fn every_output_and_every_layer_has_its_error() {
    let report = lowered("attention", "").report;
    let outputs = &report.calibration.agreement.outputs;
    assert_eq!(outputs.len(), 3);
    let worst = outputs.iter().map(|output| output.worst_error).fold(0.0, f64::max);
    assert_eq!(Some(worst), report.calibration.agreement.worst_error);
    for output in outputs {
        assert!(output.mean_error > 0.0 && output.mean_error < output.worst_error);
        assert_eq!(output.observations, report.calibration.agreement.observations as u64);
    }
    assert!(report.operators.iter().all(|operator| operator.error_share < 0.05), "layers follow the floats");
    let costliest = &report.operators[report.fidelity.costliest.unwrap()];
    assert!(costliest.error_share > 0.0);
    let text = report.to_string();
    assert!(text.contains(&format!("most accuracy is lost in {}", costliest.name)), "{text}");
    assert!(text.contains("output 2: worst error"), "{text}");
}

#[test]
fn bits_are_those_of_the_worst_output() {
    let report = lowered("convolutional", "").report;
    let agreement = &report.calibration.agreement;
    let bits = (agreement.largest_output / agreement.worst_error.unwrap()).log2();
    assert_eq!(report.fidelity.bits, Some(bits));
    assert_eq!((report.fidelity.tried, report.fidelity.disagreement), (1, 0.0));
}

/// The convolutional net with few calibration lines, all of which scales are chosen from.
fn calibrated(lines_count: u32, target: &str) -> Lowered {
    let bytes = fs::read(fixture("graphs/convolutional.onnx")).unwrap();
    let text = manifest(64, 3).replacen("[domain]", "calibration = \"calibration.jsonl\"\n[domain]", 1);
    let mut source = source(&format!("{target}\n{text}"), bytes);
    let mut lines = String::new();
    for line in 0..lines_count {
        let feature = |place: u32| {
            let drawn = (place * 7919 + line * 104_729).wrapping_mul(2_654_435_761) % 6001;
            format!("\"{:.3}\"", (f64::from(drawn) - 3000.0) / 1000.0)
        };
        let features: Vec<String> = (0..64).map(feature).collect();
        lines += &format!("{{\"time\": {line}, \"plugins\": {{\"p\": [{}]}}}}\n", features.join(", "));
    }
    source.calibration = Some(SourceFile { path: "calibration.jsonl".into(), bytes: lines.into_bytes() });
    lower(&source, &setup()).unwrap()
}

#[test]
fn a_target_that_the_first_scales_miss_is_reached_by_others() {
    // Ranges two thirds as wide round finer by half a bit, and nothing that was seen saturates. So a whole number of bits just above those
    // of the first scales is reached by others.
    let near = |lines: u32| {
        let fidelity = calibrated(lines, "").report.fidelity;
        (fidelity.bits.unwrap().fract() > 0.6).then_some((lines, fidelity))
    };
    let (lines, plain) = (8..40).find_map(near).unwrap();
    let wanted = plain.bits.unwrap().ceil();
    let other = calibrated(lines, &format!("[fidelity]\nbits = {wanted}")).report.fidelity;
    assert!(other.tried > 1, "{other}");
    assert!(other.bits.unwrap() >= wanted, "{other}");
    assert!(other.room < plain.room, "{other}");
}

#[test]
fn a_target_that_is_met_changes_nothing() {
    let target = "[fidelity]\nbits = 1\nmax_disagreement = \"0%\"";
    assert_eq!(lowered("convolutional", target), lowered("convolutional", ""));
}
