//! Evidence that may be missing: where Cedar would still permit, and what rules say once it is there.
//!
//! A rule that looks at a fact that is missing denies everything. A valid Cedar policy guards such a fact with `has`, so that its
//! answer does not depend on the value where there is none: a policy set that then always denies agrees with the table, and any
//! other is refused.

use super::clause::{Clause, Term};
use super::domain::Domain;
use super::schema::Schema;
use candor_program::policy::Fact;
use std::collections::BTreeMap;

/// An evidence slot, by index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Slot(u16);

impl Slot {
    /// What the slot's value is called.
    pub(super) fn value(self) -> Fact {
        Fact::Evidence(self.0)
    }

    fn present(self, value: i128) -> Option<Clause> {
        let term = Term::of(Fact::Present(self.0));
        Some(Clause(BTreeMap::from([(term, Domain::interval(value, value)?)])))
    }
}

/// The slots whose value, or time of issue, a clause uses although there may be none.
pub(super) fn used<'c>(clause: &'c Clause, schema: &'c Schema) -> impl Iterator<Item = Slot> + 'c {
    clause.0.keys().flat_map(|term| term.facts()).filter_map(|fact| match fact {
        Fact::Evidence(slot) | Fact::Issued(slot) if schema.is_optional(fact) => Some(Slot(slot)),
        _ => None,
    })
}

/// Whether Cedar may permit by the clause without a statement in the slot: no clause that forbids is sure to match too.
///
/// A guarded value does not matter where it is missing, so it counts as any value here.
pub(super) fn permits_without<'c>(
    slot: Slot,
    permit: &Clause,
    mut forbids: impl Iterator<Item = &'c Clause>,
) -> bool {
    let without = slot.present(0).and_then(|missing| permit.and(&missing));
    without.is_some_and(|without| !forbids.any(|forbid| without.implies(forbid)))
}

/// The clauses as they are with a statement in the slot.
pub(super) fn with(slot: Slot, clauses: &[Clause]) -> Vec<Clause> {
    let Some(present) = slot.present(1) else { return Vec::new() };
    let together = clauses.iter().filter_map(|clause| clause.and(&present));
    together
        .map(|mut clause| {
            present.0.keys().for_each(|term| {
                clause.0.remove(term);
            });
            clause
        })
        .collect()
}
