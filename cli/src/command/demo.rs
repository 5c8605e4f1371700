//! `candor demo`: the whole path on a real market agent. Every step is a command that anybody can type; here they are
//! typed for you.

use crate::arguments::{Arguments, Context};
use crate::exit::{ExitClass, Failure};
use crate::forgery::Cheat;
use crate::output::{Output, Report};
use crate::store::{self, Existing};
use candor_program::limits;
use clap::{Args, Parser};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The agent of fixtures/sp500: real daily prices of the S&P 500 index.
const AGENT: [(&str, &[u8]); 5] = [
    ("agent.toml", include_bytes!("../../../fixtures/sp500/agent.toml")),
    ("model.onnx", include_bytes!("../../../fixtures/sp500/model.onnx")),
    ("calibration.jsonl", include_bytes!("../../../fixtures/sp500/calibration.jsonl")),
    ("observations.jsonl", include_bytes!("../../../fixtures/sp500/observations.jsonl")),
    ("reference.jsonl", include_bytes!("../../../fixtures/sp500/reference.jsonl")),
];
/// Lines of a longer output that are shown at its beginning, and as many at its end.
const SHOWN: usize = 6;
/// Lines that are shown in full.
const SHORT: usize = 24;

/// `candor demo`.
#[derive(Args, Clone, Debug)]
pub struct Demo {
    /// Chooses the record that is cheated at, how, and at which operator [default: random]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Number of days that the agent records
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(8..=1510))]
    pub days: u64,
    /// Log2 of the number of powers of the development string
    #[arg(long, value_name = "LOG2", default_value_t = 12, value_parser = clap::value_parser!(u8).range(9..=14))]
    pub powers: u8,
}

/// The cheat that a seed stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Seed of the plan.
    pub seed: u64,
    /// Record.
    pub record: u64,
    /// What is lied about.
    pub cheat: Cheat,
    /// Operator, from 1 on.
    pub operator: u64,
}

impl Plan {
    /// The seed's plan for so many records and operators.
    #[must_use]
    pub fn of(seed: u64, records: u64, operators: u64) -> Self {
        let mut state = seed;
        // SplitMix64 (Steele, Lea, Flood 2014): every seed gives unrelated numbers.
        let mut next = move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        };
        let (record, cheat, operator) = (next(), next(), next());
        Self {
            seed,
            record: record % records.max(1),
            cheat: Cheat::ALL[(cheat % Cheat::ALL.len() as u64) as usize],
            operator: 1 + operator % operators.max(1),
        }
    }
}

/// One command and what came of it.
struct Step {
    command: String,
    exit: ExitClass,
    answer: Value,
    milliseconds: f64,
}

impl Demo {
    /// Runs every step; accepted if each ended as it must.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Report, Failure> {
        let temporary = match &context.named_directory {
            Some(_) => None,
            None => Some(tempfile::tempdir().map_err(|error| {
                Failure::new(ExitClass::Unexpected, format!("could not make a temporary folder: {error}"))
            })?),
        };
        let folder = temporary
            .as_ref()
            .map_or_else(|| context.store.directory().to_owned(), |it| it.path().to_owned());
        let seed = match self.seed {
            Some(seed) => seed,
            None => {
                let mut bytes = [0; 4];
                crate::key::random(&mut bytes)?;
                u64::from(u32::from_le_bytes(bytes))
            }
        };
        let kept = temporary.is_none();
        let mut stage = Stage { folder: &folder, output: &mut context.output, steps: Vec::new() };
        self.play(&mut stage, seed, kept)
    }
    fn play(&self, stage: &mut Stage<'_, '_>, seed: u64, kept: bool) -> Result<Report, Failure> {
        use ExitClass::{Accepted, Fraud};
        let started = Instant::now();
        let agent = stage.folder.join("agent");
        for (name, bytes) in AGENT {
            store::write(&agent.join(name), bytes, Existing::Keep)
                .map_err(|failure| failure.fix("name a new folder with --dir"))?;
        }
        let path = |name: &str| stage.folder.join(name).display().to_string();
        let (toml, observations) = (path("agent/agent.toml"), path("agent/observations.jsonl"));
        let (bundle, proof, expected) = (path("bundle.candor"), path("proof.candor"), path("expected.json"));
        let (disputed, challenge, cheated) =
            (path("disputed.candor"), path("challenge.candor"), path("cheated-log"));
        let (days, powers) = (self.days.to_string(), self.powers.to_string());
        let trust = ["--expect", &expected, "--allow-development-setup"];

        stage.say("A reference string for trying out, and a key that signs the agent's records.")?;
        stage.step(&["setup", "--development", "--powers", &powers], Accepted)?;
        stage.step(&["agent-key"], Accepted)?;
        stage.say(
            "The agent: an MLP that trades the S&P 500 index. Its ONNX model becomes an integer program.",
        )?;
        stage.step(&["compile", &toml], Accepted)?;
        stage.say("Real days of 2013. Every decision is signed and durable before anybody acts on it.")?;
        stage.step(&["record", &observations, "--limit", &days], Accepted)?;
        stage.say(
            "Somebody asks. The path to the last transaction is proven, then verified without the model.",
        )?;
        stage.step(&["prove"], Accepted)?;
        stage.step(&[&["verify", "--bundle", &bundle, "--proof", &proof][..], &trust].concat(), Accepted)?;
        stage.step(&[&["settle", "--bundle", &bundle, "--proof", &proof][..], &trust].concat(), Accepted)?;

        let operators = candor_program::Card::from_bytes(&store::read(
            &stage.folder.join("card.candor"),
            limits::CARD_FILE_BYTES,
        )?)
        .map_or(1, |card| card.operators.len() as u64);
        let plan = Plan::of(seed, self.days, operators);
        let (record, operator, seed) = (plan.record.to_string(), plan.operator.to_string(), seed.to_string());
        stage
            .say(&format!("Seed {seed}: now the agent lies, signs the lie with its own key, and goes on."))?;
        let lie =
            ["--record", &record, "--cheat", plan.cheat.name(), "--operator", &operator, "--seed", &seed];
        stage.step(&[&["tamper"][..], &lie, &["--into", &cheated]].concat(), Accepted)?;
        stage.say("A watcher who has the program replays the log.")?;
        stage.step(&[&["replay", "--log", &cheated][..], &trust].concat(), Fraud)?;
        stage.say(
            "It gathers the evidence. Only where the outputs are not the model's does that need a proof.",
        )?;
        stage.step(&[&["challenge", "--log", &cheated][..], &trust].concat(), Accepted)?;
        stage.say("Anybody settles the dispute, without the model.")?;
        stage.step(
            &[&["settle", "--bundle", &disputed, "--challenge", &challenge][..], &trust].concat(),
            Fraud,
        )?;
        stage.check(&plan)?;

        let seconds = started.elapsed().as_secs_f64();
        let where_ = if kept {
            format!("the files are in {}", stage.folder.display())
        } else {
            "the files are gone; name a folder with --dir to keep them".to_owned()
        };
        let steps: Vec<Value> = stage
            .steps
            .iter()
            .map(|step| {
                json!({
                    "command": step.command,
                    "exitCode": step.exit.code(),
                    "milliseconds": step.milliseconds,
                    "answer": step.answer,
                })
            })
            .collect();
        let json = json!({
            "seed": plan.seed,
            "record": plan.record,
            "cheat": plan.cheat.name(),
            "operator": plan.operator,
            "seconds": seconds,
            "steps": steps,
        });
        let text = format!(
            "\ndone in {seconds:.1} s: the honest path was proven and accepted; the cheat ({}, record {}) was found and settled as fraud.\n{where_}",
            plan.cheat.name(),
            plan.record
        );
        Ok(Report::accepted(text, json))
    }
}

/// Where the steps are played.
struct Stage<'a, 'b> {
    folder: &'a Path,
    output: &'a mut Output<'b>,
    steps: Vec<Step>,
}

impl Stage<'_, '_> {
    fn say(&mut self, text: &str) -> Result<(), Failure> {
        if self.output.json { Ok(()) } else { self.output.line(&format!("\n{text}")) }
    }
    /// Types a command; it must end as expected.
    fn step(&mut self, words: &[&str], expected: ExitClass) -> Result<(), Failure> {
        let folder = self.folder.display().to_string();
        let mut line = vec!["candor"];
        line.extend_from_slice(words);
        line.extend(["--dir", &folder]);
        let command = line.join(" ");
        if !self.output.json {
            self.output.line(&format!("\n$ {command}"))?;
        }
        let mut arguments = Arguments::try_parse_from(&line)
            .map_err(|error| Failure::new(ExitClass::Unexpected, error).at(&command))?;
        arguments.json = self.output.json;
        let mut written = Vec::new();
        let started = Instant::now();
        let exit = crate::run(&arguments, &mut written);
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        let text = String::from_utf8_lossy(&written).into_owned();
        if !self.output.json {
            self.output.line(&indented(&text))?;
            self.output.line(&format!(
                "  [{milliseconds:.0} ms, exit code {}: {}]",
                exit.code(),
                exit.name()
            ))?;
        }
        let answer = answer(&text);
        self.steps.push(Step { command: command.clone(), exit, answer, milliseconds });
        if exit == expected {
            return Ok(());
        }
        let message =
            format!("a step of the demo ended with {}, {} was expected", exit.name(), expected.name());
        Err(Failure::new(ExitClass::Unexpected, message).at(command))
    }
    /// The dispute is about the record that was cheated at.
    fn check(&self, plan: &Plan) -> Result<(), Failure> {
        let settled = self.steps.last().map(|step| &step.answer["sequence"]);
        match settled.and_then(Value::as_u64) {
            Some(sequence) if sequence != plan.record => Err(Failure::new(
                ExitClass::Unexpected,
                format!("record {sequence} was settled as fraud, record {} was cheated at", plan.record),
            )),
            _ => Ok(()),
        }
    }
}

/// The JSON object of a command; of `record`, which writes one a line, the last. Text answers are no JSON.
fn answer(text: &str) -> Value {
    text.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or(Value::Null)
}

/// A step's output: its first and last lines.
fn indented(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let hidden = if lines.len() > SHORT { SHOWN..lines.len() - SHOWN } else { 0..0 };
    let mut shown = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if !hidden.contains(&index) {
            shown.push(format!("  {line}"));
        } else if index == hidden.start {
            shown.push(format!("  ... {} more lines ...", hidden.len()));
        }
    }
    shown.join("\n")
}

/// A demo of one seed in a folder, for tests: whether it ended as it must, and what it printed.
pub fn play(seed: u64, days: u64, powers: u8, folder: &Path) -> (ExitClass, String) {
    let mut written = Vec::new();
    let arguments = Arguments {
        json: true,
        dir: Some(PathBuf::from(folder)),
        command: crate::arguments::Command::Demo(Demo { seed: Some(seed), days, powers }),
    };
    let exit = crate::run(&arguments, &mut written);
    (exit, String::from_utf8_lossy(&written).into_owned())
}
