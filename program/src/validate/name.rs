//! Names and texts that people read and that come from whoever made the card.

use super::error::ProgramError;
use super::{NameDefect, Part};
use crate::limits;
use std::collections::BTreeSet;

/// Names of a list: each fit to be shown, no two the same.
pub(super) fn unique<'a>(part: Part, names: impl Iterator<Item = &'a str>) -> Result<(), ProgramError> {
    let mut seen = BTreeSet::new();
    for (index, name) in names.enumerate() {
        shown(part, index, name)?;
        if !seen.insert(name) {
            return Err(ProgramError::DuplicateName { part, index });
        }
    }
    Ok(())
}

/// A name fit to be shown.
pub(super) fn shown(part: Part, index: usize, name: &str) -> Result<(), ProgramError> {
    let defect = if name.is_empty() { Err(NameDefect::Empty) } else { text_defect(name, limits::NAME_BYTES) };
    defect.map_err(|defect| ProgramError::Name { part, index, defect })
}

/// A text fit to be shown, possibly empty.
pub(super) fn text(part: Part, index: usize, text: &str) -> Result<(), ProgramError> {
    text_defect(text, limits::TEXT_BYTES).map_err(|defect| ProgramError::Name { part, index, defect })
}

/// A name of Solidity.
pub(super) fn identifier(part: Part, index: usize, name: &str) -> Result<(), ProgramError> {
    shown(part, index, name)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    if name.chars().all(allowed) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(());
    }
    Err(ProgramError::Name { part, index, defect: NameDefect::NotIdentifier })
}

fn text_defect(text: &str, limit: usize) -> Result<(), NameDefect> {
    if text.len() > limit {
        return Err(NameDefect::TooLong { limit, got: text.len() });
    }
    if text.chars().any(is_control) {
        return Err(NameDefect::ControlCharacter);
    }
    Ok(())
}

/// Control characters, and the invisible ones that reorder or join what surrounds them (Unicode TR 36, section 2.5).
fn is_control(c: char) -> bool {
    let invisible =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || invisible
}
