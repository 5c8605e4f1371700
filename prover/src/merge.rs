//! Merges all claims into one value of one combination of rows.

use crate::channel::ProverChannel;
use crate::fold::Objects;
use crate::multilinear::{bind, sum_over};
use ark_ff::{AdditiveGroup, Field};
use candor_circuits::argument::quadratic;
use candor_circuits::channel::Step;
use candor_circuits::claim::Claim;
use candor_circuits::factor::{Factor, expand};
use candor_program::Fr;

/// One product of the merge: folded rows times column part.
struct Part {
    rows: Vec<Fr>,
    columns: Vec<Fr>,
}

/// The combined row and the point at which it is opened.
pub(crate) struct Merged {
    pub(crate) row: Vec<Fr>,
    pub(crate) point: Vec<Fr>,
}

/// Runs the merge sumcheck.
pub(crate) fn merge(
    channel: &mut ProverChannel<'_>,
    objects: &Objects<'_>,
    claims: &[Claim<Fr>],
    rho: Fr,
) -> Merged {
    let (parts, mut claim) = parts(objects, claims, rho);
    let folded: Vec<Vec<Fr>> = parts.iter().map(|part| part.rows.clone()).collect();
    let mut parts = parts;
    let mut point = Vec::with_capacity(objects.row_log2);
    for round in 0..objects.row_log2 {
        let half = 1 << (objects.row_log2 - round - 1);
        let values = sum_over(half, |i| {
            let mut sums = [Fr::ZERO; 2];
            for part in &parts {
                let (q0, q1) = (part.columns[i], part.columns[i + half]);
                let (p0, p1) = (part.rows[i], part.rows[i + half]);
                sums[0] += p0 * q0;
                sums[1] += (p1.double() - p0) * (q1.double() - q0);
            }
            sums
        });
        channel.scalars(Step::MergeRound(round), &values);
        let challenge = channel.challenge();
        claim = quadratic(&claim, &values, &challenge);
        for part in &mut parts {
            bind(&mut part.rows, challenge);
            bind(&mut part.columns, challenge);
        }
        point.push(challenge);
    }
    let mut row = vec![Fr::ZERO; 1 << objects.row_log2];
    for (part, folded) in parts.iter().zip(&folded) {
        let weight = part.columns[0];
        for (value, folded) in row.iter_mut().zip(folded) {
            *value += weight * folded;
        }
    }
    Merged { row, point }
}

/// Folds every functional; those with the same column part share one product.
fn parts(objects: &Objects<'_>, claims: &[Claim<Fr>], rho: Fr) -> (Vec<Part>, Fr) {
    let length = 1 << objects.row_log2;
    let mut keys: Vec<Vec<Factor<Fr>>> = Vec::new();
    let mut parts: Vec<Part> = Vec::new();
    let (mut claimed, mut power) = (Fr::ZERO, Fr::ONE);
    for claim in claims {
        for functional in &claim.functionals {
            let cut = functional.parts(objects.row_log2);
            let factor = functional.scale.map_or(power, |scale| scale * power);
            for piece in &cut.pieces {
                let column_factors = cut.column_factors(piece);
                let known = keys.iter().position(|key| same(key, &column_factors));
                let index = known.unwrap_or_else(|| {
                    let mut columns = vec![Fr::ZERO; length];
                    for (column, weight) in expand(&column_factors) {
                        columns[column] = weight;
                    }
                    parts.push(Part { rows: vec![Fr::ZERO; length], columns });
                    keys.push(column_factors);
                    parts.len() - 1
                });
                objects.fold(claim.object, &cut.row_weights(piece), factor, &mut parts[index].rows);
            }
        }
        claimed += power * claim.value;
        power *= rho;
    }
    (parts, claimed)
}

fn same(left: &[Factor<Fr>], right: &[Factor<Fr>]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|pair| match pair {
            (Factor::Bit(a), Factor::Bit(b)) => a == b,
            (Factor::Point(a), Factor::Point(b)) | (Factor::Power(a), Factor::Power(b)) => a == b,
            (Factor::Fixed(a), Factor::Fixed(b)) => a == b,
            (Factor::Vector(a), Factor::Vector(b)) => a == b,
            _ => false,
        })
}
