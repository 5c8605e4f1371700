//! Where chains stand at the size below which entries may be gone: what a pruned log needs to go on.

use crate::disk::Disk;
use crate::error::Operation;
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::files::{Files, HEADS};
use crate::storage::{Access, LogFile};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::encoding::{decode_file, encode_file};
use candor_trace::Header;

/// First eight bytes of the file.
const HEADS_MAGIC: [u8; 8] = *b"CANDORHD";
/// Longest file: more than as many chains as may be registered need.
const MAX_HEADS_BYTES: u64 = 1 << 31;

/// The last entry of a chain.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Head {
    pub(crate) header: Header,
    pub(crate) record_hash: [u8; 32],
}

/// The last entry of every chain in the tree of some size.
#[derive(Clone, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct Heads {
    /// Size of the tree. All entries from here on are there.
    pub(crate) size: u64,
    /// In the order in which the chains began.
    pub(crate) chains: Vec<Head>,
}

impl Heads {
    /// Those that the log has; none at size 0 if nothing was ever pruned.
    pub(crate) fn read<D: Disk>(files: &Files<D>) -> Result<Self, PipelineError> {
        let Some(file) = files.open(HEADS, Access::Read)? else { return Ok(Self::default()) };
        let got = files.len(HEADS, &file)?;
        if got > MAX_HEADS_BYTES {
            let limit = MAX_HEADS_BYTES;
            return Err(files.damaged(HEADS, FileDamage::TooLong { limit, got }));
        }
        let mut bytes = vec![0; got as usize];
        file.read_exact_at(0, &mut bytes).map_err(|source| files.failed(HEADS, Operation::Read, source))?;
        decode_file(&HEADS_MAGIC, MAX_HEADS_BYTES, &bytes)
            .map_err(|error| files.damaged(HEADS, FileDamage::Undecodable(error)))
    }
    /// Makes them the log's, durably.
    pub(crate) fn write<D: Disk>(&self, files: &Files<D>) -> Result<(), PipelineError> {
        files.replace(HEADS, &encode_file(&HEADS_MAGIC, self))
    }
}
