//! Facts, constants and conditions as agent.toml writes them.

use super::{ManifestCause, duration};
use crate::nearest::nearest;
use crate::vocabulary::Vocabulary;
use candor_program::policy::{Comparison, Fact, Operand, Predicate};

/// Comparisons, longest spelling first.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

/// `fact comparison value`; the value is a constant in the fact's scale, a name of one of its values, or a fact of the same
/// scale plus or minus a constant.
pub(super) fn predicate(condition: &str, vocabulary: &Vocabulary) -> Result<Predicate, ManifestCause> {
    let malformed = || ManifestCause::Condition { got: condition.into() };
    let start = condition.find(['=', '!', '<', '>']).ok_or_else(malformed)?;
    let (left, rest) = condition.split_at(start);
    let (spelling, comparison) =
        COMPARISONS.into_iter().find(|(spelling, _)| rest.starts_with(spelling)).ok_or_else(malformed)?;
    let (left, right) = (left.trim(), rest.get(spelling.len()..).unwrap_or_default().trim());
    let fact = known_fact(left, vocabulary)?;
    if let Some(value) = named(fact, right, vocabulary)? {
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            return Err(ManifestCause::NamesHaveNoOrder { fact: left.into(), got: right.into() });
        }
        return Ok(Predicate { fact, comparison, operand: Operand::Constant(value) });
    }
    let operand = if is_number(right) {
        let constant = constant(fact, right, vocabulary)?;
        let range = vocabulary.range(fact);
        let counted =
            matches!(fact, Fact::ActionCode | Fact::ActionAsset | Fact::ActionVenue | Fact::Present(_));
        if counted && !(range.lowest..=range.highest).contains(&constant) {
            let (lowest, highest) = (range.lowest.to_string(), range.highest.to_string());
            return Err(ManifestCause::WholeNumber { got: right.into(), lowest, highest });
        }
        Operand::Constant(constant)
    } else {
        let (name, offset) = offset(right);
        let other = match vocabulary.fact(name) {
            Some(other) => other,
            // A name of a value that is none is likelier than a fact without a dot.
            None if !name.contains('.') && !vocabulary.values(fact).is_empty() => {
                return Err(unknown_value(left, fact, right, vocabulary));
            }
            None => return Err(unknown_fact(name, vocabulary)),
        };
        same_scale((left, fact), (name, other), vocabulary)?;
        let offset = offset.map_or(Ok(0), |(sign, digits)| signed(other, sign, digits, vocabulary))?;
        Operand::Fact { fact: other, offset }
    };
    Ok(Predicate { fact, comparison, operand })
}

/// What a register is set to or grows by: a whole number, or a fact plus or minus a constant in its scale.
pub(super) fn source(text: &str, vocabulary: &Vocabulary) -> Result<Operand, ManifestCause> {
    if is_number(text) {
        return constant(Fact::Sequence, text, vocabulary).map(Operand::Constant);
    }
    let (name, offset) = offset(text);
    let fact = known_fact(name, vocabulary)?;
    let offset = offset.map_or(Ok(0), |(sign, digits)| signed(fact, sign, digits, vocabulary))?;
    Ok(Operand::Fact { fact, offset })
}

/// The fact that a source takes; `None` for a number.
pub(super) fn source_fact(text: &str, vocabulary: &Vocabulary) -> Result<Option<Fact>, ManifestCause> {
    if is_number(text) { Ok(None) } else { known_fact(offset(text).0, vocabulary).map(Some) }
}

/// A fact by its name.
pub(super) fn known_fact(name: &str, vocabulary: &Vocabulary) -> Result<Fact, ManifestCause> {
    vocabulary.fact(name).ok_or_else(|| unknown_fact(name, vocabulary))
}

fn unknown_fact(got: &str, vocabulary: &Vocabulary) -> ManifestCause {
    ManifestCause::UnknownFact { got: got.into(), meant: vocabulary.meant(got), known: vocabulary.known() }
}

fn unknown_value(left: &str, fact: Fact, got: &str, vocabulary: &Vocabulary) -> ManifestCause {
    let names: Vec<&str> = vocabulary.values(fact).into_iter().map(|(name, _)| name).collect();
    let meant = nearest(got, names.iter().copied());
    ManifestCause::UnknownValue { fact: left.into(), got: got.into(), meant, known: names.join(", ").into() }
}

/// A constant in the scale of a fact; of an elapsed time a length of time too.
pub(super) fn constant(fact: Fact, text: &str, vocabulary: &Vocabulary) -> Result<i64, ManifestCause> {
    if matches!(fact, Fact::Elapsed(_))
        && let Some(seconds) = duration::seconds(text)
    {
        return Ok(seconds);
    }
    vocabulary.constant(fact, text).map_err(|source| ManifestCause::Decimal {
        got: text.into(),
        decimals: vocabulary.decimals(fact),
        source,
    })
}

fn signed(fact: Fact, sign: i64, digits: &str, vocabulary: &Vocabulary) -> Result<i64, ManifestCause> {
    // The digits have no sign of their own: their integer is not the lowest.
    if digits.starts_with('-') {
        return Err(ManifestCause::Condition { got: digits.into() });
    }
    constant(fact, digits, vocabulary).map(|value| sign * value)
}

/// The value that a name in quotes, or without, stands for; `None` if it is no name of a value.
fn named(fact: Fact, text: &str, vocabulary: &Vocabulary) -> Result<Option<i64>, ManifestCause> {
    let quoted = ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    match quoted {
        None => Ok(vocabulary.value(fact, text)),
        Some(name) => match vocabulary.value(fact, name) {
            Some(value) => Ok(Some(value)),
            None if vocabulary.values(fact).is_empty() => {
                Err(ManifestCause::Quoted { fact: vocabulary.name(fact), got: name.into() })
            }
            None => Err(unknown_value(&vocabulary.name(fact), fact, name, vocabulary)),
        },
    }
}

/// Name, and sign and digits of what is added. Names may hold a minus sign: the last sign with spaces around it counts.
fn offset(text: &str) -> (&str, Option<(i64, &str)>) {
    let plus = text.rsplit_once(" + ").map(|(name, digits)| (name, 1, digits));
    let minus = text.rsplit_once(" - ").map(|(name, digits)| (name, -1, digits));
    let last = match (plus, minus) {
        (Some(plus), Some(minus)) => Some(if plus.0.len() > minus.0.len() { plus } else { minus }),
        (plus, minus) => plus.or(minus),
    };
    match last {
        Some((name, sign, digits)) => (name.trim(), Some((sign, digits.trim()))),
        None => (text.trim(), None),
    }
}

fn same_scale(left: (&str, Fact), right: (&str, Fact), vocabulary: &Vocabulary) -> Result<(), ManifestCause> {
    let (left_decimals, right_decimals) = (vocabulary.decimals(left.1), vocabulary.decimals(right.1));
    if left_decimals == right_decimals {
        return Ok(());
    }
    let (left, right) = (left.0.into(), right.0.into());
    Err(ManifestCause::ScaleMismatch { left, left_decimals, right, right_decimals })
}

fn is_number(text: &str) -> bool {
    text.starts_with(|character: char| character.is_ascii_digit() || matches!(character, '-' | '+' | '.'))
}

/// Fact and offset of an argument of the transaction.
pub(super) fn fact_and_offset(text: &str, vocabulary: &Vocabulary) -> Option<(Fact, i64)> {
    let (name, offset) = offset(text);
    let fact = vocabulary.fact(name)?;
    let offset = match offset {
        None => 0,
        Some((sign, digits)) => signed(fact, sign, digits, vocabulary).ok()?,
    };
    Some((fact, offset))
}

/// Exactly `N` bytes after `0x`.
pub(super) fn hexadecimal<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    // A hexadecimal digit is below 16.
    char::from(character).to_digit(16).map(|digit| digit as u8)
}

/// A non-negative decimal or `0x` hexadecimal below 2^256, big endian.
pub(super) fn unsigned_word(text: &str) -> Option<[u8; 32]> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    if digits.is_empty() {
        return None;
    }
    let mut word = [0u8; 32];
    for character in digits.chars() {
        let mut carry = character.to_digit(radix)?;
        for byte in word.iter_mut().rev() {
            carry += u32::from(*byte) * radix;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(word)
}
