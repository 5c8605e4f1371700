//! Facts and constants as agent.toml writes them.

use super::{ManifestCause, Scope};
use candor_program::policy::Fact;

/// A fact by its name, such as `action.amount` or `elapsed.last_trade`.
pub(super) fn fact(name: &str, scope: &Scope<'_>) -> Option<Fact> {
    let register = |name: &str| scope.registers.iter().position(|register| register.name == name);
    // Lists of a manifest are shorter than 2^16.
    match name {
        "action.code" => Some(Fact::ActionCode),
        "action.amount" => Some(Fact::ActionAmount),
        "time" => Some(Fact::Time),
        "sequence" => Some(Fact::Sequence),
        _ => match name.split_once('.')? {
            ("feature", feature) => {
                let index = scope.features.iter().position(|entry| entry.name == feature)?;
                Some(Fact::Feature(index as u16))
            }
            ("state", name) => register(name).map(|index| Fact::Register(index as u16)),
            ("elapsed", name) => register(name).map(|index| Fact::Elapsed(index as u16)),
            _ => None,
        },
    }
}

/// Digits after the decimal point of a fact's integer.
pub(super) fn decimals(fact: Fact, scope: &Scope<'_>) -> u8 {
    match fact {
        Fact::Feature(index) => scope.features.get(usize::from(index)).map_or(0, |feature| feature.decimals),
        _ => 0,
    }
}

/// The complaint about a name that is no fact.
pub(super) fn unknown_fact(got: &str, scope: &Scope<'_>) -> ManifestCause {
    let mut known = String::from("action.code, action.amount, time, sequence, feature.<name>");
    for register in scope.registers {
        known.push_str(&format!(", state.{0}, elapsed.{0}", register.name));
    }
    ManifestCause::UnknownFact { got: got.into(), known }
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
