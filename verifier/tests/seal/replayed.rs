//! threats.md 24, 25, 27: an honest seal somewhere else, for somebody else, or under other expectations. Every case is
//! accepted by a verifier that leaves the check out, and refused by ours.

use crate::defect::{Case, Check, Defects};
use crate::world::{bundle, program, records, reference, sealed, world};
use candor_circuits::seal::key::{KeyError, KeySource};
use candor_program::digest::{ProgramIds, setup_digest};
use candor_trace::{PreviousHeader, SealStart, SealedHeader};
use candor_verifier::{AssumptionName, ErrorKind, OtherSetup, SealError, verify_seal};

fn honest() -> Case {
    let world = world();
    Case {
        expected: world.expected.clone(),
        card: world.bundle.card.clone(),
        key: world.keys.verifying.clone(),
        file: world.file.clone(),
    }
}

/// A changed case: refused by ours, and by the test's verifier as long as it has no defect.
fn refused(case: &Case) -> SealError {
    assert!(!case.accepted(&Defects::default()), "the test's verifier checks it");
    verify_seal(&case.expected, &case.card, &case.key, &case.file).unwrap_err()
}

fn changed(change: impl FnOnce(&mut Case)) -> Case {
    let mut case = honest();
    change(&mut case);
    case
}

#[test]
fn without_a_defect_both_verifiers_agree_on_honest_seals() {
    let world = world();
    let mut case = honest();
    for file in [&world.file, &world.others[0].2, &world.others[1].2] {
        case.file = file.clone();
        assert!(case.accepted(&Defects::default()));
        assert!(verify_seal(&case.expected, &case.card, &case.key, &case.file).is_ok());
    }
}

/// threats.md 24: the reader is on another chain, or is another contract.
#[test]
fn replayed_on_another_chain_or_contract() {
    for change in [(|case| case.expected.domain.chain_id += 1) as fn(&mut Case), |case| {
        case.expected.domain.verifying_contract[0] ^= 1
    }] {
        let case = changed(change);
        assert!(case.accepted(&Defects::omitting(&[Check::Domain])), "the defect put back in");
        assert_eq!(refused(&case), SealError::Domain);
    }
    // A card for the other chain: another program; under its own id, what was signed is for the first chain; and if nobody
    // looked at signatures, the boundary would be another one.
    let other = changed(|case| {
        case.expected.domain.chain_id += 1;
        case.card.domain = case.expected.domain;
    });
    assert!(matches!(refused(&other), SealError::Program { part: "the card", .. }));
    let own_id = |case: &mut Case| {
        let id = ProgramIds::of(&case.card).program_id;
        (case.expected.program_id, case.file.program_id) = (id, id);
    };
    let mut other = other;
    own_id(&mut other);
    assert!(matches!(refused(&other), SealError::Signature { sequence: 1, .. }));
    assert!(!other.accepted(&Defects::omitting(&[Check::Signatures])));
    assert!(other.accepted(&Defects::telling(honest().statement(), &[Check::Signatures])));
}

/// threats.md 24: the same agent and program keep another log; the seal of one is told to be of the other.
#[test]
fn replayed_on_another_log() {
    let other = records(&world().program, 77, 5);
    let statement = honest().statement();
    let told = Defects::telling(statement, &[Check::Signatures]);
    // its start: the words in between are then others than the agent signed
    let start =
        changed(|case| case.file.start = SealStart::After(PreviousHeader::of(&other[1].signed_header())));
    assert!(start.accepted(&told));
    assert!(matches!(refused(&start), SealError::Signature { sequence: 2, .. }));
    // its records, all of them signed and in one chain: only the boundary tells
    let all = changed(|case| {
        case.file.start = SealStart::After(PreviousHeader::of(&other[1].signed_header()));
        case.file.headers =
            other[2..5].iter().map(|record| SealedHeader::of(&record.signed_header())).collect();
    });
    assert!(all.accepted(&Defects::telling(honest().statement(), &[])), "every signature holds");
    assert_eq!(refused(&all), SealError::Key(KeyError::Equation));
    // one record of the path
    let one = changed(|case| case.file.headers[2] = SealedHeader::of(&other[4].signed_header()));
    assert!(one.accepted(&told));
    assert!(matches!(refused(&one), SealError::Signature { sequence: 4, .. }));
    // an earlier path of the same log
    let earlier = changed(|case| {
        let (_, _, first) = &world().others[1];
        (case.file.start, case.file.headers) = (first.start.clone(), first.headers.clone());
    });
    assert!(earlier.accepted(&Defects::telling(honest().statement(), &[])));
    assert_eq!(refused(&earlier), SealError::Key(KeyError::Equation));
    // from the agent's beginning on
    let genesis = changed(|case| case.file.start = SealStart::Genesis);
    assert!(genesis.accepted(&told));
    assert!(matches!(refused(&genesis), SealError::Signature { sequence: 0, .. }));
}

/// threats.md 25: somebody sends another's seal with his own address.
#[test]
fn the_payout_is_the_provers() {
    let statement = honest().statement();
    for index in 0..20 {
        let thief = changed(|case| case.file.payout[index] ^= 0x80);
        assert_eq!(refused(&thief), SealError::Key(KeyError::Equation));
        if index == 0 {
            let told = Defects::telling(statement.clone(), &[]);
            assert!(thief.accepted(&told), "a verifier that is told the context pays the thief");
        }
    }
}

/// threats.md 27: everything that is expected, changed alone.
#[test]
fn every_expectation_counts() {
    type Row = (fn(&mut Case), &'static [Check], fn(&SealError) -> bool);
    let rows: [Row; 8] = [
        (
            |case| case.expected.program_id[31] ^= 1,
            &[Check::Program],
            |error| matches!(error, SealError::Program { part: "the card", .. }),
        ),
        (
            |case| case.file.program_id[31] ^= 1,
            &[Check::Program],
            |error| matches!(error, SealError::Program { part: "the seal", .. }),
        ),
        (
            |case| case.expected.agent[19] ^= 1,
            &[Check::Agent],
            |error| matches!(error, SealError::Agent { .. }),
        ),
        (|case| case.expected.domain.chain_id = 1, &[Check::Domain], |error| *error == SealError::Domain),
        (
            |case| case.expected.setup_digest = Some([1; 32]),
            &[Check::SetupPin],
            |error| {
                let got = setup_digest(&world().bundle.card.setup);
                *error == SealError::SetupPin(OtherSetup { expected: [1; 32], got })
            },
        ),
        (
            |case| case.expected.seal_keys = vec![[1; 32], [2; 32]],
            &[Check::KeyPin],
            |error| *error == SealError::KeyPin { got: world().keys.verifying.id() },
        ),
        (
            |case| case.expected.allow_development_setup = false,
            &[Check::Refusals],
            |error| *error == SealError::Refused { assumption: AssumptionName::DevelopmentSealKey },
        ),
        (
            |case| case.expected.refused.push(AssumptionName::Hashes),
            &[Check::Refusals],
            |error| *error == SealError::Refused { assumption: AssumptionName::Hashes },
        ),
    ];
    for (number, (change, omitted, right)) in rows.into_iter().enumerate() {
        let case = changed(change);
        assert!(case.accepted(&Defects::omitting(omitted)), "{number}: the defect put back in");
        let error = refused(&case);
        assert!(right(&error), "{number}: {error}");
        let refusal = matches!(error, SealError::Refused { .. });
        let kind = if refusal { ErrorKind::RefusedAssumption } else { ErrorKind::Rejected };
        assert_eq!(error.kind(), kind, "{number}");
    }
    // what is pinned, and is so, changes nothing
    let pinned = changed(|case| {
        case.expected.setup_digest = Some(setup_digest(&case.card.setup));
        case.expected.seal_keys = vec![[1; 32], case.key.id()];
    });
    assert!(pinned.accepted(&Defects::default()));
    assert!(verify_seal(&pinned.expected, &pinned.card, &pinned.key, &pinned.file).is_ok());
}

/// threats.md 27: the card and the key that the reader gives, changed alone.
#[test]
fn card_and_key_count() {
    // another transaction for the same action
    let card = changed(|case| case.card.transaction.to[0] ^= 1);
    assert!(matches!(refused(&card), SealError::Program { part: "the card", .. }));
    let told = Defects::telling(honest().statement(), &[Check::Program, Check::Signatures]);
    assert!(card.accepted(&told));
    // the key says something else about itself, as it stands or under its new name
    let source = KeySource::Ceremony { transcript: [5; 32] };
    let renamed = changed(|case| case.key.source = source);
    assert!(matches!(refused(&renamed), SealError::Refused { assumption: AssumptionName::DeclaredSealKey }));
    let mut believing = renamed.clone();
    believing.expected.allow_declared_ceremony = true;
    assert!(matches!(refused(&believing), SealError::OtherKey { .. }));
    assert!(believing.accepted(&Defects::omitting(&[Check::KeyId])));
    let constraints = changed(|case| case.key.constraints += 1);
    assert!(matches!(refused(&constraints), SealError::OtherKey { .. }));
    assert!(constraints.accepted(&Defects::omitting(&[Check::KeyId])));
    let class = changed(|case| {
        case.key.class_digest[0] ^= 1;
        case.file.key_id = case.key.id();
    });
    assert_eq!(refused(&class), SealError::KeyClass);
    let batch = changed(|case| {
        case.key.batch_log2 = 1;
        case.file.key_id = case.key.id();
    });
    assert_eq!(refused(&batch), SealError::Headers { batch: 2, got: 3 });
    let swapped = changed(|case| {
        case.key.inputs_g1.swap(1, 2);
        case.file.key_id = case.key.id();
    });
    assert_eq!(refused(&swapped), SealError::Key(KeyError::Equation));
}

/// Whoever makes a key can write a ceremony into it. Only a pinned id says that it is the ceremony's.
#[test]
fn a_key_does_not_vouch_for_itself() {
    let mut lie = changed(|case| {
        case.key.source = KeySource::Ceremony { transcript: [5; 32] };
        case.file.key_id = case.key.id();
        case.expected.refused = vec![AssumptionName::DevelopmentSealKey];
    });
    assert!(lie.accepted(&Defects::omitting(&[Check::Refusals])), "the defect put back in");
    assert_eq!(refused(&lie), SealError::Refused { assumption: AssumptionName::DeclaredSealKey });
    let verify = |case: &Case| verify_seal(&case.expected, &case.card, &case.key, &case.file);
    // accepted only where asked for, and called what it is
    lie.expected.allow_declared_ceremony = true;
    let declared = verify(&lie).unwrap();
    let text: Vec<String> = declared.assumptions.iter().map(ToString::to_string).collect();
    assert!(text.iter().any(|line| line.starts_with("declared-seal-key: DECLARED, not pinned")), "{text:?}");
    // pinned, it is what the reader says
    lie.expected.allow_declared_ceremony = false;
    lie.expected.seal_keys = vec![lie.key.id()];
    let names: Vec<_> =
        verify(&lie).unwrap().assumptions.iter().map(|assumption| assumption.name()).collect();
    assert!(names.contains(&AssumptionName::CeremonySealKey));
    assert!(!names.contains(&AssumptionName::DeclaredSealKey));
}

/// A seal of another program of the same class, under the key that both share.
#[test]
fn a_seal_of_another_program_is_refused() {
    let reference = reference();
    let other = program(&reference, 78);
    let (_, file) = sealed(&other, &reference, &bundle(&other, 2, 4), &world().keys);
    let mut case = changed(|case| case.file = file);
    assert!(matches!(refused(&case), SealError::Program { part: "the seal", .. }));
    case.file.program_id = case.expected.program_id;
    assert!(matches!(refused(&case), SealError::Signature { .. }));
}
