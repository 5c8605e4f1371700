//! `candor setup`: the reference string.

use crate::artefact::MAX_SETUP_BYTES;
use crate::classify::Classify;
use crate::command::ceremony::{Close, Contribute, Lint, VerifyCeremony};
use crate::command::seal::SetupSeal;
use crate::exit::{ExitClass, Failure};
use crate::key;
use crate::output::{Report, hex_string, table};
use crate::progress::Progress;
use crate::store::{self, Existing, Store};
use candor_program::card::{SetupCard, SetupSource};
use candor_program::digest::setup_digest;
use candor_prover::ReferenceString;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Longest Powers-of-Tau file: one of 2^20 powers, eight times what the longest reference string needs.
const MAX_PTAU_BYTES: u64 = 2 << 30;

/// `candor setup`.
#[derive(Args, Clone, Debug)]
#[command(group = clap::ArgGroup::new("origin").required(true))]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
pub struct Setup {
    /// Other keys than the reference string
    #[command(subcommand)]
    pub of: Option<SetupOf>,
    /// Make a string on this machine, marked DEVELOPMENT in everything that rests on it
    #[arg(long, group = "origin")]
    pub development: bool,
    /// Take the string of a Powers-of-Tau ceremony
    #[arg(long, value_name = "FILE", group = "origin")]
    pub ptau: Option<PathBuf>,
    /// Log2 of the number of powers, 9 to 17 [default: 14, or what the ceremony's file has if that is less]
    #[arg(long, value_name = "LOG2", value_parser = clap::value_parser!(u8).range(9..=17))]
    pub powers: Option<u8>,
    /// Replace a string that is there; programs compiled with it can then no longer be proven
    #[arg(long)]
    pub force: bool,
}

/// What else is set up.
#[derive(Subcommand, Clone, Debug)]
pub enum SetupOf {
    /// Make the keys that seals of a class take
    #[command(after_help = "\
Examples:
  candor setup seal --development --records 4
  candor setup seal --ptau powersOfTau28_hez_final_16.ptau    begins a ceremony: ceremony-1.candor")]
    Seal(SetupSeal),
    /// Add a secret to a ceremony of seal keys, and forget it
    #[command(after_help = "Example: candor setup contribute ceremony-1.candor 2.candor --name \"Ada\"")]
    Contribute(Contribute),
    /// Close a ceremony by public randomness
    #[command(
        after_help = "Example: candor setup beacon 3.candor final.candor --value 0x00000000000000000001c2...f4 --iterations-log2 20"
    )]
    Beacon(Close),
    /// Check a ceremony: every contribution, and every point of its keys
    #[command(after_help = "\
Examples:
  candor setup verify final.candor --ptau powersOfTau28_hez_final_16.ptau --card card.candor
  candor setup verify final.candor --ptau powersOfTau28_hez_final_16.ptau --write")]
    Verify(VerifyCeremony),
    /// Check a seal's verifying key for defects that let anybody forge
    #[command(after_help = "Example: candor setup lint seal-key-4.candor")]
    Lint(Lint),
}

impl Setup {
    /// Makes or converts the string and writes setup.candor; or makes what the subcommand says.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        match &self.of {
            Some(SetupOf::Seal(seal)) => return seal.run(store),
            Some(SetupOf::Contribute(contribute)) => return contribute.run(),
            Some(SetupOf::Beacon(beacon)) => return beacon.run(),
            Some(SetupOf::Verify(verify)) => return verify.run(store),
            Some(SetupOf::Lint(lint)) => return lint.run(),
            None => {}
        }
        let path = store.setup();
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        let keep = |failure: Failure| {
            failure.fix("use this one, name another folder with --dir, or replace it with --force")
        };
        store::check_absent(&path, existing).map_err(keep)?;
        let reference = match &self.ptau {
            Some(ptau) => self.ceremony(ptau)?,
            None => self.development()?,
        };
        let bytes = reference.to_bytes();
        if bytes.len() as u64 > MAX_SETUP_BYTES {
            return Err(Failure::new(ExitClass::Limit, "the reference string is too long for a file")
                .at(path.display()));
        }
        store::write(&path, &bytes, existing).map_err(keep)?;
        let card = reference.card();
        Ok(Report::accepted(
            format!("wrote {}\n{}", path.display(), describe(card)),
            json!({ "path": path.display().to_string(), "setup": to_json(card) }),
        ))
    }
    fn development(&self) -> Result<ReferenceString, Failure> {
        let mut seed = Zeroizing::new([0; 32]);
        key::random(seed.as_mut_slice())?;
        let _spinner = Progress::spinner("making a development string");
        ReferenceString::development(self.powers.unwrap_or(14), &seed).map_err(|error| error.failure())
    }
    fn ceremony(&self, path: &std::path::Path) -> Result<ReferenceString, Failure> {
        let bytes = store::read(path, MAX_PTAU_BYTES)?;
        let _spinner = Progress::spinner("checking the ceremony's file");
        ReferenceString::from_ptau(&bytes, self.powers).map_err(|error| error.failure().at(path.display()))
    }
}

/// The string for people.
#[must_use]
pub fn describe(card: &SetupCard) -> String {
    let source = match card.source {
        SetupSource::Development => "DEVELOPMENT: whoever made it can forge every proof".to_owned(),
        SetupSource::PowersOfTau { file_hash } => format!("Powers of Tau, file {}", hex_string(&file_hash)),
    };
    table(&[
        ("source", source),
        ("powers", format!("2^{}", card.powers_log2)),
        ("digest", hex_string(&setup_digest(card))),
    ])
}

/// The string for programs.
#[must_use]
pub fn to_json(card: &SetupCard) -> Value {
    let file_hash = match card.source {
        SetupSource::Development => None,
        SetupSource::PowersOfTau { file_hash } => Some(hex_string(&file_hash)),
    };
    json!({
        "development": file_hash.is_none(),
        "fileHash": file_hash,
        "powersLog2": card.powers_log2,
        "powersDigest": hex_string(&card.powers_digest),
        "digest": hex_string(&setup_digest(card)),
    })
}
