//! What is no tombstone of a log is refused, and said why.

use candor_log::retention::{
    BodyDigest, ContentDigest, ContentError, KeptBody, MAX_TOMBSTONE_TEXT_BYTES, MAX_WINDOW_SECONDS, Mark,
    PinError, PolicyError, PrunedRange, RetentionPolicy, Runs, SignedTombstone, TOMBSTONE_CONTENT_MAGIC,
    Tombstone, TombstoneContent, TombstoneError,
};
use candor_program::encoding::{DecodeError, encode_file};
use candor_trace::tlog::{CosignatureSigner, Hash, Note, NoteError, NoteSigner};
use sha2::{Digest, Sha256};

const ORIGIN: &str = "log.example/agents";

fn signer() -> NoteSigner {
    NoteSigner::new(ORIGIN, &[7; 32]).unwrap()
}

fn nothing() -> TombstoneContent {
    TombstoneContent {
        entries: Runs::default(),
        bodies: Runs::default(),
        bodies_sha256: BodyDigest::default().finish(),
        kept_bodies: Vec::new(),
        evidence: Vec::new(),
        pins: candor_log::retention::Pins::default(),
    }
}

fn tombstone() -> Tombstone {
    let mark = Mark { time: 1, size: 600 };
    Tombstone {
        number: 0,
        previous: Hash([0; 32]),
        time: 1_700_000_000,
        tree_size: 600,
        root: Hash([6; 32]),
        retention: RetentionPolicy::default(),
        entries: PrunedRange { from: 0, to: 512, dropped: 0, mark },
        bodies: PrunedRange { from: 0, to: 600, dropped: 0, mark },
        content: nothing().to_bytes().1,
    }
}

/// A text that the log's key signed, whatever it says.
fn read(text: &str) -> Result<SignedTombstone, TombstoneError> {
    let note = Note::new(text, signer().sign(text)).unwrap();
    SignedTombstone::parse(&note.to_bytes(), signer().verifier_key())
}

#[test]
fn each_line_is_needed_as_it_is() {
    let good = tombstone().text(ORIGIN);
    assert!(read(&good).is_ok());
    let begins = [
        "candor-log-tombstone/v1",
        "log ",
        "number ",
        "previous ",
        "time ",
        "tree ",
        "retention ",
        "entries ",
        "bodies ",
        "content ",
    ];
    for (position, expected) in begins.into_iter().enumerate() {
        let line = position + 1;
        for wrong in ["something ", "Something", ""] {
            let text = good.replacen(expected, wrong, 1);
            assert_eq!(read(&text).unwrap_err(), TombstoneError::Line { line, expected }, "{text}");
        }
    }
    // Numbers have one form, lines have so many words.
    for (from, to, line, expected) in [
        ("number 0", "number 00", 3, "number "),
        ("number 0", "number -1", 3, "number "),
        ("number 0", "number 18446744073709551616", 3, "number "),
        ("number 0", "number 0 ", 3, "number "),
        ("previous A", "previous !", 4, "previous "),
        ("time 1", "time +1", 5, "time "),
        ("tree 600", "tree x", 6, "tree "),
        ("tree 600 ", "tree 600 600 ", 6, "tree "),
        ("604800 -\n", "604800 --\n", 7, "retention "),
        ("retention 604800", "retention x", 7, "retention "),
        ("entries 0 512", "entries 0 0512", 8, "entries "),
        ("bodies 0 600 0 1 600", "bodies 0 600 0 1", 9, "bodies "),
        ("content ", "content x", 10, "content "),
    ] {
        let text = good.replacen(from, to, 1).replacen(
            "30153600 -\n",
            if from.starts_with("604800") { "30153600 --\n" } else { "30153600 -\n" },
            1,
        );
        assert_ne!(text, good, "{from}");
        assert_eq!(read(&text).unwrap_err(), TombstoneError::Line { line, expected }, "{text}");
    }
    assert_eq!(read(&format!("{good}more\n")).unwrap_err(), TombstoneError::Lines { got: 11 });
    let other = tombstone().text("log.example/other");
    assert_eq!(read(&other).unwrap_err(), TombstoneError::OtherLog);
    let limit = MAX_TOMBSTONE_TEXT_BYTES;
    let padded = |bytes: usize| format!("{good}{}\n", "x".repeat(bytes - good.len() - 1));
    assert_eq!(read(&padded(limit)).unwrap_err(), TombstoneError::Lines { got: 11 });
    assert_eq!(read(&padded(limit + 1)).unwrap_err(), TombstoneError::TooLong { limit, got: limit + 1 });
    let none = SignedTombstone::parse(b"nothing", signer().verifier_key()).unwrap_err();
    assert_eq!(none, TombstoneError::Note(NoteError::NoSignatures));
}

#[test]
fn ranges_are_whole_and_of_the_tree_and_windows_have_a_limit() {
    let range = |what, from, to| TombstoneError::Range { what, from, to, tree_size: 600 };
    let mark = Mark::default();
    let entries = |from, to| Tombstone { entries: PrunedRange { from, to, dropped: 0, mark }, ..tombstone() };
    let bodies = |from, to| Tombstone { bodies: PrunedRange { from, to, dropped: 0, mark }, ..tombstone() };
    for (made, expected) in [
        (entries(512, 256), range("entries", 512, 256)),
        (entries(0, 511), range("entries", 0, 511)),
        (entries(255, 512), range("entries", 255, 512)),
        (entries(0, 768), range("entries", 0, 768)),
        (bodies(2, 1), range("bodies", 2, 1)),
        (bodies(0, 601), range("bodies", 0, 601)),
    ] {
        assert_eq!(made.sign(&signer()).unwrap_err(), expected);
        assert_eq!(read(&made.text(ORIGIN)).unwrap_err(), expected);
    }
    assert!(bodies(600, 600).sign(&signer()).is_ok());
    let got = MAX_WINDOW_SECONDS + 1;
    let retention = RetentionPolicy { dispute_seconds: got, ..RetentionPolicy::default() };
    let text = Tombstone { retention, ..tombstone() }.text(ORIGIN);
    let part = "disputeSeconds";
    assert_eq!(read(&text).unwrap_err(), TombstoneError::Policy(PolicyError::TooLong { part, got }));
}

#[test]
fn only_the_logs_own_key_signs() {
    let text = tombstone().text(ORIGIN);
    let parse = |note: &Note| SignedTombstone::parse(&note.to_bytes(), signer().verifier_key());
    let other = NoteSigner::new(ORIGIN, &[9; 32]).unwrap();
    assert_eq!(parse(&Note::new(&text, other.sign(&text)).unwrap()).unwrap_err(), TombstoneError::Signature);
    let changed = text.replacen("number 0", "number 1", 1);
    let line = signer().sign(&text);
    assert_eq!(parse(&Note::new(&changed, line).unwrap()).unwrap_err(), TombstoneError::Signature);
    // A cosignature of the same name vouches for no tombstone.
    let witness = CosignatureSigner::new(ORIGIN, &[7; 32]).unwrap();
    let note = Note::new(&text, witness.cosign(&text, 1)).unwrap();
    let parsed = SignedTombstone::parse(&note.to_bytes(), witness.verifier_key());
    assert_eq!(parsed.unwrap_err(), TombstoneError::Signature);
}

/// Bytes, and a tombstone that names them.
fn named(bytes: &[u8], dropped: u64) -> Tombstone {
    let sha256 = Hash(Sha256::digest(bytes).into());
    let mut tombstone = tombstone();
    tombstone.content = ContentDigest { bytes: bytes.len() as u64, sha256 };
    tombstone.bodies.dropped = dropped;
    tombstone
}

#[test]
fn a_content_is_what_its_tombstone_says() {
    let (bytes, _) = nothing().to_bytes();
    let decode = |bytes: &[u8], dropped| TombstoneContent::from_bytes(bytes, &named(bytes, dropped));
    assert!(decode(&bytes, 0).is_ok());
    let mut other = named(&bytes, 0);
    other.content.bytes += 1;
    assert_eq!(TombstoneContent::from_bytes(&bytes, &other).unwrap_err(), ContentError::Digest);
    assert_eq!(decode(&bytes, 1).unwrap_err(), ContentError::Count { what: "bodies", expected: 1, got: 0 });
    let long = [&bytes[..], &[0]].concat();
    assert!(matches!(
        decode(&long, 0).unwrap_err(),
        ContentError::Decode(DecodeError::TrailingBytes { count: 1 })
    ));
    // Files of these parts, whatever they say.
    let file = |runs: &[(u64, u64)], kept: &[(u64, u8)], names: &[&str]| {
        let kept: Vec<KeptBody> =
            kept.iter().map(|(index, hash)| KeptBody { index: *index, hash: [*hash; 32] }).collect();
        let pin = |name: &&str| ((*name).to_owned(), [1_u8; 20], [2_u8; 32], 0_u64, 0_u64);
        let pins: Vec<_> = names.iter().map(pin).collect();
        let evidence: Vec<u8> = Vec::new();
        let none: Vec<(u64, u64)> = Vec::new();
        encode_file(&TOMBSTONE_CONTENT_MAGIC, &(none, runs.to_vec(), [0_u8; 32], kept, evidence, pins))
    };
    let run = |position| ContentError::Run { what: "bodies", position };
    let two = [(0, 2), (3, 1)];
    assert!(decode(&file(&two, &[(2, 1), (4, 1)], &["a"]), 3).is_ok());
    for (runs, position) in [
        (&[(0, 0)][..], 0),
        (&[(0, 2), (2, 1)], 1),
        (&[(3, 1), (0, 2)], 1),
        (&[(599, 2)], 0),
        (&[(u64::MAX, 2)], 0),
    ] {
        assert_eq!(decode(&file(runs, &[], &[]), 3).unwrap_err(), run(position), "{runs:?}");
    }
    assert!(decode(&file(&[(599, 1)], &[], &[]), 1).is_ok());
    for (kept, position) in [(&[(3, 1)][..], 0), (&[(2, 1), (2, 2)], 1), (&[(600, 1)], 0)] {
        assert_eq!(decode(&file(&two, kept, &[]), 3).unwrap_err(), ContentError::Kept { position });
    }
    let twice = decode(&file(&two, &[], &["a", "a"]), 3).unwrap_err();
    assert_eq!(twice, ContentError::Pin(PinError::NameTaken { name: "a".into() }));
}
