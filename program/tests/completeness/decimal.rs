//! Decimals: exact, in both directions.

use candor_program::decimal::{format_decimal, parse_decimal};
use proptest::prelude::*;

#[test]
fn reads_plain_decimals() {
    for (text, decimals, expected) in [
        ("0", 0, 0),
        ("-0", 3, 0),
        ("-0.00", 2, 0),
        ("7", 2, 700),
        ("-3.5", 2, -350),
        ("0.02541", 5, 2541),
        ("0.0254", 5, 2540),
        ("10.0", 1, 100),
        ("9223372036854775807", 0, i64::MAX),
        ("-9223372036854775808", 0, i64::MIN),
        ("-9.223372036854775808", 18, i64::MIN),
        ("9.223372036854775807", 18, i64::MAX),
    ] {
        assert_eq!(parse_decimal(text, decimals), Ok(expected), "{text} with {decimals}");
    }
}

#[test]
fn writes_all_digits_of_the_scale() {
    for (value, decimals, expected) in [
        (0, 0, "0"),
        (0, 2, "0.00"),
        (-5, 3, "-0.005"),
        (-350, 2, "-3.50"),
        (12, 0, "12"),
        (i64::MIN, 18, "-9.223372036854775808"),
        (i64::MIN, 0, "-9223372036854775808"),
        (1, 255, &format!("0.{}1", "0".repeat(254))),
    ] {
        assert_eq!(format_decimal(value, decimals), expected);
    }
}

proptest! {
    #[test]
    fn reading_inverts_writing(value: i64, decimals in 0_u8..=40) {
        prop_assert_eq!(parse_decimal(&format_decimal(value, decimals), decimals), Ok(value));
    }
}
