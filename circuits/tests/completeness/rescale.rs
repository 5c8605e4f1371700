//! The row relation, the program's rescale and exact integers agree, and only one row satisfies the relation.

use ark_ff::{AdditiveGroup, Field};
use candor_benches::synthetic::Random;
use candor_circuits::layout::COLUMNS;
use candor_circuits::relation::{Weights, rescale};
use candor_program::Fr;
use candor_program::operator::Rescale;
use candor_program::operator::rescale::{EXCESS_LIMIT, Row};

fn columns(row: &Row) -> [Fr; COLUMNS] {
    let [y0, y1] = row.above_low.to_le_bytes();
    let [r0, r1] = row.remainder.to_le_bytes();
    let [e0, e1, e2, e3] = row.excess.to_le_bytes();
    assert_eq!(e3, 0);
    [y0, y1, r0, r1, e0, e1, e2, u8::from(row.upward)].map(Fr::from)
}

/// One relation's value at a single position. Index: 3 rows, 4 saturation, 5 bit.
fn relation(index: usize, columns: &[Fr; COLUMNS]) -> Fr {
    let rows = std::array::from_fn(|i| if i == index { Fr::ONE } else { Fr::ZERO });
    let weights = Weights { rows, map: None };
    rescale::evaluate((&[], &[]), 3, &weights, columns) * Fr::from(8u64)
}

fn element(value: i128) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

fn satisfied(columns: &[Fr; COLUMNS], accumulator: i64, rescale: &Rescale) -> bool {
    let known = i128::from(accumulator) * i128::from(rescale.multiplier) - (i128::from(rescale.low) << 16);
    relation(3, columns) == element(known)
        && relation(4, columns) == Fr::ZERO
        && relation(5, columns) == Fr::ZERO
}

/// The rescale by division of exact integers, written apart from the program's.
fn reference(accumulator: i64, rescale: &Rescale) -> (i128, i128) {
    let numerator = i128::from(accumulator) * i128::from(rescale.multiplier) + 32_768;
    let quotient = numerator.div_euclid(65_536);
    let low = i128::from(rescale.low);
    (quotient.max(low).min(low + 65_535), numerator.rem_euclid(65_536))
}

fn check(accumulator: i64, rescale: &Rescale) {
    let (output, remainder) = reference(accumulator, rescale);
    let Some(row) = rescale.row(accumulator) else {
        let unclamped = (i128::from(accumulator) * i128::from(rescale.multiplier) + 32_768) >> 16;
        assert!((unclamped - output).abs() >= i128::from(EXCESS_LIMIT), "{accumulator} {rescale:?}");
        return;
    };
    assert_eq!(i128::from(rescale.output(&row)), output, "{accumulator} {rescale:?}");
    assert_eq!(i128::from(row.remainder), remainder, "{accumulator} {rescale:?}");
    let honest = columns(&row);
    assert!(satisfied(&honest, accumulator, rescale), "{accumulator} {rescale:?}");

    // all other rows of limbs that could satisfy the linear relation: the remainder follows from the rest mod 2^16, the
    // quotient from y' and the signed excess, and the saturation relation leaves e = 0 or y' at an end
    let quotient = (i128::from(accumulator) * i128::from(rescale.multiplier) + 32_768).div_euclid(65_536)
        - i128::from(rescale.low);
    let candidates = [
        (quotient, 0, false),
        (quotient, 0, true),
        (0, -quotient, false),
        (65_535, quotient - 65_535, true),
        (65_535, 65_535 - quotient, false),
        (0, quotient, true),
    ];
    for (above, excess, upward) in candidates {
        let (Ok(above_low), Ok(excess)) = (u16::try_from(above), u32::try_from(excess)) else { continue };
        if i64::from(excess) < EXCESS_LIMIT {
            let other = Row { above_low, remainder: row.remainder, excess, upward };
            if satisfied(&columns(&other), accumulator, rescale) {
                assert_eq!((other.above_low, other.excess), (row.above_low, row.excess));
                assert!(
                    other.upward == row.upward || other.excess == 0,
                    "only the direction of nothing is free"
                );
            }
        }
    }
    for change in [1u16, u16::MAX] {
        let moved = Row { above_low: row.above_low.wrapping_add(change), ..row };
        assert!(!satisfied(&columns(&moved), accumulator, rescale));
        let moved = Row { remainder: row.remainder.wrapping_add(change), ..row };
        assert!(!satisfied(&columns(&moved), accumulator, rescale));
    }
}

#[test]
fn boundaries() {
    for multiplier in [1, 2, 3, 65_535, 65_536, 1 << 24, u32::MAX] {
        for low in [0, -1, -32_768, -65_535] {
            let rescale = Rescale { multiplier, low };
            let outputs = [-1, 0, 1, i128::from(low), i128::from(low) + 65_535, i128::from(EXCESS_LIMIT)];
            for output in outputs.into_iter().flat_map(|v| [v, -v, v - i128::from(EXCESS_LIMIT)]) {
                // accumulators around the place where the rounded quotient becomes this output
                let edge = ((output << 16) - 32_768).div_euclid(i128::from(multiplier));
                for accumulator in (-2..=2).map(|step| edge + step) {
                    if let Ok(accumulator) = i64::try_from(accumulator) {
                        check(accumulator, &rescale);
                    }
                }
            }
            for accumulator in [0, 1, -1, (1 << 62) - 1, 1 - (1 << 62), 1 << 15, -(1 << 15), (1 << 15) - 1] {
                check(accumulator, &rescale);
            }
        }
    }
}

#[test]
fn random_accumulators() {
    let mut random = Random(9);
    for _ in 0..30_000 {
        let multiplier = (random.next_u64() >> (32 + random.next_u64() % 32)).max(1) as u32;
        let low = -((random.next_u64() % 65_536) as i32);
        let accumulator = (random.next_u64() as i64) >> (2 + random.next_u64() % 60);
        check(accumulator, &Rescale { multiplier, low });
    }
}
