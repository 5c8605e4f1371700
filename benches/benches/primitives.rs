//! The physical limits: what the arithmetic, the hashes and the disk cost on this machine, one thread.

use crate::agent::key;
use ark_bn254::{Bn254, Fq, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, VariableBaseMSM};
use ark_ff::Field;
use candor_benches::synthetic::Random;
use candor_circuits::point::{decode_g1, encode_g1};
use candor_program::Fr;
use candor_program::encoding::{fr_from_bytes_mod, keccak256};
use candor_program::poseidon;
use candor_prover::ReferenceString;
use criterion::{Criterion, Throughput};
use std::fs::File;
use std::hint::black_box;
use std::io::Write;

fn elements(count: usize) -> Vec<Fr> {
    (0..count as u64).map(|i| fr_from_bytes_mod(&keccak256(&[&i.to_be_bytes()]))).collect()
}

fn field(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("primitives/field");
    let (a, b) = (elements(1_024), elements(1_024));
    group.throughput(Throughput::Elements(1_024));
    group.bench_function("1024 multiplications, independent", |bencher| {
        let mut products = a.clone();
        bencher.iter(|| {
            for (product, (a, b)) in products.iter_mut().zip(black_box(&a).iter().zip(&b)) {
                *product = *a * b;
            }
            black_box(&products);
        });
    });
    group.bench_function("1024 multiplications, dependent", |bencher| {
        bencher.iter(|| black_box(&a).iter().fold(b[0], |product, a| product * a));
    });
    group.bench_function("1024 multiply and add", |bencher| {
        bencher.iter(|| black_box(&a).iter().zip(&b).map(|(a, b)| *a * b).sum::<Fr>());
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("inverse", |bencher| bencher.iter(|| black_box(a[0]).inverse()));
}

fn hashes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("primitives/hash");
    let state: [Fr; 4] = elements(4).try_into().expect("four elements");
    group.bench_function("Poseidon permutation", |bencher| {
        bencher.iter(|| {
            let mut state = black_box(state);
            poseidon::permute(&mut state);
            state
        });
    });
    group.bench_function("Poseidon permutation, dense rounds", |bencher| {
        bencher.iter(|| {
            let mut state = black_box(state);
            poseidon::permute_reference(&mut state);
            state
        });
    });
    let block = [3u8; 135];
    group.bench_function("Keccak block", |bencher| bencher.iter(|| keccak256(&[black_box(&block)])));
}

fn curve(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("primitives/curve");
    group.sample_size(20);
    let reference = ReferenceString::development(12, &[1; 32]).expect("12 is a size");
    let points = reference.powers();
    for log2 in [8, 10, 12] {
        let scalars = elements(1 << log2);
        group.bench_function(format!("2^{log2} points, random scalars"), |bencher| {
            bencher.iter(|| G1Projective::msm_unchecked(&points[..1 << log2], black_box(&scalars)));
        });
    }
    let mut random = Random(5);
    let bytes: Vec<u8> = (0..1 << 10).map(|_| random.next_u64() as u8).collect();
    group.bench_function("2^10 points, bytes", |bencher| {
        bencher.iter(|| G1Projective::msm_u8(&points[..1 << 10], black_box(&bytes)));
    });
    let bits: Vec<bool> = bytes.iter().map(|byte| byte & 1 == 1).collect();
    group.bench_function("2^10 points, bits", |bencher| {
        bencher.iter(|| G1Projective::msm_u1(&points[..1 << 10], black_box(&bits)));
    });
    let encoded = encode_g1(&points[5]);
    group.bench_function("decode a point", |bencher| {
        bencher.iter(|| decode_g1(black_box(&encoded)).expect("a point"))
    });
    let x: Fq = points[5].x;
    group.bench_function("decompress a point", |bencher| {
        bencher.iter(|| G1Affine::get_point_from_x_unchecked(black_box(x), true).expect("a point"));
    });
    group.bench_function("two pairings", |bencher| {
        let g2 = [G2Affine::generator(), G2Affine::generator()];
        bencher.iter(|| Bn254::multi_pairing(black_box([points[3], points[5]]), g2));
    });
    let (key, hash) = (key(), [9u8; 32]);
    group.bench_function("secp256k1 signature", |bencher| bencher.iter(|| key.sign(black_box(&hash))));
    let signature = key.sign(&hash);
    group.bench_function("secp256k1 recovery", |bencher| {
        bencher.iter(|| candor_trace::recover(black_box(&hash), &signature).expect("our own signature"));
    });
}

fn disk(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("primitives/disk");
    group.sample_size(20);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the build folder is writable");
    let mut file = File::create(folder.path().join("bytes")).expect("a writable folder");
    group.bench_function("write 4 KiB and sync", |bencher| {
        bencher.iter(|| file.write_all(&[0; 4_096]).and_then(|()| file.sync_data()).expect("durable"));
    });
}

criterion::criterion_group!(benches, field, hashes, curve, disk);
