//! The rules about times once more, each of which can be left out: to show what it is for.

use super::public_log::{CLOCK, DELIVERED, LIMIT, policy};
use super::{PROGRAM, key};
use candor_verifier::trace::tlog::{
    Checkpoint, Hash, Note, SignedCheckpoint, SignedPromise, TlogProof, verify_consistency, verify_inclusion,
};
use candor_verifier::trace::{Bundle, Entry};
use candor_verifier::{Challenge, Evidence, PublishedRecord, Submission};

/// A rule of docs/spec/disputes.md, "When a record was public".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// The record is one of the bundle.
    Disputed,
    /// The agent signed it.
    Signed,
    /// Its entry is where the proof says.
    Included,
    /// The log signed the proof's checkpoint, and witnesses cosigned it.
    Later,
    /// The log signed the earlier checkpoint, and witnesses cosigned it.
    Earlier,
    /// The one tree continues the other.
    Consistent,
    /// The earlier one does not have the record.
    Without,
    /// The bounds are over.
    Bounds,
    /// As many witnesses as are believed together say so.
    Quorum,
    /// It was not shown to be public in time.
    Defence,
    /// It is not there twice.
    Once,
    /// A promise is the log's.
    PromiseSigned,
    /// A promise is about this record.
    PromiseRecord,
    /// A promise is early enough.
    PromiseTime,
}

/// What the rules say: nothing, the agent, the log, or one of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Guilt {
    Nobody,
    Agent,
    Log,
    AgentOrLog,
}

struct Seen {
    record_hash: [u8; 32],
    index: u64,
    size: u64,
    root: Hash,
    times: Vec<u64>,
}

/// Size and root, and for each believed witness the time that it vouches for.
fn opened(note: &Note, checked: bool, latest: bool) -> Option<(Checkpoint, Vec<u64>)> {
    let signed: Option<SignedCheckpoint> = policy(2).check(note).ok();
    let checkpoint = Checkpoint::parse(note.text()).ok()?;
    let mut times: Vec<u64> = match &signed {
        Some(signed) => {
            signed.cosigned().iter().map(|by| if latest { by.time } else { by.earliest }).collect()
        }
        // Whoever does not check believes what stands there.
        None if !checked => note
            .signatures()
            .iter()
            .filter_map(|line| line.signature().first_chunk::<8>().map(|time| u64::from_be_bytes(*time)))
            .collect(),
        None => return None,
    };
    times.sort_unstable();
    if latest {
        times.reverse();
    }
    Some((checkpoint, times))
}

fn seen(published: &PublishedRecord, without: Option<Rule>) -> Option<Seen> {
    let kept = |rule| without != Some(rule);
    let proof = TlogProof::parse(&published.proof).ok()?;
    let entry = Entry { domain: PROGRAM.card.domain, signed: published.signed.clone(), body: published.body };
    let (checkpoint, times) = opened(&proof.checkpoint, kept(Rule::Later), false)?;
    let (size, root) = (checkpoint.size(), *checkpoint.root());
    let included = verify_inclusion(&entry.leaf_hash(), proof.index, size, &proof.path, &root).is_ok();
    let signed = entry.signed.header.agent == key().address() && entry.check_signature().is_ok();
    let holds = (included || !kept(Rule::Included)) && (signed || !kept(Rule::Signed));
    holds.then(|| Seen { record_hash: entry.record_hash(), index: proof.index, size, root, times })
}

/// The time at a rank: the second of the witnesses, or the first where nobody asks for two.
fn ranked(times: &[u64], without: Option<Rule>) -> Option<u64> {
    times.get(usize::from(without != Some(Rule::Quorum))).copied()
}

/// The verdict about times on these submissions.
pub(crate) fn guilt(bundle: &Bundle, submissions: &[Submission<'_>], without: Option<Rule>) -> Guilt {
    let kept = |rule: Rule, holds: bool| holds || without == Some(rule);
    let published: Vec<&PublishedRecord> = submissions
        .iter()
        .filter_map(|submission| match submission {
            Submission::Challenge(Challenge { evidence: Evidence::Published(published) }) => Some(published),
            _ => None,
        })
        .collect();
    let disputed = |published: &PublishedRecord| {
        let header = &published.signed.header;
        kept(Rule::Disputed, bundle.records.iter().any(|record| record.header == *header))
    };
    for published in &published {
        let Some(found) = seen(published, without).filter(|_| disputed(published)) else { continue };
        let Some(time) = ranked(&found.times, without) else { continue };
        if kept(Rule::Bounds, u128::from(published.signed.header.time) > u128::from(time) + u128::from(CLOCK))
        {
            return Guilt::Agent;
        }
    }
    for submission in submissions {
        let Submission::Challenge(Challenge { evidence: Evidence::Late(late) }) = submission else {
            continue;
        };
        let Some(found) = seen(&late.published, without).filter(|_| disputed(&late.published)) else {
            continue;
        };
        let Ok(note) = Note::parse(&late.earlier) else { continue };
        let Some((old, times)) = opened(&note, without != Some(Rule::Earlier), true) else { continue };
        let consistent =
            verify_consistency(old.size(), old.root(), found.size, &found.root, &late.consistency).is_ok();
        let Some(until) = ranked(&times, without) else { continue };
        let defences: Vec<Seen> = published.iter().filter_map(|published| seen(published, without)).collect();
        let same = |defence: &&Seen| defence.record_hash == found.record_hash;
        let in_time = defences.iter().filter(same).any(|defence| {
            defence.index == found.index && ranked(&defence.times, without).is_some_and(|time| time <= LIMIT)
        });
        let twice = defences.iter().filter(same).any(|defence| defence.index != found.index);
        let late = kept(Rule::Consistent, consistent)
            && kept(Rule::Without, found.index >= old.size())
            && kept(Rule::Bounds, until > LIMIT)
            && kept(Rule::Defence, !in_time)
            && kept(Rule::Once, !twice);
        if !late {
            continue;
        }
        let promised = submissions.iter().any(|submission| {
            let Submission::Promise(note) = submission else { return false };
            let signed = SignedPromise::parse(note, policy(2).log());
            let claimed = claimed(note);
            let Some((record_hash, time)) = claimed else { return false };
            kept(Rule::PromiseSigned, signed.is_ok())
                && kept(Rule::PromiseRecord, record_hash == found.record_hash)
                && kept(Rule::PromiseTime, time <= DELIVERED)
        });
        return if promised { Guilt::Log } else { Guilt::AgentOrLog };
    }
    Guilt::Nobody
}

/// What the lines of a promise say, whoever signed them.
fn claimed(note: &[u8]) -> Option<([u8; 32], u64)> {
    let note = Note::parse(note).ok()?;
    let value = |name: &str| note.text().lines().find_map(|line| line.strip_prefix(name));
    let mut record_hash = [0; 32];
    let digits = value("record 0x")?;
    for (byte, at) in record_hash.iter_mut().zip((0..digits.len()).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some((record_hash, value("time ")?.parse().ok()?))
}
