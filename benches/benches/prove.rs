//! Time to prove: one decision, a path of sixteen, and growth with the number of parameters.

use crate::agent::{Agent, PERCEPTRONS};
use candor_prover::Prover;
use criterion::{BenchmarkId, Criterion, Throughput};

fn prove(criterion: &mut Criterion) {
    let agent = Agent::sp500();
    let prover = Prover::new(&agent.program, agent.reference).expect("the agent's own string");
    let mut group = criterion.benchmark_group("prove/sp500");
    group.sample_size(20);
    for decisions in [1, 2, 4, 8, 16, 64] {
        let bundle = agent.bundle(decisions);
        group.throughput(Throughput::Elements(decisions as u64));
        group.bench_function(BenchmarkId::new("decisions", decisions), |bencher| {
            bencher.iter(|| prover.prove_path(&bundle, [0; 20], &mut |_, _| {}).expect("honest records"));
        });
    }
    let record = agent.records(1).remove(0);
    let tensor = candor_program::class::TensorId(1);
    group.bench_function("challenge of the first operator", |bencher| {
        bencher.iter(|| prover.prove_tensor(&record, tensor, [0; 20]).expect("an honest record"));
    });
}

fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("prove/parameters");
    group.sample_size(10);
    for (name, widths) in PERCEPTRONS {
        let agent = Agent::perceptron(widths);
        let prover = Prover::new(&agent.program, agent.reference).expect("the agent's own string");
        for decisions in [1, 16] {
            let bundle = agent.bundle(decisions);
            group.bench_function(BenchmarkId::new(name, decisions), |bencher| {
                bencher.iter(|| prover.prove_path(&bundle, [0; 20], &mut |_, _| {}).expect("honest records"));
            });
        }
    }
}

fn commit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("commit weights/parameters");
    group.sample_size(10);
    for (name, widths) in PERCEPTRONS {
        let agent = Agent::perceptron(widths);
        let Agent { reference, program, .. } = &agent;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                candor_prover::commit_program(reference, &program.card, &program.weights)
                    .expect("long enough")
            });
        });
    }
}

criterion::criterion_group!(benches, prove, growth, commit);
