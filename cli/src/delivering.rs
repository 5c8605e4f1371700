//! Handing an agent's records to a log of many agents, while it records or later.

use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::key;
use crate::log_keys;
use crate::output::count;
use crate::progress::Progress;
use crate::store::Store;
use candor_log::http::{
    BackOff, BackgroundDelivery, ChainName, ClientError, ConnectError, Delivery, DeliveryError, HeadError,
    LogClient, Patience, PromisesError, fetch_key,
};
use candor_log::{FileLogReader, FileSystem};
use candor_program::card::Card;
use candor_program::digest::ProgramIds;
use candor_trace::SignedRecord;
use candor_trace::tlog::PromiseError;
use clap::Args;
use std::path::Path;
use std::time::{Duration, Instant};

/// One request.
const PATIENCE: Patience = Patience { connect: Duration::from_secs(3), whole: Duration::from_secs(45) };

/// How records are delivered.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct DeliveryArguments {
    /// Verifier key of the log, or a file with it [default: the one that the log names]
    #[arg(long, value_name = "KEY_OR_FILE")]
    pub log_key: Option<String>,
    /// How long deliveries are tried before this command ends without them
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub log_timeout: u64,
}

impl DeliveryArguments {
    /// How long deliveries are tried.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.log_timeout)
    }
    /// A delivery from an outbox to the log at a URL.
    ///
    /// The log's key is the one that is named, or that the log was seen with before, or that it names now.
    pub fn open(
        &self,
        url: &str,
        store: &Store,
        card: &Card,
        directory: &Path,
        outbox: &FileLogReader,
    ) -> Result<Delivery<FileSystem>, Failure> {
        let pinned = directory.join(PINNED_KEY);
        let key = match &self.log_key {
            Some(named) => log_keys::verifier_key(named)?,
            None if pinned.exists() => log_keys::verifier_key(&pinned.to_string_lossy())?,
            None => {
                let key = fetch_key(url, PATIENCE).map_err(|error| error.failure())?;
                let line = format!("{key}\n");
                crate::store::write(&pinned, line.as_bytes(), crate::store::Existing::Keep)?;
                eprintln!("note: from now on {} is this log's key ({})", key, pinned.display());
                key
            }
        };
        let client =
            LogClient::new(url, key, PATIENCE).map_err(|error| ClientError::from(error).failure())?;
        let agent = key::load(&store.key())?;
        let chain = ChainName { domain: card.domain, program_id: ProgramIds::of(card).program_id };
        Delivery::open(client, agent, chain, FileSystem::at(directory), outbox)
            .map_err(|error| error.failure().at(directory.display()))
    }
}

/// File in an outbox with the key of the log that it was first delivered to.
const PINNED_KEY: &str = "log.vkey";

/// Whether this names a log by its URL.
#[must_use]
pub fn is_url(text: &Path) -> bool {
    text.to_str().is_some_and(|text| text.starts_with("http://") || text.starts_with("https://"))
}

/// From where to where records are delivered.
pub struct LogTarget<'a> {
    /// The log.
    pub url: &'a str,
    /// Whether no decision is shown before the log has acknowledged it.
    pub required: bool,
    /// The agent's own log.
    pub directory: &'a Path,
}

/// Who has a record before its decision is shown.
pub enum Delivering {
    /// The agent's own log alone.
    Nobody,
    /// The agent's own log; the log of many agents when it can be reached.
    Beside(BackgroundDelivery, Duration),
    /// Both.
    Required(Box<Delivery<FileSystem>>, Duration),
}

impl Delivering {
    /// [`DeliveryArguments::open`] and the beginning of a delivery; where the log was never seen and is away now, records wait for
    /// another time.
    pub fn open(
        arguments: &DeliveryArguments,
        target: &LogTarget<'_>,
        store: &Store,
        card: &Card,
        outbox: &FileLogReader,
    ) -> Result<Self, Failure> {
        let LogTarget { url, required, directory } = *target;
        let opened = arguments.open(url, store, card, directory, outbox).and_then(|mut delivery| {
            check_head(&mut delivery, required, directory, outbox).map(|()| delivery)
        });
        match opened {
            Ok(delivery) => Self::begin(delivery, required, arguments.timeout(), directory, outbox),
            Err(failure) if !required && failure.class == ExitClass::Unexpected => {
                eprintln!("note: records wait in the outbox: {}", failure.message);
                Ok(Self::Nobody)
            }
            Err(failure) => Err(failure),
        }
    }
    /// Begins to deliver what waits, or makes sure that the log can be reached at all.
    fn begin(
        delivery: Delivery<FileSystem>,
        required: bool,
        timeout: Duration,
        directory: &Path,
        outbox: &FileLogReader,
    ) -> Result<Self, Failure> {
        if required {
            let mut this = Self::Required(Box::new(delivery), timeout);
            this.before_deciding(outbox)?;
            return Ok(this);
        }
        let mut told = false;
        let observer = move |error: &DeliveryError, next: Option<Duration>| {
            // Once, and once more if it will not pass by itself.
            if !told || next.is_none() {
                told = true;
                eprintln!("note: records wait in the outbox: {error}");
            }
        };
        let background =
            BackgroundDelivery::start(delivery, directory.to_owned(), outbox.len(), Box::new(observer));
        Ok(Self::Beside(background, timeout))
    }
    /// Nothing is decided that could not be released afterwards: the log answers, and has all that came before.
    pub fn before_deciding(&mut self, outbox: &FileLogReader) -> Result<(), Failure> {
        let Self::Required(delivery, timeout) = self else { return Ok(()) };
        let checked = if delivery.delivered() < outbox.len() {
            deliver(delivery, outbox, *timeout, &mut |_| ())
        } else {
            let asked = delivery.client().health().map(drop);
            asked.map_err(|error| error.failure())
        };
        checked.map_err(|failure| {
            failure.fix("nothing was decided; try again when the log can be reached (--require-log)")
        })
    }
    /// These records are durable in the agent's own log; after `Ok` their decisions may be shown.
    pub fn recorded(&mut self, records: &[SignedRecord], outbox: &FileLogReader) -> Result<(), Failure> {
        match self {
            Self::Nobody => Ok(()),
            Self::Beside(background, _) => {
                background.offer(records);
                Ok(())
            }
            Self::Required(delivery, timeout) => {
                deliver(delivery, outbox, *timeout, &mut |_| ()).map_err(|failure| {
                    let held_back = count(outbox.len().saturating_sub(delivery.delivered()), "decision");
                    failure.fix(format!(
                        "{held_back} recorded and held back, because the log did not acknowledge: candor log deliver hands \
                         them in; candor inspect shows them"
                    ))
                })
            }
        }
    }
    /// Ends; what could not be delivered waits.
    pub fn finish(self) {
        let Self::Beside(background, timeout) = self else { return };
        let finished = background.finish(timeout);
        if finished.waiting > 0 {
            let waiting = count(finished.waiting, "record");
            eprintln!("note: {waiting} wait in the outbox; candor log deliver hands them in");
        }
    }
}

/// Before anything is signed: the log has nothing of this agent that the outbox does not have. Where the log is away and is
/// not required, that is made up for before the first delivery, when the agent has gone on already.
fn check_head(
    delivery: &mut Delivery<FileSystem>,
    required: bool,
    directory: &Path,
    outbox: &FileLogReader,
) -> Result<(), Failure> {
    let checked = delivery.ask_head(outbox).and_then(|head| delivery.check_head(head.as_ref(), outbox));
    match checked {
        Err(error) if !required && error.is_temporary() => {
            eprintln!("note: whether this is the newest copy of the agent's log was not asked: {error}");
            Ok(())
        }
        other => other.map_err(|error| error.failure().at(directory.display())),
    }
}

/// Delivers all that the outbox has, as often as it takes within the time.
pub fn deliver(
    delivery: &mut Delivery<FileSystem>,
    outbox: &FileLogReader,
    timeout: Duration,
    done: &mut dyn FnMut(u64),
) -> Result<(), Failure> {
    let deadline = Instant::now() + timeout;
    let mut back_off = BackOff::new(&delivery.agent());
    let mut before = delivery.delivered();
    loop {
        let delivered = delivery.deliver_until(outbox, |delivered| {
            done(delivered);
            false
        });
        let error = match delivered {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if delivery.delivered() > before {
            back_off.reset();
            before = delivery.delivered();
        }
        let wait = back_off.after_failure(error.retry_after());
        if !error.is_temporary() || Instant::now() + wait > deadline {
            return Err(error.failure());
        }
        std::thread::sleep(wait);
    }
}

/// [`deliver`] with a progress line.
pub fn deliver_visibly(
    delivery: &mut Delivery<FileSystem>,
    outbox: &FileLogReader,
    timeout: Duration,
) -> Result<(), Failure> {
    let mut progress = Progress::new("delivering records");
    let total = outbox.len();
    deliver(delivery, outbox, timeout, &mut |delivered| progress.at(delivered, total))
}

impl Classify for ClientError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Connect(ConnectError::Url { .. }) => ExitClass::Usage,
            Self::Connect(ConnectError::TooLong { .. }) => ExitClass::Limit,
            Self::Connect(ConnectError::Unreachable { .. }) => ExitClass::Unexpected,
            Self::Busy { status: 429, .. } => ExitClass::Limit,
            Self::Busy { .. } => ExitClass::Unexpected,
            Self::Refused { status: 413, .. } => ExitClass::Limit,
            Self::Refused { status: 400, .. } => ExitClass::Malformed,
            Self::Refused { .. }
            | Self::OtherRecord { .. }
            | Self::OtherPromise { .. }
            | Self::Promise { source: PromiseError::OtherLog | PromiseError::Signature, .. } => {
                ExitClass::Rejected
            }
            Self::Promise { .. } => ExitClass::Malformed,
            Self::Head { source: HeadError::OtherEntry | HeadError::Signature { .. }, .. } => {
                ExitClass::Rejected
            }
            Self::Answer { .. } | Self::Key { .. } | Self::Head { .. } => ExitClass::Malformed,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some(match self {
            Self::Connect(ConnectError::Url { .. }) => {
                "name the log as http://HOST:PORT or https://HOST/PATH"
            }
            Self::Connect(_) | Self::Busy { .. } => {
                "the log is away or busy: try again later; nothing is lost"
            }
            Self::Refused { status: 401, .. } => {
                "the log has another key than is expected (log.vkey in the outbox, or --log-key), or the token is wrong"
            }
            Self::Refused { status: 403, .. } => {
                "ask the log's operator to register the agent: candor log register"
            }
            Self::Refused { status: 409, .. } => {
                "two copies of this agent recorded, or an old copy of its log was continued: find out before going on"
            }
            Self::Refused { .. } => "the log was not written by the recorder, or was changed since",
            Self::Answer { .. } | Self::Key { .. } => "is this the URL of a log?",
            Self::Head { .. }
            | Self::OtherRecord { .. }
            | Self::Promise { .. }
            | Self::OtherPromise { .. } => "do not trust this log",
        })
    }
}

impl Classify for DeliveryError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Client { source, .. } | Self::Head { source } => source.class(),
            Self::Outbox(error) => error.class(),
            Self::Io { .. } => ExitClass::Unexpected,
            Self::Promises(error) => error.class(),
            Self::Malformed { .. } => ExitClass::Malformed,
            Self::OlderOutbox { .. }
            | Self::LogKnowsMore { .. }
            | Self::OtherHistory { .. }
            | Self::Restless { .. } => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Client { source, .. } | Self::Head { source } => source.fix(),
            Self::Outbox(error) => error.fix(),
            Self::Io { .. } => Some("check the disk, its free space and permissions"),
            Self::Promises(error) => error.fix(),
            _ => None,
        }
    }
}

impl Classify for PromisesError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Io { .. } => ExitClass::Unexpected,
            Self::Malformed { .. } => ExitClass::Malformed,
            Self::OtherAgent { .. } => ExitClass::Usage,
            Self::Contradiction { .. } => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Io { .. } => Some("check the disk, its free space and permissions"),
            Self::Contradiction { .. } => {
                Some("keep that file: two promises that cannot both be kept are evidence against the log")
            }
            _ => None,
        }
    }
}
