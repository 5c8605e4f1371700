//! Which exit class an error about a log is.

use crate::classify::Classify;
use crate::exit::ExitClass;
use candor_log::audit::{AuditError, LogProofError, SourceError};
use candor_log::retention::{RetentionFileError, TombstoneError};
use candor_trace::tlog::{
    CheckpointError, CheckpointRejected, KeyError, NoteError, PolicyError, ProofFileError, ProofRejected,
};

impl Classify for SourceError {
    fn class(&self) -> ExitClass {
        match self {
            Self::TooLong { .. } => ExitClass::Limit,
            Self::Missing { .. } => ExitClass::Rejected,
            _ => ExitClass::Unexpected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some(match self {
            Self::TooLong { .. } => "no file of a log is so long: check that this is the log you meant",
            Self::Missing { .. } => "the log does not serve what its checkpoint promises: ask its operator",
            _ => "try again; if it stays so, check the path or URL and your rights",
        })
    }
}

impl Classify for KeyError {
    fn class(&self) -> ExitClass {
        match self {
            Self::TooLong { .. } | Self::NameTooLong { .. } => ExitClass::Limit,
            _ => ExitClass::Malformed,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some("a verifier key is one line, name+id+key; the log's is in its file log.vkey")
    }
}

impl Classify for PolicyError {
    fn class(&self) -> ExitClass {
        match self {
            Self::TooManyWitnesses { .. } => ExitClass::Limit,
            _ => ExitClass::Usage,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some("check --log-key, --witness and --cosignatures")
    }
}

impl Classify for NoteError {
    fn class(&self) -> ExitClass {
        match self {
            Self::TooLong { .. } | Self::TooManySignatures { .. } => ExitClass::Limit,
            _ => ExitClass::Malformed,
        }
    }
}

impl Classify for CheckpointRejected {
    fn class(&self) -> ExitClass {
        match self {
            Self::MalformedNote(error) => error.class(),
            Self::Malformed(CheckpointError::TooLong { .. } | CheckpointError::SizeTooLarge { .. }) => {
                ExitClass::Limit
            }
            Self::Malformed(_) => ExitClass::Malformed,
            _ => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some(match self {
            Self::Quorum { .. } => "wait for the witnesses, or ask for fewer with --cosignatures",
            Self::MalformedNote(_) | Self::Malformed(_) => "check that this is a checkpoint",
            _ => "check the keys you trust; if they are right, this is not the log's checkpoint",
        })
    }
}

impl Classify for ProofFileError {
    fn class(&self) -> ExitClass {
        match self {
            Self::TooLong { .. } | Self::ExtraTooLong { .. } | Self::PathTooLong { .. } => ExitClass::Limit,
            Self::Note(error) => error.class(),
            _ => ExitClass::Malformed,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some("make the proof again with candor log prove-inclusion")
    }
}

impl Classify for ProofRejected {
    fn class(&self) -> ExitClass {
        match self {
            Self::Checkpoint(error) => error.class(),
            Self::Inclusion { .. } => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Checkpoint(error) => error.fix(),
            Self::Inclusion { .. } => Some("the proof is of another entry, or was changed"),
        }
    }
}

impl Classify for LogProofError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Unreadable(error) => error.class(),
            Self::Key { source } => source.class(),
            Self::Checkpoint { source } | Self::Remembered { source } => source.class(),
            Self::Prove { source: candor_trace::tlog::ProveError::IndexOutOfRange { .. } } => {
                ExitClass::Usage
            }
            Self::Prove { .. } | Self::Bundle { .. } => ExitClass::Malformed,
            Self::Rejected { .. } => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable(error) => error.fix(),
            Self::Key { source } => source.fix(),
            Self::Checkpoint { source } | Self::Remembered { source } => source.fix(),
            Self::Prove { source: candor_trace::tlog::ProveError::IndexOutOfRange { .. } } => {
                Some("entries are numbered from 0; the entry may not be published yet")
            }
            Self::Prove { .. } | Self::Bundle { .. } | Self::Rejected { .. } => {
                Some("candor log audit says what is wrong with the log first")
            }
        }
    }
}

impl Classify for AuditError {
    fn class(&self) -> ExitClass {
        match self {
            Self::Unreadable(error) => error.class(),
            Self::Policy { source: RetentionFileError::TooLong { .. } } => ExitClass::Limit,
            Self::Pins { source: RetentionFileError::TooLong { .. } } | Self::TombstoneLimit { .. } => {
                ExitClass::Limit
            }
            Self::Tombstone { source: TombstoneError::Signature | TombstoneError::OtherLog, .. } => {
                ExitClass::Rejected
            }
            Self::Tombstone { .. }
            | Self::Pins { .. }
            | Self::Agents { .. }
            | Self::Policy { .. }
            | Self::Bundle { .. }
            | Self::Tile { .. }
            | Self::Entry { .. } => ExitClass::Malformed,
            Self::Checkpoint { source } | Self::Remembered { source } => source.class(),
            _ => ExitClass::Rejected,
        }
    }
    fn fix(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreadable(error) => return error.fix(),
            Self::Checkpoint { source } | Self::Remembered { source } => return source.fix(),
            Self::Shrunk { .. } | Self::Forked { .. } => {
                "keep both checkpoints: together they show that the log's operator signed two histories"
            }
            Self::TombstoneFault { .. }
            | Self::PinnedEntry { .. }
            | Self::PinnedBody { .. }
            | Self::Shortened { .. } => {
                "keep the tombstone and what it contradicts: the log's key signed it. Then ask its operator"
            }
            Self::WithoutTombstone { .. } => {
                "ask the log's operator to restore the file from a copy: pruning would have left a tombstone"
            }
            Self::TombstoneLimit { .. } => "no honest log has so many: ask its operator",
            Self::Card { .. } | Self::Bodies { .. } => {
                "check that card and bodies are those of this log; if they are, ask its operator"
            }
            _ => "keep a copy of the file and of the checkpoint, and ask the log's operator",
        })
    }
}
