//! Whether a record continues the one before it, judged only where the two provably meet.

use crate::inconsistency::Inconsistency;
use crate::verdict::Missing;
use candor_program::digest;
use candor_trace::{Chain, ChainError, Header, Link, SignedHeader, Start, check_link, equivocation};

/// How a record and what precedes it relate.
pub(crate) enum Lineage {
    /// All rules hold.
    Continues,
    /// All rules hold, but the accumulator's.
    WrongAcc(Inconsistency),
    /// Another rule is broken, and the agent signed both sides of it.
    Broken(Inconsistency),
    /// The two do not meet: something between them, or before, is not at hand.
    Apart(Missing),
}

/// Judges a header that the expected agent signed, for the expected program or another.
///
/// Owes: that the signature of a previous header is the same agent's.
pub(crate) fn lineage(chain: &Chain, start: &Start, header: &SignedHeader) -> Lineage {
    match start {
        Start::Genesis => after_genesis(chain, &header.header),
        Start::After(previous) => after_record(chain, previous, header),
    }
}

fn after_genesis(chain: &Chain, header: &Header) -> Lineage {
    if header.program_id != chain.ids.program_id {
        return other_program(chain, header);
    }
    let genesis = digest::genesis_record(&chain.ids.program_id, &header.agent);
    if header.sequence != 0 && header.previous_record != genesis {
        return Lineage::Apart(Missing::PreviousRecord { sequence: header.sequence });
    }
    judge(&Link::genesis(chain, header.agent), header)
}

fn after_record(chain: &Chain, previous: &SignedHeader, signed: &SignedHeader) -> Lineage {
    let (before, header) = (&previous.header, &signed.header);
    let named = header.previous_record == before.record_hash(&chain.domain);
    // After a Revise record the program is the one to which it revises.
    let revised = before.revision().map(|revision| revision.to);
    let (expected, got) = (revised.unwrap_or(before.program_id), header.program_id);
    let program_id = chain.ids.program_id;
    if named && expected != got && (expected == program_id || got == program_id) {
        return broken(ChainError::ProgramMismatch { expected, got });
    }
    if named && revised == Some(got) && got != program_id {
        return Lineage::Apart(Missing::NextProgram { sequence: header.sequence, program_id: got });
    }
    if got != program_id {
        return other_program(chain, header);
    }
    let next = before.sequence.checked_add(1) == Some(header.sequence);
    if expected == program_id && (named || next) {
        return judge(&Link::after(chain, before), header);
    }
    match equivocation(previous, signed, &chain.domain) {
        Some(found) => Lineage::Broken(Inconsistency::Equivocation(found)),
        None => Lineage::Apart(Missing::NotConsecutive { previous: before.sequence, got: header.sequence }),
    }
}

fn other_program(chain: &Chain, header: &Header) -> Lineage {
    Lineage::Apart(Missing::OtherProgram { expected: chain.ids.program_id, got: header.program_id })
}

fn judge(link: &Link, header: &Header) -> Lineage {
    match check_link(link, header) {
        Ok(()) => Lineage::Continues,
        Err(error @ ChainError::AccMismatch { .. }) => {
            Lineage::WrongAcc(Inconsistency::Chain(Box::new(error)))
        }
        Err(error) => broken(error),
    }
}

fn broken(error: ChainError) -> Lineage {
    Lineage::Broken(Inconsistency::Chain(Box::new(error)))
}
