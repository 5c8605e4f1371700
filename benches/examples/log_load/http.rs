//! The same through HTTP on the loopback: client, server and log share the machine's cores.

use crate::agents::{self, Whole};
use candor_log::FileSystem;
use candor_log::http::server::{Rate, Rates, RunningLog, ServerSettings, SystemClock, serve_log};
use candor_log::http::{LogClient, Patience, RecordState, fetch_key};
use candor_log::pipeline::Log;
use std::error::Error;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

type Failed = Box<dyn Error + Send + Sync>;

const PATIENCE: Patience = Patience { connect: Duration::from_secs(5), whole: Duration::from_secs(60) };
const NO_LIMIT: Rate = Rate { per_second: 1_000_000, burst: 1_000_000 };
const NO_BYTE_LIMIT: Rate = Rate { per_second: 1_000_000_000, burst: u32::MAX };

fn serve(
    log: Log<FileSystem>,
    folder: &Path,
    agents: &[Whole],
    rates: Rates,
) -> Result<RunningLog<FileSystem>, Failed> {
    for agent in agents {
        log.register(agent.registration.clone())?;
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let settings = ServerSettings { rates, ..ServerSettings::default() };
    Ok(serve_log(log, FileSystem::at(folder), Arc::new(SystemClock), listener, settings, Arc::default())?)
}

fn client(url: &str) -> Result<LogClient, Failed> {
    Ok(LogClient::new(url, fetch_key(url, PATIENCE)?, PATIENCE)?)
}

/// What came of it: acknowledged a second, and sorted times in seconds.
pub(crate) struct Outcome {
    pub(crate) appended: u64,
    pub(crate) seconds: f64,
    pub(crate) durable: Vec<f64>,
}

/// So many clients, each an agent, hand in one record after the other until the time is over.
pub(crate) fn run(
    log: Log<FileSystem>,
    folder: &Path,
    clients: usize,
    time: Duration,
) -> Result<Outcome, Failed> {
    let agents = agents::whole(clients, (3_000 * time.as_secs() as usize / clients).max(1) + 1)?;
    let rates = Rates { agent: NO_LIMIT, agent_bytes: NO_BYTE_LIMIT, total: NO_LIMIT, address: NO_LIMIT };
    let server = serve(log, folder, &agents, rates)?;
    let url = server.url();
    let start = Instant::now();
    let durable = std::thread::scope(|scope| {
        let hands: Vec<_> = agents
            .iter()
            .map(|agent| {
                let url = &url;
                scope.spawn(move || -> Result<Vec<f64>, Failed> {
                    let client = client(url)?;
                    let mut times = Vec::new();
                    for record in &agent.records {
                        if start.elapsed() >= time {
                            break;
                        }
                        let begun = Instant::now();
                        client.submit(
                            &agent.key,
                            &agent.registration.domain,
                            record,
                            RecordState::Sequenced,
                        )?;
                        times.push(begun.elapsed().as_secs_f64());
                    }
                    Ok(times)
                })
            })
            .collect();
        let mut all = Vec::new();
        for hand in hands {
            all.extend(hand.join().map_err(|_| "a client panicked")??);
        }
        Ok::<_, Failed>(all)
    });
    let (mut durable, seconds) = (durable?, start.elapsed().as_secs_f64());
    durable.sort_by(f64::total_cmp);
    server.stop()?;
    Ok(Outcome { appended: durable.len() as u64, seconds, durable })
}

/// An honest agent that hands in so many records a second, beside four connections of one that sends as fast as it can;
/// limits as by default, but for that of refused requests of one address, which both share here. The honest agent's times, and how many requests of the flood were refused a second.
pub(crate) fn flood(
    log: Log<FileSystem>,
    folder: &Path,
    (per_second, time): (u64, Duration),
    flooded: bool,
) -> Result<(Outcome, f64), Failed> {
    let agents = agents::whole(2, (per_second * time.as_secs()).max(400) as usize)?;
    let rates = Rates { address: NO_LIMIT, ..ServerSettings::default().rates };
    let server = serve(log, folder, &agents, rates)?;
    let [honest, hostile] = agents.as_slice() else { return Err("two agents".into()) };
    let (url, over, refused) = (server.url(), AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    let durable = std::thread::scope(|scope| {
        for _ in 0..if flooded { 4 } else { 0 } {
            scope.spawn(|| {
                let Ok(client) = client(&url) else { return };
                // Whatever it is told, it sends again.
                while !over.load(Ordering::Relaxed) {
                    for record in &hostile.records {
                        let domain = &hostile.registration.domain;
                        let sent = client.submit(&hostile.key, domain, record, RecordState::Sequenced);
                        refused.fetch_add(u64::from(sent.is_err()), Ordering::Relaxed);
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                }
            });
        }
        let client = client(&url)?;
        let (mut times, pause) = (Vec::new(), Duration::from_secs(1) / per_second as u32);
        for (number, record) in honest.records.iter().enumerate() {
            if start.elapsed() >= time {
                break;
            }
            std::thread::sleep((pause * number as u32).saturating_sub(start.elapsed()));
            let begun = Instant::now();
            let sent =
                client.submit(&honest.key, &honest.registration.domain, record, RecordState::Sequenced);
            over.store(sent.is_err(), Ordering::Relaxed);
            sent?;
            times.push(begun.elapsed().as_secs_f64());
        }
        over.store(true, Ordering::Relaxed);
        Ok::<_, Failed>(times)
    });
    let (mut durable, seconds) = (durable?, start.elapsed().as_secs_f64());
    durable.sort_by(f64::total_cmp);
    server.stop()?;
    let refused = refused.load(Ordering::Relaxed) as f64 / seconds;
    Ok((Outcome { appended: durable.len() as u64, seconds, durable }, refused))
}
