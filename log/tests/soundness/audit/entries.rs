//! Dishonest operators: the tree is right, what is in it is not.

use crate::agent;
use crate::published::{Fleet, Published, policy};
use candor_log::audit::{
    AuditError, AuditReport, AuditSettings, Bodies, BodyFault, BodyFaults, BodyFolder, MAX_FAULTS,
    SourceError, audit,
};
use candor_program::encoding::{DecodeError, FrBytes};
use candor_trace::{BodyError, Chain, ChainError, Entry, Recorder, SignatureError, body_hash};
use std::path::Path;
use std::sync::LazyLock;

static FLEET: LazyLock<Fleet> = LazyLock::new(|| Fleet::new(2, 300));

/// The log of changed entries, honestly hashed and signed by its operator.
fn audited(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> AuditError {
    let mut entries = FLEET.entries();
    change(&mut entries);
    Published::of(&entries, &FLEET.agents()).audit().unwrap_err()
}

fn changed(bytes: &[u8], change: impl FnOnce(&mut Entry)) -> Vec<u8> {
    let mut entry = Entry::from_bytes(bytes).unwrap();
    change(&mut entry);
    entry.to_bytes()
}

const FIRST: &str = "tile/entries/000";

#[test]
fn a_dropped_doubled_or_swapped_record_breaks_its_chain() {
    let link = |error| match error {
        AuditError::Link { file, index, source } => (file, index, source),
        other => panic!("{other}"),
    };
    // Entry 100 is record 50 of agent 0.
    let gap = link(audited(|entries| drop(entries.remove(100))));
    assert_eq!(gap, (FIRST.into(), 101, ChainError::SequenceGap { expected: 50, got: 51 }));
    let doubled = link(audited(|entries| entries.insert(100, entries[100].clone())));
    assert_eq!(doubled, (FIRST.into(), 101, ChainError::SequenceGap { expected: 51, got: 50 }));
    let swapped = link(audited(|entries| entries.swap(260, 262)));
    assert_eq!(
        swapped,
        ("tile/entries/001.p/44".into(), 260, ChainError::SequenceGap { expected: 130, got: 131 })
    );
    let late_start = link(audited(|entries| drop(entries.remove(0))));
    assert_eq!(late_start, (FIRST.into(), 1, ChainError::SequenceGap { expected: 0, got: 1 }));
    // Order between agents is free.
    let mut entries = FLEET.entries();
    entries.swap(100, 101);
    assert!(Published::of(&entries, &FLEET.agents()).audit().is_ok());
}

/// A whole other history of the same agent, spliced in: each record is signed, but continues something else.
#[test]
fn a_spliced_history_breaks_the_chain() {
    let other = Fleet::new(2, 300);
    assert_eq!(other.entries(), FLEET.entries());
    let mut recorder = candor_trace::Recorder::resume(agent::program(), Fleet::key(0), None).unwrap();
    let mut fork = Vec::new();
    for index in 0..60 {
        let observation = agent::observation(agent::START + 2 * index, agent::Want::Hold);
        let record = recorder.record(observation, agent::salts(9_999 - index)).unwrap().record;
        fork.push(Entry::of(&record, &FLEET.program.card.domain).to_bytes());
    }
    let error = audited(|entries| entries[100].clone_from(&fork[50]));
    assert!(
        matches!(
            error,
            AuditError::Link { index: 100, source: ChainError::PreviousRecordMismatch { .. }, .. }
        ),
        "{error}"
    );
}

#[test]
fn what_the_agent_did_not_sign_is_found() {
    // The body's hash is the operator's to change: the agent did not sign it, and only the body shows it.
    let other_body = changed(&FLEET.entries()[7], |entry| entry.body[0] ^= 1);
    let mut entries = FLEET.entries();
    entries[7] = other_body;
    assert!(Published::of(&entries, &FLEET.agents()).audit().is_ok());
    // Everything else it did sign; the transaction is under no other check of the chain.
    let error = audited(|entries| {
        entries[7] = changed(&entries[7], |entry| entry.signed.header.transaction[0] ^= 1);
    });
    let AuditError::Signature { file, index, source } = error else { panic!("{error}") };
    assert_eq!((file.as_str(), index), (FIRST, 7));
    assert!(matches!(source, SignatureError::WrongSigner { .. }));
    let error = audited(|entries| {
        entries[7] = changed(&entries[7], |entry| entry.signed.header.verdict ^= 1);
    });
    assert!(
        matches!(error, AuditError::Link { index: 7, source: ChainError::AccMismatch { .. }, .. }),
        "{error}"
    );
    let error = audited(|entries| {
        entries[7] = changed(&entries[7], |entry| entry.signed.header.time = 1);
    });
    assert!(
        matches!(error, AuditError::Link { index: 7, source: ChainError::TimeBackwards { .. }, .. }),
        "{error}"
    );
}

#[test]
fn agents_domains_and_entries_that_do_not_belong_here() {
    let error = audited(|entries| {
        entries[9] = changed(&entries[9], |entry| entry.signed.header.agent = [0xee; 20]);
    });
    let AuditError::Unregistered { index, agent, .. } = error else { panic!("{error}") };
    assert_eq!((index, agent), (9, [0xee; 20]));
    let error = audited(|entries| {
        entries[9] = changed(&entries[9], |entry| entry.signed.header.program_id[0] ^= 1);
    });
    assert!(matches!(error, AuditError::Unregistered { index: 9, .. }));
    let error = audited(|entries| {
        entries[9] = changed(&entries[9], |entry| entry.domain.chain_id += 1);
    });
    assert!(matches!(error, AuditError::Domain { index: 9, .. }));
    let error = audited(|entries| {
        entries[9].pop();
    });
    let AuditError::Entry { index, source, .. } = error else { panic!("{error}") };
    assert_eq!((index, source), (9, DecodeError::Truncated { offset: 488 }));
    let error = audited(|entries| entries[9].clear());
    assert!(matches!(error, AuditError::Entry { index: 9, source: DecodeError::NoHeader { got: 0 }, .. }));
}

#[test]
fn of_several_defects_the_first_is_named() {
    let error = audited(|entries| {
        entries[250].pop();
        entries[40] = changed(&entries[40], |entry| entry.signed.header.transaction[0] ^= 1);
        entries[20] = changed(&entries[20], |entry| entry.signed.header.verdict ^= 1);
        entries.swap(60, 62);
    });
    assert_eq!(error.index(), Some(20));
    let error = audited(|entries| {
        entries[290] = changed(&entries[290], |entry| entry.domain.chain_id += 1);
        entries[280] = changed(&entries[280], |entry| entry.signed.signature.0[64] = 29);
    });
    let AuditError::Signature { file, index, source } = error else { panic!("{error}") };
    assert_eq!((file.as_str(), index), ("tile/entries/001.p/44", 280));
    assert_eq!(source, SignatureError::RecoveryByte { got: 29 });
}

/// Pruned entries excuse a jump in a chain, but neither a step back nor an earlier time, and nothing above them.
#[test]
fn pruning_excuses_only_what_was_pruned() {
    let pruned = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut entries = FLEET.entries();
        change(&mut entries);
        let mut log = Published::of(&entries, &FLEET.agents());
        log.prune(&[0], 256);
        log.audit()
    };
    assert_eq!(pruned(&|_| ()).unwrap().resumed_chains, 2);
    // The first records after the gap may be any later ones; from there on the chain holds.
    assert!(pruned(&|entries| drop(entries.remove(256))).is_ok());
    let error = pruned(&|entries| drop(entries.remove(270))).unwrap_err();
    assert!(
        matches!(error, AuditError::Link { index: 271, source: ChainError::SequenceGap { .. }, .. }),
        "{error}"
    );
    let out_of_range = |change: &dyn Fn(&mut Entry)| {
        let error = pruned(&|entries| entries[256] = changed(&entries[256], change)).unwrap_err();
        match error {
            AuditError::Link { index: 256, source, .. } => source,
            other => panic!("{other}"),
        }
    };
    let bound = candor_trace::SEQUENCE_BOUND;
    assert_eq!(
        out_of_range(&|entry| entry.signed.header.sequence = bound),
        ChainError::SequenceTooLarge { got: bound }
    );
    assert_eq!(
        out_of_range(&|entry| entry.signed.header.time = candor_trace::TIME_BOUND),
        ChainError::TimeTooLarge { got: candor_trace::TIME_BOUND }
    );
    // A chain whose first record is still to come begins at its beginning or is taken up later, never both.
    let error = pruned(&|entries| entries[258] = entries[256].clone()).unwrap_err();
    assert!(
        matches!(error, AuditError::Link { index: 258, source: ChainError::SequenceGap { .. }, .. }),
        "{error}"
    );
    // Its signature is checked all the same.
    let error = pruned(&|entries| {
        entries[256] = changed(&entries[256], |entry| entry.signed.header.transaction[0] ^= 1);
    });
    assert!(matches!(error.unwrap_err(), AuditError::Signature { index: 256, .. }));
}

/// A second gap: what was read between them is not forgotten.
#[test]
fn time_does_not_go_back_across_a_gap() {
    let fleet = Fleet::new(1, 600);
    let mut entries = fleet.entries();
    entries[512] = changed(&entries[512], |entry| entry.signed.header.time = agent::START);
    let mut log = Published::of(&entries, &fleet.agents());
    log.prune(&[1], 512);
    let error = log.audit().unwrap_err();
    let expected = ChainError::TimeBackwards { previous: agent::START + 255, got: agent::START };
    assert!(matches!(error, AuditError::Link { index: 512, source, .. } if source == expected), "{error}");
}

fn with_bodies(place: &Path, log: &Published) -> Result<AuditReport, AuditError> {
    let bodies = BodyFolder::at(place);
    let cards = [FLEET.program.card.clone()];
    let whom = policy(1);
    let settings = AuditSettings { cards: &cards, bodies: Some(&bodies), ..AuditSettings::new(&whom) };
    audit(log, &settings, |_, _| ())
}

fn faults(place: &Path, log: &Published) -> BodyFaults {
    match with_bodies(place, log) {
        Err(AuditError::Bodies { faults }) => *faults,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bodies_that_are_not_what_was_signed_are_found() {
    let place = tempfile::tempdir().unwrap();
    let body = |index: usize| &FLEET.records[index].body;
    let name = |hash: [u8; 32]| place.path().join(hex::encode(hash));
    let honest = FLEET.published();
    let file = name(body_hash(body(5)));
    std::fs::write(&file, borsh::to_vec(body(6)).unwrap()).unwrap();
    let only = |found: BodyFaults| {
        assert_eq!((found.bodies, found.chains, found.first.len(), found.first[0].index), (1, 1, 1, 5));
        found.first[0].fault.clone()
    };
    let (expected, got) = (body_hash(body(5)), body_hash(body(6)));
    assert_eq!(only(faults(place.path(), &honest)), BodyFault::Hash { expected, got });
    std::fs::remove_file(file).unwrap();
    // The operator names another body in the entry, which it may: the agent signed only what it opens.
    let mut entries = FLEET.entries();
    let other = changed(&entries[5], |entry| entry.body = body_hash(body(6)));
    entries[5] = other;
    std::fs::write(name(body_hash(body(6))), borsh::to_vec(body(6)).unwrap()).unwrap();
    let fault = only(faults(place.path(), &Published::of(&entries, &FLEET.agents())));
    assert!(matches!(fault, BodyFault::Content(BodyError::TimeMismatch { .. })), "{fault}");
    let junk = b"junk";
    let hash = candor_program::encoding::keccak256(&[junk]);
    entries[5] = changed(&entries[5], |entry| entry.body = hash);
    std::fs::write(name(hash), junk).unwrap();
    let fault = only(faults(place.path(), &Published::of(&entries, &FLEET.agents())));
    assert!(matches!(fault, BodyFault::Malformed { .. }), "{fault}");
}

/// Both agents hand over other bodies, early and late: both are named, and all else is checked.
#[test]
fn an_agent_whose_body_is_false_does_not_hide_another() {
    let place = tempfile::tempdir().unwrap();
    for record in &FLEET.records {
        let file = place.path().join(hex::encode(body_hash(&record.body)));
        std::fs::write(file, borsh::to_vec(&record.body).unwrap()).unwrap();
    }
    // Two of agent 0, and the last of agent 1.
    let (first, later, last) = (0, 2, FLEET.records.len() - 1);
    for index in [first, later, last] {
        let file = place.path().join(hex::encode(body_hash(&FLEET.records[index].body)));
        std::fs::write(file, b"other").unwrap();
    }
    let honest = FLEET.published();
    let found = faults(place.path(), &honest);
    let named: Vec<_> = found.first.iter().map(|fault| (fault.index, fault.agent)).collect();
    let agent = |index: usize| FLEET.records[index].header.agent;
    assert_eq!(named, [(first as u64, agent(first)), (last as u64, agent(last))]);
    assert_ne!(agent(first), agent(last));
    assert_eq!((found.bodies, found.chains), (3, 2));
    let (right, missing) = (found.report.bodies, found.report.bodies_missing);
    assert_eq!((right, missing), (FLEET.records.len() as u64 - 3, 0));
    assert_eq!(found.report.size, FLEET.records.len() as u64);
    let text = AuditError::Bodies { faults: Box::new(found) }.to_string();
    assert!(text.contains("3 bodies of 2 chains are") && text.contains("entry 0"), "{text}");
    // What is wrong with the log itself comes first, wherever it lies.
    let mut entries = FLEET.entries();
    let end = entries.len() - 1;
    entries[end] = changed(&entries[end], |entry| entry.signed.signature.0[5] ^= 1);
    let error = with_bodies(place.path(), &Published::of(&entries, &FLEET.agents())).unwrap_err();
    assert!(matches!(error, AuditError::Signature { index, .. } if index == end as u64), "{error}");
}

/// More chains with a fault than are listed: as many as the limit, and one more.
#[test]
fn the_list_of_faults_is_bounded_and_the_count_is_not() {
    struct Nothing;
    impl Bodies for Nothing {
        fn body(&self, _: &[u8; 32]) -> Result<Option<Vec<u8>>, SourceError> {
            Ok(Some(b"nothing".to_vec()))
        }
    }
    // One chain for each program; keys are few.
    let chains = MAX_FAULTS + 1;
    let (entries, agents) = many_chains(chains);
    for (count, listed) in [(MAX_FAULTS, MAX_FAULTS), (chains, MAX_FAULTS)] {
        let log = Published::of(&entries[..count], &agents);
        let whom = policy(1);
        let settings = AuditSettings { bodies: Some(&Nothing), ..AuditSettings::new(&whom) };
        let Err(AuditError::Bodies { faults: found }) = audit(&log, &settings, |_, _| ()) else {
            panic!("not found")
        };
        assert_eq!((found.first.len(), found.chains, found.bodies), (listed, count as u64, count as u64));
    }
}

/// The first records of so many chains, of one agent with so many programs.
fn many_chains(count: usize) -> (Vec<Vec<u8>>, String) {
    let mut entries = Vec::new();
    let mut lines = Vec::new();
    let key = Fleet::key(0);
    for number in 0..count {
        let mut program = agent::program();
        program.card.plugins[0].code_hash[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let chain = Chain::of(&program.card);
        let mut recorder = Recorder::resume(program, Fleet::key(0), None).unwrap();
        let observation = agent::observation(agent::START, agent::Want::Hold);
        let record = recorder.record(observation, agent::salts(0)).unwrap().record;
        entries.push(Entry::of(&record, &chain.domain).to_bytes());
        lines.push(serde_json::json!({
            "agent": format!("0x{}", hex::encode(key.address())),
            "chainId": chain.domain.chain_id,
            "verifyingContract": format!("0x{}", hex::encode(chain.domain.verifying_contract)),
            "programId": format!("0x{}", hex::encode(chain.ids.program_id)),
            "programFr": format!("0x{}", hex::encode(FrBytes::from(chain.ids.program_fr).0)),
            "initialState": format!("0x{}", hex::encode(chain.initial_state.0)),
        }));
    }
    (entries, serde_json::Value::Array(lines).to_string())
}
