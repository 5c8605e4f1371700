//! Clauses: what all of a rule's predicates say together, and lists of alternatives.

use super::domain::Domain;
use super::linear::{opposite, swapped};
use candor_program::policy::{Comparison, Fact};
use std::collections::{BTreeMap, BTreeSet};

/// What a domain is of: a fact, or one fact minus another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Term {
    pub(super) left: Fact,
    pub(super) right: Option<Fact>,
}

impl Term {
    pub(super) fn of(fact: Fact) -> Self {
        Self { left: fact, right: None }
    }

    pub(super) fn facts(self) -> impl Iterator<Item = Fact> {
        [Some(self.left), self.right].into_iter().flatten()
    }
}

/// The integers that each term could have if nothing else were known.
pub(super) trait Bases {
    /// Never more than the program's own bounds, so that dropping what always holds changes no verdict.
    fn base(&self, term: Term) -> Domain;
}

/// Values of terms, all of which must hold; a term that may have any value is not mentioned.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Clause(pub(super) BTreeMap<Term, Domain>);

impl Clause {
    /// Both; `None` where they contradict each other.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        let mut terms = self.0.clone();
        for (term, domain) in &other.0 {
            let both = match terms.get(term) {
                Some(known) => known.intersection(domain)?,
                None => domain.clone(),
            };
            terms.insert(*term, both);
        }
        Some(Self(terms))
    }

    /// Whether whatever this clause allows, the other does too. False negatives: terms are taken one at a time.
    pub(super) fn implies(&self, other: &Self) -> bool {
        other.0.iter().all(|(term, wide)| self.0.get(term).is_some_and(|narrow| narrow.is_subset(wide)))
    }

    /// One clause for either, if they differ in one term only and its values make one domain.
    fn joined(&self, other: &Self, bases: &impl Bases) -> Option<Self> {
        if self.0.len() != other.0.len() {
            return None;
        }
        let mut different = self.0.iter().filter(|(term, domain)| other.0.get(term) != Some(domain));
        let (term, domain) = different.next()?;
        if different.next().is_some() {
            return None;
        }
        let base = bases.base(*term);
        let union = domain.union(other.0.get(term)?, &base)?;
        let mut clause = self.clone();
        if base.is_subset(&union) {
            clause.0.remove(term);
        } else {
            clause.0.insert(*term, union);
        }
        Some(clause)
    }
}

/// Alternatives without those that say nothing more.
pub(super) fn simplified(clauses: Vec<Clause>, bases: &impl Bases) -> Vec<Clause> {
    let mut kept: Vec<Clause> = Vec::new();
    let mut waiting = clauses.into_iter().rev().collect::<Vec<_>>();
    while let Some(clause) = waiting.pop() {
        if kept.iter().any(|known| clause.implies(known)) {
            continue;
        }
        kept.retain(|known| !known.implies(&clause));
        let partner =
            kept.iter().enumerate().find_map(|(index, known)| Some((index, known.joined(&clause, bases)?)));
        match partner {
            Some((index, union)) => {
                kept.remove(index);
                waiting.push(union);
            }
            None => kept.push(clause),
        }
    }
    kept
}

/// The clauses that say `left comparison right + constant`.
pub(super) fn comparison(
    left: Fact,
    comparison: Comparison,
    right: Option<Fact>,
    constant: i128,
    bases: &impl Bases,
) -> Vec<Clause> {
    // One order of two facts, so that equal differences are equal terms.
    let (term, comparison, constant) = match right {
        Some(right) if right < left => {
            (Term { left: right, right: Some(left) }, swapped(comparison), -constant)
        }
        _ => (Term { left, right }, comparison, constant),
    };
    let base = bases.base(term);
    let domain = match comparison {
        Comparison::Equal => Domain::interval(constant, constant),
        Comparison::NotEqual => Domain::new(base.lowest, base.highest, BTreeSet::from([constant])),
        Comparison::Less => Domain::interval(base.lowest, constant - 1),
        Comparison::LessOrEqual => Domain::interval(base.lowest, constant),
        Comparison::Greater => Domain::interval(constant + 1, base.highest),
        Comparison::GreaterOrEqual => Domain::interval(constant, base.highest),
    };
    from_domains(term, domain.and_then(|domain| domain.intersection(&base)), &base)
}

/// The clauses that say that a fact is in a set, or that it is not.
pub(super) fn membership(
    fact: Fact,
    values: &BTreeSet<i128>,
    inside: bool,
    bases: &impl Bases,
) -> Vec<Clause> {
    let term = Term::of(fact);
    let base = bases.base(term);
    let domains = if inside { Domain::members(values, &base) } else { Domain::others(values, &base) };
    from_domains(term, domains, &base)
}

fn from_domains(term: Term, domains: impl IntoIterator<Item = Domain>, base: &Domain) -> Vec<Clause> {
    let clause = |domain: Domain| {
        let always = base.is_subset(&domain);
        Clause(if always { BTreeMap::new() } else { BTreeMap::from([(term, domain)]) })
    };
    domains.into_iter().map(clause).collect()
}

/// The comparison, or its opposite.
pub(super) fn signed(comparison: Comparison, holds: bool) -> Comparison {
    if holds { comparison } else { opposite(comparison) }
}
