//! The credentials that `candor record` presents: files that are read again when they change.

use crate::classify::Classify;
use crate::command::plugin::text_of;
use crate::exit::Failure;
use crate::output::count;
use crate::store;
use candor_trace::Recorder;
use candor_trace::evidence::{Credential, MAX_FILE_BYTES, credentials_from_json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::SystemTime;

/// Files of credentials.
#[derive(Debug, Default)]
pub struct EvidenceFiles {
    files: Vec<Watched>,
    /// Names of slots that people were told to be empty.
    lapsed: BTreeSet<usize>,
}

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    /// What it looked like when it was read.
    stamp: Option<(u64, SystemTime)>,
    credentials: Vec<Credential>,
}

impl EvidenceFiles {
    /// These files, not read yet.
    #[must_use]
    pub fn of(paths: &[PathBuf]) -> Self {
        let watched = |path: &PathBuf| Watched { path: path.clone(), stamp: None, credentials: Vec::new() };
        Self { files: paths.iter().map(watched).collect(), lapsed: BTreeSet::new() }
    }

    /// Reads what changed since the last time, and lets the recorder present it. Says on the standard error what cannot be
    /// used, and why.
    pub fn refresh(&mut self, recorder: &mut Recorder) -> Result<(), Failure> {
        let mut changed = false;
        for file in &mut self.files {
            changed |= file.refresh()?;
        }
        if !changed {
            return Ok(());
        }
        let all: Vec<Credential> = self.files.iter().flat_map(|file| file.credentials.clone()).collect();
        let total = all.len();
        let unusable = recorder.present(all);
        for unusable in &unusable {
            let defects: Vec<String> =
                unusable.defects.iter().map(|(slot, defect)| format!("slot `{slot}`: {defect}")).collect();
            eprintln!("warning: {} is not used: {}", self.place(unusable.index), defects.join("; "));
        }
        let used = count((total - unusable.len()) as u64, "credential");
        eprintln!("evidence: {used} at hand");
        Ok(())
    }

    /// Says on the standard error which slots have become empty because every credential in them expired or is not valid yet.
    pub fn note_lapsed(&mut self, recorder: &Recorder, time: u64) {
        let card = recorder.card();
        let lapsed: BTreeSet<usize> = recorder.wallet().lapsed(card, time).into_iter().collect();
        for index in lapsed.difference(&self.lapsed) {
            if let Some(slot) = card.evidence.get(*index) {
                eprintln!(
                    "warning: at time {time} no credential in slot `{}` counts: it is empty",
                    slot.name
                );
            }
        }
        self.lapsed = lapsed;
    }

    fn place(&self, mut index: usize) -> String {
        for file in &self.files {
            if index < file.credentials.len() {
                return format!("credential {} of {}", index + 1, file.path.display());
            }
            index -= file.credentials.len();
        }
        "a credential".to_owned()
    }
}

impl Watched {
    fn refresh(&mut self) -> Result<bool, Failure> {
        let metadata =
            std::fs::metadata(&self.path).map_err(|error| store::unreadable(&self.path, &error))?;
        let modified = metadata.modified().map_err(|error| store::unreadable(&self.path, &error))?;
        let stamp = Some((metadata.len(), modified));
        if self.stamp == stamp {
            return Ok(false);
        }
        let text = text_of(&self.path, MAX_FILE_BYTES as u64)?;
        self.credentials =
            credentials_from_json(&text).map_err(|error| error.failure().at(self.path.display()))?;
        self.stamp = stamp;
        Ok(true)
    }
}
