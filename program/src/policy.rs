//! The policy: a decision table. Default deny, forbid overrides, could-not-evaluate denies.

use crate::head::Action;
use crate::limits;
use borsh::{BorshDeserialize, BorshSerialize};

/// A value that a rule may look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Fact {
    /// Code of the requested action.
    ActionCode,
    /// Amount of the requested action.
    ActionAmount,
    /// Time of the decision, Unix seconds.
    Time,
    /// Sequence number of the record.
    Sequence,
    /// A feature's integer (decimal times 10^decimals), by index.
    Feature(u16),
    /// A state register, by index.
    Register(u16),
    /// Time minus a state register, by index; missing where negative.
    Elapsed(u16),
}

/// Comparison of a predicate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Right-hand side of a predicate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Operand {
    /// A constant.
    Constant(i64),
    /// Another fact.
    Fact(Fact),
}

/// `fact comparison operand`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Predicate {
    /// Left-hand side.
    pub fact: Fact,
    /// Comparison.
    pub comparison: Comparison,
    /// Right-hand side.
    pub operand: Operand,
}

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

/// What facts are read from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Requested action.
    pub action: Action,
    /// Unix seconds.
    pub time: u64,
    /// Sequence number of the record.
    pub sequence: u64,
    /// Features as integers (with their minimum added back).
    pub features: &'a [i64],
    /// Registers before the decision.
    pub registers: &'a [i64],
}

impl Facts<'_> {
    /// The fact's value; `None` where it is missing.
    #[must_use]
    pub fn get(&self, fact: Fact) -> Option<i64> {
        let register = |index: u16| self.registers.get(usize::from(index)).copied();
        match fact {
            Fact::ActionCode => Some(self.action.code.into()),
            Fact::ActionAmount => Some(self.action.amount),
            Fact::Time => i64::try_from(self.time).ok(),
            Fact::Sequence => i64::try_from(self.sequence).ok(),
            Fact::Feature(index) => self.features.get(usize::from(index)).copied(),
            Fact::Register(index) => register(index),
            Fact::Elapsed(index) => {
                let elapsed = i64::try_from(self.time).ok()?.checked_sub(register(index)?)?;
                (elapsed >= 0).then_some(elapsed)
            }
        }
    }
}

impl Comparison {
    /// Whether `left comparison right`.
    #[must_use]
    pub fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

impl Predicate {
    /// Whether it holds; `None` where a fact is missing.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> Option<bool> {
        let right = match self.operand {
            Operand::Constant(value) => Some(value),
            Operand::Fact(fact) => facts.get(fact),
        };
        Some(self.comparison.holds(facts.get(self.fact)?, right?))
    }
}

/// Which predicates hold and which lack a fact, a bit each.
struct Evaluated {
    holds: u64,
    missing: u64,
}

impl Evaluated {
    fn matches(&self, rule: &Rule) -> bool {
        self.holds & rule.all_of == rule.all_of && self.holds & rule.none_of == 0
    }

    fn lacks(&self, rule: &Rule) -> bool {
        self.missing & (rule.all_of | rule.none_of) != 0
    }
}

impl Table {
    /// The verdict about the requested action. Source: docs/spec/program.md, Policy.
    #[must_use]
    pub fn verdict(&self, facts: &Facts<'_>) -> PolicyVerdict {
        if facts.action.abstain {
            return PolicyVerdict { outcome: Outcome::Abstained, reason: reason::ABSTAINED, rule: None };
        }
        let evaluated = self.evaluate(facts);
        if let Some((rule, _)) = self.first(|rule| evaluated.lacks(rule)) {
            return PolicyVerdict { rule: Some(rule), ..PolicyVerdict::COULD_NOT_EVALUATE };
        }
        for (effect, outcome) in [(Effect::Forbid, Outcome::Denied), (Effect::Permit, Outcome::Permitted)] {
            if let Some((rule, Rule { reason, .. })) =
                self.first(|rule| rule.effect == effect && evaluated.matches(rule))
            {
                return PolicyVerdict { outcome, reason: *reason, rule: Some(rule) };
            }
        }
        PolicyVerdict { outcome: Outcome::Denied, reason: reason::DEFAULT_DENY, rule: None }
    }

    /// Every predicate, without short-circuit; bits without a predicate are missing.
    fn evaluate(&self, facts: &Facts<'_>) -> Evaluated {
        let mut evaluated = Evaluated { holds: 0, missing: u64::MAX };
        for (index, predicate) in self.predicates.iter().take(limits::RULES).enumerate() {
            if let Some(holds) = predicate.holds(facts) {
                evaluated.missing &= !(1 << index);
                evaluated.holds |= u64::from(holds) << index;
            }
        }
        evaluated
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
