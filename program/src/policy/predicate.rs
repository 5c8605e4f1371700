//! Predicates: one comparison of a fact with a constant, or with another fact and an offset.

use super::{Fact, Facts};
use borsh::{BorshDeserialize, BorshSerialize};

/// Comparison of a predicate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, BorshSerialize, BorshDeserialize)]
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

/// Right-hand side of a predicate, or what a register's update takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub enum Operand {
    /// A constant.
    Constant(i64),
    /// `fact + offset`, exact: it may leave the 64 bits of a fact.
    Fact {
        /// The fact.
        fact: Fact,
        /// Added to it.
        offset: i64,
    },
}

/// `fact comparison operand`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub struct Predicate {
    /// Left-hand side.
    pub fact: Fact,
    /// Comparison.
    pub comparison: Comparison,
    /// Right-hand side.
    pub operand: Operand,
}

impl Comparison {
    /// Whether `left comparison right`.
    #[must_use]
    pub fn holds(self, left: i128, right: i128) -> bool {
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

impl Operand {
    /// The fact that is looked at; `None` for a constant.
    #[must_use]
    pub fn fact(self) -> Option<Fact> {
        match self {
            Self::Constant(_) => None,
            Self::Fact { fact, .. } => Some(fact),
        }
    }

    /// The value; `None` where the fact is missing.
    #[must_use]
    pub fn value(self, facts: &Facts<'_>) -> Option<i128> {
        match self {
            Self::Constant(value) => Some(value.into()),
            Self::Fact { fact, offset } => Some(i128::from(facts.get(fact)?) + i128::from(offset)),
        }
    }
}

impl From<Fact> for Operand {
    /// The fact as it is.
    fn from(fact: Fact) -> Self {
        Self::Fact { fact, offset: 0 }
    }
}

impl Predicate {
    /// Whether it holds; `None` where a fact is missing.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> Option<bool> {
        let (left, right) = (facts.get(self.fact)?, self.operand.value(facts)?);
        Some(self.comparison.holds(left.into(), right))
    }

    /// Both sides' facts.
    pub fn facts(&self) -> impl Iterator<Item = Fact> + use<> {
        [Some(self.fact), self.operand.fact()].into_iter().flatten()
    }
}
