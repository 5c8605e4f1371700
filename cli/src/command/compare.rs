//! `candor compare`: an existing agent's own decisions against Candor's, before switching.

use crate::artefact;
use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::lines::{Line, Lines};
use crate::output::{Report, table};
use crate::progress::Progress;
use crate::store::{self, Store};
use candor_program::Program;
use candor_program::observation::Observation;
use candor_program::policy::Outcome;
use candor_trace::{AgentKey, Recorder, Salts};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// `candor compare`.
#[derive(Args, Clone, Debug)]
pub struct Compare {
    /// The agent's own decisions, one JSON object a line: {"time": 1357160400, "action": "buy"}
    #[arg(value_name = "DECISIONS.jsonl")]
    pub decisions: PathBuf,
    /// The observations that they were made on
    #[arg(long, value_name = "OBSERVATIONS.jsonl")]
    pub observations: PathBuf,
    /// How many differences to list
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub show: usize,
}

/// One line of decisions; other keys are ignored.
#[derive(Deserialize)]
struct Decided {
    time: u64,
    action: String,
}

/// One decision that differs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Disagreement {
    line: u64,
    time: u64,
    agent: String,
    candor: String,
    /// Largest output minus that of the agent's action: a small number is a near tie.
    margin: Option<i64>,
    verdict: &'static str,
}

#[derive(Default)]
struct Tally {
    compared: u64,
    agreed: u64,
    unmatched: u64,
    denied: u64,
    disagreements: Vec<Disagreement>,
    disagreed: u64,
}

impl Compare {
    /// Decides on every observation and compares the requested action with the agent's own.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let program = artefact::program(&store.program())?;
        let decisions = self.read_decisions(&program)?;
        let tally = self.tally(program, &decisions)?;
        if tally.compared == 0 {
            return Err(Failure::usage("no observation has the time of a decision, so nothing was compared")
                .at(self.observations.display())
                .fix("both files name the Unix time in seconds as `time`"));
        }
        Ok(tally.report())
    }
    fn read_decisions(&self, program: &Program) -> Result<BTreeMap<u64, String>, Failure> {
        let mut decisions = BTreeMap::new();
        let names: Vec<&str> =
            program.card.head.actions().iter().map(|action| action.name.as_str()).collect();
        for_each_line(&self.decisions, |text| {
            let malformed = |message: String| Failure::new(ExitClass::Malformed, message);
            let decided: Decided = serde_json::from_str(text).map_err(|error| {
                malformed(format!("not a decision: {error}"))
                    .fix("a line is {\"time\": <Unix seconds>, \"action\": \"<name>\"}")
            })?;
            if !names.contains(&decided.action.as_str()) {
                return Err(malformed(format!("the program has no action `{}`", decided.action))
                    .fix(format!("its actions are {}", names.join(", "))));
            }
            match decisions.insert(decided.time, decided.action) {
                None => Ok(()),
                Some(_) => Err(malformed(format!("a second decision at time {}", decided.time))
                    .fix("give one decision for each time")),
            }
        })?;
        Ok(decisions)
    }
    fn tally(&self, program: Program, decisions: &BTreeMap<u64, String>) -> Result<Tally, Failure> {
        let mut recorder =
            Recorder::resume(program, throw_away_key()?, None).map_err(|error| error.failure())?;
        let mut tally = Tally::default();
        let mut progress = Progress::new("comparing");
        let mut line = 0;
        for_each_line(&self.observations, |text| {
            line += 1;
            progress.at(line, decisions.len() as u64);
            let observation =
                Observation::from_json(text, recorder.card()).map_err(|error| error.failure())?;
            let time = observation.time;
            // Nobody ever sees these records, so their salts hide nothing.
            let salts = Salts { observations: 0, evidence: 0 };
            let recorded = recorder.record(observation, salts).map_err(|error| error.failure())?;
            let Some(agent) = decisions.get(&time) else {
                tally.unmatched += 1;
                return Ok(());
            };
            let (actions, decision) = (recorder.card().head.actions(), &recorded.decision);
            let outputs = &recorded.record.body.outputs;
            let requested = usize::from(decision.requested.code);
            let candor = actions.get(requested).map(|action| action.name.clone()).unwrap_or_default();
            let denied = decision.verdict.outcome == Outcome::Denied;
            tally.compared += 1;
            tally.denied += u64::from(denied);
            if candor == *agent {
                tally.agreed += 1;
                return Ok(());
            }
            tally.disagreed += 1;
            if tally.disagreements.len() < self.show {
                let own = actions.iter().position(|action| action.name == *agent);
                let output = |index: usize| outputs.get(index).copied().map(i64::from);
                let margin = own.and_then(output).zip(output(requested)).map(|(own, best)| best - own);
                let verdict = if denied { "denied" } else { "not denied" };
                tally.disagreements.push(Disagreement {
                    line,
                    time,
                    agent: agent.clone(),
                    candor,
                    margin,
                    verdict,
                });
            }
            Ok(())
        })?;
        Ok(tally)
    }
}

impl Tally {
    fn report(&self) -> Report {
        let percent = 100.0 * self.agreed as f64 / self.compared as f64;
        let mut text = table(&[
            ("compared", self.compared.to_string()),
            ("agreed", format!("{} ({percent:.2}%)", self.agreed)),
            ("denied by the policy", self.denied.to_string()),
            ("observations without a decision", self.unmatched.to_string()),
        ]);
        for difference in &self.disagreements {
            let margin = difference
                .margin
                .map(|margin| format!(", {margin} apart in the outputs"))
                .unwrap_or_default();
            text.push_str(&format!(
                "\nline {}, time {}: the agent chose {}, Candor {}{margin}",
                difference.line, difference.time, difference.agent, difference.candor
            ));
        }
        let more = self.disagreed - self.disagreements.len() as u64;
        if more > 0 {
            text.push_str(&format!("\n... and {more} more (--show N)"));
        }
        let json = json!({
            "compared": self.compared,
            "agreed": self.agreed,
            "denied": self.denied,
            "unmatched": self.unmatched,
            "differences": self.disagreements,
        });
        Report::accepted(text, json)
    }
}

fn throw_away_key() -> Result<AgentKey, Failure> {
    let mut secret = [0; 32];
    secret[31] = 1;
    AgentKey::from_bytes(&secret).map_err(|error| Failure::new(ExitClass::Unexpected, error))
}

fn for_each_line(path: &Path, mut each: impl FnMut(&str) -> Result<(), Failure>) -> Result<(), Failure> {
    let file = File::open(path).map_err(|error| store::unreadable(path, &error))?;
    let mut lines = Lines::new(BufReader::new(file));
    loop {
        let line = lines.read().map_err(|error| store::unreadable(path, &error))?;
        let done = match line {
            None => return Ok(()),
            Some(Line::Bad(failure)) => Err(failure),
            Some(Line::Text(text)) => each(&text),
        };
        done.map_err(|failure| failure.at(format!("{}, line {}", path.display(), lines.number())))?;
    }
}
