//! Pruning: what is settled goes, what is pinned or within its window stays and can be proven, whatever fails on the way.

use crate::agent::program;
use crate::disk::Dice;
use crate::disk::fault::Computer;
use crate::disk::machine::{EIO, ENOSPC, Trouble};
use crate::full;
use crate::world::{Agents, Told, agents, settings, signer};
use candor_log::audit::{AuditError, AuditReport, AuditSettings, KnownRetention, Source, SourceError, audit};
use candor_log::pipeline::{
    BodyState, Log, OpenCheck, PipelineError, PruneOptions, PruneReport, RetainError, SubmitError, mark, pin,
    pins, policy, prune, set_retention, unpin,
};
use candor_log::retention::{
    MarkError, Pin, PinnedRange, Pins, PublishedPolicy, RetentionPolicy, SignedTombstone,
};
use candor_trace::Entry;
use candor_trace::tlog::{Note, QuorumPolicy, leaf_hash, verify_consistency};
use std::sync::OnceLock;
use std::time::Duration;

/// Bodies are kept for 200 seconds, entries for 600.
pub(crate) const RETENTION: RetentionPolicy = RetentionPolicy {
    dispute_seconds: 100,
    proving_seconds: 50,
    finality_seconds: 20,
    margin_seconds: 30,
    entries_extra_seconds: 400,
    evidence_seconds: Some(1_500),
};
/// Records that are handed in before anything is pruned.
pub(crate) const RECORDS: usize = 900;
/// Records under the first mark.
const MARKED: usize = 700;
/// A minimum index that follows from it: whole bundles.
const MINIMUM: u64 = 512;

/// A log of 900 records, marked at 700 at time 1000 and at 900 at time 1900; records 10 to 12 of the second agent are
/// pinned. Two more records of each agent are still to come.
pub(crate) struct Built {
    pub(crate) computer: Computer,
    pub(crate) agents: Agents,
    pub(crate) told: Told,
}

impl Built {
    /// The pin.
    pub(crate) fn case(&self) -> Pin {
        let records = pinned_range(&self.agents);
        Pin { name: "case-7".into(), records, reason: "disputed".into() }
    }
}

fn pinned_range(agents: &Agents) -> PinnedRange {
    let second = &agents.registrations[1];
    PinnedRange { agent: second.agent, program_id: second.program_id, first: 10, last: 12 }
}

pub(crate) fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let (computer, agents, mut told) = (Computer::default(), agents(3, 302), Told::default());
        let disk = || computer.disk();
        assert!(told.hand_in(disk, &agents, MARKED).is_ok());
        set_retention(disk(), RETENTION).unwrap();
        assert_eq!(mark(disk(), 1_000, None).unwrap().size, MARKED as u64);
        assert!(told.hand_in(disk, &agents, RECORDS).is_ok());
        assert_eq!(mark(disk(), 1_900, None).unwrap().size, RECORDS as u64);
        computer.next_process();
        let built = Built { computer, agents, told };
        pin(built.computer.disk(), built.case()).unwrap();
        built.computer.next_process();
        built
    })
}

pub(crate) fn at(now: u64) -> PruneOptions {
    PruneOptions { max_clock_step_seconds: Some(86_400), ..PruneOptions::at(now) }
}

/// The public files as they lie on the machine, with nothing running.
struct Public<'a>(&'a Computer);

impl Source for Public<'_> {
    fn get(&self, file: &str, _: u64) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.0.read(&format!("public/{file}")))
    }
}

/// An auditor who reads the files, knows what was promised and what must be there, finds everything that is gone in a
/// tombstone, by the promise.
pub(crate) fn audit_files(built: &Built, computer: &Computer, with_pin: bool) {
    let report = try_audit(built, computer, with_pin);
    let report = report.unwrap_or_else(|error| panic!("{error}\n{:#?}", computer.history()));
    assert_eq!(report.pruning.pins_unseen, 0);
}

/// What such an auditor says.
pub(crate) fn try_audit(
    built: &Built,
    computer: &Computer,
    with_pin: bool,
) -> Result<AuditReport, AuditError> {
    let own = QuorumPolicy::new(signer().verifier_key().clone(), Vec::new(), 0).unwrap();
    let mut pins = Pins::default();
    if with_pin {
        pins.add(built.case()).unwrap();
    }
    let promised = Some(&RETENTION);
    let retention = KnownRetention { promised, pins: Some(&pins), now: Some(10_000) };
    let settings = AuditSettings { retention, ..AuditSettings::new(&own) };
    audit(&Public(computer), &settings, |_, _| ())
}

/// Whether the pin keeps a record.
pub(crate) fn is_pinned(record: usize) -> bool {
    record % 3 == 1 && (10..=12).contains(&(record / 3))
}

/// What the public policy promises is there, and what is not promised is there or says that it is gone; everything can be
/// proven; the chains go on; nothing was forked.
pub(crate) fn check(built: &Built, computer: &Computer, (check, one_in): (OpenCheck, usize), with_pin: bool) {
    audit_files(built, computer, with_pin);
    let promise = policy(computer.disk()).unwrap();
    let settings = candor_log::pipeline::LogSettings { open_check: check, ..settings() };
    let (log, _) = Log::open(computer.disk(), settings, signer()).unwrap();
    let sequenced = log.status().sizes.sequenced;
    assert!(log.wait_published(sequenced - 1, Duration::from_secs(20)).unwrap());
    let size = log.status().sizes.published.expect("published");
    let quorum = QuorumPolicy::new(signer().verifier_key().clone(), Vec::new(), 0).unwrap();
    let sample = |record: usize| record.is_multiple_of(one_in) || is_pinned(record);
    for (&record, &index) in built.told.acknowledged.iter().filter(|(record, _)| sample(**record)) {
        let honest = &built.agents.records[record];
        let pinned = with_pin && is_pinned(record);
        match log.entry(index) {
            Ok(entry) => assert_eq!(entry.to_bytes(), honest.entry),
            Err(PipelineError::Pruned { minimum, .. }) => {
                assert!(index < promise.minimum_index && index < minimum && !pinned, "record {record}");
                assert_eq!(log.find(&honest.record_hash).unwrap(), None);
                assert!(log.entry_tombstone(index).is_some(), "record {record} went without a tombstone");
            }
            Err(error) => panic!("record {record}: {error}"),
        }
        if let Some(body) = &honest.submission.body {
            match log.body_state(&honest.submission.body_hash, Some(index)).unwrap() {
                BodyState::There(found) => assert_eq!(found, *body),
                // Agents may have seen the same.
                BodyState::Pruned { index: of, .. } => {
                    let same = built.told.acknowledged.iter().find(|(_, index)| **index == of).unwrap().0;
                    assert_eq!(built.agents.records[*same].submission.body_hash, honest.submission.body_hash);
                    assert!(of < promise.minimum_body_index && !pinned, "body of record {record}");
                }
                BodyState::Missing => panic!("the body of record {record} went without a tombstone"),
            }
        }
        match log.submit(honest.submission.clone()) {
            Ok(pending) => assert_eq!(pending.wait().unwrap().index, index),
            Err(SubmitError::Settled { sequence }) => {
                assert!(index < promise.minimum_index && !pinned && sequence == record as u64 / 3);
            }
            Err(error) => panic!("record {record}: {error}"),
        }
        if record % 37 == 0 || pinned {
            let proof = log.inclusion(index).unwrap();
            proof.verify(&leaf_hash(&honest.entry), &quorum).unwrap();
        }
    }
    let root = |note: Note| *quorum.check(&note).unwrap().checkpoint().root();
    let current = root(log.checkpoint().unwrap());
    for (old, old_root) in built.told.remembered.all() {
        let proof = log.consistency(old, size).unwrap();
        verify_consistency(old, &old_root, size, &current, &proof).unwrap();
    }
    for honest in &built.agents.records[RECORDS..] {
        let index = log.submit(honest.submission.clone()).unwrap().wait().unwrap().index;
        assert!(index >= RECORDS as u64 && log.wait_published(index, Duration::from_secs(20)).unwrap());
        assert_eq!(log.entry(index).unwrap().to_bytes(), honest.entry);
    }
    log.shut_down().unwrap();
}

/// Checks copies, so that what is pruned is not changed by being looked at: gone through as a whole and at the edge
/// only, with the index that is there and with one that is made again.
pub(crate) fn check_copies(built: &Built, computer: &Computer, one_in: usize, with_pin: bool) {
    check(built, &computer.copy(), (OpenCheck::Everything, one_in), with_pin);
    let without_index = computer.copy();
    without_index.tamper("private/index.redb", None);
    check(built, &without_index, (OpenCheck::Edge, one_in), with_pin);
}

#[test]
fn what_is_settled_goes_and_everything_kept_is_proven() {
    let built = built();
    let computer = built.computer.copy();
    // Within all windows nothing goes.
    let nothing = prune(built.computer.copy().disk(), &signer(), &at(1_199)).unwrap_err();
    assert!(matches!(nothing, RetainError::Mark(MarkError::ClockBackwards { .. })), "{nothing}");
    let dry = prune(computer.disk(), &signer(), &PruneOptions { dry_run: true, ..at(1_900) }).unwrap();
    let report = prune(computer.disk(), &signer(), &at(1_900)).unwrap();
    println!("{report:#?}");
    let expected = PruneReport {
        decisions: RECORDS as u64,
        minimum_index: MINIMUM,
        minimum_body_index: MARKED as u64,
        bundles_removed: 1,
        bundles_pinned: 1,
        segments_removed: report.segments_removed,
        tombstone: Some(0),
        // Every third body is withheld.
        bodies_moved: 3,
        ..report
    };
    assert_eq!(report, expected);
    assert!(report.segments_removed > 10 && report.evidence_removed == 0);
    assert_eq!(computer.read("public/tile/entries/001"), None);
    assert!(computer.read("public/tile/entries/000").is_some(), "its bundle has a pinned record");
    // The dry run said so, and changed nothing.
    assert_eq!(
        (dry.after.entries, dry.after.journal, dry.after.bodies),
        (report.after.entries, report.after.journal, report.after.bodies)
    );
    assert!(report.after.total() < report.before.total());
    assert_eq!(report.after.hashes, report.before.hashes);
    let promise = PublishedPolicy::from_bytes(&computer.read("public/policy.json").unwrap()).unwrap();
    assert_eq!((promise.minimum_index, promise.minimum_body_index), (MINIMUM, MARKED as u64));
    let key = signer().verifier_key().clone();
    let tombstone = |number: u64| {
        let bytes = computer.read(&format!("public/tombstone/{number}")).expect("a tombstone");
        *SignedTombstone::parse(&bytes, &key).unwrap().tombstone()
    };
    let first = tombstone(0);
    assert_eq!((first.time, first.tree_size, first.retention), (1_900, RECORDS as u64, RETENTION));
    assert_eq!((first.entries.from, first.entries.to, first.entries.dropped), (0, MINIMUM, 256));
    assert_eq!((first.entries.mark.time, first.entries.mark.size), (1_000, MARKED as u64));
    assert!(first.bodies.to <= MARKED as u64 && first.bodies.dropped == report.bodies_dropped);
    // Every third body was never there, three are pinned.
    assert_eq!(first.bodies.dropped, first.bodies.to - first.bodies.to / 3 - 3);
    check_copies(built, &computer, 1, true);
    // The same again changes nothing.
    let files = computer.files();
    let again = prune(computer.disk(), &signer(), &at(1_900)).unwrap();
    assert_eq!((again.bundles_removed, again.segments_removed, again.bodies_removed), (0, 0, 0));
    assert_eq!((again.tombstone, again.bodies_dropped), (None, 0));
    assert_eq!((again.minimum_index, computer.files()), (MINIMUM, files));
    // Without its pin the disputed run goes too, and evidence once its window is over.
    assert_eq!(unpin(computer.disk(), "case-7").unwrap().name, "case-7");
    let later = prune(computer.disk(), &signer(), &at(2_700)).unwrap();
    assert_eq!(
        (later.bundles_removed, later.bundles_pinned, later.evidence_removed),
        (2, 0, 1),
        "{later:#?}"
    );
    assert_eq!(later.minimum_index, 768);
    assert!(later.bodies_removed > 0 && later.after.bodies == 0);
    let second = tombstone(1);
    assert_eq!((second.number, second.entries.from, second.entries.to), (1, MINIMUM, 768));
    assert_eq!((second.entries.dropped, second.bodies.from), (512, first.bodies.to));
    assert_eq!(computer.read("public/tile/entries/000"), None);
    check_copies(built, &computer, 1, false);
}

#[test]
fn without_a_policy_or_with_a_wrong_clock_nothing_goes() {
    let built = built();
    let computer = Computer::default();
    let none = prune(computer.disk(), &signer(), &at(0)).unwrap_err();
    assert!(matches!(none, RetainError::Pipeline(PipelineError::NoLog { .. })), "{none}");
    computer.restart(&mut Dice(0));
    drop(Log::create(computer.disk(), settings(), signer()).unwrap());
    let none = prune(computer.disk(), &signer(), &at(5_000)).unwrap_err();
    assert!(matches!(none, RetainError::NoPolicy { .. }), "{none}");
    let step = prune(built.computer.copy().disk(), &signer(), &at(1_900 + 86_401)).unwrap_err();
    assert!(matches!(step, RetainError::Mark(MarkError::ClockStep { .. })), "{step}");
    let accepted = PruneOptions { max_clock_step_seconds: None, ..at(1_900 + 86_401) };
    assert_eq!(prune(built.computer.copy().disk(), &signer(), &accepted).unwrap().minimum_index, 768);
    // A log that is open is not pruned.
    let computer = built.computer.copy();
    let (log, _) = Log::open(computer.disk(), settings(), signer()).unwrap();
    let open = prune(computer.disk(), &signer(), &at(1_900)).unwrap_err();
    assert!(matches!(open, RetainError::Pipeline(PipelineError::Locked { .. })), "{open}");
    drop(log);
    // Files that are none.
    for file in ["public/policy.json", "private/marks.json", "private/pins.json"] {
        let computer = built.computer.copy();
        computer.tamper(file, Some(b"{}".to_vec()));
        let malformed = prune(computer.disk(), &signer(), &at(1_900)).unwrap_err();
        assert!(matches!(&malformed, RetainError::File { file: named, .. } if named == file), "{malformed}");
    }
}

#[test]
fn two_commands_do_not_change_the_retention_files_at_once() {
    use candor_log::Disk;
    let computer = built().computer.copy();
    let other = computer.disk();
    assert!(other.lock("private/retention.lock").unwrap());
    let busy = unpin(computer.disk(), "case-7").unwrap_err();
    assert!(matches!(busy, RetainError::Busy { .. }), "{busy}");
    drop(other);
    assert_eq!(pins(computer.disk()).unwrap().len(), 1);
}

#[test]
fn what_is_pruned_cannot_be_pinned() {
    let built = built();
    let computer = built.computer.copy();
    prune(computer.disk(), &signer(), &at(1_900)).unwrap();
    let third = &built.agents.registrations[2];
    let run = |first| Pin {
        name: format!("from-{first}"),
        records: PinnedRange { agent: third.agent, program_id: third.program_id, first, last: 400 },
        reason: String::new(),
    };
    // Entries below 512: the third agent's first 170.
    let gone = pin(computer.disk(), run(169)).unwrap_err();
    assert!(matches!(gone, RetainError::PinsPruned { first_kept: 170 }), "{gone}");
    pin(computer.disk(), run(170)).unwrap();
    // What another pin keeps can be pinned again.
    let records = pinned_range(&built.agents);
    pin(computer.disk(), Pin { name: "again".into(), records, reason: String::new() }).unwrap();
}

/// Damage is not hidden by removing it.
#[test]
fn a_damaged_bundle_is_not_pruned() {
    let built = built();
    let computer = built.computer.copy();
    let mut bytes = computer.read("public/tile/entries/001").unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    computer.tamper("public/tile/entries/001", Some(bytes));
    let refused = prune(computer.disk(), &signer(), &at(1_900)).unwrap_err();
    let RetainError::Pipeline(PipelineError::Damaged { file, .. }) = &refused else { panic!("{refused}") };
    assert_eq!(file, "public/tile/entries/001");
    assert!(computer.read("public/tile/entries/001").is_some() && computer.read("private/heads").is_none());
}

/// Names of what a pruning leaves, but for drafts, partial tiles that a power cut brings back, and what is made again.
pub(crate) fn left(computer: &Computer) -> Vec<String> {
    let other =
        |name: &String| !name.ends_with(".new") && !name.contains(".p/") && !name.contains("index.redb");
    computer.files().into_iter().filter(other).collect()
}

#[test]
fn trouble_at_any_call_of_a_pruning_breaks_no_promise() {
    let built = built();
    let expected = {
        let computer = built.computer.copy();
        let before = computer.calls();
        prune(computer.disk(), &signer(), &at(1_900)).unwrap();
        println!("{} calls", computer.calls() - before);
        left(&computer)
    };
    let troubles =
        [Trouble::Fail(EIO), Trouble::FailFromNow(ENOSPC), Trouble::KillBefore, Trouble::KillAfter];
    let mut tried = 0;
    // Most calls read; those that change anything are the last ones, so they are tried more often.
    for call in (1..).step_by(if full() { 1 } else { 17 }) {
        let trouble = troubles[(call / 17) as usize % troubles.len()];
        let (computer, mut dice) = (built.computer.copy(), Dice(call));
        computer.plan(call, trouble);
        let pruned = prune(computer.disk(), &signer(), &at(1_900));
        if !computer.happened() {
            break;
        }
        assert!(pruned.is_err(), "call {call}, {trouble:?}");
        if call % 2 == 0 {
            computer.restart(&mut dice);
        } else {
            computer.next_process();
        }
        let changed = computer.read("public/policy.json") != built.computer.read("public/policy.json")
            || computer.read("private/heads").is_some();
        if changed || tried % 8 == 0 {
            check(built, &computer.copy(), (OpenCheck::Everything, 41), true);
        }
        prune(computer.disk(), &signer(), &at(1_900))
            .unwrap_or_else(|error| panic!("call {call}, {trouble:?}: {error}"));
        computer.restart(&mut dice);
        let (left, plan) = (left(&computer), (call, trouble));
        let missing: Vec<_> = expected.iter().filter(|name| !left.contains(name)).collect();
        let too_many: Vec<_> = left.iter().filter(|name| !expected.contains(name)).collect();
        assert!(missing.is_empty() && too_many.is_empty(), "{plan:?}: {missing:?} {too_many:?}");
        if changed {
            check_copies(built, &computer, 41, true);
        }
        tried += 1;
    }
    println!("{tried} troubles");
    assert!(tried > 20);
}

/// A pruning dies before a name is durable; the next one goes on from what it sees; then the power takes what nobody synced.
#[test]
fn names_that_a_dead_pruning_left_are_durable_before_the_next_goes_on() {
    let built = built();
    let expected = {
        let computer = built.computer.copy();
        prune(computer.disk(), &signer(), &at(1_900)).unwrap();
        left(&computer)
    };
    for sync in 1.. {
        let computer = built.computer.copy();
        computer.plan_at_sync("folder p", sync, Trouble::KillBefore);
        let pruned = prune(computer.disk(), &signer(), &at(1_900));
        if !computer.happened() {
            assert!(sync > 20, "{sync}");
            break;
        }
        assert!(pruned.is_err(), "{sync}");
        computer.next_process();
        prune(computer.disk(), &signer(), &at(1_900)).unwrap_or_else(|error| panic!("{sync}: {error}"));
        computer.restart(&mut Dice::losing_names());
        // What is gone stays gone.
        assert_eq!(left(&computer), expected, "{sync}");
        check(built, &computer, (OpenCheck::Everything, 41), true);
    }
}

/// The chains' ends are checked against the signed tree when the log is opened.
#[test]
fn ends_of_chains_that_are_not_the_logs_are_refused() {
    let built = built();
    let computer = built.computer.copy();
    prune(computer.disk(), &signer(), &at(1_900)).unwrap();
    let heads = computer.read("private/heads").unwrap();
    for damaged in [heads[..heads.len() - 1].to_vec(), [&heads[..], &[0]].concat(), Vec::new()] {
        let computer = computer.copy();
        computer.tamper("private/heads", Some(damaged));
        let refused = Log::open(computer.disk(), settings(), signer()).err().expect("refused");
        let PipelineError::Damaged { file, .. } = &refused else { panic!("{refused}") };
        assert_eq!(file, "private/heads");
    }
    // A changed word of a header, or of its hash: every one of them is behind magic, version, size and count.
    for position in (22..heads.len()).step_by(13) {
        let computer = computer.copy();
        let mut changed = heads.clone();
        changed[position] ^= 4;
        computer.tamper("private/heads", Some(changed));
        let refused = Log::open(computer.disk(), settings(), signer()).err().expect("refused");
        let PipelineError::Damaged { file, .. } = &refused else { panic!("{refused}") };
        assert_eq!(file, "private/heads", "{position}: {refused}");
    }
    // Ends of a larger tree than was signed.
    let mut beyond = heads.clone();
    let size = beyond.windows(8).position(|bytes| bytes == MINIMUM.to_le_bytes()).expect("the size");
    beyond[size..size + 8].copy_from_slice(&9_999_u64.to_le_bytes());
    computer.tamper("private/heads", Some(beyond));
    let refused = Log::open(computer.disk(), settings(), signer()).err().expect("refused");
    let PipelineError::Damaged { damage, .. } = &refused else { panic!("{refused}") };
    assert!(matches!(damage, candor_log::pipeline::FileDamage::Beyond { got: 9_999, .. }), "{refused}");
    // The program's domain is what the entries are of.
    let entry = Entry::from_bytes(&built.agents.records[0].entry).unwrap();
    assert_eq!(entry.domain, program().card.domain);
}
