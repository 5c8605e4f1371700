//! What a verifier expects: program, agent and domain, never taken from what is to be verified.

use crate::artefact;
use crate::exit::{ExitClass, Failure};
use crate::output::hex_string;
use crate::store::{self, Existing};
use candor_program::card::{Card, Domain};
use candor_program::digest::ProgramIds;
use candor_verifier::{AssumptionName, Expected};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const MAX_EXPECTED_BYTES: u64 = 1 << 16;

/// The ids to expect. There is no default: name them, or a file that you trust.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ExpectationArguments {
    /// File with program id, agent and domain, as compile and agent-key write it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["program_id", "agent"])]
    pub expect: Option<PathBuf>,
    /// Program id in hexadecimal, or a card or program file
    #[arg(long, value_name = "ID_OR_FILE", requires = "agent")]
    pub program_id: Option<String>,
    /// Agent's address in hexadecimal, or a file that holds it
    #[arg(long, value_name = "ADDRESS_OR_FILE", requires = "program_id")]
    pub agent: Option<String>,
    /// Chain id of the records' domain [default: the card's, which the program id fixes]
    #[arg(long, value_name = "NUMBER", requires = "verifying_contract")]
    pub chain_id: Option<u64>,
    /// Verifying contract of the records' domain [default: the card's, which the program id fixes]
    #[arg(long, value_name = "ADDRESS", requires = "chain_id")]
    pub verifying_contract: Option<String>,
    /// Accept a development string, whose maker can forge every proof
    #[arg(long)]
    pub allow_development_setup: bool,
    /// Refuse an assumption by its name, as reports print it
    #[arg(long, value_name = "ASSUMPTION", value_parser = parse_assumption)]
    pub refuse: Vec<AssumptionName>,
}

fn parse_assumption(text: &str) -> Result<AssumptionName, String> {
    text.parse().map_err(|_| {
        let names: Vec<&str> = AssumptionName::ALL.iter().map(|name| name.as_str()).collect();
        format!("no such assumption; there are {}", names.join(", "))
    })
}

/// The file `expected.json`.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExpectedFile {
    /// Program id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub program_id: Option<String>,
    /// Address of the agent's key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent: Option<String>,
    /// Chain id of the records' domain.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chain_id: Option<u64>,
    /// Verifying contract of the records' domain.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verifying_contract: Option<String>,
}

impl ExpectedFile {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = store::read(path, MAX_EXPECTED_BYTES)?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(ExitClass::Malformed, format!("not a file of expected ids: {error}"))
                .at(path.display())
                .fix("it has the keys programId, agent, chainId, verifyingContract; compile and agent-key write it")
        })
    }
    /// Changes the file, or begins it.
    pub fn update(path: &Path, change: impl FnOnce(&mut Self)) -> Result<(), Failure> {
        let mut file = if path.exists() { Self::read(path)? } else { Self::default() };
        change(&mut file);
        let text = serde_json::to_string_pretty(&file)
            .map_err(|error| Failure::new(ExitClass::Unexpected, error).at(path.display()))?;
        store::write(path, format!("{text}\n").as_bytes(), Existing::Replace)
    }
}

impl ExpectationArguments {
    /// What is expected of a bundle with this card.
    ///
    /// Where no domain is named it is the card's: the program id, which is named, commits to it.
    pub fn expected(&self, card: &Card) -> Result<Expected, Failure> {
        let (program_id, agent, mut domain) = match &self.expect {
            Some(path) => from_file(path)?,
            None => self.named()?,
        };
        if let (Some(chain_id), Some(contract)) = (self.chain_id, &self.verifying_contract) {
            let verifying_contract =
                parse_hex(contract).map_err(|failure| failure.at("--verifying-contract"))?;
            domain = Some(Domain { chain_id, verifying_contract });
        }
        Ok(Expected {
            program_id,
            agent,
            domain: domain.unwrap_or(card.domain),
            allow_development_setup: self.allow_development_setup,
            refused: self.refuse.clone(),
        })
    }
    fn named(&self) -> Result<Ids, Failure> {
        let (Some(program_id), Some(agent)) = (&self.program_id, &self.agent) else {
            return Err(Failure::usage("nothing says which program and agent to expect").fix(
                "name --program-id and --agent, or --expect FILE with a file that you trust (./.candor/expected.json on the agent's own machine)",
            ));
        };
        let agent = parse_agent(agent)?;
        if program_id.starts_with("0x") {
            let id = parse_hex(program_id).map_err(|failure| failure.at("--program-id"))?;
            return Ok((id, agent, None));
        }
        let card = card_of(Path::new(program_id))?;
        Ok((ProgramIds::of(&card).program_id, agent, Some(card.domain)))
    }
}

type Ids = ([u8; 32], [u8; 20], Option<Domain>);

fn from_file(path: &Path) -> Result<Ids, Failure> {
    let file = ExpectedFile::read(path)?;
    let missing = |key: &str, command: &str| {
        Failure::usage(format!("the file does not name `{key}`"))
            .at(path.display())
            .fix(format!("candor {command} writes it"))
    };
    let program_id = file.program_id.as_deref().ok_or_else(|| missing("programId", "compile"))?;
    let agent = file.agent.as_deref().ok_or_else(|| missing("agent", "agent-key"))?;
    let field = |key: &str| format!("{}, {key}", path.display());
    let program_id = parse_hex(program_id).map_err(|failure| failure.at(field("programId")))?;
    let agent = parse_hex(agent).map_err(|failure| failure.at(field("agent")))?;
    let domain = match (file.chain_id, file.verifying_contract.as_deref()) {
        (Some(chain_id), Some(contract)) => {
            let contract = parse_hex(contract).map_err(|failure| failure.at(field("verifyingContract")))?;
            Some(Domain { chain_id, verifying_contract: contract })
        }
        (None, None) => None,
        _ => return Err(missing("chainId and verifyingContract", "compile")),
    };
    Ok((program_id, agent, domain))
}

fn card_of(path: &Path) -> Result<Card, Failure> {
    match artefact::card(path) {
        Ok(card) => Ok(card),
        Err(failure) => artefact::program(path).map(|program| program.card).map_err(|_| failure),
    }
}

fn parse_agent(text: &str) -> Result<[u8; 20], Failure> {
    if text.starts_with("0x") {
        return parse_hex(text).map_err(|failure| failure.at("--agent"));
    }
    let path = Path::new(text);
    let bytes = store::read(path, MAX_EXPECTED_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    if text.trim_start().starts_with('{') {
        let file = ExpectedFile::read(path)?;
        return parse_hex(file.agent.as_deref().unwrap_or_default())
            .map_err(|failure| failure.at(path.display()));
    }
    parse_hex(text.trim()).map_err(|failure| failure.at(path.display()))
}

/// Exactly `N` bytes as `0x` and hexadecimal digits.
pub fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    let digits = text.strip_prefix("0x").unwrap_or_default();
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| {
        let shown: String = text.chars().take(80).collect();
        Failure::usage(format!("`{shown}` is not 0x with {} hexadecimal digits", 2 * N))
    })?;
    Ok(bytes)
}

/// The expectation as `--json` prints it.
#[must_use]
pub fn to_json(expected: &Expected) -> serde_json::Value {
    serde_json::json!({
        "programId": hex_string(&expected.program_id),
        "agent": hex_string(&expected.agent),
        "chainId": expected.domain.chain_id,
        "verifyingContract": hex_string(&expected.domain.verifying_contract),
    })
}
