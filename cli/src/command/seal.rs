//! `candor seal`: a proof to one Groth16 proof of the whole path; `candor setup seal`: the keys it takes.

use crate::artefact;
use crate::classify::Classify;
use crate::command::ceremony;
use crate::command::prove::ends;
use crate::exit::Failure;
use crate::expectation::ExpectedFile;
use crate::key;
use crate::output::{Report, count, hex_string, table};
use crate::progress::Progress;
use crate::store::{self, Existing, Store};
use candor_circuits::proof::MAX_BATCH_LOG2;
use candor_circuits::seal::key::{FILE_MAGIC, KeySource, SealKey};
use candor_program::digest::ProgramIds;
use candor_program::encoding::{encode_file, fr_from_bytes_mod};
use candor_prover::seal::{SealKeys, seal};
use candor_trace::Bundle;
use candor_verifier::{Expected, verify, verify_seal};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;
use zeroize::Zeroizing;

/// Longest file of sealing keys.
const MAX_KEYS_BYTES: u64 = 4 << 30;

/// `candor setup seal`.
#[derive(Args, Clone, Debug)]
pub struct SetupSeal {
    /// Make the keys on this machine, marked DEVELOPMENT in everything that rests on them
    #[arg(long, required_unless_present = "ptau", conflicts_with = "ptau")]
    pub development: bool,
    /// Begin a ceremony on a Powers-of-Tau file: keys that nobody can forge with who did not take part
    #[arg(long, value_name = "FILE")]
    pub ptau: Option<PathBuf>,
    /// Most records that one seal covers: a power of two up to 256
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub records: u32,
    /// Card of a program of the class [default: card.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// Replace keys that are there; seals made with them can then no longer be verified
    #[arg(long)]
    pub force: bool,
}

impl SetupSeal {
    /// Makes both keys and writes them, or begins their ceremony.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let card = artefact::card(&self.card.clone().unwrap_or_else(|| store.card()))?;
        let batch_log2 = batch_log2(self.records as usize);
        let (keys_path, key_path) = (store.seal_keys(batch_log2), store.seal_key(batch_log2));
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        if let Some(ptau) = &self.ptau {
            return ceremony::begin(store, &card, batch_log2, ptau, existing);
        }
        for path in [&keys_path, &key_path] {
            store::check_absent(path, existing)
                .map_err(|failure| failure.fix("use these keys, or replace them with --force"))?;
        }
        let mut seed = Zeroizing::new([0; 32]);
        key::random(seed.as_mut_slice())?;
        let started = Instant::now();
        let keys = {
            let _spinner = Progress::spinner("making development seal keys");
            SealKeys::development(&card, batch_log2, &seed).map_err(|error| error.failure())?
        };
        let elapsed_ms = started.elapsed().as_secs_f64() * 1000.0;
        let bytes = keys.to_bytes();
        store::write(&keys_path, &bytes, existing)?;
        store::write(&key_path, &encode_file(&FILE_MAGIC, &keys.verifying), existing)?;
        let text = format!(
            "wrote {} ({} bytes), {}\n{}",
            keys_path.display(),
            bytes.len(),
            key_path.display(),
            describe(&keys.verifying)
        );
        pin(store, &keys.verifying)?;
        let mut json = to_json(&keys.verifying);
        json["keys"] = json!(keys_path.display().to_string());
        json["verifyingKey"] = json!(key_path.display().to_string());
        json["keysBytes"] = json!(bytes.len());
        json["milliseconds"] = json!(elapsed_ms);
        Ok(Report::accepted(text, json))
    }
}

/// Adds a key to those that `--expect expected.json` accepts, on the machine where it was made or checked.
pub fn pin(store: &Store, key: &SealKey) -> Result<(), Failure> {
    let id = hex_string(&key.id());
    ExpectedFile::update(&store.expected(), |file| {
        if !file.seal_keys.contains(&id) {
            file.seal_keys.push(id);
        }
    })
}

/// Log2 of the batch that so many records take.
#[must_use]
pub fn batch_log2(records: usize) -> u8 {
    records.max(1).next_power_of_two().trailing_zeros().min(u32::from(MAX_BATCH_LOG2)) as u8
}

/// A verifying key, for people.
#[must_use]
pub fn describe(key: &SealKey) -> String {
    let source = match key.source {
        KeySource::Development => "DEVELOPMENT: whoever made it can forge every seal".to_owned(),
        KeySource::Ceremony { transcript } => format!("ceremony, transcript {}", hex_string(&transcript)),
    };
    table(&[
        ("source", source),
        ("key", hex_string(&key.id())),
        ("class", hex_string(&key.class_digest)),
        ("covers", format!("up to {}", count(1 << key.batch_log2, "record"))),
        ("size", count(u64::from(key.constraints), "constraint")),
    ])
}

/// A verifying key, for programs.
#[must_use]
pub fn to_json(key: &SealKey) -> serde_json::Value {
    json!({
        "keyId": hex_string(&key.id()),
        "classDigest": hex_string(&key.class_digest),
        "development": key.source == KeySource::Development,
        "records": 1u32 << key.batch_log2,
        "constraints": key.constraints,
    })
}

/// `candor seal`.
#[derive(Args, Clone, Debug)]
pub struct Seal {
    /// The proof [default: proof.candor in --dir]
    #[arg(value_name = "PROOF")]
    pub proof: Option<PathBuf>,
    /// Card and records that it is about [default: bundle.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Keys of the class [default: those of `candor setup seal` for the proof's batch]
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// Where to write the seal [default: seal.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Seal {
    /// Verifies the proof, seals it, verifies the seal, and writes it.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let bundle_path = self.bundle.clone().unwrap_or_else(|| store.bundle());
        let proof_path = self.proof.clone().unwrap_or_else(|| store.proof());
        let bundle = artefact::bundle(&bundle_path)?;
        let proof = artefact::proof(&proof_path)?;
        let expected = own_expectation(&bundle);
        verify(&expected, &bundle, &proof).map_err(|error| error.failure().at(proof_path.display()))?;
        let keys_path =
            self.keys.clone().unwrap_or_else(|| store.seal_keys(batch_log2(bundle.records.len())));
        let loading = Instant::now();
        let bytes = store::read(&keys_path, MAX_KEYS_BYTES)
            .map_err(|failure| failure.fix("candor setup seal --development makes the keys of a class"))?;
        let keys = SealKeys::from_bytes(&bytes, &bundle.card)
            .map_err(|error| error.failure().at(keys_path.display()))?;
        let loading_ms = loading.elapsed().as_secs_f64() * 1000.0;
        let mut random = Zeroizing::new([[0; 32]; 2]);
        for half in random.iter_mut() {
            key::random(half)?;
        }
        let started = Instant::now();
        let file = {
            let _spinner = Progress::spinner("sealing");
            seal(&keys, &bundle, &proof, random.map(|half| fr_from_bytes_mod(&half)))
                .map_err(|error| error.failure().at(proof_path.display()))?
        };
        let elapsed_ms = started.elapsed().as_secs_f64() * 1000.0;
        verify_seal(&expected, &bundle.card, &keys.verifying, &file).map_err(|error| {
            error.failure().fix("the keys are of another class, or damaged: make them again")
        })?;
        let output = self.output.clone().unwrap_or_else(|| store.seal());
        let bytes = file.to_bytes();
        store::write(&output, &bytes, Existing::Replace)?;
        let (first, last) = ends(&bundle);
        let openings = file.proof.len_bytes();
        let text = table(&[
            (
                "sealed",
                format!("records {first} to {last} ({})", count(bundle.records.len() as u64, "record")),
            ),
            ("time", format!("{elapsed_ms:.0} ms, and {loading_ms:.0} ms to load the keys")),
            ("circuit", count(u64::from(keys.verifying.constraints), "constraint")),
            (
                "seal",
                format!(
                    "{} ({} bytes, {openings} of them the proof with its openings)",
                    output.display(),
                    bytes.len()
                ),
            ),
        ]);
        let json = json!({
            "firstSequence": first,
            "lastSequence": last,
            "milliseconds": elapsed_ms,
            "loadingMilliseconds": loading_ms,
            "seal": output.display().to_string(),
            "sealBytes": bytes.len(),
            "proofBytes": openings,
            "key": to_json(&keys.verifying),
        });
        Ok(Report::accepted(text, json))
    }
}

/// What the sealer itself expects: its own bundle. Trust is the verifier's question.
fn own_expectation(bundle: &Bundle) -> Expected {
    let agent = bundle.agent().unwrap_or_default();
    let mut expected = Expected::new(ProgramIds::of(&bundle.card).program_id, agent, bundle.card.domain);
    expected.allow_development_setup = true;
    expected.allow_declared_ceremony = true;
    expected
}
