//! What limits write down, so that a restart forgives nothing.

use crate::disk::Disk;
use crate::http::server::limits::{AgentBuckets, Charged};
use crate::http::server::rate::{Bucket, UnixNanos};
use crate::http::whole_file;
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::encoding::{DecodeError, decode_file, encode_file};
use std::io;
use thiserror::Error;

/// First eight bytes of the file.
const MAGIC: [u8; 8] = *b"CANDORLM";
/// Its name in the log's folder.
const NAME: &str = "private/limits";
/// Longest file: a million agents.
const MAX_BYTES: u64 = 40 << 20;

/// Why what was charged is not known.
#[derive(Debug, Error)]
pub enum LimitsFileError {
    /// The file system refused.
    #[error("could not read or write the limits' file {NAME}: {source}")]
    Io {
        /// Why.
        #[from]
        source: io::Error,
    },
    /// Not what was written.
    #[error("the limits' file {NAME} is damaged ({source}): remove it, and every limit begins anew")]
    Malformed {
        /// Why.
        #[from]
        source: DecodeError,
    },
    /// Agents out of order.
    #[error(
        "the limits' file {NAME} is damaged (agents out of order): remove it, and every limit begins anew"
    )]
    Order,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct File {
    total: u64,
    /// When its records, and their bytes, are full again.
    agents: Vec<([u8; 20], u64, u64)>,
}

/// What was charged when the file was written; nothing where there is none.
pub fn read<D: Disk>(disk: &D) -> Result<Charged, LimitsFileError> {
    let Some(bytes) = whole_file::read(disk, NAME, MAX_BYTES)? else { return Ok(Charged::NONE) };
    let file: File = decode_file(&MAGIC, MAX_BYTES, &bytes)?;
    if !file.agents.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(LimitsFileError::Order);
    }
    let bucket = |time| Bucket::full_at(UnixNanos(time));
    let agents = file.agents.into_iter().map(|(agent, records, bytes)| {
        (agent, AgentBuckets { records: bucket(records), bytes: bucket(bytes) })
    });
    let agents = agents.collect();
    Ok(Charged { agents, total: bucket(file.total) })
}

/// Writes down what is charged; durable on return.
pub fn write<D: Disk>(disk: &D, charged: &Charged) -> Result<(), LimitsFileError> {
    let agents = charged
        .agents
        .iter()
        .map(|(agent, buckets)| (*agent, buckets.records.is_full_at().0, buckets.bytes.is_full_at().0));
    let agents = agents.collect();
    let file = File { total: charged.total.is_full_at().0, agents };
    Ok(whole_file::replace(disk, NAME, &encode_file(&MAGIC, &file))?)
}
