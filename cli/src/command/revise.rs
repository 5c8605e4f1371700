//! `candor revise`: a signed record that another program decides from some time on.

use crate::artefact;
use crate::classify::Classify;
use crate::delivering::{DeliveryArguments, deliver_visibly, is_url};
use crate::exit::Failure;
use crate::key;
use crate::output::{Report, hex_string, table};
use crate::store::{self, Store};
use candor_log::FileLog;
use candor_program::card::Card;
use candor_program::encoding::magic;
use candor_program::migration::{Migration, RegisterChange};
use candor_trace::{Revision, RevisionTimes, SignedRecord, revise};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// `candor revise`.
#[derive(Args, Clone, Debug)]
pub struct Revise {
    /// The program that is to decide: its card, or the program with its weights
    #[arg(long, value_name = "CARD_OR_PROGRAM")]
    pub to: PathBuf,
    /// The program that decides until then [default: card.candor in --dir]
    #[arg(long, value_name = "CARD_OR_PROGRAM")]
    pub from: Option<PathBuf>,
    /// Unix seconds from which on the new program decides
    #[arg(long, value_name = "TIME")]
    pub at: u64,
    /// Unix seconds of the record itself [default: those of --at]
    #[arg(long, value_name = "TIME")]
    pub time: Option<u64>,
    /// Say what would become of the registers, and record nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The log: its directory [default: log in --dir], or the URL of one that many agents write to
    #[arg(long, value_name = "DIRECTORY_OR_URL")]
    pub log: Option<PathBuf>,
    /// The agent's own log, from where records are delivered to --log URL [default: log in --dir]
    #[arg(long, value_name = "DIRECTORY", requires = "log")]
    pub outbox: Option<PathBuf>,
    /// How records are delivered to --log URL
    #[command(flatten)]
    pub delivery: DeliveryArguments,
}

impl Revise {
    /// Appends the record, durably, and hands it in where a log is named.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let from = card(self.from.as_deref().unwrap_or(&store.card()))?;
        let to = card(&self.to)?;
        let registers = Migration::between(&from, &to).registers;
        if self.dry_run {
            let text = format!("not recorded\n{}", registers_text(&registers));
            return Ok(Report::accepted(
                text,
                json!({ "recorded": false, "registers": registers_json(&registers) }),
            ));
        }
        let url = self.log.as_deref().filter(|log| is_url(log)).and_then(Path::to_str);
        if url.is_none() && self.outbox.is_some() {
            return Err(Failure::usage("--outbox goes with the URL of a log")
                .at("--log")
                .fix("name a log as http://HOST:PORT, or leave it out"));
        }
        let own = if url.is_some() { &self.outbox } else { &self.log };
        let directory = own.clone().unwrap_or_else(|| store.log());
        let agent = key::load(&store.key())?;
        let place = |failure: Failure| failure.at(directory.display());
        let (mut log, _) = FileLog::open_or_create(&directory).map_err(|error| place(error.failure()))?;
        let tail = log.tail().map_err(|error| place(error.failure()))?;
        let times = RevisionTimes { time: self.time.unwrap_or(self.at), activation: self.at };
        let revision = Revision { from: from.clone(), to };
        let record =
            revise(revision, &agent, tail.as_ref(), times).map_err(|error| place(error.failure()))?;
        log.append(std::slice::from_ref(&record)).map_err(|error| place(error.failure()))?;
        let mut report = report(&record, &registers, &from);
        if let Some(url) = url {
            // It is recorded, whatever becomes of the delivery: what waits is handed in by later commands.
            let opened = self.delivery.open(url, store, &from, &directory, &log);
            let delivered =
                opened.and_then(|mut delivery| deliver_visibly(&mut delivery, &log, self.delivery.timeout()));
            report.json["delivered"] = json!(delivered.is_ok());
            if let Err(failure) = delivered {
                eprintln!("note: the record waits in the outbox: {failure}");
            }
        }
        Ok(report)
    }
}

/// A card, or that of a program with its weights.
fn card(path: &Path) -> Result<Card, Failure> {
    let bytes = store::read(path, candor_program::limits::PROGRAM_FILE_BYTES)?;
    if bytes.starts_with(&magic::PROGRAM) {
        return artefact::program(path).map(|program| program.card);
    }
    artefact::card(path)
}

fn report(record: &SignedRecord, registers: &[RegisterChange], from: &Card) -> Report {
    let header = &record.header;
    let words = header.revision();
    let (old, new) = words.map_or(([0; 32], [0; 32]), |words| (words.from, words.to));
    let activation = words.map_or(0, |words| words.activation);
    let text = table(&[
        ("record", format!("{}, a Revise record, durable", header.sequence)),
        ("time", header.time.to_string()),
        ("from", hex_string(&old)),
        ("to", hex_string(&new)),
        ("decides from", activation.to_string()),
    ]);
    let text = format!("{text}\n{}", registers_text(registers));
    let json = json!({
        "recorded": true,
        "sequence": header.sequence,
        "time": header.time,
        "from": hex_string(&old),
        "to": hex_string(&new),
        "activation": u64::try_from(activation).ok(),
        "registers": registers_json(registers),
        "recordHash": hex_string(&record.record_hash(&from.domain)),
    });
    Report::accepted(text, json)
}

/// What becomes of every register, one a line.
#[must_use]
pub fn registers_text(registers: &[RegisterChange]) -> String {
    let line = |register: &RegisterChange| format!("register  {} {}", register.name, register.fate);
    registers.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The same for programs.
#[must_use]
pub fn registers_json(registers: &[RegisterChange]) -> Value {
    let one = |register: &RegisterChange| json!({ "name": register.name, "fate": register.fate.as_str() });
    registers.iter().map(one).collect()
}
