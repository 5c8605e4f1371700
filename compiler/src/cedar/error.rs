//! What can be wrong with a Cedar policy, and what to write instead.

use crate::onnx::obstacle::Name;
use thiserror::Error;

/// A defect of a policy file and its place.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{}{cause}", Policy(policy.as_deref()))]
pub struct CedarError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// Name of the policy; `None` where the defect is not in one.
    pub policy: Option<String>,
    /// Defect.
    pub cause: CedarCause,
}

/// A defect of a policy file.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum CedarCause {
    /// Too many bytes.
    #[error("the file has {got} bytes; at most {limit} are read")]
    TooLarge {
        /// Found.
        got: usize,
        /// Limit.
        limit: usize,
    },
    /// Too many tokens in one policy.
    #[error("the policy has more than {limit} words and signs; split it")]
    TooLong {
        /// Limit.
        limit: usize,
    },
    /// Brackets and conditional expressions too deep.
    #[error("brackets and `if` nest more than {limit} deep; split the policy")]
    TooDeep {
        /// Limit.
        limit: usize,
    },
    /// A character that changes what is seen around it.
    #[error(
        "there is a character that does not print (U+{code:04X}); remove it, or write it as \\u{{{code:x}}} in a string"
    )]
    Invisible {
        /// Unicode scalar value.
        code: u32,
    },
    /// Cedar did not come to an end, or does not take the schema: too little memory, or a defect.
    #[error("Cedar could not check the policies: {message}")]
    Unchecked {
        /// What is known.
        message: String,
    },
    /// Two facts of the program have one attribute.
    #[error(
        "two facts of the program are the attribute {} of a request; rename one of them in agent.toml",
        Name(attribute)
    )]
    AttributeCollision {
        /// Attribute.
        attribute: String,
    },
    /// Not Cedar.
    #[error("{message}{}", Help(help.as_deref()))]
    Syntax {
        /// Cedar's words.
        message: String,
        /// Cedar's advice.
        help: Option<String>,
    },
    /// Not valid against the schema.
    #[error("{message}{}; `candor policy schema` shows what there is", Help(help.as_deref()))]
    Validation {
        /// Cedar's words.
        message: String,
        /// Cedar's advice.
        help: Option<String>,
    },
    /// No policy.
    #[error("there is no policy, so that nothing would be permitted; write one")]
    Empty,
    /// A template.
    #[error("a template has no place here, since nobody fills its slots; write the principal or resource")]
    Template,
    /// An annotation that nobody reads.
    #[error("{} is none of the annotations @id, @reason, @remedy", Name(got))]
    UnknownAnnotation {
        /// Found.
        got: String,
    },
    /// An annotation that is no name.
    #[error("@{annotation}: {} is no name: use 1 to {limit} bytes without spaces", Name(got))]
    BadName {
        /// Annotation.
        annotation: &'static str,
        /// Found.
        got: String,
        /// Longest.
        limit: usize,
    },
    /// A remedy that is too long, or does not print.
    #[error("@remedy: use at most {limit} bytes, without characters that do not print")]
    BadRemedy {
        /// Longest.
        limit: usize,
    },
    /// Two rules with one name.
    #[error("the name {} stands twice, first in line {first_line}; choose another @id", Name(name))]
    DuplicateName {
        /// Name.
        name: String,
        /// Where it stands first.
        first_line: usize,
    },
    /// A rule that agent.toml makes has the name.
    #[error("a rule of agent.toml is called {} too; choose another @id", Name(name))]
    NameTaken {
        /// Name.
        name: String,
    },
    /// One reason with two remedies.
    #[error("the reason {} has another remedy already; use one remedy for one reason", Name(reason))]
    RemedyConflict {
        /// Reason.
        reason: String,
    },
    /// `like`.
    #[error("`like` has no bounded set of values; compare with ==, or use [..].contains(..)")]
    Like,
    /// A set that is not written out.
    #[error("`{expression}` is no set of constants; write its members out")]
    UnboundedSet {
        /// Expression.
        expression: String,
    },
    /// Something else that a table has no form for.
    #[error(
        "`{expression}` has no form in a decision table; compare facts with constants or with each other"
    )]
    Inexpressible {
        /// Expression.
        expression: String,
    },
    /// More than one fact, plus or minus a constant, on a side.
    #[error(
        "`{expression}`: a table compares one fact with a constant, or with another fact plus a constant; carry the sum in a state register"
    )]
    NotOneFact {
        /// Expression.
        expression: String,
    },
    /// Cedar would fail at run time, and pass over the policy.
    #[error(
        "`{expression}` can be from {lowest} to {highest}, beyond 64 bits, where Cedar passes over the policy; move the constant to the other side, or use change.<register> or elapsed.<register>"
    )]
    Overflow {
        /// Expression.
        expression: String,
        /// Lowest value.
        lowest: i128,
        /// Highest value.
        highest: i128,
    },
    /// Two facts of different scale are compared.
    #[error("`{expression}`: {left} and {right} digits after the point; compare with a constant instead")]
    ScaleMismatch {
        /// Expression.
        expression: String,
        /// Digits of one side.
        left: u8,
        /// Digits of the other.
        right: u8,
    },
    /// A decimal with more digits than the fact.
    #[error("`{expression}`: the fact has {decimals} digits after the point; write no more")]
    Inexact {
        /// Expression.
        expression: String,
        /// Digits of the fact.
        decimals: u8,
    },
    /// A constant of a comparison of two facts that no predicate can hold.
    #[error("`{expression}`: the two constants differ by more than 64 bits; use smaller ones")]
    OffsetTooLarge {
        /// Expression.
        expression: String,
    },
    /// No value has this name.
    #[error("no value of {fact} is called {}; there are: {known}", Name(got))]
    UnknownValue {
        /// Attribute.
        fact: Box<str>,
        /// Found.
        got: String,
        /// Names.
        known: Box<str>,
    },
    /// A policy that matches no request.
    #[error("the policy can never match; correct its conditions, or remove it")]
    NeverMatches,
    /// A fact that can be missing, where Cedar would permit without it.
    #[error(
        "without a valid statement for evidence {}, Cedar can permit by policy {}, but a rule that uses its value denies; \
        give the slot a default in agent.toml, or add `forbid (principal, action, resource) unless {{ context.evidence has {slot} }};`",
        Name(slot),
        Name(permit)
    )]
    MissingPermits {
        /// Slot.
        slot: String,
        /// A policy that permits without it.
        permit: String,
    },
    /// The expansion of one policy is too large.
    #[error(
        "the condition expands to {needed} alternatives, at most {limit} are tried; split it, or forbid the opposite"
    )]
    TooManyClauses {
        /// Alternatives, before any is found to be superfluous.
        needed: u64,
        /// Limit.
        limit: usize,
    },
    /// The table is too small for the rules.
    #[error("the policies need {needed} rules, {capacity} are free")]
    TooManyRules {
        /// Needed.
        needed: usize,
        /// Size.
        capacity: usize,
    },
    /// The table is too small for the predicates.
    #[error("the policies need {needed} predicates, {capacity} are free")]
    TooManyPredicates {
        /// Needed.
        needed: usize,
        /// Size.
        capacity: usize,
    },
}

impl CedarError {
    /// The defect of a file as a whole.
    pub(super) fn at_start(cause: CedarCause) -> Self {
        Self { line: 1, column: 1, policy: None, cause }
    }
}

struct Policy<'a>(Option<&'a str>);

impl std::fmt::Display for Policy<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |policy| write!(out, "policy {}: ", Name(policy)))
    }
}

struct Help<'a>(Option<&'a str>);

impl std::fmt::Display for Help<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |help| write!(out, " ({help})"))
    }
}
