//! How many records a second a log makes durable, with agents that each wait for their record before the next.
//!
//! `cargo run --release -p candor-log --example append_rate -- FOLDER AGENTS RECORDS`: prints durable records a second,
//! the time until all are published, and how that time is spent.

use candor_log::FileSystem;
use candor_log::pipeline::{Log, LogSettings, Registration, Submission};
use candor_program::card::Domain;
use candor_program::encoding::FrBytes;
use candor_trace::tlog::NoteSigner;
use candor_trace::{AgentKey, Header, Link, SignedHeader};
use std::path::Path;
use std::time::{Duration, Instant};

struct Chain {
    registration: Registration,
    submissions: Vec<Submission>,
}

fn chain(number: usize, records: usize) -> Chain {
    let mut secret = [1; 32];
    secret[..8].copy_from_slice(&(number as u64 + 1).to_be_bytes());
    let key = AgentKey::from_bytes(&secret).expect("in range");
    let domain = Domain { chain_id: 1, verifying_contract: [2; 20] };
    let registration = Registration {
        agent: key.address(),
        domain,
        program_id: [3; 32],
        program_fr: FrBytes([0; 32]),
        initial_state: FrBytes([0; 32]),
    };
    let mut link: Link = registration.first_link();
    let mut submissions = Vec::with_capacity(records);
    for _ in 0..records {
        let mut header = Header {
            program_id: link.program_id(),
            agent: link.agent(),
            sequence: link.sequence(),
            time: link.time(),
            previous_record: link.previous_record(),
            state_before: link.state(),
            observations: FrBytes([0; 32]),
            evidence: FrBytes([0; 32]),
            requested: 0,
            verdict: 0,
            executed: 0,
            state_after: link.state(),
            transaction: [0; 32],
            execution: [0; 32],
            acc: FrBytes([0; 32]),
        };
        header.acc = link.next_acc(&header);
        let record_hash = header.record_hash(&domain);
        let signature = key.sign(&record_hash);
        link = link.next(&header, record_hash);
        let signed = SignedHeader { header, signature };
        submissions.push(Submission { domain, signed, body_hash: record_hash, body: None });
    }
    Chain { registration, submissions }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, agents, records] = arguments.as_slice() else {
        eprintln!("usage: append_rate FOLDER AGENTS RECORDS");
        std::process::exit(2);
    };
    let agents: usize = agents.parse().expect("a number of agents");
    let records: usize = records.parse().expect("a number of records");
    let start = Instant::now();
    let chains: Vec<Chain> = (0..agents).map(|number| chain(number, records.div_ceil(agents))).collect();
    let total: usize = chains.iter().map(|chain| chain.submissions.len()).sum();
    println!("made {total} records in {:?}", start.elapsed());
    let signer = NoteSigner::new("log.example/rate", &[7; 32]).expect("a name");
    let settings = LogSettings { queue_limit_records: 100_000, ..LogSettings::default() };
    let log = Log::create(FileSystem::at(Path::new(folder)), settings, signer).expect("created");
    let registrations = chains.iter().map(|chain| chain.registration.clone()).collect();
    log.register_all(registrations).expect("registered");
    let start = Instant::now();
    std::thread::scope(|scope| {
        for chain in chains {
            let log = &log;
            std::thread::Builder::new()
                .stack_size(256 << 10)
                .spawn_scoped(scope, move || {
                    for submission in chain.submissions {
                        log.submit(submission).expect("accepted").wait().expect("durable");
                    }
                })
                .expect("a thread");
        }
    });
    let durable = start.elapsed();
    log.wait_published(total as u64 - 1, Duration::from_secs(600)).expect("published");
    let published = start.elapsed();
    let rate = total as f64 / durable.as_secs_f64();
    println!("{agents} agents: {rate:.0} durable records a second; all published after {published:?}");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(line) = status.lines().find(|line| line.starts_with("VmHWM")) {
        println!("{line}");
    }
}
