//! The merge of all claims and the opening, and what is committed to after it is asked for.

use super::{Forgery, Sender, bend};
use crate::table::{Table, bind, commit, dense, divide, evaluate};
use ark_ff::{AdditiveGroup, Field};
use candor_circuits::argument::quadratic;
use candor_circuits::channel::Step;
use candor_circuits::claim::{Claim, Object};
use candor_program::Fr;

impl Forgery<'_> {
    /// The merge, and the opening of what it ends in.
    pub(super) fn merge_and_open<'o>(
        &self,
        sender: &mut Sender,
        claims: &[Claim<Fr>],
        rho: Fr,
        object: impl Fn(Object) -> &'o Table,
    ) {
        let k = self.case.layout.row_log2;
        let mut parts: Vec<(Table, Table)> = Vec::new();
        let (mut claimed, mut power) = (Fr::ZERO, Fr::ONE);
        // weight of the first witness row in each part
        let mut first_row = Vec::new();
        for claim in claims {
            for functional in &claim.functionals {
                let cut = functional.parts(k);
                let scale = functional.scale.unwrap_or(Fr::ONE) * power;
                for piece in &cut.pieces {
                    let rows = cut.row_weights(piece);
                    let mut folded = vec![Fr::ZERO; 1 << k];
                    for (row, weight) in &rows {
                        let values = object(claim.object).iter().skip(row << k);
                        folded.iter_mut().zip(values).for_each(|(sum, value)| *sum += scale * weight * value);
                    }
                    parts.push((folded, dense(&cut.column_factors(piece))));
                    let first = rows.iter().find(|(row, _)| *row == 0 && claim.object == Object::Witness);
                    first_row.push(first.map_or(Fr::ZERO, |(_, weight)| scale * weight));
                }
            }
            claimed += power * claim.value;
            power *= rho;
        }
        let rows: Vec<Table> = parts.iter().map(|(folded, _)| folded.clone()).collect();
        let mut s = Vec::with_capacity(k);
        for round in 0..k {
            let half = 1 << (k - 1 - round);
            let at = |x: u64| -> Fr {
                let value = |table: &Table, i: usize| table[i] + Fr::from(x) * (table[i + half] - table[i]);
                let part = |(p, q): &(Table, Table)| (0..half).map(|i| value(p, i) * value(q, i)).sum::<Fr>();
                parts.iter().map(part).sum()
            };
            let mut sent = [at(0), at(2)];
            if let Some((_, x)) = self.repairs.merge_round.filter(|(at, _)| *at == round) {
                let truth = quadratic(&(sent[0] + at(1)), &sent, &x);
                bend(&claimed, &mut sent, quadratic, x, truth);
            }
            sender.scalars(Step::MergeRound(round), &sent);
            let challenge = sender.challenge();
            claimed = quadratic(&claimed, &sent, &challenge);
            for (p, q) in &mut parts {
                bind(p, challenge);
                bind(q, challenge);
            }
            s.push(challenge);
        }
        let mut row = vec![Fr::ZERO; 1 << k];
        for (folded, (_, q)) in rows.iter().zip(&parts) {
            row.iter_mut().zip(folded).for_each(|(sum, value)| *sum += q[0] * value);
        }
        let first_row: Fr = first_row.iter().zip(&parts).map(|(weight, (_, q))| *weight * q[0]).sum();
        row.extend(self.beyond.iter().map(|value| first_row * value));
        self.open(sender, row, &s, claimed);
    }

    fn open(&self, sender: &mut Sender, row: Table, s: &[Fr], claimed: Fr) {
        let (k, powers, half) = (s.len(), self.case.reference.powers(), Fr::from(2u64).inverse().unwrap());
        let fold = |values: &Table, s: Fr| -> Table {
            values.chunks(2).map(|pair| pair[0] + s * (pair[1] - pair[0])).collect()
        };
        let mut folds = vec![row];
        for j in 0..k - 1 {
            folds.push(fold(&folds[j], s[k - 1 - j]));
        }
        // what is missing for the claim to be true
        let missing = claimed - fold(&folds[k - 1], s[0])[0];
        if let Some(x) = self.repairs.folds {
            let square = x.square();
            let change = missing * (s[0] - square * (Fr::ONE - s[0])).inverse().unwrap();
            folds[k - 1][0] -= change * square;
            folds[k - 1][1] += change;
        }
        sender.points(Step::Folds, &folds[1..].iter().map(|fold| commit(powers, fold)).collect::<Vec<_>>());
        let x = sender.challenge();
        let mut values: Vec<Fr> =
            folds.iter().flat_map(|fold| [evaluate(fold, x), evaluate(fold, -x)]).collect();
        values.push(evaluate(&folds[0], x.square()));
        let x_inverse = x.inverse().unwrap();
        // change of a fold's value at x^2 by a change of one of the previous fold's value at x
        let effect = |s: Fr| half * ((Fr::ONE - s) + s * x_inverse);
        let lies = [self.repairs.fold_values, self.repairs.quotient, self.repairs.secret];
        if lies.iter().any(Option::is_some) {
            let change = missing * effect(s[0]).inverse().unwrap();
            values[2 * (k - 1)] += change;
            if let Some(q) = self.repairs.fold_values {
                let first = -change * q.pow([k as u64 - 1]);
                values[0] += first;
                values[2 * k] -= q * first * effect(s[k - 1]);
            }
        }
        sender.scalars(Step::FoldEvaluations, &values);

        let q = sender.challenge();
        let mut batched = vec![Fr::ZERO; folds[0].len()];
        let mut power = Fr::ONE;
        for fold in &folds {
            batched.iter_mut().zip(fold).for_each(|(sum, value)| *sum += power * value);
            power *= q;
        }
        let points = [x, -x, x.square()];
        let targets = batched_values(&values, s, q, x);
        let interpolated = |at: Fr| -> Fr {
            let basis = |i: usize| {
                let (a, b) = (points[(i + 1) % 3], points[(i + 2) % 3]);
                (at - a) * (at - b) * ((points[i] - a) * (points[i] - b)).inverse().unwrap()
            };
            (0..3).map(|i| targets[i] * basis(i)).sum()
        };
        let vanishing = |at: Fr| -> Fr { points.iter().map(|point| at - point).product() };
        let quotient = match self.repairs.quotient {
            Some(zeta) => {
                vec![(evaluate(&batched, zeta) - interpolated(zeta)) * vanishing(zeta).inverse().unwrap()]
            }
            None => points.iter().fold(batched.clone(), |quotient, point| divide(&quotient, *point)),
        };
        sender.points(Step::Quotient, &[commit(powers, &quotient)]);
        let zeta = sender.challenge();
        let vanishing = vanishing(zeta);
        batched.iter_mut().zip(&quotient).for_each(|(value, quotient)| *value -= vanishing * quotient);
        let opening = match self.repairs.secret {
            // any point: the pairing asks for L = (tau - zeta) W
            Some(tau) => {
                batched[0] -= interpolated(zeta);
                commit(powers, &batched) * (tau - zeta).inverse().unwrap()
            }
            None => commit(powers, &divide(&batched, zeta)),
        };
        sender.points(Step::OpeningPoint, &[opening]);
    }
}

/// Batched values at x, -x, x^2, as the verifier derives them.
fn batched_values(values: &[Fr], s: &[Fr], q: Fr, x: Fr) -> [Fr; 3] {
    let (k, half) = (s.len(), Fr::from(2u64).inverse().unwrap());
    let (mut sums, mut power, mut at_square) = ([Fr::ZERO; 3], Fr::ONE, values[2 * k]);
    for j in 0..k {
        let (plus, minus) = (values[2 * j], values[2 * j + 1]);
        for (sum, value) in sums.iter_mut().zip([plus, minus, at_square]) {
            *sum += power * value;
        }
        power *= q;
        let (even, odd) = ((plus + minus) * half, (plus - minus) * half * x.inverse().unwrap());
        at_square = even + s[k - 1 - j] * (odd - even);
    }
    sums
}

/// Values of an object that satisfy every claim about it, whatever else they are: changed along the claims' own weights.
pub(crate) fn late(object: Object, values: &[Fr], claims: &[Claim<Fr>]) -> Table {
    let claims: Vec<&Claim<Fr>> = claims.iter().filter(|claim| claim.object == object).collect();
    let weights: Vec<Table> = claims.iter().map(|claim| weights(claim)).collect();
    let dot = |left: &[Fr], right: &[Fr]| left.iter().zip(right).map(|(a, b)| *a * b).sum::<Fr>();
    let missing = claims.iter().zip(&weights).map(|(claim, weights)| claim.value - dot(weights, values));
    let products = weights.iter().map(|left| weights.iter().map(|right| dot(left, right)).collect());
    let shares = crate::table::solve(products.collect(), missing.collect()).unwrap();
    let mut values = values.to_vec();
    for (share, weights) in shares.iter().zip(&weights) {
        values.iter_mut().zip(weights).for_each(|(value, weight)| *value += *share * weight);
    }
    values
}

/// What a claim weighs the values with.
fn weights(claim: &Claim<Fr>) -> Table {
    let [functional] = &claim.functionals[..] else { panic!("one functional a claim") };
    let scale = functional.scale.unwrap_or(Fr::ONE);
    dense(&functional.factors).into_iter().map(|weight| scale * weight).collect()
}
