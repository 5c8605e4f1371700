//! Conditions become shared predicates, reasons become codes, rules become a decision table.

use super::expression::predicate;
use super::source::{Effect as SourceEffect, Policy};
use super::state::{Memory, When};
use super::{ManifestCause, ManifestError, Place, Text};
use crate::vocabulary::Vocabulary;
use candor_program::limits;
use candor_program::policy::{Effect, Predicate, ReasonText, Rule, Table, reason};
use std::collections::BTreeMap;
use toml::Spanned;

/// A decision table in the making.
pub(super) struct Builder<'t> {
    text: Text<'t>,
    vocabulary: &'t Vocabulary,
    table: Table,
    /// What each rule was made from, by its name, where it is no rule of `[[policy.rules]]`.
    origins: BTreeMap<String, String>,
}

/// A rule that a limit becomes.
pub(super) struct Limit {
    pub(super) name: String,
    pub(super) effect: Effect,
    pub(super) all_of: Vec<Predicate>,
    pub(super) none_of: Vec<Predicate>,
    pub(super) reason: String,
    pub(super) remedy: String,
    pub(super) place: Place,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: Text<'t>, vocabulary: &'t Vocabulary) -> Self {
        let table = Table { predicates: Vec::new(), rules: Vec::new(), reasons: Vec::new() };
        Self { text, vocabulary, table, origins: BTreeMap::new() }
    }

    /// The rules of `[[policy.rules]]`.
    pub(super) fn rules(&mut self, policy: &Policy) -> Result<(), ManifestError> {
        let text = self.text;
        text.count(&policy.rules, "policy.rules", limits::RULES)?;
        for (index, entry) in policy.rules.iter().enumerate() {
            let field = |key: &str| format!("policy.rules[{index}].{key}");
            let rule = entry.get_ref();
            let name = text.name(&rule.name, field("name"))?;
            let all_of = self.mask(&rule.all_of, &field("all_of"))?;
            let none_of = self.mask(&rule.none_of, &field("none_of"))?;
            let reason = text.name(rule.reason.as_ref().unwrap_or(&rule.name), field("reason"))?;
            let remedy =
                rule.remedy.as_ref().map(|remedy| text.shown(remedy, field("remedy"))).transpose()?;
            let effect = match rule.effect {
                SourceEffect::Permit => Effect::Permit,
                SourceEffect::Forbid => Effect::Forbid,
            };
            let place = Place::new(rule.name.span(), field("name"));
            let reason = self.reason(&reason, remedy.as_ref(), &Place::new(entry.span(), field("remedy")))?;
            self.push(Rule { name, effect, all_of, none_of, reason }, &place)?;
        }
        Ok(())
    }

    /// The rules that limits become, behind those that are there.
    pub(super) fn limits(&mut self, limits: Vec<Limit>) -> Result<(), ManifestError> {
        for limit in limits {
            let place = &limit.place;
            let all_of = self.bits(&limit.all_of, place)?;
            let none_of = self.bits(&limit.none_of, place)?;
            let reason = self.reason(&limit.reason, Some(&limit.remedy), place)?;
            self.origins.insert(limit.name.clone(), place.field.clone());
            let rule = Rule { name: limit.name, effect: limit.effect, all_of, none_of, reason };
            self.push(rule, place)?;
        }
        Ok(())
    }

    /// The conditions of registers join the table's predicates.
    pub(super) fn registers(&mut self, memory: &mut Memory) -> Result<(), ManifestError> {
        for (register, when) in memory.registers.iter_mut().zip(&memory.when) {
            let Some(when) = when else { continue };
            let (predicate, place) = match when {
                When::Text(condition, place) => {
                    let predicate = predicate(condition, self.vocabulary);
                    (predicate.map_err(|cause| self.text.at(place, cause))?, place.clone())
                }
                When::Is(predicate) => (*predicate, Place::new(0..0, "limits")),
            };
            if let Some(fact) = predicate.facts().find(|fact| fact.follows_update()) {
                let cause = ManifestCause::FollowsUpdate { fact: self.vocabulary.name(fact) };
                return Err(self.text.at(&place, cause));
            }
            // At most 64 predicates.
            register.when = Some(self.index(&predicate, &place)? as u8);
        }
        Ok(())
    }

    /// A condition as a predicate, which does not join the table.
    pub(super) fn condition(&self, condition: &str, place: &Place) -> Result<Predicate, ManifestError> {
        predicate(condition, self.vocabulary).map_err(|cause| self.text.at(place, cause))
    }

    /// The table, and what its rules were made from.
    pub(super) fn finish(self) -> (Table, BTreeMap<String, String>) {
        (self.table, self.origins)
    }

    fn push(&mut self, rule: Rule, place: &Place) -> Result<(), ManifestError> {
        if self.table.rules.iter().any(|known| known.name == rule.name) {
            return Err(self.text.at(place, ManifestCause::DuplicateName { name: rule.name }));
        }
        let (got, limit) = (self.table.rules.len() + 1, limits::RULES);
        if got > limit {
            return Err(self.text.at(place, ManifestCause::TooManyRules { got, limit }));
        }
        self.table.rules.push(rule);
        Ok(())
    }

    /// The bits of a rule's conditions.
    fn mask(&mut self, conditions: &[Spanned<String>], field: &str) -> Result<u64, ManifestError> {
        let mut mask = 0;
        for condition in conditions {
            let place = Place::new(condition.span(), field);
            let predicate = self.condition(condition.get_ref(), &place)?;
            mask |= 1 << self.index(&predicate, &place)?;
        }
        Ok(mask)
    }

    fn bits(&mut self, predicates: &[Predicate], place: &Place) -> Result<u64, ManifestError> {
        let mut mask = 0;
        for predicate in predicates {
            mask |= 1 << self.index(predicate, place)?;
        }
        Ok(mask)
    }

    /// The predicate's place in the table: one that is there, or a new one.
    fn index(&mut self, predicate: &Predicate, place: &Place) -> Result<usize, ManifestError> {
        if let Some(index) = self.table.predicates.iter().position(|known| known == predicate) {
            return Ok(index);
        }
        let (got, limit) = (self.table.predicates.len() + 1, limits::RULES);
        if got > limit {
            return Err(self.text.at(place, ManifestCause::TooManyConditions { got, limit }));
        }
        self.table.predicates.push(*predicate);
        Ok(got - 1)
    }

    /// The code of a reason, new or known.
    fn reason(&mut self, name: &str, remedy: Option<&String>, place: &Place) -> Result<u16, ManifestError> {
        if let Some(known) = self.table.reasons.iter_mut().find(|known| known.name == name) {
            match remedy {
                Some(remedy) if known.remedy.is_empty() => known.remedy.clone_from(remedy),
                Some(remedy) if known.remedy != *remedy => {
                    let cause = ManifestCause::RemedyConflict { reason: name.into() };
                    return Err(self.text.at(place, cause));
                }
                _ => {}
            }
            return Ok(known.code);
        }
        // At most 64 rules, hence reasons, beside those of a Cedar policy.
        let last = self.table.reasons.iter().map(|known| known.code).max();
        let code = last.map_or(reason::FIRST_FREE, |last| last.saturating_add(1));
        let remedy = remedy.cloned().unwrap_or_default();
        self.table.reasons.push(ReasonText { code, name: name.into(), remedy });
        Ok(code)
    }
}
