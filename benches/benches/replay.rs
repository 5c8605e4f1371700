//! Decisions a second: the integer evaluator alone, and the whole replay of a path.

use crate::agent::{Agent, PERCEPTRONS};
use candor_program::evaluate::execute;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::hint::black_box;

fn sp500(criterion: &mut Criterion) {
    let agent = Agent::sp500();
    let mut group = criterion.benchmark_group("replay/sp500");
    let observation = agent.observations().next().expect("one observation");
    let features = observation.features(&agent.program.card).expect("valid");
    group.throughput(Throughput::Elements(1));
    group.bench_function("features from the payload", |bencher| {
        bencher.iter(|| black_box(&observation).features(&agent.program.card).expect("valid"));
    });
    group.bench_function("execute", |bencher| {
        bencher.iter(|| execute(&agent.program, black_box(&features)).expect("valid"));
    });
    let (bundle, expected) = (agent.bundle(256), agent.expected());
    group.throughput(Throughput::Elements(256)).sample_size(20);
    group.bench_function("replay of 256 records", |bencher| {
        bencher.iter(|| {
            candor_verifier::replay(&expected, &agent.program, black_box(&bundle)).expect("a whole bundle")
        });
    });
}

fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay/parameters");
    group.sample_size(20);
    for (name, widths) in PERCEPTRONS {
        let agent = Agent::perceptron(widths);
        let observation = agent.observations().next().expect("one observation");
        let features = observation.features(&agent.program.card).expect("valid");
        group.bench_function(BenchmarkId::new(name, "execute"), |bencher| {
            bencher.iter(|| execute(&agent.program, black_box(&features)).expect("valid"));
        });
    }
}

criterion::criterion_group!(benches, sp500, growth);
