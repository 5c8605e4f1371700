//! `candor mandate`: chains of mandates, from an owner down to an agent.

use crate::artefact;
use crate::classify::Classify;
use crate::command::plugin::text_of;
use crate::exit::{ExitClass, Failure};
use crate::key::{self, parse_signer};
use crate::output::{Report, table};
use crate::store::Store;
use candor_program::card::{Card, SignerKey};
use candor_program::decimal::{format_decimal, parse_decimal};
use candor_program::digest::ProgramIds;
use candor_program::evidence::{Authority, Direction};
use candor_program::limits;
use candor_trace::evidence::{
    Credential, CredentialError, FileError, Granted, Holder, Limit, MAX_FILE_BYTES, Mandate, MandateError,
    SignedMandate, check_chain, credential_json, credentials_from_json, direction_name,
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// `candor mandate`.
#[derive(Args, Clone, Debug)]
pub struct MandateCommand {
    /// What to do
    #[command(subcommand)]
    pub command: Action,
}

/// One action each.
#[derive(Subcommand, Clone, Debug)]
pub enum Action {
    /// Grant a mandate, or hand one on with the same limits or narrower ones
    #[command(after_help = "\
Examples:
  candor mandate grant --key owner.key --to 0x12... --at-most daily=2500.00 --issued 1700000000 --expires 1800000000
  candor mandate grant --chain mandate.json --key desk.key --to 0x34... --at-most daily=500.00 --issued 1700000000 --expires 1790000000")]
    Grant(Grant),
    /// Check that a chain holds, for an agent and a card where they are named
    #[command(after_help = "Example: candor mandate check mandate.json --agent 0x34... --time 1700000000")]
    Check(Check),
    /// Show what a file of mandates holds; nothing is checked
    #[command(after_help = "Example: candor mandate show mandate.json")]
    Show(Show),
}

/// `candor mandate grant`.
#[derive(Args, Clone, Debug)]
pub struct Grant {
    /// The grantor's key: a file of `plugin key` or `agent-key`
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Who may act, and hand it on: an address, or ed25519:0x and a public key
    #[arg(long, value_name = "KEY", value_parser = parse_signer)]
    pub to: SignerKey,
    /// The chain that is handed on [default: none, the grantor is the owner]
    #[arg(long, value_name = "FILE")]
    pub chain: Option<PathBuf>,
    /// A limit from above; its decimals are those that are written
    #[arg(long, value_name = "NAME=VALUE")]
    pub at_most: Vec<String>,
    /// A limit from below
    #[arg(long, value_name = "NAME=VALUE")]
    pub at_least: Vec<String>,
    /// Unix seconds from which it counts
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..limits::TIME))]
    pub issued: u64,
    /// Unix seconds from which it no longer counts
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..limits::TIME))]
    pub expires: u64,
}

/// `candor mandate check`.
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// The chain; - reads the standard input
    #[arg(value_name = "FILE")]
    pub chain: PathBuf,
    /// Address of the agent that wants to act under it
    #[arg(long, value_name = "ADDRESS", value_parser = parse_signer)]
    pub agent: Option<SignerKey>,
    /// Unix seconds at which it wants to
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..limits::TIME))]
    pub time: Option<u64>,
    /// Card whose slots it is for
    #[arg(long, value_name = "FILE", requires = "agent")]
    pub card: Option<PathBuf>,
}

/// `candor mandate show`.
#[derive(Args, Clone, Debug)]
pub struct Show {
    /// The chain; - reads the standard input
    #[arg(value_name = "FILE")]
    pub chain: PathBuf,
}

impl Action {
    /// Does it.
    pub fn run(&self, _store: &Store) -> Result<Report, Failure> {
        match self {
            Self::Grant(command) => command.run(),
            Self::Check(command) => command.run(),
            Self::Show(command) => command.run(),
        }
    }
}

impl Grant {
    fn run(&self) -> Result<Report, Failure> {
        let key = key::load_any(&self.key)?;
        if self.issued >= self.expires {
            return Err(Failure::usage("it would never count")
                .at("--expires")
                .fix("name a time of expiry after the time of issue"));
        }
        let mut chain = match &self.chain {
            Some(path) => read_chain(path)?,
            None => Vec::new(),
        };
        let handed_on = match &self.chain {
            Some(path) => Some(check_chain(&chain).map_err(|error| error.failure().at(path.display()))?),
            None => None,
        };
        let mandate = Mandate {
            grantor: key.public(),
            grantee: self.to,
            parent: chain.last().map_or([0; 32], |last| last.mandate.id()),
            limits: self.limits(handed_on.as_ref())?,
            issued: self.issued,
            expires: self.expires,
        };
        chain.push(mandate.sign(&key));
        check_chain(&chain).map_err(|error| error.failure())?;
        let json = credential_json(&Credential::Mandates(chain));
        Ok(Report::accepted(json.to_string(), json))
    }

    fn limits(&self, handed_on: Option<&Granted>) -> Result<Vec<Limit>, Failure> {
        let written = |direction, texts: &[String]| -> Result<Vec<Limit>, Failure> {
            texts.iter().map(|text| limit(text, direction, handed_on)).collect()
        };
        let mut limits = written(Direction::AtMost, &self.at_most)?;
        limits.extend(written(Direction::AtLeast, &self.at_least)?);
        limits.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(limits)
    }
}

/// A limit as it is written; where one is handed on, with its decimals.
fn limit(text: &str, direction: Direction, handed_on: Option<&Granted>) -> Result<Limit, Failure> {
    let flag = format!("--{}", direction_name(direction));
    let malformed = |fix: String| Failure::usage(format!("`{text}` is no limit")).at(&flag).fix(fix);
    let (name, written) = text
        .split_once('=')
        .ok_or_else(|| malformed("write NAME=VALUE, such as daily=2500.00".to_owned()))?;
    let digits = written.split_once('.').map_or(0, |(_, digits)| digits.len());
    let above = handed_on.and_then(|granted| granted.limit(name)).map(|limit| limit.decimals);
    let decimals =
        above.or_else(|| u8::try_from(digits).ok()).filter(|decimals| *decimals <= limits::DECIMALS);
    let decimals = decimals
        .ok_or_else(|| malformed(format!("write at most {} digits after the point", limits::DECIMALS)))?;
    let value = parse_decimal(written, decimals).map_err(|error| malformed(error.to_string()))?;
    Ok(Limit { name: name.to_owned(), direction, value, decimals })
}

impl Check {
    fn run(&self) -> Result<Report, Failure> {
        let chain = read_chain(&self.chain)?;
        let place = |failure: Failure| failure.at(self.chain.display());
        let granted = check_chain(&chain).map_err(|error| place(error.failure()))?;
        if let Some(expected) = self.agent.filter(|agent| *agent != granted.grantee) {
            let error = MandateError::Agent { expected, got: granted.grantee };
            return Err(place(error.failure()));
        }
        if let Some(time) = self.time {
            if time < granted.complete {
                return Err(place(MandateError::Later { time, issued: granted.complete }.failure()));
            }
            if time >= granted.expires {
                let message = format!("it expired at {}, the time is {time}", granted.expires);
                return Err(place(Failure::new(ExitClass::Rejected, message).fix("ask for a new mandate")));
            }
        }
        let slots = match &self.card {
            Some(path) => self.slots(&artefact::card(path)?, &chain, &granted).map_err(place)?,
            None => Vec::new(),
        };
        let mut rows = vec![
            ("mandates", format!("{}, each signed, none wider than the one before", chain.len())),
            ("owner", granted.owner.to_string()),
            ("agent", granted.grantee.to_string()),
            ("counts", format!("from {} to {}", granted.complete, granted.expires)),
        ];
        let limits: Vec<String> = granted.limits.iter().map(shown).collect();
        rows.push(("limits", limits.join(", ")));
        if !slots.is_empty() {
            rows.push(("slots", slots.join(", ")));
        }
        let json = json!({
            "mandates": chain.len(),
            "owner": granted.owner.to_string(),
            "agent": granted.grantee.to_string(),
            "issued": granted.issued,
            "complete": granted.complete,
            "expires": granted.expires,
            "limits": granted.limits.iter().map(limit_json).collect::<Vec<_>>(),
            "slots": slots,
        });
        Ok(Report::accepted(table(&rows), json))
    }

    /// Names of the card's slots that it holds for; at least one.
    fn slots(&self, card: &Card, chain: &[SignedMandate], granted: &Granted) -> Result<Vec<String>, Failure> {
        let agent = match self.agent {
            Some(SignerKey::Secp256k1 { address }) => address,
            _ => return Err(Failure::usage("an agent has an address").at("--agent")),
        };
        let time = self.time.unwrap_or(granted.complete);
        let holder = Holder { agent, program_id: ProgramIds::of(card).program_id, time };
        let credential = Credential::Mandates(chain.to_vec());
        let (mut slots, mut defect) = (Vec::new(), None);
        for slot in &card.evidence {
            match credential.statement(slot, &holder) {
                Ok(_) => slots.push(slot.name.clone()),
                Err(error) if matches!(slot.authority, Authority::Mandate { .. }) => {
                    defect = defect.or(Some(error.failure().at(format!("slot `{}`", slot.name))));
                }
                Err(_) => {}
            }
        }
        match defect {
            Some(defect) if slots.is_empty() => Err(defect),
            None if slots.is_empty() => {
                Err(Failure::new(ExitClass::Rejected, "no slot of the card takes mandates"))
            }
            _ => Ok(slots),
        }
    }
}

impl Show {
    fn run(&self) -> Result<Report, Failure> {
        let chain = read_chain(&self.chain)?;
        let mut text = "mandates; nothing is checked".to_owned();
        for (number, SignedMandate { mandate, .. }) in (1..).zip(&chain) {
            let limits: Vec<String> = mandate.limits.iter().map(shown).collect();
            let limits = if limits.is_empty() { "the same limits".to_owned() } else { limits.join(", ") };
            text.push_str(&format!(
                "\n{number}. {} to {}, from {} to {}: {limits}",
                mandate.grantor, mandate.grantee, mandate.issued, mandate.expires
            ));
        }
        Ok(Report::accepted(text, credential_json(&Credential::Mandates(chain))))
    }
}

fn shown(limit: &Limit) -> String {
    let sign = match limit.direction {
        Direction::AtMost => "at most",
        Direction::AtLeast => "at least",
    };
    format!("{} {sign} {}", limit.name, format_decimal(limit.value, limit.decimals))
}

fn limit_json(limit: &Limit) -> Value {
    json!({
        "name": limit.name,
        "direction": direction_name(limit.direction),
        "value": format_decimal(limit.value, limit.decimals),
    })
}

/// The one chain of a file.
fn read_chain(path: &Path) -> Result<Vec<SignedMandate>, Failure> {
    let text = text_of(path, MAX_FILE_BYTES as u64)?;
    let credentials = credentials_from_json(&text).map_err(|error| error.failure().at(path.display()))?;
    match <[Credential; 1]>::try_from(credentials) {
        Ok([Credential::Mandates(chain)]) => Ok(chain),
        _ => Err(Failure::usage("this is not one chain of mandates")
            .at(path.display())
            .fix("name a file of candor mandate grant")),
    }
}

impl Classify for FileError {
    fn class(&self) -> ExitClass {
        match self {
            Self::TooLong { .. } | Self::TooMany { .. } => ExitClass::Limit,
            Self::Json { .. } | Self::Field { .. } => ExitClass::Malformed,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some("write credentials as candor attest and candor mandate grant print them (docs/spec/evidence.md)")
    }
}

impl Classify for MandateError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Depth { got, limit } if got > limit => ExitClass::Limit,
            Self::LimitCount { .. } => ExitClass::Limit,
            _ => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Widened { .. } | Self::Expires { .. } | Self::Added { .. } | Self::Restated { .. } => {
                Some("grant no more than was granted: the same limits or narrower ones, for no longer")
            }
            Self::Issued { .. } => Some("a mandate is handed on after it was granted: name a later --issued"),
            Self::Grantor { .. } => Some("sign with the key that the chain was granted to last"),
            _ => None,
        }
    }
}

impl Classify for CredentialError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Mandates(error) => error.class(),
            Self::Kind { .. } | Self::Attestation(_) => ExitClass::Rejected,
        }
    }
}
