//! The JSON files of retention: strict, with a version and a limit.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest of these files.
pub const MAX_RETENTION_FILE_BYTES: u64 = 16 << 20;
/// Version that is written and read.
const VERSION: u32 = 1;

/// Why a file of retention was not read.
#[derive(Debug, Error)]
pub enum RetentionFileError {
    /// More bytes than allowed: nothing was read.
    #[error("it has {got} bytes, at most {MAX_RETENTION_FILE_BYTES} are allowed")]
    TooLong {
        /// Found.
        got: u64,
    },
    /// No JSON of this shape.
    #[error("{source}")]
    Malformed {
        /// Where and why.
        #[from]
        source: serde_json::Error,
    },
    /// Another version.
    #[error("its version is {got}, this program reads version {VERSION}")]
    Version {
        /// Found.
        got: u32,
    },
    /// The policy is none.
    #[error(transparent)]
    Policy(#[from] super::PolicyError),
    /// The marks are not in order.
    #[error(transparent)]
    Mark(#[from] super::MarkError),
    /// The pins are none.
    #[error(transparent)]
    Pin(#[from] super::PinError),
}

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u32,
    #[serde(flatten)]
    content: T,
}

pub(super) fn encode<T: Serialize>(content: &T) -> Result<Vec<u8>, RetentionFileError> {
    let mut bytes = serde_json::to_vec_pretty(&Versioned { version: VERSION, content })?;
    bytes.push(b'\n');
    Ok(bytes)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RetentionFileError> {
    let got = bytes.len() as u64;
    if got > MAX_RETENTION_FILE_BYTES {
        return Err(RetentionFileError::TooLong { got });
    }
    let versioned: Versioned<T> = serde_json::from_slice(bytes)?;
    match versioned.version {
        VERSION => Ok(versioned.content),
        got => Err(RetentionFileError::Version { got }),
    }
}
