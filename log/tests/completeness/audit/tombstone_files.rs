//! Tombstones are the specified files, and are read as they were written.

use candor_log::retention::{
    BodyDigest, DroppedEvidence, KeptBody, Mark, Pin, PinnedRange, Pins, PrunedRange, RetentionPolicy, Run,
    Runs, SignedTombstone, Tombstone, TombstoneContent, content_path,
};
use candor_trace::tlog::{Hash, NoteSigner};

fn content() -> TombstoneContent {
    let mut pins = Pins::default();
    let records = PinnedRange { agent: [3; 20], program_id: [4; 32], first: 5, last: 9 };
    pins.add(Pin { name: "case-7".into(), records, reason: String::new() }).unwrap();
    let (mut entries, mut bodies) = (Runs::default(), Runs::default());
    entries.push(256, 256);
    bodies.push(3, 2);
    bodies.push(5, 1);
    bodies.push(7, 3);
    let mut digest = BodyDigest::default();
    digest.push(3, &[8; 32]);
    TombstoneContent {
        entries,
        bodies,
        bodies_sha256: digest.finish(),
        kept_bodies: vec![KeptBody { index: 6, hash: [6; 32] }],
        evidence: vec![DroppedEvidence { agent: [1; 20], record_hash: [2; 32], seen: 77 }],
        pins,
    }
}

fn tombstone(content: &TombstoneContent) -> Tombstone {
    Tombstone {
        number: 3,
        previous: Hash([5; 32]),
        time: 1_700_000_000,
        tree_size: 600,
        root: Hash([6; 32]),
        retention: RetentionPolicy { evidence_seconds: Some(9), ..RetentionPolicy::default() },
        entries: PrunedRange { from: 0, to: 512, dropped: 256, mark: Mark { time: 11, size: 530 } },
        bodies: PrunedRange { from: 0, to: 540, dropped: 6, mark: Mark { time: 12, size: 555 } },
        content: content.to_bytes().1,
    }
}

#[test]
fn the_text_is_the_specified_one_and_is_read_back() {
    let signer = NoteSigner::new("log.example/agents", &[7; 32]).unwrap();
    let content = content();
    let signed = tombstone(&content).sign(&signer).unwrap();
    let text = format!(
        "candor-log-tombstone/v1\nlog log.example/agents\nnumber 3\n\
         previous BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\ntime 1700000000\n\
         tree 600 BgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgY=\n\
         retention 604800 86400 86400 604800 30153600 9\n\
         entries 0 512 256 11 530\nbodies 0 540 6 12 555\ncontent {} {}\n",
        content.to_bytes().0.len(),
        content.to_bytes().1.sha256,
    );
    let bytes = signed.to_bytes();
    assert!(String::from_utf8(bytes.clone()).unwrap().starts_with(&text));
    let read = SignedTombstone::parse(&bytes, signer.verifier_key()).unwrap();
    assert_eq!(read, signed);
    assert_eq!(*read.tombstone(), tombstone(&content));
    let forever = Tombstone { retention: RetentionPolicy::default(), ..tombstone(&content) };
    let signed = forever.sign(&signer).unwrap();
    assert!(forever.text("log.example/agents").contains("30153600 -\n"));
    let read = SignedTombstone::parse(&signed.to_bytes(), signer.verifier_key()).unwrap();
    assert_eq!(read.tombstone().retention.evidence_seconds, None);
}

#[test]
fn the_content_is_read_back_and_named_by_its_hash() {
    let content = content();
    let (bytes, digest) = content.to_bytes();
    assert!(bytes.starts_with(b"CANDORTB"));
    assert_eq!(TombstoneContent::from_bytes(&bytes, &tombstone(&content)).unwrap(), content);
    assert_eq!(content_path(&digest), format!("tombstone/content/{}", hex::encode(digest.sha256.0)));
}

#[test]
fn runs_hold_what_was_put_into_them() {
    let mut runs = Runs::default();
    for index in [0, 1, 2, 5, 9, 10] {
        runs.push(index, 1);
    }
    runs.push(20, 0);
    let expected = [(0, 3), (5, 1), (9, 2)].map(|(first, count)| Run { first, count });
    assert_eq!(runs.as_slice(), expected);
    assert_eq!(runs.count(), 6);
    let inside: Vec<u64> = (0..30).filter(|index| runs.contains(*index)).collect();
    assert_eq!(inside, [0, 1, 2, 5, 9, 10]);
    let mut others = Runs::default();
    others.push(3, 2);
    others.push(30, 5);
    runs.merge(&others);
    let expected = [(0, 6), (9, 2), (30, 5)].map(|(first, count)| Run { first, count });
    assert_eq!(runs.as_slice(), expected);
}
