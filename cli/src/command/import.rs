//! `candor import`: what other systems recorded, as lines for `candor record`.

use crate::artefact;
use crate::classify::Classify;
use crate::command::plugin::{declared, text, text_of};
use crate::command::verify::{assumptions_json, assumptions_text};
use crate::exit::Failure;
use crate::expectation::parse_hex;
use crate::output::{Report, count, hex_string, table};
use crate::store::{self, Existing, Store};
use candor_program::card::Card;
use candor_program::limits;
use candor_program::observation::Observation;
use candor_trace::adapter::json::{Json, MAX_JSON_BYTES};
use candor_trace::adapter::opengradient::{TeeKey, TeeResponse, batch_leaf, verify_batch};
use candor_trace::adapter::otel::{self, ToolNames};
use candor_trace::check_payloads;
use candor_verifier::Assumption;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// `candor import`.
#[derive(Args, Clone, Debug)]
pub struct Import {
    /// From where
    #[command(subcommand)]
    pub command: Source,
}

/// One source each.
#[derive(Subcommand, Clone, Debug)]
pub enum Source {
    /// OpenTelemetry GenAI spans (OTLP JSON): what an agent's tools gave back
    #[command(after_help = "\
Example:
  candor import otel traces.json --tool get_market=market-data --output days.jsonl --provenance origin.jsonl
  candor record days.jsonl")]
    Otel(Otel),
    /// An OpenGradient TEE answer: hashes recomputed, signature checked
    #[command(after_help = "\
Examples:
  candor import opengradient --request sent.json --response got.json --tee-key tee.pem --plugin model
  candor import opengradient --check payload.json --tee-key tee.pem")]
    Opengradient(Opengradient),
    /// Payloads that plugins signed: one observation of them, every signature checked
    #[command(
        after_help = "Example: candor import signed market-data=envelope.json --time 1700000000 | candor record -"
    )]
    Signed(Signed),
}

/// `candor import otel`.
#[derive(Args, Clone, Debug)]
pub struct Otel {
    /// OTLP JSON: an export, or one export or span a line; - reads the standard input
    #[arg(value_name = "TRACES.json")]
    pub traces: PathBuf,
    /// A tool and the plugin that it stands for [default: every plugin of the card under its own id]
    #[arg(long, value_name = "TOOL=PLUGIN", value_parser = parse_pair)]
    pub tool: Vec<(String, String)>,
    /// The card that lines are checked against [default: card.candor in --dir, if it is there]
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// Where the lines go [default: the standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where one JSON object a line goes that says where each line comes from
    #[arg(long, value_name = "FILE")]
    pub provenance: Option<PathBuf>,
}

/// `candor import opengradient`.
#[derive(Args, Clone, Debug)]
pub struct Opengradient {
    /// The chat request as it was sent
    #[arg(long, value_name = "FILE", required_unless_present = "check")]
    pub request: Option<PathBuf>,
    /// The answer as it came back, with its tee_ fields
    #[arg(long, value_name = "FILE", required_unless_present = "check")]
    pub response: Option<PathBuf>,
    /// The enclave's public key (PEM), from the network's registry
    #[arg(long, value_name = "FILE")]
    pub tee_key: PathBuf,
    /// The plugin that the answer is a payload of
    #[arg(long, value_name = "ID", required_unless_present = "check")]
    pub plugin: Option<String>,
    /// Unix seconds of the observation [default: the answer's timestamp]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..limits::TIME))]
    pub time: Option<u64>,
    /// Root of the batch that the answer was settled in
    #[arg(long, value_name = "HASH", value_parser = parse_hash)]
    pub batch_root: Option<Hash>,
    /// Hashes from the answer's leaf to that root, in order
    #[arg(long, value_name = "HASH", value_parser = parse_hash, requires = "batch_root")]
    pub batch_proof: Vec<Hash>,
    /// Check a payload again that an earlier import made, as it stands in a record
    #[arg(long, value_name = "PAYLOAD", conflicts_with_all = ["request", "response", "plugin", "time"])]
    pub check: Option<PathBuf>,
    /// The card that the line is checked against [default: card.candor in --dir, if it is there]
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
}

/// `candor import signed`.
#[derive(Args, Clone, Debug)]
pub struct Signed {
    /// A plugin and the file of what it delivered
    #[arg(value_name = "PLUGIN=FILE", required = true, value_parser = parse_pair)]
    pub payloads: Vec<(String, String)>,
    /// Unix seconds of the observation
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..limits::TIME))]
    pub time: u64,
    /// The card that declares plugins and keys [default: card.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
}

/// 32 bytes.
pub type Hash = [u8; 32];

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let (left, right) = text.split_once('=').ok_or("write two names as in TOOL=PLUGIN")?;
    if left.is_empty() || right.is_empty() {
        Err("a name is missing".into())
    } else {
        Ok((left.into(), right.into()))
    }
}

fn parse_hash(text: &str) -> Result<Hash, String> {
    parse_hex(text).map_err(|failure| failure.message)
}

impl Source {
    /// Imports.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        match self {
            Self::Otel(command) => command.run(store),
            Self::Opengradient(command) => command.run(store),
            Self::Signed(command) => command.run(store),
        }
    }
}

impl Otel {
    fn run(&self, store: &Store) -> Result<Report, Failure> {
        let card = optional_card(store, self.card.as_deref())?;
        let tools = self.tools(card.as_ref())?;
        let text = text_of(&self.traces, MAX_JSON_BYTES as u64)?;
        let place = |failure: Failure| failure.at(self.traces.display());
        let spans = otel::read_spans(&text).map_err(|error| place(error.failure()))?;
        let imported = otel::observations(&spans, &tools).map_err(|error| place(error.failure()))?;
        for found in &imported {
            let trace = found.provenance.get("traceId").and_then(Json::as_text).unwrap_or_default();
            check(card.as_ref(), &found.line)
                .map_err(|failure| place(failure.at(format!("trace {trace}"))))?;
        }
        let lines: Vec<&str> = imported.iter().map(|found| found.line.as_str()).collect();
        let origins: Vec<String> = imported.iter().map(|found| found.provenance.to_string()).collect();
        if let Some(path) = &self.provenance {
            store::write(path, (origins.join("\n") + "\n").as_bytes(), Existing::Replace)?;
        }
        let json = json!({
            "observations": imported.iter().map(|found| json!({
                "observation": value(&found.line), "provenance": value(&found.provenance.to_string()),
            })).collect::<Vec<_>>(),
            "checked": card.is_some(),
        });
        let Some(path) = &self.output else { return Ok(Report::accepted(lines.join("\n"), json)) };
        store::write(path, (lines.join("\n") + "\n").as_bytes(), Existing::Replace)?;
        let text = table(&[
            ("wrote", format!("{}: {}", path.display(), count(lines.len() as u64, "observation"))),
            ("evidence", "none: spans are sampled and unsigned".to_owned()),
        ]);
        Ok(Report::accepted(text, json))
    }
    fn tools(&self, card: Option<&Card>) -> Result<ToolNames, Failure> {
        if let Some(card) = card {
            self.tool.iter().try_for_each(|(_, plugin)| declared(card, plugin).map(drop))?;
        }
        match (card, self.tool.is_empty()) {
            (_, false) => Ok(self.tool.iter().cloned().collect()),
            (Some(card), true) => {
                Ok(card.plugins.iter().map(|plugin| (plugin.id.clone(), plugin.id.clone())).collect())
            }
            (None, true) => Err(Failure::usage("nothing says which tools stand for plugins")
                .fix("name them with --tool TOOL=PLUGIN, or the card with --card")),
        }
    }
}

impl Opengradient {
    fn run(&self, store: &Store) -> Result<Report, Failure> {
        let key = TeeKey::from_pem(&text(&self.tee_key)?)
            .map_err(|error| error.failure().at(self.tee_key.display()))?;
        let response = match (&self.check, &self.request, &self.response) {
            (Some(path), _, _) => checked_payload(path, &key)?,
            (None, Some(request), Some(response)) => answered(request, response, &key)?,
            _ => return Err(Failure::usage("--request and --response belong together")),
        };
        if let Some(root) = &self.batch_root {
            verify_batch(root, &batch_leaf(&response), &self.batch_proof)
                .map_err(|error| error.failure().at("--batch-root"))?;
        }
        let mut json = to_json(&response, self.batch_root.is_some());
        let Some(plugin) = &self.plugin else {
            return Ok(Report::accepted(describe(&response, self.batch_root.is_some()), json));
        };
        let card = optional_card(store, self.card.as_deref())?;
        let time = self.time.unwrap_or(response.timestamp);
        let line = observation_line(time, &[(plugin.clone(), response.to_payload())]);
        check(card.as_ref(), &line)?;
        json["observation"] = value(&line);
        json["checked"] = json!(card.is_some());
        Ok(Report::accepted(line, json))
    }
}

fn answered(request: &Path, response: &Path, key: &TeeKey) -> Result<TeeResponse, Failure> {
    let read = |path: &Path| {
        let text = text_of(path, limits::LINE_BYTES as u64)?;
        Json::parse(&text).map_err(|error| error.failure().at(path.display()))
    };
    TeeResponse::verify(&read(request)?, &read(response)?, key)
        .map_err(|error| error.failure().at(format!("{} with {}", response.display(), request.display())))
}

fn checked_payload(path: &Path, key: &TeeKey) -> Result<TeeResponse, Failure> {
    let response =
        TeeResponse::from_payload(text(path)?.trim()).map_err(|error| error.failure().at(path.display()))?;
    let (expected, got) = (key.tee_id(), response.tee_id);
    if expected == got {
        return Ok(response);
    }
    let error = candor_trace::adapter::opengradient::OpenGradientError::TeeId { expected, got };
    Err(error.failure().at(path.display()))
}

fn describe(response: &TeeResponse, batch: bool) -> String {
    table(&[
        ("signed by", format!("enclave {}", hex_string(&response.tee_id))),
        ("model", format!("{} (what the request asked for)", response.model)),
        ("time", response.timestamp.to_string()),
        ("request", hex_string(&response.request_hash)),
        ("output", hex_string(&response.output_hash)),
        ("batch", if batch { "the answer is in it" } else { "not looked at" }.to_owned()),
        (
            "rests on",
            "the key being an attested enclave's; agent, chain and nonce are not in the signature".to_owned(),
        ),
    ])
}

fn to_json(response: &TeeResponse, batch: bool) -> Value {
    json!({
        "teeId": hex_string(&response.tee_id),
        "model": response.model,
        "timestamp": response.timestamp,
        "requestHash": hex_string(&response.request_hash),
        "outputHash": hex_string(&response.output_hash),
        "batchLeaf": hex_string(&batch_leaf(response)),
        "batchChecked": batch,
    })
}

impl Signed {
    fn run(&self, store: &Store) -> Result<Report, Failure> {
        let card = artefact::card(&self.card.clone().unwrap_or_else(|| store.card()))?;
        let mut payloads = Vec::new();
        for (plugin, path) in &self.payloads {
            declared(&card, plugin)?;
            let payload = text(Path::new(path))?;
            // In one line: white space outside strings is nobody's.
            Json::parse(&payload).map_err(|error| error.failure().at(path))?;
            payloads.push((plugin.clone(), payload.trim().replace(['\n', '\r'], " ")));
        }
        let line = observation_line(self.time, &payloads);
        check(Some(&card), &line)?;
        let reported: Vec<Assumption> = Assumption::of_observations(&card);
        let json = json!({ "observation": value(&line), "observations": assumptions_json(&reported) });
        eprintln!("{}", assumptions_text(&reported).trim_start());
        Ok(Report::accepted(line, json))
    }
}

/// A line of observations.
fn observation_line(time: u64, payloads: &[(String, String)]) -> String {
    let payloads: Vec<String> = payloads
        .iter()
        .map(|(plugin, payload)| format!("{}:{payload}", Value::from(plugin.as_str())))
        .collect();
    format!(r#"{{"time":{time},"plugins":{{{}}}}}"#, payloads.join(","))
}

/// The line is an observation that the program can decide on, and the plugins that declare a key signed theirs.
fn check(card: Option<&Card>, line: &str) -> Result<(), Failure> {
    let Some(card) = card else { return Ok(()) };
    let observation = Observation::from_json(line, card).map_err(|error| error.failure())?;
    observation.features(card).map_err(|error| error.failure())?;
    check_payloads(card, &observation).map_err(|error| error.failure())
}

fn optional_card(store: &Store, named: Option<&Path>) -> Result<Option<Card>, Failure> {
    match named {
        Some(path) => artefact::card(path).map(Some),
        None if store.card().exists() => artefact::card(&store.card()).map(Some),
        None => Ok(None),
    }
}

/// JSON text as a value.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_have_two_names() {
        assert_eq!(parse_pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        for text in ["a", "=b", "a=", "="] {
            assert!(parse_pair(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lines_are_lines_of_observations() {
        let line = observation_line(5, &[("a\"b".into(), "1".into()), ("c".into(), "{}".into())]);
        assert_eq!(line, r#"{"time":5,"plugins":{"a\"b":1,"c":{}}}"#);
        assert_eq!(value(&line)["plugins"]["a\"b"], 1);
    }
}
