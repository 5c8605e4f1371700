//! `candor inspect`: what a file or a log holds. Only `card`, `program` and logs with a card are checked; nothing shown
//! here is a verdict.

mod exported;
mod sealed;

use crate::artefact;
use crate::classify::Classify;
use crate::command::{revise, setup};
use crate::exit::{ExitClass, Failure};
use crate::output::{Report, count, hex_string, table};
use crate::session::Answer;
use crate::store::{self, Store};
use candor_circuits::seal;
use candor_compiler::PolicyReport;
use candor_log::{FileLogReader, RevisedProgram};
use candor_program::card::{Card, SetupSource};
use candor_program::class::{OperatorClass, TermClass};
use candor_program::digest::ProgramIds;
use candor_program::encoding::magic;
use candor_program::operator::Operator;
use candor_trace::seal::SEAL_MAGIC;
use candor_trace::{BundleView, RecordView, RevisionView, SignedRecord, VerdictView};
use candor_verifier::{Challenge, Evidence, MAX_CHALLENGE_BYTES, PublishedRecord};
use clap::Args;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// `candor inspect`.
#[derive(Args, Clone, Debug)]
pub struct Inspect {
    /// A file that candor wrote, or the directory of a log
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Of a log: show this record
    #[arg(long, value_name = "N")]
    pub record: Option<u64>,
    /// Card that a log's records are checked against [default: card.candor in --dir, if it is there]
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
}

impl Inspect {
    /// Tells the artefacts apart by their first bytes.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let path = &self.path;
        if path.is_dir() {
            return self.log(store, path);
        }
        let mut start = [0; 8];
        let file = File::open(path).map_err(|error| store::unreadable(path, &error))?;
        let mut limited = file.take(8);
        let mut read = 0;
        // A file of fewer bytes is none of ours, or one of the text files.
        while read < start.len() {
            match limited.read(start.get_mut(read..).unwrap_or_default()) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) => return Err(store::unreadable(path, &error)),
            }
        }
        match start {
            magic::PROGRAM => {
                let program = artefact::program(path)?;
                Ok(of_card(&program.card, "program, with weights"))
            }
            magic::CARD => Ok(of_card(&artefact::card(path)?, "card: a program without weights")),
            magic::SETUP => {
                let reference = artefact::setup(path)?;
                let text = format!("reference string\n{}", setup::describe(reference.card()));
                Ok(Report::accepted(
                    text,
                    json!({ "kind": "setup", "setup": setup::to_json(reference.card()) }),
                ))
            }
            magic::BUNDLE => bundle(path),
            magic::PROOF => proof(path),
            magic::CHALLENGE => challenge(path),
            magic::LOG => self.log(store, path.parent().unwrap_or(Path::new("."))),
            SEAL_MAGIC => sealed::seal(path),
            seal::key::FILE_MAGIC => sealed::seal_key(path),
            sealed::SEALING_KEYS_MAGIC => {
                sealed::sealing_keys(path).map_err(|failure| failure.at(path.display()))
            }
            candor_prover::ceremony::FILE_MAGIC => sealed::ceremony(path),
            _ => text_file(path, &start),
        }
    }
    fn log(&self, store: &Store, directory: &Path) -> Result<Report, Failure> {
        let (log, opened) = artefact::log(directory)?;
        let place = |failure: Failure| failure.at(directory.display());
        let card = match &self.card {
            Some(path) => Some(artefact::card(path)?),
            None if store.card().exists() => Some(artefact::card(&store.card())?),
            None => None,
        };
        if let Some(sequence) = self.record {
            let record = log.get(sequence).map_err(|error| place(error.failure()))?;
            return one_record(&record, card.as_ref()).map_err(place);
        }
        whole_log(&log, opened.truncated_tail_bytes, card.as_ref()).map_err(place)
    }
}

fn whole_log(log: &FileLogReader, unfinished: u64, card: Option<&Card>) -> Result<Report, Failure> {
    let tail = log.tail().map_err(|error| error.failure())?;
    let mut rows = vec![("log", count(log.len(), "record")), ("bytes", log.size_bytes().to_string())];
    if unfinished > 0 {
        rows.push(("unfinished", format!("{} at the end, never acknowledged", count(unfinished, "byte"))));
    }
    let mut json = json!({
        "kind": "log",
        "records": log.len(),
        "bytes": log.size_bytes(),
        "unfinishedBytes": unfinished,
        "checked": card.is_some(),
    });
    if let Some(record) = &tail {
        rows.push(("agent", hex_string(&record.header.agent)));
        rows.push(("program", hex_string(&record.header.program_id)));
        json["agent"] = json!(hex_string(&record.header.agent));
        json["programId"] = json!(hex_string(&record.header.program_id));
    }
    match card {
        Some(card) => {
            let report = log.check_chain(card).map_err(|error| error.failure())?;
            let last = report.last_record_hash.map(|hash| hex_string(&hash));
            rows.push((
                "chain",
                "every record is signed, continues the one before, and opens its header".to_owned(),
            ));
            rows.push(("last record", last.clone().unwrap_or_else(|| "none".to_owned())));
            json["lastRecordHash"] = json!(last);
            json["revisions"] = report.revisions.iter().map(revision_json).collect();
            rows.extend(report.revisions.iter().map(|revised| ("revised", revision_text(revised))));
        }
        None => rows.push(("chain", "not checked: name the card with --card".to_owned())),
    }
    Ok(Report::accepted(table(&rows), json))
}

/// One line about a change of program.
fn revision_text(revised: &RevisedProgram) -> String {
    let (from, to) = (hex_string(&revised.from), hex_string(&revised.to));
    let registers = candor_trace::revision::listed(&revised.registers);
    format!(
        "by record {}, from program {from} to {to} from {} on; registers: {registers}",
        revised.sequence, revised.activation
    )
}

fn revision_json(revised: &RevisedProgram) -> Value {
    json!({
        "sequence": revised.sequence,
        "from": hex_string(&revised.from),
        "to": hex_string(&revised.to),
        "activation": revised.activation,
        "registers": revise::registers_json(&revised.registers),
    })
}

fn one_record(record: &SignedRecord, card: Option<&Card>) -> Result<Report, Failure> {
    let card = card.ok_or_else(|| {
        Failure::usage("a record is shown with the names of its card").fix("name the card with --card")
    })?;
    let view = serde_json::to_value(RecordView::of(record, card)).map_err(unexpected)?;
    let text = format!("{view:#}");
    Ok(Report::accepted(text, json!({ "kind": "record", "record": view })))
}

fn of_card(card: &Card, kind: &str) -> Report {
    let ids = ProgramIds::of(card);
    let plugins: Vec<String> =
        card.plugins.iter().map(|plugin| format!("{} {}", plugin.id, plugin.version)).collect();
    let actions: Vec<&str> = card.head.actions().iter().map(|action| action.name.as_str()).collect();
    let rules: Vec<&str> = card.policy.rules.iter().map(|rule| rule.name.as_str()).collect();
    let registers: Vec<&str> = card.registers.iter().map(|register| register.name.as_str()).collect();
    let development = card.setup.source == SetupSource::Development;
    let text = table(&[
        ("kind", kind.to_owned()),
        ("agent", format!("{} {}", card.name, card.agent_version)),
        ("program id", hex_string(&ids.program_id)),
        ("model id", hex_string(&ids.model_id)),
        ("features", card.features.len().to_string()),
        ("operators", shapes(card)),
        ("actions", actions.join(", ")),
        ("rules", rules.join(", ")),
        ("state", registers.join(", ")),
        ("transaction", format!("{} of {}", card.transaction.signature(), hex_string(&card.transaction.to))),
        ("plugins", plugins.join(", ")),
        (
            "chain",
            format!("{}, contract {}", card.domain.chain_id, hex_string(&card.domain.verifying_contract)),
        ),
        ("rows", format!("{} of 2^{}", card.weight_rows.len(), card.class.row_log2)),
        ("setup", if development { "DEVELOPMENT" } else { "Powers of Tau" }.to_owned()),
    ]);
    let policy = PolicyReport::of(card);
    let text = format!("{text}\n{}", policy.to_string().trim_end());
    let json = json!({
        "kind": kind.split([':', ',']).next(),
        "name": card.name,
        "agentVersion": card.agent_version,
        "programId": hex_string(&ids.program_id),
        "modelId": hex_string(&ids.model_id),
        "classDigest": hex_string(&ids.class_digest),
        "class": card.class,
        "features": card.features.iter().map(|feature| json!({
            "name": feature.name, "pointer": feature.pointer, "decimals": feature.decimals,
            "min": feature.min, "max": feature.max,
        })).collect::<Vec<_>>(),
        "actions": actions,
        "rules": rules,
        "registers": registers,
        "policy": serde_json::to_value(&policy).unwrap_or_default(),
        "transaction": card.transaction.signature(),
        "plugins": plugins,
        "chainId": card.domain.chain_id,
        "verifyingContract": hex_string(&card.domain.verifying_contract),
        "weightRows": card.weight_rows.len(),
        "setup": setup::to_json(&card.setup),
    });
    Report::accepted(text, json)
}

fn shapes(card: &Card) -> String {
    let shape = |(index, (operator, shape)): (usize, (&Operator, &OperatorClass))| {
        let (Operator::Affine(affine), OperatorClass::Affine { terms, .. }) = (operator, shape) else {
            return format!("{}: table lookup", index + 1);
        };
        let count = |kind: fn(&TermClass) -> bool| terms.iter().filter(|term| kind(term)).count();
        let axes: Vec<String> = affine.axes.iter().map(u32::to_string).collect();
        let relu = if affine.rescale.low == 0 { ", from 0" } else { "" };
        format!(
            "{}: {} wide, {} weighted and {} linear terms, {} products{relu}",
            index + 1,
            axes.join(" by "),
            count(|term| matches!(term, TermClass::Weighted { .. })),
            count(|term| matches!(term, TermClass::Linear { .. })),
            count(|term| matches!(term, TermClass::Product { .. }))
        )
    };
    card.operators.iter().zip(&card.class.operators).enumerate().map(shape).collect::<Vec<_>>().join("; ")
}

fn bundle(path: &Path) -> Result<Report, Failure> {
    let bundle = artefact::bundle(path)?;
    let view = BundleView::of(&bundle);
    let mut text = table(&[
        ("kind", "bundle: a card and consecutive records; nothing is checked".to_owned()),
        ("agent", format!("{} {}", view.name, view.agent_version)),
        ("program id", view.program_id.clone()),
        ("records", bundle.records.len().to_string()),
    ]);
    for record in &bundle.records {
        text.push_str(&format!("\n{}", line(record, &bundle.card)));
    }
    let json = json!({ "kind": "bundle", "bundle": serde_json::to_value(view).map_err(unexpected)? });
    Ok(Report::accepted(text, json))
}

/// One line about a record: what it states, checked or not.
fn line(record: &SignedRecord, card: &Card) -> String {
    if let Some(revision) = RevisionView::of(record) {
        let (sequence, time) = (record.header.sequence, record.header.time);
        return format!(
            "{sequence:>6}  {time}  revised to program {}, from {} on",
            revision.to, revision.activation
        );
    }
    let view = RecordView::of(record, card);
    let verdict: VerdictView = view.policy;
    Answer {
        sequence: record.header.sequence,
        time: record.header.time,
        requested: view.requested,
        verdict: verdict.outcome,
        reason: verdict.reason,
        reason_code: verdict.reason_code,
        remedy: verdict.remedy,
        executed: view.executed,
        transaction: None,
        record_hash: view.signed_header.record_hash,
    }
    .text()
}

fn proof(path: &Path) -> Result<Report, Failure> {
    let proof = artefact::proof(path)?;
    let decisions: u64 = proof.segments.iter().map(|segment| u64::from(segment.decisions)).sum();
    let bytes: usize = proof.segments.iter().map(|segment| segment.argument.len()).sum();
    let purpose = format!("{:?}", proof.purpose).to_lowercase();
    let text = table(&[
        ("kind", format!("proof, of purpose {purpose}; nothing is checked")),
        ("program id", hex_string(&proof.program_id)),
        ("setup", if proof.development_setup { "DEVELOPMENT" } else { "Powers of Tau" }.to_owned()),
        ("records", format!("{decisions}, from {}", proof.first_sequence)),
        ("segments", format!("{} ({bytes} bytes)", proof.segments.len())),
        ("reveals", format!("tensor {}", proof.revealed.0)),
        ("payout", hex_string(&proof.payout)),
    ]);
    let segments: Vec<Value> = proof
        .segments
        .iter()
        .map(|segment| json!({
            "decisions": segment.decisions, "batchLog2": segment.batch_log2, "bytes": segment.argument.len(),
        }))
        .collect();
    let json = json!({
        "kind": "proof",
        "purpose": purpose,
        "programId": hex_string(&proof.program_id),
        "developmentSetup": proof.development_setup,
        "firstSequence": proof.first_sequence,
        "revealedTensor": proof.revealed.0,
        "payout": hex_string(&proof.payout),
        "segments": segments,
    });
    Ok(Report::accepted(text, json))
}

fn challenge(path: &Path) -> Result<Report, Failure> {
    let challenge = artefact::decode(path, MAX_CHALLENGE_BYTES, Challenge::from_bytes)?;
    let (evidence, json) = match &challenge.evidence {
        Evidence::Proven { tensor, values, proof, .. } => (
            format!("proof of the true values of tensor {}", tensor.0),
            json!({
                "evidence": "proven", "tensor": tensor.0, "values": values, "payout": hex_string(&proof.payout),
            }),
        ),
        Evidence::Inconsistent { .. } => (
            "a record that contradicts itself or the one before".to_owned(),
            json!({ "evidence": "inconsistent" }),
        ),
        Evidence::Equivocation { first, second } => {
            let header = |signed: &candor_trace::SignedHeader| hex_string(&signed.header.struct_hash());
            (
                "two signed records of one sequence number".to_owned(),
                json!({ "evidence": "equivocation", "first": header(first), "second": header(second) }),
            )
        }
        Evidence::Published(published) => published_record("published", published),
        Evidence::Late(late) => published_record("late", &late.published),
    };
    let sequence = challenge.sequence();
    let text = table(&[
        ("kind", "challenge; nothing is checked".to_owned()),
        ("record", sequence.to_string()),
        ("evidence", evidence),
    ]);
    let mut all = json!({ "kind": "challenge", "sequence": sequence });
    all["challenge"] = json;
    Ok(Report::accepted(text, all))
}

fn published_record(evidence: &str, published: &PublishedRecord) -> (String, Value) {
    let (time, bytes) = (published.signed.header.time, published.proof.len());
    let without = if evidence == "late" { ", and an earlier checkpoint without it" } else { "" };
    (
        format!("the record of time {time} in a log, with a proof of {bytes} bytes{without}"),
        json!({
            "evidence": evidence,
            "recordTime": time,
            "proof": String::from_utf8_lossy(&published.proof),
        }),
    )
}

fn text_file(path: &Path, start: &[u8; 8]) -> Result<Report, Failure> {
    if path.extension().is_some_and(|extension| extension == "json") {
        return exported::json_file(path);
    }
    if path.extension().is_some_and(|extension| extension == "key") {
        return Err(Failure::usage("this is a secret key; it is not shown")
            .at(path.display())
            .fix("candor agent-key --show prints its address"));
    }
    Err(Failure::new(ExitClass::Malformed, format!("no file of ours starts with {}", start.escape_ascii()))
        .at(path.display())
        .fix("the files of a project are shown, but secret keys; text is told by its ending, .json; candor receipt and candor log read theirs"))
}

fn unexpected(error: impl std::fmt::Display) -> Failure {
    Failure::new(ExitClass::Unexpected, error)
}
