//! Sums of facts and a constant, with what they can reach.

use super::formula::Node;
use candor_program::policy::{Comparison, Fact};
use std::collections::BTreeMap;

/// A whole number of a request: facts with factors, and a constant. Facts of decimals are in units of their last digit.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    facts: BTreeMap<Fact, i128>,
    constant: i128,
    pub(super) lowest: i128,
    pub(super) highest: i128,
    /// Digits after the point of its facts; `None` for a constant.
    pub(super) decimals: Option<u8>,
}

/// Why two sums cannot be compared in a predicate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Obstacle {
    /// More than one fact is left on a side, or one several times.
    NotOneFact,
    /// Facts have different scales.
    Scale(u8, u8),
    /// The constant between two facts has more than 64 bits.
    Offset,
}

impl Linear {
    pub(super) fn constant(value: i128) -> Self {
        Self { facts: BTreeMap::new(), constant: value, lowest: value, highest: value, decimals: None }
    }

    pub(super) fn fact(fact: Fact, lowest: i64, highest: i64, decimals: u8) -> Self {
        Self {
            facts: BTreeMap::from([(fact, 1)]),
            constant: 0,
            lowest: lowest.into(),
            highest: highest.into(),
            decimals: Some(decimals),
        }
    }

    /// The value, where there is no fact.
    pub(super) fn value(&self) -> Option<i128> {
        self.facts.is_empty().then_some(self.constant)
    }

    pub(super) fn negated(&self) -> Self {
        Self {
            facts: self.facts.iter().map(|(fact, factor)| (*fact, -factor)).collect(),
            constant: -self.constant,
            lowest: -self.highest,
            highest: -self.lowest,
            decimals: self.decimals,
        }
    }

    /// The sum, unless facts of different scale are added: their digits are then returned.
    pub(super) fn plus(&self, other: &Self) -> Result<Self, (u8, u8)> {
        let decimals = match (self.decimals, other.decimals) {
            (Some(left), Some(right)) if left != right => return Err((left, right)),
            (left, right) => left.or(right),
        };
        let mut facts = self.facts.clone();
        for (fact, factor) in &other.facts {
            *facts.entry(*fact).or_default() += factor;
        }
        facts.retain(|_, factor| *factor != 0);
        Ok(Self {
            facts,
            constant: self.constant + other.constant,
            lowest: self.lowest + other.lowest,
            highest: self.highest + other.highest,
            decimals,
        })
    }

    /// `self comparison other` as a constant or a comparison that a predicate can hold.
    pub(super) fn compared(&self, comparison: Comparison, other: &Self) -> Result<Node, Obstacle> {
        let difference = self.plus(&other.negated()).map_err(|(left, right)| Obstacle::Scale(left, right))?;
        let mut positive = difference.facts.iter().filter(|(_, factor)| **factor == 1).map(|(fact, _)| *fact);
        let mut negative =
            difference.facts.iter().filter(|(_, factor)| **factor == -1).map(|(fact, _)| *fact);
        let constant = difference.constant;
        match (difference.facts.len(), positive.next(), negative.next()) {
            (0, ..) => Ok(Node::Constant(comparison.holds(constant, 0))),
            (1, Some(left), None) => Ok(Node::Compare { left, comparison, right: None, constant: -constant }),
            (1, None, Some(left)) => {
                Ok(Node::Compare { left, comparison: swapped(comparison), right: None, constant })
            }
            (2, Some(left), Some(right))
                if i64::try_from(-constant).is_ok() && i64::try_from(constant).is_ok() =>
            {
                Ok(Node::Compare { left, comparison, right: Some(right), constant: -constant })
            }
            (2, Some(_), Some(_)) => Err(Obstacle::Offset),
            _ => Err(Obstacle::NotOneFact),
        }
    }
}

/// The comparison with its sides exchanged.
pub(super) fn swapped(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::Equal,
        Comparison::NotEqual => Comparison::NotEqual,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}

/// The comparison that holds where this one does not.
pub(super) fn opposite(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    }
}
