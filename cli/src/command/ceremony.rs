//! `candor setup contribute`, `beacon`, `verify` and `lint`: seal keys that nobody alone could forge with.

use crate::artefact;
use crate::classify::Classify;
use crate::command::seal::{describe, pin, to_json};
use crate::exit::{ExitClass, Failure};
use crate::key;
use crate::output::{Report, count, hex_string, table};
use crate::progress::Progress;
use crate::store::{self, Existing, Store};
use candor_circuits::seal::key::{FILE_MAGIC, KeyError};
use candor_program::card::Card;
use candor_program::encoding::encode_file;
use candor_prover::SetupError;
use candor_prover::ceremony::{
    Beacon, Ceremony, CeremonyError, Circuit, MAX_BEACON_BYTES, MAX_CEREMONY_BYTES, MAX_ITERATIONS_LOG2,
    PhaseOne, PhaseOneError,
};
use candor_prover::seal::ProvingKeyError;
use candor_prover::setup::PtauError;
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest Powers-of-Tau file that is read.
const MAX_PTAU_BYTES: u64 = 4 << 30;

/// Begins the ceremony of a class: `candor setup seal --ptau`.
pub fn begin(
    store: &Store,
    card: &Card,
    batch_log2: u8,
    ptau: &Path,
    existing: Existing,
) -> Result<Report, Failure> {
    let path = store.ceremony(batch_log2);
    store::check_absent(&path, existing)
        .map_err(|failure| failure.fix("go on with this ceremony, or replace it with --force"))?;
    let circuit = circuit(card, batch_log2)?;
    let phase_one = phase_one(ptau, &circuit)?;
    let ceremony = {
        let _spinner = Progress::spinner("computing the keys that contributions start from");
        Ceremony::begin(&circuit, &phase_one).map_err(|error| error.failure())?
    };
    write(&path, &ceremony, existing)?;
    let transcript = ceremony.transcript();
    let text = format!(
        "wrote {}: these keys are useless until somebody contributes\n{}",
        path.display(),
        table(&[
            ("transcript", hex_string(&transcript)),
            ("next", "candor setup contribute IN OUT, by as many people as possible".to_owned()),
        ])
    );
    Ok(Report::accepted(text, summary(&path, &ceremony)))
}

/// `candor setup contribute`.
#[derive(Args, Clone, Debug)]
pub struct Contribute {
    /// The ceremony so far
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Where to write it with your contribution
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// Your name, as the transcript will show it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub name: String,
}

impl Contribute {
    /// Multiplies delta by fresh randomness, which is forgotten.
    pub fn run(&self) -> Result<Report, Failure> {
        store::check_absent(&self.output, Existing::Keep)?;
        let mut ceremony = read(&self.input)?;
        let mut secret = Zeroizing::new([0; 32]);
        key::random(secret.as_mut_slice())?;
        {
            let _spinner = Progress::spinner("contributing");
            ceremony
                .contribute(&self.name, &secret)
                .map_err(|error| error.failure().at(self.input.display()))?;
        }
        write(&self.output, &ceremony, Existing::Keep)?;
        Ok(Report::accepted(appended(&self.output, &ceremony), summary(&self.output, &ceremony)))
    }
}

/// `candor setup beacon`.
#[derive(Args, Clone, Debug)]
pub struct Close {
    /// The ceremony so far
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Where to write the closed ceremony
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// Public randomness in hexadecimal that nobody could know before the last contribution
    #[arg(long, value_name = "HEX")]
    pub value: String,
    /// Log2 of how often it is hashed
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(..=i64::from(MAX_ITERATIONS_LOG2)))]
    pub iterations_log2: u8,
    /// Where the value comes from, as the transcript will show it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub name: String,
}

impl Close {
    /// Multiplies delta by what follows from the beacon; nobody can contribute after it.
    pub fn run(&self) -> Result<Report, Failure> {
        store::check_absent(&self.output, Existing::Keep)?;
        let digits = self.value.strip_prefix("0x").unwrap_or(&self.value);
        let value = hex::decode(digits).map_err(|_| {
            Failure::usage("--value is not hexadecimal").fix(format!("name 1 to {MAX_BEACON_BYTES} bytes"))
        })?;
        let mut ceremony = read(&self.input)?;
        let beacon = Beacon { value, iterations_log2: self.iterations_log2 };
        {
            let _spinner = Progress::spinner("hashing the beacon");
            ceremony.close(&self.name, beacon).map_err(|error| error.failure().at(self.input.display()))?;
        }
        write(&self.output, &ceremony, Existing::Keep)?;
        Ok(Report::accepted(appended(&self.output, &ceremony), summary(&self.output, &ceremony)))
    }
}

/// `candor setup verify`.
#[derive(Args, Clone, Debug)]
pub struct VerifyCeremony {
    /// The ceremony
    #[arg(value_name = "CEREMONY")]
    pub ceremony: PathBuf,
    /// The Powers-of-Tau file that it began with
    #[arg(long, value_name = "FILE")]
    pub ptau: PathBuf,
    /// Card of a program of the class [default: card.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// Require this verifying key to be the ceremony's
    #[arg(long, value_name = "FILE")]
    pub seal_key: Option<PathBuf>,
    /// Write the keys that candor seal and candor verify --seal take
    #[arg(long)]
    pub write: bool,
    /// Replace keys that are there; seals made with them can then no longer be verified
    #[arg(long, requires = "write")]
    pub force: bool,
}

impl VerifyCeremony {
    /// Checks every contribution and every point of the keys.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let ceremony = read(&self.ceremony)?;
        let card = artefact::card(&self.card.clone().unwrap_or_else(|| store.card()))?;
        let batch_log2 = ceremony.subject.batch_log2;
        let (keys_path, key_path) = (store.seal_keys(batch_log2), store.seal_key(batch_log2));
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        if self.write {
            for path in [&keys_path, &key_path] {
                store::check_absent(path, existing)
                    .map_err(|failure| failure.fix("use these keys, or replace them with --force"))?;
            }
        }
        let circuit = circuit(&card, batch_log2)?;
        let phase_one = phase_one(&self.ptau, &circuit)?;
        let keys = {
            let _spinner = Progress::spinner("checking every contribution and every point");
            ceremony
                .verify(&circuit, &phase_one)
                .map_err(|error| error.failure().at(self.ceremony.display()))?
        };
        let verifying = &keys.verifying;
        if let Some(path) = &self.seal_key
            && artefact::seal_key(path)? != *verifying
        {
            return Err(Failure::new(ExitClass::Rejected, "this verifying key is not the ceremony's")
                .at(path.display())
                .fix(format!("the ceremony's is {}", hex_string(&verifying.id()))));
        }
        let mut text = format!("{}\n{}", describe(verifying), contributions_text(&ceremony));
        let mut json = summary(&self.ceremony, &ceremony);
        json["key"] = to_json(verifying);
        if self.write {
            store::write(&keys_path, &keys.to_bytes(), existing)?;
            store::write(&key_path, &encode_file(&FILE_MAGIC, verifying), existing)?;
            pin(store, verifying)?;
            text.push_str(&format!("\nwrote {}, {}", keys_path.display(), key_path.display()));
            json["keys"] = json!(keys_path.display().to_string());
            json["verifyingKey"] = json!(key_path.display().to_string());
        }
        Ok(Report::accepted(text, json))
    }
}

/// `candor setup lint`.
#[derive(Args, Clone, Debug)]
pub struct Lint {
    /// A seal's verifying key
    #[arg(value_name = "KEY")]
    pub key: PathBuf,
}

impl Lint {
    /// Refuses keys for which anybody could forge seals.
    pub fn run(&self) -> Result<Report, Failure> {
        let key = artefact::seal_key(&self.key)?;
        key.validate().map_err(|error| error.failure().at(self.key.display()))?;
        let text = format!(
            "{}\npoints canonical, in their subgroups, none the identity; beta, gamma, delta and the generators distinct",
            describe(&key)
        );
        Ok(Report::accepted(text, to_json(&key)))
    }
}

fn circuit(card: &Card, batch_log2: u8) -> Result<Circuit, Failure> {
    Circuit::of(card, batch_log2).map_err(|error| ProvingKeyError::from(error).failure())
}

fn phase_one(path: &Path, circuit: &Circuit) -> Result<PhaseOne, Failure> {
    let bytes = store::read(path, MAX_PTAU_BYTES)?;
    let _spinner = Progress::spinner("checking the Powers-of-Tau file");
    PhaseOne::read(&bytes, circuit).map_err(|error| error.failure().at(path.display()))
}

/// A ceremony, decoded: its points are points, nothing else is checked.
pub fn read(path: &Path) -> Result<Ceremony, Failure> {
    artefact::decode(path, MAX_CEREMONY_BYTES, Ceremony::from_bytes)
}

fn write(path: &Path, ceremony: &Ceremony, existing: Existing) -> Result<(), Failure> {
    store::write(path, &ceremony.to_bytes(), existing)
}

fn appended(path: &Path, ceremony: &Ceremony) -> String {
    format!(
        "wrote {}\n{}",
        path.display(),
        table(&[
            ("contributions", count(ceremony.contributions.len() as u64, "contribution")),
            ("transcript", format!("{} (publish it)", hex_string(&ceremony.transcript()))),
        ])
    )
}

/// The transcript after every contribution.
fn transcripts(ceremony: &Ceremony) -> Vec<[u8; 32]> {
    let step = |transcript: &mut [u8; 32], contribution: &candor_prover::ceremony::Contribution| {
        *transcript = contribution.transcript_after(transcript);
        Some(*transcript)
    };
    ceremony.contributions.iter().scan(ceremony.subject.transcript(), step).collect()
}

/// The contributions for people, one a line.
#[must_use]
pub fn contributions_text(ceremony: &Ceremony) -> String {
    let lines = ceremony.contributions.iter().zip(transcripts(ceremony)).enumerate();
    let line =
        |(index, (contribution, transcript)): (usize, (&candor_prover::ceremony::Contribution, [u8; 32]))| {
            let kind = match &contribution.beacon {
                Some(beacon) => {
                    format!("beacon {}, 2^{} hashes", hex_string(&beacon.value), beacon.iterations_log2)
                }
                None => "secret".to_owned(),
            };
            format!("{:>4}  {}  {kind}  {:?}", index + 1, hex_string(&transcript), contribution.name)
        };
    let mut text = lines.map(line).collect::<Vec<_>>().join("\n");
    if !ceremony.is_closed() {
        text.push_str("\nno beacon closes it: the last contributor could have tried many secrets");
    }
    text
}

/// The ceremony for programs.
#[must_use]
pub fn summary(path: &Path, ceremony: &Ceremony) -> Value {
    let contributions: Vec<Value> = ceremony
        .contributions
        .iter()
        .zip(transcripts(ceremony))
        .map(|(contribution, transcript)| {
            json!({
                "name": contribution.name,
                "beacon": contribution.beacon.as_ref().map(|beacon| json!({
                    "value": hex_string(&beacon.value),
                    "iterationsLog2": beacon.iterations_log2,
                })),
                "transcript": hex_string(&transcript),
            })
        })
        .collect();
    json!({
        "ceremony": path.display().to_string(),
        "powersOfTau": hex_string(&ceremony.subject.phase_one),
        "records": 1u64 << ceremony.subject.batch_log2.min(63),
        "transcript": hex_string(&ceremony.transcript()),
        "closed": ceremony.is_closed(),
        "contributions": contributions,
    })
}

impl Classify for PhaseOneError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Ptau(PtauError::Power { .. }) => ExitClass::Usage,
            Self::Ptau(error) => SetupError::Ptau(*error).class(),
            Self::Size { .. } => ExitClass::Limit,
            Self::NotPowers { .. } => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some(match self {
            Self::Ptau(PtauError::Power { .. }) => "take a file of the ceremony with more powers",
            Self::Size { .. } => "seal fewer records at once: --records",
            _ => "fetch the file again, and compare its hash with the ceremony's",
        })
    }
}

impl Classify for CeremonyError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Malformed(error) => error.class(),
            Self::PhaseOne(error) => error.class(),
            Self::Lint(error) => error.class(),
            Self::Point { .. }
            | Self::ElementPoint { .. }
            | Self::ContributionPoint { .. }
            | Self::Length { .. } => ExitClass::Malformed,
            Self::Name { .. }
            | Self::Contributions { .. }
            | Self::BeaconValue { .. }
            | Self::BeaconIterations { .. } => ExitClass::Limit,
            Self::ZeroSecret => ExitClass::Unexpected,
            _ => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some(match self {
            Self::Malformed(error) => return error.fix(),
            Self::PhaseOne(error) => return error.fix(),
            Self::Name { .. } => "choose another --name",
            Self::BeaconValue { .. } => "choose another --value",
            Self::BeaconIterations { .. } => "choose another --iterations-log2",
            Self::ZeroSecret => "try again",
            Self::NoContribution => "let somebody contribute first: candor setup contribute",
            Self::AfterBeacon { .. } => "contribute to the ceremony as it was before the beacon",
            Self::OtherClass { .. } | Self::OtherCircuit => {
                "name the card of the class that the ceremony is for"
            }
            Self::OtherPhaseOne { .. } => "name the Powers-of-Tau file that the ceremony began with",
            _ => "do not use these keys; go back to the last file that verifies",
        })
    }
}

impl Classify for KeyError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Point { .. } => ExitClass::Malformed,
            _ => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some("do not use this key")
    }
}
