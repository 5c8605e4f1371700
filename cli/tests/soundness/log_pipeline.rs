//! What the commands of a log refuse, with class, place and what to do.

use crate::project::{Project, observations};
use crate::served::Server;
use std::fs;

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
    // The same key with a log of its own: two records for one place.
    let copy = project.path("copy");
    let ran = project.run(&["record", &second, "--log", &url, "--outbox", &copy]);
    assert!(ran.stderr.contains("equivocation"), "{}", ran.stderr);
    let (code, failed) = project.json(&["log", "deliver", &url, "--outbox", &copy]);
    assert_eq!((code, failed["error"]["class"].as_str()), (4, Some("rejected")), "{failed}");
    // The log keeps both headers.
    assert!(fs::read_dir(format!("{directory}/private/evidence")).unwrap().next().is_some());
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
    let copy = |from: &str, to: &str| {
        let done = std::process::Command::new("cp").args(["-r", from, to]).status().unwrap();
        assert!(done.success());
    };
    let old = project.path("old");
    copy(&directory, &old);
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
