//! Logs and proofs that are refused: the class, the file and the entry.

use crate::project::Project;
use crate::published::{publish, serve, signer};
use candor_log::FileLogReader;
use candor_trace::tlog::{CosignatureSigner, MAX_PROOF_BYTES, NoteSigner};
use std::fs;
use std::net::TcpListener;
use std::path::Path;

#[test]
fn a_damaged_log_is_refused_and_the_place_named() {
    let project = Project::recorded(8);
    let folder = publish(&project, "operator", 8);
    let log = folder.to_str().unwrap();
    let public = folder.join("public");
    let key = signer().verifier_key().to_string();
    let audit = ["log", "audit", log, "--log-key", &key];
    project.run(&audit).ok();
    let damaged = |name: &str, change: &dyn Fn(&mut Vec<u8>), code: i32, names: &[&str]| {
        let path = public.join(name);
        let before = fs::read(&path).unwrap();
        let mut bytes = before.clone();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
        project.refuses(&audit, code, names);
        fs::write(&path, before).unwrap();
    };
    // A flipped bit of the verdict in entry 5: nobody signed that.
    damaged("tile/entries/000.p/8", &|bytes| bytes[501 * 5 + 2 + 100] ^= 1, 4, &["000.p/8", "entry 5"]);
    damaged("tile/entries/000.p/8", &|bytes| bytes[501 * 5 + 2] ^= 1, 3, &["000.p/8", "entry 5", "CANDOREN"]);
    damaged("tile/entries/000.p/8", &|bytes| drop(bytes.split_off(700)), 3, &["000.p/8", "cut off"]);
    damaged("tile/0/000.p/8", &|bytes| bytes[64] ^= 1, 4, &["tile/0/000.p/8", "hash 2"]);
    damaged("tile/0/000.p/8", &|bytes| drop(bytes.split_off(31)), 3, &["tile/0/000.p/8", "31 bytes"]);
    damaged("tile/0/000.p/8", &|bytes| bytes.resize(8193, 0), 5, &["tile/0/000.p/8", "8192"]);
    damaged("agents.json", &|bytes| bytes[0] = b'{', 3, &["agents.json"]);
    damaged("agents.json", &|bytes| *bytes = b"[]".to_vec(), 4, &["entry 0", "agents.json"]);
    damaged("checkpoint", &|bytes| bytes[0] ^= 1, 4, &["checkpoint", "keys you trust"]);
    damaged("checkpoint", &|bytes| *bytes = b"nothing".to_vec(), 3, &["checkpoint"]);
    // A log that promises nothing may have no policy; one that has a broken one is not read as promising nothing.
    let policy = public.join("policy.json");
    let before = fs::read(&policy).ok();
    fs::write(&policy, b"{}").unwrap();
    project.refuses(&audit, 3, &["policy.json"]);
    match before {
        Some(bytes) => fs::write(&policy, bytes).unwrap(),
        None => fs::remove_file(&policy).unwrap(),
    }
    let tile = public.join("tile/0/000.p/8");
    fs::rename(&tile, public.join("elsewhere")).unwrap();
    project.refuses(&audit, 4, &["tile/0/000.p/8 is missing", "entry 0"]);
    fs::rename(public.join("elsewhere"), &tile).unwrap();
    fs::remove_file(public.join("checkpoint")).unwrap();
    project.refuses(&audit, 4, &["checkpoint is missing"]);
}

#[test]
fn every_chain_with_a_false_body_is_named_and_the_rest_is_checked() {
    let project = Project::recorded(8);
    let folder = publish(&project, "operator", 8);
    let log = folder.to_str().unwrap();
    let (own, _) = FileLogReader::open(Path::new(&project.path("log"))).unwrap();
    let bodies = project.file("bodies");
    fs::create_dir(&bodies).unwrap();
    let name = |index: u64| {
        let hash = candor_trace::body_hash(&own.get(index).unwrap().body);
        format!("{bodies}/{}", hex::encode(hash))
    };
    for index in 0..8 {
        fs::write(name(index), candor_program::encoding::encode(&own.get(index).unwrap().body)).unwrap();
    }
    let (key, card) = (signer().verifier_key().to_string(), project.path("card.candor"));
    let arguments = ["log", "audit", log, "--log-key", &key, "--card", &card, "--bodies", &bodies];
    assert_eq!(project.json(&arguments).1["bodiesChecked"], 8);
    for index in [2, 5] {
        fs::write(name(index), b"other").unwrap();
    }
    let (code, found) = project.json(&arguments);
    assert_eq!((code, &found["bodiesWrong"], &found["bodiesChecked"]), (4, &2.into(), &6.into()), "{found}");
    let list = found["bodyFaults"].as_array().unwrap();
    assert_eq!((list.len(), &list[0]["index"]), (1, &2.into()), "{found}");
    let ran = project.run(&arguments);
    assert!(ran.code == 4 && ran.stdout.contains("2 bodies of 1 chain are not"), "{}", ran.stdout);
    assert!(ran.stdout.contains("entry 2, agent 0x"), "{}", ran.stdout);
}

#[test]
fn a_log_that_forked_or_shrank_since_is_refused_and_what_was_remembered_is_kept() {
    let project = Project::recorded(8);
    let folder = publish(&project, "operator", 4);
    let older = project.folder().join("older");
    copy(&folder.join("public"), &older);
    let remember = project.folder().join("last");
    let remember = remember.to_str().unwrap();
    publish(&project, "operator", 7);
    project.run(&["log", "audit", folder.to_str().unwrap(), "--remember", remember]).ok();
    let kept = fs::read(remember).unwrap();
    let older = older.to_str().unwrap();
    project.refuses(&["log", "audit", older, "--remember", remember], 4, &["shrank", "both checkpoints"]);
    project.refuses(&["log", "consistency", older, "--from", remember], 4, &["shrank from 7 to 4"]);
    assert_eq!(fs::read(remember).unwrap(), kept);
    // The same operator, another history.
    let other = Project::recorded(9);
    let forked = publish(&other, "operator", 9);
    let forked = forked.to_str().unwrap();
    project.refuses(&["log", "audit", forked, "--remember", remember], 4, &["forked", "both checkpoints"]);
    project.refuses(&["log", "consistency", forked, "--from", remember], 4, &["forked"]);
    assert_eq!(fs::read(remember).unwrap(), kept);
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn a_proof_of_something_else_is_refused() {
    let project = Project::recorded(6);
    let folder = publish(&project, "operator", 6);
    let log = folder.to_str().unwrap();
    let file = project.folder().join("3.tlog-proof");
    let proof = file.to_str().unwrap();
    let prove = ["log", "prove-inclusion", log, "--index", "3", "--output", proof];
    project.run(&prove).ok();
    project.refuses(&prove, 2, &["3.tlog-proof", "--force"]);
    let beyond = ["log", "prove-inclusion", log, "--index", "6", "--output", "never"];
    project.refuses(&beyond, 2, &["leaf 6 is not in a tree of 6", "published"]);
    let key = signer().verifier_key().to_string();
    let verify = ["log", "verify-inclusion", proof, "--log-key", &key];
    let with = |more: &[&'static str]| [&verify[..], more].concat();
    project.refuses(&with(&["--record", "4"]), 4, &["entry 3", "another entry"]);
    project.refuses(&with(&["--record", "6"]), 2, &["record 6"]);
    project.refuses(&with(&["--leaf", "AAAA"]), 2, &["--leaf"]);
    assert_eq!(project.run(&verify).code, 2);
    assert_eq!(project.run(&with(&["--record", "3", "--leaf", "A"])).code, 2);
    project.refuses(&["log", "verify-inclusion", proof, "--record", "3"], 2, &["--log-key"]);
    // Other keys, and witnesses that did not sign.
    let other = NoteSigner::new("log.example/published", &[9; 32]).unwrap().verifier_key().to_string();
    project.refuses(
        &["log", "verify-inclusion", proof, "--record", "3", "--log-key", &other],
        4,
        &["no known key", "keys you trust"],
    );
    let witness = CosignatureSigner::new("witness.example", &[8; 32]).unwrap().verifier_key().to_string();
    let cosigned = [&with(&["--record", "3"])[..], &["--witness", &witness]].concat();
    project.refuses(&cosigned, 4, &["0 of the policy's witnesses", "--cosignatures"]);
    project.run(&[&cosigned[..], &["--cosignatures", "0"]].concat()).ok();
    project.refuses(&[&cosigned[..], &["--cosignatures", "2"]].concat(), 2, &["of 1 witnesses"]);
    project.refuses(&[&with(&["--record", "3"])[..], &["--witness", &key]].concat(), 2, &["of type 1"]);
    project.refuses(
        &["log", "verify-inclusion", proof, "--record", "3", "--log-key", "a+b+c"],
        3,
        &["log.vkey"],
    );
    let long = "a".repeat(400);
    project.refuses(
        &["log", "verify-inclusion", proof, "--record", "3", "--log-key", &long],
        5,
        &["at most"],
    );
    let mut bytes = fs::read(&file).unwrap();
    bytes[24] ^= 1;
    fs::write(&file, &bytes).unwrap();
    project.refuses(&with(&["--record", "3"]), 3, &["3.tlog-proof"]);
    fs::write(&file, vec![b'a'; MAX_PROOF_BYTES + 1]).unwrap();
    project.refuses(&with(&["--record", "3"]), 5, &["3.tlog-proof"]);
}

#[test]
fn a_log_that_cannot_be_read_is_no_verdict() {
    let project = Project::recorded(2);
    let folder = publish(&project, "operator", 2);
    let url = serve(folder.join("public"));
    fs::write(folder.join("public/broken"), b"").unwrap();
    project.refuses(&["log", "audit", &url], 1, &["log.vkey", "status 500", "try again"]);
    // Nobody listens there any more.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    project.refuses(&["log", "audit", &closed], 1, &["did not answer"]);
    project.refuses(&["log", "audit", "http://"], 2, &["not the URL"]);
    project.refuses(&["log", "audit", "nowhere"], 2, &["no such folder"]);
    let empty = project.folder().join("empty");
    fs::create_dir(&empty).unwrap();
    project.refuses(&["log", "audit", empty.to_str().unwrap()], 4, &["log.vkey is missing"]);
    project.refuses(
        &["log", "consistency", folder.to_str().unwrap(), "--from", "none"],
        2,
        &["no such file"],
    );
}
