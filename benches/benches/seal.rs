//! Time to seal: whole, part by part, and beside bare ark-groth16.

use crate::agent::Agent;
use crate::bare::Bare;
use ark_bn254::Fr;
use candor_circuits::proof::ProofFile;
use candor_circuits::seal::circuit::{SealShape, synthesize};
use candor_prover::Prover;
use candor_prover::seal::{SealKeys, groth16, seal, sealable};
use candor_trace::Bundle;
use candor_verifier::verify_seal;
use criterion::{BenchmarkId, Criterion};

/// A proven path with keys of its batch.
struct Sealing {
    keys: SealKeys,
    bundle: Bundle,
    proof: ProofFile,
}

impl Sealing {
    fn of(agent: &Agent, decisions: usize) -> Self {
        let prover = Prover::new(&agent.program, agent.reference).expect("the agent's own string");
        let bundle = agent.bundle(decisions);
        let proof = prover.prove_path(&bundle, [0; 20], &mut |_, _| {}).expect("honest records");
        let batch_log2 = decisions.next_power_of_two().trailing_zeros() as u8;
        let keys =
            SealKeys::development(&agent.program.card, batch_log2, &[2; 32]).expect("a class with a layout");
        Self { keys, bundle, proof }
    }

    fn seal(&self) -> candor_trace::SealFile {
        seal(&self.keys, &self.bundle, &self.proof, blinding()).expect("an honest path")
    }
}

/// The same blinding every time: its value does not change what is measured.
fn blinding() -> [Fr; 2] {
    [Fr::from(-11i64), Fr::from(-12i64)].map(|value| value * value * value)
}

fn whole(criterion: &mut Criterion) {
    let agent = Agent::sp500();
    let mut group = criterion.benchmark_group("seal/sp500");
    group.sample_size(10);
    for decisions in [1, 4, 16] {
        let sealing = Sealing::of(agent, decisions);
        group.bench_function(BenchmarkId::new("decisions", decisions), |bencher| {
            bencher.iter(|| sealing.seal());
        });
        let bytes = sealing.keys.to_bytes();
        let key = &sealing.keys.verifying;
        reset_peak();
        let file = sealing.seal();
        println!(
            "{decisions} decisions: {} constraints, keys {} bytes, verifying key {} bytes, seal {} bytes, peak {} kB with keys in memory",
            key.constraints,
            bytes.len(),
            candor_program::encoding::encode(key).len(),
            file.to_bytes().len(),
            peak_kilobytes(),
        );
        group.bench_function(BenchmarkId::new("load keys, decisions", decisions), |bencher| {
            bencher.iter(|| SealKeys::from_bytes(&bytes, &agent.program.card).expect("keys of the class"));
        });
        group.bench_function(BenchmarkId::new("verify, decisions", decisions), |bencher| {
            bencher.iter(|| {
                verify_seal(&agent.expected(), &agent.program.card, &sealing.keys.verifying, &file)
                    .expect("an honest seal")
            });
        });
    }
}

/// Starts the process's peak again from what it holds now. Does nothing where there is no such mark.
fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Peak memory of this process since the last reset, keys as bytes and as points included; 0 where it is not known.
fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse().unwrap_or(0)
}

/// Models of other depth whose tensors fill the same padded positions.
fn depth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("seal/depth");
    group.sample_size(10);
    for (name, widths) in [
        ("64-128-128-64-3", &[64, 128, 128, 64, 3][..]),
        ("64-64-64-64-64-64-64-3", &[64, 64, 64, 64, 64, 64, 64, 3]),
    ] {
        let sealing = Sealing::of(&Agent::perceptron(widths), 1);
        println!("{name}: {} constraints", sealing.keys.verifying.constraints);
        group.bench_function(name, |bencher| bencher.iter(|| sealing.seal()));
    }
}

/// One decision: every part by itself, then ark-groth16 without synthesis on the same circuit and on a random one like it.
fn parts(criterion: &mut Criterion) {
    let agent = Agent::sp500();
    let sealing = Sealing::of(agent, 1);
    let keys = &sealing.keys;
    let path = sealable(&sealing.bundle, &sealing.proof).expect("an honest path");
    let shape = SealShape { layout: path.layout.clone() };
    let assignment = synthesize(&shape, &path.witness, false).system.assignment();
    let quotient = groth16::quotient(keys, &assignment).expect("a small circuit");
    let mut group = criterion.benchmark_group("seal/parts");
    group.sample_size(10);
    group.bench_function("proof taken apart", |bencher| {
        bencher.iter(|| sealable(&sealing.bundle, &sealing.proof).expect("an honest path"));
    });
    group.bench_function("synthesis, values", |bencher| {
        bencher.iter(|| synthesize(&shape, &path.witness, false));
    });
    group.bench_function("synthesis, shape", |bencher| {
        bencher.iter(|| synthesize(&shape, &path.witness, true));
    });
    group.bench_function("rows and transforms", |bencher| {
        bencher.iter(|| groth16::quotient(keys, &assignment).expect("a small circuit"));
    });
    group.bench_function("sum a", |bencher| bencher.iter(|| groth16::sum_a(keys, &assignment)));
    group.bench_function("sum b in G1", |bencher| bencher.iter(|| groth16::sum_b_g1(keys, &assignment)));
    group.bench_function("sum b in G2", |bencher| bencher.iter(|| groth16::sum_b_g2(keys, &assignment)));
    group.bench_function("sum of the witness", |bencher| {
        bencher.iter(|| groth16::sum_witness(keys, &assignment));
    });
    group.bench_function("sum of the quotient", |bencher| {
        bencher.iter(|| groth16::sum_quotient(keys, &quotient));
    });
    let sums = groth16::Sums {
        a: groth16::sum_a(keys, &assignment),
        b_g1: groth16::sum_b_g1(keys, &assignment),
        b_g2: groth16::sum_b_g2(keys, &assignment),
        witness: groth16::sum_witness(keys, &assignment),
        quotient: groth16::sum_quotient(keys, &quotient),
    };
    group.bench_function("assembly", |bencher| {
        bencher.iter(|| groth16::assemble(keys, &sums, blinding()));
    });
    group.bench_function("proof, all of it", |bencher| {
        bencher.iter(|| groth16::prove(keys, &assignment, blinding()).expect("a small circuit"));
    });
    let matrices = synthesize(&shape, &path.witness, true).system.take_matrices();
    let random = Bare::like(&matrices);
    let random_key = random.key();
    group.bench_function("ark-groth16, random circuit", |bencher| bencher.iter(|| random.prove(&random_key)));
    let own = Bare::new(matrices, assignment);
    group.bench_function("ark-groth16, this circuit", |bencher| {
        bencher.iter(|| own.prove(keys.proving_key()))
    });
}

criterion::criterion_group!(benches, parts, whole, depth);
