//! Processes that are killed (kill -9) at random moments while several agents hand in records.
//!
//! The test starts itself again as the child. What the child says on its standard output, it was told by the log: those
//! acknowledgements and signed checkpoints must hold for ever. A child that is killed early dies while it recovers from the
//! one before.

use crate::disk::Dice;
use crate::full;
use crate::world::{Agents, Told, signed_records};
use candor_log::FileSystem;
use candor_trace::SignedRecord;
use candor_trace::tlog::{Checkpoint, Hash};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where the child finds its log.
const FOLDER: &str = "CANDOR_KILL_FOLDER";
/// From which record on the child hands in.
const FROM: &str = "CANDOR_KILL_FROM";

/// Set once a child said that the log was created.
const CREATED: &str = "CANDOR_KILL_CREATED";

/// Where the child finds its records: making them takes longer than a child mostly lives.
const RECORDS: &str = "CANDOR_KILL_RECORDS";

/// A lane that begins a child holds it alone, a lane that has a log open shares it: between its birth and its own program a child has
/// copies of every open file of this process, and with them the locks of logs that other lanes look at.
static FORK: RwLock<()> = RwLock::new(());

/// The child: says what it is told, until it is killed or done.
#[test]
#[ignore = "started by the test below, to be killed"]
fn child() {
    let variables = (std::env::var(FOLDER), std::env::var(FROM), std::env::var(RECORDS));
    let (Ok(folder), Ok(from), Ok(records)) = variables else { return };
    let from: usize = from.parse().expect("a number");
    let records: Vec<SignedRecord> =
        borsh::from_slice(&std::fs::read(records).expect("readable")).expect("records");
    let agents = Agents::of(&records);
    let mut told = Told::default();
    told.created = std::env::var_os(CREATED).is_some();
    say("begun");
    let disk = || FileSystem::at(Path::new(&folder));
    let log = told.open_saying(disk, |checkpoint| {
        say(&format!("signed {} {}", checkpoint.size(), hex::encode(checkpoint.root().0)));
    });
    let log = log.expect("opens");
    say("opened");
    for registration in &agents.registrations {
        log.register(registration.clone()).expect("registered");
    }
    let all = agents.records.iter().enumerate().skip(from);
    for group in all.collect::<Vec<_>>().chunks(6) {
        let mut waiting = Vec::new();
        for (record, honest) in group {
            waiting.push((record, log.submit(honest.submission.clone()).expect("honest")));
        }
        for (record, pending) in waiting {
            let index = pending.wait().expect("durable").index;
            say(&format!("acknowledged {record} {index}"));
        }
    }
    log.shut_down().expect("shut down");
    say("done");
}

/// One line, one write: a kill does not tear it.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("> {line}\n").as_bytes()).and_then(|()| out.flush()).expect("the parent listens");
}

/// What a child said before it died.
fn hear(line: &str, told: &mut Told) -> Option<()> {
    let mut words = line.strip_prefix("> ")?.split(' ');
    match words.next()? {
        "opened" => told.created = true,
        "acknowledged" => {
            let (record, index) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            if let Some(first) = told.acknowledged.insert(record, index) {
                assert_eq!(first, index, "record {record} moved");
            }
        }
        "signed" => {
            let size = words.next()?.parse().ok()?;
            let root = hex::decode(words.next()?).ok()?.try_into().ok()?;
            let checkpoint = Checkpoint::new(crate::world::ORIGIN, size, Hash(root)).ok()?;
            told.remembered.note(&checkpoint).expect("no fork");
        }
        _ => {}
    }
    Some(())
}

/// Starts a child and kills it after so many lines and then so many microseconds.
fn run_and_kill((folder, records): (&Path, &Path), from: usize, told: &mut Told, dice: &mut Dice) -> bool {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    if told.created {
        command.env(CREATED, "yes");
    }
    let alone = FORK.write().expect("no lane panicked");
    let mut child = command
        .args(["kill::child", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(FROM, from.to_string())
        .env(RECORDS, records)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    drop(alone);
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    // "begun" is said after the child made its records: before that there is nothing to kill.
    let (until, more) = (1 + dice.roll(30), Duration::from_micros(dice.roll(5_000)));
    let (mut heard, mut done) = (0, false);
    while heard < until {
        let Some(Ok(line)) = lines.next() else { break };
        done |= line == "> done";
        heard += u64::from(hear(&line, told).is_some());
    }
    std::thread::sleep(more);
    child.kill().expect("ours");
    child.wait().expect("ours");
    // What it said before it died was said.
    for line in lines.map_while(Result::ok) {
        done |= line == "> done";
        hear(&line, told);
    }
    done
}

/// Logs that are killed beside each other: a killed process mostly waits for the disk, or its parent for it.
const LANES: u64 = 4;

/// What all lanes did so far.
#[derive(Default)]
struct Done {
    killed: AtomicU64,
    acknowledged: AtomicU64,
    logs: AtomicU64,
}

impl std::fmt::Display for Done {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [killed, acknowledged, logs] =
            [&self.killed, &self.acknowledged, &self.logs].map(|count| count.load(Ordering::Relaxed));
        write!(formatter, "{killed} kills, {acknowledged} records acknowledged, {logs} logs")
    }
}

/// So many kills, of one log after the other.
fn kill_many(runs: u64, (agents, records): (&Agents, &Path), mut dice: Dice, done: &Done) {
    let mut killed = 0;
    while killed < runs {
        let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the build folder is writable");
        let folder = place.path().join("log");
        let mut told = Told::default();
        done.logs.fetch_add(1, Ordering::Relaxed);
        let mut ended = false;
        while !ended && killed < runs {
            // Some records again, so that the same ones are handed in twice.
            let from = told.acknowledged.len().saturating_sub(dice.roll(8) as usize);
            let before = told.acknowledged.len();
            ended = run_and_kill((&folder, records), from, &mut told, &mut dice);
            killed += u64::from(!ended);
            let acknowledged = (told.acknowledged.len() - before) as u64;
            done.acknowledged.fetch_add(acknowledged, Ordering::Relaxed);
            let all = done.killed.fetch_add(u64::from(!ended), Ordering::Relaxed) + u64::from(!ended);
            if dice.roll(8) == 0 {
                let _open = FORK.read().expect("no lane panicked");
                told.check_some(|| FileSystem::at(&folder), agents)
                    .unwrap_or_else(|v| panic!("kill {all}: {v:?}"));
            }
            if !ended && all.is_multiple_of(100) && full() {
                println!("{done}");
            }
        }
        let _open = FORK.read().expect("no lane panicked");
        told.check(|| FileSystem::at(&folder), agents)
            .unwrap_or_else(|v| panic!("after kill {killed} of a lane: {v:?}"));
    }
}

#[test]
fn processes_that_are_killed_lose_nothing_acknowledged() {
    let runs = if full() { 10_000 } else { 12 };
    // Enough for some dozen runs; then a new log begins.
    let signed = signed_records(4, 50);
    let agents = Agents::of(&signed);
    let files = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the build folder is writable");
    let records = files.path().join("records");
    std::fs::write(&records, borsh::to_vec(&signed).expect("records")).expect("writable");
    let done = Done::default();
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let (agents, records, done) = (&agents, &records, &done);
            scope.spawn(move || kill_many(runs / LANES, (agents, records), Dice(7 + lane), done));
        }
    });
    println!("{done}: nothing lost, no fork");
    assert_eq!(done.killed.load(Ordering::Relaxed), runs);
    assert!(done.acknowledged.load(Ordering::Relaxed) > 0);
}
