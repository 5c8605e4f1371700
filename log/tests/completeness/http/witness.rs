//! A witness cosigns what grows, and a log finds out by itself where a witness is.

use crate::disk::Dice;
use crate::disk::fault::Computer;
use crate::network::{ManualClock, get, listener};
use crate::tree::{Tree, log_key, witness_key};
use candor_log::http::Patience;
use candor_log::http::server::{Running, WitnessSettings, serve_witness};
use candor_log::http::witness::{AskError, Witness, WitnessAddress, WitnessClient, WitnessMemory};
use candor_trace::tlog::{CosignatureSigner, Note, QuorumPolicy};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Patience = Patience { connect: Duration::from_secs(5), whole: Duration::from_secs(20) };

fn start(computer: &Computer, clock: &ManualClock) -> Running {
    let memory = WitnessMemory::open(computer.disk()).unwrap();
    let witness = Witness::new(witness_key(), vec![log_key().verifier_key().clone()], memory);
    serve_witness(Arc::new(witness), Arc::new(clock.clone()), listener(), WitnessSettings::default()).unwrap()
}

fn client(witness: &Running) -> WitnessClient {
    let address = WitnessAddress { key: witness_key().verifier_key().clone(), url: witness.url() };
    WitnessClient::new(&address, PATIENCE).unwrap()
}

fn ask(client: &mut WitnessClient, tree: &Tree, size: u64) -> Result<Note, AskError> {
    let mut note = tree.checkpoint(&log_key(), size);
    let line = client.cosign(&note, size, |old| Ok::<_, Infallible>(tree.consistency(old, size)))?;
    note.add(line).unwrap();
    Ok(note)
}

fn time_of(note: &Note) -> u64 {
    let witnesses = vec![witness_key().verifier_key().clone()];
    let policy = QuorumPolicy::new(log_key().verifier_key().clone(), witnesses, 1).unwrap();
    policy.check(note).unwrap().cosigned()[0].time
}

#[test]
fn a_growing_log_is_cosigned_with_the_clocks_time() {
    let (computer, clock, tree) = (Computer::default(), ManualClock::at_seconds(1000), Tree::of(1, 300));
    let witness = start(&computer, &clock);
    let mut client = client(&witness);
    for (number, size) in [0, 1, 1, 2, 3, 8, 255, 256, 257, 300].into_iter().enumerate() {
        clock.set_seconds(1000 + number as u64);
        assert_eq!(time_of(&ask(&mut client, &tree, size).unwrap()), 1000 + number as u64);
    }
}

#[test]
fn a_clock_that_goes_back_does_not_take_the_time_back() {
    let (computer, clock, tree) = (Computer::default(), ManualClock::at_seconds(5000), Tree::of(1, 9));
    let witness = start(&computer, &clock);
    ask(&mut client(&witness), &tree, 4).unwrap();
    clock.set_seconds(100);
    assert_eq!(time_of(&ask(&mut client(&witness), &tree, 6).unwrap()), 5000);
    // Not after a restart either.
    witness.stop();
    computer.restart(&mut Dice(1));
    let witness = start(&computer, &clock);
    assert_eq!(time_of(&ask(&mut client(&witness), &tree, 7).unwrap()), 5000);
    clock.set_seconds(5001);
    assert_eq!(time_of(&ask(&mut client(&witness), &tree, 8).unwrap()), 5001);
}

#[test]
fn a_log_that_forgot_where_the_witness_is_asks_it() {
    let (computer, clock, tree) = (Computer::default(), ManualClock::at_seconds(1000), Tree::of(1, 20));
    let witness = start(&computer, &clock);
    ask(&mut client(&witness), &tree, 13).unwrap();
    // A client that begins from nothing, and one that is behind because another asked meanwhile.
    let mut behind = client(&witness);
    ask(&mut behind, &tree, 13).unwrap();
    ask(&mut client(&witness), &tree, 15).unwrap();
    ask(&mut behind, &tree, 18).unwrap();
}

#[test]
fn a_witness_that_is_ahead_is_noticed() {
    let (computer, clock, tree) = (Computer::default(), ManualClock::at_seconds(1000), Tree::of(1, 20));
    let witness = start(&computer, &clock);
    let mut known = client(&witness);
    ask(&mut known, &tree, 13).unwrap();
    for client in [&mut client(&witness), &mut known] {
        let error = ask(client, &tree, 12).unwrap_err();
        assert!(matches!(error, AskError::Ahead { known: 13, size: 12, .. }), "{error}");
    }
}

#[test]
fn what_a_witness_says_is_checked() {
    let (computer, clock, tree) = (Computer::default(), ManualClock::at_seconds(1000), Tree::of(1, 20));
    let witness = start(&computer, &clock);
    // Another key than the witness's is expected.
    let key = CosignatureSigner::new("witness.example/w1", &[1; 32]).unwrap().verifier_key().clone();
    let mut other = WitnessClient::new(&WitnessAddress { key, url: witness.url() }, PATIENCE).unwrap();
    let error = ask(&mut other, &tree, 5).unwrap_err();
    assert!(matches!(error, AskError::Signature { .. }), "{error}");
    // A fork, which the witness refuses: at the same size and later.
    let fork = Tree::of(2, 20);
    let error = ask(&mut client(&witness), &fork, 5).unwrap_err();
    assert!(matches!(error, AskError::Conflict { known: 5, .. }), "{error}");
    let error = ask(&mut client(&witness), &fork, 9).unwrap_err();
    assert!(matches!(error, AskError::Refused { status: 422, .. }), "{error}");
    // A proof that the log cannot make.
    let note = tree.checkpoint(&log_key(), 9);
    let error = client(&witness).cosign(&note, 9, |_| Err("a tile is missing")).unwrap_err();
    assert!(matches!(error, AskError::Proof { old: 0, .. }), "{error}");
    // Nobody there.
    let url = witness.url();
    witness.stop();
    let key = witness_key().verifier_key().clone();
    let mut gone = WitnessClient::new(&WitnessAddress { key, url }, PATIENCE).unwrap();
    assert!(matches!(ask(&mut gone, &tree, 9).unwrap_err(), AskError::Connect(_)));
}

#[test]
fn its_key_can_be_asked_for() {
    let witness = start(&Computer::default(), &ManualClock::default());
    let answer = get(witness.address(), "/witness.vkey");
    assert_eq!(answer.text(), format!("{}\n", witness_key().verifier_key()));
    assert_eq!(get(witness.address(), "/health").text(), "ok\n");
}
