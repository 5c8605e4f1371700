//! A small node: it depends on the verifier alone, and acts only on what an honest path led to.
//!
//! `node <bundle> <proof> <program id> <agent> <chain id> <contract> [--allow-development-setup]`, ids in hexadecimal.
//! It prints the verdict. Exit codes: 0 accepted, 2 usage, 3 malformed, 4 rejected, 5 limit, 6 undecided, 7 fraud,
//! 8 refused assumption.

use candor_verifier::program::card::Domain;
use candor_verifier::trace::Bundle;
use candor_verifier::{ErrorKind, Expected, Missing, ProofFile, Submission, Verdict, settle};
use std::process::ExitCode;

const USAGE: &str =
    "usage: node <bundle> <proof> <program id> <agent> <chain id> <contract> [--allow-development-setup]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match decide(&arguments) {
        Ok((code, report)) => {
            println!("{report}");
            ExitCode::from(code)
        }
        Err((code, report)) => {
            eprintln!("{report}");
            ExitCode::from(code)
        }
    }
}

/// Exit code and text of the verdict; as an error, of what was in its way.
pub(crate) fn decide(arguments: &[String]) -> Result<(u8, String), (u8, String)> {
    let usage = || (2, USAGE.to_owned());
    let (required, rest) = arguments.split_at_checked(6).ok_or_else(usage)?;
    let [bundle, proof, program_id, agent, chain_id, contract] = required else { return Err(usage()) };
    let domain = Domain {
        chain_id: chain_id.parse().map_err(|_| usage())?,
        verifying_contract: hexadecimal(contract).ok_or_else(usage)?,
    };
    let program_id = hexadecimal(program_id).ok_or_else(usage)?;
    let mut expected = Expected::new(program_id, hexadecimal(agent).ok_or_else(usage)?, domain);
    expected.allow_development_setup = match rest {
        [] => false,
        [flag] if flag == "--allow-development-setup" => true,
        _ => return Err(usage()),
    };
    let bundle = read(bundle, Bundle::from_bytes)?;
    let proof = read(proof, ProofFile::from_bytes)?;
    let verdict = settle(&expected, &bundle, &[Submission::Proof(&proof)]);
    if let Verdict::Honest(accepted) = &verdict {
        for transaction in accepted.decisions.iter().filter_map(|decision| decision.transaction.as_ref()) {
            println!("execute: call 0x{} with {} bytes", text(&transaction.to), transaction.calldata.len());
        }
    }
    Ok((exit_code(&verdict), verdict.to_string()))
}

fn exit_code(verdict: &Verdict) -> u8 {
    let reason = |missing: &Missing| match missing {
        Missing::AcceptedProof { source } => match source.kind() {
            ErrorKind::Malformed => 3,
            ErrorKind::Rejected => 4,
            ErrorKind::Limit => 5,
            ErrorKind::RefusedAssumption => 8,
        },
        _ => 6,
    };
    match verdict {
        Verdict::Honest(_) => 0,
        Verdict::Fraud(_) => 7,
        Verdict::Undecided { missing } => missing.first().map_or(6, reason),
    }
}

fn read<T, E: std::fmt::Display>(path: &str, decode: fn(&[u8]) -> Result<T, E>) -> Result<T, (u8, String)> {
    let bytes = std::fs::read(path).map_err(|error| (2, format!("{path}: {error}")))?;
    decode(&bytes).map_err(|error| (3, format!("{path}: {error}")))
}

fn hexadecimal<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() != 2 * N || !digits.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
