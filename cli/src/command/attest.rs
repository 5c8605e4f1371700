//! `candor attest`: what an attester says about a subject, signed, for an evidence slot of a program.

use crate::artefact;
use crate::exit::{ExitClass, Failure};
use crate::key;
use crate::output::Report;
use crate::store::Store;
use candor_program::card::Card;
use candor_program::decimal::parse_decimal;
use candor_program::digest::ProgramIds;
use candor_program::evidence::{Authority, Slot, Subject};
use candor_program::limits;
use candor_trace::evidence::{Attestation, Credential, credential_json};
use clap::Args;
use std::path::PathBuf;

/// `candor attest`.
#[derive(Args, Clone, Debug)]
pub struct Attest {
    /// Name of the evidence slot in the card
    #[arg(long, value_name = "NAME")]
    pub slot: String,
    /// The value: a name that the card gives one, or a decimal
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    pub value: String,
    /// Whom it is about: an address, or 32 bytes [default: the slot's principal]
    #[arg(long, value_name = "0x...", value_parser = parse_subject)]
    pub subject: Option<[u8; 32]>,
    /// Unix seconds from which it counts
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..limits::TIME))]
    pub issued: u64,
    /// Unix seconds from which it no longer counts
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..limits::TIME))]
    pub expires: u64,
    /// No other program may use it
    #[arg(long)]
    pub this_program_only: bool,
    /// The attester's key: a file of `plugin key` or `agent-key`
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The card that has the slot [default: card.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
}

impl Attest {
    /// Prints the signed attestation.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let card = artefact::card(&self.card.clone().unwrap_or_else(|| store.card()))?;
        let slot = slot(&card, &self.slot)?;
        let Authority::Attester { key: attester } = &slot.authority else {
            return Err(Failure::usage(format!("slot `{}` takes mandates", slot.name))
                .fix("candor mandate grant makes one"));
        };
        if self.issued >= self.expires {
            return Err(Failure::usage("it would never count")
                .at("--expires")
                .fix("name a time of expiry after the time of issue"));
        }
        let key = key::load_any(&self.key)?;
        if key.public() != *attester {
            let message = format!("this is the key of {}, the slot's attester is {attester}", key.public());
            return Err(Failure::new(ExitClass::Rejected, message)
                .at(self.key.display())
                .fix("sign with the key that agent.toml declares for this slot"));
        }
        let value = value(slot, &self.value)?;
        let named = slot.values.iter().find(|named| named.value == value);
        let attestation = Attestation {
            attester: key.public(),
            slot: slot.name.clone(),
            subject: self.subject(slot)?,
            value,
            decimals: slot.decimals,
            meaning: named.map(|named| named.name.clone()).unwrap_or_default(),
            program: if self.this_program_only { ProgramIds::of(&card).program_id } else { [0; 32] },
            issued: self.issued,
            expires: self.expires,
        };
        let json = credential_json(&Credential::Attestation(attestation.sign(&key)));
        Ok(Report::accepted(json.to_string(), json))
    }

    fn subject(&self, slot: &Slot) -> Result<[u8; 32], Failure> {
        match (slot.subject, self.subject) {
            (Subject::Principal { id }, None) => Ok(id),
            (Subject::Principal { id }, Some(subject)) if id != subject => Err(Failure::new(
                ExitClass::Rejected,
                format!("slot `{}` is about another principal", slot.name),
            )
            .at("--subject")
            .fix(format!("leave it out: the card names 0x{}", hex::encode(id)))),
            (_, Some(subject)) => Ok(subject),
            (Subject::Agent, None) => Err(Failure::usage(format!("slot `{}` is about an agent", slot.name))
                .at("--subject")
                .fix("name its address; candor agent-key --show prints it")),
        }
    }
}

/// The slot of this name.
pub fn slot<'a>(card: &'a Card, name: &str) -> Result<&'a Slot, Failure> {
    card.evidence.iter().find(|slot| slot.name == name).ok_or_else(|| {
        let names: Vec<&str> = card.evidence.iter().map(|slot| slot.name.as_str()).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Failure::usage(format!("the program has no evidence slot `{name}`")).fix(format!("it has {names}"))
    })
}

/// A value of the slot, by name or as a decimal.
fn value(slot: &Slot, text: &str) -> Result<i64, Failure> {
    if let Some(named) = slot.values.iter().find(|named| named.name == text) {
        return Ok(named.value);
    }
    parse_decimal(text, slot.decimals).map_err(|error| {
        let names: Vec<&str> = slot.values.iter().map(|named| named.name.as_str()).collect();
        let names =
            if names.is_empty() { String::new() } else { format!(", or one of {}", names.join(", ")) };
        Failure::usage(format!("`{text}` is no value of slot `{}`: {error}", slot.name))
            .at("--value")
            .fix(format!("write a decimal with at most {} digits after the point{names}", slot.decimals))
    })
}

fn parse_subject(text: &str) -> Result<[u8; 32], String> {
    let bytes = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
    let mut subject = [0; 32];
    match bytes.as_deref() {
        Some(bytes) if [20, 32].contains(&bytes.len()) => {
            for (byte, into) in bytes.iter().rev().zip(subject.iter_mut().rev()) {
                *into = *byte;
            }
            Ok(subject)
        }
        _ => {
            Err("write 0x and the 40 hexadecimal digits of an address, or the 64 of an identifier".to_owned())
        }
    }
}
