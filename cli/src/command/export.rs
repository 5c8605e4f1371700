//! `candor export`: a seal as snarkjs and EVM verifiers read it.

use crate::artefact;
use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::output::{Report, hex_string, table};
use crate::store::{self, Existing, Store};
use candor_circuits::seal::key::GrothPoints;
use candor_program::digest::ProgramIds;
use candor_prover::seal::export::{self, ExportError};
use candor_verifier::{Expected, SealError, verify_seal};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// `candor export`.
#[derive(Args, Clone, Debug)]
pub struct Export {
    /// The seal [default: seal.candor in --dir]
    #[arg(value_name = "SEAL")]
    pub seal: Option<PathBuf>,
    /// Write verification_key.json, proof.json and public.json of snarkjs, and calldata.json, into this folder
    #[arg(long, value_name = "DIRECTORY")]
    pub snarkjs: PathBuf,
    /// The seal's verifying key [default: that of `candor setup seal` for the seal's batch]
    #[arg(long, value_name = "FILE")]
    pub seal_key: Option<PathBuf>,
    /// The program's card [default: card.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
}

impl Export {
    /// Verifies the seal and writes the four files.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let seal_path = self.seal.clone().unwrap_or_else(|| store.seal());
        let file = artefact::seal(&seal_path)?;
        let card = artefact::card(&self.card.clone().unwrap_or_else(|| store.card()))?;
        let key_path = self.seal_key.clone().unwrap_or_else(|| store.seal_key(file.batch_log2()));
        let key = artefact::seal_key(&key_path)?;
        // Whose seal it is, and what it rests on, is the question of whoever reads the export.
        let mut expected = Expected::new(ProgramIds::of(&card).program_id, file.agent, card.domain);
        expected.allow_development_setup = true;
        expected.allow_declared_ceremony = true;
        let sealed = verify_seal(&expected, &card, &key, &file)
            .map_err(|error| error.failure().at(seal_path.display()))?;
        let points = GrothPoints::decompress(&file.proof.a.0, &file.proof.b.0, &file.proof.c.0)
            .map_err(|error| SealError::from(error).failure().at(seal_path.display()))?;
        let proof = points.encode();
        let inputs = sealed.public_inputs;
        let failed = |error: ExportError| error.failure();
        let files = [
            ("verification_key.json", export::verification_key(&key).map_err(failed)?),
            ("proof.json", export::proof(&proof).map_err(failed)?),
            ("public.json", export::public(&inputs)),
            ("calldata.json", export::calldata(&proof, &inputs)),
        ];
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        let keep = |failure: Failure| failure.fix("name another folder, or replace the files with --force");
        for (name, _) in &files {
            store::check_absent(&self.snarkjs.join(name), existing).map_err(keep)?;
        }
        for (name, value) in &files {
            store::write(&self.snarkjs.join(name), format!("{value:#}\n").as_bytes(), existing)
                .map_err(keep)?;
        }
        let text = table(&[
            ("key", hex_string(&key.id())),
            (
                "snarkjs",
                format!("{}: verification_key.json, proof.json, public.json", self.snarkjs.display()),
            ),
            ("calldata", self.snarkjs.join("calldata.json").display().to_string()),
        ]);
        let json = json!({
            "directory": self.snarkjs.display().to_string(),
            "files": files.iter().map(|(name, _)| Value::from(*name)).collect::<Vec<_>>(),
            "keyId": hex_string(&key.id()),
        });
        Ok(Report::accepted(text, json))
    }
}

impl Classify for ExportError {
    fn class(&self) -> ExitClass {
        ExitClass::Malformed
    }
    fn fix(&self) -> Option<&'static str> {
        Some("the key or the seal is damaged: restore it from a copy, or make it again")
    }
}
