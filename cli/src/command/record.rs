//! `candor record`: observations in, decisions out, every one of them durable before it is shown.

use crate::arguments::Context;
use crate::delivering::{Delivering, DeliveryArguments, LogTarget, is_url};
use crate::exit::{ExitClass, Failure};
use crate::lines::{Line, Lines};
use crate::output::{Output, Report, count};
use crate::session::{Answer, Session};
use crate::store;
use candor_program::observation::Observation;
use candor_trace::{Recorded, SignedRecord};
use clap::Args;
use serde_json::json;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// `candor record`.
#[derive(Args, Clone, Debug)]
pub struct Record {
    /// Observations, one JSON object a line; - reads the standard input
    #[arg(value_name = "OBSERVATIONS.jsonl", required_unless_present = "stdio")]
    pub observations: Option<PathBuf>,
    /// Answer every line of the standard input with one JSON line, at once
    #[arg(long, conflicts_with_all = ["observations", "batch", "limit", "skip_recorded"])]
    pub stdio: bool,
    /// Decisions that are made durable together
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch: u32,
    /// Stop after so many records
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Pass over lines whose time is not after the log's last record: go on after an interruption
    #[arg(long)]
    pub skip_recorded: bool,
    /// Credentials for the program's evidence slots: a file of `attest` or `mandate grant`, or an array of what they print;
    /// read again whenever it changes
    #[arg(long, value_name = "FILE")]
    pub evidence: Vec<PathBuf>,
    /// The log: its directory [default: log in --dir], or the URL of one that many agents write to
    #[arg(long, value_name = "DIRECTORY_OR_URL")]
    pub log: Option<PathBuf>,
    /// The agent's own log, from where records are delivered to --log URL [default: log in --dir]
    #[arg(long, value_name = "DIRECTORY", requires = "log")]
    pub outbox: Option<PathBuf>,
    /// Show no decision that the log at --log URL has not acknowledged
    #[arg(long, requires = "log")]
    pub require_log: bool,
    /// How records are delivered to --log URL
    #[command(flatten)]
    pub delivery: DeliveryArguments,
}

impl Record {
    /// Records until the observations end.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Report, Failure> {
        let url = self.url()?;
        let own = if url.is_some() { &self.outbox } else { &self.log };
        let directory = own.clone().unwrap_or_else(|| context.store.log());
        // Opened first: where there is nothing to record, no log is made.
        let source: Option<(&Path, Box<dyn BufRead>)> = match &self.observations {
            None => None,
            Some(path) if path == Path::new("-") => Some((path, Box::new(io::stdin().lock()))),
            Some(path) => {
                let file = File::open(path).map_err(|error| store::unreadable(path, &error))?;
                Some((path, Box::new(BufReader::new(file))))
            }
        };
        let mut session = Session::open(&context.store, &directory)?;
        session.present(&self.evidence)?;
        if session.truncated_tail_bytes > 0 {
            let cut = count(session.truncated_tail_bytes, "byte");
            eprintln!(
                "note: {cut} of an unfinished record, which was never acknowledged, were cut off the log's end"
            );
        }
        let mut delivering = match url {
            None => Delivering::Nobody,
            Some(url) => {
                let target = LogTarget { url, required: self.require_log, directory: &directory };
                Delivering::open(&self.delivery, &target, &context.store, session.card(), session.log())?
            }
        };
        let output = &mut context.output;
        let done = match source {
            Some((path, reader)) => self.record(&mut session, &mut delivering, reader, path, output),
            None => {
                // Whoever reads the answers is a program, of errors too.
                output.json = true;
                answer_stdio(&mut session, &mut delivering, output)
            }
        };
        delivering.finish();
        done
    }
    /// The log of many agents, if one is named.
    fn url(&self) -> Result<Option<&str>, Failure> {
        let url = self.log.as_deref().filter(|log| is_url(log)).and_then(Path::to_str);
        if url.is_none() && (self.require_log || self.outbox.is_some()) {
            return Err(Failure::usage("--require-log and --outbox go with the URL of a log")
                .at("--log")
                .fix("name a log as http://HOST:PORT, or leave them out"));
        }
        Ok(url)
    }
    fn record(
        &self,
        session: &mut Session,
        delivering: &mut Delivering,
        reader: impl BufRead,
        path: &Path,
        output: &mut Output<'_>,
    ) -> Result<Report, Failure> {
        let mut lines = Lines::new(reader);
        let mut group = Group { size: self.batch as usize, recorded: Vec::new() };
        let before = session.durable();
        let mut made = 0;
        let read = loop {
            if self.limit.is_some_and(|limit| made >= limit) {
                break Ok(());
            }
            match self.next(session, &mut lines) {
                Ok(Some(recorded)) => made += group.push(recorded),
                Ok(None) => break Ok(()),
                Err(failure) => {
                    break Err(failure.at(format!("{}, line {}", path.display(), lines.number())));
                }
            }
            if group.is_full() {
                group.flush(session, delivering, output)?;
            }
        };
        // What was decided before a bad line is recorded all the same.
        group.flush(session, delivering, output)?;
        let recorded = session.durable() - before;
        match read {
            Ok(()) => Ok(summary(session, recorded)),
            Err(failure) => {
                eprintln!("{} recorded before it", count(recorded, "observation"));
                Err(failure)
            }
        }
    }
    /// The next decision: `Some(None)` for a line that is passed over, `None` at the end.
    fn next(
        &self,
        session: &mut Session,
        lines: &mut Lines<impl BufRead>,
    ) -> Result<Option<Option<Recorded>>, Failure> {
        let line = lines.read().map_err(|error| {
            Failure::new(ExitClass::Unexpected, format!("could not read the observations: {error}"))
        })?;
        match line {
            None => Ok(None),
            Some(Line::Bad(failure)) => Err(failure),
            Some(Line::Text(text)) => {
                if self.skip_recorded && is_recorded(session, &text) {
                    return Ok(Some(None));
                }
                session.decide(&text).map(|recorded| Some(Some(recorded)))
            }
        }
    }
}

/// Whether the log had a record of this time, or a later one, when the session began.
fn is_recorded(session: &Session, line: &str) -> bool {
    let Some(resumed_at) = session.resumed_at() else { return false };
    Observation::from_json(line, session.card()).is_ok_and(|observation| observation.time <= resumed_at)
}

fn summary(session: &Session, recorded: u64) -> Report {
    let text =
        format!("{} recorded and durable, {} in the log", count(recorded, "decision"), session.durable());
    // For programs, every record has had its own JSON object already.
    Report::accepted(text, serde_json::Value::Null)
}

/// Decisions that are not durable yet.
struct Group {
    size: usize,
    recorded: Vec<Recorded>,
}

impl Group {
    /// Adds a decision; 1 if there is one.
    fn push(&mut self, recorded: Option<Recorded>) -> u64 {
        let added = u64::from(recorded.is_some());
        self.recorded.extend(recorded);
        added
    }
    fn is_full(&self) -> bool {
        self.recorded.len() >= self.size
    }
    /// Makes the decisions durable, and only then shows them.
    fn flush(
        &mut self,
        session: &mut Session,
        delivering: &mut Delivering,
        output: &mut Output<'_>,
    ) -> Result<(), Failure> {
        let answers: Vec<Answer> =
            self.recorded.iter().map(|recorded| Answer::of(recorded, session.card())).collect();
        let records: Vec<SignedRecord> = self.recorded.drain(..).map(|recorded| recorded.record).collect();
        session.append(&records)?;
        delivering.recorded(&records, session.log())?;
        let lines: Vec<String> = answers
            .iter()
            .map(|answer| if output.json { json!(answer).to_string() } else { answer.text() })
            .collect();
        if lines.is_empty() { Ok(()) } else { output.line(&lines.join("\n")) }
    }
}

/// One line in, one line out, until the input ends. An error about a line is its answer, and the next line is read.
fn answer_stdio(
    session: &mut Session,
    delivering: &mut Delivering,
    output: &mut Output<'_>,
) -> Result<Report, Failure> {
    let mut lines = Lines::new(io::stdin().lock());
    loop {
        let line = lines.read().map_err(|error| {
            Failure::new(ExitClass::Unexpected, format!("could not read the standard input: {error}"))
        })?;
        let decided = match line {
            None => return Ok(Report::accepted(String::new(), serde_json::Value::Null)),
            Some(Line::Bad(failure)) => Err(failure),
            Some(Line::Text(text)) => {
                delivering.before_deciding(session.log()).and_then(|()| session.decide(&text))
            }
        };
        let answer = match decided {
            Ok(recorded) => {
                let answer = Answer::of(&recorded, session.card());
                // An error here ends the session: what is not durable is not answered, nor is anything after it.
                let records = [recorded.record];
                session.append(&records)?;
                delivering.recorded(&records, session.log())?;
                json!(answer)
            }
            Err(failure) => failure.at(format!("line {}", lines.number())).to_json(),
        };
        output.line(&answer.to_string())?;
    }
}
