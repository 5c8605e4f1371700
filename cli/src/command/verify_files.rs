//! `candor verify FILE...`: proofs and seals told apart by their first bytes; several are checked with one pairing.

use crate::artefact;
use crate::classify::Classify;
use crate::command::verify::{Verify, assumptions_text, ends, sealed_to_json, to_json};
use crate::exit::{ExitClass, Failure};
use crate::expectation;
use crate::output::{Report, count};
use crate::store::{self, Store};
use candor_circuits::proof::ProofFile;
use candor_circuits::seal::key::{FILE_MAGIC, SealKey};
use candor_program::card::Card;
use candor_program::encoding::magic;
use candor_trace::seal::SEAL_MAGIC;
use candor_trace::{Bundle, MAX_BUNDLE_BYTES, SealFile};
use candor_verifier::{Assumption, Expected, Refusal, SealReader, Submitted, Verified, verify_batch};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What a file turns out to be.
enum Content {
    Seal(Box<SealFile>),
    Proof(ProofFile),
    Bundle(Box<Bundle>),
}

struct Named {
    path: PathBuf,
    content: Content,
}

/// One file alone answers as it always has; of several, each has its own verdict.
pub fn run(verify: &Verify, store: &Store) -> Result<Report, Failure> {
    let mut files = Vec::new();
    let mut unreadable = Vec::new();
    for path in &verify.files {
        match content(path) {
            Ok(content) => files.push(Named { path: path.clone(), content }),
            // A file that is not there is the caller's mistake; one that is no seal or proof has that for a verdict.
            Err(failure) if matches!(failure.class, ExitClass::Usage | ExitClass::Unexpected) => {
                return Err(failure);
            }
            Err(failure) => unreadable.push((path.clone(), failure)),
        }
    }
    let (bundles, submitted): (Vec<Named>, Vec<Named>) =
        files.into_iter().partition(|file| matches!(file.content, Content::Bundle(_)));
    match (&submitted[..], &bundles[..], &unreadable[..]) {
        ([], [], [(_, failure)]) => return Err(failure.clone()),
        ([Named { path, content: Content::Seal(_) }], [], []) => return verify.seal(store, path),
        ([Named { path, content: Content::Proof(_) }], [], []) => {
            return verify.proof(&verify.bundle_path(store), path);
        }
        ([Named { path, content: Content::Proof(_) }], [bundle], []) => {
            return verify.proof(&bundle.path, path);
        }
        _ => {}
    }
    Several { verify, store, submitted, bundles, unreadable }.run()
}

/// The file, by its magic.
fn content(path: &Path) -> Result<Content, Failure> {
    let bytes = store::read(path, MAX_BUNDLE_BYTES)?;
    let kinds = [
        (magic::PROGRAM, "a program"),
        (magic::CARD, "a card, which --card names"),
        (magic::SETUP, "a reference string"),
        (magic::CHALLENGE, "a challenge, which candor settle reads"),
        (magic::LOG, "a log, which candor prove reads"),
        (FILE_MAGIC, "a verifying key, which --seal-key names"),
    ];
    let start: [u8; 8] = bytes.first_chunk().copied().unwrap_or_default();
    let content = match start {
        SEAL_MAGIC => SealFile::from_bytes(&bytes)
            .map(|seal| Content::Seal(Box::new(seal)))
            .map_err(|error| error.failure()),
        magic::PROOF => ProofFile::from_bytes(&bytes).map(Content::Proof).map_err(|error| error.failure()),
        magic::BUNDLE => Bundle::from_bytes(&bytes)
            .map(|bundle| Content::Bundle(Box::new(bundle)))
            .map_err(|error| error.failure()),
        start => {
            let kind = kinds.into_iter().find(|(magic, _)| *magic == start).map(|(_, kind)| kind);
            let message = match kind {
                Some(kind) => format!("this is {kind}, not a proof, a seal or a bundle"),
                None => "this is no file of ours".to_owned(),
            };
            Err(Failure::new(ExitClass::Malformed, message)
                .fix("name proofs, their bundles, and seals; candor inspect says what a file is"))
        }
    };
    content.map_err(|failure| failure.at(path.display()))
}

struct Several<'a> {
    verify: &'a Verify,
    store: &'a Store,
    submitted: Vec<Named>,
    bundles: Vec<Named>,
    unreadable: Vec<(PathBuf, Failure)>,
}

/// The verdict about one file.
struct Line {
    path: PathBuf,
    kind: &'static str,
    verdict: Result<(String, Value, Vec<Assumption>), Failure>,
}

impl Several<'_> {
    fn run(self) -> Result<Report, Failure> {
        let seals = self.submitted.iter().any(|file| matches!(file.content, Content::Seal(_)));
        let card = if seals { Some(self.verify.card(self.store)?) } else { None };
        let bundles = self.pair()?;
        // Of each card its own: where the caller names no domain, one file's says nothing about the others.
        let cards = bundles.iter().map(|bundle| bundle.as_ref().map(|bundle| &bundle.card).or(card.as_ref()));
        let expected = cards.flatten().map(|card| self.verify.expectation.expected(card));
        let expected: Vec<Expected> = expected.collect::<Result<_, _>>()?;
        let started = Instant::now();
        let mut lines = self.lines(&expected, card.as_ref(), &bundles)?;
        let elapsed_ms = started.elapsed().as_secs_f64() * 1000.0;
        lines.extend(self.unreadable.iter().cloned().map(|(path, failure)| Line {
            path,
            kind: "unknown",
            verdict: Err(failure),
        }));
        let order = |line: &Line| self.verify.files.iter().position(|path| *path == line.path);
        lines.sort_by_key(order);
        let mut report = report(&lines, elapsed_ms);
        if let Some(expected) = expected.first() {
            report.json["expected"] = expectation::to_json(expected);
        }
        Ok(report)
    }

    /// The bundle of every proof: one of the same program, first record and length, each taken once; else the default.
    fn pair(&self) -> Result<Vec<Option<Bundle>>, Failure> {
        let mut left: Vec<&Named> = self.bundles.iter().collect();
        let mut pairs = Vec::with_capacity(self.submitted.len());
        for file in &self.submitted {
            let Content::Proof(proof) = &file.content else {
                pairs.push(None);
                continue;
            };
            let fits =
                |named: &&Named| matches!(&named.content, Content::Bundle(bundle) if is_about(proof, bundle));
            let bundle = match left.iter().position(fits) {
                Some(index) => left.remove(index).bundle(),
                None if self.bundles.is_empty() => {
                    Some(artefact::bundle(&self.verify.bundle_path(self.store))?)
                }
                None => None,
            };
            let missing = || {
                Failure::usage("no bundle among the files is about the records of this proof")
                    .at(file.path.display())
                    .fix("name the bundle that candor prove wrote beside the proof")
            };
            pairs.push(Some(bundle.ok_or_else(missing)?));
        }
        match left.first() {
            None => Ok(pairs),
            Some(bundle) => {
                Err(Failure::usage("no proof among the files is about the records of this bundle")
                    .at(bundle.path.display())
                    .fix("name the proof that candor prove wrote beside the bundle"))
            }
        }
    }

    fn lines(
        &self,
        expected: &[Expected],
        card: Option<&Card>,
        bundles: &[Option<Bundle>],
    ) -> Result<Vec<Line>, Failure> {
        let mut keys: Vec<SealKey> = Vec::new();
        for file in &self.submitted {
            if let Content::Seal(seal) = &file.content
                && !keys.iter().any(|key| key.id() == seal.key_id)
            {
                keys.push(self.verify.key(self.store, seal)?);
            }
        }
        let sealed = |file: &Named| matches!(file.content, Content::Seal(_));
        let of_seals = self.submitted.iter().zip(expected).find(|(file, _)| sealed(file)).map(|(_, own)| own);
        let read = |key: &SealKey| Some((key.id(), SealReader::new(of_seals?, card?, key)));
        let readers: Vec<_> = keys.iter().filter_map(read).collect();
        let mut submitted = Vec::new();
        let mut refusals: Vec<Option<Refusal>> = Vec::new();
        for ((file, bundle), expected) in self.submitted.iter().zip(bundles).zip(expected) {
            let (mut refusal, before) = (None, submitted.len());
            match (&file.content, bundle) {
                (Content::Proof(proof), Some(bundle)) => {
                    submitted.push(Submitted::Proof { expected, bundle, proof });
                }
                (Content::Seal(seal), _) => {
                    // Where no key has the seal's id, any of them says so.
                    let own = readers.iter().find(|(id, _)| *id == seal.key_id).or(readers.last());
                    match own.map(|(_, reader)| reader) {
                        Some(Ok(reader)) => submitted.push(Submitted::Seal { reader, file: seal }),
                        Some(Err(error)) => refusal = Some(Refusal::Seal(error.clone())),
                        None => {}
                    }
                }
                _ => {}
            }
            debug_assert!(refusal.is_some() != (submitted.len() > before));
            refusals.push(refusal);
        }
        let verdicts = if submitted.is_empty() {
            Vec::new()
        } else {
            verify_batch(&submitted).map_err(|error| error.failure())?
        };
        let mut verdicts = verdicts.into_iter();
        let files = self.submitted.iter().zip(bundles).zip(refusals);
        Ok(files
            .filter_map(|((file, bundle), refusal)| {
                let verdict = match refusal {
                    Some(refusal) => Err(refusal),
                    None => verdicts.next()?,
                };
                let card = bundle.as_ref().map(|bundle| &bundle.card).or(card)?;
                Some(Line::of(file, verdict, card))
            })
            .collect())
    }
}

impl Named {
    fn bundle(&self) -> Option<Bundle> {
        match &self.content {
            Content::Bundle(bundle) => Some((**bundle).clone()),
            _ => None,
        }
    }
}

/// Same program, first record and number of records; whether the proof is accepted is another question.
fn is_about(proof: &ProofFile, bundle: &Bundle) -> bool {
    let decisions: u64 = proof.segments.iter().map(|segment| u64::from(segment.decisions)).sum();
    let first = bundle.records.first().map(|record| &record.header);
    first.is_some_and(|header| {
        header.program_id == proof.program_id && header.sequence == proof.first_sequence
    }) && bundle.records.len() as u64 == decisions
}

impl Line {
    fn of(file: &Named, verdict: Result<Verified, Refusal>, card: &Card) -> Self {
        let kind = if matches!(file.content, Content::Seal(_)) { "seal" } else { "proof" };
        let verdict = match verdict {
            Ok(Verified::Seal(sealed)) => {
                let (first, last) = ends(&sealed);
                let text = format!("records {first} to {last}");
                Ok((text, sealed_to_json(&sealed, card), sealed.assumptions))
            }
            Ok(Verified::Proof(accepted)) => {
                let first = accepted.first_sequence;
                let last = first.saturating_add((accepted.decisions.len() as u64).saturating_sub(1));
                let text = format!("records {first} to {last}");
                Ok((text, to_json(&accepted, card), accepted.assumptions))
            }
            Err(refusal) => Err(refusal.failure().at(file.path.display())),
        };
        Self { path: file.path.clone(), kind, verdict }
    }

    fn class(&self) -> ExitClass {
        self.verdict.as_ref().map_or_else(|failure| failure.class, |_| ExitClass::Accepted)
    }
}

fn report(lines: &[Line], elapsed_ms: f64) -> Report {
    let class = lines.iter().fold(ExitClass::Accepted, |worst, line| worst.worse(line.class()));
    let mut text = String::new();
    let mut assumptions: Vec<Assumption> = Vec::new();
    let mut files = Vec::new();
    for line in lines {
        let (path, kind, class) = (line.path.display().to_string(), line.kind, line.class().name());
        let mut json = json!({ "file": path, "kind": kind, "class": class });
        match &line.verdict {
            Ok((records, accepted, rests_on)) => {
                text.push_str(&format!("honest    {path}: {kind} of {records}\n"));
                json["accepted"] = accepted.clone();
                for assumption in rests_on {
                    if !assumptions.contains(assumption) {
                        assumptions.push(assumption.clone());
                    }
                }
            }
            Err(failure) => {
                text.push_str(&format!("{class:<9} {path}: {}\n", failure.message));
                if let Some(fix) = &failure.fix {
                    text.push_str(&format!("{:<9} to do: {fix}\n", ""));
                }
                json["error"] = failure.to_json()["error"].clone();
            }
        }
        files.push(json);
    }
    let accepted = lines.iter().filter(|line| line.verdict.is_ok()).count();
    text.push_str(&format!("{accepted} of {} accepted", count(lines.len() as u64, "file")));
    text.push_str(&assumptions_text(&assumptions));
    text.push_str(&format!("\ntime    {elapsed_ms:.1} ms"));
    let json = json!({
        "verdict": if accepted == lines.len() { "honest" } else { "not all are honest" },
        "accepted": accepted,
        "files": files,
        "exitCode": class.code(),
        "milliseconds": elapsed_ms,
    });
    Report { class, text, json }
}
