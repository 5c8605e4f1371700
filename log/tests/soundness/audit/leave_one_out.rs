//! Logs in which one thing is wrong, or two: the first is named, with its file and entry; and whoever leaves its rule out is
//! fooled.

use crate::model::{self, Given, RULES, Rule};
use crate::published::{Fleet, ORIGIN, Published, checkpoint, policy, signed, signer, witness};
use candor_log::audit::{AuditError, AuditReport, AuditSettings, Bodies, BodyFault, SourceError, audit};
use candor_log::retention::PublishedPolicy;
use candor_program::Fr;
use candor_program::encoding::{FrBytes, encode};
use candor_trace::tlog::{
    Checkpoint, CheckpointRejected, CosignatureSigner, Hash, Note, NoteRejected, NoteSigner,
};
use candor_trace::{AgentKey, Chain, ChainError, Entry, Header, Link, Recorder, body_hash};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Entries: a full bundle, and four of the next. The last two are those of the two agents.
const SIZE: usize = 260;
const LAST: u64 = 259;
const LAST_BUNDLE: &str = "tile/entries/001.p/4";
/// Size of the kept checkpoint.
const KEPT: usize = 100;

static FLEET: LazyLock<Fleet> = LazyLock::new(|| Fleet::new(2, SIZE));

fn other_log_key() -> NoteSigner {
    NoteSigner::new(ORIGIN, &[9; 32]).unwrap()
}

fn honest() -> Given {
    let kept = checkpoint(&FLEET.entries()[..KEPT]);
    let bodies = FLEET.records.iter().map(|record| (body_hash(&record.body), encode(&record.body)));
    Given {
        log: FLEET.published(),
        remembered: Some(kept),
        card: Some(FLEET.program.card.clone()),
        bodies: bodies.collect(),
    }
}

/// An entry whose header is changed and signed again by its agent, as if it had always been so: only acc follows.
fn resigned(index: usize, change: impl FnOnce(&mut Header, &Link)) -> Entry {
    let chain = Chain::of(&FLEET.program.card);
    let before = Link::after(&chain, &FLEET.records[index - 2].header);
    let mut entry = Entry::of(&FLEET.records[index], &chain.domain);
    let header = &mut entry.signed.header;
    change(header, &before);
    header.acc = before.next_acc(header);
    signed_by(entry, Fleet::key((index % 2) as u8))
}

fn signed_by(mut entry: Entry, key: AgentKey) -> Entry {
    entry.signed.signature = key.sign(&entry.record_hash());
    entry
}

/// The entry at an index, so that only this rule refuses it; `None`: the rule is not about entries.
fn entry_against(rule: Rule, index: usize) -> Option<Entry> {
    let domain = FLEET.program.card.domain;
    let entry = Entry::of(&FLEET.records[index], &domain);
    let key = || Fleet::key((index % 2) as u8);
    let wrong = FrBytes::from(Fr::from(77_u64));
    Some(match rule {
        Rule::Listed => {
            let mut stranger = Recorder::resume(FLEET.program.clone(), Fleet::key(5), None).unwrap();
            let seen = FLEET.records[index].body.observation.clone();
            let record = stranger.record(seen, crate::agent::salts(1)).unwrap().record;
            Entry::of(&record, &domain)
        }
        Rule::Domain => {
            let mut elsewhere = entry;
            elsewhere.domain.chain_id += 1;
            signed_by(elsewhere, key())
        }
        Rule::Sequence => resigned(index, |header, _| header.sequence += 1),
        Rule::Previous => resigned(index, |header, _| header.previous_record = [9; 32]),
        Rule::Time => resigned(index, |header, before| header.time = before.time() - 1),
        Rule::State => resigned(index, |header, _| header.state_before = wrong),
        Rule::Acc => {
            let mut entry = entry;
            entry.signed.header.acc = wrong;
            signed_by(entry, key())
        }
        Rule::Signature => signed_by(entry, Fleet::key(5)),
        Rule::BodyContent => Entry { body: body_hash(&FLEET.records[index - 1].body), ..entry },
        _ => return None,
    })
}

/// A checkpoint over the honest entries with another text, key or cosignature.
fn note(
    origin: &str,
    log: &NoteSigner,
    cosign: impl FnOnce(&str) -> Vec<candor_trace::tlog::SignatureLine>,
) -> Vec<u8> {
    let honest = Note::parse(&FLEET.published().files["checkpoint"]).unwrap();
    let root = *Checkpoint::parse(honest.text()).unwrap().root();
    let text = Checkpoint::new(origin, SIZE as u64, root).unwrap().to_string();
    let mut note = Note::new(&text, log.sign(&text)).unwrap();
    cosign(&text).into_iter().for_each(|line| note.add(line).unwrap());
    note.to_bytes()
}

/// What these rules alone refuse; what they are about is wrong, everything else as it should be.
fn against(rules: &[Rule]) -> Given {
    let mut entries = FLEET.entries();
    for &rule in rules {
        if let Some(entry) = entry_against(rule, LAST as usize) {
            entries[LAST as usize] = entry.to_bytes();
        }
    }
    let log = Published::of(&entries, &FLEET.agents());
    let mut given = Given { log, ..honest() };
    // Where the record is another one, its body is withheld: it would not be what was signed.
    if rules.iter().any(|rule| entry_against(*rule, LAST as usize).is_some() && *rule != Rule::BodyContent) {
        given.bodies.remove(&body_hash(&FLEET.records[LAST as usize].body));
    }
    rules.iter().for_each(|rule| change(*rule, &mut given));
    given
}

fn change(rule: Rule, given: &mut Given) {
    let files = &mut given.log.files;
    let mut put = |name: &str, bytes: Vec<u8>| drop(files.insert(name.to_owned(), bytes));
    let own = signer();
    match rule {
        Rule::Signed => {
            put("checkpoint", note(ORIGIN, &other_log_key(), |text| vec![witness().cosign(text, 1)]));
        }
        Rule::Origin => {
            put("checkpoint", note("log.example/other", &own, |text| vec![witness().cosign(text, 1)]));
        }
        Rule::Quorum => put("checkpoint", note(ORIGIN, &own, |_| Vec::new())),
        Rule::Witness => {
            let stranger = CosignatureSigner::new("stranger.example", &[3; 32]).unwrap();
            put("checkpoint", note(ORIGIN, &own, |text| vec![stranger.cosign(text, 1)]));
        }
        Rule::Cosignature => {
            put("checkpoint", note(ORIGIN, &own, |_| vec![witness().cosign("another text\n", 1)]));
        }
        Rule::Kept => {
            let kept = Note::parse(given.remembered.as_ref().unwrap()).unwrap();
            let forged = Note::new(kept.text(), other_log_key().sign(kept.text())).unwrap();
            given.remembered = Some(forged.to_bytes());
        }
        Rule::Shrunk => {
            given.remembered = Some(checkpoint(&FLEET.entries()));
            given.log = Published::of(&FLEET.entries()[..200], &FLEET.agents());
        }
        Rule::Minimum => given.log.promise(SIZE as u64 + 1),
        Rule::Retention => {
            let policy = PublishedPolicy { minimum_index: 256, ..PublishedPolicy::default() };
            put("policy.json", policy.to_bytes().unwrap());
        }
        Rule::Repeated | Rule::Card => {
            let mut lines: Vec<Value> = serde_json::from_slice(&files["agents.json"]).unwrap();
            let mut line = lines[0].clone();
            if rule == Rule::Card {
                // A chain without records.
                line["agent"] = format!("0x{}", hex::encode(Fleet::key(5).address())).into();
                line["initialState"] = format!("0x{}", "0".repeat(64)).into();
            }
            lines.push(line);
            files.insert("agents.json".into(), Value::Array(lines).to_string().into());
        }
        Rule::Bundle => drop(files.remove("tile/entries/000").unwrap()),
        Rule::Tile => drop(files.remove("tile/0/001.p/4").unwrap()),
        Rule::TileHashes => files.get_mut("tile/0/000").unwrap()[32 * 7] ^= 1,
        Rule::Forked => given.remembered = Some(signed(KEPT as u64, Hash([9; 32]))),
        Rule::Root => put("checkpoint", signed(SIZE as u64, Hash([9; 32]))),
        Rule::BodyHash => {
            let hash = body_hash(&FLEET.records[LAST as usize].body);
            given.bodies.insert(hash, encode(&FLEET.records[0].body));
        }
        // Changed in their entry.
        Rule::Listed
        | Rule::Domain
        | Rule::Sequence
        | Rule::Previous
        | Rule::Time
        | Rule::State
        | Rule::Acc
        | Rule::Signature
        | Rule::BodyContent => {}
    }
}

/// Bodies by the hash under which they were handed over.
struct Handed<'a>(&'a BTreeMap<[u8; 32], Vec<u8>>);

impl Bodies for Handed<'_> {
    fn body(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.0.get(hash).cloned())
    }
}

fn audited(given: &Given) -> Result<AuditReport, AuditError> {
    let (bodies, cards) = (Handed(&given.bodies), given.card.clone());
    let whom = policy(1);
    let settings = AuditSettings {
        remembered: given.remembered.as_deref(),
        cards: cards.as_slice(),
        bodies: Some(&bodies),
        ..AuditSettings::new(&whom)
    };
    audit(&given.log, &settings, |_, _| ())
}

/// The rule that an audit says is broken.
fn rule_of(error: &AuditError, given: &Given) -> Option<Rule> {
    let lines = || Note::parse(&given.log.files["checkpoint"]).unwrap().signatures().len();
    Some(match error {
        AuditError::Checkpoint { source } => match source {
            CheckpointRejected::NotSignedByLog { name } if name == ORIGIN => Rule::Signed,
            CheckpointRejected::Origin { .. } => Rule::Origin,
            CheckpointRejected::Quorum { needed: 1, got: 0 } if lines() == 1 => Rule::Quorum,
            CheckpointRejected::Quorum { needed: 1, got: 0 } => Rule::Witness,
            CheckpointRejected::Signature(NoteRejected::BadSignature { name, .. })
                if name == "witness.example" =>
            {
                Rule::Cosignature
            }
            _ => return None,
        },
        AuditError::Remembered { .. } => Rule::Kept,
        AuditError::Shrunk { .. } => Rule::Shrunk,
        AuditError::MinimumIndex { .. } => Rule::Minimum,
        AuditError::NoRetention { .. } => Rule::Retention,
        AuditError::Agents { source: candor_log::audit::AgentsFileError::Repeated { position: 2 } } => {
            Rule::Repeated
        }
        AuditError::Card { agent, .. } if *agent == Fleet::key(5).address() => Rule::Card,
        AuditError::Missing { file, .. } if file.starts_with("tile/entries/") => Rule::Bundle,
        AuditError::Missing { .. } => Rule::Tile,
        AuditError::TileMismatch { .. } => Rule::TileHashes,
        AuditError::Unregistered { .. } => Rule::Listed,
        AuditError::Domain { .. } => Rule::Domain,
        AuditError::Link { source, .. } => match source {
            ChainError::SequenceGap { .. } => Rule::Sequence,
            ChainError::PreviousRecordMismatch { got: [9, ..], .. } => Rule::Previous,
            ChainError::TimeBackwards { .. } => Rule::Time,
            ChainError::StateMismatch { .. } => Rule::State,
            ChainError::AccMismatch { .. } => Rule::Acc,
            _ => return None,
        },
        AuditError::Signature { .. } => Rule::Signature,
        AuditError::Forked { size: 100, .. } => Rule::Forked,
        AuditError::Root { .. } => Rule::Root,
        AuditError::Bodies { faults } if (faults.bodies, faults.chains) == (1, 1) => {
            match faults.first[0].fault {
                BodyFault::Hash { .. } => Rule::BodyHash,
                BodyFault::Content(_) => Rule::BodyContent,
                BodyFault::Malformed { .. } => return None,
            }
        }
        _ => return None,
    })
}

/// File and entry that are named.
fn place(rule: Rule) -> (Option<&'static str>, Option<u64>) {
    match rule {
        Rule::Kept | Rule::Forked => (None, None),
        Rule::Minimum | Rule::Retention => (Some("policy.json"), None),
        Rule::Repeated | Rule::Card => (Some("agents.json"), None),
        Rule::Bundle => (Some("tile/entries/000"), Some(0)),
        Rule::Tile => (Some("tile/0/001.p/4"), Some(256)),
        Rule::TileHashes => (Some("tile/0/000"), Some(7)),
        Rule::BodyHash | Rule::BodyContent => (None, Some(LAST)),
        rule if entry_against(rule, LAST as usize).is_some() => (Some(LAST_BUNDLE), Some(LAST)),
        _ => (Some("checkpoint"), None),
    }
}

fn is_named(rule: Rule, given: &Given) {
    let error = audited(given).expect_err("something is wrong");
    assert_eq!(rule_of(&error, given), Some(rule), "{error}");
    assert_eq!((error.file(), error.index()), place(rule), "{rule:?}: {error}");
}

#[test]
fn an_honest_log_breaks_no_rule() {
    let given = honest();
    let report = audited(&given).unwrap();
    assert_eq!((report.entries, report.bodies, report.remembered), (SIZE as u64, SIZE as u64, Some(100)));
    assert_eq!(model::audit(&given, None), Ok(()));
}

/// Each single thing wrong is named exactly; and leaving any rule out fools whoever leaves it out: none is covered by another.
#[test]
fn without_any_one_rule_a_log_passes_that_must_not() {
    for rule in RULES {
        let mut given = against(&[rule]);
        if rule == Rule::BodyHash {
            // With the card what a body says would be found wrong too.
            given.card = None;
        }
        is_named(rule, &given);
        assert_eq!(model::audit(&given, None), Err(rule));
        assert_eq!(model::audit(&given, Some(rule)), Ok(()), "{rule:?}");
    }
}

/// The entries of both agents are wrong, each in any way: the one before is named.
#[test]
fn of_two_wrong_entries_the_one_before_is_named() {
    let rules = RULES.into_iter().filter(|rule| (Rule::Listed..=Rule::Signature).contains(rule));
    for (first, second) in rules.clone().flat_map(|first| rules.clone().map(move |second| (first, second))) {
        let mut entries = FLEET.entries();
        for (index, rule) in [(LAST - 1, first), (LAST, second)] {
            entries[index as usize] = entry_against(rule, index as usize).expect("of an entry").to_bytes();
        }
        let given = Given { log: Published::of(&entries, &FLEET.agents()), ..honest() };
        let error = audited(&given).expect_err("something is wrong");
        assert_eq!(rule_of(&error, &given), Some(first), "{second:?}: {error}");
        assert_eq!(
            (error.file(), error.index()),
            (Some(LAST_BUNDLE), Some(LAST - 1)),
            "{first:?}, {second:?}"
        );
    }
}

/// Two things are wrong in different parts: the one that is read first is named.
#[test]
fn of_two_things_wrong_the_first_in_order_is_named() {
    let order = [
        Rule::Signed,
        Rule::Kept,
        Rule::Minimum,
        Rule::Repeated,
        Rule::Card,
        Rule::Bundle,
        Rule::Forked,
        Rule::TileHashes,
        Rule::Signature,
        Rule::Tile,
        Rule::Root,
        Rule::BodyHash,
    ];
    // One file is wrong in one way at a time.
    let same_file = [(Rule::Signed, Rule::Root), (Rule::Kept, Rule::Forked)];
    for (position, first) in order.into_iter().enumerate() {
        for second in
            order.into_iter().skip(position + 1).filter(|second| !same_file.contains(&(first, *second)))
        {
            is_named(first, &against(&[first, second]));
        }
    }
}
