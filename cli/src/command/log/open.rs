//! Opening a log's directory with its key and witnesses.

use crate::exit::{ExitClass, Failure};
use crate::log_keys::{self, WitnessList};
use crate::store;
use candor_log::FileSystem;
use candor_log::http::Patience;
use candor_log::http::witness::{Asked, Witnesses};
use candor_log::pipeline::{Cosign, Log, LogSettings, NoWitnesses, PipelineError, RecoveryReport};
use candor_trace::tlog::NoteSigner;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// One witness, once.
const PATIENCE: Patience = Patience { connect: Duration::from_secs(3), whole: Duration::from_secs(10) };

/// A log, and what becomes of asking its witnesses.
pub struct Opened {
    /// The log.
    pub log: Log<FileSystem>,
    /// What was found on opening.
    pub report: RecoveryReport,
    /// Counts of witnesses.
    pub asked: Arc<Asked>,
    /// How many witnesses there are, and how many must cosign.
    pub witnesses: (usize, usize),
}

/// Opens a log for writing, with the witnesses of its directory.
pub fn open(directory: &Path, settings: LogSettings) -> Result<Opened, Failure> {
    let signer = log_keys::load_log_key(&log_keys::log_key(directory))
        .map_err(|failure| failure.fix("make a log with candor log init"))?;
    let list = WitnessList::of_log(directory)?;
    let policy = list.as_ref().map(|list| list.policy(signer.verifier_key())).transpose()?;
    let (asked, cosign, witnesses): (Arc<Asked>, Box<dyn Cosign>, _) = match &list {
        None => (Arc::default(), Box::new(NoWitnesses), (0, 0)),
        Some(list) => {
            let observer = |error: &_| tracing::warn!(%error, "no cosignature");
            let witnesses = Witnesses::new(&list.addresses, PATIENCE, Box::new(observer))
                .map_err(|error| Failure::usage(error).at(log_keys::witnesses_file(directory).display()))?;
            (witnesses.asked(), Box::new(witnesses), (list.addresses.len(), list.quorum))
        }
    };
    let settings = LogSettings { policy, ..settings };
    let (log, report) = Log::open_with(FileSystem::at(directory), settings, signer, cosign)
        .map_err(|error| failure(&error, directory))?;
    Ok(Opened { log, report, asked, witnesses })
}

/// The bytes of a list of witnesses that makes a policy with a log of this name.
pub fn list(path: &Path, origin: &str) -> Result<Vec<u8>, Failure> {
    // Any key of that name: whether witnesses are enough for a quorum does not depend on it.
    let key = NoteSigner::new(origin, &[1; 32]).map_err(Failure::usage)?;
    WitnessList::load(path)?.policy(key.verifier_key()).map_err(|failure| failure.at(path.display()))?;
    store::read(path, 1 << 18)
}

/// Why a log did not open or go on.
pub fn failure(error: &PipelineError, directory: &Path) -> Failure {
    let class = match error {
        PipelineError::NoLog { .. }
        | PipelineError::AlreadyExists { .. }
        | PipelineError::Locked { .. }
        | PipelineError::Setting { .. }
        | PipelineError::OtherKey { .. } => ExitClass::Usage,
        PipelineError::Damaged { .. } | PipelineError::Remembered { .. } => ExitClass::Malformed,
        PipelineError::Behind { .. } | PipelineError::Forked { .. } => ExitClass::Rejected,
        PipelineError::Poisoned { cause } => return failure(cause, directory),
        _ => ExitClass::Unexpected,
    };
    let failure = Failure::new(class, error).at(directory.display());
    match error {
        PipelineError::Locked { .. } => {
            failure.fix("the log is being served: name its URL, or stop the server first")
        }
        PipelineError::NoLog { .. } => failure.fix("make one with candor log init, or check the path"),
        _ => failure,
    }
}
