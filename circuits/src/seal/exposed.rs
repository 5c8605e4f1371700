//! The boundary's tail: what the opening's pairing needs, told and read in one order.

use crate::argument::{
    Batching, ClaimPoints, FinalValues, Lookups, Outstanding, ReceivedMapRows, ReceivedRows, RowTerm, joined,
    terms,
};
use crate::channel::Received;
use crate::factor::Factor;
use crate::layout::{COLUMNS, Layout};
use crate::opening::Opening;
use crate::relation::map;
use crate::statement::{OperatorData, ProgramData};
use ark_ff::AdditiveGroup;
use candor_program::Fr;
use candor_program::arith::Arith;

/// Scalars of the opening: q, quotient, generator, zeta.
const OPENING_SCALARS: usize = 4;
/// Weight and row coordinates of every joined term, then the opening's scalars.
pub fn expose<F: Arith>(outstanding: &Outstanding<F>) -> Vec<F> {
    let mut values = Vec::new();
    for term in &joined(&outstanding.row_terms) {
        values.push(term.weight.clone());
        for factor in &term.factors {
            match factor {
                Factor::Bit(_) | Factor::Fixed(_) => (),
                Factor::Point(x) | Factor::Power(x) => values.push(x.clone()),
                Factor::Vector(weights) => values.extend(weights.iter().cloned()),
            }
        }
    }
    let Opening { q, quotient_scalar, generator_scalar, zeta, .. } = &outstanding.opening;
    values.extend([q, quotient_scalar, generator_scalar, zeta].map(Clone::clone));
    values
}

/// Number of points of each message, in order: with tables twelve, else seven.
#[must_use]
pub fn point_counts(layout: &Layout) -> Vec<usize> {
    let (rows, mapped, bytes) =
        (layout.witness_rows(), layout.rows(layout.map_vars()), layout.rows(layout.byte_vars()));
    let opening = [layout.row_log2 - 1, 1, 1];
    let mut counts = vec![rows, 1];
    if layout.tables > 0 {
        counts.extend([mapped, 1, bytes]);
    }
    counts.extend([rows, 1]);
    if layout.tables > 0 {
        counts.extend([bytes, 1]);
    }
    counts.extend(opening);
    counts
}

/// Number of exposed values.
#[must_use]
pub fn count(layout: &Layout) -> usize {
    let of = |factor: &Factor<Fr>| match factor {
        Factor::Bit(_) | Factor::Fixed(_) => 0,
        Factor::Point(_) | Factor::Power(_) => 1,
        Factor::Vector(weights) => weights.len(),
    };
    let values = |term: &RowTerm<Fr>| 1 + term.factors.iter().map(of).sum::<usize>();
    joined(&skeleton(layout)).iter().map(values).sum::<usize>() + OPENING_SCALARS
}

/// Reads exposed values back; `None` if there are too few or too many.
#[must_use]
pub fn read(layout: &Layout, values: &[Fr]) -> Option<Outstanding<Fr>> {
    let mut rest = values.iter().copied();
    let mut row_terms = joined(&skeleton(layout));
    for term in &mut row_terms {
        term.weight = rest.next()?;
        for factor in &mut term.factors {
            match factor {
                Factor::Bit(_) | Factor::Fixed(_) => (),
                Factor::Point(x) | Factor::Power(x) => *x = rest.next()?,
                Factor::Vector(weights) => {
                    for weight in weights {
                        *weight = rest.next()?;
                    }
                }
            }
        }
    }
    let [q, quotient_scalar, generator_scalar, zeta] =
        [rest.next()?, rest.next()?, rest.next()?, rest.next()?];
    if rest.next().is_some() {
        return None;
    }
    let mut first = 0;
    let mut received = point_counts(layout).into_iter().map(|count| {
        let received = Received { first, count };
        first += count;
        received
    });
    let mut next = || received.next();
    let with_tables = layout.tables > 0;
    let (witness, multiplicities) = (next()?, next()?);
    let early = if with_tables { Some((next()?, next()?, next()?)) } else { None };
    let (helper, table_helper) = (next()?, next()?);
    let map = match early {
        Some((mapped, multiplicities, equalities)) => Some(ReceivedMapRows {
            mapped,
            equalities,
            multiplicities,
            helper: next()?,
            table_helper: next()?,
        }),
        None => None,
    };
    let (folds, quotient, point) = (next()?, next()?, next()?);
    let rows = ReceivedRows { witness, helper, multiplicities, table_helper, map };
    let opening = Opening { folds, q, quotient, quotient_scalar, generator_scalar, point, zeta };
    Some(Outstanding { rows, row_terms, opening })
}

/// The row terms of a layout with zeros for all coordinates: their bits and order depend on the layout alone.
fn skeleton(layout: &Layout) -> Vec<RowTerm<Fr>> {
    let zero = Fr::ZERO;
    let zeros = |count: usize| vec![zero; count];
    let data = |count| OperatorData { multiplier: zero, low: zero, coefficients: zeros(count) };
    let operators = layout.coefficients().into_iter().map(data).collect();
    let program = ProgramData { class_digest: zero, model_id: [zero; 2], program_fr: zero, operators };
    let with_tables = layout.tables > 0;
    let reduction = || map::Reduction {
        position: zeros(layout.map_vars()),
        mapped: zero,
        entry: zeros(layout.table_vars()),
        table: zero,
        claim: zero,
    };
    let map = with_tables.then(|| map::Challenges::new(reduction(), zero, zero));
    let lookups = Lookups { beta: zero, map };
    let batching = Batching::new(layout, &program, lookups, zeros(layout.rounds), &zero);
    let r = zeros(layout.rounds);
    let revealed_point = zeros(layout.batch_log2 + layout.revealed_output().place.vars);
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
        map: with_tables.then(|| map::Values {
            helper: zero,
            equalities: [zero; 2],
            sources: vec![[zero; 2]; layout.maps.len()],
            table_helper: zero,
            multiplicity: zero,
        }),
        factors: vec![[zero; 2]; layout.contractions.len()],
    };
    let claims = points.claims(&values, &zeros(layout.linear.len()), &zero, zero);
    let s = zeros(layout.row_log2);
    claims.iter().flat_map(|claim| terms(layout, claim, &zero, &s)).collect()
}
