//! What a proof is for: part of the context that it is bound to.

use borsh::{BorshDeserialize, BorshSerialize};

/// What a proof is used for. A proof made for one purpose is no proof for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Purpose {
    /// The records of a path were honest.
    Path = 0,
    /// A record was not.
    Challenge = 1,
}
