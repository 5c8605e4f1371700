//! Delivering beside the agent: it goes on while the log cannot be reached.

use crate::disk::Disk;
use crate::http::back_off::BackOff;
use crate::http::delivery::{Delivery, DeliveryError};
use crate::read::FileLogReader;
use candor_trace::SignedRecord;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Records that are kept in memory for delivery; what is older is read from the outbox again.
const MAX_QUEUED: usize = 256;

/// Told of each attempt that failed, and when the next one is; `None`: there is none.
pub type DeliveryObserver = dyn FnMut(&DeliveryError, Option<Duration>) + Send;

/// A thread that delivers.
pub struct BackgroundDelivery {
    shared: Arc<Shared>,
    thread: JoinHandle<Option<DeliveryError>>,
}

/// How far a delivery came.
#[derive(Debug)]
pub struct Finished {
    /// Records that the log has acknowledged, from the first.
    pub delivered: u64,
    /// Records that wait in the outbox.
    pub waiting: u64,
    /// What kept it from going on, if that will not pass by itself.
    pub error: Option<DeliveryError>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Records in the outbox.
    durable: u64,
    delivered: u64,
    /// The last of them, without gaps.
    queue: VecDeque<SignedRecord>,
    /// When to give up.
    deadline: Option<Instant>,
}

impl Shared {
    fn hold(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Waits for something to deliver; `None`: there is nothing more, or no time.
    fn next(&self, delivered: u64) -> Option<Next> {
        let mut state = self.hold();
        state.delivered = delivered;
        loop {
            if state.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return None;
            }
            if state.durable > delivered {
                while state.queue.front().is_some_and(|record| record.header.sequence < delivered) {
                    state.queue.pop_front();
                }
                let follows = state.queue.front().is_some_and(|record| record.header.sequence == delivered);
                let record = if follows { state.queue.pop_front() } else { None };
                return Some(record.map_or(Next::Outbox, |record| Next::Record(Box::new(record))));
            }
            if state.deadline.is_some() {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
    /// Waits before another attempt; `false` if there is no time for one.
    fn pause(&self, wait: Duration) -> bool {
        let end = Instant::now() + wait;
        let mut state = self.hold();
        loop {
            let now = Instant::now();
            match state.deadline {
                Some(deadline) if end >= deadline => return false,
                _ if now >= end => return true,
                _ => {}
            }
            let waited = self.changed.wait_timeout(state, end - now);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
    fn over(&self) -> bool {
        self.hold().deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

enum Next {
    Record(Box<SignedRecord>),
    Outbox,
}

impl BackgroundDelivery {
    /// Begins with what waits in the outbox, a [`crate::FileLog`] in this directory.
    #[must_use]
    pub fn start<D: Disk>(
        delivery: Delivery<D>,
        outbox: PathBuf,
        records: u64,
        observer: Box<DeliveryObserver>,
    ) -> Self {
        let state = State { durable: records, delivered: delivery.delivered(), ..State::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let back_off = BackOff::new(&delivery.agent());
        let courier = Courier { shared: Arc::clone(&shared), delivery, outbox, observer, back_off };
        Self { shared, thread: std::thread::spawn(move || courier.run()) }
    }
    /// These records are durable in the outbox now. It never waits.
    pub fn offer(&self, records: &[SignedRecord]) {
        let mut state = self.shared.hold();
        for record in records {
            if state.queue.len() >= MAX_QUEUED {
                // From the first one that is missing the outbox is read.
                state.queue.clear();
            }
            state.queue.push_back(record.clone());
            state.durable = record.header.sequence.saturating_add(1);
        }
        self.shared.changed.notify_all();
    }
    /// Gives what waits so much time, and ends. A request under way is waited for beyond that.
    #[must_use]
    pub fn finish(self, patience: Duration) -> Finished {
        self.shared.hold().deadline = Some(Instant::now() + patience);
        self.shared.changed.notify_all();
        // A panic was printed; what it did not deliver waits in the outbox.
        let error = self.thread.join().unwrap_or_default();
        let state = self.shared.hold();
        Finished { delivered: state.delivered, waiting: state.durable.saturating_sub(state.delivered), error }
    }
}

struct Courier<D: Disk> {
    shared: Arc<Shared>,
    delivery: Delivery<D>,
    outbox: PathBuf,
    observer: Box<DeliveryObserver>,
    back_off: BackOff,
}

impl<D: Disk> Courier<D> {
    fn run(mut self) -> Option<DeliveryError> {
        let ended = self.deliver();
        let written = self.delivery.write_mark();
        self.shared.hold().delivered = self.delivery.delivered();
        ended.err().or(written.err())
    }
    fn deliver(&mut self) -> Result<(), DeliveryError> {
        while let Some(next) = self.shared.next(self.delivery.delivered()) {
            let delivered = match next {
                // Nothing is handed in before the log has said how far the chain has come.
                _ if !self.delivery.is_checked() => self.check_head().and_then(|()| self.deliver_outbox()),
                Next::Record(record) => self.delivery.deliver_record(&record).or_else(|error| match &error {
                    // The log asks for earlier ones.
                    DeliveryError::Client { source, .. } if source.expected_sequence().is_some() => {
                        self.deliver_outbox()
                    }
                    _ => Err(error),
                }),
                Next::Outbox => self.deliver_outbox(),
            };
            match delivered {
                Ok(()) => self.back_off.reset(),
                Err(error) if error.is_temporary() => {
                    // The mark is worth its sync now: nothing else is to be done.
                    self.delivery.write_mark()?;
                    let wait = self.back_off.after_failure(error.retry_after());
                    (self.observer)(&error, Some(wait));
                    if !self.shared.pause(wait) {
                        return Ok(());
                    }
                }
                Err(error) => {
                    (self.observer)(&error, None);
                    return Err(error);
                }
            }
        }
        Ok(())
    }
    /// The answer comes first: what is appended meanwhile is in the outbox that it is compared with.
    fn check_head(&mut self) -> Result<(), DeliveryError> {
        let (outbox, _) = FileLogReader::open(&self.outbox)?;
        let head = self.delivery.ask_head(&outbox)?;
        let (outbox, _) = FileLogReader::open(&self.outbox)?;
        self.delivery.check_head(head.as_ref(), &outbox)
    }
    fn deliver_outbox(&mut self) -> Result<(), DeliveryError> {
        let (outbox, _) = FileLogReader::open(&self.outbox)?;
        let shared = Arc::clone(&self.shared);
        self.delivery.deliver_until(&outbox, |_| shared.over())
    }
}
