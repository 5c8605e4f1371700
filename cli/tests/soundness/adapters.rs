//! Evidence that is none, and receipts that are forged: the exit code, what is named, and nothing written.

use crate::project::{Project, fixture, observations};

const TIME: u64 = 1_400_000_000;

/// What `record` says of a plugin's payload that its key did not sign for this.
#[test]
fn payloads_that_the_plugin_did_not_sign_are_not_recorded() {
    let project = Project::signing();
    let envelope = std::fs::read_to_string(project.envelope(0, TIME)).unwrap();
    let record = |payload: &str, time: u64, code: i32, names: &[&str]| {
        let line = format!("{{\"time\":{time},\"plugins\":{{\"market-data\":{}}}}}\n", payload.trim());
        let file = project.write("line.jsonl", line);
        let ran = project.run(&["record", &file]);
        assert_eq!(ran.code, code, "{}\n{}", ran.stdout, ran.stderr);
        for name in [&["line.jsonl, line 1", "market-data"][..], names].concat() {
            assert!(ran.stderr.contains(name), "{name} in {}", ran.stderr);
        }
        assert!(ran.stdout.is_empty());
        assert_eq!(project.records("log"), 0);
    };
    let bare: serde_json::Value = serde_json::from_str(&observations(0..1)).unwrap();
    record(&bare["plugins"]["market-data"].to_string(), TIME, 3, &["no signed envelope"]);
    let unsigned = envelope.replacen("\"signature\"", "\"sign\"", 1);
    record(&unsigned, TIME, 3, &["unknown key `sign`"]);
    let doubled = envelope.replacen("{\"payload\"", "{\"time\": 1, \"payload\"", 1);
    record(&doubled, TIME, 3, &["`time` occurs twice"]);
    record(&envelope.replacen("return_1d", "return_1e", 1), TIME, 3, &["return_1d"]);
    record(&envelope.replacen("\\\"0", "\\\"-0", 1), TIME, 4, &["not signed by ed25519:0x"]);
    let moved = envelope.replacen(&TIME.to_string(), &(TIME + 1).to_string(), 1);
    record(&moved, TIME + 1, 4, &["not signed by ed25519:0x"]);
    record(&envelope, TIME + 61, 4, &["more than 60 seconds", "ask the plugin again"]);
    let line = format!("{{\"time\":{},\"plugins\":{{\"market-data\":{}}}}}\n", TIME - 1, envelope.trim());
    let file = project.write("line.jsonl", line);
    let ran = project.run(&["record", &file]);
    assert!(ran.code == 4 && ran.stderr.contains("after the observation's"), "{}", ran.stderr);

    // The same of `import signed`, before anything is recorded.
    let path = project.write("envelope.json", envelope.replacen("\\\"0", "\\\"-0", 1));
    let pair = format!("market-data={path}");
    project.refuses(&["import", "signed", &pair, "--time", "1400000000"], 4, &["not signed by"]);
    let pair = format!("market={path}");
    project.refuses(
        &["import", "signed", &pair, "--time", "1400000000"],
        2,
        &["no plugin `market`", "market-data"],
    );
    let path = project.write("envelope.json", "{\"payload\": 5");
    let pair = format!("market-data={path}");
    project.refuses(&["import", "signed", &pair, "--time", "1400000000"], 3, &["not JSON"]);

    // Another key, or no key, does not sign for the plugin; a key is never overwritten.
    let other = project.file("other.key");
    project.run(&["plugin", "key", "--output", &other]).ok();
    let payload = project.write("payload.json", "{}");
    let sign = ["plugin", "sign", &payload, "--plugin", "market-data", "--time", "1", "--key"];
    project.refuses(&[&sign[..], &[&other]].concat(), 4, &["not signed by", "other.key"]);
    let agent = project.path("agent.key");
    project.refuses(&[&sign[..], &[&agent]].concat(), 4, &["65"]);
    project.refuses(&["plugin", "key", "--output", &other], 2, &["never overwritten"]);
    let broken = project.write("broken.key", "ed25519:00");
    make_private(&broken);
    project.refuses(&[&sign[..], &[&broken]].concat(), 3, &["no key", "broken.key"]);
}

#[cfg(unix)]
fn make_private(path: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn make_private(_path: &str) {}

#[test]
fn receipts_that_are_not_what_they_say() {
    let project = Project::recorded(3);
    let (receipt, card) = (project.file("decision.json"), project.path("card.candor"));
    project.run(&["receipt", "decision", "--record", "1", "--output", &receipt]).ok();
    let agent = project.run(&["agent-key", "--show"]).ok().trim().to_owned();
    let stranger = format!("0x{}", "11".repeat(20));
    project.refuses(
        &["receipt", "verify", &receipt, "--signer", &stranger],
        4,
        &["decision.json", &stranger],
    );
    let ed25519 = format!("ed25519:0x{}", "11".repeat(32));
    project.refuses(&["receipt", "verify", &receipt, "--signer", &ed25519], 4, &["none of 1 signatures"]);
    assert_eq!(project.run(&["receipt", "verify", &receipt, "--signer", "0x12"]).code, 2);
    assert_eq!(project.run(&["receipt", "verify", &receipt]).code, 2);
    let text = std::fs::read_to_string(&receipt).unwrap();
    let cut = project.write("cut.json", &text[..text.len() / 2]);
    project.refuses(&["receipt", "verify", &cut, "--signer", &agent], 3, &["not a DSSE envelope"]);
    let position = text.find("\"payload\":\"").unwrap() + 40;
    let mut altered = text.clone().into_bytes();
    altered[position] = if altered[position] == b'A' { b'B' } else { b'A' };
    let altered = project.write("altered.json", altered);
    project.refuses(&["receipt", "verify", &altered, "--signer", &agent], 4, &["none of 1 signatures"]);
    project.refuses(&["receipt", "decision", "--record", "3"], 2, &["3"]);
    // A card of another program.
    let other = Project::signing();
    project.refuses(
        &["receipt", "verify", &receipt, "--signer", &agent, "--card", &other.path("card.candor")],
        4,
        &["is of program"],
    );
    assert_eq!(project.run(&["receipt", "verify", &receipt, "--signer", &agent, "--card", &card]).code, 0);
}

#[test]
fn answers_and_spans_that_are_refused() {
    let project = Project::empty();
    let path = |name: &str| fixture(&format!("adapters/{name}")).to_str().unwrap().to_owned();
    let import = |key: &str, request: &str, response: &str, code: i32, names: &[&str]| {
        let arguments = [
            "import",
            "opengradient",
            "--plugin",
            "m",
            "--tee-key",
            key,
            "--request",
            request,
            "--response",
            response,
        ];
        project.refuses(&arguments, code, names);
    };
    let (key, request) = (path("opengradient/tee.pem"), path("opengradient/text.request.json"));
    let (response, other) =
        (path("opengradient/text.response.json"), path("opengradient/tools.response.json"));
    import(&key, &request, &other, 4, &["tee_request_hash", "recomputed"]);
    import(&path("opengradient/tee_3072.pem"), &request, &response, 4, &["3072 bits", "registry"]);
    let text = std::fs::read_to_string(&response).unwrap();
    let altered = project.write("altered.json", text.replacen("1763700000,", "1763700001,", 2));
    import(&key, &request, &altered, 4, &["not signed by enclave"]);
    import(&key, &request, &project.write("none.json", "{}"), 3, &["`choices`"]);
    import(&request, &request, &response, 3, &["no RSA public key"]);
    let root = format!("0x{}", "00".repeat(32));
    let batch = [
        "import",
        "opengradient",
        "--plugin",
        "m",
        "--tee-key",
        &key,
        "--request",
        &request,
        "--response",
        &response,
    ];
    project.refuses(&[&batch[..], &["--batch-root", &root]].concat(), 4, &["--batch-root"]);

    let spans = path("otel.json");
    project.refuses(&["import", "otel", &spans], 2, &["--tool"]);
    project.refuses(&["import", "otel", &spans, "--tool", "x=y"], 2, &["tools x", "--tool"]);
    project.refuses(
        &["import", "otel", &spans, "--tool", "clock=y"],
        3,
        &["clock", "gen_ai.tool.call.result"],
    );
    let broken = project.write("broken.json", "{");
    project.refuses(&["import", "otel", &broken, "--tool", "x=y"], 3, &["broken.json", "not JSON"]);
    let deep = project.write("deep.json", "[".repeat(65) + &"]".repeat(65));
    project.refuses(&["import", "otel", &deep, "--tool", "x=y"], 5, &["64 levels"]);
    // With a card, a line that the program cannot decide on is named by its trace.
    let compiled = Project::compiled();
    let tool = ["import", "otel", &spans, "--tool", "get_opinion=market-data"];
    compiled.refuses(&tool, 3, &["00000000000000000000000000000002", "missing"]);
}
