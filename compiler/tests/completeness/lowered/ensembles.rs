//! fixtures/trees: boosted trees and a forest decide every case as onnxruntime decided it.

use candor_compiler::{AgentSource, Lowered, lower};
use candor_program::card::{SetupCard, SetupSource};
use candor_program::class::{Group, OperatorClass, TermClass};
use std::path::PathBuf;

fn lowered(name: &str) -> Lowered {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/trees");
    let source = AgentSource::read(&folder.join(format!("{name}.toml"))).unwrap();
    let setup = SetupCard {
        source: SetupSource::Development,
        powers_log2: 12,
        powers_digest: [7; 32],
        tau_g2: [9; 128],
    };
    lower(&source, &setup).unwrap()
}

#[test]
fn every_decision_is_that_of_the_float_model() {
    for name in ["boosted", "forest"] {
        let report = lowered(name).report;
        let reference = report.reference.unwrap();
        assert_eq!((reference.agreement.observations, reference.unmatched), (228, 0));
        assert_eq!((reference.agreement.same_action, reference.saturations), (228, 0), "{name}");
        assert_eq!(report.calibration.agreement.percent(), 100.0, "{name}");
        // Only the sum of weights is rounded: to one step in 65,535 of one and a half times its range.
        let worst = report.calibration.agreement.worst_error.unwrap();
        assert!(worst < 1e-4 * report.calibration.agreement.largest_output.max(1.0), "{name}: {worst}");
        assert!(report.operators.iter().all(|operator| operator.saturations == 0), "{name}");
    }
}

#[test]
fn what_was_trained_is_data() {
    let lowered = ["boosted", "forest"].map(lowered);
    // Thresholds, features, paths and weights differ; what is proven has one shape.
    assert_eq!(lowered[0].card.class, lowered[1].card.class);
    assert_ne!(lowered[0].weights, lowered[1].weights);
    assert_eq!((lowered[0].card.class.operators.len(), lowered[0].card.class.tables), (4, 0));
    for operator in &lowered[0].card.class.operators {
        let OperatorClass::Affine { terms, .. } = operator else { panic!("a table") };
        for group in terms.iter().flat_map(TermClass::operands).flat_map(|operand| &operand.groups) {
            assert!(matches!(group, Group::Axis { .. }), "{group:?}");
        }
    }
}
