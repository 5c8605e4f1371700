//! Text that candor wrote for other tools and for itself: JSON, told apart by its keys.

use crate::exit::{ExitClass, Failure};
use crate::expectation::ExpectedFile;
use crate::output::{Report, table};
use crate::store;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;

/// Longest JSON file that is read: reports of programs name their features, operators and actions.
const MAX_JSON_BYTES: u64 = 64 << 20;

/// A point of G1 as snarkjs writes it.
type G1 = [String; 3];
/// A point of G2 as snarkjs writes it.
type G2 = [[String; 2]; 3];

/// `verification_key.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VerificationKey {
    protocol: String,
    curve: String,
    #[serde(rename = "nPublic")]
    public: usize,
    vk_alpha_1: G1,
    vk_beta_2: G2,
    vk_gamma_2: G2,
    vk_delta_2: G2,
    #[serde(rename = "IC")]
    inputs: Vec<G1>,
}

/// `proof.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    protocol: String,
    curve: String,
    pi_a: G1,
    pi_b: G2,
    pi_c: G1,
}

/// `calldata.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Calldata {
    a: [String; 2],
    b: [[String; 2]; 2],
    c: [String; 2],
    input: Vec<String>,
}

/// `report.json`: what compile found out, shown as it is.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CompileReport {
    program: String,
    card: String,
    program_id: String,
    model_id: String,
    report: Value,
}

/// A JSON file of ours.
pub(super) fn json_file(path: &Path) -> Result<Report, Failure> {
    let bytes = store::read(path, MAX_JSON_BYTES)?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::new(ExitClass::Malformed, format!("not JSON: {error}"))
            .at(path.display())
            .fix("restore the file from a copy, or make it again")
    })?;
    let has = |key: &str| value.get(key).is_some();
    if value.is_array() {
        let inputs: Vec<String> = typed(path, "public inputs of a seal", value)?;
        return Ok(shown("snarkjs-public", "public inputs of a seal, for snarkjs", "inputs", json!(inputs)));
    }
    if has("vk_alpha_1") {
        let key: VerificationKey = typed(path, "a verifying key of snarkjs", value)?;
        return Ok(shown(
            "snarkjs-verification-key",
            "verifying key of seals, for snarkjs",
            "key",
            json!(key),
        ));
    }
    if has("pi_a") {
        let proof: Proof = typed(path, "a proof of snarkjs", value)?;
        return Ok(shown("snarkjs-proof", "proof of a seal, for snarkjs", "proof", json!(proof)));
    }
    if has("input") {
        let words: Calldata = typed(path, "arguments of a Solidity verifier", value)?;
        return Ok(shown("calldata", "arguments of a Solidity verifier", "calldata", json!(words)));
    }
    if has("report") {
        let report: CompileReport = typed(path, "a report of candor compile", value)?;
        let text = table(&[
            ("kind", "report of candor compile".to_owned()),
            ("program id", report.program_id.clone()),
            ("model id", report.model_id.clone()),
            ("program", report.program.clone()),
            ("card", report.card.clone()),
        ]);
        return Ok(Report::accepted(
            format!("{text}\n{:#}", report.report),
            json!({ "kind": "compile-report", "compiled": report }),
        ));
    }
    let expected = json!(ExpectedFile::read(path)?);
    Ok(shown("expected", "expected ids", "expected", expected))
}

fn typed<T: DeserializeOwned>(path: &Path, what: &str, value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| {
        Failure::new(ExitClass::Malformed, format!("not {what}: {error}"))
            .at(path.display())
            .fix("restore the file from a copy, or make it again")
    })
}

fn shown(kind: &str, title: &str, key: &str, value: Value) -> Report {
    let text = format!("{title}\n{value:#}");
    let mut json = json!({ "kind": kind });
    json[key] = value;
    Report::accepted(text, json)
}
