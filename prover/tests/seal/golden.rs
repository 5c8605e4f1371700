//! Constraints by part are a golden file; the shape depends on class and batch alone.

use crate::agent::{Agent, LARGE, SMALL, enrich, slot};
use candor_circuits::channel::Messages;
use candor_circuits::layout::Layout;
use candor_circuits::seal::circuit::{SealShape, synthesize};
use candor_circuits::seal::system::Matrices;
use candor_circuits::seal::witness::{PathWitness, RecordWitness};
use candor_program::state::State;
use candor_program::{Card, Fr};
use std::fmt::Write;
use std::path::Path;

fn shape(card: &Card, batch_log2: u8) -> SealShape {
    SealShape { layout: Layout::new(&card.class, batch_log2, card.class.output()).unwrap() }
}

/// The matrices as a key generator sees them: no record, no message.
pub(crate) fn matrices(card: &Card, batch_log2: u8) -> Matrices {
    synthesize(&shape(card, batch_log2), &blank(card), true).system.matrices()
}

fn blank(card: &Card) -> PathWitness<'_> {
    let zero = Fr::from(0u64);
    PathWitness {
        card,
        model_id: [zero; 2],
        context: zero,
        acc_before: zero,
        state_before: State { time: 0, registers: Vec::new() },
        records: Vec::new(),
        messages: Messages::default(),
    }
}

#[test]
fn constraint_counts_are_golden() {
    let mut text = String::new();
    let (large, small) = (Agent::new(LARGE, 10, |_| ()).program.card, Agent::small().program.card);
    let general = Agent::general().program.card;
    let mut wide = large.clone();
    wide.class.policy_size = 64;
    let mut attested = large.clone();
    attested.class.evidence_size = 4;
    let mut widest = wide.clone();
    (widest.class.state_size, widest.class.evidence_size) = (16, 16);
    for (name, card, batch_log2) in [
        ("sp500", &large, 0),
        ("sp500", &large, 2),
        ("sp500", &large, 4),
        ("sp500, 4 evidence slots,", &attested, 0),
        ("sp500, 4 evidence slots,", &attested, 4),
        ("sp500, 64 predicates and rules, 16 registers and evidence slots,", &widest, 0),
        ("sp500, 64 predicates and rules,", &wide, 0),
        ("sp500, 64 predicates and rules,", &wide, 2),
        ("small", &small, 0),
        ("small", &small, 1),
        ("every term", &general, 0),
        ("every term", &general, 1),
    ] {
        let matrices = matrices(card, batch_log2);
        let (constraints, witnesses) = (matrices.constraints.len(), matrices.witnesses);
        writeln!(text, "{name} batch 2^{batch_log2}: {constraints} constraints, {witnesses} witnesses")
            .unwrap();
        for (owner, count) in matrices.by_owner() {
            writeln!(text, "  {owner} {count}").unwrap();
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/seal_constraints.txt");
    if std::env::var("CANDOR_REMAKE").is_ok_and(|what| what == "seal") {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "CANDOR_REMAKE=seal remakes the file");
}

#[test]
fn honest_paths_satisfy_the_circuit_of_every_batch() {
    let agent = Agent::new(LARGE, 10, |_| ());
    let records = agent.records(5);
    for (first, last) in [(0, 0), (3, 3), (2, 4)] {
        let bundle = agent.bundle(&records, first, last);
        let (shape, path) = agent.path(&bundle);
        let synthesis = synthesize(&shape, &path.witness, true);
        assert_eq!(synthesis.system.unsatisfied(), None);
        assert_eq!(synthesis.system.matrices().first_unsatisfied(&synthesis.system.assignment()), None);
        let record = &bundle.records.last().unwrap().header;
        assert_eq!(synthesis.boundary.0[5], record.acc.to_fr());
        assert_eq!(synthesis.boundary.0[10], Fr::from(record.executed));
    }
}

fn assert_same(left: &Matrices, right: &Matrices, what: &str) {
    assert_eq!((left.inputs, left.witnesses), (right.inputs, right.witnesses), "{what}");
    assert!(left.constraints == right.constraints, "{what}");
}

#[test]
fn the_shape_depends_on_class_and_batch_alone() {
    let agent = Agent::small();
    let expected = matrices(&agent.program.card, 1);
    // another program of the class: rules, predicates, registers, spans, actions, coefficients, names
    let plain = Agent::new(SMALL, 9, |program| {
        program.card.evidence = vec![slot("only", None, None)];
        program.card.class.evidence_size = 4;
    });
    assert_same(&expected, &matrices(&plain.program.card, 1), "another policy");
    let other = Agent::new(&[3, 3, 3, 4], 9, |program| {
        enrich(program);
        let card = &mut program.card;
        card.features[0].max = card.features[0].min;
        card.registers.truncate(2);
        card.windows.truncate(1);
        card.evidence.truncate(2);
        card.policy.predicates.truncate(1);
        card.policy.rules.clear();
        card.name = "other".into();
    });
    assert_eq!(agent.program.card.class, other.program.card.class);
    assert_same(&expected, &matrices(&other.program.card, 1), "other exact widths");
    // a full witness, an absurd one
    let records = agent.records(2);
    let bundle = agent.bundle(&records, 0, 1);
    let (shape, path) = agent.path(&bundle);
    assert_same(&expected, &synthesize(&shape, &path.witness, true).system.matrices(), "an honest path");
    let mut witness = path.witness.clone();
    let record = RecordWitness {
        outputs: vec![u16::MAX; 9],
        features: vec![1; 9],
        time: u64::MAX,
        ..witness.records[0].clone()
    };
    witness.records = vec![record; 7];
    witness.messages = Messages { scalars: vec![Fr::from(0u64); 10_000], hashes: Vec::new() };
    assert_same(&expected, &synthesize(&shape, &witness, true).system.matrices(), "an absurd witness");
}
