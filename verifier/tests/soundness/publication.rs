//! Nobody is made late, or ahead: every part of the evidence that is missing or false leaves the dispute undecided.

use crate::agent::cheat::Cheat;
use crate::agent::public_log::{
    CLOCK, DELIVERED, DISPUTED, INDEX, LIMIT, PublicLog, SIZE, TIME, accuse, late_at, leaf, note, policy,
    promise, publication, published_at, signer, stranger, witness,
};
use crate::agent::publication_model::{Guilt, Rule, guilt};
use crate::agent::{Random, bundle, expected, other_key, run, sign_again};
use candor_verifier::trace::SignatureError;
use candor_verifier::trace::tlog::{
    CheckpointRejected, Hash, Note, NoteError, NoteRejected, NoteSigner, Promise, PromiseError, ProofError,
    ProofFileError, ProofRejected, TlogProof, prove_consistency,
};
use candor_verifier::{
    AssumptionName, Challenge, Culprit, Expected, FraudKind, LateRecord, Missing, PublicationError,
    PublishedRecord, Submission, Verdict, settle,
};

fn reader() -> Expected {
    Expected { publication: Some(publication(2)), ..expected() }
}

fn missing(reader: &Expected, submissions: &[Submission<'_>]) -> Vec<Missing> {
    match settle(reader, &bundle(run()), submissions) {
        Verdict::Undecided { missing } => missing,
        verdict => panic!("{verdict}"),
    }
}

fn shown(sequence: u64, source: PublicationError) -> Missing {
    Missing::Publication { sequence, source: Box::new(source) }
}

/// Why changed evidence of lateness shows nothing.
fn refused(change: impl FnOnce(&mut LateRecord)) -> PublicationError {
    let mut late = late_at(LIMIT + 1);
    change(&mut late);
    let mut missing = missing(&reader(), &[Submission::Challenge(&accuse(late))]);
    assert_eq!(missing.len(), 1, "{missing:?}");
    match missing.remove(0) {
        Missing::Publication { sequence, source } if sequence == DISPUTED as u64 => *source,
        other => panic!("{other:?}"),
    }
}

fn change_proof(published: &mut PublishedRecord, change: impl FnOnce(&mut TlogProof)) {
    let mut proof = TlogProof::parse(&published.proof).expect("honest");
    change(&mut proof);
    published.proof = proof.to_bytes();
}

fn rejected(source: ProofRejected) -> PublicationError {
    PublicationError::NotIncluded { source: Box::new(source) }
}

fn earlier(source: CheckpointRejected) -> PublicationError {
    PublicationError::Earlier { source: Box::new(source) }
}

#[test]
fn a_reader_who_names_nobody_learns_nothing() {
    let (late, published) = (accuse(late_at(LIMIT + 1)), Challenge::published(published_at(0)));
    let note = note(promise());
    let not_named = || shown(DISPUTED as u64, PublicationError::NotNamed);
    assert_eq!(missing(&expected(), &[Submission::Challenge(&late)]), [not_named()]);
    assert_eq!(missing(&expected(), &[Submission::Challenge(&published)]), [not_named()]);
    let promise = Missing::Promise { source: Box::new(PublicationError::NotNamed) };
    assert_eq!(missing(&expected(), &[Submission::Promise(&note)]), [promise]);
    let alone = Expected { publication: Some(publication(0)), ..expected() };
    let no_witness = || shown(DISPUTED as u64, PublicationError::NoWitness);
    assert_eq!(missing(&alone, &[Submission::Challenge(&late)]), [no_witness()]);
    assert_eq!(missing(&alone, &[Submission::Challenge(&published)]), [no_witness()]);
    // A promise alone is no evidence of anything.
    assert_eq!(missing(&reader(), &[Submission::Promise(&note)]), [Missing::Submission]);
}

#[test]
fn each_wrong_part_of_the_entry_is_named() {
    let malformed = refused(|late| late.published.proof.clear());
    assert_eq!(malformed, PublicationError::Proof { source: ProofFileError::FirstLine });
    let too_long = refused(|late| late.published.proof.resize(1 << 20, b'a'));
    assert!(
        matches!(too_long, PublicationError::Proof { source: ProofFileError::TooLong { .. } }),
        "{too_long}"
    );
    let is_inclusion = |error: &PublicationError| {
        matches!(error, PublicationError::NotIncluded { source }
            if matches!(**source, ProofRejected::Inclusion { source: ProofError::RootMismatch { .. }, .. }))
    };
    let wrong_hash = refused(|late| change_proof(&mut late.published, |proof| proof.path[0].0[0] ^= 1));
    assert!(is_inclusion(&wrong_hash), "{wrong_hash}");
    let wrong_body = refused(|late| late.published.body[0] ^= 1);
    assert!(is_inclusion(&wrong_body), "{wrong_body}");
    let sibling = refused(|late| change_proof(&mut late.published, |proof| proof.index ^= 1));
    assert!(is_inclusion(&sibling), "{sibling}");
    let beyond = refused(|late| change_proof(&mut late.published, |proof| proof.index = SIZE));
    let source = ProofError::IndexOutOfRange { index: SIZE, size: SIZE };
    assert_eq!(beyond, rejected(ProofRejected::Inclusion { index: SIZE, source }));
    let short = refused(|late| change_proof(&mut late.published, |proof| proof.path.truncate(3)));
    let source = ProofError::Length { expected: 4, got: 3 };
    assert_eq!(short, rejected(ProofRejected::Inclusion { index: INDEX, source }));
    // The log's key, and the quorum, on the proof's checkpoint.
    let checkpoint =
        |note: Note| refused(|late| change_proof(&mut late.published, |proof| proof.checkpoint = note));
    let log = PublicLog::honest();
    let one = checkpoint(log.checkpoint(SIZE, &[(0, LIMIT)]));
    assert_eq!(one, rejected(CheckpointRejected::Quorum { needed: 2, got: 1 }.into()));
    let other_key = NoteSigner::new("log.example/other", &[9; 32]).expect("a name");
    let other = checkpoint(log.checkpoint_by(&other_key, SIZE, &[(0, LIMIT), (1, LIMIT)]));
    let name = signer().verifier_key().name().to_owned();
    assert_eq!(other, rejected(CheckpointRejected::NotSignedByLog { name }.into()));
}

#[test]
fn each_wrong_part_of_the_earlier_checkpoint_is_named() {
    let log = PublicLog::honest();
    let times = [(0, LIMIT + 1), (1, LIMIT + 1)];
    let with = |note: Note| refused(|late| late.earlier = note.to_bytes());
    assert_eq!(
        refused(|late| late.earlier.clear()),
        earlier(CheckpointRejected::MalformedNote(NoteError::NoSignatures))
    );
    let one = with(log.checkpoint(INDEX, &[(0, LIMIT + 1)]));
    assert_eq!(one, earlier(CheckpointRejected::Quorum { needed: 2, got: 1 }));
    let none = with(log.checkpoint(INDEX, &[]));
    assert_eq!(none, earlier(CheckpointRejected::Quorum { needed: 2, got: 0 }));
    // One witness twice is one witness.
    let twice = with(log.checkpoint(INDEX, &[(0, LIMIT + 1), (0, LIMIT + 2)]));
    assert_eq!(twice, earlier(CheckpointRejected::Quorum { needed: 2, got: 1 }));
    // A time that the witness did not sign.
    let mut forged = log.checkpoint(INDEX, &[(0, LIMIT + 1)]);
    let other_text = log.checkpoint(INDEX - 1, &[]);
    forged.add(witness(1).cosign(other_text.text(), LIMIT + 1)).expect("few");
    let key = witness(1).verifier_key().clone();
    let bad = NoteRejected::BadSignature { name: key.name().to_owned(), key_id: key.id() };
    assert_eq!(with(forged), earlier(bad.into()));
    let other_key = NoteSigner::new("log.example/other", &[9; 32]).expect("a name");
    let name = signer().verifier_key().name().to_owned();
    let other = with(log.checkpoint_by(&other_key, INDEX, &times));
    assert_eq!(other, earlier(CheckpointRejected::NotSignedByLog { name }));
    // It has the record already: at its size and one below.
    let late = log.late(INDEX + 1, &times);
    let has = missing(&reader(), &[Submission::Challenge(&accuse(late))]);
    let already = PublicationError::AlreadyIncluded { size: INDEX + 1, index: INDEX };
    assert_eq!(has, [shown(DISPUTED as u64, already)]);
    let late = accuse(log.late(INDEX, &times));
    assert_eq!(settle(&reader(), &bundle(run()), &[Submission::Challenge(&late)]).name(), "fraud");
}

#[test]
fn each_wrong_part_of_the_consistency_proof_is_named() {
    let inconsistent = |source| PublicationError::Inconsistent { source };
    let cut = refused(|late| late.consistency.truncate(4));
    assert_eq!(cut, inconsistent(ProofError::Length { expected: 5, got: 4 }));
    let more = refused(|late| late.consistency.push(Hash([0; 32])));
    assert_eq!(more, inconsistent(ProofError::Length { expected: 5, got: 6 }));
    let wrong = refused(|late| late.consistency[4].0[0] ^= 1);
    assert!(
        matches!(wrong, PublicationError::Inconsistent { source: ProofError::NewRootMismatch { .. } }),
        "{wrong}"
    );
    // A fork: the earlier tree has another history, both signed by the log.
    let mut leaves = PublicLog::honest().leaves;
    leaves[1] = stranger(99);
    let fork = PublicLog::of(leaves).checkpoint(INDEX, &[(0, LIMIT + 1), (1, LIMIT + 1)]);
    let forked = refused(|late| late.earlier = fork.to_bytes());
    assert!(
        matches!(forked, PublicationError::Inconsistent { source: ProofError::OldRootMismatch { .. } }),
        "{forked}"
    );
    // What is called the earlier one is larger.
    let mut leaves = PublicLog::honest().leaves;
    leaves.push(stranger(50));
    let larger = PublicLog::of(leaves).checkpoint(SIZE + 1, &[(0, LIMIT + 1), (1, LIMIT + 1)]);
    let shrunk = refused(|late| late.earlier = larger.to_bytes());
    assert_eq!(shrunk, inconsistent(ProofError::Shrunk { old: SIZE + 1, new: SIZE }));
}

/// One witness whose clock is wrong, or who lies, makes nobody late or ahead, and hides nothing.
#[test]
fn fewer_witnesses_than_are_believed_together_decide_nothing() {
    let log = PublicLog::honest();
    let verdict =
        |challenge: &Challenge| settle(&reader(), &bundle(run()), &[Submission::Challenge(challenge)]);
    let far = u64::MAX >> 1;
    let one_late = accuse(log.late(INDEX, &[(0, far), (1, LIMIT)]));
    let source = PublicationError::InTime { until: LIMIT, limit: LIMIT };
    assert_eq!(missing(&reader(), &[Submission::Challenge(&one_late)]), [shown(DISPUTED as u64, source)]);
    // A third, early, cosignature does not undo two late ones; nor does an early one of the same witness.
    let stuffed = accuse(log.late(INDEX, &[(2, 0), (0, LIMIT + 1), (1, LIMIT + 1), (1, 0)]));
    assert_eq!(verdict(&stuffed).name(), "fraud");
    let record = &run()[DISPUTED];
    let early = |cosigned: &[(u8, u64)]| Challenge::published(log.published(record, (INDEX, SIZE), cosigned));
    let source = PublicationError::NotAhead { time: TIME, seen: TIME, clock: CLOCK };
    let one_early = early(&[(0, 0), (1, TIME)]);
    assert_eq!(missing(&reader(), &[Submission::Challenge(&one_early)]), [shown(DISPUTED as u64, source)]);
    assert_eq!(verdict(&early(&[(0, 0), (1, 0), (2, far), (1, far)])).name(), "fraud");
}

#[test]
fn record_of_somebody_else_or_of_another_dispute_is_undecided() {
    let unsigned = |change: fn(&mut PublishedRecord)| {
        let mut late = late_at(LIMIT + 1);
        change(&mut late.published);
        missing(&reader(), &[Submission::Challenge(&accuse(late))]).remove(0)
    };
    let other = unsigned(|published| published.signed.signature.0[64] = 29);
    let source = SignatureError::RecoveryByte { got: 29 };
    assert_eq!(other, Missing::Signature { sequence: DISPUTED as u64, source });
    let older = unsigned(|published| published.signed.header.time -= 1_000);
    assert_eq!(older, Missing::ForeignChallenge { sequence: DISPUTED as u64 });
    // A record of this agent, but not of this bundle.
    let log = PublicLog::honest();
    let first = Challenge::published(log.published(&run()[0], (3, SIZE), &[(0, 0), (1, 0)]));
    let rest = candor_verifier::trace::Bundle { records: run()[1..].to_vec(), ..bundle(Vec::new()) };
    let verdict = settle(&reader(), &rest, &[Submission::Challenge(&first)]);
    let Verdict::Undecided { missing } = verdict else { panic!("{verdict}") };
    assert!(missing.contains(&Missing::ForeignChallenge { sequence: 0 }), "{missing:?}");
    // Another agent is expected.
    let stranger = Expected { agent: other_key().address(), ..reader() };
    let published = Challenge::published(published_at(0));
    let verdict = settle(&stranger, &bundle(run()), &[Submission::Challenge(&published)]);
    let Verdict::Undecided { missing } = verdict else { panic!("{verdict}") };
    assert!(matches!(missing[0], Missing::OtherAgent { sequence: 2, .. }), "{missing:?}");
}

#[test]
fn promise_that_is_none_says_so_and_clears_nobody() {
    let late = accuse(late_at(LIMIT + 1));
    let culprit = |note: &[u8]| match settle(
        &reader(),
        &bundle(run()),
        &[Submission::Challenge(&late), Submission::Promise(note)],
    ) {
        Verdict::Fraud(fraud) => fraud.culprit,
        verdict => panic!("{verdict}"),
    };
    let why = |note: &[u8]| match missing(&reader(), &[Submission::Promise(note)]).remove(0) {
        Missing::Promise { source } => *source,
        other => panic!("{other:?}"),
    };
    let promised = |source| PublicationError::Promise { source };
    let malformed = b"nothing".to_vec();
    assert_eq!(why(&malformed), promised(PromiseError::Note(NoteError::NoSignatures)));
    let forger = NoteSigner::new(signer().verifier_key().name(), &[9; 32]).expect("a name");
    let forged = promise().sign(&forger).to_note(forger.verifier_key()).to_bytes();
    assert_eq!(why(&forged), promised(PromiseError::Signature));
    let elsewhere = NoteSigner::new("log.example/other", &[7; 32]).expect("a name");
    let other = promise().sign(&elsewhere).to_note(elsewhere.verifier_key()).to_bytes();
    assert_eq!(why(&other), promised(PromiseError::OtherLog));
    let another = note(Promise { record_hash: [1; 32], ..promise() });
    let somebody = note(Promise { agent: other_key().address(), ..promise() });
    let later = note(Promise { time: DELIVERED + 1, ..promise() });
    for note in [malformed, forged, other, another, somebody, later] {
        assert_eq!(culprit(&note).role(), "agent-or-log", "{}", String::from_utf8_lossy(&note));
    }
    assert_eq!(culprit(&note(promise())), Culprit::Log(signer().verifier_key().name().into()));
}

#[test]
fn witnessed_time_can_be_refused() {
    let refusing = Expected { refused: vec![AssumptionName::WitnessedTime], ..reader() };
    for challenge in [accuse(late_at(LIMIT + 1)), Challenge::published(published_at(0))] {
        let refused = Missing::RefusedAssumption { assumption: AssumptionName::WitnessedTime };
        assert_eq!(missing(&refusing, &[Submission::Challenge(&challenge)]), [refused]);
    }
}

/// A log cannot take the blame for what the agent signed.
#[test]
fn the_agent_s_fraud_comes_first() {
    let (cheated, late, note) = (Cheat::named("policy verdict").bundle(), accuse_cheated(), note(promise()));
    let submissions = [Submission::Challenge(&late), Submission::Promise(&note)];
    let Verdict::Fraud(fraud) = settle(&reader(), &cheated, &submissions) else { panic!("fraud") };
    assert_eq!((fraud.kind, fraud.culprit.role()), (FraudKind::PolicyViolated, "agent"));
    let ahead = Challenge::published(published_at(0));
    let both = [Submission::Challenge(&late_honest()), Submission::Challenge(&ahead)];
    let Verdict::Fraud(fraud) = settle(&reader(), &bundle(run()), &both) else { panic!("fraud") };
    assert_eq!(fraud.kind, FraudKind::DatedAhead);
}

fn late_honest() -> Challenge {
    accuse(late_at(LIMIT + 1))
}

/// The cheated bundle's own record 3, late.
fn accuse_cheated() -> Challenge {
    let cheated = Cheat::named("policy verdict").bundle();
    let mut leaves = PublicLog::honest().leaves;
    leaves[INDEX as usize] = leaf(&cheated.records[DISPUTED]);
    let log = PublicLog::of(leaves);
    let times = [(0, LIMIT + 1), (1, LIMIT + 1)];
    let published = log.published(&cheated.records[DISPUTED], (INDEX, SIZE), &times);
    let consistency = prove_consistency(&log, INDEX, SIZE).expect("in range");
    accuse(LateRecord { published, earlier: log.checkpoint(INDEX, &times).to_bytes(), consistency })
}

/// An attack: what is submitted, and the rule that alone stops it, or keeps it from being somebody else's.
struct Attack {
    rule: Rule,
    challenges: Vec<Challenge>,
    promises: Vec<Vec<u8>>,
    without: Guilt,
    with: Guilt,
}

fn attacks() -> Vec<Attack> {
    let log = PublicLog::honest();
    let late = || late_at(LIMIT + 1);
    let changed = |change: &dyn Fn(&mut LateRecord)| {
        let mut late = late();
        change(&mut late);
        vec![accuse(late)]
    };
    let attack = |rule, challenges| Attack {
        rule,
        challenges,
        promises: Vec::new(),
        without: Guilt::AgentOrLog,
        with: Guilt::Nobody,
    };
    let promised = |rule, promise: Vec<u8>| Attack {
        promises: vec![promise],
        without: Guilt::Log,
        with: Guilt::AgentOrLog,
        ..attack(rule, vec![accuse(late())])
    };
    let ahead = |rule, challenges| Attack { without: Guilt::Agent, ..attack(rule, challenges) };
    let record = run()[DISPUTED].clone();
    // A record that this agent signed, but that is not in dispute.
    let mut backdated = record.clone();
    backdated.header.time -= 1_000;
    sign_again(&mut backdated);
    let mut unsigned = record.clone();
    unsigned.signature = other_key().sign(&[1; 32]);
    let in_log = |record: &candor_verifier::trace::SignedRecord| {
        let mut leaves = PublicLog::honest().leaves;
        leaves[INDEX as usize] = leaf(record);
        let log = PublicLog::of(leaves);
        let late = log.late(INDEX, &[(0, LIMIT + 1), (1, LIMIT + 1)]);
        let times = [(0, LIMIT + 1), (1, LIMIT + 1)];
        vec![accuse(LateRecord { published: log.published(record, (INDEX, SIZE), &times), ..late })]
    };
    let mut moved = late();
    change_proof(&mut moved.published, |proof| proof.index = INDEX + 1);
    let unknown = |size| {
        log.checkpoint_by(
            &NoteSigner::new(signer().verifier_key().name(), &[9; 32]).expect("a name"),
            size,
            &[(0, LIMIT + 1), (1, LIMIT + 1)],
        )
    };
    let mut forked = PublicLog::honest().leaves;
    forked[1] = stranger(99);
    let fork = PublicLog::of(forked).checkpoint(INDEX, &[(0, LIMIT + 1), (1, LIMIT + 1)]);
    let mut twice = PublicLog::honest().leaves;
    twice[2] = twice[INDEX as usize];
    let twice = PublicLog::of(twice);
    let again = twice.published(&record, (2, SIZE), &[(0, LIMIT + 800), (1, LIMIT + 800)]);
    let times = [(0, LIMIT + 1), (1, LIMIT + 1)];
    let forger = NoteSigner::new(signer().verifier_key().name(), &[9; 32]).expect("a name");
    vec![
        attack(Rule::Disputed, in_log(&backdated)),
        attack(Rule::Signed, in_log(&unsigned)),
        attack(Rule::Included, vec![accuse(moved)]),
        attack(Rule::Later, {
            let mut late = late();
            change_proof(&mut late.published, |proof| proof.checkpoint = unknown(SIZE));
            vec![accuse(late)]
        }),
        attack(Rule::Earlier, changed(&|late| late.earlier = unknown(INDEX).to_bytes())),
        attack(Rule::Consistent, changed(&|late| late.earlier = fork.to_bytes())),
        attack(Rule::Without, vec![accuse(log.late(INDEX + 1, &times))]),
        attack(Rule::Bounds, vec![accuse(late_at(LIMIT))]),
        ahead(Rule::Bounds, vec![Challenge::published(published_at(TIME - CLOCK))]),
        attack(Rule::Quorum, vec![accuse(log.late(INDEX, &[(0, LIMIT + 1), (1, LIMIT)]))]),
        ahead(Rule::Quorum, {
            let times = [(0, 0), (1, TIME)];
            vec![Challenge::published(log.published(&record, (INDEX, SIZE), &times))]
        }),
        attack(Rule::Defence, vec![accuse(late()), Challenge::published(published_at(LIMIT))]),
        attack(Rule::Once, vec![accuse(twice.late(INDEX, &times)), Challenge::published(again)]),
        promised(Rule::PromiseSigned, promise().sign(&forger).to_note(forger.verifier_key()).to_bytes()),
        promised(Rule::PromiseRecord, note(Promise { record_hash: [1; 32], ..promise() })),
        promised(Rule::PromiseTime, note(Promise { time: DELIVERED + 1, ..promise() })),
    ]
}

impl Attack {
    fn submissions(&self) -> Vec<Submission<'_>> {
        let challenges = self.challenges.iter().map(Submission::Challenge);
        challenges.chain(self.promises.iter().map(|note| Submission::Promise(note))).collect()
    }
}

fn decided(submissions: &[Submission<'_>]) -> Guilt {
    match settle(&reader(), &bundle(run()), submissions) {
        Verdict::Undecided { .. } => Guilt::Nobody,
        Verdict::Fraud(fraud) => match fraud.culprit {
            Culprit::Agent(_) => Guilt::Agent,
            Culprit::Log(_) => Guilt::Log,
            Culprit::AgentOrLog { .. } => Guilt::AgentOrLog,
        },
        Verdict::Honest(_) => panic!("nothing was proven"),
    }
}

/// Each attack works on a verifier that lacks one rule, and on none that has it.
#[test]
fn each_rule_that_is_left_out_lets_an_attack_through() {
    let bundle = bundle(run());
    for attack in attacks() {
        let submissions = attack.submissions();
        let rule = attack.rule;
        assert_eq!(guilt(&bundle, &submissions, Some(rule)), attack.without, "{rule:?} left out");
        assert_eq!(guilt(&bundle, &submissions, None), attack.with, "{rule:?} kept");
        assert_eq!(decided(&submissions), attack.with, "{rule:?} in the verifier");
    }
}

/// The verifier and the rules written once more agree, whatever is put together.
#[test]
fn verifier_and_model_agree() {
    let (mut random, log, mut counts) = (Random(21), PublicLog::honest(), [0_u32; 4]);
    let bundle = bundle(run());
    for _ in 0..600 {
        let near = |random: &mut Random, time: u64| time - 2 + random.below(5) as u64;
        let times = |random: &mut Random, time: u64| {
            let count = 1 + random.below(3) as u8;
            (0..count).map(|number| (number, near(random, time))).collect::<Vec<_>>()
        };
        let mut challenges = Vec::new();
        if random.below(8) > 0 {
            let old = INDEX - 2 + random.below(4) as u64;
            let cosigned = times(&mut random, LIMIT + 1);
            let mut late = log.late(old, &cosigned);
            match random.below(12) {
                0 => late.consistency.truncate(1),
                1 => late.published.body[3] ^= 1,
                2 => late.published.proof.truncate(200),
                _ => {}
            }
            challenges.push(accuse(late));
        }
        if random.below(3) == 0 {
            let about = if random.below(2) == 0 { LIMIT } else { TIME - CLOCK };
            let cosigned = times(&mut random, about);
            let published = log.published(&bundle.records[DISPUTED], (INDEX, SIZE), &cosigned);
            challenges.push(Challenge::published(published));
        }
        let time = near(&mut random, DELIVERED);
        let promises =
            if random.below(2) == 0 { vec![note(Promise { time, ..promise() })] } else { Vec::new() };
        let attack =
            Attack { rule: Rule::Bounds, challenges, promises, without: Guilt::Nobody, with: Guilt::Nobody };
        let submissions = attack.submissions();
        let got = decided(&submissions);
        assert_eq!(got, guilt(&bundle, &submissions, None));
        counts[got as usize] += 1;
    }
    assert!(counts.iter().all(|count| *count > 10), "{counts:?}");
    assert_eq!(policy(2).needed(), 2);
}

/// Mutated evidence of an honest record: never fraud.
#[test]
fn mutated_evidence_of_times() {
    let challenges = [accuse(late_at(LIMIT)), Challenge::published(published_at(TIME - CLOCK))];
    let (mut random, disputed, mut decoded) = (Random(22), bundle(run()), 0);
    for challenge in challenges {
        let bytes = challenge.to_bytes();
        for _ in 0..600 {
            let mut mutated = bytes.clone();
            for _ in 0..=random.below(3) {
                let at = 10 + random.below(mutated.len() - 10);
                mutated[at] ^= 1 << random.below(8);
            }
            if mutated == bytes {
                continue;
            }
            let Ok(mutated) = Challenge::from_bytes(&mutated) else { continue };
            decoded += 1;
            let verdict = settle(&reader(), &disputed, &[Submission::Challenge(&mutated)]);
            assert_eq!(verdict.name(), "undecided", "{verdict}");
        }
    }
    assert!(decoded > 600, "{decoded} of 1200 reach the checks");
}
