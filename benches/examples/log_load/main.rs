//! The commitment log under load, beside what the machine can do: rows of a Markdown table.
//!
//! `cargo run --release -p candor-benches --example log_load -- append FOLDER 1,16,1000 10` (agents, seconds a row);
//! `... -- http FOLDER 1,16,64 10` (clients, seconds a row; then an honest client beside a flood of a hundred times its
//! rate); `... -- memory FOLDER 1000000` (entries; resident memory as the log grows). FOLDER is on the disk that is to be
//! measured; it must not exist and is left for inspection.

mod agents;
mod closed_loop;
mod http;
mod limits;

use agents::{HeaderChain, program};
use candor_log::FileSystem;
use candor_log::pipeline::{Log, LogSettings, SubmitError};
use candor_trace::tlog::NoteSigner;
use closed_loop::Outcome;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

type Failed = Box<dyn Error + Send + Sync>;

/// Length of a frame without a body: length, hash, kind, entry length, entry.
const FRAME_BYTES: usize = 36 + 3 + candor_trace::entry::ENTRY_BYTES;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize, default: &'static str| arguments.get(index).map_or(default, String::as_str);
    let folder = Path::new(argument(1, "log-load"));
    if folder.exists() {
        return Err(format!("{} exists: name a new folder", folder.display()).into());
    }
    std::fs::create_dir_all(folder)?;
    match argument(0, "append") {
        "append" => {
            let counts: Vec<usize> =
                argument(2, "1,16,1000").split(',').map(str::parse).collect::<Result<_, _>>()?;
            append(folder, &counts, Duration::from_secs(argument(3, "10").parse()?))
        }
        "http" => {
            let counts: Vec<usize> =
                argument(2, "1,16,64").split(',').map(str::parse).collect::<Result<_, _>>()?;
            over_http(folder, &counts, Duration::from_secs(argument(3, "10").parse()?))
        }
        "memory" => memory(folder, argument(2, "1000000").parse()?),
        other => Err(format!("{other:?} is neither append nor http nor memory").into()),
    }
}

fn create(folder: &Path) -> Result<Log<FileSystem>, Failed> {
    let signer = NoteSigner::new("log.example/load", &[7; 32])?;
    Ok(Log::create(FileSystem::at(folder), LogSettings::default(), signer)?)
}

fn append(folder: &Path, counts: &[usize], time: Duration) -> Result<(), Failed> {
    println!(
        "| agents | bodies | durable a second | processor us a record | p50 ms | p99 | p99.9 | published, p50 ms | p99 | records | refused |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let mut row = 0;
    for bodies in [false, true] {
        for &agents in counts {
            // More than a machine of this kind can take in the time.
            let records = (8_000 * time.as_secs() as usize / agents).max(1) + 1;
            let mut agents = if bodies {
                agents::with_bodies(agents, records)?
            } else {
                agents::without_bodies(agents, records)?
            };
            let log = create(&folder.join(row.to_string()))?;
            row += 1;
            let before = processor_seconds();
            let outcome = closed_loop::run(&log, &mut agents, time)?;
            let processor = processor_seconds().zip(before).map(|(after, before)| after - before);
            print_row(agents.len(), bodies, &outcome, processor);
            log.shut_down()?;
        }
    }
    println!();
    println!("| the machine, in the same run | |");
    println!("|---|---|");
    for group in [1, 16, 256, 1000] {
        let appends = limits::synced_appends(folder, FRAME_BYTES, group)?;
        println!("| raw appends of {FRAME_BYTES} bytes, {group} to a sync | {appends:.0} a second |");
    }
    let limits::Checks { recovered, prepared, linked } = limits::checks()?;
    println!("| signers recovered, two threads | {recovered:.0} a second |");
    println!("| signatures of known agents checked, two threads | {prepared:.0} a second |");
    println!("| the same, and links checked (Poseidon), two threads | {linked:.0} a second |");
    println!("| SHA-256, one thread | {:.0} MB/s |", limits::sha256_megabytes());
    Ok(())
}

fn over_http(folder: &Path, counts: &[usize], time: Duration) -> Result<(), Failed> {
    println!("| clients over HTTP | durable a second | p50 ms | p99 | p99.9 | records |");
    println!("|---|---|---|---|---|---|");
    for &clients in counts {
        let folder = folder.join(format!("clients-{clients}"));
        let outcome = http::run(create(&folder)?, &folder, clients, time)?;
        print_http(&clients.to_string(), &outcome);
    }
    println!();
    println!("| 10 records a second | durable a second | p50 ms | p99 | p99.9 | records |");
    println!("|---|---|---|---|---|---|");
    for (name, flooded) in [("alone", false), ("beside a flood", true)] {
        let folder = folder.join(if flooded { "flooded" } else { "alone" });
        let (outcome, refused) = http::flood(create(&folder)?, &folder, (10, time), flooded)?;
        print_http(name, &outcome);
        println!("refused a second: {refused:.0}");
    }
    Ok(())
}

fn print_http(name: &str, outcome: &http::Outcome) {
    println!(
        "| {name} | {:.0} | {:.2} | {:.2} | {:.2} | {} |",
        outcome.appended as f64 / outcome.seconds,
        percentile(&outcome.durable, 0.5),
        percentile(&outcome.durable, 0.99),
        percentile(&outcome.durable, 0.999),
        outcome.appended
    );
}

/// Milliseconds below which such a part of the sorted times lies.
fn percentile(times: &[f64], part: f64) -> f64 {
    let index = (times.len() as f64 * part) as usize;
    times.get(index.min(times.len().saturating_sub(1))).map_or(f64::NAN, |seconds| seconds * 1e3)
}

/// What all threads of this process have used of the processors, on Linux.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // User and system time, in hundredths of a second.
    let hundredths = |place: usize| fields.get(place)?.parse::<f64>().ok();
    Some((hundredths(11)? + hundredths(12)?) / 100.0)
}

fn print_row(agents: usize, bodies: bool, outcome: &Outcome, processor: Option<f64>) {
    println!(
        "| {agents} | {} | {:.0} | {:.0} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} | {} | {} |",
        if bodies { "yes" } else { "no" },
        outcome.appended as f64 / outcome.seconds,
        processor.map_or(f64::NAN, |seconds| seconds * 1e6 / outcome.appended as f64),
        percentile(&outcome.durable, 0.5),
        percentile(&outcome.durable, 0.99),
        percentile(&outcome.durable, 0.999),
        percentile(&outcome.published, 0.5),
        percentile(&outcome.published, 0.99),
        outcome.appended,
        outcome.refused,
    );
}

/// Appends sixteen agents' records without bodies, as many as wanted, and prints memory and speed on the way. Two threads
/// sign and hand in.
fn memory(folder: &Path, entries: u64) -> Result<(), Failed> {
    let log = create(&folder.join("log"))?;
    let program = program();
    let mut chains =
        (0..16).map(|number| HeaderChain::new(&program, number)).collect::<Result<Vec<_>, _>>()?;
    for chain in &chains {
        log.register(chain.registration.clone())?;
    }
    println!("| entries | seconds | resident MB | highest so far | files' MB | bytes an entry |");
    println!("|---|---|---|---|---|---|");
    let (start, mut done) = (Instant::now(), 0_u64);
    let stops = [1, 3, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map(|part| entries * part / 100);
    for stop in stops {
        let rounds = (stop - done) / chains.len() as u64;
        let (some, others) = chains.split_at_mut(8);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| hand_in_headers(&log, others, rounds));
            hand_in_headers(&log, some, rounds)?;
            other.join().map_err(|_| "a thread that hands in panicked")?
        })?;
        done += rounds * chains.len() as u64;
        log.wait_published(done - 1, Duration::from_secs(600))?;
        let bytes = folder_bytes(&folder.join("log"))?;
        println!(
            "| {done} | {:.0} | {} | {} | {:.0} | {:.0} |",
            start.elapsed().as_secs_f64(),
            memory_megabytes("VmRSS:"),
            memory_megabytes("VmHWM:"),
            bytes as f64 / 1e6,
            bytes as f64 / done as f64
        );
    }
    log.shut_down()?;
    Ok(())
}

/// So many records of each chain, in turn; the last of each is durable on return.
fn hand_in_headers(log: &Log<FileSystem>, chains: &mut [HeaderChain], rounds: u64) -> Result<(), Failed> {
    let mut last = Vec::new();
    for _ in 0..rounds {
        last.clear();
        for chain in &mut *chains {
            let submission = chain.next_submission();
            last.push(loop {
                match log.submit(submission.clone()) {
                    Ok(pending) => break pending,
                    Err(SubmitError::QueueFull { .. } | SubmitError::Backlog { .. }) => {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    Err(error) => return Err(error.into()),
                }
            });
        }
    }
    for pending in last {
        pending.wait()?;
    }
    Ok(())
}

/// Memory of this process in RAM, on Linux: `VmRSS:` now, `VmHWM:` the most so far.
fn memory_megabytes(field: &str) -> String {
    let kibibytes = || {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()
    };
    kibibytes().map_or("-".into(), |kibibytes| format!("{:.0}", kibibytes * 1024.0 / 1e6))
}

fn folder_bytes(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // The log renames drafts and drops old partial tiles while this counts.
        let metadata = match entry.metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            metadata => metadata?,
        };
        bytes += if metadata.is_dir() { folder_bytes(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
