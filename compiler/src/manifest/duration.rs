//! Lengths of time as agent.toml writes them.

/// Seconds of a whole number with `s`, `m`, `h`, `d` or `w` behind it, or of a whole number of seconds.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let (digits, unit) = match text.char_indices().next_back()? {
        (_, last) if last.is_ascii_digit() => (text, 1),
        (at, 's') => (text.get(..at)?, 1),
        (at, 'm') => (text.get(..at)?, 60),
        (at, 'h') => (text.get(..at)?, 3600),
        (at, 'd') => (text.get(..at)?, 86_400),
        (at, 'w') => (text.get(..at)?, 604_800),
        _ => return None,
    };
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    if digits.is_empty() || leading_zero || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn one_number_and_one_unit() {
        let read = ["45", "45s", "2m", "36h", "1d", "2w", "0"].map(seconds);
        assert_eq!(
            read,
            [Some(45), Some(45), Some(120), Some(129_600), Some(86_400), Some(1_209_600), Some(0)]
        );
        for text in ["", "d", "-1d", "1.5d", "1 d", "1D", "1y", "01d", "1d2h", "9223372036854775807w", "é"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
