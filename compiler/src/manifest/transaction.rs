//! `[transaction]` to a template: one function with static types, and where each argument comes from.

use super::expression::{fact_and_offset, hexadecimal, unsigned_word};
use super::source::{Literal, Transaction};
use super::{ManifestCause, ManifestError, Text};
use crate::vocabulary::Vocabulary;
use candor_program::limits;
use candor_program::transaction::{AbiType, Argument, ArgumentSource, Template};
use toml::Spanned;

/// The template of `[transaction]`.
pub(super) fn template(
    text: Text<'_>,
    source: &Transaction,
    vocabulary: &Vocabulary,
) -> Result<Template, ManifestError> {
    let span = source.function.span();
    let signature = source.function.get_ref();
    let (function, parameters) = signature_parts(signature)
        .map_err(|cause| text.error(span.clone(), "transaction.function", cause))?;
    if parameters.len() > limits::ARGUMENTS {
        let cause = ManifestCause::TooMany { got: parameters.len(), limit: limits::ARGUMENTS };
        return Err(text.error(span, "transaction.function", cause));
    }
    if let Some((name, literal)) =
        source.args.iter().find(|(name, _)| !parameters.iter().any(|(known, _)| known == *name))
    {
        let cause = ManifestCause::ArgumentUnknown { argument: name.clone() };
        return Err(text.error(literal.span(), format!("transaction.args.{name}"), cause));
    }
    let mut arguments = Vec::with_capacity(parameters.len());
    for (name, abi_type) in parameters {
        let field = format!("transaction.args.{name}");
        let Some(literal) = source.args.get(&name) else {
            return Err(text.error(span, field, ManifestCause::ArgumentMissing { parameter: name }));
        };
        let source = argument(literal.get_ref(), abi_type, vocabulary)
            .map_err(|cause| text.error(literal.span(), field, cause))?;
        arguments.push(Argument { name, abi_type, source });
    }
    Ok(Template {
        to: text.hexadecimal(&source.to, "transaction.to")?,
        value: wei(text, &source.value)?,
        function,
        arguments,
    })
}

fn wei(text: Text<'_>, value: &Spanned<Literal>) -> Result<u128, ManifestError> {
    let got = &value.get_ref().0;
    got.parse().map_err(|_| {
        let highest = u128::MAX.to_string();
        let cause = ManifestCause::WholeNumber { got: got.clone(), lowest: "0".into(), highest };
        text.error(value.span(), "transaction.value", cause)
    })
}

/// Name and named parameters of `name(type name, ...)`.
fn signature_parts(signature: &str) -> Result<(String, Vec<(String, AbiType)>), ManifestCause> {
    let malformed = || ManifestCause::Function { got: signature.into() };
    let (name, rest) = signature.trim().split_once('(').ok_or_else(malformed)?;
    let list = rest.strip_suffix(')').ok_or_else(malformed)?;
    let name = name.trim();
    if !is_identifier(name) {
        return Err(malformed());
    }
    let mut parameters: Vec<(String, AbiType)> = Vec::new();
    for parameter in list.split(',').map(str::trim) {
        if parameter.is_empty() && list.trim().is_empty() {
            break;
        }
        let (type_name, name) = parameter.split_once(char::is_whitespace).ok_or_else(malformed)?;
        let name = name.trim();
        if !is_identifier(name) {
            return Err(malformed());
        }
        if parameters.iter().any(|(known, _)| known == name) {
            return Err(ManifestCause::DuplicateName { name: name.into() });
        }
        let abi_type = abi_type(type_name).ok_or_else(|| ManifestCause::AbiType { got: type_name.into() })?;
        parameters.push((name.into(), abi_type));
    }
    Ok((name.into(), parameters))
}

fn is_identifier(name: &str) -> bool {
    let rest = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '$';
    let starts = name.starts_with(|first: char| rest(first) && !first.is_ascii_digit());
    starts && name.len() <= limits::NAME_BYTES && name.chars().all(rest)
}

fn abi_type(name: &str) -> Option<AbiType> {
    let bits = |digits: &str| match digits {
        "" => Some(256),
        digits if digits.starts_with('0') || !digits.bytes().all(|digit| digit.is_ascii_digit()) => None,
        digits => digits.parse().ok().filter(|bits| *bits <= 256 && bits % 8 == 0),
    };
    match name {
        "address" => Some(AbiType::Address),
        "bool" => Some(AbiType::Bool),
        "bytes32" => Some(AbiType::Bytes32),
        _ => match name.strip_prefix("uint") {
            Some(digits) => bits(digits).map(AbiType::Uint),
            None => bits(name.strip_prefix("int")?).map(AbiType::Int),
        },
    }
}

/// A constant of the type, a fact, or a fact plus or minus an integer.
fn argument(
    literal: &Literal,
    abi_type: AbiType,
    vocabulary: &Vocabulary,
) -> Result<ArgumentSource, ManifestCause> {
    let text = literal.0.as_str();
    if let Some(word) = constant(text, abi_type) {
        return Ok(ArgumentSource::Constant(word));
    }
    let malformed = || ManifestCause::Argument { got: text.into(), abi_type: abi_type.to_string() };
    let (fact, offset) = fact_and_offset(text, vocabulary).ok_or_else(malformed)?;
    match abi_type {
        AbiType::Uint(_) | AbiType::Int(_) => Ok(ArgumentSource::Fact { fact, offset }),
        _ => Err(ManifestCause::ArgumentType { abi_type: abi_type.to_string() }),
    }
}

/// The ABI word of a constant; `None` if it is none of this type.
fn constant(text: &str, abi_type: AbiType) -> Option<[u8; 32]> {
    match abi_type {
        AbiType::Bool => {
            let mut word = [0; 32];
            word[31] = u8::from(text.parse::<bool>().ok()?);
            Some(word)
        }
        AbiType::Bytes32 => hexadecimal(text),
        AbiType::Address => {
            let mut word = [0; 32];
            word[12..].copy_from_slice(&hexadecimal::<20>(text)?);
            Some(word)
        }
        AbiType::Uint(bits) => unsigned_word(text).filter(|word| bit_length(word) <= bits),
        AbiType::Int(bits) => match text.strip_prefix('-') {
            None => unsigned_word(text).filter(|word| bit_length(word) < bits),
            Some(magnitude) => {
                let word = unsigned_word(magnitude)?;
                let lowest = bit_length(&word) == bits && bit_length(&minus_one(word)) < bits;
                (bit_length(&word) < bits || lowest).then(|| negated(word))
            }
        },
    }
}

/// Position of the highest bit set, from 1; 0 for zero.
fn bit_length(word: &[u8; 32]) -> u16 {
    match word.iter().position(|&byte| byte != 0) {
        None => 0,
        // The index is below 32.
        Some(index) => (31 - index as u16) * 8 + (8 - word[index].leading_zeros() as u16),
    }
}

fn minus_one(mut word: [u8; 32]) -> [u8; 32] {
    for byte in word.iter_mut().rev() {
        let borrow = *byte == 0;
        *byte = byte.wrapping_sub(1);
        if !borrow {
            break;
        }
    }
    word
}

/// Two's complement.
fn negated(word: [u8; 32]) -> [u8; 32] {
    minus_one(word).map(|byte| !byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_fill_their_type_and_not_more() {
        let uint8 = |text| constant(text, AbiType::Uint(8));
        assert_eq!(uint8("255").map(|word| word[31]), Some(255));
        assert_eq!(uint8("0xff").map(|word| word[31]), Some(255));
        assert_eq!((uint8("256"), uint8("-1"), uint8(""), uint8("1.0")), (None, None, None, None));
        let int8 = |text| constant(text, AbiType::Int(8));
        assert_eq!(int8("127").map(|word| (word[0], word[31])), Some((0, 127)));
        assert_eq!(int8("-128").map(|word| (word[0], word[31])), Some((255, 128)));
        assert_eq!(int8("-1"), Some([255; 32]));
        assert_eq!(int8("-0"), Some([0; 32]));
        assert_eq!((int8("128"), int8("-129")), (None, None));
        let two_to_256 = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
        assert_eq!(constant(two_to_256, AbiType::Uint(256)), None);
        assert_eq!(constant(&two_to_256.replace("936", "935"), AbiType::Uint(256)), Some([255; 32]));
        assert_eq!(constant("true", AbiType::Bool).map(|word| word[31]), Some(1));
        assert_eq!(constant("0x00", AbiType::Address), None);
    }

    #[test]
    fn signatures_have_named_static_parameters() {
        let parts = signature_parts("rebalance(uint256 asset, int amount,address  to)").unwrap();
        assert_eq!(parts.0, "rebalance");
        assert_eq!(parts.1[1], ("amount".into(), AbiType::Int(256)));
        assert_eq!(parts.1[2], ("to".into(), AbiType::Address));
        assert_eq!(signature_parts("stop()").unwrap().1, []);
        let wrong = ["", "f", "f(", "f(uint256)", "f(uint256 a,)", "1f()", "f(uint256 a) x"];
        for signature in wrong {
            assert!(matches!(signature_parts(signature), Err(ManifestCause::Function { .. })), "{signature}");
        }
        for type_name in ["uint7", "uint264", "uint08", "string", "uint256[]", "int0x8", "bytes", "uint0"] {
            let signature = format!("f({type_name} a)");
            assert!(matches!(signature_parts(&signature), Err(ManifestCause::AbiType { .. })), "{signature}");
        }
    }
}
