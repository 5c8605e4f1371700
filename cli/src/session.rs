//! An agent that records: program, key, log and the place where it continues.

use crate::artefact;
use crate::classify::Classify;
use crate::evidence::EvidenceFiles;
use crate::exit::Failure;
use crate::key;
use crate::output::hex_string;
use crate::store::Store;
use candor_log::{FileLog, FileLogReader};
use candor_program::card::Card;
use candor_program::observation::Observation;
use candor_program::transaction::Transaction;
use candor_trace::{ActionView, Recorded, Recorder, Salts, SignedRecord, VerdictView};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Records into one log.
pub struct Session {
    recorder: Recorder,
    evidence: EvidenceFiles,
    log: FileLog,
    directory: PathBuf,
    last: Option<Observation>,
    /// Time of the last record when the session began.
    resumed_at: Option<u64>,
    /// Bytes of an unfinished record that were cut off the log; it was never acknowledged.
    pub truncated_tail_bytes: u64,
}

impl Session {
    /// Opens program, key and log, and continues after the log's last record.
    pub fn open(store: &Store, log_directory: &Path) -> Result<Self, Failure> {
        let program = artefact::program(&store.program())?;
        let key = key::load(&store.key())?;
        let (log, report) = FileLog::open_or_create(log_directory)
            .map_err(|error| error.failure().at(log_directory.display()))?;
        let tail = log.tail().map_err(|error| error.failure().at(log_directory.display()))?;
        let recorder = Recorder::resume(program, key, tail.as_ref())
            .map_err(|error| error.failure().at(log_directory.display()))?;
        let last = tail.map(|record| record.body.observation);
        let resumed_at = last.as_ref().map(|observation| observation.time);
        let truncated_tail_bytes = report.truncated_tail_bytes;
        Ok(Self {
            recorder,
            evidence: EvidenceFiles::default(),
            log,
            directory: log_directory.to_owned(),
            last,
            resumed_at,
            truncated_tail_bytes,
        })
    }
    /// The card.
    pub fn card(&self) -> &Card {
        self.recorder.card()
    }
    /// Time of the last record when the session began; `None`: the log was empty.
    pub fn resumed_at(&self) -> Option<u64> {
        self.resumed_at
    }
    /// The agent's own log.
    pub fn log(&self) -> &FileLogReader {
        &self.log
    }
    /// Number of records that are durable.
    pub fn durable(&self) -> u64 {
        self.log.len()
    }
    /// From now on records carry credentials of these files, each while it counts.
    pub fn present(&mut self, files: &[PathBuf]) -> Result<(), Failure> {
        self.evidence = EvidenceFiles::of(files);
        self.evidence.refresh(&mut self.recorder)
    }
    /// Decides on one line. Nothing is durable yet, so nobody may see the decision.
    pub fn decide(&mut self, line: &str) -> Result<Recorded, Failure> {
        let observation = Observation::from_json(line, self.card()).map_err(|error| error.failure())?;
        if self.last.as_ref() == Some(&observation) {
            let sequence = self.recorder.sequence().saturating_sub(1);
            return Err(Failure::new(
                crate::exit::ExitClass::Rejected,
                format!("this observation is already recorded, as record {sequence}"),
            )
            .fix(
                "report each observation once; --skip-recorded passes over lines that the log already has",
            ));
        }
        self.evidence.refresh(&mut self.recorder)?;
        self.evidence.note_lapsed(&self.recorder, observation.time);
        let salts = Salts { observations: key::salt()?, evidence: key::salt()? };
        let recorded = self.recorder.record(observation.clone(), salts).map_err(|error| error.failure())?;
        self.last = Some(observation);
        Ok(recorded)
    }
    /// Makes records durable; after `Ok` the decisions may be shown.
    pub fn append(&mut self, group: &[SignedRecord]) -> Result<(), Failure> {
        self.log.append(group).map(drop).map_err(|error| error.failure().at(self.directory.display()))
    }
}

/// What the agent is told about one decision.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Number of the record.
    pub sequence: u64,
    /// Unix seconds.
    pub time: u64,
    /// What the model asked for.
    pub requested: Option<ActionView>,
    /// `permitted`, `denied` or `abstained`.
    pub verdict: &'static str,
    /// Why.
    pub reason: String,
    /// Code of the reason.
    pub reason_code: u16,
    /// What would change the verdict.
    pub remedy: Option<String>,
    /// What to do; `null`: nothing.
    pub executed: Option<ActionView>,
    /// The call to send; `null`: none.
    pub transaction: Option<TransactionView>,
    /// Hash that the agent signed.
    pub record_hash: String,
}

/// A call, ready to be signed and sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransactionView {
    /// Chain.
    pub chain_id: u64,
    /// Called contract.
    pub to: String,
    /// Wei sent, in decimal digits.
    pub value: String,
    /// Signature of the called function.
    pub function: String,
    /// Selector and arguments.
    pub calldata: String,
}

impl TransactionView {
    /// The view.
    #[must_use]
    pub fn of(transaction: &Transaction, card: &Card) -> Self {
        Self {
            chain_id: card.domain.chain_id,
            to: hex_string(&transaction.to),
            value: transaction.value.to_string(),
            function: card.transaction.signature(),
            calldata: hex_string(&transaction.calldata),
        }
    }
}

impl Answer {
    /// The answer to one observation.
    #[must_use]
    pub fn of(recorded: &Recorded, card: &Card) -> Self {
        let header = &recorded.record.header;
        let verdict = VerdictView::of(header.verdict, card);
        Self {
            sequence: header.sequence,
            time: header.time,
            requested: ActionView::of(header.requested, card),
            verdict: verdict.outcome,
            reason: verdict.reason,
            reason_code: verdict.reason_code,
            remedy: verdict.remedy,
            executed: ActionView::of(header.executed, card),
            transaction: recorded.decision.transaction.as_ref().map(|call| TransactionView::of(call, card)),
            record_hash: hex_string(&recorded.record.record_hash(&card.domain)),
        }
    }
    /// One line for people.
    #[must_use]
    pub fn text(&self) -> String {
        let name = self.requested.as_ref().and_then(|action| action.name.as_deref()).unwrap_or("?");
        let amount = self.requested.as_ref().map_or("", |action| action.amount.as_str());
        let acts = amount.bytes().any(|digit| (b'1'..=b'9').contains(&digit));
        let asked = if acts { format!("{name} {amount}") } else { name.to_owned() };
        let because = if self.reason == self.verdict { String::new() } else { format!(" ({})", self.reason) };
        let call = match &self.transaction {
            Some(call) => format!(", call {} of {}", call.function, call.to),
            None => String::new(),
        };
        format!("{:>6}  {}  {asked}: {}{because}{call}", self.sequence, self.time, self.verdict)
    }
}
