//! `candor tamper`: a test tool that writes the log of a dishonest agent.

use crate::artefact;
use crate::classify::Classify;
use crate::exit::Failure;
use crate::forgery::{Cheat, Forgery, forge};
use crate::key;
use crate::output::{Report, count, hex_string, table};
use crate::store::Store;
use candor_log::FileLog;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `candor tamper`.
#[derive(Args, Clone, Debug)]
pub struct Tamper {
    /// Record at which the agent cheats
    #[arg(long, value_name = "N")]
    pub record: u64,
    /// What it lies about
    #[arg(long, value_enum)]
    pub cheat: Cheat,
    /// Operator at which an output or the model is changed, from 1 on
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub operator: u16,
    /// Chooses position and size of the change
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Directory of the new log; the honest log is only read
    #[arg(long, value_name = "DIRECTORY")]
    pub into: PathBuf,
    /// The honest log [default: log in --dir]
    #[arg(long, value_name = "DIRECTORY")]
    pub log: Option<PathBuf>,
}

impl Tamper {
    /// Forges one record, records the later ones again, and writes them to a new log.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let program = artefact::program(&store.program())?;
        let load = || key::load(&store.key());
        let honest = self.log.clone().unwrap_or_else(|| store.log());
        let place = |failure: Failure| failure.at(honest.display());
        let (log, _) = artefact::log(&honest)?;
        let records = log.read(0..log.len()).map_err(|error| place(error.failure()))?;
        let forgery =
            Forgery { sequence: self.record, cheat: self.cheat, operator: self.operator, seed: self.seed };
        let forged = forge(&program, &load, &records, &forgery).map_err(place)?;
        let mut log = FileLog::create(&self.into).map_err(|error| error.failure())?;
        log.append(&forged).map_err(|error| error.failure())?;
        let at_operator = match self.cheat {
            Cheat::Output | Cheat::Model => Some(self.operator),
            _ => None,
        };
        let hash = forged
            .get(self.record as usize)
            .map(|record| hex_string(&record.record_hash(&program.card.domain)))
            .unwrap_or_default();
        let place = at_operator.map_or_else(String::new, |operator| format!(", at operator {operator}"));
        let mut rows = vec![
            ("cheated", format!("record {}: {}{place}", self.record, self.cheat.name())),
            ("record", hash.clone()),
            ("log", format!("{} ({} records, signed by the agent's key)", self.into.display(), forged.len())),
        ];
        let left_out = records.len().saturating_sub(forged.len());
        if left_out > 0 {
            rows.push(("left out", format!("{} of the programs after", count(left_out as u64, "record"))));
        }
        let text = table(&rows);
        let json = json!({
            "sequence": self.record,
            "cheat": self.cheat.name(),
            "operator": at_operator,
            "recordHash": hash,
            "log": self.into.display().to_string(),
            "records": forged.len(),
            "leftOut": left_out,
        });
        Ok(Report::accepted(text, json))
    }
}
