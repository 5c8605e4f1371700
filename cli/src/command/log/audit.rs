//! `candor log audit`: whether everything that a log publishes is in order.

use super::published::{Published, Trust};
use crate::artefact;
use crate::classify::Classify;
use crate::command::revise::registers_json;
use crate::exit::{ExitClass, Failure};
use crate::output::{Report, count, hex_string, table};
use crate::progress::Progress;
use crate::store::{self, Existing};
use candor_log::audit::{
    AuditError, AuditReport, AuditSettings, AuditedRevision, Bodies, BodyFaults, BodyFolder, KnownRetention,
    MAX_CHECKPOINT_FILE_BYTES, PrunedReport, Source, audit,
};
use candor_log::retention::{MAX_RETENTION_FILE_BYTES, Pins, PublishedPolicy, RetentionPolicy};
use candor_trace::revision::listed;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// `candor log audit`.
#[derive(Args, Clone, Debug)]
pub struct Audit {
    /// The log's folder, its public/ folder, or the URL of its files
    #[arg(value_name = "LOG")]
    pub log: String,
    /// Whom to believe
    #[command(flatten)]
    pub trust: Trust,
    /// Checkpoint of an earlier audit: compared if the file is there, replaced when the audit passes
    #[arg(long, value_name = "FILE")]
    pub remember: Option<PathBuf>,
    /// Card of a program whose chains are confirmed; may be given several times
    #[arg(long, value_name = "FILE")]
    pub card: Vec<PathBuf>,
    /// Folder of bodies, each named by its hash: checked too
    #[arg(long, value_name = "DIRECTORY")]
    pub bodies: Option<PathBuf>,
    /// policy.json of this log as it was kept earlier: what was pruned before the windows promised there is named
    #[arg(long, value_name = "FILE")]
    pub promised: Option<PathBuf>,
    /// pins.json of this log as it was kept earlier, such as when a dispute was opened: those records must be there
    #[arg(long, value_name = "FILE")]
    pub pins: Option<PathBuf>,
    /// Unix seconds, for tombstones that are dated ahead [default: the system's clock and an hour]
    #[arg(long, value_name = "SECONDS")]
    pub now: Option<u64>,
}

/// The file of a checkpoint before and after an audit: what is remembered is what was audited.
struct Pinned<'a> {
    published: &'a Published,
    checkpoint: Vec<u8>,
}

impl Source for Pinned<'_> {
    fn get(&self, file: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, candor_log::audit::SourceError> {
        match file {
            "checkpoint" => Ok(Some(self.checkpoint.clone())),
            _ => self.published.get(file, limit_bytes),
        }
    }
}

/// What a log promised once.
fn promised(path: &Path) -> Result<RetentionPolicy, Failure> {
    let malformed = |error| Failure::new(ExitClass::Malformed, error).at(path.display());
    let policy =
        PublishedPolicy::from_bytes(&store::read(path, MAX_RETENTION_FILE_BYTES)?).map_err(malformed)?;
    policy.retention.ok_or_else(|| {
        Failure::usage("the kept policy promises nothing").at(path.display()).fix("leave out --promised")
    })
}

/// What was pinned once.
fn pins(path: &Path) -> Result<Pins, Failure> {
    let malformed = |error| Failure::new(ExitClass::Malformed, error).at(path.display());
    Pins::from_bytes(&store::read(path, MAX_RETENTION_FILE_BYTES)?).map_err(malformed)
}

impl Audit {
    /// Clocks of a log and its auditor differ, but not by more than an hour.
    fn now(&self) -> u64 {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or(0);
        self.now.unwrap_or(clock.saturating_add(3600))
    }
    /// Rebuilds the tree from the entries and checks all there is.
    pub fn run(&self) -> Result<Report, Failure> {
        let published = Published::at(&self.log)?;
        let place = |failure: Failure| failure.at(&self.log);
        let trusted = self.trust.policy_of(&published).map_err(place)?;
        let cards: Vec<_> = self.card.iter().map(|path| artefact::card(path)).collect::<Result<_, _>>()?;
        let remembered = match &self.remember {
            Some(path) if path.exists() => Some(store::read(path, MAX_CHECKPOINT_FILE_BYTES)?),
            _ => None,
        };
        let bodies = self.bodies.as_ref().map(|path| BodyFolder::at(path));
        let promised = self.promised.as_deref().map(promised).transpose()?;
        let pins = self.pins.as_deref().map(pins).transpose()?;
        let retention =
            KnownRetention { promised: promised.as_ref(), pins: pins.as_ref(), now: Some(self.now()) };
        let settings = AuditSettings {
            remembered: remembered.as_deref(),
            cards: &cards,
            bodies: bodies.as_ref().map(|bodies| bodies as &dyn Bodies),
            retention,
            ..AuditSettings::new(&trusted.policy)
        };
        let missing = || {
            let failure = Failure::new(ExitClass::Rejected, "checkpoint is missing");
            place(failure.fix("check that this is a log, and that it has published anything"))
        };
        let checkpoint = published
            .get("checkpoint", MAX_CHECKPOINT_FILE_BYTES)
            .map_err(|error| place(error.failure()))?
            .ok_or_else(missing)?;
        let pinned = Pinned { published: &published, checkpoint };
        let mut progress = Progress::new("auditing");
        let report = audit(&pinned, &settings, |done, total| progress.at(done, total));
        drop(progress);
        let report = match report {
            Ok(report) => report,
            Err(AuditError::Bodies { faults }) => {
                let described =
                    describe(&faults.report, trusted.assumptions(), trusted.to_json(), bodies.is_some());
                return Ok(with_faults(described, &faults));
            }
            Err(error) => return Err(place(error.failure())),
        };
        if let Some(path) = &self.remember {
            store::write(path, &pinned.checkpoint, Existing::Replace)?;
        }
        Ok(describe(&report, trusted.assumptions(), trusted.to_json(), bodies.is_some()))
    }
}

fn describe(report: &AuditReport, assumptions: String, trust: serde_json::Value, bodies: bool) -> Report {
    let mut rows = vec![
        ("log", report.origin.clone()),
        ("entries", format!("{}, root {}", report.size, report.root)),
        ("checked", format!("{} of them: decoding, hash, signature, chain", report.entries)),
        ("chains", format!("{}, {} confirmed by a card", report.chains, report.chains_with_card)),
    ];
    if report.pruned > 0 {
        let text = format!(
            "{} below index {}: hashes only; {} taken up after them",
            report.pruned,
            report.minimum_index,
            count(report.resumed_chains, "chain")
        );
        rows.push(("pruned", text));
    }
    let PrunedReport { tombstones, last, pins, pins_unseen, .. } = report.pruning;
    if let Some(last) = last {
        let text = format!(
            "{}, the last of {} lists {} entries and {} bodies; all signed, in order, none too early",
            count(tombstones, "tombstone"),
            last.time,
            last.entries.dropped,
            last.bodies.dropped,
        );
        rows.push(("tombstones", text));
    }
    if pins > 0 {
        rows.push(("pins", format!("{pins}, all kept; of {pins_unseen} no record is there or was pruned")));
    }
    if bodies {
        let missing = match report.first_missing_body {
            Some(first) => format!(
                "{} not there without a tombstone (withheld or lost), the first of entry {first}",
                report.bodies_missing
            ),
            None => "none missing without a tombstone".to_owned(),
        };
        rows.push((
            "bodies",
            format!("{} checked, {} pruned by policy, {missing}", report.bodies, report.bodies_pruned),
        ));
    }
    rows.extend(report.revisions.iter().map(|revision| ("revised", revision_text(revision))));
    for cosigned in &report.cosigned {
        rows.push(("witness", format!("{} at {}", cosigned.name, cosigned.time)));
    }
    match report.remembered {
        Some(size) => rows.push(("continues", format!("the remembered checkpoint of {size} entries"))),
        None => rows.push(("continues", "nothing was remembered: a first look".to_owned())),
    }
    rows.push(("rests on", assumptions));
    let cosigned: Vec<_> =
        report.cosigned.iter().map(|by| json!({ "name": by.name, "time": by.time })).collect();
    let json = json!({
        "origin": report.origin,
        "size": report.size,
        "root": report.root.to_base64(),
        "entriesChecked": report.entries,
        "entriesPruned": report.pruned,
        "minimumIndex": report.minimum_index,
        "chains": report.chains,
        "chainsWithCard": report.chains_with_card,
        "chainsResumed": report.resumed_chains,
        "bodiesChecked": report.bodies,
        "bodiesPruned": report.bodies_pruned,
        "bodiesMissing": report.bodies_missing,
        "firstMissingBody": report.first_missing_body,
        "tombstones": tombstones,
        "lastTombstone": last.map(|last| last.number),
        "pins": pins,
        "pinsUnseen": pins_unseen,
        "revisions": report.revisions.iter().map(revision_json).collect::<Vec<_>>(),
        "cosigned": cosigned,
        "remembered": report.remembered,
        "restsOn": trust,
    });
    Report::accepted(table(&rows), json)
}

/// The log is in order and bodies are not: every chain's first is listed.
fn with_faults(described: Report, faults: &BodyFaults) -> Report {
    let Report { mut text, mut json, .. } = described;
    let more = faults.chains.saturating_sub(faults.first.len() as u64);
    text.push_str(&format!(
        "\nrejected: {} of {} are not what was signed; the log itself is in order. The first of each:",
        if faults.bodies == 1 { "1 body".to_owned() } else { format!("{} bodies", faults.bodies) },
        count(faults.chains, "chain"),
    ));
    for one in &faults.first {
        let (agent, program_id) = (hex_string(&one.agent), hex_string(&one.program_id));
        text.push_str(&format!(
            "\n  entry {}, agent {agent}, program {program_id}: {}",
            one.index, one.fault
        ));
    }
    if more > 0 {
        text.push_str(&format!("\n  and {} more", count(more, "chain")));
    }
    let list: Vec<_> = faults
        .first
        .iter()
        .map(|one| {
            json!({
                "agent": hex_string(&one.agent),
                "programId": hex_string(&one.program_id),
                "index": one.index,
                "fault": one.fault.to_string(),
            })
        })
        .collect();
    json["bodiesWrong"] = json!(faults.bodies);
    json["chainsWithWrongBodies"] = json!(faults.chains);
    json["bodyFaults"] = json!(list);
    json["exitCode"] = json!(ExitClass::Rejected.code());
    Report { class: ExitClass::Rejected, text, json }
}

/// A change of program; without its body what it does to the registers is unchecked.
fn revision_text(revision: &AuditedRevision) -> String {
    let registers = revision.registers.as_deref().map(listed);
    format!(
        "entry {}: agent {}, record {}, from program {} to {} from {} on; registers: {}",
        revision.index,
        hex_string(&revision.agent),
        revision.sequence,
        hex_string(&revision.from),
        hex_string(&revision.to),
        revision.activation,
        registers.unwrap_or_else(|| "unchecked, its body is not at hand (--bodies)".to_owned())
    )
}

fn revision_json(revision: &AuditedRevision) -> serde_json::Value {
    json!({
        "index": revision.index,
        "agent": hex_string(&revision.agent),
        "sequence": revision.sequence,
        "from": hex_string(&revision.from),
        "to": hex_string(&revision.to),
        "activation": revision.activation,
        "registers": revision.registers.as_deref().map(registers_json),
    })
}
