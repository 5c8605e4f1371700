//! Changes of program that are not recorded, and what a log across one refuses.

use crate::revising::{DAYS, Revising, time};
use std::fs;

#[test]
fn revisions_that_are_not_in_order_are_not_recorded() {
    let revising = Revising::new();
    let project = &revising.project;
    let (at, last) = (time(DAYS).to_string(), time(DAYS - 1));
    let (early, later) = ((last - 1).to_string(), (time(DAYS) + 1).to_string());
    let card = revising.card.as_str();
    let own = project.path("card.candor");
    let nothing = project.write("nothing.candor", "nothing");
    let refusals: &[(&[&str], i32, &[&str])] = &[
        (&["--to", card], 2, &["--at"]),
        (&["--to", card, "--at", &at, "--time", &later], 4, &["activation"]),
        (&["--to", card, "--at", &at, "--time", &early], 4, &["before"]),
        (&["--to", card, "--at", &early], 4, &["before"]),
        (&["--to", card, "--at", "4611686018427387904"], 5, &["2^62"]),
        (&["--to", &own, "--at", &at], 4, &["itself"]),
        (&["--to", card, "--from", card, "--at", &at], 4, &["same program"]),
        (&["--to", &own, "--from", card, "--at", &at], 4, &["program"]),
        (&["--to", &nothing, "--at", &at], 3, &["nothing.candor"]),
        (&["--to", card, "--at", &at, "--outbox", &own], 2, &["--log"]),
    ];
    for (arguments, code, names) in refusals {
        let arguments = [&["revise"][..], arguments].concat();
        let ran = project.run(&arguments);
        assert_eq!(ran.code, *code, "{arguments:?} ({names:?}): {}{}", ran.stdout, ran.stderr);
    }
    assert_eq!(project.records("log"), DAYS as u64);
}

/// A second change before the first one took effect, and the old program's card where the new one decides.
#[test]
fn an_activation_is_not_taken_back() {
    let revising = Revising::new();
    let project = &revising.project;
    revising.revise();
    let at = time(DAYS).to_string();
    let again = ["revise", "--to", &revising.card, "--at", &at];
    project.refuses(&again, 4, &[]);
    let third = Revising::version(project, "3.0.0");
    let (card, early) = (third.path("card.candor"), (time(DAYS) - 1).to_string());
    revising.switch();
    let withdraw = ["revise", "--to", &card, "--at", &at, "--time", &early];
    project.refuses(&withdraw, 4, &["before the last record's"]);
}

#[test]
fn cheats_that_no_revise_record_can_hold_are_refused() {
    let revising = Revising::new();
    let project = &revising.project;
    revising.revise();
    let into = project.file("cheated");
    for cheat in ["output", "action", "observation", "verdict", "model"] {
        let tamper = ["tamper", "--record", "40", "--cheat", cheat, "--into", &into];
        project.refuses(&tamper, 2, &["only its state", "--cheat state"]);
    }
    revising.switch();
    revising.record(2);
    let of_the_first = ["tamper", "--record", "3", "--cheat", "state", "--into", &into];
    project.refuses(&of_the_first, 2, &["record 3 is of program 0x", "--dir"]);
    assert!(!fs::exists(&into).unwrap());
    // The log is away: the record is durable, and waits.
    let third = Revising::version(project, "3.0.0");
    let (card, at) = (third.path("card.candor"), time(DAYS + 2).to_string());
    let away = ["revise", "--to", &card, "--at", &at, "--log", "http://127.0.0.1:9", "--log-timeout", "0"];
    let (code, revised) = project.json(&away);
    assert_eq!((code, revised["delivered"].as_bool()), (0, Some(false)), "{revised}");
    assert_eq!(project.records("log"), DAYS as u64 + 4);
}
