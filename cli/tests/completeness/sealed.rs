//! Seals and proofs by the command line: one alone, several at once, and what each says when one of them is bad.

use crate::project::Project;
use serde_json::Value;
use std::fs;
use std::sync::LazyLock;

/// A project with seals of records 3 and 7, a proof of records 10 to 12 and one of record 20, all beside the store; made
/// once, and changed by no test.
fn sealed() -> &'static Project {
    static SEALED: LazyLock<Project> = LazyLock::new(make);
    &SEALED
}

fn make() -> Project {
    let project = Project::recorded(24);
    project.run(&["setup", "seal", "--development"]).ok();
    for (name, range) in [("three", "3..3"), ("seven", "7..7"), ("ten", "10..12"), ("twenty", "20..20")] {
        project.run(&["prove", "--range", range]).ok();
        if range.starts_with(['3', '7']) {
            project.run(&["seal", "--output", &file(&project, name)]).ok();
        } else {
            fs::rename(project.path("proof.candor"), file(&project, name)).unwrap();
            fs::rename(project.path("bundle.candor"), file(&project, &format!("{name}.bundle"))).unwrap();
        }
    }
    project
}

fn file(project: &Project, name: &str) -> String {
    project.folder().join(name).to_str().unwrap().to_owned()
}

fn verify(project: &Project, names: &[&str]) -> (i32, Value) {
    let expected = project.path("expected.json");
    let paths: Vec<String> = names.iter().map(|name| file(project, name)).collect();
    let arguments: Vec<&str> = ["verify"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    project.json(&project.trusting(&arguments, &expected))
}

fn classes(answer: &Value) -> Vec<(String, String)> {
    let files = answer["files"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let name = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    files.iter().map(|file| (name(&text(&file["file"])), text(&file["class"]))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, class)| ((*name).to_owned(), (*class).to_owned())).collect()
}

#[test]
fn seals_and_proofs_are_verified_alone_and_together() {
    let project = sealed();
    let expected = project.path("expected.json");
    // the keys and the string that this machine made are pinned
    let ids: Value = serde_json::from_slice(&fs::read(&expected).unwrap()).unwrap();
    assert_eq!(ids["sealKeys"].as_array().map(Vec::len), Some(1), "{ids}");
    assert!(ids["setupDigest"].as_str().is_some_and(|digest| digest.starts_with("0x")), "{ids}");

    // one file answers as ever
    let (code, seal) = verify(project, &["three"]);
    assert_eq!((code, &seal["sealed"], &seal["firstSequence"]), (0, &true.into(), &3.into()), "{seal}");
    let three = file(project, "three");
    let (code, named) = project.json(&project.trusting(&["verify", "--seal", &three], &expected));
    assert_eq!((code, &named["decisions"]), (0, &seal["decisions"]));
    let (code, proof) = verify(project, &["ten", "ten.bundle"]);
    assert_eq!((code, proof["decisions"].as_array().map(Vec::len)), (0, Some(3)), "{proof}");

    // several, in any order
    let names = ["three", "ten.bundle", "twenty", "seven", "twenty.bundle", "ten", "three"];
    let (code, all) = verify(project, &names);
    assert_eq!((code, &all["verdict"], &all["accepted"]), (0, &"honest".into(), &5.into()), "{all}");
    let honest = ["three", "three", "twenty", "seven", "ten"].map(|name| (name, "accepted"));
    let mut got = classes(&all);
    got.sort();
    let mut wanted = pairs(&honest);
    wanted.sort();
    assert_eq!(got, wanted);
    let ten = all["files"].as_array().unwrap().iter().find(|one| one["kind"] == "proof").unwrap();
    assert_eq!(ten["accepted"]["verdict"], "honest");
    let paths: Vec<String> = ["three", "seven"].iter().map(|name| file(project, name)).collect();
    let text = project.run(&project.trusting(&["verify", &paths[0], &paths[1]], &expected)).ok();
    assert!(text.contains("2 of 2 files accepted") && text.contains("development-seal-key"), "{text}");
}

#[test]
fn a_bad_file_is_named_and_spoils_no_other() {
    let project = sealed();
    let expected = project.path("expected.json");
    // another payout: well formed, and proven by nobody
    let mut seal = fs::read(file(project, "seven")).unwrap();
    let payout = 10 + 32 + 20 + 32 + 1;
    seal[payout] ^= 1;
    fs::write(file(project, "thief"), &seal).unwrap();
    seal.pop();
    fs::write(file(project, "cut"), &seal).unwrap();
    fs::copy(project.path("card.candor"), file(project, "card")).unwrap();

    let (code, answer) = verify(project, &["three", "thief", "ten", "ten.bundle"]);
    assert_eq!((code, &answer["exitCode"], &answer["accepted"]), (4, &4.into(), &2.into()), "{answer}");
    assert_eq!(classes(&answer), pairs(&[("three", "accepted"), ("thief", "rejected"), ("ten", "accepted")]));
    let (code, answer) = verify(project, &["cut", "three", "card"]);
    assert_eq!(code, 3);
    assert_eq!(
        classes(&answer),
        pairs(&[("cut", "malformed"), ("three", "accepted"), ("card", "malformed")])
    );
    let message = answer["files"][2]["error"]["message"].as_str().unwrap();
    assert!(message.contains("this is a card"), "{message}");
    // rejected is worse than malformed
    assert_eq!(verify(project, &["cut", "thief", "three"]).0, 4);
    // alone they are errors of the command
    project.refuses(
        &project.trusting(&["verify", &file(project, "thief")], &expected),
        4,
        &["thief", "pairing equation"],
    );
    project.refuses(
        &project.trusting(&["verify", &file(project, "card")], &expected),
        3,
        &["this is a card", "--card"],
    );
    // what the caller forgot
    let (missing, ten, bundle) =
        (file(project, "missing"), file(project, "ten"), file(project, "ten.bundle"));
    let three = file(project, "three");
    project.refuses(&project.trusting(&["verify", &three, &missing], &expected), 2, &["no such file"]);
    project.refuses(
        &project.trusting(&["verify", &three, &bundle], &expected),
        2,
        &["no proof among the files"],
    );
    let other = file(project, "twenty.bundle");
    project.refuses(
        &project.trusting(&["verify", &three, &ten, &other], &expected),
        2,
        &["no bundle among the files"],
    );
    // nobody agreed to a development string
    let (code, answer) = project.json(&["verify", &three, &file(project, "seven"), "--expect", &expected]);
    assert_eq!(code, 8);
    assert_eq!(classes(&answer), pairs(&[("three", "refused-assumption"), ("seven", "refused-assumption")]));
}

#[test]
fn what_is_pinned_is_what_counts() {
    let project = sealed();
    let expected = project.path("expected.json");
    let (three, other) = (file(project, "three"), format!("0x{}", "11".repeat(32)));
    let verify = |more: &[&str]| {
        project
            .trusting(&[&["verify", &three][..], more].concat(), &expected)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let refused = |more: &[&str], names: &[&str]| {
        let arguments = verify(more);
        project.refuses(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), 4, names);
    };
    refused(&["--seal-key-id", &other], &["none of the pinned keys"]);
    refused(&["--setup-digest", &other], &["reference string", "pinned"]);
    let ids: Value = serde_json::from_slice(&fs::read(&expected).unwrap()).unwrap();
    let (key, setup) = (ids["sealKeys"][0].as_str().unwrap(), ids["setupDigest"].as_str().unwrap());
    let pinned = verify(&["--seal-key-id", &other, "--seal-key-id", key, "--setup-digest", setup]);
    project.run(&pinned.iter().map(String::as_str).collect::<Vec<_>>()).ok();
}
