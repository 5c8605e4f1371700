//! The commands of a ceremony, and the lint. A ceremony of a real class takes minutes: `.ci/ceremony.sh` holds one.

use candor_circuits::point::{encode_g1, encode_g2};
use candor_circuits::seal::key::{FILE_MAGIC, G2Bytes, INPUTS, KeySource, SealKey};
use candor_circuits::seal::system::System;
use candor_circuits::setup::VerifierSetup;
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::encoding::encode_file;
use candor_prover::ReferenceString;
use candor_prover::ceremony::{Ceremony, Circuit, PhaseOne};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

#[path = "shape/mod.rs"]
mod shape;
use shape::{seal_key, shape};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    /// Exit code and JSON.
    fn run(&self, arguments: &[&str]) -> (i32, Value) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_candor"));
        let output = command.args(arguments).arg("--json").current_dir(self.0.path()).output().unwrap();
        let text = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
        (output.status.code().unwrap(), serde_json::from_slice(text).unwrap_or(Value::Null))
    }
    fn message(&self, arguments: &[&str]) -> (i32, String) {
        let (code, json) = self.run(arguments);
        (code, json["error"]["message"].as_str().unwrap_or_default().to_owned())
    }
}

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name).to_str().unwrap().to_owned()
}

/// A ceremony of a circuit x * y = z.
fn begun(folder: &Folder) -> PathBuf {
    let system = System::new(true, INPUTS);
    let [x, y, z] = [2u64, 3, 6].map(Fr::from);
    let inputs: Vec<_> = [x, y, z].into_iter().enumerate().map(|(i, value)| system.input(i, value)).collect();
    system.equal(&inputs[0].times(&inputs[1]), &inputs[2]);
    let circuit = Circuit::new([7; 32], 0, system.matrices());
    let phase_one = PhaseOne::read(&fs::read(fixture("ptau/test12.ptau")).unwrap(), &circuit).unwrap();
    let path = folder.path("begun");
    fs::write(&path, Ceremony::begin(&circuit, &phase_one).unwrap().to_bytes()).unwrap();
    path
}

#[test]
fn contributions_and_the_beacon_are_appended_and_shown() {
    let folder = Folder::new();
    begun(&folder);
    let (code, one) = folder.run(&["setup", "contribute", "begun", "one", "--name", "Ada"]);
    assert_eq!((code, &one["contributions"][0]["name"]), (0, &"Ada".into()), "{one}");
    let (code, two) = folder.run(&["setup", "contribute", "one", "two"]);
    assert_eq!((code, two["contributions"].as_array().map(Vec::len)), (0, Some(2)));
    assert_eq!(two["contributions"][0], one["contributions"][0]);
    let value = ["--value", "0xabcd", "--iterations-log2", "3"];
    let (code, closed) = folder.run(&[&["setup", "beacon", "two", "closed"][..], &value].concat());
    assert_eq!((code, &closed["closed"]), (0, &true.into()));
    assert_eq!(closed["contributions"][2]["beacon"]["iterationsLog2"], 3);
    // programs rely on these fields; inspect shows the same of the file, and what it is for
    let secret = json!({ "name": "string", "beacon": "null", "transcript": "0x, 32 bytes" });
    let beacon = json!({ "value": "0x, 2 bytes", "iterationsLog2": "number" });
    let last = json!({ "name": "string", "beacon": beacon, "transcript": "0x, 32 bytes" });
    let mut expected = json!({
        "ceremony": "string",
        "powersOfTau": "0x, 32 bytes",
        "records": "number",
        "transcript": "0x, 32 bytes",
        "closed": "bool",
        "contributions": [secret, secret, last],
    });
    assert_eq!(shape(&closed), expected);
    assert_eq!(closed["transcript"], closed["contributions"][2]["transcript"]);
    let (code, inspected) = folder.run(&["inspect", "closed"]);
    expected["kind"] = json!("string");
    expected["classDigest"] = json!("0x, 32 bytes");
    expected["circuitDigest"] = json!("0x, 32 bytes");
    assert_eq!((code, shape(&inspected)), (0, expected));
    assert_eq!(
        (&inspected["kind"], &inspected["contributions"]),
        (&json!("ceremony"), &closed["contributions"])
    );
    let bytes = fs::read(folder.path("closed")).unwrap();
    fs::write(folder.path("cut"), &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(folder.message(&["inspect", "cut"]).0, 3);
    // nothing is overwritten, and nothing follows the beacon
    let (code, message) = folder.message(&["setup", "contribute", "one", "two"]);
    assert_eq!((code, message.contains("there already")), (2, true), "{message}");
    let (code, message) = folder.message(&["setup", "contribute", "closed", "late"]);
    assert_eq!((code, message.contains("follows the beacon")), (4, true), "{message}");
}

#[test]
fn bad_arguments_and_files_end_with_their_codes() {
    let folder = Folder::new();
    begun(&folder);
    let beacon = |value: &str| folder.message(&["setup", "beacon", "begun", "out", "--value", value]);
    assert_eq!(beacon("xyz").0, 2);
    let (code, message) = beacon("0xab");
    assert_eq!((code, message.contains("nobody has contributed")), (4, true), "{message}");
    let name = "n".repeat(129);
    let (code, message) = folder.message(&["setup", "contribute", "begun", "out", "--name", &name]);
    assert_eq!((code, message.contains("128 bytes")), (5, true), "{message}");
    let bytes = fs::read(folder.path("begun")).unwrap();
    fs::write(folder.path("cut"), &bytes[..bytes.len() - 7]).unwrap();
    assert_eq!(folder.message(&["setup", "contribute", "cut", "out"]).0, 3);
    fs::copy(fixture("ptau/test12.ptau"), folder.path("foreign")).unwrap();
    assert_eq!(folder.message(&["setup", "contribute", "foreign", "out"]).0, 3);
    assert!(!folder.path("out").exists());
}

#[test]
fn a_ceremony_of_another_class_and_a_file_of_too_few_powers_are_refused() {
    let folder = Folder::new();
    begun(&folder);
    folder.run(&["setup", "contribute", "begun", "one"]);
    assert_eq!(folder.run(&["setup", "--development", "--powers", "10"]).0, 0);
    assert_eq!(folder.run(&["compile", &fixture("sp500/agent.toml")]).0, 0);
    let ptau = fixture("ptau/test12.ptau");
    let (code, message) = folder.message(&["setup", "seal", "--ptau", &ptau]);
    assert_eq!((code, message.contains("it has 2^12 powers, 2^15 were asked for")), (2, true), "{message}");
    let (code, message) = folder.message(&["setup", "verify", "one", "--ptau", &ptau]);
    assert_eq!((code, message.contains("2^12 powers")), (2, true), "{message}");
    assert!(!folder.path(".candor/ceremony-1.candor").exists());
}

#[test]
fn the_lint_accepts_sound_keys_and_names_the_defect_of_others() {
    let folder = Folder::new();
    // points of distinct unknown logarithms: powers of a development string
    let points = |seed: u8| ReferenceString::development(9, &[seed; 32]).unwrap();
    let in_g2 = |seed: u8| {
        let setup = VerifierSetup::of(points(seed).card()).unwrap();
        G2Bytes(encode_g2(&setup.tau_g2))
    };
    let reference = points(1);
    let in_g1 = |index: usize| encode_g1(&reference.powers()[index]);
    let sound = SealKey {
        source: KeySource::Development,
        class_digest: [0; 32],
        batch_log2: 0,
        constraints: 9,
        alpha_g1: in_g1(1),
        beta_g2: in_g2(1),
        gamma_g2: in_g2(2),
        delta_g2: in_g2(3),
        inputs_g1: [in_g1(2), in_g1(3), in_g1(4), in_g1(5)],
    };
    let lint = |key: &SealKey| {
        fs::write(folder.path("key"), encode_file(&FILE_MAGIC, key)).unwrap();
        folder.run(&["setup", "lint", "key"])
    };
    let (code, json) = lint(&sound);
    assert_eq!((code, &json["development"]), (0, &true.into()), "{json}");
    assert_eq!(shape(&json), seal_key());
    let (code, json) = lint(&SealKey { delta_g2: sound.gamma_g2, ..sound.clone() });
    let message = json["error"]["message"].as_str().unwrap();
    assert_eq!((code, message.contains("Gamma and Delta")), (4, true), "{message}");
    let (code, json) = lint(&SealKey { alpha_g1: in_g1(0), ..sound.clone() });
    let message = json["error"]["message"].as_str().unwrap();
    assert_eq!((code, message.contains("Alpha of the key is the generator")), (4, true), "{message}");
    let (code, _) = lint(&SealKey { beta_g2: G2Bytes([0; 128]), ..sound });
    assert_eq!(code, 3);
}
