//! Evidence slots that a card may not have.

use crate::sample;
use candor_program::Card;
use candor_program::card::SignerKey;
use candor_program::evidence::{Authority, Direction, ValueName};
use candor_program::interval::{NameDefect, Part, ProgramError};
use candor_program::limits;

fn validated(change: impl FnOnce(&mut Card)) -> Result<(), ProgramError> {
    let mut card = sample::witnessed();
    change(&mut card);
    card.validate()
}

#[test]
fn evidence_size() {
    for (slots, expected) in [(0, 0), (1, 4), (4, 4), (5, 16), (16, 16)] {
        for size in [0, 4, 16, 3, 5, 255] {
            let resized = validated(|card| {
                let slot = card.evidence[0].clone();
                card.evidence = (0..slots).map(|_| slot.clone()).collect();
                for (index, slot) in card.evidence.iter_mut().enumerate() {
                    slot.name = format!("e{index}");
                }
                card.class.evidence_size = size;
            });
            let error = ProgramError::EvidenceSize { expected, got: size };
            assert_eq!(resized, if usize::from(size) == expected { Ok(()) } else { Err(error) });
        }
    }
    let slot = sample::witnessed().evidence[0].clone();
    let error = ProgramError::Count { part: Part::Evidence, minimum: 0, limit: 16, got: 17 };
    assert_eq!(validated(|card| card.evidence = vec![slot; 17]), Err(error));
}

#[test]
fn evidence_names() {
    let error = ProgramError::DuplicateName { part: Part::Evidence, index: 1 };
    assert_eq!(validated(|card| card.evidence[1].name = "revoked_before".into()), Err(error));
    let mandate = |limit: &str| {
        let owner = SignerKey::Ed25519 { public_key: [1; 32] };
        Authority::Mandate { owner, limit: limit.into(), direction: Direction::AtMost }
    };
    assert_eq!(validated(|card| card.evidence[1].authority = mandate("max_order")), Ok(()));
    let error = ProgramError::Name { part: Part::Limits, index: 1, defect: NameDefect::Empty };
    assert_eq!(validated(|card| card.evidence[1].authority = mandate("")), Err(error));
}

/// Neither itself, nor a slot that a third revokes, nor one that does not exist.
#[test]
fn evidence_revoker() {
    let revoked = |slot: usize, by| validated(move |card| card.evidence[slot].revoked_by = by);
    assert_eq!(revoked(1, None), Ok(()));
    for (slot, by) in [(0, 0), (0, 1), (1, 1), (1, 2), (1, 255)] {
        // The first slot revokes the second: neither can be revoked by it in turn.
        assert_eq!(revoked(slot, Some(by)), Err(ProgramError::EvidenceRevoker { slot }));
    }
}

#[test]
fn evidence_decimals() {
    let error = ProgramError::EvidenceDecimals { slot: 1, got: 19 };
    assert_eq!(validated(|card| card.evidence[1].decimals = 19), Err(error));
    assert_eq!(validated(|card| card.evidence[1].decimals = 18), Ok(()));
}

#[test]
fn evidence_values() {
    let named = |names: &[(i64, &str)]| {
        let names = names.iter().map(|(value, name)| ValueName { value: *value, name: (*name).into() });
        let values = names.collect();
        validated(move |card| card.evidence[1].values = values)
    };
    assert_eq!(named(&[(276, "DE"), (840, "US")]), Ok(()));
    let error = ProgramError::EvidenceValue { slot: 1, value: 276 };
    assert_eq!(named(&[(276, "DE"), (276, "US")]), Err(error));
    let error = ProgramError::DuplicateName { part: Part::ValueNames, index: 1 };
    assert_eq!(named(&[(276, "DE"), (840, "DE")]), Err(error));
    let many = |count: usize| {
        let name = |index: usize| ValueName { value: index as i64, name: format!("v{index}") };
        validated(move |card| card.evidence[1].values = (0..count).map(name).collect())
    };
    assert_eq!(many(limits::VALUE_NAMES), Ok(()));
    let (limit, got) = (limits::VALUE_NAMES, limits::VALUE_NAMES + 1);
    assert_eq!(many(got), Err(ProgramError::Count { part: Part::ValueNames, minimum: 0, limit, got }));
}
