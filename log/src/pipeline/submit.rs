//! Accepting a record: everything that can be checked in the caller's thread.

use crate::disk::Disk;
use crate::pipeline::chains::ChainSlot;
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::evidence::{self, EquivocationEvidence};
use crate::pipeline::files::INDEX;
use crate::pipeline::journal::Payload;
use crate::pipeline::open::Log;
use crate::pipeline::queue::Queued;
use crate::pipeline::shared::Shared;
use crate::pipeline::submission::{Pending, Sequenced, Submission, SubmitError, Ticket, hold};
use crate::pipeline::tiles::Tiles;
use candor_program::encoding::{decode_exact, keccak256};
use candor_trace::tlog::leaf_hash;
use candor_trace::{Body, ChainError, Entry, check_link, check_openings};
use std::sync::Arc;

impl<D: Disk> Log<D> {
    /// Checks a record and queues it; never waits for the disk, except to keep evidence of equivocation.
    ///
    /// The same record again is answered with the index that it has. What is refused changes nothing. Records of one chain
    /// may be handed in before the ones before them are durable; they are sequenced in that order.
    /// Owes: [`Pending::wait`] or [`Pending::notify`]: until then the record is not durable.
    pub fn submit(&self, submission: Submission) -> Result<Pending, SubmitError> {
        let shared = self.shared();
        shared.progress.check()?;
        let Submission { domain, signed, body_hash, body } = submission;
        let limit = shared.settings.max_body_bytes;
        if let Some(got) = body.as_ref().map(Vec::len).filter(|&got| got > limit) {
            return Err(SubmitError::BodyTooLarge { limit, got });
        }
        let slot = shared.chains.of(&signed.header)?;
        let expected = slot.registration.domain;
        if domain != expected {
            return Err(SubmitError::DomainMismatch { expected, got: domain });
        }
        if let Some(got) = body.as_ref().map(|body| keccak256(&[body])).filter(|got| *got != body_hash) {
            return Err(SubmitError::BodyHashMismatch { expected: body_hash, got });
        }
        let record_hash = signed.record_hash(&domain);
        let signer = shared.signers.check(&signed.header.agent, &record_hash, &signed.signature);
        signer.map_err(|source| SubmitError::Signature { source })?;
        if let Some(body) = &body {
            let opened: Body = decode_exact(body).map_err(|source| SubmitError::BodyMalformed { source })?;
            check_openings(&signed.header, &opened)
                .map_err(|source| SubmitError::Body { source: Box::new(source) })?;
        }
        let entry = Entry { domain, signed, body: body_hash };
        let bytes = entry.to_bytes();
        let payload = Payload::new(&bytes, body.as_deref());
        let leaf = leaf_hash(&bytes);
        shared.accept(&slot, Ticket::new(entry, bytes, record_hash, leaf), payload)
    }
}

impl<D: Disk> Shared<D> {
    /// Puts a validly signed record at its place of its chain.
    fn accept(
        &self,
        slot: &Arc<ChainSlot>,
        ticket: Ticket,
        payload: Payload,
    ) -> Result<Pending, SubmitError> {
        let sequence = ticket.entry.signed.header.sequence;
        let _one_at_a_time = self.chains.revising(&ticket.entry.signed.header);
        let mut head = hold(&slot.head);
        if sequence < head.sequence() {
            drop(head);
            return self.accept_earlier(slot, &ticket);
        }
        check_link(&head, &ticket.entry.signed.header).map_err(|source| SubmitError::Chain { source })?;
        let revised = self.chains.revised(slot, &ticket.entry.signed.header)?;
        let (limit, entries) = (self.settings.tail_limit_entries, self.tail().entries.len());
        if entries >= limit {
            return Err(SubmitError::Backlog { limit, entries: entries as u64 });
        }
        let next = head.next(&ticket.entry.signed.header, ticket.record_hash);
        let ticket = Arc::new(ticket);
        // Before it is queued: the integrator takes it out again.
        hold(&slot.recent).insert(sequence, ticket.clone());
        let queued = Queued { slot: slot.clone(), ticket: ticket.clone(), payload };
        if let Err(error) = self.queue.push(queued) {
            hold(&slot.recent).remove(&sequence);
            // Why it is closed, if it is.
            self.progress.check()?;
            return Err(error);
        }
        if let Some(revised) = revised {
            revised.join(slot, &next);
        }
        *head = next;
        Ok(Pending::waiting(ticket, false))
    }
    /// A record for a place that the chain has passed: the one that is there, or equivocation.
    fn accept_earlier(&self, slot: &ChainSlot, ticket: &Ticket) -> Result<Pending, SubmitError> {
        let header = &ticket.entry.signed.header;
        if let Some(there) = slot.recent(header.sequence) {
            return match there.record_hash == ticket.record_hash {
                true => Ok(Pending::waiting(there, true)),
                false => Err(self.refuse_equivocation(&there.entry, ticket)),
            };
        }
        if slot.is_joined() && self.is_elsewhere(slot, header.sequence)? {
            let (expected, got) = (hold(&slot.head).sequence(), header.sequence);
            return Err(SubmitError::Chain { source: ChainError::SequenceGap { expected, got } });
        }
        let (index, there) = match self.entry_at(slot, header.sequence) {
            Ok(found) => found,
            Err(PipelineError::Pruned { .. }) => return self.accept_pruned(slot, ticket),
            Err(error) => return Err(self.stop(error).into()),
        };
        match there.record_hash() == ticket.record_hash {
            true => Ok(Pending::durable(Sequenced { index, duplicate: true, leaf: there.leaf_hash() })),
            false => Err(self.refuse_equivocation(&there, ticket)),
        }
    }
    /// The chain had another program at this place.
    fn is_elsewhere(&self, slot: &ChainSlot, sequence: u64) -> Result<bool, SubmitError> {
        let place = self.index.place(slot.number, sequence).map_err(|error| self.stop(error))?;
        Ok(place.is_none())
    }
    /// A record for a place whose entry is pruned: its leaf still says whether it is the same entry.
    fn accept_pruned(&self, slot: &ChainSlot, ticket: &Ticket) -> Result<Pending, SubmitError> {
        let sequence = ticket.entry.signed.header.sequence;
        let place = self.index.place(slot.number, sequence).map_err(|error| self.stop(error))?;
        let Some(index) = place else { return Err(SubmitError::Settled { sequence }) };
        let size = self.progress.read().sizes.integrated;
        let leaf = Tiles::new(&self.files).leaf(index, size).map_err(|error| self.stop(error))?;
        match leaf == ticket.leaf {
            true => Ok(Pending::durable(Sequenced { index, duplicate: true, leaf })),
            false => Err(SubmitError::Settled { sequence }),
        }
    }
    /// The entry at a place of a chain that is indexed.
    pub(crate) fn entry_at(&self, slot: &ChainSlot, sequence: u64) -> Result<(u64, Entry), PipelineError> {
        let mismatch = |index| self.files.damaged(INDEX, FileDamage::IndexMismatch { index });
        let Some(index) = self.index.place(slot.number, sequence)? else {
            // An index that was made again after a pruning does not have what was pruned.
            return Err(match self.oldest() {
                0 => mismatch(self.progress.read().sizes.integrated),
                minimum => PipelineError::Pruned { index: 0, minimum },
            });
        };
        let (_, entry) = self.read_entry(index)?;
        let header = &entry.signed.header;
        let registration = &slot.registration;
        let expected = (registration.agent, registration.program_id, sequence);
        match (header.agent, header.program_id, header.sequence) == expected {
            true => Ok((index, entry)),
            false => Err(mismatch(index)),
        }
    }
    /// Keeps the evidence, durably, and then says no.
    fn refuse_equivocation(&self, first: &Entry, second: &Ticket) -> SubmitError {
        let evidence = EquivocationEvidence {
            domain: first.domain,
            first: first.signed.clone(),
            second: second.entry.signed.clone(),
        };
        let header = &evidence.second.header;
        let (agent, sequence) = (header.agent, header.sequence);
        let kept = {
            let _one_at_a_time = hold(&self.keeping_evidence);
            evidence::keep(&self.files, self.settings.evidence_per_agent, &evidence)
        };
        match kept {
            Ok(name) => SubmitError::Equivocation {
                agent,
                sequence,
                first: first.record_hash(),
                second: second.record_hash,
                evidence: name,
            },
            Err(error) => self.stop(error).into(),
        }
    }
}
