//! What a witness remembers of each log, durably, before it says a word.

use crate::disk::Disk;
use crate::http::whole_file;
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::encoding::{DecodeError, decode_file, encode_file};
use candor_trace::tlog::Hash;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io;
use thiserror::Error;

/// First eight bytes of a file.
const MAGIC: [u8; 8] = *b"CANDORWT";
/// Longest file.
const MAX_BYTES: u64 = 1 << 10;
const FOLDER: &str = "cosigned";
const LOCK: &str = "witness.lock";

/// The latest checkpoint of one log that was cosigned.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Cosigned {
    /// Origin of the log.
    pub origin: String,
    /// Size of its tree.
    pub size: u64,
    /// Root of its tree.
    pub root: Hash,
    /// Time of the cosignature, in Unix seconds.
    pub time: u64,
}

/// Why a witness does not know what it cosigned.
#[derive(Debug, Error)]
pub enum MemoryError {
    /// The file system refused.
    #[error("witness {place}: could not read or write: {source}")]
    Io {
        /// The file.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// Another process is this witness.
    #[error("witness {place}: another process has it open; two would cosign two histories")]
    Locked {
        /// The folder.
        place: String,
    },
    /// A file is not what was written.
    #[error(
        "witness {place}: damaged ({source}); restore it, or have the log's operator and its auditors agree on what this \
         witness cosigned last: without that it could cosign a fork"
    )]
    Malformed {
        /// The file.
        place: String,
        /// Why.
        source: DecodeError,
    },
    /// A file under another log's name.
    #[error("witness {place}: it is of log {origin}, whose name is another; files were exchanged")]
    Exchanged {
        /// The file.
        place: String,
        /// The log that it names.
        origin: String,
    },
    /// An earlier write failed.
    #[error(
        "witness {place}: an earlier write failed, so nothing more is cosigned: check the disk, then start again"
    )]
    Poisoned {
        /// The folder.
        place: String,
    },
}

/// All logs' latest checkpoints.
#[derive(Debug)]
pub struct WitnessMemory<D> {
    disk: D,
    cosigned: BTreeMap<String, Cosigned>,
    poisoned: bool,
}

/// Origins have characters that file names cannot.
fn file_of(origin: &str) -> String {
    format!("{FOLDER}/{}", hex::encode(Sha256::digest(origin.as_bytes())))
}

impl<D: Disk> WitnessMemory<D> {
    /// Opens a folder, for this process alone, and reads everything that it remembers.
    ///
    /// Owes: that the folder is not an older copy; a witness that forgot can cosign a fork, and nothing here can tell.
    pub fn open(disk: D) -> Result<Self, MemoryError> {
        let folder = disk.location().display().to_string();
        let io = |place: &str| {
            let place = format!("{folder}/{place}");
            move |source| MemoryError::Io { place, source }
        };
        disk.create_folder(FOLDER).map_err(io(FOLDER))?;
        if !disk.lock(LOCK).map_err(io(LOCK))? {
            return Err(MemoryError::Locked { place: folder });
        }
        // Whoever was this witness before may have died before a name was durable.
        disk.sync_folder(FOLDER).map_err(io(FOLDER))?;
        let mut cosigned = BTreeMap::new();
        for name in disk.list(FOLDER).map_err(io(FOLDER))? {
            // A draft that a crash left says nothing: it was never acted on.
            if name.ends_with(".new") {
                continue;
            }
            let place = format!("{FOLDER}/{name}");
            let bytes = whole_file::read(&disk, &place, MAX_BYTES).map_err(io(&place))?.unwrap_or_default();
            let latest: Cosigned = decode_file(&MAGIC, MAX_BYTES, &bytes)
                .map_err(|source| MemoryError::Malformed { place: place.clone(), source })?;
            if file_of(&latest.origin) != place {
                return Err(MemoryError::Exchanged { place, origin: latest.origin });
            }
            cosigned.insert(latest.origin.clone(), latest);
        }
        Ok(Self { disk, cosigned, poisoned: false })
    }
    /// The latest checkpoint of a log; `None` if none was ever cosigned.
    #[must_use]
    pub fn latest(&self, origin: &str) -> Option<&Cosigned> {
        self.cosigned.get(origin)
    }
    /// Remembers a checkpoint; durable on return.
    ///
    /// Errors: after one of the file system nothing more is remembered, and so nothing cosigned.
    /// Owes: that it continues the latest one.
    pub fn remember(&mut self, cosigned: Cosigned) -> Result<(), MemoryError> {
        let place = file_of(&cosigned.origin);
        if self.poisoned {
            return Err(MemoryError::Poisoned { place: self.disk.location().display().to_string() });
        }
        // It is durable already: whoever shows the same checkpoint again and again costs no sync.
        if self.cosigned.get(&cosigned.origin) == Some(&cosigned) {
            return Ok(());
        }
        // Poisoned until proven durable.
        self.poisoned = true;
        whole_file::replace(&self.disk, &place, &encode_file(&MAGIC, &cosigned))
            .map_err(|source| MemoryError::Io { place, source })?;
        self.poisoned = false;
        self.cosigned.insert(cosigned.origin.clone(), cosigned);
        Ok(())
    }
}
