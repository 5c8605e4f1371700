//! Constraints of one decision's seal and what sealing it costs, without and with evidence: `cargo run --release -p candor-prover --example seal`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use candor_benches::synthetic::{Random, Shape, perceptron};
use candor_program::Program;
use candor_program::card::SignerKey;
use candor_program::decimal::format_decimal;
use candor_program::evidence::{Authority, Slot, Subject};
use candor_program::observation::Observation;
use candor_prover::seal::{SealKeys, seal};
use candor_prover::{Prover, ReferenceString, commit_program};
use candor_trace::{AgentKey, Bundle, Recorder, Salts, Selection};
use std::time::Instant;

/// 64-128-128-64-3, with so many slots of evidence.
fn agent(reference: &ReferenceString, slots: u8) -> Program {
    let shape = Shape { widths: &[64, 128, 128, 64, 3], row_log2: 10, residual: true, gain: 1 };
    let mut program = perceptron(&shape, reference.card(), 3);
    let slot = |index: u8| Slot {
        name: format!("slot {index}"),
        authority: Authority::Attester { key: SignerKey::Secp256k1 { address: [8; 20] } },
        subject: Subject::Agent,
        decimals: 0,
        default: None,
        revoked_by: None,
        values: Vec::new(),
    };
    program.card.evidence = (0..slots).map(slot).collect();
    program.card.class.evidence_size = slots;
    program.card.weight_rows =
        commit_program(reference, &program.card, &program.weights).expect("rows of 2^10 values");
    program
}

/// One recorded decision.
fn bundle(program: &Program) -> Bundle {
    let key = AgentKey::from_bytes(&[9; 32]).expect("a scalar");
    let mut recorder = Recorder::resume(program.clone(), key, None).expect("a valid program");
    let mut random = Random(4);
    let value = |feature: &candor_program::feature::Feature| {
        let above = random.next_u64() % (feature.span() + 1);
        format!("\"{}\"", format_decimal(feature.min + above as i64, feature.decimals))
    };
    let values: Vec<String> = program.card.features.iter().map(value).collect();
    let line = format!("{{\"time\":1000,\"plugins\":{{\"feed\":[{}]}}}}", values.join(","));
    let observation = Observation::from_json(&line, &program.card).expect("features in range");
    let salts = Salts { observations: 1, evidence: 2 };
    let record = recorder.record(observation, salts).expect("a decision").record;
    Bundle::select(program.card.clone(), &[record], Selection::Range { first: 0, last: 0 })
        .expect("the first record")
}

/// Processor time of this process in milliseconds; 0 where it is not known.
fn processor_milliseconds() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    // user and system time, in hundredths of a second
    fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap_or(0) * 10).sum()
}

fn main() {
    let reference = ReferenceString::development(10, &[1; 32]).expect("a small string");
    for slots in [0, 4] {
        let program = agent(&reference, slots);
        let bundle = bundle(&program);
        let prover = Prover::new_unchecked(&program, &reference).expect("the agent's own string");
        let proof = prover.prove_path(&bundle, [3; 20], &mut |_, _| ()).expect("an honest record");
        let keys = SealKeys::development(&program.card, 0, &[2; 32]).expect("a class with a layout");
        for _ in 0..4 {
            let (wall, before) = (Instant::now(), processor_milliseconds());
            let blinding = [3_u64.into(), 5_u64.into()];
            seal(&keys, &bundle, &proof, blinding).expect("an honest path");
            println!(
                "{slots} slots: {} constraints, {} ms of processor time, {:?}",
                keys.verifying.constraints,
                processor_milliseconds() - before,
                wall.elapsed()
            );
        }
    }
}
