//! Evidence in, receipts out: each command on what another wrote.

use crate::project::{Project, fixture, observations};
use serde_json::Value;

const DAY: u64 = 86_400;
const START: u64 = 1_400_000_000;

/// Signed payloads from the plugin's key to the verdict, and receipts of what was decided.
#[test]
fn signed_payloads_are_recorded_verified_and_named() {
    let project = Project::signing();
    let mut lines = String::new();
    for day in 0..3 {
        let time = START + DAY * day as u64;
        let envelope = project.envelope(day, time - 30);
        let pair = format!("market-data={envelope}");
        lines += &project.run(&["import", "signed", &pair, "--time", &time.to_string()]).ok();
    }
    let file = project.write("signed.jsonl", &lines);
    project.run(&["record", &file]).ok();
    assert_eq!(project.records("log"), 3);
    let signer = std::fs::read_to_string(project.file("agent.toml")).unwrap();
    let signer = signer.lines().find_map(|line| line.strip_prefix("signer = \"")).unwrap();
    let signer = signer.trim_end_matches('"').to_owned();

    let expected = project.path("expected.json");
    let (code, replayed) = project.json(&["replay", "--expect", &expected]);
    assert_eq!(
        (code, &replayed["assumptions"][2]["name"]),
        (0, &Value::from("signed-observations")),
        "{replayed}"
    );
    project.run(&["prove", "--range", "0..2"]).ok();
    let (code, verified) = project.json(&project.trusting(&["verify"], &expected));
    assert_eq!(code, 0, "{verified}");
    let assumptions = verified["assumptions"].as_array().unwrap();
    let signed: Vec<&Value> =
        assumptions.iter().filter(|assumption| assumption["name"] == "signed-observations").collect();
    assert_eq!(signed.len(), 1, "{verified}");
    assert!(signed[0]["text"].as_str().unwrap().contains(&format!("signed by {signer}")), "{signed:?}");
    // Whoever does not trust the key can say so.
    let refusing = ["verify", "--refuse", "signed-observations"];
    assert_eq!(project.run(&project.trusting(&refusing, &expected)).code, 8);

    receipts(&project, &expected);
}

fn receipts(project: &Project, expected: &str) {
    let (_, ids) = project.json(&["inspect", expected]);
    let agent = ids["expected"]["agent"].as_str().unwrap().to_owned();
    let (receipt, card) = (project.file("decision.json"), project.path("card.candor"));
    project.run(&["receipt", "decision", "--record", "1", "--output", &receipt]).ok();
    let verify = ["receipt", "verify", &receipt, "--signer", &agent];
    let (code, bare) = project.json(&verify);
    assert_eq!((code, &bare["namesChecked"]), (0, &Value::from(false)));
    let (code, full) = project.json(&[&verify[..], &["--card", &card]].concat());
    assert_eq!((code, &full["namesChecked"]), (0, &Value::from(true)));
    assert_eq!(full["predicate"]["sequence"], 1);
    assert!(full["predicate"]["requested"]["name"].is_string());
    // Without --output the receipt is the answer.
    let (_, printed) = project.json(&["receipt", "decision", "--record", "1"]);
    assert_eq!(printed["payloadType"], "application/vnd.in-toto+json");

    let (bundle, proof) = (project.path("bundle.candor"), project.path("proof.candor"));
    let (verdict, key) = (project.file("verdict.json"), project.file("plugin.key"));
    let settle =
        ["receipt", "verdict", "--bundle", &bundle, "--proof", &proof, "--key", &key, "--output", &verdict];
    let (code, signed) = project.json(&project.trusting(&settle, expected));
    assert_eq!(code, 0, "{signed}");
    let signer = signed["signer"].as_str().unwrap();
    let verify = ["receipt", "verify", &verdict, "--signer", signer, "--bundle", &bundle];
    let (code, read) = project.json(&verify);
    assert_eq!((code, &read["bundleChecked"]), (0, &Value::from(true)));
    assert_eq!(read["predicate"]["verdict"], "honest");
    assert_eq!(read["predicate"]["recordHashes"].as_array().map(Vec::len), Some(3));
    assert!(project.run(&verify).ok().contains("it is this bundle"));
    // Nothing submitted: undecided, and the receipt says so.
    let settle = ["receipt", "verdict", "--bundle", &bundle, "--key", &key, "--output", &verdict];
    assert_eq!(project.run(&project.trusting(&settle, expected)).code, 6);
    let (_, read) = project.json(&["receipt", "verify", &verdict, "--signer", signer]);
    assert_eq!(read["predicate"]["verdict"], "undecided");
    assert_eq!(read["predicate"]["missing"].as_array().map(Vec::len), Some(1));
}

/// An enclave's answer becomes an observation whose payload can be checked again; spans become lines.
#[test]
fn answers_and_spans_become_lines() {
    let project = Project::empty();
    let path = |name: &str| fixture(&format!("adapters/{name}")).to_str().unwrap().to_owned();
    let key = path("opengradient/tee.pem");
    let (request, response) =
        (path("opengradient/text.request.json"), path("opengradient/text.response.json"));
    let import =
        ["import", "opengradient", "--request", &request, "--response", &response, "--tee-key", &key];
    let import = [&import[..], &["--plugin", "model"]].concat();
    let line: Value = serde_json::from_str(&project.run(&import).ok()).unwrap();
    assert_eq!(line["time"], 1_763_700_000);
    assert_eq!(line["plugins"]["model"]["output"]["risk"], "0.25");
    let (code, json) = project.json(&import);
    assert_eq!((code, &json["checked"]), (0, &Value::from(false)));
    // A batch of this answer alone: its leaf is the root.
    let leaf = json["batchLeaf"].as_str().unwrap();
    let (code, json) = project.json(&[&import[..], &["--batch-root", leaf]].concat());
    assert_eq!((code, &json["batchChecked"]), (0, &Value::from(true)));
    // The payload out of the line, byte for byte.
    let text = project.run(&import).ok();
    let start = text.find("{\"source\"").unwrap();
    let payload = project.write("payload.json", &text.trim_end()[start..text.trim_end().len() - 2]);
    let checked = project.run(&["import", "opengradient", "--check", &payload, "--tee-key", &key]).ok();
    assert!(checked.contains("gpt-4.1") && checked.contains("signed by"), "{checked}");

    let (spans, origin, lines) =
        (path("otel.json"), project.file("origin.jsonl"), project.file("lines.jsonl"));
    let import = ["import", "otel", &spans, "--tool", "get_opinion=opinion"];
    let printed = project.run(&import).ok();
    assert_eq!(printed.lines().count(), 2);
    let written = project.run(&[&import[..], &["--output", &lines, "--provenance", &origin]].concat()).ok();
    assert!(written.contains("2 observations") && written.contains("unsigned"), "{written}");
    assert_eq!(std::fs::read_to_string(&lines).unwrap(), printed);
    assert!(std::fs::read_to_string(&origin).unwrap().contains("\"evidence\":false"));
}

/// Lines of spans are checked as `record` would, and recorded decisions are exported as spans again.
#[test]
fn imported_lines_are_recorded_and_decisions_exported() {
    let project = Project::compiled();
    let line: Value = serde_json::from_str(&observations(0..1)).unwrap();
    let result = Value::from(line["plugins"]["market-data"].to_string());
    let span = format!(
        r#"{{"traceId":"0000000000000000000000000000000a","spanId":"000000000000000b","endTimeUnixNano":"{START}000000000","attributes":[{{"key":"gen_ai.operation.name","value":{{"stringValue":"execute_tool"}}}},{{"key":"gen_ai.tool.name","value":{{"stringValue":"market-data"}}}},{{"key":"gen_ai.tool.call.result","value":{{"stringValue":{result}}}}}]}}"#
    );
    let (span, lines) = (project.write("span.json", span), project.file("lines.jsonl"));
    let (code, json) = project.json(&["import", "otel", &span, "--output", &lines]);
    assert_eq!((code, &json["checked"]), (0, &Value::from(true)), "{json}");
    project.run(&["record", &lines]).ok();
    let (code, spans) = project.json(&["receipt", "otel", "--record", "0", "--proof-status", "unproven"]);
    assert_eq!(code, 0);
    let span = &spans["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(span["name"], "invoke_agent sp500-rebalancer");
    assert_eq!(span["endTimeUnixNano"], format!("{START}000000000"));
    let output = project.file("spans.json");
    project.run(&["receipt", "otel", "--record", "0", "--output", &output]).ok();
    let text = std::fs::read_to_string(&output).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), spans);
}
