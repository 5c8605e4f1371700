//! What a verifier expects: program, agent and domain, never taken from what is to be verified.

use crate::artefact;
use crate::exit::{ExitClass, Failure};
use crate::output::hex_string;
use crate::publication;
use crate::store::{self, Existing};
use candor_program::card::{Card, Domain, SignerKey};
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
    /// Digest of the reference string, as `candor setup` prints it: without it a ceremony is only declared
    #[arg(long, value_name = "DIGEST")]
    pub setup_digest: Option<String>,
    /// Id of a key that seals may be made with, as `candor setup seal` prints it; may be given several times
    #[arg(long, value_name = "ID")]
    pub seal_key_id: Vec<String>,
    /// Accept a ceremony that card or key merely declare: their makers could forge
    #[arg(long)]
    pub allow_declared_ceremony: bool,
    /// Accept a development string, whose maker can forge every proof
    #[arg(long)]
    pub allow_development_setup: bool,
    /// Refuse an assumption by its name, as reports print it
    #[arg(long, value_name = "ASSUMPTION", value_parser = parse_assumption)]
    pub refuse: Vec<AssumptionName>,
    /// Refuse the word of a key, as reports print it: a plugin's, an attester's, an owner's
    #[arg(long, value_name = "KEY", value_parser = crate::key::parse_signer)]
    pub refuse_signer: Vec<SignerKey>,
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
    /// Digest of the reference string.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub setup_digest: Option<String>,
    /// Ids of the keys that seals may be made with.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub seal_keys: Vec<String>,
}

impl ExpectedFile {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = store::read(path, MAX_EXPECTED_BYTES)?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(ExitClass::Malformed, format!("not a file of expected ids: {error}"))
                .at(path.display())
                .fix("it has the keys programId, agent, chainId, verifyingContract, setupDigest, sealKeys; compile, agent-key and setup write it")
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
        let ids = match &self.expect {
            Some(path) => from_file(path)?,
            None => self.named()?,
        };
        let mut domain = ids.domain;
        if let (Some(chain_id), Some(contract)) = (self.chain_id, &self.verifying_contract) {
            let verifying_contract =
                parse_hex(contract).map_err(|failure| failure.at("--verifying-contract"))?;
            domain = Some(Domain { chain_id, verifying_contract });
        }
        let mut expected = Expected::new(ids.program_id, ids.agent, domain.unwrap_or(card.domain));
        expected.setup_digest = match &self.setup_digest {
            Some(text) => Some(parse_hex(text).map_err(|failure| failure.at("--setup-digest"))?),
            None => ids.setup_digest,
        };
        expected.seal_keys = ids.seal_keys;
        if !self.seal_key_id.is_empty() {
            expected.seal_keys = hex_list(&self.seal_key_id, "--seal-key-id")?;
        }
        expected.allow_declared_ceremony = self.allow_declared_ceremony;
        expected.allow_development_setup = self.allow_development_setup;
        expected.refused.clone_from(&self.refuse);
        expected.refused_signers.clone_from(&self.refuse_signer);
        Ok(expected)
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
            return Ok(Ids {
                program_id: id,
                agent,
                domain: None,
                setup_digest: None,
                seal_keys: Vec::new(),
            });
        }
        // The card says which string it claims; only the caller can say which one it is to be.
        let card = card_of(Path::new(program_id))?;
        let program_id = ProgramIds::of(&card).program_id;
        Ok(Ids { program_id, agent, domain: Some(card.domain), setup_digest: None, seal_keys: Vec::new() })
    }
}

/// What a file or the command line names.
struct Ids {
    program_id: [u8; 32],
    agent: [u8; 20],
    domain: Option<Domain>,
    setup_digest: Option<[u8; 32]>,
    seal_keys: Vec<[u8; 32]>,
}

fn hex_list<const N: usize>(texts: &[String], place: &str) -> Result<Vec<[u8; N]>, Failure> {
    texts.iter().map(|text| parse_hex(text).map_err(|failure| failure.at(place))).collect()
}

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
    let setup_digest = match file.setup_digest.as_deref() {
        Some(digest) => Some(parse_hex(digest).map_err(|failure| failure.at(field("setupDigest")))?),
        None => None,
    };
    let seal_keys = hex_list(&file.seal_keys, &field("sealKeys"))?;
    Ok(Ids { program_id, agent, domain, setup_digest, seal_keys })
}

fn card_of(path: &Path) -> Result<Card, Failure> {
    match artefact::card(path) {
        Ok(card) => Ok(card),
        Err(failure) => artefact::program(path).map(|program| program.card).map_err(|_| failure),
    }
}

/// An agent's address, or the one in a file.
pub fn parse_agent(text: &str) -> Result<[u8; 20], Failure> {
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
        "setupDigest": expected.setup_digest.map(|digest| hex_string(&digest)),
        "sealKeys": expected.seal_keys.iter().map(|id| hex_string(id)).collect::<Vec<_>>(),
        "publication": expected.publication.as_ref().map(publication::to_json),
    })
}
