//! Time to verify: the argument alone, and everything that `verify` checks on a path.

use crate::agent::{Agent, PERCEPTRONS};
use candor_circuits::layout::Layout;
use candor_circuits::model::decode_rows;
use candor_circuits::native;
use candor_circuits::setup::VerifierSetup;
use candor_circuits::statement::{ProgramData, Statement};
use candor_program::Fr;
use candor_program::class::TensorId;
use candor_program::digest::ProgramIds;
use candor_prover::Prover;
use candor_prover::argument::prove;
use candor_prover::witness::Witness;
use candor_trace::Bundle;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion};
use std::hint::black_box;

/// `verify` of a path, on decoded and on encoded input.
fn path(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verify/sp500");
    group.sample_size(30);
    let agent = Agent::sp500();
    for decisions in [1, 16] {
        full(&mut group, "path", agent, decisions);
    }
    let bundle = agent.bundle(1).to_bytes();
    group.bench_function("decode a bundle of 1", |bencher| {
        bencher.iter(|| Bundle::from_bytes(black_box(&bundle)).expect("our own bytes"))
    });
}

fn full(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, agent: &Agent, decisions: usize) {
    let prover = Prover::new(&agent.program, agent.reference).expect("the agent's own string");
    let (bundle, expected) = (agent.bundle(decisions), agent.expected());
    let proof = prover.prove_path(&bundle, [0; 20], &mut |_, _| {}).expect("honest records");
    group.bench_function(BenchmarkId::new(name, decisions), |bencher| {
        bencher.iter(|| {
            candor_verifier::verify(&expected, black_box(&bundle), black_box(&proof))
                .expect("an honest proof")
        });
    });
}

/// The argument alone, by number of parameters.
fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verify/parameters");
    group.sample_size(20);
    for (name, widths) in PERCEPTRONS {
        let agent = Agent::perceptron(widths);
        argument(&mut group, name, &agent, 0);
        full(&mut group, &format!("{name} path"), &agent, 1);
    }
}

fn argument(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, agent: &Agent, batch_log2: u8) {
    let card = &agent.program.card;
    let prover = Prover::new(&agent.program, agent.reference).expect("the agent's own string");
    let revealed: TensorId = card.class.output();
    let layout = Layout::new(&card.class, batch_log2, revealed).expect("a small class");
    let features: Vec<Vec<u16>> =
        agent.observations().take(layout.batch()).map(|o| o.features(card).expect("valid")).collect();
    let witness = Witness::new(&agent.program, &layout, &features).expect("a validated program");
    let values = witness.tensors.iter().map(|tensors| tensors[usize::from(revealed.0)].clone()).collect();
    let statement = Statement { batch_log2, context: Fr::from(5u64), revealed, features, values };
    let public = statement.public_values(card).expect("the program's own values");
    let proof = prove(&prover.key(), &layout, &public, &witness);
    let (data, setup) = (
        ProgramData::of(card, &ProgramIds::of(card)),
        VerifierSetup::of(&card.setup).expect("a valid string"),
    );
    let rows = decode_rows(card).expect("our own rows");
    group.bench_function(BenchmarkId::new(name, "argument"), |bencher| {
        bencher.iter(|| {
            native::verify(&layout, &data, &public, &rows, &setup, black_box(&proof))
                .expect("an honest proof")
        });
    });
    group.bench_function(BenchmarkId::new(name, "decode the card's rows"), |bencher| {
        bencher.iter(|| decode_rows(black_box(card)).expect("our own rows"));
    });
}

criterion::criterion_group!(benches, path, growth);
