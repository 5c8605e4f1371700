//! Agents that hand in their next record as soon as the one before is durable.

use crate::agents::Agent;
use candor_log::FileSystem;
use candor_log::pipeline::{Log, SubmitError};
use std::collections::VecDeque;
use std::error::Error;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// One record in so many is followed until it is published.
const FOLLOW_ONE_IN: u64 = 64;

/// What came of it. Times in seconds, sorted.
pub(crate) struct Outcome {
    pub(crate) appended: u64,
    pub(crate) seconds: f64,
    /// From handing in to durable.
    pub(crate) durable: Vec<f64>,
    /// From handing in to published, of some.
    pub(crate) published: Vec<f64>,
    /// How often the queue was full.
    pub(crate) refused: u64,
}

struct Worker {
    appended: u64,
    durable: Vec<f64>,
    refused: u64,
}

/// Runs all agents to their last record, or until the time is over; two threads check and hand in.
pub(crate) fn run(
    log: &Log<FileSystem>,
    agents: &mut [Agent],
    time: Duration,
) -> Result<Outcome, Box<dyn Error + Send + Sync>> {
    for agent in &*agents {
        log.register(agent.registration.clone())?;
    }
    let threads = agents.len().min(2);
    let (followed, follow) = channel();
    let start = Instant::now();
    let (workers, published) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(log, follow));
        let share = agents.len().div_ceil(threads);
        let handles: Vec<_> = agents
            .chunks_mut(share)
            .map(|agents| {
                let followed = followed.clone();
                scope.spawn(move || hand_in(log, agents, (start, time), &followed))
            })
            .collect();
        drop(followed);
        let workers: Vec<_> = handles.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        (workers, watcher.join())
    });
    let mut outcome = Outcome {
        appended: 0,
        seconds: start.elapsed().as_secs_f64(),
        durable: Vec::new(),
        published: published.map_err(|_| "the watching thread panicked")?,
        refused: 0,
    };
    let mut latest = 0.0_f64;
    for worker in workers {
        let (worker, seconds) = worker.map_err(|_| "a thread that hands in panicked")??;
        outcome.appended += worker.appended;
        outcome.refused += worker.refused;
        outcome.durable.extend(worker.durable);
        latest = latest.max(seconds);
    }
    outcome.seconds = latest;
    outcome.durable.sort_by(f64::total_cmp);
    outcome.published.sort_by(f64::total_cmp);
    Ok(outcome)
}

type Notice = (usize, Result<(u64, Instant), String>, f64);

fn hand_in(
    log: &Log<FileSystem>,
    agents: &mut [Agent],
    (start, time): (Instant, Duration),
    followed: &Sender<(u64, Instant)>,
) -> Result<(Worker, f64), Box<dyn Error + Send + Sync>> {
    let (noticed, notices): (Sender<Notice>, Receiver<Notice>) = channel();
    let mut worker = Worker { appended: 0, durable: Vec::new(), refused: 0 };
    let mut waiting = 0_usize;
    let mut ready: VecDeque<usize> = (0..agents.len()).collect();
    loop {
        while let Some(number) = ready.pop_front() {
            let Some(agent) = agents.get_mut(number).filter(|_| start.elapsed() < time) else { continue };
            let Some(submission) = agent.submissions.front() else { continue };
            let begun = Instant::now();
            match log.submit(submission.clone()) {
                Ok(pending) => {
                    let noticed = noticed.clone();
                    pending.notify(move |result| {
                        let seconds = begun.elapsed().as_secs_f64();
                        let result =
                            result.map(|done| (done.index, begun)).map_err(|error| error.to_string());
                        // The receiver outlives all notices.
                        let _ = noticed.send((number, result, seconds));
                    });
                    agent.submissions.pop_front();
                    waiting += 1;
                }
                Err(SubmitError::QueueFull { .. } | SubmitError::Backlog { .. }) => {
                    worker.refused += 1;
                    ready.push_front(number);
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(error) => return Err(error.into()),
            }
            // What is durable meanwhile goes on, in turn.
            if waiting >= agents.len() {
                break;
            }
        }
        if waiting == 0 {
            return Ok((worker, start.elapsed().as_secs_f64()));
        }
        let first = notices.recv()?;
        for (number, result, seconds) in std::iter::once(first).chain(notices.try_iter()) {
            let (index, begun) = result?;
            worker.appended += 1;
            worker.durable.push(seconds);
            if index.is_multiple_of(FOLLOW_ONE_IN) {
                followed.send((index, begun))?;
            }
            waiting -= 1;
            ready.push_back(number);
        }
    }
}

fn watch(log: &Log<FileSystem>, follow: Receiver<(u64, Instant)>) -> Vec<f64> {
    let mut times = Vec::new();
    for (index, begun) in follow {
        if log.wait_published(index, Duration::from_secs(60)).is_ok_and(|published| published) {
            times.push(begun.elapsed().as_secs_f64());
        }
    }
    times
}
