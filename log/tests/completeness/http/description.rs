//! The description that is committed is the server's, and the server answers what it describes.

use crate::fleet::{Agent, settings};
use crate::network::request;
use crate::served::{generous, start};
use candor_log::http::server::{ROUTES, description};
use serde_json::Value;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi/log.json");

/// Remade by `CANDOR_GOLDEN=write cargo test -p candor-log --features server --test http-completeness golden`.
#[test]
fn golden_description_is_committed() {
    let got = serde_json::to_string_pretty(&description()).unwrap() + "\n";
    if std::env::var("CANDOR_GOLDEN").is_ok_and(|golden| golden == "write") {
        std::fs::create_dir_all(std::path::Path::new(PATH).parent().unwrap()).unwrap();
        std::fs::write(PATH, got).unwrap();
        return;
    }
    // The order of keys depends on what else is built with serde_json.
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap();
    assert!(description() == committed, "docs/openapi/log.json is not the server's description");
}

#[test]
fn every_route_that_is_described_is_answered_as_described() {
    let place = tempfile::tempdir().unwrap();
    let agent = Agent::new(0);
    let log = start(place.path(), &[&agent], settings(), generous());
    let described = description();
    let paths = described["paths"].as_object().unwrap();
    assert_eq!(paths.len(), ROUTES.len());
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let concrete = path.replace("{path}", "0/000.p/1").replace("{hash}", "0x12");
            let answer = request(log.address(), &method.to_uppercase(), &concrete, &[], b"");
            let statuses = operation["responses"].as_object().unwrap();
            assert!(statuses.contains_key(&answer.status.to_string()), "{method} {path}: {}", answer.status);
            // Any other method is not.
            let other = if method == "get" { "POST" } else { "GET" };
            assert_eq!(request(log.address(), other, &concrete, &[], b"").status, 405, "{path}");
        }
    }
    assert_eq!(request(log.address(), "GET", "/openapi.json", &[], b"").json(), described);
}

/// Every reference leads somewhere.
#[test]
fn references_of_the_description_resolve() {
    fn visit(value: &Value, root: &Value) -> usize {
        match value {
            Value::Object(map) => {
                let own = map.get("$ref").and_then(Value::as_str).map_or(0, |reference| {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(root.pointer(pointer).is_some(), "{reference}");
                    1
                });
                own + map.values().map(|value| visit(value, root)).sum::<usize>()
            }
            Value::Array(values) => values.iter().map(|value| visit(value, root)).sum(),
            _ => 0,
        }
    }
    let described = description();
    assert!(visit(&described, &described) > 10);
}
