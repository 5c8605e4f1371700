//! Missing, flipped, short and swapped files; checkpoints that shrink, fork or lie.

use crate::published::{Fleet, Published, checkpoint, nothing_went, policy, signed};
use candor_log::audit::{
    AgentsFileError, AuditError, AuditSettings, Folder, MAX_CHECKPOINT_FILE_BYTES, Source, SourceError,
    audit, published_chains,
};
use candor_log::retention::{PublishedPolicy, RetentionFileError, RetentionPolicy};
use candor_trace::tlog::{
    CheckpointRejected, EntryBundleError, Hash, MAX_BUNDLE_BYTES, NoteRejected, NoteSigner, TileError,
    empty_root,
};
use std::sync::LazyLock;

static FLEET: LazyLock<Fleet> = LazyLock::new(|| Fleet::new(2, 600));
static HONEST: LazyLock<Published> = LazyLock::new(|| FLEET.published());

fn changed(change: impl FnOnce(&mut Published)) -> AuditError {
    let mut log = HONEST.clone();
    change(&mut log);
    log.audit().unwrap_err()
}

#[test]
fn each_missing_file_is_named() {
    for (name, expected) in [
        ("checkpoint", None),
        ("agents.json", None),
        ("tile/entries/000", Some(0)),
        ("tile/entries/001", Some(256)),
        ("tile/entries/002.p/88", Some(512)),
        ("tile/0/000", Some(0)),
        ("tile/0/001", Some(256)),
        ("tile/0/002.p/88", Some(512)),
        ("tile/1/000.p/2", Some(0)),
    ] {
        let error = changed(|log| drop(log.files.remove(name).unwrap()));
        assert_eq!((error.file(), error.index()), (Some(name), expected));
        assert!(matches!(error, AuditError::Missing { .. }));
    }
    // There is nothing else whose absence would be overlooked.
    let needed = 9 + ["log.vkey", "policy.json"].len();
    assert_eq!(HONEST.files.len(), needed);
}

/// A flipped bit is found wherever it is, and a tile's is told from an entry's.
#[test]
fn flipped_bits_are_found() {
    let honest = Fleet::new(2, 260).published();
    let files = honest.files.iter().filter(|(name, _)| !matches!(name.as_str(), "log.vkey" | "policy.json"));
    for (name, bytes) in files {
        for position in (0..bytes.len()).step_by((bytes.len() / 12).max(1)) {
            let mut log = honest.clone();
            log.files.get_mut(name).unwrap()[position] ^= 0x10;
            let Err(error) = log.audit() else { panic!("{name} byte {position}") };
            if name.starts_with("tile/entries/") {
                assert!(error.index().is_some_and(|index| index < 260), "{name} byte {position}: {error}");
            } else if name.starts_with("tile/") {
                assert_eq!(error.file(), Some(name.as_str()), "{error}");
            }
        }
    }
}

#[test]
fn a_flipped_leaf_hash_is_named_with_its_entry() {
    let error = changed(|log| log.files.get_mut("tile/0/001").unwrap()[32 * 7 + 3] ^= 1);
    let AuditError::TileMismatch { file, position, index, expected, got } = error else { panic!("{error}") };
    assert_eq!((file.as_str(), position, index), ("tile/0/001", 7, 263));
    assert_eq!(expected.0[3] ^ 1, got.0[3]);
    let error = changed(|log| log.files.get_mut("tile/1/000.p/2").unwrap()[32] ^= 1);
    assert!(matches!(error, AuditError::TileMismatch { position: 1, index: 256, .. }), "{error}");
}

#[test]
fn short_long_and_malformed_files_are_named() {
    let error = changed(|log| {
        log.files.get_mut("tile/0/000").unwrap().pop();
    });
    let expected = TileError::Length { width: 256, expected: 8192, got: 8191 };
    assert!(matches!(error, AuditError::Tile { index: 0, source, .. } if source == expected), "{error}");
    let error = changed(|log| {
        log.files.get_mut("tile/entries/001").unwrap().pop();
    });
    let expected = EntryBundleError::Truncated { position: 255 };
    assert!(matches!(error, AuditError::Bundle { index: 256, source, .. } if source == expected), "{error}");
    let error = changed(|log| log.files.get_mut("tile/entries/001").unwrap().push(0));
    let expected = EntryBundleError::TrailingBytes { count: 1 };
    assert!(matches!(error, AuditError::Bundle { index: 256, source, .. } if source == expected), "{error}");
    let error = changed(|log| log.files.get_mut("tile/0/000").unwrap().push(0));
    assert!(matches!(error, AuditError::Unreadable(SourceError::TooLong { limit: 8192, .. })), "{error}");
    let limit = MAX_CHECKPOINT_FILE_BYTES;
    let error = changed(|log| drop(log.files.insert("checkpoint".into(), vec![0; limit as usize + 1])));
    assert!(matches!(error, AuditError::Unreadable(SourceError::TooLong { limit: l, .. }) if l == limit));
    let error = changed(|log| drop(log.files.insert("checkpoint".into(), vec![0; limit as usize])));
    assert!(matches!(error, AuditError::Checkpoint { .. }));
}

/// What is wrong first is told first, although a later file cannot even be parsed.
#[test]
fn a_malformed_bundle_does_not_hide_what_lies_before_it() {
    let error = changed(|log| {
        log.files.get_mut("tile/entries/001").unwrap().pop();
        log.files.get_mut("tile/entries/000").unwrap()[501 * 30 + 2 + 480] ^= 1;
    });
    assert_eq!(error.index(), Some(30), "{error}");
}

/// A server that fails later on does not hide it either.
#[test]
fn an_unreadable_file_does_not_hide_what_lies_before_it() {
    let error = changed(|log| {
        log.files.get_mut("tile/entries/000").unwrap()[501 * 30 + 2 + 480] ^= 1;
        log.files.insert("tile/entries/001".into(), vec![0; MAX_BUNDLE_BYTES + 1]);
    });
    assert_eq!(error.index(), Some(30), "{error}");
    let error =
        changed(|log| drop(log.files.insert("tile/entries/001".into(), vec![0; MAX_BUNDLE_BYTES + 1])));
    assert!(matches!(error, AuditError::Unreadable(SourceError::TooLong { .. })), "{error}");
}

#[test]
fn a_checkpoint_that_nobody_should_believe() {
    let good = HONEST.files["checkpoint"].clone();
    let other = NoteSigner::new("log.example/audited", &[9; 32]).unwrap();
    let parsed = candor_trace::tlog::Note::parse(&good).unwrap();
    let forged = candor_trace::tlog::Note::new(parsed.text(), other.sign(parsed.text())).unwrap();
    let error = changed(|log| drop(log.files.insert("checkpoint".into(), forged.to_bytes())));
    let unsigned = CheckpointRejected::Signature(NoteRejected::Unsigned);
    assert!(matches!(error, AuditError::Checkpoint { source } if source == unsigned));
    // Not cosigned.
    let end = good.windows(4).rposition(|window| window == "\n\u{2014}".as_bytes()).unwrap() + 1;
    let error = changed(|log| drop(log.files.insert("checkpoint".into(), good[..end].to_vec())));
    let quorum = CheckpointRejected::Quorum { needed: 1, got: 0 };
    assert!(matches!(error, AuditError::Checkpoint { source } if source == quorum));
    // Signed, and not the root of the entries.
    let lie = Hash([9; 32]);
    let error = changed(|log| drop(log.files.insert("checkpoint".into(), signed(600, lie))));
    let AuditError::Root { size, signed: root, rebuilt } = error else { panic!("{error}") };
    assert_eq!((size, root), (600, lie));
    assert_ne!(rebuilt, lie);
    // Signed for more entries than there are.
    let error = changed(|log| drop(log.files.insert("checkpoint".into(), signed(601, lie))));
    assert!(matches!(error, AuditError::Missing { index: Some(512), .. }), "{error}");
}

#[test]
fn a_log_that_shrank_or_forked_since_is_refused() {
    let entries = FLEET.entries();
    // An old copy was restored: it is consistent in itself.
    let restored = Published::of(&entries[..300], &FLEET.agents());
    assert!(restored.audit().is_ok());
    let error = restored.audit_with(Some(&checkpoint(&entries))).unwrap_err();
    assert!(matches!(error, AuditError::Shrunk { remembered: 600, size: 300 }));
    // And continued with other entries. The agents took turns: exchanging neighbours is another valid history.
    let mut other = entries.clone();
    other.swap(300, 301);
    let forked = Published::of(&other, &FLEET.agents());
    assert!(forked.audit().is_ok());
    assert!(forked.audit_with(Some(&checkpoint(&entries[..300]))).is_ok());
    for size in [301, 302, 599, 600] {
        let remembered = checkpoint(&entries[..size]);
        let error = forked.audit_with(Some(&remembered));
        if size == 302 {
            // After both the same entries are in, in another order: another tree.
            assert_ne!(checkpoint(&other[..302]), remembered);
        }
        let Err(AuditError::Forked { size: at, remembered, rebuilt }) = error else { panic!("{size}") };
        assert_eq!(at, size as u64);
        assert_ne!(remembered, rebuilt);
    }
}

#[test]
fn a_remembered_checkpoint_must_be_the_logs() {
    let forged = NoteSigner::new("log.example/audited", &[9; 32]).unwrap();
    let text =
        candor_trace::tlog::Checkpoint::new("log.example/audited", 0, empty_root()).unwrap().to_string();
    let forged = candor_trace::tlog::Note::new(&text, forged.sign(&text)).unwrap();
    for bytes in [forged.to_bytes(), b"nothing".to_vec()] {
        let error = HONEST.audit_with(Some(&bytes)).unwrap_err();
        assert!(matches!(error, AuditError::Remembered { .. }), "{error}");
    }
}

#[test]
fn the_policy_limits_what_may_be_missing() {
    let without = |minimum_index: u64, file: &str| {
        changed(|log| {
            log.promise(minimum_index);
            let mut content = nothing_went();
            content.entries.push(0, minimum_index.min(512) / 256 * 256);
            log.bury(log.tombstone(minimum_index.min(512) / 256 * 256, 0), &content);
            log.files.remove(file).unwrap();
        })
    };
    // Below the minimum index a bundle may go, the tiles never.
    let error = without(512, "tile/entries/002.p/88");
    assert!(matches!(error, AuditError::Missing { index: Some(512), .. }));
    let error = without(256, "tile/entries/001");
    assert!(matches!(error, AuditError::Missing { index: Some(256), .. }));
    let error = without(511, "tile/entries/001");
    assert!(matches!(error, AuditError::Missing { index: Some(256), .. }));
    let error = without(512, "tile/0/000");
    assert!(matches!(error, AuditError::Missing { index: Some(0), .. }));
    // The partial bundle at the end is not pruned, even if the minimum index reached it.
    let error = without(600, "tile/entries/002.p/88");
    assert!(matches!(error, AuditError::Missing { index: Some(512), .. }));
    let error = changed(|log| log.promise(601));
    assert!(matches!(error, AuditError::MinimumIndex { minimum_index: 601, size: 600 }));
    let unfounded = PublishedPolicy { minimum_index: 256, ..PublishedPolicy::default() };
    let error = changed(|log| drop(log.files.insert("policy.json".into(), unfounded.to_bytes().unwrap())));
    assert!(matches!(error, AuditError::NoRetention { minimum_index: 256 }));
    let too_long = RetentionPolicy { dispute_seconds: u64::MAX, ..RetentionPolicy::default() };
    let too_long = PublishedPolicy { retention: Some(too_long), ..PublishedPolicy::default() };
    for (bytes, malformed_json) in [(too_long.to_bytes().unwrap(), false), (b"{}".to_vec(), true)] {
        let error = changed(|log| drop(log.files.insert("policy.json".into(), bytes)));
        let AuditError::Policy { source } = error else { panic!("{error}") };
        assert_eq!(matches!(source, RetentionFileError::Malformed { .. }), malformed_json);
    }
}

/// Pruned leaves still have to hash to the root.
#[test]
fn a_pruned_leaf_cannot_be_changed() {
    let error = changed(|log| {
        log.prune(&[0], 256);
        log.files.get_mut("tile/0/000").unwrap()[100] ^= 1;
    });
    assert!(matches!(error, AuditError::TileMismatch { index: 0, .. }), "{error}");
    assert_eq!(error.file(), Some("tile/1/000.p/2"));
}

#[test]
fn each_defect_of_agents_json_has_its_reason() {
    let good = FLEET.agents();
    let refused = |from: &str, to: &str| {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        published_chains(text.as_bytes()).unwrap_err()
    };
    assert!(matches!(refused("[", "{"), AgentsFileError::Json { .. }));
    assert!(matches!(refused("\"chainId\":31337", "\"chainId\":-1"), AgentsFileError::Json { .. }));
    assert!(matches!(refused("\"agent\"", "\"more\":1,\"agent\""), AgentsFileError::Json { .. }));
    let hexadecimal = |error| match error {
        AgentsFileError::Hexadecimal { position, field, digits } => (position, field, digits),
        other => panic!("{other}"),
    };
    assert_eq!(hexadecimal(refused("\"agent\":\"0x", "\"agent\":\"")), (0, "agent", 40));
    assert_eq!(hexadecimal(refused("\"agent\":\"0x", "\"agent\":\"0x0")), (0, "agent", 40));
    assert_eq!(hexadecimal(refused("\"programId\":\"0x", "\"programId\":\"0xzz")), (0, "programId", 64));
    assert_eq!(hexadecimal(refused("0xcccc", "0xCCcc")), (0, "verifyingContract", 40));
    let above = format!("\"initialState\":\"0x{}\"", "f".repeat(64));
    let start = good.find("\"initialState\"").unwrap();
    let end = start + above.len();
    let error = published_chains(good.replacen(&good[start..end], &above, 1).as_bytes()).unwrap_err();
    assert!(matches!(error, AgentsFileError::NotReduced { position: 0, field: "initialState" }), "{error}");
    let line: serde_json::Value = serde_json::from_str(&good).unwrap();
    let twice = serde_json::json!([line[0], line[1], line[0]]).to_string();
    assert!(matches!(published_chains(twice.as_bytes()), Err(AgentsFileError::Repeated { position: 2 })));
    let error = changed(|log| drop(log.files.insert("agents.json".into(), twice.into())));
    assert!(matches!(error, AuditError::Agents { .. }));
}

/// Without a card the program's digest is the operator's word; with one a lie is named before any entry is read.
#[test]
fn a_card_confirms_what_a_chain_starts_from() {
    let mut log = HONEST.clone();
    let lines: serde_json::Value = serde_json::from_str(&FLEET.agents()).unwrap();
    let mut lied = lines.clone();
    lied[1]["initialState"] = format!("0x{}", "0".repeat(64)).into();
    log.files.insert("agents.json".into(), lied.to_string().into());
    assert!(matches!(log.audit(), Err(AuditError::Link { index: 1, .. })));
    let cards = [FLEET.program.card.clone()];
    let whom = policy(1);
    let settings = AuditSettings { cards: &cards, ..AuditSettings::new(&whom) };
    let error = audit(&log, &settings, |_, _| ()).unwrap_err();
    let AuditError::Card { agent, .. } = error else { panic!("{error}") };
    assert_eq!(agent, Fleet::key(1).address());
}

#[test]
fn a_folder_that_cannot_be_read_is_no_verdict() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::at(place.path());
    assert!(folder.get("checkpoint", 10).unwrap().is_none());
    std::fs::create_dir(place.path().join("checkpoint")).unwrap();
    let whom = policy(1);
    let settings = AuditSettings::new(&whom);
    let error = audit(&folder, &settings, |_, _| ()).unwrap_err();
    assert!(matches!(error, AuditError::Unreadable(SourceError::Io { .. })), "{error}");
    assert_eq!((error.index(), error.file()), (None, None));
    std::fs::write(place.path().join("tile"), b"a file").unwrap();
    assert!(folder.get("tile/0/000", 10).unwrap().is_none());
    assert_eq!(folder.get("tile", 6).unwrap().as_deref(), Some(&b"a file"[..]));
    assert!(matches!(folder.get("tile", 5), Err(SourceError::TooLong { limit: 5, .. })));
}
