//! From a proof to a seal, its export, and what inspect says of every file on the way. The shapes of the JSON are a contract.

use crate::project::Project;
use crate::shape::{seal_key, shape};
use serde_json::{Value, json};
use std::fs;
use std::sync::LazyLock;

/// One sealed record, its export, and what the commands said.
struct Sealed {
    project: Project,
    setup: Value,
    seal: Value,
    export: Value,
}

/// Keys of a real class take seconds: they are made once.
static SEALED: LazyLock<Sealed> = LazyLock::new(|| {
    let project = Project::recorded(8);
    let run = |arguments: &[&str]| {
        let (code, json) = project.json(arguments);
        assert_eq!(code, 0, "{arguments:?}: {json}");
        json
    };
    project.refuses(&["seal"], 2, &["bundle.candor", "candor prove"]);
    run(&["prove", "--record", "7"]);
    project.refuses(&["seal"], 2, &["seal-keys-1.candor", "candor setup seal"]);
    project.refuses(&["export", "--snarkjs", "exported"], 2, &["seal.candor"]);
    let setup = run(&["setup", "seal", "--development"]);
    let seal = run(&["seal"]);
    let export = run(&["export", "--snarkjs", &project.path("exported")]);
    Sealed { project, setup, seal, export }
});

fn inspected(name: &str) -> Value {
    let (code, json) = SEALED.project.json(&["inspect", &SEALED.project.path(name)]);
    assert_eq!(code, 0, "{name}: {json}");
    json
}

#[test]
fn setup_seal_seal_and_export_print_these_fields() {
    let Sealed { setup, seal, export, project } = &*SEALED;
    let mut expected = seal_key();
    expected["keys"] = json!("string");
    expected["verifyingKey"] = json!("string");
    expected["keysBytes"] = json!("number");
    expected["milliseconds"] = json!("number");
    assert_eq!(shape(setup), expected);
    assert_eq!((&setup["development"], &setup["records"]), (&json!(true), &json!(1)));
    let bytes = fs::metadata(setup["keys"].as_str().unwrap()).unwrap().len();
    assert_eq!(setup["keysBytes"], json!(bytes));

    let expected = json!({
        "firstSequence": "number",
        "lastSequence": "number",
        "milliseconds": "number",
        "loadingMilliseconds": "number",
        "seal": "string",
        "sealBytes": "number",
        "proofBytes": "number",
        "key": seal_key(),
    });
    assert_eq!(shape(seal), expected);
    assert_eq!((&seal["firstSequence"], &seal["lastSequence"]), (&json!(7), &json!(7)));
    assert_eq!(seal["sealBytes"], json!(fs::metadata(project.path("seal.candor")).unwrap().len()));

    let files = json!(["verification_key.json", "proof.json", "public.json", "calldata.json"]);
    assert_eq!(export["files"], files);
    let expected = json!({ "directory": "string", "files": shape(&files), "keyId": "0x, 32 bytes" });
    assert_eq!(shape(export), expected);
    for id in [&seal["key"]["keyId"], &export["keyId"]] {
        assert_eq!(*id, setup["keyId"]);
    }
}

#[test]
fn the_lint_prints_the_key() {
    let (code, linted) = SEALED.project.json(&["setup", "lint", &SEALED.project.path("seal-key-1.candor")]);
    assert_eq!((code, shape(&linted)), (0, seal_key()));
    assert_eq!(linted["keyId"], SEALED.setup["keyId"]);
}

#[test]
fn inspect_reads_seals() {
    let seal = inspected("seal.candor");
    let mut header = seal["headers"][0].clone();
    for word in ["requestedAction", "verdict", "executedAction"] {
        assert!(header[word].as_str().is_some_and(|word| word.starts_with("0x")), "{header}");
        header[word] = json!("0x");
    }
    let word = "0x, 32 bytes";
    let expected = json!({
        "sequence": "number",
        "time": "number",
        "observations": word,
        "evidence": word,
        "requestedAction": "0x, 0 bytes",
        "verdict": "0x, 0 bytes",
        "executedAction": "0x, 0 bytes",
        "stateAfter": word,
        "execution": word,
        "signature": "0x, 65 bytes",
    });
    assert_eq!(shape(&header), expected);
    let expected = json!({
        "kind": "string",
        "purpose": "string",
        "programId": word,
        "agent": "0x, 20 bytes",
        "firstSequence": "number",
        "afterSequence": "number",
        "keyId": word,
        "batchLog2": "number",
        "points": "number",
        "scalars": "number",
        "proofBytes": "number",
        "payout": "0x, 20 bytes",
        "headers": [shape(&seal["headers"][0])],
    });
    assert_eq!(shape(&seal), expected);
    assert_eq!((&seal["kind"], &seal["purpose"]), (&json!("seal"), &json!("path")));
    assert_eq!((&seal["firstSequence"], &seal["afterSequence"]), (&json!(7), &json!(6)));
    assert_eq!(seal["agent"], inspected("expected.json")["expected"]["agent"]);
    let from_seal = [&seal["keyId"], &seal["proofBytes"]];
    assert_eq!(from_seal, [&SEALED.setup["keyId"], &SEALED.seal["proofBytes"]]);
    let text = SEALED.project.run(&["inspect", &SEALED.project.path("seal.candor")]).ok();
    assert!(text.contains("seal, of purpose path; nothing is checked"), "{text}");
}

#[test]
fn inspect_reads_the_keys_of_seals() {
    let key = inspected("seal-key-1.candor");
    assert_eq!(shape(&key), json!({ "kind": "string", "key": seal_key() }));
    let keys = inspected("seal-keys-1.candor");
    assert_eq!(shape(&keys), json!({ "kind": "string", "bytes": "number", "key": seal_key() }));
    assert_eq!((&key["kind"], &keys["kind"]), (&json!("seal-key"), &json!("sealing-keys")));
    assert_eq!(key["key"], keys["key"]);
    assert_eq!((&keys["key"]["keyId"], &keys["bytes"]), (&SEALED.setup["keyId"], &SEALED.setup["keysBytes"]));
    for name in ["seal-key-1.candor", "seal-keys-1.candor"] {
        let text = SEALED.project.run(&["inspect", &SEALED.project.path(name)]).ok();
        assert!(text.contains("DEVELOPMENT: whoever made it can forge every seal"), "{text}");
    }
}

#[test]
fn inspect_reads_what_was_exported() {
    let g1 = json!(["string", "string", "string"]);
    let g2 = json!([["string", "string"], ["string", "string"], ["string", "string"]]);
    let word = "0x, 32 bytes";
    for (name, kind, field, expected) in [
        (
            "verification_key.json",
            "snarkjs-verification-key",
            "key",
            json!({
                "protocol": "string", "curve": "string", "nPublic": "number",
                "vk_alpha_1": g1, "vk_beta_2": g2, "vk_gamma_2": g2, "vk_delta_2": g2, "IC": [g1, g1, g1, g1],
            }),
        ),
        (
            "proof.json",
            "snarkjs-proof",
            "proof",
            json!({
                "protocol": "string", "curve": "string", "pi_a": g1, "pi_b": g2, "pi_c": g1,
            }),
        ),
        ("public.json", "snarkjs-public", "inputs", json!(["string", "string", "string"])),
        (
            "calldata.json",
            "calldata",
            "calldata",
            json!({
                "a": [word, word], "b": [[word, word], [word, word]], "c": [word, word], "input": [word, word, word],
            }),
        ),
    ] {
        let json = inspected(&format!("exported/{name}"));
        assert_eq!((&json["kind"], shape(&json[field])), (&json!(kind), expected), "{name}");
        let written = fs::read(SEALED.project.path(&format!("exported/{name}"))).unwrap();
        assert_eq!(json[field], serde_json::from_slice::<Value>(&written).unwrap());
    }
    let report = inspected("report.json");
    assert_eq!(
        (&report["kind"], &report["compiled"]["report"]["agent"]),
        (&json!("compile-report"), &json!("sp500-rebalancer"))
    );
    assert_eq!(inspected("expected.json")["kind"], "expected");
}

#[test]
fn what_is_cut_off_or_none_of_ours_is_malformed() {
    let project = Project::empty();
    let refused = |name: &str, content: &[u8], names: &[&str]| {
        let file = project.write(name, content);
        project.refuses(&["inspect", &file], 3, &[&[name], names].concat());
    };
    for name in ["seal.candor", "seal-key-1.candor"] {
        let bytes = fs::read(SEALED.project.path(name)).unwrap();
        refused(name, &bytes[..bytes.len() - 1], &["cut off"]);
    }
    let keys = fs::read(SEALED.project.path("seal-keys-1.candor")).unwrap();
    refused("keys", &keys[..13], &["too few for the header"]);
    refused("keys", &keys[..100], &["cut off"]);
    let changed = |at: usize, value: u8| {
        let mut head = keys[..2000].to_vec();
        head[at] = value;
        head
    };
    refused("keys", &changed(8, 2), &["version"]);
    // A verifying key that would be too long is not read.
    let file = project.write("keys", changed(13, 1));
    project.refuses(&["inspect", &file], 5, &["keys", "at most 65536"]);
    refused("seal-like", b"CANDORXX and more", &["CANDORXX"]);
    for (content, names) in [
        ("{", &["not JSON"][..]),
        ("[1, 2]", &["public inputs"]),
        ("{\"vk_alpha_1\": []}", &["verifying key of snarkjs"]),
        ("{\"pi_a\": 1}", &["proof of snarkjs"]),
        ("{\"input\": 1}", &["Solidity"]),
        ("{\"report\": {}}", &["report of candor compile"]),
        ("{\"gravity\": 1}", &["gravity"]),
    ] {
        refused("text.json", content.as_bytes(), names);
    }
}
