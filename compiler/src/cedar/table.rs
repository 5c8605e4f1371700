//! Clauses to predicates and rules.

use super::clause::{Bases, Clause, Term};
use super::domain::Domain;
use super::expansion::{Expanded, Written};
use super::linear::swapped;
use super::schema::Schema;
use super::source::{Policy, Text};
use super::{CedarCause, CedarError};
use candor_program::limits;
use candor_program::policy::{Comparison, Effect, Operand, Predicate, ReasonText, Rule, Table, reason};
use std::collections::BTreeMap;

/// A policy file as a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compiled {
    /// Predicates, rules in the order of the policies, and reasons.
    pub table: Table,
    /// Where each rule comes from.
    pub sources: Vec<RuleSource>,
}

/// Where a rule comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleSource {
    /// Name of the policy.
    pub policy: String,
    /// Line of its first word, from 1.
    pub line: usize,
}

/// A predicate that must hold, or (`false`) must not.
type Literal = (Predicate, bool);

pub(super) fn build(
    text: Text<'_>,
    policies: &[Policy],
    expanded: Expanded,
    schema: &Schema,
    capacity: usize,
) -> Result<Compiled, CedarError> {
    let needed = expanded.clauses.iter().map(Vec::len).sum();
    let mut predicates = Predicates { written: &expanded.written, schema, list: Vec::new() };
    let mut compiled = Compiled {
        table: Table { predicates: Vec::new(), rules: Vec::new(), reasons: Vec::new() },
        sources: Vec::new(),
    };
    let mut names = BTreeMap::new();
    // Where the table is full.
    let mut overfull = None;
    for (policy, clauses) in policies.iter().zip(&expanded.clauses) {
        let reason = reason_code(&mut compiled.table.reasons, policy).ok_or_else(|| {
            let reason = policy.annotations.reason.clone();
            policy.error(text, None, CedarCause::RemedyConflict { reason })
        })?;
        for (index, clause) in clauses.iter().enumerate() {
            let id = &policy.annotations.id;
            let name = if clauses.len() == 1 { id.clone() } else { format!("{id}#{}", index + 1) };
            if let Some(first_line) = names.insert(name.clone(), policy.line) {
                return Err(policy.error(text, None, CedarCause::DuplicateName { name, first_line }));
            }
            let (all_of, none_of) = predicates.masks(clause).ok_or_else(|| {
                let expression = text.excerpt(policy.ast.loc());
                policy.error(text, None, CedarCause::OffsetTooLarge { expression })
            })?;
            let effect = if policy.permits { Effect::Permit } else { Effect::Forbid };
            compiled.table.rules.push(Rule { name, effect, all_of, none_of, reason });
            compiled.sources.push(RuleSource { policy: id.clone(), line: policy.line });
            if compiled.table.rules.len().max(predicates.list.len()) > capacity {
                overfull = overfull.or(Some(policy));
            }
        }
    }
    if let Some(policy) = overfull {
        let cause = match predicates.list.len() {
            _ if needed > capacity => CedarCause::TooManyRules { needed, capacity },
            needed => CedarCause::TooManyPredicates { needed, capacity },
        };
        return Err(policy.error(text, None, cause));
    }
    compiled.table.predicates = predicates.list;
    Ok(compiled)
}

/// The code of a policy's reason, new or known; `None` where a known one has another remedy.
fn reason_code(reasons: &mut Vec<ReasonText>, policy: &Policy) -> Option<u16> {
    let (name, remedy) = (&policy.annotations.reason, policy.annotations.remedy.as_ref());
    if let Some(known) = reasons.iter_mut().find(|known| known.name == *name) {
        match remedy {
            Some(remedy) if known.remedy.is_empty() => known.remedy.clone_from(remedy),
            Some(remedy) if known.remedy != *remedy => return None,
            _ => {}
        }
        return Some(known.code);
    }
    let code = reason::FIRST_FREE.checked_add(u16::try_from(reasons.len()).ok()?)?;
    reasons.push(ReasonText { code, name: name.clone(), remedy: remedy.cloned().unwrap_or_default() });
    Some(code)
}

/// The table's predicates while rules are made.
struct Predicates<'p> {
    written: &'p [Written],
    schema: &'p Schema,
    list: Vec<Predicate>,
}

impl Predicates<'_> {
    /// The bits of a clause; those beyond 64 are left out, and no such table is returned. `None` where a constant does not fit.
    fn masks(&mut self, clause: &Clause) -> Option<(u64, u64)> {
        let (mut all_of, mut none_of) = (0, 0);
        for (term, domain) in &clause.0 {
            let base = self.schema.base(*term);
            for candidates in literals(*term, domain, &base) {
                let (predicate, holds) = self.choose(&candidates)?;
                let index = self.list.iter().position(|known| *known == predicate).unwrap_or_else(|| {
                    self.list.push(predicate);
                    self.list.len() - 1
                });
                let bit = if index < limits::RULES { 1_u64 << index } else { 0 };
                if holds {
                    all_of |= bit;
                } else {
                    none_of |= bit;
                }
            }
        }
        Some((all_of, none_of))
    }

    /// One of several forms that say the same: one that is there already, or one that somebody wrote, or the first.
    fn choose(&self, candidates: &[Literal]) -> Option<Literal> {
        let there = candidates.iter().find(|(predicate, _)| self.list.contains(predicate));
        let is_written =
            |predicate: &Predicate| self.written.iter().any(|written| of(written) == Some(*predicate));
        there
            .or_else(|| candidates.iter().find(|(predicate, _)| is_written(predicate)))
            .or(candidates.first())
            .copied()
    }
}

fn of((left, comparison, right, constant): &Written) -> Option<Predicate> {
    let constant = i64::try_from(*constant).ok()?;
    let operand = right.map_or(Operand::Constant(constant), |fact| Operand::Fact { fact, offset: constant });
    Some(Predicate { fact: *left, comparison: *comparison, operand })
}

/// What a clause says about a term, each in every form that a predicate can have.
fn literals(term: Term, domain: &Domain, base: &Domain) -> Vec<Vec<Literal>> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let forms = |forms: &[(Comparison, i128, bool)]| -> Vec<Literal> {
        forms
            .iter()
            .flat_map(|&(comparison, constant, holds)| written(term, comparison, constant, holds))
            .collect()
    };
    let equal = |value| [(Equal, value, true), (NotEqual, value, false)];
    let unequal = |value| [(NotEqual, value, true), (Equal, value, false)];
    if let Some(value) = domain.single() {
        let mut all = equal(value).to_vec();
        // Of two possible values, the one is the other's opposite.
        if let [other] = two(base, value)[..] {
            all.extend(unequal(other));
        }
        return vec![forms(&all)];
    }
    let mut literals = Vec::new();
    if domain.lowest > base.lowest {
        let lowest = domain.lowest;
        let below = lowest.saturating_sub(1);
        literals.push(forms(&[
            (GreaterOrEqual, lowest, true),
            (Greater, below, true),
            (Less, lowest, false),
            (LessOrEqual, below, false),
        ]));
    }
    if domain.highest < base.highest {
        let highest = domain.highest;
        let above = highest.saturating_add(1);
        literals.push(forms(&[
            (LessOrEqual, highest, true),
            (Less, above, true),
            (Greater, highest, false),
            (GreaterOrEqual, above, false),
        ]));
    }
    let holes = domain.holes.difference(&base.holes);
    literals.extend(holes.map(|hole| forms(&unequal(*hole))));
    literals
}

/// The other value of a base that has two; nothing of a larger one.
fn two(base: &Domain, value: i128) -> Vec<i128> {
    let width = base.highest.saturating_sub(base.lowest);
    if width > limits::ACTIONS as i128 {
        return Vec::new();
    }
    let others = (base.lowest..=base.highest).filter(|other| *other != value && base.contains(*other));
    let others: Vec<i128> = others.take(2).collect();
    if others.len() == 1 { others } else { Vec::new() }
}

/// `term comparison constant` as predicates: of two facts, either may stand on the left. None where a constant does not fit.
fn written(term: Term, comparison: Comparison, constant: i128, holds: bool) -> Vec<Literal> {
    let forms = match term.right {
        None => vec![(term.left, comparison, None, constant)],
        Some(right) => vec![
            (term.left, comparison, Some(right), constant),
            (right, swapped(comparison), Some(term.left), -constant),
        ],
    };
    forms.iter().filter_map(of).map(|predicate| (predicate, holds)).collect()
}
