//! Which exit class an error of a library is.

use crate::exit::{ExitClass, Failure};
use candor_compiler::{Category, CompileError};
use candor_log::{ChainCheckError, LogError};
use candor_program::card::LoadError;
use candor_program::encoding::DecodeError;
use candor_program::interval::ProgramError;
use candor_program::observation::{EnvelopeError, ObservationError};
use candor_prover::seal::ProvingKeyError;
use candor_prover::{CommitError, ProveError, SetupError};
use candor_trace::adapter::json::JsonError;
use candor_trace::adapter::opengradient::OpenGradientError;
use candor_trace::adapter::otel::OtelError;
use candor_trace::receipt::ReceiptError;
use candor_trace::{BundleError, PathError, PayloadError, RecordError};
use candor_verifier::{ErrorKind, ReplayError, VerifyError};
use std::fmt::Display;

/// An error that knows its class.
pub trait Classify: Display {
    /// Its class.
    fn class(&self) -> ExitClass;
    /// What to do, where the error's own text does not say it.
    fn fix(&self) -> Option<&'static str> {
        None
    }
    /// The error as a failure.
    fn failure(&self) -> Failure {
        let failure = Failure::new(self.class(), self);
        match self.fix() {
            Some(fix) => failure.fix(fix),
            None => failure,
        }
    }
}

impl Classify for DecodeError {
    fn class(&self) -> ExitClass {
        match self {
            Self::TooLong { .. } => ExitClass::Limit,
            _ => ExitClass::Malformed,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some(match self {
            Self::TooLong { .. } => {
                "check that this is the file you meant; candor inspect says what a file is"
            }
            Self::WrongVersion { .. } => "use the version of candor that wrote the file, or make it again",
            Self::WrongMagic { .. } => "name a file of the expected kind; candor inspect says what a file is",
            _ => "restore the file from a copy, or make it again",
        })
    }
}

impl Classify for ProgramError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Count { got, limit, .. } if got > limit => ExitClass::Limit,
            Self::Parameters { .. } => ExitClass::Limit,
            _ => ExitClass::Malformed,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some("the file was not written by candor compile, or was changed since: compile again")
    }
}

impl Classify for LoadError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Malformed(error) => error.class(),
            Self::Invalid(error) => error.class(),
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Malformed(error) => error.fix(),
            Self::Invalid(error) => error.fix(),
        }
    }
}

impl Classify for BundleError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Malformed { source } => source.class(),
            Self::Card { source } => source.class(),
            Self::Empty => ExitClass::Malformed,
            Self::TooManyRecords { .. } => ExitClass::Limit,
            Self::StartProgram { .. } | Self::StartRevision { .. } | Self::StartSignature { .. } => {
                ExitClass::Rejected
            }
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Malformed { source } => source.fix(),
            Self::Card { .. } | Self::Empty => Some("make the bundle again with candor prove"),
            Self::TooManyRecords { .. } => Some("prove a shorter range"),
            Self::StartProgram { .. } | Self::StartRevision { .. } | Self::StartSignature { .. } => {
                Some("the bundle was changed after it was made: ask its author for the original")
            }
        }
    }
}

impl Classify for ObservationError {
    fn class(&self) -> ExitClass {
        match self {
            Self::LineTooLong { .. }
            | Self::PayloadTooLong { .. }
            | Self::Envelope { source: EnvelopeError::TooLong { .. }, .. } => ExitClass::Limit,
            Self::PayloadLater { .. } | Self::PayloadStale { .. } => ExitClass::Rejected,
            _ => ExitClass::Malformed,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Envelope { .. } => Some(
                "pass on what the plugin delivered: {\"payload\": \"<text>\", \"time\": <seconds>, \"signature\": \"0x...\"} (docs/adapters.md)",
            ),
            Self::PayloadLater { .. } => {
                Some("set the observation's time to the plugin's, or correct the clocks")
            }
            _ => None,
        }
    }
}

impl Classify for PayloadError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Observation(source) => source.class(),
            Self::Signature { .. } => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Observation(source) => source.fix(),
            Self::Signature { .. } => Some(
                "compare id, version, code_hash and signer under [[plugins]] with what the plugin signs; do not act on this payload",
            ),
        }
    }
}

impl Classify for RecordError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Observation { source } => source.class(),
            Self::Payload { source } => source.class(),
            Self::ChainFull { .. } | Self::TimeTooLarge { .. } => ExitClass::Limit,
            Self::Card { source } => source.class(),
            _ => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::TimeBackwards { .. } => Some(
                "observations are recorded in the order of their time; --skip-recorded passes over lines that the log already has",
            ),
            Self::Observation { source } => source.fix(),
            Self::Payload { source } => source.fix(),
            Self::OtherProgram { .. } => Some(
                "a change of model, policy or plugins is recorded with candor revise; then its program goes on",
            ),
            Self::Revised { .. } => Some("compile, or name with --dir, the program that was revised to"),
            Self::BeforeActivation { .. } => Some("wait for the activation, or record later observations"),
            Self::ActivationBackwards { .. } => Some("name a later --at, or an earlier --time"),
            Self::LastSignature { .. } | Self::LastState | Self::LastRevision { .. } => {
                Some("the log was changed after it was written: restore it from a copy")
            }
            _ => None,
        }
    }
}

impl Classify for PathError {
    fn class(&self) -> ExitClass {
        match self {
            Self::NotConsecutive { .. } => ExitClass::Rejected,
            _ => ExitClass::Usage,
        }
    }
}

impl Classify for LogError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Io { .. } | Self::Poisoned { .. } => ExitClass::Unexpected,
            Self::NoLog { .. } | Self::AlreadyExists { .. } | Self::Locked { .. } => ExitClass::Usage,
            Self::OutOfRange { .. } => ExitClass::Usage,
            Self::NotALog { .. } | Self::Damaged { .. } | Self::Undecodable { .. } => ExitClass::Malformed,
            Self::RecordTooLarge { .. } => ExitClass::Limit,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::NotALog { .. } => Some("name the directory of a log with --log or --dir"),
            Self::Io { .. } => {
                Some("check the disk, its free space and permissions; acknowledged records are safe")
            }
            _ => None,
        }
    }
}

impl Classify for ChainCheckError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Unreadable { source } => source.class(),
            _ => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable { source } => source.fix(),
            Self::OtherProgram { .. } => None,
            _ => {
                Some("the log was not written by the recorder, or was changed since: restore it from a copy")
            }
        }
    }
}

impl Classify for CompileError {
    fn class(&self) -> ExitClass {
        match self.category() {
            Category::Usage => ExitClass::Usage,
            Category::Malformed => ExitClass::Malformed,
            Category::Limit => ExitClass::Limit,
            Category::Unsupported => ExitClass::UnsupportedModel,
        }
    }
}

impl Classify for CommitError {
    fn class(&self) -> ExitClass {
        match self {
            Self::ReferenceTooShort { .. } => ExitClass::Usage,
            _ => ExitClass::Limit,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::ReferenceTooShort { .. } => {
                Some("make a longer reference string: candor setup with more --powers")
            }
            _ => None,
        }
    }
}

impl Classify for SetupError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Malformed(error) => error.class(),
            Self::Size { .. } | Self::TooFewPowers { .. } | Self::OtherString => ExitClass::Usage,
            _ => ExitClass::Malformed,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some(match self {
            Self::Malformed(error) => return error.fix(),
            Self::OtherString => "use the setup.candor that the program was compiled with, or compile again",
            Self::Size { .. } => "choose another number with --powers",
            Self::TooFewPowers { .. } => {
                "take a file of the ceremony with more powers, or ask for fewer with --powers"
            }
            Self::Ptau(_) => "name a .ptau file as snarkjs writes it, for the curve bn128",
            _ => "fetch the file again, and compare its hash with the ceremony's",
        })
    }
}

impl Classify for ProveError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Program(error) => error.class(),
            Self::Commit(error) => error.class(),
            Self::OtherSetup { .. } => ExitClass::Usage,
            Self::Observation { source, .. } => source.class(),
            Self::Layout(_) => ExitClass::Limit,
            Self::Statement(_) | Self::Witness(_) => ExitClass::Unexpected,
            Self::OtherWeights { .. } | Self::OtherProgram { .. } | Self::OutputsDiffer { .. } => {
                ExitClass::Rejected
            }
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::OtherSetup { .. } => {
                Some("use the setup.candor that the program was compiled with, or compile again")
            }
            Self::OtherWeights { .. } => Some("the program file was changed: compile again"),
            Self::OtherProgram { .. } => Some("use the program that the log was written with"),
            Self::OutputsDiffer { .. } => {
                Some("candor replay shows where, candor challenge makes the evidence")
            }
            Self::Commit(error) => error.fix(),
            _ => None,
        }
    }
}

fn kind(kind: ErrorKind) -> ExitClass {
    match kind {
        ErrorKind::Malformed => ExitClass::Malformed,
        ErrorKind::Rejected => ExitClass::Rejected,
        ErrorKind::Limit => ExitClass::Limit,
        ErrorKind::RefusedAssumption => ExitClass::RefusedAssumption,
    }
}

fn kind_fix(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Malformed => "ask for the files again: these are cut off, changed or of another kind",
        ErrorKind::Rejected => {
            "do not rely on these records; candor replay with the program shows what differs"
        }
        ErrorKind::Limit => "split the path into shorter ranges",
        ErrorKind::RefusedAssumption => {
            "pin a ceremony with --setup-digest and --seal-key-id, or accept what is declared with --allow-declared-ceremony; --allow-development-setup accepts a development string or key; others are refused by --refuse and --refuse-signer alone"
        }
    }
}

impl Classify for VerifyError {
    fn class(&self) -> ExitClass {
        kind(self.kind())
    }
    fn fix(&self) -> Option<&'static str> {
        Some(kind_fix(self.kind()))
    }
}

impl Classify for ReplayError {
    fn class(&self) -> ExitClass {
        kind(self.kind())
    }
    fn fix(&self) -> Option<&'static str> {
        Some(match self.kind() {
            ErrorKind::Rejected => "replay with the program, agent and domain that the records are of",
            other => kind_fix(other),
        })
    }
}

impl Classify for ProvingKeyError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Layout(_) => ExitClass::Limit,
            Self::Generation(_) => ExitClass::Unexpected,
            Self::Malformed(error) => error.class(),
            Self::Magic | Self::Digest | Self::Points => ExitClass::Malformed,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some("candor setup seal makes the keys of a class again")
    }
}

impl Classify for candor_prover::seal::SealError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Segments { .. } | Self::Layout(_) => ExitClass::Limit,
            Self::OtherKey { .. } => ExitClass::Usage,
            Self::Bundle(error) => error.class(),
            Self::Groth16(_) => ExitClass::Unexpected,
            _ => ExitClass::Rejected,
        }
    }
}

impl Classify for candor_verifier::SealError {
    fn class(&self) -> ExitClass {
        kind(self.kind())
    }
    fn fix(&self) -> Option<&'static str> {
        Some(match self {
            Self::OtherKey { .. } | Self::KeyClass => {
                "name the verifying key that the seal was made with: --seal-key, one for every size of seals"
            }
            Self::TransactionFact { .. } => "candor verify with the bundle and its proof",
            _ => kind_fix(self.kind()),
        })
    }
}

impl Classify for candor_verifier::Refusal {
    fn class(&self) -> ExitClass {
        match self {
            Self::Seal(error) => error.class(),
            Self::Proof(error) => error.class(),
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Seal(error) => error.fix(),
            Self::Proof(error) => error.fix(),
        }
    }
}

impl Classify for candor_verifier::BatchError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Empty => ExitClass::Usage,
            Self::TooMany { .. } => ExitClass::Limit,
        }
    }
}

impl Classify for JsonError {
    fn class(&self) -> ExitClass {
        match self {
            Self::TooLong { .. } | Self::TooDeep { .. } => ExitClass::Limit,
            _ => ExitClass::Malformed,
        }
    }
}

impl Classify for OtelError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Json { source, .. } => source.class(),
            Self::TooManySpans { .. } => ExitClass::Limit,
            Self::NoTool { .. } => ExitClass::Usage,
            _ => ExitClass::Malformed,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoTool { .. } => "name the tools that stand for plugins with --tool TOOL=PLUGIN",
            Self::NoResult { .. } => "let the instrumentation capture content, and record the runs again",
            Self::TooManySpans { .. } => "split the export",
            _ => "export the traces as OTLP JSON, one document or one a line",
        })
    }
}

impl Classify for OpenGradientError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Json { source, .. } => source.class(),
            Self::Field { .. } | Self::Role { .. } | Self::Python(_) | Self::KeyFormat => {
                ExitClass::Malformed
            }
            Self::ProofTooLong { .. } => ExitClass::Limit,
            _ => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Hash { .. } => Some(
                "give the very request that was sent and the answer that came back, unchanged; otherwise do not act on it",
            ),
            Self::TeeId { .. } | Self::KeyFormat | Self::KeySize { .. } | Self::KeyExponent => {
                Some("take the enclave's key from the network's registry")
            }
            Self::NotSigned { .. } => Some("do not act on this answer"),
            _ => None,
        }
    }
}

impl Classify for ReceiptError {
    fn class(&self) -> ExitClass {
        match self {
            Self::TooLong { .. } | Self::TooManySignatures { .. } => ExitClass::Limit,
            Self::Entry { source } => source.class(),
            Self::Envelope { .. }
            | Self::Base64 { .. }
            | Self::PayloadType { .. }
            | Self::Statement { .. }
            | Self::StatementType
            | Self::PredicateType { .. }
            | Self::SubjectCount { .. } => ExitClass::Malformed,
            Self::NotSigned { .. }
            | Self::SubjectDigest { .. }
            | Self::SubjectName { .. }
            | Self::Signature { .. }
            | Self::OtherProgram { .. }
            | Self::OtherDomain
            | Self::Field { .. } => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::NotSigned { .. } => {
                Some("name the key that you trust with --signer; do not rely on this receipt otherwise")
            }
            Self::SubjectDigest { .. } => Some("name the bundle that the verdict is about"),
            Self::OtherProgram { .. } | Self::OtherDomain => {
                Some("name the card of the program that decided")
            }
            Self::Field { .. } | Self::SubjectName { .. } | Self::Signature { .. } => {
                Some("do not rely on this receipt: it says something else than the agent signed")
            }
            _ => None,
        }
    }
}
