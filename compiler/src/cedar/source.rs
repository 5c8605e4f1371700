//! A policy file: its text, and its policies after parsing and strict validation.

use super::annotation::{self, Annotations};
use super::schema::Schema;
use super::{CedarCause, CedarError};
use cedar_policy_core::ast::{Effect, Policy as Ast, PolicySet};
use cedar_policy_core::parser::Loc;
use cedar_policy_core::parser::parse_policyset;
use cedar_policy_core::validator::{ValidationError, ValidationMode};
use miette::Diagnostic;

/// The text of a policy file, to find lines in.
#[derive(Clone, Copy)]
pub(super) struct Text<'t>(&'t str);

impl<'t> Text<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self(text)
    }

    /// The defect at an offset in bytes; at the start where none is known.
    pub(super) fn error(self, offset: Option<usize>, policy: Option<&str>, cause: CedarCause) -> CedarError {
        let (line, column) = self.place(offset.unwrap_or(0));
        CedarError { line, column, policy: policy.map(str::to_owned), cause }
    }

    /// Line and column of an offset, from 1.
    pub(super) fn place(self, offset: usize) -> (usize, usize) {
        let before = self.0.char_indices().take_while(|(start, _)| *start < offset);
        before.fold((1, 1), |(line, column), (_, character)| match character {
            '\n' => (line + 1, 1),
            _ => (line, column + 1),
        })
    }

    /// What stands at a location, on one line, cut after 80 characters.
    pub(super) fn excerpt(self, loc: Option<&Loc>) -> String {
        let written = loc.and_then(|loc| self.0.get(loc.start()..loc.end())).unwrap_or_default();
        let words = written.split_whitespace().collect::<Vec<_>>().join(" ");
        match words.char_indices().nth(80) {
            Some((end, _)) => format!("{}...", words.get(..end).unwrap_or_default()),
            None => words,
        }
    }
}

/// One policy.
pub(super) struct Policy {
    pub(super) annotations: Annotations,
    pub(super) permits: bool,
    pub(super) line: usize,
    /// Offset of its first character.
    pub(super) offset: usize,
    pub(super) ast: Ast,
}

impl Policy {
    /// The defect at a location of the policy; at its beginning where none is known.
    pub(super) fn error(&self, text: Text<'_>, loc: Option<&Loc>, cause: CedarCause) -> CedarError {
        text.error(Some(loc.map_or(self.offset, Loc::start)), Some(&self.annotations.id), cause)
    }
}

/// The policies in the order of the file: static, valid against the schema under strict validation, with distinct names.
pub(super) fn read(text: Text<'_>, schema: &Schema) -> Result<Vec<Policy>, CedarError> {
    let set = parse_policyset(text.0).map_err(|errors| {
        let first = errors.iter().min_by_key(|error| (offset(*error).is_none(), offset(*error)));
        let (message, help) = first.map_or((errors.to_string(), None), |first| said(first));
        text.error(first.and_then(|first| offset(first)), None, CedarCause::Syntax { message, help })
    })?;
    let start = |policy: &Ast| policy.loc().map_or(0, Loc::start);
    if let Some(template) = set.templates().min_by_key(|template| template.loc().map_or(0, Loc::start)) {
        return Err(text.error(template.loc().map(Loc::start), None, CedarCause::Template));
    }
    let mut asts: Vec<&Ast> = set.policies().collect();
    asts.sort_by_key(|policy| start(policy));
    if asts.is_empty() {
        return Err(CedarError::at_start(CedarCause::Empty));
    }
    let mut policies = Vec::with_capacity(asts.len());
    for ast in asts {
        let annotations = annotation::read(text, ast)?;
        policies.push(Policy {
            annotations,
            permits: ast.effect() == Effect::Permit,
            line: text.place(start(ast)).0,
            offset: start(ast),
            ast: ast.clone(),
        });
    }
    annotation::distinct(text, &policies)?;
    validate(text, &set, &policies, schema)?;
    Ok(policies)
}

fn validate(text: Text<'_>, set: &PolicySet, policies: &[Policy], schema: &Schema) -> Result<(), CedarError> {
    let result = schema.validator().validate(set, ValidationMode::Strict);
    let place = |error: &ValidationError| {
        let offset = offset(error);
        let policy = offset.and_then(|offset| policies.iter().rfind(|policy| policy.offset <= offset));
        (offset, policy.map(|policy| policy.annotations.id.clone()))
    };
    // Cedar's order changes from run to run.
    let ordered = |error: &ValidationError| (place(error).0, error.to_string());
    match result.validation_errors().min_by_key(|error| ordered(error)) {
        None => Ok(()),
        Some(error) => {
            let (offset, policy) = place(error);
            let (message, help) = said(error);
            Err(text.error(offset, policy.as_deref(), CedarCause::Validation { message, help }))
        }
    }
}

fn offset(error: &dyn Diagnostic) -> Option<usize> {
    error.labels()?.map(|label| label.offset()).min()
}

fn said(error: &dyn Diagnostic) -> (String, Option<String>) {
    (error.to_string(), error.help().map(|help| help.to_string()))
}
