//! `candor verify`: a bundle and a proof, or a seal, without the model.

use crate::artefact;
use crate::classify::Classify;
use crate::command::verify_files;
use crate::exit::Failure;
use crate::expectation::{self, ExpectationArguments};
use crate::output::{Report, count, hex_string, table};
use crate::session::TransactionView;
use crate::store::Store;
use candor_circuits::seal::key::SealKey;
use candor_program::card::Card;
use candor_trace::{ActionView, Header, SealFile, VerdictView};
use candor_verifier::{Accepted, Assumption, Sealed, verify, verify_seal};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// `candor verify`.
#[derive(Args, Clone, Debug)]
pub struct Verify {
    /// Proofs, their bundles, and seals, told apart by what is in them; several are checked together
    #[arg(value_name = "FILE", conflicts_with_all = ["proof", "seal"])]
    pub files: Vec<PathBuf>,
    /// Card and records [default: bundle.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// The proof [default: proof.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub proof: Option<PathBuf>,
    /// A seal instead of bundle and proof
    #[arg(long, value_name = "FILE", conflicts_with_all = ["bundle", "proof"])]
    pub seal: Option<PathBuf>,
    /// A verifying key of seals, for every size of them [default: those of `candor setup seal`]
    #[arg(long, value_name = "FILE")]
    pub seal_key: Vec<PathBuf>,
    /// The program's card, which a seal does not carry [default: card.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// What to expect
    #[command(flatten)]
    pub expectation: ExpectationArguments,
}

impl Verify {
    /// Says what was proven and what it rests on.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        if !self.files.is_empty() {
            return verify_files::run(self, store);
        }
        match &self.seal {
            Some(seal) => self.seal(store, seal),
            None => {
                let proof = self.proof.clone().unwrap_or_else(|| store.proof());
                self.proof(&self.bundle_path(store), &proof)
            }
        }
    }

    /// The bundle of a proof that names none.
    #[must_use]
    pub fn bundle_path(&self, store: &Store) -> PathBuf {
        self.bundle.clone().unwrap_or_else(|| store.bundle())
    }

    /// One proof.
    pub fn proof(&self, bundle_path: &Path, proof_path: &Path) -> Result<Report, Failure> {
        let bundle = artefact::bundle(bundle_path)?;
        let proof = artefact::proof(proof_path)?;
        let expected = self.expectation.expected(&bundle.card)?;
        let started = Instant::now();
        let accepted = verify(&expected, &bundle, &proof).map_err(|error| {
            error.failure().at(format!("{} with {}", bundle_path.display(), proof_path.display()))
        })?;
        let elapsed_ms = started.elapsed().as_secs_f64() * 1000.0;
        let text = format!("{}\ntime    {elapsed_ms:.1} ms", describe(&accepted, &bundle.card));
        let mut json = to_json(&accepted, &bundle.card);
        json["milliseconds"] = json!(elapsed_ms);
        json["expected"] = expectation::to_json(&expected);
        Ok(Report::accepted(text, json))
    }

    /// One seal.
    pub fn seal(&self, store: &Store, path: &Path) -> Result<Report, Failure> {
        let file = artefact::seal(path)?;
        let card = self.card(store)?;
        let key = self.key(store, &file)?;
        let expected = self.expectation.expected(&card)?;
        let started = Instant::now();
        let sealed =
            verify_seal(&expected, &card, &key, &file).map_err(|error| error.failure().at(path.display()))?;
        let elapsed_ms = started.elapsed().as_secs_f64() * 1000.0;
        let text = format!("{}\ntime    {elapsed_ms:.1} ms", describe_sealed(&sealed, &card));
        let mut json = sealed_to_json(&sealed, &card);
        json["milliseconds"] = json!(elapsed_ms);
        json["expected"] = expectation::to_json(&expected);
        Ok(Report::accepted(text, json))
    }

    /// The card that seals are checked with.
    pub fn card(&self, store: &Store) -> Result<Card, Failure> {
        artefact::card(&self.card.clone().unwrap_or_else(|| store.card()))
    }

    /// The key that a seal names, of those named; else that of `candor setup seal` for its size.
    pub fn key(&self, store: &Store, file: &SealFile) -> Result<SealKey, Failure> {
        if self.seal_key.is_empty() {
            return artefact::seal_key(&store.seal_key(file.batch_log2()));
        }
        let mut last = None;
        for path in &self.seal_key {
            let key = artefact::seal_key(path)?;
            if key.id() == file.key_id {
                return Ok(key);
            }
            last = Some(key);
        }
        // None fits: verification names the difference.
        last.ok_or_else(|| Failure::usage("no verifying key is named").fix("name it with --seal-key"))
    }
}

/// What was accepted by a seal, for people.
#[must_use]
pub fn describe_sealed(sealed: &Sealed, card: &Card) -> String {
    let (first, last) = ends(sealed);
    let mut text = table(&[
        (
            "honest",
            format!("records {first} to {last} ({}), sealed", count(sealed.headers.len() as u64, "record")),
        ),
        ("agent", hex_string(&sealed.agent)),
        ("program", hex_string(&sealed.program_id)),
    ]);
    for header in &sealed.headers {
        let requested = ActionView::of(header.requested, card).and_then(|action| action.name);
        let verdict = VerdictView::of(header.verdict, card);
        let name = requested.as_deref().unwrap_or("?");
        text.push_str(&format!("\n{:>6}  {name}: {} ({})", header.sequence, verdict.outcome, verdict.reason));
    }
    text.push_str(&assumptions_text(&sealed.assumptions));
    text
}

/// What was accepted by a seal, for programs.
#[must_use]
pub fn sealed_to_json(sealed: &Sealed, card: &Card) -> Value {
    let decision = |header: &Header| {
        json!({
            "sequence": header.sequence,
            "requested": ActionView::of(header.requested, card).and_then(|action| action.name),
            "policy": VerdictView::of(header.verdict, card),
        })
    };
    json!({
        "verdict": "honest",
        "sealed": true,
        "programId": hex_string(&sealed.program_id),
        "agent": hex_string(&sealed.agent),
        "firstSequence": ends(sealed).0,
        "decisions": sealed.headers.iter().map(decision).collect::<Vec<_>>(),
        "payout": hex_string(&sealed.payout),
        "assumptions": assumptions_json(&sealed.assumptions),
    })
}

/// First and last sequence number.
#[must_use]
pub fn ends(sealed: &Sealed) -> (u64, u64) {
    let sequence = |header: Option<&Header>| header.map_or(0, |header| header.sequence);
    (sequence(sealed.headers.first()), sequence(sealed.headers.last()))
}

/// What was accepted, for people.
#[must_use]
pub fn describe(accepted: &Accepted, card: &Card) -> String {
    let records = accepted.decisions.len() as u64;
    let last = accepted.first_sequence + records.saturating_sub(1);
    let mut text = table(&[
        ("honest", format!("records {} to {last} ({})", accepted.first_sequence, count(records, "record"))),
        ("agent", hex_string(&accepted.agent)),
        ("program", hex_string(&accepted.program_id)),
    ]);
    for (sequence, decision) in (accepted.first_sequence..).zip(&accepted.decisions) {
        let requested = ActionView::of(decision.requested.word(), card).and_then(|action| action.name);
        let verdict = VerdictView::of(decision.verdict.word(), card);
        let because =
            if verdict.reason == verdict.outcome { String::new() } else { format!(" ({})", verdict.reason) };
        text.push_str(&format!(
            "\n{sequence:>6}  {}: {}{because}",
            requested.as_deref().unwrap_or("?"),
            verdict.outcome
        ));
        if let Some(call) = &decision.transaction {
            text.push_str(&format!(", call {} of {}", card.transaction.signature(), hex_string(&call.to)));
        }
    }
    text.push_str(&assumptions_text(&accepted.assumptions));
    text
}

/// What was accepted, for programs.
#[must_use]
pub fn to_json(accepted: &Accepted, card: &Card) -> Value {
    let decisions: Vec<Value> = (accepted.first_sequence..)
        .zip(&accepted.decisions)
        .zip(&accepted.record_hashes)
        .map(|((sequence, decision), hash)| {
            let executed = decision.executed.as_ref().and_then(|action| ActionView::of(action.word(), card));
            json!({
                "sequence": sequence,
                "recordHash": hex_string(hash),
                "requested": ActionView::of(decision.requested.word(), card),
                "policy": VerdictView::of(decision.verdict.word(), card),
                "executed": executed,
                "transaction": decision.transaction.as_ref().map(|call| TransactionView::of(call, card)),
            })
        })
        .collect();
    json!({
        "verdict": "honest",
        "programId": hex_string(&accepted.program_id),
        "agent": hex_string(&accepted.agent),
        "firstSequence": accepted.first_sequence,
        "decisions": decisions,
        "accBefore": hex_string(&accepted.acc_before.0),
        "accAfter": hex_string(&accepted.acc_after.0),
        "payout": hex_string(&accepted.payout),
        "assumptions": assumptions_json(&accepted.assumptions),
    })
}

/// What a verdict rests on, for people; begins with a newline.
#[must_use]
pub fn assumptions_text(assumptions: &[Assumption]) -> String {
    let lines: Vec<String> = assumptions.iter().map(|assumption| format!("\n  {assumption}")).collect();
    if lines.is_empty() { String::new() } else { format!("\nthis rests on{}", lines.concat()) }
}

/// What a verdict rests on, for programs.
#[must_use]
pub fn assumptions_json(assumptions: &[Assumption]) -> Value {
    assumptions
        .iter()
        .map(|assumption| json!({ "name": assumption.name().as_str(), "text": assumption.to_string() }))
        .collect()
}
