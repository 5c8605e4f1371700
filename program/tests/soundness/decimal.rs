//! Texts that are no decimals.

use candor_program::decimal::{DecimalError, parse_decimal};

#[test]
fn not_a_number() {
    for text in [
        "", "-", "+1", "--1", ".5", "5.", "-.5", ".", "1e3", "1E3", "0x10", "01", "-00.5", "NaN", "inf",
        "Infinity", " 1", "1 ", "1_000", "1,5", "1.2.3", "\u{661}", "1\0", "-", "1.-5", "null",
    ] {
        assert_eq!(parse_decimal(text, 5), Err(DecimalError::NotANumber), "{text:?}");
    }
}

#[test]
fn too_many_digits() {
    for (text, decimals, got) in
        [("0.1", 0, 1), ("1.230", 2, 3), ("-0.000", 2, 3), ("99999999999999999999.5", 0, 1)]
    {
        assert_eq!(parse_decimal(text, decimals), Err(DecimalError::TooManyDigits { decimals, got }));
    }
    assert_eq!(parse_decimal("1.23", 2), Ok(123));
}

#[test]
fn too_large() {
    for (text, decimals) in [
        ("9223372036854775808", 0),
        ("-9223372036854775809", 0),
        ("922337203685477580.8", 1),
        ("1", 19),
        ("1", 255),
        (&"9".repeat(100_000), 0),
    ] {
        assert_eq!(parse_decimal(text, decimals), Err(DecimalError::TooLarge { decimals }));
    }
    assert_eq!(parse_decimal("0", 255), Ok(0));
}
