//! `@id`, `@reason` and `@remedy` of a policy.

use super::source::{Policy, Text};
use super::{CedarCause, CedarError};
use crate::manifest::is_invisible;
use candor_program::limits;
use cedar_policy_core::ast::Policy as Ast;
use cedar_policy_core::parser::Loc;
use std::collections::BTreeMap;

/// Bytes that a name leaves free for the number of a rule: `#` and two digits.
const NUMBER_BYTES: usize = 3;

/// What a policy says about itself.
pub(super) struct Annotations {
    /// Name of its rules: `@id`, or the number that Cedar gives it.
    pub(super) id: String,
    /// Reason: `@reason`, or the name.
    pub(super) reason: String,
    /// What would change the verdict.
    pub(super) remedy: Option<String>,
    /// Where the name, or else the policy, begins.
    pub(super) offset: usize,
}

/// The annotations, of which there are no others: one that is misspelled would be passed over.
pub(super) fn read(text: Text<'_>, ast: &Ast) -> Result<Annotations, CedarError> {
    let start = ast.loc().map_or(0, Loc::start);
    let number = ast.id().to_string();
    let mut found = Annotations { id: number.clone(), reason: String::new(), remedy: None, offset: start };
    let mut reason = None;
    for (key, annotation) in ast.annotations() {
        let (offset, value) = (annotation.loc.as_ref().map_or(start, Loc::start), annotation.val.to_string());
        let error = |cause| text.error(Some(offset), Some(&number), cause);
        let name = |annotation, limit| {
            let fits = !value.is_empty() && value.len() <= limit;
            if !fits || value.chars().any(|character| character.is_whitespace() || is_invisible(character)) {
                return Err(error(CedarCause::BadName { annotation, got: value.clone(), limit }));
            }
            Ok(value.clone())
        };
        match key.as_ref() {
            "id" => {
                found.id = name("id", limits::NAME_BYTES - NUMBER_BYTES)?;
                found.offset = offset;
            }
            "reason" => reason = Some(name("reason", limits::NAME_BYTES)?),
            "remedy" => {
                if value.len() > limits::TEXT_BYTES || value.chars().any(is_invisible) {
                    return Err(error(CedarCause::BadRemedy { limit: limits::TEXT_BYTES }));
                }
                found.remedy = Some(value);
            }
            _ => return Err(error(CedarCause::UnknownAnnotation { got: key.to_string() })),
        }
    }
    found.reason = reason.unwrap_or_else(|| found.id.clone());
    Ok(found)
}

/// No two policies have one name.
pub(super) fn distinct(text: Text<'_>, policies: &[Policy]) -> Result<(), CedarError> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for policy in policies {
        let Annotations { id, offset, .. } = &policy.annotations;
        let line = text.place(*offset).0;
        if let Some(first_line) = seen.insert(id, line) {
            let cause = CedarCause::DuplicateName { name: id.clone(), first_line };
            return Err(text.error(Some(*offset), Some(id), cause));
        }
    }
    Ok(())
}
