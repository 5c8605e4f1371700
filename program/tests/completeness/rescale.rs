//! The row relation holds for every row that the evaluator makes, and no other output satisfies it.

use crate::sample::Numbers;
use candor_program::operator::Rescale;
use candor_program::operator::rescale::{EXCESS_LIMIT, Row, SPAN};

/// The relation of docs/spec/program.md and of the proof, in plain integers.
fn holds(rescale: &Rescale, accumulator: i64, y: i128, remainder: i128, excess: i128, upward: bool) -> bool {
    let b = i128::from(upward);
    let above = y - i128::from(rescale.low);
    let left = i128::from(accumulator) * i128::from(rescale.multiplier) + 32_768;
    left == (y + (2 * b - 1) * excess) * 65_536 + remainder
        && (0..=65_535).contains(&above)
        && (0..65_536).contains(&remainder)
        && (0..i128::from(EXCESS_LIMIT)).contains(&excess)
        && excess * (above - b * i128::from(SPAN)) == 0
}

fn holds_row(rescale: &Rescale, accumulator: i64, row: &Row) -> bool {
    let y = i128::from(rescale.output(row));
    let canonical = row.excess != 0 || !row.upward;
    canonical && holds(rescale, accumulator, y, row.remainder.into(), row.excess.into(), row.upward)
}

/// Floor division written as people read it, not as a shift.
fn expected(rescale: &Rescale, accumulator: i64) -> (i128, i128) {
    let scaled = i128::from(accumulator) * i128::from(rescale.multiplier);
    let quotient = (scaled + 32_768).div_euclid(65_536);
    (quotient, quotient.max(rescale.low.into()).min(i128::from(rescale.low) + 65_535))
}

fn check(rescale: &Rescale, accumulator: i64) {
    let (quotient, clamped) = expected(rescale, accumulator);
    let excess = (quotient - clamped).abs();
    match rescale.row(accumulator) {
        None => assert!(excess >= i128::from(EXCESS_LIMIT), "{rescale:?} {accumulator}"),
        Some(row) => {
            assert!(excess < i128::from(EXCESS_LIMIT), "{rescale:?} {accumulator}");
            assert_eq!(i128::from(rescale.output(&row)), clamped, "{rescale:?} {accumulator}");
            assert!(holds_row(rescale, accumulator, &row), "{rescale:?} {accumulator} {row:?}");
        }
    }
}

fn rescales(numbers: &mut Numbers) -> Rescale {
    let multiplier = match numbers.next() % 8 {
        0 => 1,
        1 => 32_768,
        2 => 65_536,
        3 => 65_535,
        4 => u32::MAX,
        5 => 1 << (numbers.next() % 32),
        _ => (numbers.next() as u32 >> (numbers.next() % 32)).max(1),
    };
    let low = match numbers.next() % 4 {
        0 => 0,
        1 => -32_768,
        2 => -65_535,
        _ => numbers.between(-65_535, 0) as i32,
    };
    Rescale { multiplier, low }
}

#[test]
fn the_relation_holds_on_a_million_random_values() {
    let mut numbers = Numbers(1);
    for _ in 0..1_000_000 {
        let rescale = rescales(&mut numbers);
        // Mostly of the size where nothing, little or much saturates.
        let reach = ((1_i128 << 42) / i128::from(rescale.multiplier)).min(1 << 62) as i64;
        let reach = (reach >> (numbers.next() % 30)).max(1);
        check(&rescale, numbers.between(-reach, reach));
        check(&rescale, (numbers.next() as i64) >> (numbers.next() % 64));
    }
}

#[test]
fn the_relation_holds_at_every_boundary() {
    let mut numbers = Numbers(2);
    for _ in 0..2_000 {
        let rescale = rescales(&mut numbers);
        let (low, multiplier) = (i128::from(rescale.low), i128::from(rescale.multiplier));
        let edges = [low, low + 65_535, 0, low - (1 << 24), low + 65_535 + (1 << 24)];
        for edge in edges {
            // The accumulators around which the quotient passes the edge, and halves among them.
            let center = (edge * 65_536 - 32_768).div_euclid(multiplier);
            for near in -3..=3 {
                for center in [center, edge * 65_536 / multiplier] {
                    if let Ok(accumulator) = i64::try_from(center + near) {
                        check(&rescale, accumulator);
                    }
                }
            }
        }
    }
    for multiplier in [1, 65_536, u32::MAX] {
        for accumulator in [0, 1, -1, i64::MIN, i64::MAX, 1 << 62, -(1 << 62)] {
            check(&Rescale { multiplier, low: -32_768 }, accumulator);
        }
    }
}

#[test]
fn halves_round_up() {
    let half = Rescale { multiplier: 32_768, low: -32_768 };
    let outputs = |accumulator| half.output(&half.row(accumulator).unwrap());
    assert_eq!([-3, -2, -1, 0, 1, 2, 3].map(outputs), [-1, -1, 0, 0, 1, 1, 2]);
}

/// All `(y, remainder, excess)` that satisfy the relation, found by solving it for each `b`, not by searching near
/// the right answer.
fn solutions(rescale: &Rescale, accumulator: i64) -> Vec<(i128, i128, i128)> {
    let left = i128::from(accumulator) * i128::from(rescale.multiplier) + 32_768;
    // remainder < 2^16 leaves one remainder and one value of y + (2b - 1) e.
    let (remainder, sum) = (left.rem_euclid(65_536), left.div_euclid(65_536));
    let mut found = Vec::new();
    for upward in [false, true] {
        // Either e = 0, or y is at the end that b names.
        let end = i128::from(rescale.low) + if upward { SPAN.into() } else { 0 };
        for (y, excess) in [(sum, 0), (end, if upward { sum - end } else { end - sum })] {
            if holds(rescale, accumulator, y, remainder, excess, upward) {
                found.push((y, remainder, excess));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn output_and_remainder_are_unique() {
    let mut numbers = Numbers(3);
    for _ in 0..100_000 {
        let rescale = rescales(&mut numbers);
        let reach = ((1_i128 << 41) / i128::from(rescale.multiplier)).min(1 << 62) as i64;
        let accumulator = numbers.between(-reach.max(1), reach.max(1));
        let row = rescale.row(accumulator);
        let expected: Vec<_> = row
            .map(|row| (rescale.output(&row).into(), row.remainder.into(), row.excess.into()))
            .into_iter()
            .collect();
        assert_eq!(solutions(&rescale, accumulator), expected, "{rescale:?} {accumulator}");
    }
}

#[test]
fn no_forged_output_satisfies_the_relation() {
    let mut numbers = Numbers(4);
    for _ in 0..200 {
        let rescale = rescales(&mut numbers);
        let reach = ((1_i128 << 38) / i128::from(rescale.multiplier)).clamp(1, 1 << 62) as i64;
        let accumulator = numbers.between(-reach, reach);
        let Some(row) = rescale.row(accumulator) else { continue };
        let y = i128::from(rescale.output(&row));
        let left = i128::from(accumulator) * i128::from(rescale.multiplier) + 32_768;
        // Every other output, with whatever remainder and excess make the equation hold.
        for forged in i128::from(rescale.low)..=i128::from(rescale.low) + 65_535 {
            for upward in [false, true] {
                let sum = left.div_euclid(65_536);
                let excess = if upward { sum - forged } else { forged - sum };
                let accepted = holds(&rescale, accumulator, forged, left.rem_euclid(65_536), excess, upward);
                assert!(!accepted || forged == y, "{rescale:?} {accumulator} {forged}");
            }
        }
    }
}

#[test]
fn the_excess_is_limited() {
    let rescale = Rescale { multiplier: 65_536, low: 0 };
    let last = 65_535 + (1 << 24) - 1;
    assert_eq!(rescale.row(last).unwrap().excess, (1 << 24) - 1);
    assert_eq!(rescale.row(last + 1), None);
    assert_eq!(rescale.row(1 - (1 << 24)).unwrap().excess, (1 << 24) - 1);
    assert_eq!(rescale.row(-(1 << 24)), None);
    // A padded position.
    let padding = Rescale { multiplier: 5, low: -32_768 }.row(0).unwrap();
    assert_eq!(padding, Row { above_low: 32_768, remainder: 32_768, excess: 0, upward: false });
}
