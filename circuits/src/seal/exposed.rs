//! The boundary's tail: what the opening's pairing needs, told and read in one order.

use crate::argument::{Batching, ClaimPoints, FinalValues, Outstanding, ReceivedRows, RowTerm, joined};
use crate::channel::Received;
use crate::claim::Functional;
use crate::factor::Factor;
use crate::layout::{COLUMNS, Layout};
use crate::opening::Opening;
use crate::statement::{AffineData, ProgramData};
use ark_ff::AdditiveGroup;
use candor_program::Fr;
use candor_program::arith::Arith;

/// Scalars of the opening: q, quotient, generator, zeta.
const OPENING_SCALARS: usize = 4;
/// Messages of points: witness, multiplicities, helper, table helper, folds, quotient, opening point.
pub const HASHES: usize = 7;

/// Weight and row coordinates of every joined term, then the opening's scalars.
pub fn expose<F: Arith>(outstanding: &Outstanding<F>) -> Vec<F> {
    let mut values = Vec::new();
    for term in &joined(&outstanding.row_terms) {
        values.push(term.weight.clone());
        values.extend(term.factors.iter().filter_map(|factor| match factor {
            Factor::Bit(_) | Factor::Fixed(_) => None,
            Factor::Point(x) | Factor::Power(x) => Some(x.clone()),
        }));
    }
    let Opening { q, quotient_scalar, generator_scalar, zeta, .. } = &outstanding.opening;
    values.extend([q, quotient_scalar, generator_scalar, zeta].map(Clone::clone));
    values
}

/// Number of points of each message, in order.
#[must_use]
pub fn point_counts(layout: &Layout) -> [usize; HASHES] {
    let rows = layout.witness_rows();
    [rows, 1, rows, 1, layout.row_log2 - 1, 1, 1]
}

/// Number of exposed values.
#[must_use]
pub fn count(layout: &Layout) -> usize {
    let coordinates = |term: &RowTerm<Fr>| {
        1 + term.factors.iter().filter(|factor| matches!(factor, Factor::Point(_) | Factor::Power(_))).count()
    };
    joined(&skeleton(layout)).iter().map(coordinates).sum::<usize>() + OPENING_SCALARS
}

/// Reads exposed values back; `None` if there are too few or too many.
#[must_use]
pub fn read(layout: &Layout, values: &[Fr]) -> Option<Outstanding<Fr>> {
    let mut rest = values.iter().copied();
    let mut row_terms = joined(&skeleton(layout));
    for term in &mut row_terms {
        term.weight = rest.next()?;
        for factor in &mut term.factors {
            if let Factor::Point(x) | Factor::Power(x) = factor {
                *x = rest.next()?;
            }
        }
    }
    let [q, quotient_scalar, generator_scalar, zeta] =
        [rest.next()?, rest.next()?, rest.next()?, rest.next()?];
    if rest.next().is_some() {
        return None;
    }
    let mut first = 0;
    let [witness, multiplicities, helper, table_helper, folds, quotient, point] =
        point_counts(layout).map(|count| {
            let received = Received { first, count };
            first += count;
            received
        });
    let rows = ReceivedRows { witness, helper, multiplicities, table_helper };
    let opening = Opening { folds, q, quotient, quotient_scalar, generator_scalar, point, zeta };
    Some(Outstanding { rows, row_terms, opening })
}

/// The row terms of a layout with zeros for all coordinates: their bits and order depend on the layout alone.
fn skeleton(layout: &Layout) -> Vec<RowTerm<Fr>> {
    let zero = Fr::ZERO;
    let zeros = |count: usize| vec![zero; count];
    let per_operator =
        |operator: usize| layout.scaled.iter().filter(|term| term.operator == operator).count();
    let data =
        |operator| AffineData { multiplier: zero, low: zero, coefficients: zeros(per_operator(operator)) };
    let operators = (0..layout.outputs.len()).map(data).collect();
    let program = ProgramData { class_digest: zero, model_id: [zero; 2], program_fr: zero, operators };
    let batching = Batching::new(layout, zero, zeros(layout.vars()), &zero);
    let r = zeros(layout.vars());
    let revealed_point = zeros(layout.batch_log2 + layout.revealed_place().vars);
    let points = ClaimPoints {
        layout,
        program: &program,
        batching: &batching,
        r: &r,
        z: &zero,
        revealed_point: &revealed_point,
    };
    let values = FinalValues {
        helper: zero,
        table_helper: zero,
        multiplicity: zero,
        columns: [zero; COLUMNS],
        weights: zeros(layout.dense.len()),
        sources: zeros(layout.dense.len()),
    };
    let claims = points.claims(&values, &zeros(layout.scaled.len()), &zero, zero);
    let term = |object, functional: &Functional<Fr>| {
        let (factors, _) = functional.parts(layout.row_log2);
        RowTerm { object, factors, weight: zero }
    };
    claims.iter().flat_map(|claim| claim.functionals.iter().map(move |f| term(claim.object, f))).collect()
}
