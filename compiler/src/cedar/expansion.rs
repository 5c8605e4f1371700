//! Policies to clauses: what each rule will say.

use super::clause::{self, Clause};
use super::expression::Reader;
use super::formula::Formulas;
use super::presence::{self, Slot};
use super::schema::Schema;
use super::source::{Policy, Text};
use super::{CedarCause, CedarError};
use candor_program::policy::{Comparison, Fact};
use std::collections::{BTreeMap, BTreeSet};

/// A comparison as it was written: `left comparison constant`, or `left comparison right + constant`.
pub(super) type Written = (Fact, Comparison, Option<Fact>, i128);

/// What the policies say.
pub(super) struct Expanded {
    /// The clauses of every policy, at least one, in the order of the file.
    pub(super) clauses: Vec<Vec<Clause>>,
    pub(super) written: Vec<Written>,
}

/// Alternatives of every policy, exactly.
pub(super) fn expand(text: Text<'_>, policies: &[Policy], schema: &Schema) -> Result<Expanded, CedarError> {
    let mut expanded = Expanded { clauses: Vec::with_capacity(policies.len()), written: Vec::new() };
    for policy in policies {
        let mut formulas = Formulas::default();
        let condition = Reader { text, policy, schema, formulas: &mut formulas }.condition()?;
        let clauses = formulas.alternatives(condition, schema).map_err(|many| {
            let cause = CedarCause::TooManyClauses { needed: many.needed, limit: super::CLAUSES };
            policy.error(text, None, cause)
        })?;
        if clauses.is_empty() {
            return Err(policy.error(text, None, CedarCause::NeverMatches));
        }
        expanded.clauses.push(clauses);
        expanded.written.extend(formulas.written());
    }
    missing_denies(text, policies, schema, &mut expanded.clauses)?;
    Ok(expanded)
}

/// Where evidence that rules use is missing, Cedar denies as the table does; the rules are then those with it.
fn missing_denies(
    text: Text<'_>,
    policies: &[Policy],
    schema: &Schema,
    clauses: &mut [Vec<Clause>],
) -> Result<(), CedarError> {
    // Each slot with the first policy that uses it.
    let mut slots = BTreeMap::new();
    for (policy, clauses) in policies.iter().zip(&*clauses) {
        for slot in clauses.iter().flat_map(|clause| presence::used(clause, schema)) {
            slots.entry(slot).or_insert(policy);
        }
    }
    for (&slot, user) in &slots {
        let of = |permits: bool| {
            let matching =
                policies.iter().zip(&*clauses).filter(move |(policy, _)| policy.permits == permits);
            matching.flat_map(|(policy, clauses)| clauses.iter().map(move |clause| (policy, clause)))
        };
        let forbids = || of(false).map(|(_, clause)| clause);
        if let Some((permit, _)) =
            of(true).find(|(_, clause)| presence::permits_without(slot, clause, forbids()))
        {
            let name = schema.name(slot.value());
            let slot = name.split_once('.').map_or(name.as_str(), |(_, name)| name).to_owned();
            let cause = CedarCause::MissingPermits { slot, permit: permit.annotations.id.clone() };
            return Err(user.error(text, None, cause));
        }
    }
    let mut known: BTreeSet<Slot> = slots.into_keys().collect();
    loop {
        let (mut rest, mut used) = (clauses.to_vec(), BTreeSet::new());
        for clauses in &mut rest {
            known.iter().for_each(|slot| with_statement(*slot, clauses, schema));
            used.extend(clauses.iter().flat_map(|clause| presence::used(clause, schema)));
        }
        // Without a rule that uses the value, nothing denies where it is missing: the rules then say themselves that it is there.
        if known.iter().all(|slot| used.contains(slot)) {
            clauses.clone_from_slice(&rest);
            return Ok(());
        }
        known.retain(|slot| used.contains(slot));
    }
}

/// A policy's clauses where the slot has a statement. A rule that only says that it has none would never decide, since those
/// that use its value deny before; it stays where the policy has no other.
fn with_statement(slot: Slot, clauses: &mut Vec<Clause>, schema: &Schema) {
    let present = presence::with(slot, clauses);
    if !present.is_empty() {
        *clauses = clause::simplified(present, schema);
    }
}
