//! Limits on a policy file before it is parsed: parser, validator and expansion recurse as deep as a policy nests.

use super::source::Text;
use super::{CedarCause, CedarError, DEPTH, SOURCE_BYTES, TOKENS};
use crate::manifest::is_invisible;
use std::iter::Peekable;
use std::str::CharIndices;

/// The file is short, no policy is long or deep, and everything in it is seen.
pub(super) fn check(source: &str) -> Result<(), CedarError> {
    let got = source.len();
    if got > SOURCE_BYTES {
        return Err(CedarError::at_start(CedarCause::TooLarge { got, limit: SOURCE_BYTES }));
    }
    let text = Text::new(source);
    let shown = |character: char| !is_invisible(character) || matches!(character, '\n' | '\r' | '\t');
    if let Some((offset, character)) = source.char_indices().find(|(_, character)| !shown(*character)) {
        return Err(text.error(Some(offset), None, CedarCause::Invisible { code: character.into() }));
    }
    let mut policy = Policy::default();
    let mut characters = source.char_indices().peekable();
    while let Some((offset, token)) = token(source, &mut characters) {
        match token {
            ";" => {
                policy = Policy::default();
                continue;
            }
            "(" | "[" | "{" => policy.brackets += 1,
            ")" | "]" | "}" => policy.brackets = policy.brackets.saturating_sub(1),
            "if" => policy.conditionals += 1,
            _ => {}
        }
        policy.tokens += 1;
        if policy.brackets + policy.conditionals > DEPTH {
            return Err(text.error(Some(offset), None, CedarCause::TooDeep { limit: DEPTH }));
        }
        if policy.tokens > TOKENS {
            return Err(text.error(Some(offset), None, CedarCause::TooLong { limit: TOKENS }));
        }
    }
    Ok(())
}

/// What is counted between two semicolons.
#[derive(Default)]
struct Policy {
    tokens: usize,
    /// Open brackets.
    brackets: usize,
    /// All `if`: those that follow an `else` nest without brackets.
    conditionals: usize,
}

/// The next word, string or sign, which lie as in Cedar's grammar: a comment ends with its line, a string at a quote without
/// backslash.
fn token<'s>(source: &'s str, characters: &mut Peekable<CharIndices<'_>>) -> Option<(usize, &'s str)> {
    loop {
        let (start, first) = characters.next()?;
        if first.is_whitespace() {
            continue;
        }
        if first == '/' && characters.peek().is_some_and(|(_, next)| *next == '/') {
            while characters.next_if(|(_, character)| !matches!(character, '\n' | '\r')).is_some() {}
            continue;
        }
        if first == '"' {
            let mut escaped = false;
            for (_, character) in characters.by_ref() {
                if character == '"' && !escaped {
                    break;
                }
                escaped = character == '\\' && !escaped;
            }
        } else if is_word(first) {
            while characters.next_if(|(_, character)| is_word(*character)).is_some() {}
        }
        let end = characters.peek().map_or(source.len(), |(end, _)| *end);
        return Some((start, source.get(start..end).unwrap_or_default()));
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}
