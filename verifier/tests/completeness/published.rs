//! What witnesses' times show about a record, and what they leave open.

use crate::agent::public_log::{
    CLOCK, DELIVERED, DISPUTED, INDEX, LIMIT, ORIGIN, PublicLog, SIZE, TIME, accuse, late_at, note, promise,
    publication, published_at,
};
use crate::agent::{HONEST, PROGRAM, bundle, expected, key, run};
use candor_verifier::trace::tlog::Promise;
use candor_verifier::{
    Assumption, Basis, Challenge, Culprit, Expected, Fraud, FraudKind, Missing, PublicationError, Submission,
    TimeFault, Verdict, Witnessed, settle,
};

/// A reader who believes two of the three witnesses.
fn reader() -> Expected {
    Expected { publication: Some(publication(2)), ..expected() }
}

fn fraud(submissions: &[Submission<'_>]) -> Fraud {
    match settle(&reader(), &bundle(run()), submissions) {
        Verdict::Fraud(fraud) => fraud,
        verdict => panic!("{verdict}"),
    }
}

fn undecided(submissions: &[Submission<'_>]) -> Vec<Missing> {
    match settle(&reader(), &bundle(run()), submissions) {
        Verdict::Undecided { missing } => missing,
        verdict => panic!("{verdict}"),
    }
}

fn unshown(source: PublicationError) -> Vec<Missing> {
    vec![Missing::Publication { sequence: DISPUTED as u64, source: Box::new(source) }]
}

fn agent_or_log() -> Culprit {
    Culprit::AgentOrLog { agent: key().address(), log: ORIGIN.into() }
}

#[test]
fn late_record_is_the_agent_s_or_the_log_s() {
    let until = LIMIT + 1;
    let found = fraud(&[Submission::Challenge(&accuse(late_at(until)))]);
    assert_eq!((found.kind, found.sequence, found.payout), (FraudKind::LateRecord, DISPUTED as u64, None));
    assert_eq!(found.culprit, agent_or_log());
    assert_eq!((found.culprit.role(), FraudKind::LateRecord.as_str()), ("agent-or-log", "late-record"));
    let witnesses = vec!["witness.example/0".to_owned(), "witness.example/1".to_owned()];
    let fault = TimeFault::Late { until, size: INDEX, limit: LIMIT, promised: None };
    let (log, record_time) = (ORIGIN.to_owned(), TIME);
    let shown =
        Witnessed { log: log.clone(), witnesses: witnesses.clone(), record_time, index: INDEX, fault };
    assert_eq!(found.basis, Basis::Witnesses(shown));
    assert!(found.assumptions.contains(&Assumption::WitnessedTime { log, witnesses }));
    let text = found.to_string();
    assert!(text.contains("or log log.example/public in record 2"), "{text}");
    assert!(text.contains("nobody can tell who held it back"), "{text}");
}

/// At the bound it is in time, one second later it is not.
#[test]
fn the_bounds_are_the_reader_s() {
    let at = accuse(late_at(LIMIT));
    let in_time = PublicationError::InTime { until: LIMIT, limit: LIMIT };
    assert_eq!(undecided(&[Submission::Challenge(&at)]), unshown(in_time));
    let after = accuse(late_at(LIMIT + 1));
    assert_eq!(fraud(&[Submission::Challenge(&after)]).kind, FraudKind::LateRecord);
    for change in [
        |publication: &mut candor_verifier::Publication| publication.delivery_seconds += 1,
        |publication: &mut candor_verifier::Publication| publication.publication_seconds += 1,
        |publication: &mut candor_verifier::Publication| publication.delivery_seconds = u64::MAX,
        |publication: &mut candor_verifier::Publication| publication.publication_seconds = u64::MAX,
    ] {
        let mut longer = reader();
        change(longer.publication.as_mut().expect("named"));
        let verdict = settle(&longer, &bundle(run()), &[Submission::Challenge(&after)]);
        assert!(matches!(verdict, Verdict::Undecided { .. }), "{verdict}");
    }
}

/// The log's own word that it had the record in time clears the agent; a later word says nothing.
#[test]
fn a_promise_in_time_shows_that_it_is_the_log_s() {
    let accusation = accuse(late_at(LIMIT + 1));
    let with = |notes: &[Vec<u8>]| {
        let mut submissions = vec![Submission::Challenge(&accusation)];
        submissions.extend(notes.iter().map(|note| Submission::Promise(note)));
        fraud(&submissions)
    };
    let in_time = note(promise());
    let later = note(Promise { time: DELIVERED + 1, ..promise() });
    let found = with(std::slice::from_ref(&in_time));
    assert_eq!(found.culprit, Culprit::Log(ORIGIN.into()));
    assert_eq!((found.culprit.role(), found.culprit.name()), ("log", ORIGIN.to_owned()));
    let Basis::Witnesses(shown) = &found.basis else { panic!("{:?}", found.basis) };
    assert!(matches!(shown.fault, TimeFault::Late { promised: Some(DELIVERED), .. }), "{:?}", shown.fault);
    assert!(found.to_string().contains("by log log.example/public in record 2"), "{found}");
    assert_eq!(with(std::slice::from_ref(&later)).culprit, agent_or_log());
    assert_eq!(with(&[later, in_time]).culprit, Culprit::Log(ORIGIN.into()), "the earliest counts");
    // Whatever index was promised: the log had it.
    let elsewhere = note(Promise { index: 5, ..promise() });
    assert_eq!(with(&[elsewhere]).culprit, Culprit::Log(ORIGIN.into()));
}

#[test]
fn record_dated_after_witnesses_saw_it_is_the_agent_s() {
    let at = Challenge::published(published_at(TIME - CLOCK));
    let not_ahead = PublicationError::NotAhead { time: TIME, seen: TIME - CLOCK, clock: CLOCK };
    assert_eq!(undecided(&[Submission::Challenge(&at)]), unshown(not_ahead));
    let seen = TIME - CLOCK - 1;
    let found = fraud(&[Submission::Challenge(&Challenge::published(published_at(seen)))]);
    assert_eq!((found.kind, found.sequence), (FraudKind::DatedAhead, DISPUTED as u64));
    assert_eq!(found.culprit, Culprit::Agent(key().address()));
    assert_eq!((found.culprit.role(), found.kind.as_str()), ("agent", "dated-ahead"));
    let Basis::Witnesses(shown) = &found.basis else { panic!("{:?}", found.basis) };
    assert_eq!((shown.fault, shown.witnesses.len()), (TimeFault::Ahead { seen }, 2));
    assert!(found.to_string().contains(&format!("by {seen}, and it states time {TIME}")), "{found}");
    let mut patient = reader();
    patient.publication.as_mut().expect("named").clock_seconds = u64::MAX;
    let early = Challenge::published(published_at(0));
    let verdict = settle(&patient, &bundle(run()), &[Submission::Challenge(&early)]);
    assert!(matches!(verdict, Verdict::Undecided { .. }), "{verdict}");
}

/// An outbox that waited, and delivered within the bounds.
#[test]
fn honest_late_delivery_is_no_fraud() {
    let log = PublicLog::honest();
    for until in [TIME, TIME + 1, DELIVERED, DELIVERED + 1, LIMIT] {
        for old in [0, 1, 5, INDEX] {
            let late = accuse(log.late(old, &[(0, until), (1, until), (2, until)]));
            let missing = undecided(&[Submission::Challenge(&late)]);
            assert_eq!(missing, unshown(PublicationError::InTime { until, limit: LIMIT }), "{old}");
        }
    }
}

/// A record can be in time, late for lack of witnesses, and shown to be public by its own proof.
#[test]
fn published_in_time_is_the_defence() {
    let accusation = accuse(late_at(LIMIT + 1));
    let defended = |seen| {
        let defence = Challenge::published(published_at(seen));
        settle(
            &reader(),
            &bundle(run()),
            &[Submission::Challenge(&accusation), Submission::Challenge(&defence)],
        )
    };
    let Verdict::Undecided { missing } = defended(LIMIT) else { panic!("{}", defended(LIMIT)) };
    let source = PublicationError::Defended { seen: LIMIT, limit: LIMIT };
    assert!(missing.contains(&unshown(source)[0]), "{missing:?}");
    assert_eq!(defended(LIMIT + 1).name(), "fraud", "one second too late");
}

/// The log put it in twice: its second place says nothing about when it came.
#[test]
fn an_entry_that_is_there_twice_is_not_late() {
    let record = &run()[DISPUTED];
    let mut leaves = PublicLog::honest().leaves;
    leaves[2] = leaves[INDEX as usize];
    let log = PublicLog::of(leaves);
    let accusation = accuse(log.late(INDEX, &[(0, LIMIT + 1), (1, LIMIT + 1)]));
    let times = [(0, LIMIT + 800), (1, LIMIT + 800)];
    let defence = Challenge::published(log.published(record, (2, SIZE), &times));
    let alone = settle(&reader(), &bundle(run()), &[Submission::Challenge(&accusation)]);
    assert_eq!(alone.name(), "fraud");
    let both = [Submission::Challenge(&defence), Submission::Challenge(&accusation)];
    let missing = undecided(&both);
    assert!(
        missing.contains(&unshown(PublicationError::Twice { first: 2, second: INDEX })[0]),
        "{missing:?}"
    );
}

/// That every decision was right does not make a record public in time.
#[test]
fn late_record_may_be_honest_otherwise() {
    let (honest, proof) = &*HONEST;
    let late = accuse(late_at(LIMIT + 1));
    let both = [Submission::Proof(proof), Submission::Challenge(&late)];
    assert_eq!(settle(&reader(), honest, &both).name(), "fraud");
    let in_time = accuse(late_at(LIMIT));
    let both = [Submission::Proof(proof), Submission::Challenge(&in_time)];
    assert_eq!(settle(&reader(), honest, &both).name(), "honest");
}

/// Evidence is a file like any other.
#[test]
fn evidence_of_times_is_a_challenge_file() {
    for challenge in [accuse(late_at(LIMIT + 1)), Challenge::published(published_at(TIME))] {
        assert_eq!(Challenge::from_bytes(&challenge.to_bytes()), Ok(challenge.clone()));
        assert_eq!(challenge.sequence(), DISPUTED as u64);
    }
    assert_eq!(PROGRAM.card.domain, bundle(run()).card.domain);
}
