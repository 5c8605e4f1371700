//! `candor receipt`: decisions and verdicts as signed statements, and their verification.

use crate::artefact;
use crate::classify::Classify;
use crate::command::settle::{self, Settle, Settled};
use crate::exit::Failure;
use crate::key::{self, parse_signer};
use crate::output::{Report, hex_string, table};
use crate::selection::SelectionArguments;
use crate::store::{self, Existing, Store};
use candor_program::card::{Card, SignerKey};
use candor_trace::adapter::otel::{DecisionSpan, ProofStatus, to_otlp};
use candor_trace::receipt::{
    DecisionPredicate, DecisionReceipt, DsseEnvelope, MAX_RECEIPT_BYTES, PredicateAssumption, PredicateFraud,
    ReceiptError, VerdictPredicate, VerdictReceipt,
};
use candor_trace::{MAX_BUNDLE_BYTES, SignedHeader};
use candor_verifier::{Assumption, Verdict};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// `candor receipt`.
#[derive(Args, Clone, Debug)]
pub struct Receipt {
    /// What to do
    #[command(subcommand)]
    pub command: Action,
}

/// One action each.
#[derive(Subcommand, Clone, Debug)]
pub enum Action {
    /// A decision of the log, allowed or denied, as an in-toto statement in a DSSE envelope
    #[command(after_help = "Example: candor receipt decision --record 17 --output decision.json")]
    Decision(Decision),
    /// Settle, and sign the verdict
    #[command(after_help = "\
Example:
  candor receipt verdict --bundle bundle.candor --proof proof.candor --expect expected.json --key auditor.key")]
    Verdict(Box<SignVerdict>),
    /// Check a receipt: whose key signed it, and that it says what the agent signed
    #[command(
        after_help = "Example: candor receipt verify decision.json --signer 0x12... --card card.candor"
    )]
    Verify(Verify),
    /// Decisions of the log as OpenTelemetry spans (OTLP JSON) with candor.* attributes
    #[command(after_help = "Example: candor receipt otel --range 10..20 --output spans.json")]
    Otel(Otel),
}

/// `candor receipt decision`.
#[derive(Args, Clone, Debug)]
pub struct Decision {
    /// The record, by its sequence number
    #[arg(long, value_name = "N")]
    pub record: u64,
    /// The log's directory [default: log in --dir]
    #[arg(long, value_name = "DIRECTORY")]
    pub log: Option<PathBuf>,
    /// The program's card [default: card.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// Key that signs the receipt [default: agent.key in --dir]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Where the receipt goes [default: the standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `candor receipt verdict`.
#[derive(Args, Clone, Debug)]
pub struct SignVerdict {
    /// What to settle
    #[command(flatten)]
    pub settle: Settle,
    /// Key that signs the receipt, of `plugin key` or `agent-key`
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Where the receipt goes [default: the standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `candor receipt verify`.
#[derive(Args, Clone, Debug)]
pub struct Verify {
    /// The receipt
    #[arg(value_name = "RECEIPT.json")]
    pub receipt: PathBuf,
    /// Key that must have signed it: an address, or ed25519:0x and a public key
    #[arg(long, value_name = "KEY", value_parser = parse_signer)]
    pub signer: SignerKey,
    /// Of a decision: card that names are compared with
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// Of a verdict: bundle that it must be about
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
}

/// `candor receipt otel`.
#[derive(Args, Clone, Debug)]
pub struct Otel {
    /// Which records
    #[command(flatten)]
    pub selection: SelectionArguments,
    /// The program's card [default: card.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// What you know about a proof of these records; spans are no evidence of it
    #[arg(long, value_name = "STATUS", value_enum, default_value_t = Proof::Unproven)]
    pub proof_status: Proof,
    /// Where the spans go [default: the standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Values of `--proof-status`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Proof {
    /// None was made or looked at
    Unproven,
    /// A proof was verified
    Proven,
    /// A seal was verified
    Sealed,
}

impl Action {
    /// Does it.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        match self {
            Self::Decision(command) => command.run(store),
            Self::Verdict(command) => command.run(store),
            Self::Verify(command) => command.run(),
            Self::Otel(command) => command.run(store),
        }
    }
}

impl Decision {
    fn run(&self, store: &Store) -> Result<Report, Failure> {
        let card = artefact::card(&self.card.clone().unwrap_or_else(|| store.card()))?;
        let directory = self.log.clone().unwrap_or_else(|| store.log());
        let (log, _) = artefact::log(&directory)?;
        let record = log.get(self.record).map_err(|error| error.failure().at(directory.display()))?;
        let key = key::load_any(&self.key.clone().unwrap_or_else(|| store.key()))?;
        let envelope = DecisionPredicate::sign(&record, &card, &key);
        // What is handed out is what a reader will accept.
        DecisionReceipt::verify(&envelope, &key.public(), Some(&card))
            .map_err(|error| error.failure().at(format!("record {}", self.record)))?;
        deliver(&envelope, self.output.as_deref(), &key.public())
    }
}

impl SignVerdict {
    fn run(&self, store: &Store) -> Result<Report, Failure> {
        let key = key::load_any(&self.key)?;
        let settled = self.settle.settle(store)?;
        let bundle = settled.bundle.to_bytes();
        let envelope = predicate(&settled).sign(&bundle, &key);
        let delivered = deliver(&envelope, self.output.as_deref(), &key.public())?;
        let class = settle::report(&settled.verdict, &settled.bundle.card).class;
        Ok(Report { class, ..delivered })
    }
}

/// The receipt in its file, or as the answer.
fn deliver(envelope: &DsseEnvelope, output: Option<&Path>, signer: &SignerKey) -> Result<Report, Failure> {
    let text = envelope.to_json();
    let Some(path) = output else {
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        return Ok(Report::accepted(text, json));
    };
    store::write(path, format!("{text}\n").as_bytes(), Existing::Replace)?;
    let report = table(&[("wrote", path.display().to_string()), ("signed by", signer.to_string())]);
    Ok(Report::accepted(
        report,
        json!({ "receipt": path.display().to_string(), "signer": signer.to_string() }),
    ))
}

fn predicate(settled: &Settled) -> VerdictPredicate {
    let Settled { verdict, bundle, expected } = settled;
    let (fraud, missing, assumptions) = match verdict {
        Verdict::Honest(accepted) => (None, Vec::new(), listed(&accepted.assumptions)),
        Verdict::Fraud(fraud) => {
            let found = PredicateFraud {
                kind: fraud.kind.as_str().to_owned(),
                culprit: fraud.culprit.name(),
                sequence: fraud.sequence,
                basis: fraud.basis.to_string(),
            };
            (Some(found), Vec::new(), listed(&fraud.assumptions))
        }
        Verdict::Undecided { missing } => {
            (None, missing.iter().map(ToString::to_string).collect(), Vec::new())
        }
    };
    VerdictPredicate {
        verdict: verdict.name().to_owned(),
        program_id: hex_string(&expected.program_id),
        agent: hex_string(&expected.agent),
        chain_id: expected.domain.chain_id,
        verifying_contract: hex_string(&expected.domain.verifying_contract),
        first_sequence: bundle.records.first().map_or(0, |record| record.header.sequence),
        record_hashes: bundle.record_hashes().iter().map(|hash| hex_string(hash)).collect(),
        fraud,
        missing,
        assumptions,
    }
}

fn listed(assumptions: &[Assumption]) -> Vec<PredicateAssumption> {
    let listed = |assumption: &Assumption| PredicateAssumption {
        name: assumption.name().as_str().to_owned(),
        text: assumption.to_string(),
    };
    assumptions.iter().map(listed).collect()
}

impl Verify {
    fn run(&self) -> Result<Report, Failure> {
        let place = |error: ReceiptError| error.failure().at(self.receipt.display());
        let bytes = store::read(&self.receipt, MAX_RECEIPT_BYTES as u64)?;
        let envelope = DsseEnvelope::from_json(&bytes).map_err(place)?;
        let card = self.card.as_deref().map(artefact::card).transpose()?;
        match DecisionReceipt::verify(&envelope, &self.signer, card.as_ref()) {
            Ok(receipt) => Ok(self.decision(&receipt)),
            Err(ReceiptError::PredicateType { .. }) => {
                let bundle =
                    self.bundle.as_deref().map(|path| store::read(path, MAX_BUNDLE_BYTES)).transpose()?;
                let receipt =
                    VerdictReceipt::verify(&envelope, &self.signer, bundle.as_deref()).map_err(place)?;
                Ok(self.verdict(&receipt))
            }
            Err(error) => Err(place(error)),
        }
    }
    fn decision(&self, receipt: &DecisionReceipt) -> Report {
        let said = &receipt.predicate;
        let name = |name: &Option<String>, word: &str| name.clone().unwrap_or_else(|| word.to_owned());
        let executed = said.executed.as_ref().map(|action| name(&action.name, &action.word));
        let reason = name(&said.reason, &said.reason_code.to_string());
        let text = table(&[
            ("receipt", "a decision; signature and every word are the agent's".to_owned()),
            ("signed by", self.signer.to_string()),
            ("record", format!("{} of {}", said.sequence, said.agent)),
            ("time", said.time.to_string()),
            ("requested", name(&said.requested.name, &said.requested.word)),
            ("verdict", format!("{} ({reason})", said.verdict)),
            ("executed", executed.unwrap_or_else(|| "nothing".to_owned())),
            (
                "names",
                if receipt.names_checked { "the card's" } else { "not compared: name --card" }.to_owned(),
            ),
        ]);
        Report::accepted(
            text,
            json!({
                "receipt": "decision", "signer": self.signer.to_string(), "namesChecked": receipt.names_checked,
                "predicate": said,
            }),
        )
    }
    fn verdict(&self, receipt: &VerdictReceipt) -> Report {
        let said = &receipt.predicate;
        let mut rows = vec![
            ("receipt", "a verdict; it is worth what its signer's word is".to_owned()),
            ("signed by", self.signer.to_string()),
            ("verdict", said.verdict.clone()),
            ("program", said.program_id.clone()),
            ("agent", said.agent.clone()),
            ("records", format!("{}, from {}", said.record_hashes.len(), said.first_sequence)),
            ("bundle", format!("SHA-256 {}", receipt.bundle_sha256)),
            (
                "compared",
                if receipt.bundle_checked { "it is this bundle" } else { "no: name --bundle" }.to_owned(),
            ),
        ];
        if let Some(fraud) = &said.fraud {
            rows.push(("fraud", format!("{} by {} in record {}", fraud.kind, fraud.culprit, fraud.sequence)));
        }
        rows.extend(said.missing.iter().map(|missing| ("missing", missing.clone())));
        Report::accepted(
            table(&rows),
            json!({
                "receipt": "verdict", "signer": self.signer.to_string(), "bundleChecked": receipt.bundle_checked,
                "bundleSha256": receipt.bundle_sha256, "predicate": said,
            }),
        )
    }
}

impl Otel {
    fn run(&self, store: &Store) -> Result<Report, Failure> {
        let card: Card = artefact::card(&self.card.clone().unwrap_or_else(|| store.card()))?;
        let bundle = self.selection.bundle(store, card)?;
        let proof = match self.proof_status {
            Proof::Unproven => ProofStatus::Unproven,
            Proof::Proven => ProofStatus::Proven,
            Proof::Sealed => ProofStatus::Sealed,
        };
        let headers: Vec<SignedHeader> = bundle.records.iter().map(|record| record.signed_header()).collect();
        let decisions: Vec<DecisionSpan<'_>> =
            headers.iter().map(|signed| DecisionSpan { signed, proof }).collect();
        let text = to_otlp(&bundle.card, &decisions).to_string();
        let Some(path) = &self.output else {
            let json = serde_json::from_str(&text).unwrap_or(Value::Null);
            return Ok(Report::accepted(text, json));
        };
        store::write(path, format!("{text}\n").as_bytes(), Existing::Replace)?;
        let report = table(&[("wrote", path.display().to_string()), ("spans", headers.len().to_string())]);
        Ok(Report::accepted(report, json!({ "path": path.display().to_string(), "spans": headers.len() })))
    }
}
