//! A log from its first key to agents that deliver to it: over stops, kills and witnesses.

use crate::project::{Project, observations};
use crate::served::Server;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

const ORIGIN: &str = "log.example/agents";

/// A project with a log beside it, in which its agent is registered.
fn with_log(witnesses: Option<&str>) -> (Project, String) {
    let project = Project::compiled();
    let directory = project.path("served");
    let mut arguments = vec!["log", "init", &directory, "--origin", ORIGIN];
    arguments.extend(witnesses.iter().flat_map(|path| ["--witnesses", *path]));
    project.run(&arguments).ok();
    project.run(&["log", "register", &directory]).ok();
    (project, directory)
}

fn serve(project: &Project, directory: &str) -> Server {
    Server::start(
        project,
        &["log", "serve", directory, "--listen", "127.0.0.1:0", "--publish-interval", "20"],
    )
}

fn entries(project: &Project, server: Server) -> Value {
    let (code, ended) = server.end();
    assert_eq!(code, 0, "{ended}");
    assert_eq!(ended["published"], ended["entries"]);
    assert!(project.store().join("served/public/checkpoint").exists());
    ended["entries"].clone()
}

#[test]
fn an_agent_records_while_its_log_is_up_down_and_up_again() {
    let (project, directory) = with_log(None);
    let server = serve(&project, &directory);
    assert_eq!(server.begun["origin"], ORIGIN);
    let url = server.url();
    let record = |days: std::ops::Range<usize>, url: &str| {
        let file = project.write("days.jsonl", observations(days));
        project.run(&["record", &file, "--log", url])
    };
    record(0..10, &url).ok();
    assert_eq!(entries(&project, server), json!(10));
    // Nobody there: the agent goes on, and is told.
    let ran = record(10..25, &url);
    assert!(ran.stderr.contains("15 records wait in the outbox"), "{}", ran.stderr);
    ran.ok();
    assert_eq!(project.records("log"), 25);
    let (code, failed) = project.json(&["log", "deliver", &url, "--log-timeout", "0"]);
    assert_eq!((code, failed["error"]["class"].as_str()), (1, Some("unexpected")), "{failed}");
    // Up again, at another place.
    let server = serve(&project, &directory);
    assert_eq!(server.begun["entries"], json!(10));
    let (code, delivered) = project.json(&["log", "deliver", &server.url()]);
    assert_eq!(code, 0, "{delivered}");
    assert_eq!(delivered, json!({ "delivered": 25, "before": 10, "waiting": 0 }));
    // Again changes nothing; also without the mark.
    for mark in std::fs::read_dir(project.store().join("log")).unwrap() {
        let path = mark.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("delivered.") {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert_eq!(project.json(&["log", "deliver", &server.url()]).1["delivered"], json!(25));
    // Killed: what was acknowledged is there.
    record(25..40, &server.url()).ok();
    server.kill();
    let server = serve(&project, &directory);
    assert_eq!(server.begun["entries"], json!(40));
    // An auditor reads it where it is served, and where it lies.
    let key = format!("{directory}/public/log.vkey");
    project.run(&["log", "audit", &server.url(), "--log-key", &key]).ok();
    assert_eq!(entries(&project, server), json!(40));
    project.run(&["log", "audit", &format!("{directory}/public"), "--log-key", &key]).ok();
    // And the agent that it kept what it promised.
    let (code, checked) = project.json(&["log", "check-promises", &directory, "--log-key", &key]);
    assert_eq!((code, &checked["kept"], &checked["broken"]), (0, &json!(40), &json!(0)), "{checked}");
    let ran = project.run(&["log", "check-promises", &directory, "--log-key", &key]);
    assert!(ran.stdout.contains("40 promises"), "{}", ran.stdout);
}

#[test]
fn agents_are_registered_while_the_log_runs() {
    let project = Project::compiled();
    let directory = project.path("served");
    let (code, made) = project.json(&["log", "init", &directory, "--origin", ORIGIN]);
    assert_eq!(code, 0, "{made}");
    assert!(made["verifierKey"].as_str().unwrap().starts_with(&format!("{ORIGIN}+")));
    let server = serve(&project, &directory);
    let days = project.write("days.jsonl", observations(0..3));
    // Not registered: recorded all the same, and said.
    let ran = project.run(&["record", &days, "--log", &server.url()]);
    assert!(ran.stderr.contains("is not registered"), "{}", ran.stderr);
    ran.ok();
    let token = made["tokenFile"].as_str().unwrap();
    project.run(&["log", "register", &server.url(), "--token-file", token]).ok();
    let (code, delivered) = project.json(&["log", "deliver", &server.url()]);
    assert_eq!((code, &delivered["delivered"]), (0, &json!(3)), "{delivered}");
}

#[test]
fn published_means_cosigned() {
    let project = Project::compiled();
    let witness = project.path("witness");
    let (code, made) = project.json(&["log", "witness", &witness, "--name", "witness.example/w1"]);
    assert_eq!(code, 0, "{made}");
    let key = made["verifierKey"].as_str().unwrap().to_owned();
    // The witness must know the log's key, the log the witness's URL: one after the other.
    let listed = project.write("witnesses", format!("# first\nwitness {key} http://127.0.0.1:9\nquorum 1\n"));
    let directory = project.path("served");
    project.run(&["log", "init", &directory, "--origin", ORIGIN, "--witnesses", &listed]).ok();
    project.run(&["log", "register", &directory]).ok();
    let log_key = format!("{directory}/public/log.vkey");
    let cosigning = Server::start(
        &project,
        &["log", "witness", &witness, "--trust", &log_key, "--listen", "127.0.0.1:0"],
    );
    assert_eq!(cosigning.begun["logs"], json!(1));
    let days = project.write("days.jsonl", observations(0..5));
    // With a witness that nobody reaches, records are durable and not published.
    let server = serve(&project, &directory);
    project.run(&["record", &days, "--log", &server.url()]).ok();
    let (_, ended) = server.end();
    assert_eq!(ended, json!({ "entries": 5, "published": 0 }));
    std::fs::write(
        format!("{directory}/private/witnesses"),
        format!("witness {key} {}\nquorum 1\n", cosigning.url()),
    )
    .unwrap();
    let server = serve(&project, &directory);
    assert_eq!((&server.begun["witnesses"], &server.begun["quorum"]), (&json!(1), &json!(1)));
    assert_eq!(entries(&project, server), json!(5));
    let checkpoint = std::fs::read_to_string(format!("{directory}/public/checkpoint")).unwrap();
    assert!(checkpoint.starts_with(&format!("{ORIGIN}\n5\n")), "{checkpoint}");
    assert!(checkpoint.contains("\u{2014} witness.example/w1 "), "{checkpoint}");
    assert_eq!(cosigning.end().0, 0);
    let audit = ["log", "audit", &directory, "--log-key", &log_key, "--witness", &key];
    project.run(&audit).ok();
}

#[test]
fn with_require_log_no_decision_is_shown_that_the_log_has_not() {
    let (project, directory) = with_log(None);
    let server = serve(&project, &directory);
    let url = server.url();
    let mut agent = project
        .command(&["record", "--stdio", "--log", &url, "--require-log", "--log-timeout", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = agent.stdin.take().unwrap();
    let mut output = BufReader::new(agent.stdout.take().unwrap());
    let mut ask = |line: &str| {
        writeln!(input, "{line}").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        serde_json::from_str::<Value>(&answer).unwrap()
    };
    let lines: Vec<String> = observations(0..3).lines().map(str::to_owned).collect();
    assert_eq!(ask(&lines[0])["sequence"], json!(0));
    let (_, ended) = server.end();
    assert_eq!(ended["entries"], json!(1));
    // Nothing is decided while the log is away, so nothing is held back.
    let refused = ask(&lines[1]);
    assert_eq!(refused["error"]["class"], "unexpected", "{refused}");
    assert!(refused["error"]["fix"].as_str().unwrap().contains("nothing was decided"), "{refused}");
    assert_eq!(project.records("log"), 1);
    let listen = url.trim_start_matches("http://");
    let server = Server::start(&project, &["log", "serve", &directory, "--listen", listen]);
    assert_eq!(ask(&lines[1])["sequence"], json!(1));
    assert_eq!(ask(&lines[2])["sequence"], json!(2));
    drop(input);
    assert_eq!(agent.wait().unwrap().code(), Some(0));
    assert_eq!(server.end().1["entries"], json!(3));
}
