//! The demo, to its end, for many seeds.

use candor_cli::command::demo::{Plan, play};
use candor_cli::exit::ExitClass;
use candor_cli::forgery::Cheat;
use serde_json::Value;
use std::collections::BTreeSet;

const DAYS: u64 = 24;
const POWERS: u8 = 10;

fn demo(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (exit, text) = play(seed, DAYS, POWERS, folder.path());
    assert_eq!(exit, ExitClass::Accepted, "seed {seed}: {text}");
    let demo: Value = serde_json::from_str(&text).unwrap();
    let settled = &demo["steps"].as_array().and_then(|steps| steps.last()).unwrap()["answer"];
    assert_eq!(settled["verdict"], "fraud", "seed {seed}: {settled}");
    assert_eq!(settled["sequence"], demo["record"], "seed {seed}: {settled}");
    let needs_proof = matches!(demo["cheat"].as_str(), Some("output" | "model"));
    assert_eq!(settled["basis"] == "proof", needs_proof, "seed {seed}: {settled}");
    if needs_proof {
        assert_eq!(settled["proven"]["tensor"], demo["operator"], "seed {seed}: {settled}");
    }
}

/// Fifty seeds, on as many threads as the machine has.
#[test]
fn fifty_seeds_are_found_and_settled() {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || (thread..50).step_by(threads as usize).for_each(demo));
        }
    });
}

#[test]
fn fifty_seeds_choose_every_cheat_and_every_operator() {
    let plans: Vec<Plan> = (0..50).map(|seed| Plan::of(seed, DAYS, 4)).collect();
    for cheat in Cheat::ALL {
        assert!(plans.iter().any(|plan| plan.cheat == cheat), "{}", cheat.name());
    }
    let proven = plans.iter().filter(|plan| matches!(plan.cheat, Cheat::Output | Cheat::Model));
    let operators: BTreeSet<u64> = proven.map(|plan| plan.operator).collect();
    assert_eq!(operators, BTreeSet::from([1, 2, 3, 4]));
    let records: BTreeSet<u64> = plans.iter().map(|plan| plan.record).collect();
    assert!(records.len() > 15, "{records:?}");
}
