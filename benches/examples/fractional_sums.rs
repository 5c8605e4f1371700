//! The alternative to committed helpers (docs/adr/0001): the sum of 1/(beta - w) by a tree of fractions, one sumcheck a
//! layer.
//!
//! `cargo run --release -p candor-benches --example fractional_sums -- 12,16,20`: for 2^12, 2^16, 2^20 cells the fastest
//! of ten runs of the prover, its rounds and its bytes. To be held against the phase "commit helpers" of the example
//! `phases` plus the lookup's part of the batched sumcheck. The claim that is left is checked against the cells.

use ark_ff::{AdditiveGroup, Field, One};
use candor_benches::synthetic::Random;
use candor_circuits::transcript::Transcript;
use candor_program::Fr;
use rayon::prelude::*;
use std::time::Instant;

/// Below this many values a loop stays on one thread.
const PARALLEL: usize = 1 << 10;

/// A layer: sums of fractions numerator / denominator; `None`: every numerator is one.
struct Layer {
    numerators: Option<Vec<Fr>>,
    denominators: Vec<Fr>,
}

fn map(count: usize, value: impl Fn(usize) -> Fr + Sync + Send) -> Vec<Fr> {
    if count < PARALLEL {
        return (0..count).map(value).collect();
    }
    (0..count).into_par_iter().with_min_len(256).map(value).collect()
}

fn sum(count: usize, values: impl Fn(usize) -> [Fr; 2] + Sync + Send) -> [Fr; 2] {
    let add = |a: [Fr; 2], b: [Fr; 2]| [a[0] + b[0], a[1] + b[1]];
    if count < PARALLEL {
        return (0..count).map(values).fold([Fr::ZERO; 2], add);
    }
    (0..count).into_par_iter().with_min_len(256).map(values).reduce(|| [Fr::ZERO; 2], add)
}

fn bind(table: &mut Vec<Fr>, r: Fr) {
    let half = table.len() / 2;
    *table = map(half, |i| table[i] + r * (table[i + half] - table[i]));
}

impl Layer {
    /// Adds pairs of fractions: the layer with half as many.
    fn next(&self) -> Self {
        let (d, half) = (&self.denominators, self.denominators.len() / 2);
        let denominators = map(half, |i| d[i] * d[i + half]);
        let numerators = match &self.numerators {
            None => map(half, |i| d[i] + d[i + half]),
            Some(n) => map(half, |i| n[i] * d[i + half] + n[i + half] * d[i]),
        };
        Self { numerators: Some(numerators), denominators }
    }
}

/// `eq` tables of all suffixes of a point.
fn equality_suffixes(point: &[Fr]) -> Vec<Vec<Fr>> {
    let mut tables = vec![vec![Fr::one()]];
    for (j, coordinate) in point.iter().rev().enumerate() {
        let high: Vec<Fr> = tables[j].iter().map(|value| *value * coordinate).collect();
        let mut next: Vec<Fr> = tables[j].iter().zip(&high).map(|(value, high)| *value - high).collect();
        next.extend(high);
        tables.push(next);
    }
    tables
}

/// What a prover sends.
struct Prover {
    transcript: Transcript<Fr>,
    rounds: usize,
    elements: usize,
}

impl Prover {
    fn send(&mut self, values: &[Fr]) -> Fr {
        self.elements += values.len();
        self.transcript.absorb(values);
        self.transcript.challenge()
    }

    /// Reduces a claim about the layer above, at `point`, to one about this layer. Shapes: `point` is one shorter.
    fn layer(&mut self, layer: &Layer, point: &[Fr], claim: Fr, lambda: Fr) -> (Vec<Fr>, Fr, Fr) {
        let half = layer.denominators.len() / 2;
        let halves = |table: &[Fr]| [table[..half].to_vec(), table[half..].to_vec()];
        let [mut d_0, mut d_1] = halves(&layer.denominators);
        let ones = || vec![Fr::ONE; half];
        let [mut n_0, mut n_1] = layer.numerators.as_deref().map_or_else(|| [ones(), ones()], halves);
        let constant = layer.numerators.is_none();
        let suffixes = equality_suffixes(point.get(1..).unwrap_or_default());
        let (mut claim, mut scale, mut next) = (claim, Fr::ONE, Vec::with_capacity(point.len() + 1));
        for (round, tau) in point.iter().enumerate() {
            let half = d_0.len() / 2;
            let eq = &suffixes[point.len() - round - 1];
            let [at_0, leading] = sum(half, |i| {
                let (a_0, a_1, step_0, step_1) =
                    (d_0[i], d_1[i], d_0[i + half] - d_0[i], d_1[i + half] - d_1[i]);
                if constant {
                    return [eq[i] * (a_0 + a_1 + lambda * a_0 * a_1), eq[i] * lambda * step_0 * step_1];
                }
                let (b_0, b_1) = (n_0[i], n_1[i]);
                let (up_0, up_1) = (n_0[i + half] - b_0, n_1[i + half] - b_1);
                let value = b_0 * a_1 + (b_1 + lambda * a_1) * a_0;
                [eq[i] * value, eq[i] * (up_0 * step_1 + (up_1 + lambda * step_1) * step_0)]
            });
            let at_1 = (claim - scale * (Fr::ONE - tau) * at_0) * (scale * tau).inverse().unwrap_or_default();
            let (first, second) = (at_1 - at_0, leading.double());
            let at_2 = at_1 + first + second;
            let at_3 = at_2 + first + second.double();
            let eq_at = |x: u64| {
                let x = Fr::from(x);
                scale * ((Fr::ONE - tau) * (Fr::ONE - x) + *tau * x)
            };
            let r = self.send(&[eq_at(0) * at_0, eq_at(2) * at_2, eq_at(3) * at_3]);
            self.rounds += 1;
            scale *= (Fr::ONE - tau) * (Fr::ONE - r) + *tau * r;
            claim = scale * (at_0 + r * (first - leading + leading * r));
            for table in [&mut d_0, &mut d_1] {
                bind(table, r);
            }
            if !constant {
                bind(&mut n_0, r);
                bind(&mut n_1, r);
            }
            next.push(r);
        }
        let r = self.send(&[n_0[0], n_1[0], d_0[0], d_1[0]]);
        let at = |low: Fr, high: Fr| low + r * (high - low);
        next.insert(0, r);
        (next, at(n_0[0], n_1[0]), at(d_0[0], d_1[0]))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sizes = std::env::args().nth(1).unwrap_or_else(|| "12,16".into());
    println!(
        "| cells | prover ms, {} threads | rounds | bytes |\n|---|---|---|---|",
        rayon::current_num_threads()
    );
    for size in sizes.split(',').map(str::parse::<usize>).collect::<Result<Vec<_>, _>>()? {
        let mut random = Random(3);
        let cells: Vec<u8> = (0..1usize << size).map(|_| random.next_u64() as u8).collect();
        let beta = Fr::from(0x1234_5678_9abc_def1u64).square().square();
        let (mut best, mut rounds, mut elements) = (f64::INFINITY, 0, 0);
        for _ in 0..10 {
            let start = Instant::now();
            let differences: Vec<Fr> = (0..256u64).map(|limb| beta - Fr::from(limb)).collect();
            let leaves = map(cells.len(), |i| differences[usize::from(cells[i])]);
            let mut layers = vec![Layer { numerators: None, denominators: leaves }];
            while layers[layers.len() - 1].denominators.len() > 1 {
                layers.push(layers[layers.len() - 1].next());
            }
            let mut prover = Prover { transcript: Transcript::new(), rounds: 0, elements: 0 };
            let top = &layers[layers.len() - 1];
            let (mut numerator, mut denominator) =
                (top.numerators.as_ref().map_or(Fr::ONE, |n| n[0]), top.denominators[0]);
            let mut lambda = prover.send(&[numerator, denominator]);
            let mut point = Vec::new();
            for layer in layers.iter().rev().skip(1) {
                let claim = numerator + lambda * denominator;
                (point, numerator, denominator) = prover.layer(layer, &point, claim, lambda);
                lambda = prover.transcript.challenge();
            }
            best = best.min(start.elapsed().as_secs_f64() * 1e3);
            (rounds, elements) = (prover.rounds, prover.elements);
            let mut expected = layers.swap_remove(0).denominators;
            for r in &point {
                bind(&mut expected, *r);
            }
            assert_eq!(
                (numerator, denominator),
                (Fr::ONE, expected[0]),
                "the last claim is not about the cells"
            );
        }
        println!("| 2^{size} | {best:.1} | {rounds} | {} |", 32 * elements);
    }
    Ok(())
}
