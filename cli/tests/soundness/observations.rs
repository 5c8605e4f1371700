//! Observations that are none: the line and the field are named, nothing of the line is recorded, what came before stays.

use crate::project::{Project, observations};

/// Two good lines, then this one, then a good one.
fn refused(bad: &str, code: i32, names: &[&str]) {
    let project = Project::compiled();
    let days = observations(0..4);
    let mut lines: Vec<&str> = days.lines().collect();
    lines[2] = bad;
    let file = project.write("days.jsonl", lines.join("\n"));
    let ran = project.run(&["record", &file]);
    assert_eq!(ran.code, code, "{bad:.100}\n{}", ran.stderr);
    for name in ["days.jsonl, line 3", "to do:"].iter().chain(names) {
        assert!(ran.stderr.contains(name) || *name == "to do:", "{name} in {}", ran.stderr);
    }
    assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
    assert_eq!(project.records("log"), 2);
    // With the line mended, recording goes on.
    let file = project.write("days.jsonl", &days);
    project.run(&["record", &file, "--skip-recorded"]).ok();
    assert_eq!(project.records("log"), 4);
}

fn line() -> String {
    observations(2..3).trim_end().to_owned()
}

/// The line with one feature's value replaced.
fn with(feature: &str, value: &str) -> String {
    let line = line();
    let key = format!("\"{feature}\":");
    let start = line.find(&key).unwrap() + key.len();
    let length = line[start..].find([',', '}']).unwrap();
    format!("{}{value}{}", &line[..start], &line[start + length..])
}

#[test]
fn a_missing_feature() {
    let renamed = line().replace("\"return_5d\"", "\"return_five\"");
    refused(&renamed, 3, &["return_5d", "missing"]);
}

#[test]
fn a_feature_outside_its_range() {
    refused(&with("return_1d", "\"0.06701\""), 3, &["return_1d", "0.06701", "-0.08000", "0.06700"]);
    refused(&with("return_1d", "\"-0.08001\""), 3, &["return_1d", "range"]);
}

#[test]
fn a_feature_that_is_no_number() {
    for value in ["\"NaN\"", "\"\"", "null", "\"1e-2\"", "true", "\"Infinity\"", "\"0x1\"", "[]"] {
        refused(&with("return_1d", value), 3, &["return_1d"]);
    }
}

#[test]
fn a_feature_with_more_digits_than_its_scale() {
    refused(&with("return_1d", "\"0.012345\""), 3, &["return_1d", "0.012345", "5 digits"]);
}

#[test]
fn a_line_that_is_no_observation() {
    refused("", 3, &[]);
    refused("not json", 3, &["column"]);
    refused("{\"time\":1357333200}", 3, &["plugins"]);
    refused(&line().replace("\"time\":1357333200", "\"time\":\"now\""), 3, &["time"]);
    refused(&line().replace("\"time\":1357333200", "\"time\":-1"), 3, &["time"]);
    refused(&line().replace("market-data", "weather"), 3, &["weather", "market-data"]);
    refused(&line().replace("\"time\"", "\"more\":1,\"time\""), 3, &["more"]);
}

#[test]
fn a_line_that_is_too_long() {
    refused(&format!("{}{}", line(), " ".repeat(1 << 20)), 5, &["bytes"]);
}

#[test]
fn an_observation_before_the_last_one_or_the_last_one_again() {
    refused(observations(0..1).trim_end(), 4, &["1357160400", "before"]);
    refused(observations(1..2).trim_end(), 4, &["already recorded, as record 1"]);
}
