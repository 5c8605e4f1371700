//! Every limit at N and N + 1, and what a log that has stopped says.

use crate::fleet::gate::Keeper;
use crate::fleet::{Agent, append, create, key, open, refused, settings, signer, slow};
use candor_log::audit::{MAX_AGENTS_BYTES, published_chains};
use candor_log::pipeline::{
    Cosign, CosignRequest, Log, LogSettings, MAX_BODY_BYTES, MAX_REGISTRATIONS, PipelineError, RegisterError,
    SubmitError,
};
use candor_log::{DiskObjects, FileSystem, Objects};
use candor_trace::tlog::{CosignatureSigner, QuorumPolicy, SignatureLine};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn the_longest_body_and_one_more_byte() {
    let mut agent = Agent::new(0);
    let submission = agent.submission();
    let length = submission.body.as_ref().unwrap().len();
    for (limit, accepted) in [(length, true), (length - 1, false)] {
        let folder = tempfile::tempdir().unwrap();
        let log = create(folder.path(), LogSettings { max_body_bytes: limit, ..slow() });
        log.register(agent.registration.clone()).unwrap();
        match log.submit(submission.clone()) {
            Ok(_) => assert!(accepted),
            Err(SubmitError::BodyTooLarge { limit: said, got }) => {
                assert_eq!((said, got, accepted), (limit, length, false));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// While the disk is busy with one record, as many wait as the queue takes.
#[test]
fn a_full_queue_refuses_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = Keeper::default();
    let settings = LogSettings { queue_limit_records: 3, ..slow() };
    let log = Log::create(keeper.disk(folder.path()), settings, signer()).unwrap();
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    keeper.close("private/journal");
    let mut pending = vec![log.submit(agent.submission()).unwrap()];
    while log.status().queued > 0 {
        std::thread::yield_now();
    }
    for _ in 0..3 {
        pending.push(log.submit(agent.submission()).unwrap());
    }
    let next = agent.submission();
    let error = log.submit(next.clone()).unwrap_err();
    assert!(matches!(error, SubmitError::QueueFull { records: 3, bytes } if bytes > 0), "{error:?}");
    keeper.open();
    let indices: Vec<u64> = pending.into_iter().map(|pending| pending.wait().unwrap().index).collect();
    assert_eq!(indices, [0, 1, 2, 3]);
    // What was refused changed nothing: now it is accepted.
    assert_eq!(log.submit(next).unwrap().wait().unwrap().index, 4);
}

#[test]
fn a_queue_is_full_by_bytes_too() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), LogSettings { queue_limit_bytes: 600, ..slow() });
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    let submission = agent.submission();
    let error = log.submit(submission.clone()).unwrap_err();
    assert!(matches!(error, SubmitError::QueueFull { records: 0, bytes: 0 }), "{error:?}");
    // Without its body it has 502 bytes.
    log.submit(submission.without_body()).unwrap().wait().unwrap();
}

#[test]
fn as_many_entries_wait_to_be_integrated_as_the_setting_says() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), LogSettings { tail_limit_entries: 3, ..slow() });
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    append(&log, &mut agent, 2);
    append(&log, &mut agent, 1);
    let error = log.submit(agent.submission()).unwrap_err();
    assert!(matches!(error, SubmitError::Backlog { limit: 3, entries: 3 }), "{error:?}");
}

#[test]
fn registrations() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), LogSettings { registration_limit: 2, ..slow() });
    let first = Agent::new(0).registration;
    log.register(first.clone()).unwrap();
    log.register(Agent::new(1).registration).unwrap();
    // The same again is none.
    log.register(first.clone()).unwrap();
    let error = log.register(Agent::new(2).registration).unwrap_err();
    assert!(matches!(error, RegisterError::TooMany { limit: 2 }), "{error:?}");
    let mut other = first.clone();
    other.domain.chain_id += 1;
    let error = log.register(other).unwrap_err();
    assert!(
        matches!(error, RegisterError::Conflict { agent, program_id }
            if agent == key(0).address() && program_id == first.program_id),
        "{error:?}"
    );
    let mut other = first.clone();
    other.initial_state.0[31] ^= 1;
    assert!(matches!(log.register(other), Err(RegisterError::Conflict { .. })));
    assert_eq!(log.registrations().len(), 2);
}

/// Several at once: all of them or none.
#[test]
fn registrations_in_one_write() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), LogSettings { registration_limit: 3, ..slow() });
    let [a, b, c, d] = [0, 1, 2, 3].map(|number| Agent::new(number).registration);
    let error = log.register_all(vec![a.clone(), b.clone(), c.clone(), d.clone()]).unwrap_err();
    assert!(matches!(error, RegisterError::TooMany { limit: 3 }), "{error:?}");
    let mut other = b.clone();
    other.domain.chain_id += 1;
    let error = log.register_all(vec![a.clone(), b.clone(), other]).unwrap_err();
    assert!(matches!(error, RegisterError::Conflict { agent, .. } if agent == b.agent), "{error:?}");
    assert_eq!(log.registrations(), []);
    // Twice in one call, and once more later.
    log.register_all(vec![a.clone(), b.clone(), a.clone()]).unwrap();
    log.register_all(vec![b.clone(), c.clone()]).unwrap();
    log.register_all(Vec::new()).unwrap();
    assert_eq!(log.registrations(), [a, b, c]);
    drop(log);
    let (log, _) = open(folder.path(), slow());
    assert_eq!(log.registrations().len(), 3);
}

/// As many as any setting allows, with the longest lines: readers and the log itself still read them.
#[test]
fn the_most_registrations_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let settings = LogSettings { registration_limit: MAX_REGISTRATIONS, ..slow() };
    let log = create(folder.path(), settings);
    let mut longest = Agent::new(0).registration;
    longest.domain.chain_id = u64::MAX;
    let numbered = |number: usize| {
        let mut one = longest.clone();
        one.agent[..8].copy_from_slice(&(number as u64).to_le_bytes());
        one
    };
    log.register_all((0..MAX_REGISTRATIONS).map(numbered).collect()).unwrap();
    drop(log);
    let public = DiskObjects::new(Arc::new(FileSystem::at(folder.path())), "public");
    let listed = public.get("agents.json").unwrap().unwrap();
    assert_eq!(published_chains(&listed).unwrap().len(), MAX_REGISTRATIONS);
    assert!(listed.len() as u64 <= MAX_AGENTS_BYTES);
    // The log reads its own list in the same way when it is opened.
    let private = DiskObjects::new(Arc::new(FileSystem::at(folder.path())), "private");
    assert!(private.get("registrations").unwrap().is_some());
}

#[test]
fn settings_outside_their_range() {
    type Change = fn(&mut LogSettings, u64);
    let most = u64::from(u32::MAX);
    let ranges: [(&str, Change, u64, u64); 10] = [
        ("group_limit_records", |s, v| s.group_limit_records = v as usize, 1, most),
        ("group_limit_bytes", |s, v| s.group_limit_bytes = v as usize, 1, 1 << 30),
        ("queue_limit_records", |s, v| s.queue_limit_records = v as usize, 1, most),
        ("queue_limit_bytes", |s, v| s.queue_limit_bytes = v as usize, 1, 1 << 40),
        ("tail_limit_entries", |s, v| s.tail_limit_entries = v as usize, 1, most),
        ("max_body_bytes", |s, v| s.max_body_bytes = v as usize, 0, MAX_BODY_BYTES as u64),
        ("registration_limit", |s, v| s.registration_limit = v as usize, 0, MAX_REGISTRATIONS as u64),
        ("prepared_keys", |s, v| s.prepared_keys = v as usize, 1, 1 << 20),
        ("index_cache_bytes", |s, v| s.index_cache_bytes = v as usize, 1 << 20, 1 << 40),
        ("segment_limit_bytes", |s, v| s.segment_limit_bytes = v, 4097, 1 << 40),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (expected, change, least, largest) in ranges {
        for value in [least.checked_sub(1), Some(largest + 1)].into_iter().flatten() {
            let mut settings = slow();
            change(&mut settings, value);
            match Log::create(FileSystem::at(folder.path()), settings, signer()).map(|_| ()) {
                Err(PipelineError::Setting { name, minimum, maximum, got }) => {
                    assert_eq!((name, minimum, maximum, got), (expected, least, largest, value));
                }
                other => panic!("{expected} {value}: {other:?}"),
            }
        }
        // Within the range it is not the setting that is refused: there is no log here.
        for value in [least, largest] {
            let mut settings = slow();
            change(&mut settings, value);
            let error = refused(folder.path(), settings);
            assert!(matches!(error, PipelineError::NoLog { .. }), "{expected} {value}: {error:?}");
        }
    }
}

#[test]
fn a_failed_sync_stops_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = Keeper::default();
    let log = Log::create(keeper.disk(folder.path()), slow(), signer()).unwrap();
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    let durable = log.submit(agent.submission()).unwrap().wait().unwrap();
    keeper.fail("private/journal");
    let lost = agent.submission();
    let error = log.submit(lost.clone()).unwrap().wait().unwrap_err();
    let PipelineError::Poisoned { cause } = &error else { panic!("{error:?}") };
    assert!(matches!(&**cause, PipelineError::Io { file, .. } if file == "private/journal/000000000000"));
    let error = log.submit(agent.submission()).unwrap_err();
    assert!(matches!(error, SubmitError::Pipeline(PipelineError::Poisoned { .. })), "{error:?}");
    let error = log.register(Agent::new(1).registration).unwrap_err();
    assert!(matches!(error, RegisterError::Pipeline(PipelineError::Poisoned { .. })), "{error:?}");
    assert!(matches!(log.wait_integrated(0, Duration::from_secs(100)), Err(PipelineError::Poisoned { .. })));
    assert!(matches!(log.wait_published(0, Duration::from_secs(100)), Err(PipelineError::Poisoned { .. })));
    assert!(log.status().stopped.is_some());
    assert!(matches!(log.shut_down(), Err(PipelineError::Poisoned { .. })));
    drop(log);
    // What was acknowledged is there; what was not is taken when it is handed in again.
    let (log, report) = Log::open(FileSystem::at(folder.path()), slow(), signer()).unwrap();
    assert_eq!((report.sequenced, durable.index), (1, 0));
    assert_eq!(log.submit(lost).unwrap().wait().unwrap().index, 1);
}

#[test]
fn an_index_that_cannot_be_written_stops_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = Keeper::default();
    let log = Log::create(keeper.disk(folder.path()), settings(), signer()).unwrap();
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    keeper.fail("private/index.redb");
    // Sequenced all the same: the index is written behind.
    log.submit(agent.submission()).unwrap().wait().unwrap();
    let error = log.wait_integrated(0, Duration::from_secs(100)).unwrap_err();
    let PipelineError::Poisoned { cause } = &error else { panic!("{error:?}") };
    assert!(matches!(&**cause, PipelineError::Index { .. }), "{cause:?}");
}

#[test]
fn a_log_that_is_shut_down_takes_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), slow());
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    append(&log, &mut agent, 1);
    log.shut_down().unwrap();
    let error = log.submit(agent.submission()).unwrap_err();
    assert!(matches!(error, SubmitError::Pipeline(PipelineError::ShuttingDown)), "{error:?}");
    // Nobody waits for what will not come.
    let forever = Duration::from_secs(1_000_000);
    assert!(matches!(log.wait_published(1, forever), Err(PipelineError::ShuttingDown)));
    assert!(log.wait_published(0, forever).unwrap());
    // What is there can still be read.
    assert_eq!(log.entry(0).unwrap().signed.header.sequence, 0);
    assert!(log.inclusion(0).is_ok());
}

/// Dropping a log is a crash: whoever waits is told.
#[test]
fn what_waits_when_a_log_is_dropped_is_not_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = Keeper::default();
    let log = Log::create(keeper.disk(folder.path()), slow(), signer()).unwrap();
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    keeper.close("private/journal");
    let first = log.submit(agent.submission()).unwrap();
    while log.status().queued > 0 {
        std::thread::yield_now();
    }
    let second = log.submit(agent.submission()).unwrap();
    let dropped = std::thread::spawn(move || drop(log));
    assert!(matches!(second.wait(), Err(PipelineError::ShuttingDown)));
    keeper.open();
    dropped.join().unwrap();
    // It was with the disk already.
    assert_eq!(first.wait().unwrap().index, 0);
}

/// Even then nobody waits for ever.
#[test]
fn a_sequencer_that_panics_leaves_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = Keeper::default();
    let log = Log::create(keeper.disk(folder.path()), slow(), signer()).unwrap();
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    keeper.panic("private/journal");
    let pending = log.submit(agent.submission()).unwrap();
    assert!(pending.wait().is_err());
    let error = log.wait_integrated(0, Duration::from_secs(100)).unwrap_err();
    let PipelineError::Poisoned { cause } = &error else { panic!("{error:?}") };
    assert!(matches!(**cause, PipelineError::Panicked { thread: "sequencer" }), "{cause:?}");
    let error = log.submit(agent.submission()).unwrap_err();
    assert!(matches!(error, SubmitError::Pipeline(PipelineError::Poisoned { .. })), "{error:?}");
}

struct Panics;

impl Cosign for Panics {
    fn cosign(&self, _: &CosignRequest<'_>) -> Vec<SignatureLine> {
        panic!("a defect of the one who asks witnesses");
    }
}

#[test]
fn a_thread_that_panics_stops_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let witness = CosignatureSigner::new("witness.example", &[9; 32]).unwrap();
    let policy =
        QuorumPolicy::new(signer().verifier_key().clone(), vec![witness.verifier_key().clone()], 1).unwrap();
    let settings = LogSettings { policy: Some(policy), ..settings() };
    let disk = FileSystem::at(folder.path());
    let log = Log::create_with(disk, settings, signer(), Box::new(Panics)).unwrap();
    let error = log.wait_published(0, Duration::from_secs(100)).unwrap_err();
    let PipelineError::Poisoned { cause } = &error else { panic!("{error:?}") };
    assert!(matches!(**cause, PipelineError::Panicked { thread: "publisher" }), "{cause:?}");
}
