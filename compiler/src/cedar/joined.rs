//! The rules of a policy file with those that agent.toml has.

use super::{CedarCause, CedarError, Compiled, RuleSource};
use candor_program::limits;
use candor_program::policy::{Predicate, ReasonText, Table};
use std::collections::BTreeMap;

impl Compiled {
    /// One table: these rules, and behind them those of another, whose predicates keep their places.
    ///
    /// Errors: at the first rule that has a name, a remedy or no room because of the other table.
    pub fn before(self, other: &Table) -> Result<Table, CedarError> {
        let mut joined = Table { rules: Vec::new(), ..other.clone() };
        let capacity = limits::RULES;
        let needed = self.table.rules.len() + other.rules.len();
        for (rule, source) in self.table.rules.iter().zip(&self.sources) {
            let error = |cause| source.error(cause);
            if other.rules.iter().any(|known| known.name == rule.name) {
                return Err(error(CedarCause::NameTaken { name: rule.name.clone() }));
            }
            if needed > capacity {
                return Err(error(CedarCause::TooManyRules { needed, capacity }));
            }
            let mut rule = rule.clone();
            for mask in [&mut rule.all_of, &mut rule.none_of] {
                *mask = moved(*mask, &self.table.predicates, &mut joined.predicates);
            }
            let needed = joined.predicates.len();
            if needed > capacity {
                return Err(error(CedarCause::TooManyPredicates { needed, capacity }));
            }
            if let Some(reason) = self.table.reasons.iter().find(|reason| reason.code == rule.reason) {
                rule.reason = code(&mut joined.reasons, reason)
                    .ok_or_else(|| error(CedarCause::RemedyConflict { reason: reason.name.clone() }))?;
            }
            joined.rules.push(rule);
        }
        joined.rules.extend(other.rules.iter().cloned());
        Ok(joined)
    }

    /// What each rule was made from, by its name, such as `policy.cedar:7`.
    #[must_use]
    pub fn origins(&self, file: &str) -> BTreeMap<String, String> {
        let rules = self.table.rules.iter().zip(&self.sources);
        rules.map(|(rule, source)| (rule.name.clone(), format!("{file}:{}", source.line))).collect()
    }
}

impl RuleSource {
    fn error(&self, cause: CedarCause) -> CedarError {
        CedarError { line: self.line, column: 1, policy: Some(self.policy.clone()), cause }
    }
}

/// A mask over some predicates as one over a list that they join; those beyond 64 bits are left out.
fn moved(mask: u64, from: &[Predicate], into: &mut Vec<Predicate>) -> u64 {
    let mut moved = 0;
    for (bit, predicate) in from.iter().enumerate() {
        if mask.checked_shr(bit as u32).unwrap_or(0) & 1 == 0 {
            continue;
        }
        let index = into.iter().position(|known| known == predicate).unwrap_or_else(|| {
            into.push(*predicate);
            into.len() - 1
        });
        moved |= u32::try_from(index).ok().and_then(|index| 1_u64.checked_shl(index)).unwrap_or(0);
    }
    moved
}

/// The code of a reason, known or new; `None` where a known one has another remedy.
fn code(reasons: &mut Vec<ReasonText>, reason: &ReasonText) -> Option<u16> {
    if let Some(known) = reasons.iter_mut().find(|known| known.name == reason.name) {
        if known.remedy.is_empty() {
            known.remedy.clone_from(&reason.remedy);
        }
        let same = reason.remedy.is_empty() || known.remedy == reason.remedy;
        return same.then_some(known.code);
    }
    let free = candor_program::policy::reason::FIRST_FREE;
    let code = reasons.iter().map(|known| known.code).max().map_or(Some(free), |last| last.checked_add(1))?;
    reasons.push(ReasonText { code, ..reason.clone() });
    Some(code)
}
