//! `[policy]` to a decision table: conditions become shared predicates, reasons become codes.

use super::expression::{decimals, fact, unknown_fact};
use super::source::{Effect as SourceEffect, Policy};
use super::{ManifestCause, ManifestError, Scope, Text};
use candor_program::decimal::parse_decimal;
use candor_program::limits;
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate, ReasonText, Rule, Table, reason};
use std::collections::BTreeSet;
use toml::Spanned;

/// Comparisons, longest spelling first.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

/// The table of `[[policy.rules]]`.
pub(super) fn table(text: Text<'_>, policy: &Policy, scope: &Scope<'_>) -> Result<Table, ManifestError> {
    text.count(&policy.rules, "policy.rules", limits::RULES)?;
    let mut table = Table { predicates: Vec::new(), rules: Vec::new(), reasons: Vec::new() };
    let mut names = BTreeSet::new();
    for (index, entry) in policy.rules.iter().enumerate() {
        let field = |key: &str| format!("policy.rules[{index}].{key}");
        let rule = entry.get_ref();
        let name = text.unique(&mut names, &rule.name, field("name"))?;
        let all_of = mask(text, &rule.all_of, &field("all_of"), scope, &mut table.predicates)?;
        let none_of = mask(text, &rule.none_of, &field("none_of"), scope, &mut table.predicates)?;
        let reason_name = text.name(rule.reason.as_ref().unwrap_or(&rule.name), field("reason"))?;
        let remedy = rule.remedy.as_ref().map(|remedy| text.shown(remedy, field("remedy"))).transpose()?;
        let reason = reason_code(&mut table.reasons, &reason_name, remedy.as_ref()).ok_or_else(|| {
            let cause = ManifestCause::RemedyConflict { reason: reason_name.clone() };
            text.error(entry.span(), field("remedy"), cause)
        })?;
        let effect = match rule.effect {
            SourceEffect::Permit => Effect::Permit,
            SourceEffect::Forbid => Effect::Forbid,
        };
        table.rules.push(Rule { name, effect, all_of, none_of, reason });
    }
    Ok(table)
}

/// The bits of a rule's conditions, which join the table's predicates.
fn mask(
    text: Text<'_>,
    conditions: &[Spanned<String>],
    field: &str,
    scope: &Scope<'_>,
    predicates: &mut Vec<Predicate>,
) -> Result<u64, ManifestError> {
    let mut mask = 0;
    for condition in conditions {
        let error = |cause| text.error(condition.span(), field, cause);
        let predicate = predicate(condition.get_ref(), scope).map_err(error)?;
        let index = match predicates.iter().position(|known| *known == predicate) {
            Some(index) => index,
            None => {
                predicates.push(predicate);
                predicates.len() - 1
            }
        };
        if index >= limits::RULES {
            return Err(error(ManifestCause::TooMany { got: index + 1, limit: limits::RULES }));
        }
        mask |= 1 << index;
    }
    Ok(mask)
}

/// `fact comparison value`, the value being a constant in the fact's scale, an action's name, or a fact.
fn predicate(condition: &str, scope: &Scope<'_>) -> Result<Predicate, ManifestCause> {
    let malformed = || ManifestCause::Condition { got: condition.into() };
    let start = condition.find(['=', '!', '<', '>']).ok_or_else(malformed)?;
    let (left, rest) = condition.split_at(start);
    let (spelling, comparison) =
        COMPARISONS.into_iter().find(|(spelling, _)| rest.starts_with(spelling)).ok_or_else(malformed)?;
    let (left, right) = (left.trim(), rest[spelling.len()..].trim());
    let left_fact = fact(left, scope).ok_or_else(|| unknown_fact(left, scope))?;
    let operand = operand(left, left_fact, right, scope)?;
    Ok(Predicate { fact: left_fact, comparison, operand })
}

fn operand(left: &str, left_fact: Fact, right: &str, scope: &Scope<'_>) -> Result<Operand, ManifestCause> {
    let left_decimals = decimals(left_fact, scope);
    if right.starts_with(|character: char| character.is_ascii_digit() || matches!(character, '-' | '+' | '.'))
    {
        return match parse_decimal(right, left_decimals) {
            Ok(constant) => Ok(Operand::Constant(constant)),
            Err(source) => Err(ManifestCause::Decimal { got: right.into(), decimals: left_decimals, source }),
        };
    }
    if left_fact == Fact::ActionCode
        && let Some(code) = scope.actions.iter().position(|action| action.name == right)
    {
        return Ok(Operand::Constant(code as i64));
    }
    let right_fact = fact(right, scope).ok_or_else(|| unknown_fact(right, scope))?;
    let right_decimals = decimals(right_fact, scope);
    if left_decimals != right_decimals {
        let (left, right) = (left.into(), right.into());
        return Err(ManifestCause::ScaleMismatch { left, left_decimals, right, right_decimals });
    }
    Ok(right_fact.into())
}

/// The code of a reason, new or known; `None` where a known one has another remedy.
fn reason_code(reasons: &mut Vec<ReasonText>, name: &str, remedy: Option<&String>) -> Option<u16> {
    if let Some(known) = reasons.iter_mut().find(|known| known.name == name) {
        match remedy {
            Some(remedy) if known.remedy.is_empty() => known.remedy.clone_from(remedy),
            Some(remedy) if known.remedy != *remedy => return None,
            _ => {}
        }
        return Some(known.code);
    }
    // At most 64 rules, hence reasons.
    let code = reason::FIRST_FREE + reasons.len() as u16;
    reasons.push(ReasonText { code, name: name.into(), remedy: remedy.cloned().unwrap_or_default() });
    Some(code)
}
