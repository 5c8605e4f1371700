//! What cannot be evidence of when a record was public.

use crate::published::signer;
use crate::witnessed::Case;
use candor_trace::tlog::Note;

#[test]
fn what_cannot_be_evidence_is_refused() {
    let case = Case::new(3600 + 600 + 1);
    let project = &case.project;
    let (late, kept, log) =
        (project.file("late.candor"), project.file("kept.checkpoint"), case.log.to_str().unwrap());
    let begin = ["log", "prove-published", log, "--output", &late];
    let refuses = |arguments: &[&str], code: i32, names: &[&str]| {
        project.refuses(&case.trusting(&[&begin, arguments].concat()), code, names);
    };
    refuses(&["--record", "2", "--earlier", &kept], 4, &["has 3 entries", "kept before the record"]);
    refuses(&["--index", "6"], 2, &["leaf 6"]);
    refuses(&["--record", "6"], 2, &[]);
    refuses(&["--record", "5", "--promise", &project.file("p")], 2, &["no promise of log.example/published"]);
    let nothing = project.write("nothing.checkpoint", "nothing");
    refuses(&["--record", "5", "--earlier", &nothing], 3, &["nothing.checkpoint"]);
    let uncosigned = project.write("own.checkpoint", {
        let note = Note::parse(&std::fs::read(&kept).unwrap()).unwrap();
        let own = note.signatures().iter().find(|line| line.is_by(signer().verifier_key())).unwrap().clone();
        Note::new(note.text(), own).unwrap().to_bytes()
    });
    refuses(&["--record", "5", "--earlier", &uncosigned], 4, &["1 are needed"]);
    let taken = project.write("taken.candor", "mine");
    let there = ["log", "prove-published", log, "--output", &taken, "--record", "5"];
    project.refuses(&case.trusting(&there), 2, &["there already", "--force"]);

    assert_eq!(case.prove(&["--record", "5", "--earlier", &kept, "--output", &late]).0, 0);
    let (bundle, expected) = (project.file("all.candor"), project.path("expected.json"));
    let settle = ["settle", "--bundle", &bundle, "--expect", &expected, "--challenge", &late];
    project.refuses(&case.trusting(&settle), 2, &["how late is late", "--delivered-within"]);
    let witness_alone = [&settle[..], &["--witness", &case.keys[1]]].concat();
    project.refuses(&witness_alone, 2, &["whose log", "--log-key"]);
    let (code, verdict) = case.settle(&["--challenge", &late, "--refuse", "witnessed-time"]);
    assert_eq!((code, verdict["verdict"].as_str()), (8, Some("undecided")), "{verdict}");
}
