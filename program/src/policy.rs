//! The policy: a decision table. Default deny, forbid overrides, could-not-evaluate denies.

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
    pub action: crate::head::Action,
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
        let _ = fact;
        todo!()
    }
}

impl Table {
    /// The verdict about the requested action.
    #[must_use]
    pub fn verdict(&self, facts: &Facts<'_>) -> PolicyVerdict {
        let _ = facts;
        todo!()
    }
    /// What the reason code is called.
    #[must_use]
    pub fn reason_name(&self, code: u16) -> &str {
        let _ = code;
        todo!()
    }
    /// What would change the verdict.
    #[must_use]
    pub fn remedy(&self, code: u16) -> Option<&str> {
        let _ = code;
        todo!()
    }
}

impl PolicyVerdict {
    /// The verdict as a record's word.
    #[must_use]
    pub fn word(&self) -> u64 {
        todo!()
    }
}
