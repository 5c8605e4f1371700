//! Merges all claims into one value of one combination of rows.

use crate::channel::ProverChannel;
use crate::fold::Objects;
use crate::multilinear::{bind, sum_over};
use ark_ff::{AdditiveGroup, Field};
use candor_circuits::argument::quadratic;
use candor_circuits::channel::Step;
use candor_circuits::claim::{Claim, Object};
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

/// One piece of a functional.
struct Piece {
    object: Object,
    rows: Vec<Factor<Fr>>,
    columns: Vec<Factor<Fr>>,
    factor: Fr,
}

impl Piece {
    /// The same rows of the same object, whatever the challenges.
    fn same_rows(&self, other: &Self) -> bool {
        self.object == other.object && same(&self.rows, &other.rows)
    }
}

/// All pieces of all claims, and what the claims add up to.
fn pieces(row_log2: usize, claims: &[Claim<Fr>], rho: Fr) -> (Vec<Piece>, Fr) {
    let (mut pieces, mut claimed, mut power) = (Vec::new(), Fr::ZERO, Fr::ONE);
    for claim in claims {
        for functional in &claim.functionals {
            let cut = functional.parts(row_log2);
            let factor = functional.scale.map_or(power, |scale| scale * power);
            pieces.extend(cut.pieces.iter().map(|piece| Piece {
                object: claim.object,
                rows: cut.row_factors(piece),
                columns: cut.column_factors(piece),
                factor,
            }));
        }
        claimed += power * claim.value;
        power *= rho;
    }
    (pieces, claimed)
}

/// Folds every piece. Those of the same rows add up their columns; of the others those with the same column part add up their rows.
fn parts(objects: &Objects<'_>, claims: &[Claim<Fr>], rho: Fr) -> (Vec<Part>, Fr) {
    let length = 1 << objects.row_log2;
    let (pieces, claimed) = pieces(objects.row_log2, claims, rho);
    let known: Vec<usize> = (0..pieces.len()).filter(|i| is_known(&pieces[*i].rows)).collect();
    // the first piece of every part, and whether the part is of its rows
    let mut first: Vec<(usize, bool)> = Vec::new();
    let mut parts: Vec<Part> = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        let twin = |other: &usize| *other != number && pieces[*other].same_rows(piece);
        let by_rows = is_known(&piece.rows) && known.iter().any(twin);
        let fits = |(other, of_rows): &(usize, bool)| {
            let other = &pieces[*other];
            *of_rows == by_rows
                && if by_rows { other.same_rows(piece) } else { same(&other.columns, &piece.columns) }
        };
        let place = first.iter().position(fits);
        let is_new = place.is_none();
        let index = place.unwrap_or(parts.len());
        if is_new {
            parts.push(Part { rows: vec![Fr::ZERO; length], columns: vec![Fr::ZERO; length] });
            first.push((number, by_rows));
        }
        let part = &mut parts[index];
        if is_new || !by_rows {
            let factor = if by_rows { Fr::ONE } else { piece.factor };
            objects.fold(piece.object, &expand(&piece.rows), factor, &mut part.rows);
        }
        if is_new || by_rows {
            let factor = if by_rows { piece.factor } else { Fr::ONE };
            for (column, weight) in expand(&piece.columns) {
                part.columns[column] += factor * weight;
            }
        }
    }
    (parts, claimed)
}

/// Whether a part has no coordinate.
fn is_known(factors: &[Factor<Fr>]) -> bool {
    factors.iter().all(|factor| matches!(factor, Factor::Bit(_) | Factor::Fixed(_)))
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
