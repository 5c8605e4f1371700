//! What a policy is asked in: a program or its card, the state that the records left, and the credentials at hand.

use crate::artefact;
use crate::classify::Classify;
use crate::command::plugin::text_of;
use crate::exit::{ExitClass, Failure};
use crate::expectation::ExpectedFile;
use crate::store::{self, Store};
use candor_program::card::{Card, Program};
use candor_program::decision::DecisionError;
use candor_program::digest::{self, ProgramIds};
use candor_program::encoding::{FrBytes, magic};
use candor_program::evidence::{Evidence, Statement};
use candor_program::limits;
use candor_program::state::State;
use candor_trace::evidence::{Credential, Holder, MAX_FILE_BYTES, credentials_from_json};
use clap::Args;
use std::path::{Path, PathBuf};

/// Where a program is asked, and when.
#[derive(Args, Clone, Debug)]
pub struct SituationArguments {
    /// Program, or its card [default: program.candor in --dir, or else card.candor]
    #[arg(value_name = "PROGRAM|CARD")]
    pub program: Option<PathBuf>,
    /// The records so far: a log's directory [default: log in --dir, where there is one]
    #[arg(long, visible_alias = "records", value_name = "DIRECTORY")]
    pub log: Option<PathBuf>,
    /// Ask as if nothing had been recorded
    #[arg(long, conflicts_with = "log")]
    pub genesis: bool,
    /// Credentials for the program's evidence slots, as `record` takes them
    #[arg(long, value_name = "FILE")]
    pub evidence: Vec<PathBuf>,
    /// Unix seconds at which it is asked
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..limits::TIME))]
    pub at: Option<u64>,
}

/// What was read.
#[derive(Debug)]
pub struct Situation {
    /// The card.
    pub card: Card,
    /// The program, where it was given with its weights.
    pub program: Option<Program>,
    /// State that the last record left.
    pub state: State,
    /// Number of the next record.
    pub sequence: u64,
    /// Earliest time of the next record, where the last one is a Revise record that says so.
    pub activation: u64,
    /// Address of the agent; zeros where nobody says.
    agent: [u8; 20],
    program_id: [u8; 32],
    credentials: Vec<Credential>,
}

impl SituationArguments {
    /// Reads all of it but the time.
    pub fn read(&self, store: &Store) -> Result<Situation, Failure> {
        let path = match &self.program {
            Some(path) => path.clone(),
            None if store.program().exists() => store.program(),
            None => store.card(),
        };
        let (card, program) = program_or_card(&path)?;
        let program_id = ProgramIds::of(&card).program_id;
        let mut situation = Situation {
            state: State::initial(&card.registers),
            sequence: 0,
            activation: 0,
            agent: agent(store)?,
            card,
            program,
            program_id,
            credentials: Vec::new(),
        };
        let default = Some(store.log()).filter(|log| log.exists() && !self.genesis);
        if let Some(directory) = self.log.clone().or(default) {
            situation.resume(&directory)?;
        }
        for path in &self.evidence {
            let text = text_of(path, MAX_FILE_BYTES as u64)?;
            let credentials =
                credentials_from_json(&text).map_err(|error| error.failure().at(path.display()))?;
            situation.credentials.extend(credentials);
        }
        Ok(situation)
    }
}

impl Situation {
    /// The state that the log's last record left, after which the next one comes.
    fn resume(&mut self, directory: &Path) -> Result<(), Failure> {
        let (log, _) = artefact::log(directory)?;
        let last = log.tail().map_err(|error| error.failure().at(directory.display()))?;
        let Some(last) = last else { return Ok(()) };
        let rejected = |message| {
            Failure::new(ExitClass::Rejected, message).at(format!(
                "{}, record {}",
                directory.display(),
                last.header.sequence
            ))
        };
        // After a Revise record the program that it leads to decides.
        let revision = last.header.revision();
        if revision.is_some_and(|words| words.from == self.program_id) {
            return Err(rejected(
                "the last record revises to another program: this one decides nothing more",
            )
            .fix("ask the program that it leads to, which candor inspect names, or ask with --genesis"));
        }
        let program_id = revision.map_or(last.header.program_id, |words| words.to);
        if program_id != self.program_id {
            return Err(rejected("the last record is of another program")
                .fix("name the log of this program, or ask with --genesis"));
        }
        self.activation = revision.map_or(0, |words| u64::try_from(words.activation).unwrap_or(u64::MAX));
        let state = &last.body.state_after;
        let opens = state.registers.len() == self.card.registers.len()
            && FrBytes::from(digest::state(state)) == last.header.state_after;
        if !opens {
            return Err(rejected("the record's registers do not open its state digest")
                .fix("restore the log from a copy; candor replay finds the first bad record"));
        }
        self.state = state.clone();
        self.sequence = last.header.sequence.saturating_add(1);
        self.agent = last.header.agent;
        Ok(())
    }

    /// The program decides at this time already.
    ///
    /// Errors: a Revise record lets it decide later.
    pub fn check_time(&self, time: u64) -> Result<(), Failure> {
        if time >= self.activation {
            return Ok(());
        }
        let message =
            format!("the program decides from {} on: the last record revises to it", self.activation);
        Err(Failure::new(ExitClass::Rejected, message).fix("ask for a time from then on with --at"))
    }

    /// The statements that a record of a time would carry. Where none counts then, one that counts later or has expired, so
    /// that it can be said since when.
    #[must_use]
    pub fn evidence(&self, time: u64) -> Evidence {
        let holder = Holder { agent: self.agent, program_id: self.program_id, time: u64::MAX };
        let stated = self.card.evidence.iter().map(|slot| {
            let held =
                self.credentials.iter().filter_map(|credential| credential.statement(slot, &holder).ok());
            // One that counts comes before one that will, that before one that has; the latest of those that are alike.
            held.max_by_key(|Statement { issued, expires, .. }| {
                let counts = *issued <= time && time < *expires;
                let later = *issued > time;
                let order = if later { limits::TIME.saturating_sub(*issued) } else { *issued };
                (counts, later, order)
            })
        });
        Evidence(stated.collect())
    }

    /// Which credentials can be used for no slot, with the reasons.
    #[must_use]
    pub fn unusable(&self) -> Vec<String> {
        let holder = Holder { agent: self.agent, program_id: self.program_id, time: u64::MAX };
        let unusable = self.credentials.iter().enumerate().filter_map(|(index, credential)| {
            let mut defects = Vec::new();
            for slot in &self.card.evidence {
                match credential.statement(slot, &holder) {
                    Ok(_) => return None,
                    Err(defect) => defects.push(format!("slot `{}`: {defect}", slot.name)),
                }
            }
            Some(format!("credential {} is not used: {}", index + 1, defects.join("; ")))
        });
        unusable.collect()
    }
}

/// A program or a card, told apart by its first bytes.
fn program_or_card(path: &Path) -> Result<(Card, Option<Program>), Failure> {
    let bytes = store::read(path, limits::PROGRAM_FILE_BYTES)?;
    if bytes.starts_with(&magic::PROGRAM) {
        let program = Program::from_bytes(&bytes).map_err(|error| error.failure().at(path.display()))?;
        return Ok((program.card.clone(), Some(program)));
    }
    let card = Card::from_bytes(&bytes).map_err(|error| error.failure().at(path.display()))?;
    Ok((card, None))
}

/// The agent of expected.json, where there is one.
fn agent(store: &Store) -> Result<[u8; 20], Failure> {
    let path = store.expected();
    if !path.exists() {
        return Ok([0; 20]);
    }
    let agent = ExpectedFile::read(&path)?.agent;
    let mut address = [0; 20];
    if let Some(text) = agent {
        hex::decode_to_slice(text.trim_start_matches("0x"), &mut address).map_err(|_| {
            Failure::new(ExitClass::Malformed, format!("`{text}` is no address"))
                .at(path.display())
                .fix("an address is 0x and 40 hexadecimal digits; candor agent-key writes it")
        })?;
    }
    Ok(address)
}

impl Classify for DecisionError {
    fn class(&self) -> ExitClass {
        match self {
            Self::TimeBackwards { .. } => ExitClass::Rejected,
            Self::Time { .. } | Self::Sequence { .. } => ExitClass::Limit,
            _ => ExitClass::Malformed,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        matches!(self, Self::TimeBackwards { .. }).then_some("ask for a time from the last record's on")
    }
}
