//! Evidence slots.

use super::Part;
use super::error::{ProgramError, within};
use super::name;
use crate::card::Card;
use crate::digest::evidence_size;
use crate::evidence::{Authority, Slot};
use crate::limits;
use std::collections::BTreeSet;

pub(super) fn check(card: &Card) -> Result<(), ProgramError> {
    within(Part::Evidence, 0, limits::EVIDENCE, card.evidence.len())?;
    // The digest of the evidence is filled up to a size that follows from the number of slots alone.
    let (expected, got) = (evidence_size(card.evidence.len()), card.class.evidence_size);
    if usize::from(got) != expected {
        return Err(ProgramError::EvidenceSize { expected, got });
    }
    name::unique(Part::Evidence, card.evidence.iter().map(|slot| slot.name.as_str()))?;
    card.evidence.iter().enumerate().try_for_each(|(index, slot)| check_slot(card, index, slot))
}

fn check_slot(card: &Card, index: usize, slot: &Slot) -> Result<(), ProgramError> {
    if let Some(by) = slot.revoked_by {
        // One step only: the slot that revokes is judged by its own times.
        let revoker = card.evidence.get(usize::from(by)).filter(|_| usize::from(by) != index);
        if revoker.is_none_or(|revoker| revoker.revoked_by.is_some()) {
            return Err(ProgramError::EvidenceRevoker { slot: index });
        }
    }
    if slot.decimals > limits::DECIMALS {
        return Err(ProgramError::EvidenceDecimals { slot: index, got: slot.decimals });
    }
    if let Authority::Mandate { limit, .. } = &slot.authority {
        name::shown(Part::Limits, index, limit)?;
    }
    within(Part::ValueNames, 0, limits::VALUE_NAMES, slot.values.len())?;
    name::unique(Part::ValueNames, slot.values.iter().map(|value| value.name.as_str()))?;
    let mut values = BTreeSet::new();
    match slot.values.iter().find(|named| !values.insert(named.value)) {
        Some(named) => Err(ProgramError::EvidenceValue { slot: index, value: named.value }),
        None => Ok(()),
    }
}
