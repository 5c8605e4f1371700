//! Field elements in headers: every word has one encoding.

use candor_program::encoding::fr_from_bytes;
use candor_trace::Header;
use std::fmt;

/// A word of a header that is a field element.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum FieldWord {
    /// State before.
    StateBefore,
    /// Observations digest.
    Observations,
    /// Evidence digest.
    Evidence,
    /// State after.
    StateAfter,
    /// Accumulator.
    Acc,
}

impl FieldWord {
    /// The first word of a header that is not below the field's modulus. Decoding refuses such words; a header that was
    /// assembled in memory passes here alone.
    pub(crate) fn not_canonical(header: &Header) -> Option<Self> {
        let words = [
            (Self::StateBefore, &header.state_before),
            (Self::Observations, &header.observations),
            (Self::Evidence, &header.evidence),
            (Self::StateAfter, &header.state_after),
            (Self::Acc, &header.acc),
        ];
        words.into_iter().find(|(_, bytes)| fr_from_bytes(&bytes.0).is_none()).map(|(word, _)| word)
    }
}

impl fmt::Display for FieldWord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::StateBefore => "state before",
            Self::Observations => "observations digest",
            Self::Evidence => "evidence digest",
            Self::StateAfter => "state after",
            Self::Acc => "acc",
        })
    }
}
