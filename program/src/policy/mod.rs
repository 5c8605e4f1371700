//! The policy: a decision table. Default deny, forbid overrides, could-not-evaluate denies.

mod fact;
mod predicate;

pub use fact::{Fact, Facts};
pub use predicate::{Comparison, Operand, Predicate};

use crate::limits;
use borsh::{BorshDeserialize, BorshSerialize};

/// What a rule does when it matches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Effect {
    /// Allows, unless a forbid matches.
    Permit,
    /// Denies.
    Forbid,
}

/// A rule matches when every `all_of` predicate holds and no `none_of` predicate does.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Rule {
    /// Name, unique in the program.
    pub name: String,
    /// Effect.
    pub effect: Effect,
    /// Bit `i`: predicate `i` must hold.
    pub all_of: u64,
    /// Bit `i`: predicate `i` must not hold.
    pub none_of: u64,
    /// Reason code, 16 and above (lower ones are reserved, see [`reason`]).
    pub reason: u16,
}

/// What a reason code means to people.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct ReasonText {
    /// Code.
    pub code: u16,
    /// Name.
    pub name: String,
    /// What would change the verdict.
    pub remedy: String,
}

/// Reserved reason codes.
pub mod reason {
    /// The agent abstained; no rule was asked.
    pub const ABSTAINED: u16 = 0;
    /// No permit matched.
    pub const DEFAULT_DENY: u16 = 1;
    /// A fact was missing, out of range or overflowed.
    pub const COULD_NOT_EVALUATE: u16 = 2;
    /// First code that a policy may use.
    pub const FIRST_FREE: u16 = 16;
}

/// The decision table. At most 64 predicates and 64 rules.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Table {
    /// Predicates, referred to by bit.
    pub predicates: Vec<Predicate>,
    /// Rules; among several matching ones of one effect the first decides.
    pub rules: Vec<Rule>,
    /// Texts of the reason codes.
    pub reasons: Vec<ReasonText>,
}

/// Outcome of a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// The agent abstained.
    Abstained,
    /// The action is permitted.
    Permitted,
    /// The action is denied.
    Denied,
}

/// A verdict of the policy about one requested action.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct PolicyVerdict {
    /// Outcome.
    pub outcome: Outcome,
    /// Reason code.
    pub reason: u16,
    /// Index of the deciding rule; `None` for an abstention and for default deny.
    pub rule: Option<u8>,
}

/// Every predicate and rule of a table on one set of facts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Evaluation {
    /// Bit `i`: predicate `i` has all its facts, and holds.
    pub holds: u64,
    /// Bit `i`: predicate `i` lacks a fact, or does not exist.
    pub missing: u64,
}

impl Evaluation {
    /// Whether predicate `index` holds; `None` where a fact is missing.
    #[must_use]
    pub fn predicate(&self, index: usize) -> Option<bool> {
        let bit = u32::try_from(index).ok().and_then(|index| 1_u64.checked_shl(index)).unwrap_or(0);
        (bit != 0 && self.missing & bit == 0).then_some(self.holds & bit != 0)
    }

    /// Whether the rule uses a predicate that lacks a fact.
    #[must_use]
    pub fn lacks(&self, rule: &Rule) -> bool {
        self.missing & (rule.all_of | rule.none_of) != 0
    }

    /// Whether every `all_of` predicate holds and no `none_of` predicate does. A predicate that lacks a fact does not hold.
    #[must_use]
    pub fn matches(&self, rule: &Rule) -> bool {
        self.holds & rule.all_of == rule.all_of && self.holds & rule.none_of == 0
    }
}

impl Table {
    /// The verdict about the requested action. Source: docs/spec/program.md, Policy.
    #[must_use]
    pub fn verdict(&self, facts: &Facts<'_>) -> PolicyVerdict {
        if facts.action.abstain { PolicyVerdict::ABSTAINED } else { self.judge(&self.evaluate(facts)) }
    }

    /// The verdict about an action that acts.
    #[must_use]
    pub fn judge(&self, evaluation: &Evaluation) -> PolicyVerdict {
        if let Some((rule, _)) = self.first(|rule| evaluation.lacks(rule)) {
            return PolicyVerdict { rule: Some(rule), ..PolicyVerdict::COULD_NOT_EVALUATE };
        }
        for (effect, outcome) in [(Effect::Forbid, Outcome::Denied), (Effect::Permit, Outcome::Permitted)] {
            if let Some((rule, Rule { reason, .. })) =
                self.first(|rule| rule.effect == effect && evaluation.matches(rule))
            {
                return PolicyVerdict { outcome, reason: *reason, rule: Some(rule) };
            }
        }
        PolicyVerdict::DEFAULT_DENY
    }

    /// Every predicate, without short-circuit.
    #[must_use]
    pub fn evaluate(&self, facts: &Facts<'_>) -> Evaluation {
        let mut evaluation = Evaluation { holds: 0, missing: u64::MAX };
        for (index, predicate) in self.predicates.iter().take(limits::RULES).enumerate() {
            if let Some(holds) = predicate.holds(facts) {
                evaluation.missing &= !(1 << index);
                evaluation.holds |= u64::from(holds) << index;
            }
        }
        evaluation
    }

    fn first(&self, wanted: impl Fn(&Rule) -> bool) -> Option<(u8, &Rule)> {
        (0_u8..).zip(self.rules.iter().take(limits::RULES)).find(|(_, rule)| wanted(rule))
    }

    /// What the reason code is called.
    #[must_use]
    pub fn reason_name(&self, code: u16) -> &str {
        match code {
            reason::ABSTAINED => "abstained",
            reason::DEFAULT_DENY => "no rule permits it",
            reason::COULD_NOT_EVALUATE => "could not evaluate",
            _ => self.text(code).map_or("unknown reason", |text| &text.name),
        }
    }

    /// What would change the verdict; `None` where nothing would, or nobody said what.
    #[must_use]
    pub fn remedy(&self, code: u16) -> Option<&str> {
        match code {
            reason::DEFAULT_DENY => Some("a rule that permits the action must match"),
            reason::COULD_NOT_EVALUATE => {
                Some("every fact that a rule looks at must be present and in range")
            }
            _ => self.text(code).map(|text| text.remedy.as_str()).filter(|remedy| !remedy.is_empty()),
        }
    }

    fn text(&self, code: u16) -> Option<&ReasonText> {
        self.reasons.iter().find(|text| text.code == code)
    }
}

impl PolicyVerdict {
    /// The agent abstained.
    pub const ABSTAINED: Self = Self { outcome: Outcome::Abstained, reason: reason::ABSTAINED, rule: None };
    /// No permit matched.
    pub const DEFAULT_DENY: Self =
        Self { outcome: Outcome::Denied, reason: reason::DEFAULT_DENY, rule: None };
    /// Denied because something was missing or overflowed, outside any rule.
    pub const COULD_NOT_EVALUATE: Self =
        Self { outcome: Outcome::Denied, reason: reason::COULD_NOT_EVALUATE, rule: None };

    /// The verdict as a record's word: `outcome + 2^8 * reason + 2^24 * (rule + 1)`, 0 for no rule.
    #[must_use]
    pub fn word(&self) -> u64 {
        let outcome = match self.outcome {
            Outcome::Abstained => 0,
            Outcome::Permitted => 1,
            Outcome::Denied => 2,
        };
        let rule = self.rule.map_or(0, |rule| u64::from(rule) + 1);
        outcome | u64::from(self.reason) << 8 | rule << 24
    }
}
