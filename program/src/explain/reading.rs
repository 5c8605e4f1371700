//! The facts and conditions that a verdict rests on, and why a fact is missing.

use crate::card::Card;
use crate::decision::Assessment;
use crate::evidence::Defect;
use crate::limits;
use crate::policy::{Effect, Fact, Outcome, reason};
use crate::state::Update;
use std::collections::BTreeSet;

/// A fact and its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// The fact.
    pub fact: Fact,
    /// Its value, or why it has none.
    pub value: Result<i64, Absence>,
}

/// Why a fact is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Absence {
    /// No statement counts, and the slot has no default.
    Evidence {
        /// Slot.
        slot: u16,
        /// What is wrong.
        defect: Defect,
    },
    /// The register holds a later time.
    Later {
        /// Register.
        register: u16,
    },
    /// The number does not fit 64 bits.
    Overflow,
    /// The register's condition, or its source, looks at a fact that is missing.
    Follows {
        /// Register.
        register: u16,
        /// The missing fact.
        fact: Fact,
    },
    /// The request does not have it.
    Unknown,
}

/// One predicate of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Condition {
    /// Index of the predicate.
    pub predicate: u8,
    /// What the rule asks of it: that it holds, or that it does not.
    pub required: bool,
    /// Left-hand side.
    pub left: Option<i64>,
    /// Right-hand side, its offset added.
    pub right: Option<i128>,
    /// Whether it holds; `None` where a side is missing.
    pub holds: Option<bool>,
}

impl Condition {
    /// Whether it is as the rule asks.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.holds == Some(self.required)
    }
}

/// A rule, read on the facts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleReading {
    /// Index of the rule.
    pub rule: u8,
    /// Its conditions, in the order of the predicates.
    pub conditions: Vec<Condition>,
}

impl RuleReading {
    /// Whether the rule matches.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.conditions.iter().all(Condition::is_met)
    }

    fn of(card: &Card, assessment: &Assessment, index: u8) -> Option<Self> {
        let rule = card.policy.rules.get(usize::from(index))?;
        let facts = assessment.facts();
        let used = rule.all_of | rule.none_of;
        let predicates = (0_u8..).zip(&card.policy.predicates).take(limits::RULES);
        let used = predicates.filter(|(bit, _)| used >> bit & 1 == 1);
        let conditions = used.flat_map(|(index, predicate)| {
            let condition = |required| Condition {
                predicate: index,
                required,
                left: facts.get(predicate.fact),
                right: predicate.operand.value(&facts),
                holds: predicate.holds(&facts),
            };
            // A predicate may stand in both masks; such a rule never matches.
            let (holds, fails) = (rule.all_of >> index & 1 == 1, rule.none_of >> index & 1 == 1);
            [holds.then(|| condition(true)), fails.then(|| condition(false))].into_iter().flatten()
        });
        Some(Self { rule: index, conditions: conditions.collect() })
    }
}

/// The deciding rule; where none decided an action, the rules that would have permitted it.
pub(super) fn rules(card: &Card, assessment: &Assessment) -> Vec<RuleReading> {
    let of = |index| RuleReading::of(card, assessment, index);
    match (assessment.verdict.rule, assessment.verdict.outcome) {
        (Some(index), _) => of(index).into_iter().collect(),
        (None, Outcome::Abstained) => Vec::new(),
        (None, _) => {
            let rules = (0_u8..).zip(&card.policy.rules).take(limits::RULES);
            let permits = rules.filter(|(_, rule)| rule.effect == Effect::Permit);
            let readings = permits.filter_map(|(index, _)| of(index));
            // A permission that could not be executed: the rules that gave it.
            let blocked = assessment.verdict.reason == reason::COULD_NOT_EVALUATE;
            readings.filter(|reading| !blocked || reading.matches()).collect()
        }
    }
}

/// The facts that rules look at, each once, in the order in which they occur.
pub(super) fn facts_of(card: &Card, rules: &[RuleReading]) -> Vec<Fact> {
    let conditions = rules.iter().flat_map(|rule| &rule.conditions);
    let predicates =
        conditions.filter_map(|condition| card.policy.predicates.get(usize::from(condition.predicate)));
    let mut seen = BTreeSet::new();
    predicates.flat_map(|predicate| predicate.facts()).filter(|fact| seen.insert(*fact)).collect()
}

/// The facts' values, and why one is missing.
#[must_use]
pub fn readings(card: &Card, assessment: &Assessment, facts: Vec<Fact>) -> Vec<Reading> {
    let value = |fact| assessment.facts().get(fact).ok_or_else(|| absence(card, assessment, fact));
    facts.into_iter().map(|fact| Reading { fact, value: value(fact) }).collect()
}

/// Registers that an execution would leave without a value, where that is what denied.
pub(super) fn untold(card: &Card, assessment: &Assessment) -> Vec<(u16, Absence)> {
    let verdict = assessment.verdict;
    if verdict.reason != reason::COULD_NOT_EVALUATE || verdict.rule.is_some() {
        return Vec::new();
    }
    let registers = (0_u16..).zip(&assessment.after).filter(|(_, after)| after.is_none());
    registers.map(|(register, _)| (register, after_absence(card, assessment, register))).collect()
}

fn absence(card: &Card, assessment: &Assessment, fact: Fact) -> Absence {
    match fact {
        Fact::Evidence(slot) | Fact::Issued(slot) => {
            let standing = assessment.evidence.get(usize::from(slot));
            standing
                .and_then(|standing| standing.defect)
                .map_or(Absence::Unknown, |defect| Absence::Evidence { slot, defect })
        }
        Fact::Elapsed(register) => match assessment.registers.get(usize::from(register)) {
            Some(since) if i128::from(*since) > i128::from(assessment.time) => Absence::Later { register },
            Some(_) => Absence::Overflow,
            None => Absence::Unknown,
        },
        Fact::After(register) | Fact::Change(register) => after_absence(card, assessment, register),
        Fact::ActionMagnitude => Absence::Overflow,
        _ => Absence::Unknown,
    }
}

/// Why a register cannot be told after an execution.
fn after_absence(card: &Card, assessment: &Assessment, index: u16) -> Absence {
    let Some(register) = card.registers.get(usize::from(index)) else { return Absence::Unknown };
    let facts = assessment.facts();
    let condition = register.when.and_then(|when| card.policy.predicates.get(usize::from(when)));
    let condition = condition.into_iter().flat_map(|predicate| predicate.facts());
    let uses_source = matches!(register.on_execute, Update::Set | Update::Add);
    let source = register.source.fact().filter(|_| uses_source);
    match condition.chain(source).find(|fact| facts.get(*fact).is_none()) {
        Some(fact) => Absence::Follows { register: index, fact },
        None => Absence::Overflow,
    }
}
