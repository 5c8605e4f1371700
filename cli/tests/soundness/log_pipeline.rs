//! What the commands of a log refuse, with class, place and what to do.

use crate::project::{Project, observations};
use crate::served::Server;
use serde_json::json;
use std::fs;
use std::path::Path;

const ORIGIN: &str = "log.example/agents";

fn with_log() -> (Project, String) {
    let project = Project::compiled();
    let directory = project.path("served");
    project.run(&["log", "init", &directory, "--origin", ORIGIN]).ok();
    (project, directory)
}

#[test]
fn a_log_is_made_once_and_with_a_name() {
    let (project, directory) = with_log();
    project.refuses(&["log", "init", &directory, "--origin", ORIGIN], 2, &["already"]);
    let other = project.path("other");
    project.refuses(&["log", "init", &other, "--origin", "has a space"], 2, &["origin"]);
    project.refuses(&["log", "serve", &other, "--listen", "127.0.0.1:0"], 2, &["candor log init"]);
    project.refuses(&["log", "witness", &other], 2, &["--name"]);
}

#[test]
fn lists_of_witnesses_are_checked_line_by_line() {
    let project = Project::compiled();
    let (_, made) =
        project.json(&["log", "witness", &project.path("witness"), "--name", "witness.example/w1"]);
    let key = made["verifierKey"].as_str().unwrap();
    let cases = [
        ("quorum 1\n".to_owned(), 2, "1 cosignatures are needed of 0"),
        (format!("witness {key} http://127.0.0.1:1\n"), 3, "quorum"),
        ("witness nothing http://127.0.0.1:1\nquorum 1\n".to_owned(), 3, "line 1"),
        (format!("witness {key}\nquorum 1\n"), 3, "line 1"),
        (format!("witness {key} http://127.0.0.1:1\nquorum one\n"), 3, "line 2"),
        (format!("quorum 1\nquorum 1\nwitness {key} http://127.0.0.1:1\n"), 3, "line 2"),
        (format!("witness {key} http://a\nwitness {key} http://b\nquorum 1\n"), 2, "counts once"),
    ];
    for (text, code, named) in cases {
        let list = project.write("witnesses", &text);
        let directory = project.path("served");
        project.refuses(
            &["log", "init", &directory, "--origin", ORIGIN, "--witnesses", &list],
            code,
            &[named],
        );
    }
}

#[test]
fn a_served_log_is_nobody_elses() {
    let (project, directory) = with_log();
    let server = Server::start(&project, &["log", "serve", &directory, "--listen", "127.0.0.1:0"]);
    let ran = project.run(&["log", "register", &directory]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("is being served"), "{}", ran.stderr);
    let ran = project.run(&["log", "serve", &directory, "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    // A taken port is said before anything is opened.
    let address = server.url().trim_start_matches("http://").to_owned();
    let ran = project.run(&["log", "serve", &directory, "--listen", &address]);
    assert!(ran.code == 1 && ran.stderr.contains(&address), "{}", ran.stderr);
    // Registering needs the operator's token.
    project.refuses(&["log", "register", &server.url()], 2, &["--token-file"]);
    let token = project.path("wrong.token");
    fs::write(&token, "0".repeat(64)).unwrap();
    project.refuses(&["log", "register", &server.url(), "--token-file", &token], 2, &["mode"]);
    set_private(&token);
    project.refuses(&["log", "register", &server.url(), "--token-file", &token], 4, &["token"]);
}

fn set_private(path: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_copied_agent_is_found_out() {
    let (project, directory) = with_log();
    project.run(&["log", "register", &directory]).ok();
    let server = Server::start(&project, &["log", "serve", &directory, "--listen", "127.0.0.1:0"]);
    let url = server.url();
    let first = project.write("first.jsonl", observations(0..4));
    let second = project.write("second.jsonl", observations(10..15));
    project.run(&["record", &first, "--log", &url]).ok();
    // The same key with a log of its own: nothing is signed for a place of which the log has a record.
    let (copy, own) = (project.path("copy"), project.path("log"));
    let ran = project.run(&["record", &second, "--log", &url, "--outbox", &copy]);
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{}", ran.stderr);
    let newest = record_hash(&project, &own, 3);
    for named in ["the log has 4 records", &newest, "this outbox has 0", "Restore"] {
        assert!(ran.stderr.contains(named), "{named}: {}", ran.stderr);
    }
    // Recorded without the log, and handed in then: it is not.
    project.run(&["record", &second, "--log", &copy]).ok();
    let (code, failed) = project.json(&["log", "deliver", &url, "--outbox", &copy]);
    assert_eq!((code, failed["error"]["class"].as_str()), (4, Some("rejected")), "{failed}");
    let message = failed["error"]["message"].as_str().unwrap();
    let other = record_hash(&project, &copy, 3);
    for named in ["record 3 of this agent", &newest, &other] {
        assert!(message.contains(named), "{named}: {message}");
    }
    assert!(!Path::new(&format!("{directory}/private/evidence")).exists());
    // An outbox that was put back is not continued.
    let log = project.store().join("log/log.candor");
    let whole = fs::read(&log).unwrap();
    fs::remove_file(&log).unwrap();
    fs::remove_dir_all(&copy).unwrap();
    project.run(&["record", &first, "--limit", "2", "--log", &copy]).ok();
    fs::copy(format!("{copy}/log.candor"), &log).unwrap();
    let ran = project.run(&["record", &second, "--log", &url]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("older copy"), "{}", ran.stderr);
    fs::write(&log, whole).unwrap();
}

fn record_hash(project: &Project, log: &str, sequence: u64) -> String {
    let (_, shown) = project.json(&["inspect", log, "--record", &sequence.to_string()]);
    shown["record"]["recordHash"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned()
}

#[test]
fn an_agent_that_was_put_back_as_a_whole_signs_nothing() {
    let (project, directory) = with_log();
    project.run(&["log", "register", &directory]).ok();
    let server = Server::start(&project, &["log", "serve", &directory, "--listen", "127.0.0.1:0"]);
    let url = server.url();
    let first = project.write("first.jsonl", observations(0..4));
    let second = project.write("second.jsonl", observations(4..6));
    let third = project.write("third.jsonl", observations(10..15));
    project.run(&["record", &first, "--log", &url]).ok();
    // A backup of the folder, mark and all.
    let (own, backup, newer) = (project.path("log"), project.path("backup"), project.path("newer"));
    copy_folder(&own, &backup);
    project.run(&["record", &second, "--log", &url]).ok();
    fs::rename(&own, &newer).unwrap();
    copy_folder(&backup, &own);
    for arguments in
        [vec!["record", &third, "--log", &url], vec!["record", &third, "--log", &url, "--require-log"]]
    {
        let ran = project.run(&arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("the log has 6 records") && ran.stderr.contains("has 4"),
            "{}",
            ran.stderr
        );
        assert_eq!(project.json(&["inspect", &own]).1["records"], 4);
    }
    project.refuses(&["log", "deliver", &url], 4, &["the log has 6 records"]);
    // The log away: nothing tells, the agent goes on, and finds out before it hands anything in.
    let (_, ended) = server.end();
    assert_eq!(ended["entries"], 6);
    let ran = project.run(&["record", &third, "--limit", "1", "--log", &url, "--log-timeout", "0"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("was not asked"), "{}", ran.stderr);
    let server = Server::start(&project, &["log", "serve", &directory, "--listen", "127.0.0.1:0"]);
    project.refuses(&["log", "deliver", &server.url()], 4, &["the log has 6 records", "has 5"]);
    // The newer folder goes on as if nothing had been.
    fs::remove_dir_all(&own).unwrap();
    fs::rename(&newer, &own).unwrap();
    project.run(&["record", &third, "--log", &server.url()]).ok();
    assert_eq!(server.end().1["entries"], 11);
}

#[test]
fn a_log_that_went_on_from_an_older_copy_broke_its_promises() {
    let (project, directory) = with_log();
    project.run(&["log", "register", &directory]).ok();
    let (old, key) = (project.path("old"), format!("{directory}/public/log.vkey"));
    copy_folder(&directory, &old);
    project.refuses(
        &["log", "check-promises", &directory, "--log-key", &key],
        2,
        &["no promises", "--outbox"],
    );
    let serve =
        |directory: &str| Server::start(&project, &["log", "serve", directory, "--listen", "127.0.0.1:0"]);
    let first = project.write("first.jsonl", observations(0..4));
    let second = project.write("second.jsonl", observations(10..12));
    let server = serve(&directory);
    project.run(&["record", &first, "--log", &server.url()]).ok();
    server.end();
    // The operator puts the old copy back, and writes something else into it.
    let server = serve(&old);
    project.run(&["record", &second, "--log", &server.url(), "--outbox", &project.path("copy")]).ok();
    assert_eq!(server.end().1["published"], 2);
    let evidence = project.file("evidence");
    let arguments = ["log", "check-promises", &old, "--log-key", &key, "--evidence", &evidence];
    let (code, found) = project.json(&arguments);
    assert_eq!((code, &found["broken"], &found["pending"]), (4, &json!(2), &json!(2)), "{found}");
    assert_eq!(found["brokenPromises"][1]["index"], 1, "{found}");
    assert!(project.run(&arguments).stdout.contains("record 0 was promised index 0"));
    // The evidence stands by itself: the leaf that is there, under the same key that signed the promise.
    let (proof, leaf) =
        (format!("{evidence}/0.tlog-proof"), found["brokenPromises"][0]["leaf"].as_str().unwrap());
    project.run(&["log", "verify-inclusion", &proof, "--log-key", &key, "--leaf", leaf]).ok();
    let promise = fs::read_to_string(format!("{evidence}/0.promise")).unwrap();
    assert!(promise.starts_with("candor-log-promise/v1\n") && !promise.contains(leaf), "{promise}");
    // The log that went on from its own end kept them.
    project.run(&["log", "check-promises", &directory, "--log-key", &key]).ok();
}

fn copy_folder(from: &str, to: &str) {
    let done = std::process::Command::new("cp").args(["-r", from, to]).status().unwrap();
    assert!(done.success());
}

#[test]
fn records_go_to_the_log_that_is_known_and_no_other() {
    let (project, directory) = with_log();
    project.run(&["log", "register", &directory]).ok();
    let other = project.path("other");
    project.run(&["log", "init", &other, "--origin", "other.example/log"]).ok();
    project.run(&["log", "register", &other]).ok();
    let server = Server::start(&project, &["log", "serve", &directory, "--listen", "127.0.0.1:0"]);
    let impostor = Server::start(&project, &["log", "serve", &other, "--listen", "127.0.0.1:0"]);
    let days = project.write("days.jsonl", observations(0..4));
    project.run(&["record", &days, "--log", &server.url()]).ok();
    // What was signed for the one log is nothing to the other.
    let more = project.write("more.jsonl", observations(4..6));
    let ran = project.run(&["record", &more, "--log", &impostor.url()]);
    assert!(ran.stderr.contains("submission-signature"), "{}", ran.stderr);
    assert_eq!(impostor.end().1["entries"], 0);
    project.refuses(&["record", &more, "--require-log"], 2, &["--log"]);
    project.refuses(&["record", &more, "--log", &project.path("log"), "--require-log"], 2, &["--log"]);
    project.refuses(&["log", "deliver", "nowhere"], 2, &["http://"]);
}

#[test]
fn an_old_copy_of_a_log_is_refused_where_somebody_remembers() {
    let (project, directory) = with_log();
    project.run(&["log", "register", &directory]).ok();
    let old = project.path("old");
    copy_folder(&directory, &old);
    let server = Server::start(&project, &["log", "serve", &directory, "--listen", "127.0.0.1:0"]);
    let days = project.write("days.jsonl", observations(0..4));
    project.run(&["record", &days, "--log", &server.url()]).ok();
    assert_eq!(server.end().1["published"], 4);
    let checkpoint = format!("{directory}/public/checkpoint");
    let arguments = ["log", "serve", &old, "--listen", "127.0.0.1:0", "--remember", &checkpoint];
    let ran = project.run(&arguments);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("older copy"), "{}", ran.stderr);
}
