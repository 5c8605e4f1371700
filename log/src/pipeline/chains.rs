//! The chains of registered agents: what each one's next record must continue.

use crate::pipeline::registration::{RegisterError, Registration};
use crate::pipeline::submission::{SubmitError, Ticket, hold};
use candor_trace::{Header, Link};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// One agent's chain of one program.
pub(crate) struct ChainSlot {
    /// Position among the registrations; what the index calls the chain.
    pub(crate) number: u32,
    pub(crate) registration: Registration,
    /// What the next record must continue. Held while a record is checked and queued, so that the queue has the
    /// chain's order.
    pub(crate) head: Mutex<Link>,
    /// Records that are not in the index yet, by sequence number.
    pub(crate) recent: Mutex<BTreeMap<u64, Arc<Ticket>>>,
    /// Whether a Revise record leads here or away: then places of the chain are those of other programs.
    joined: AtomicBool,
}

impl ChainSlot {
    fn new(number: u32, registration: Registration) -> Self {
        let head = Mutex::new(registration.first_link());
        Self { number, registration, head, recent: Mutex::default(), joined: AtomicBool::new(false) }
    }
    /// Whether some of the chain's places are those of other programs.
    pub(crate) fn is_joined(&self) -> bool {
        self.joined.load(Ordering::Relaxed)
    }
    /// Nothing of this program is recorded that a chain which is revised to it could contradict: it has no record, or the
    /// last one leads away from it, and all are before the place of the Revise record.
    fn may_be_joined(&self, head: &Link, sequence: u64) -> bool {
        let registration = &self.registration;
        let at_genesis = *head == registration.first_link();
        at_genesis || (head.program_id() != registration.program_id && head.sequence() <= sequence)
    }
    /// A record that is not in the index yet.
    pub(crate) fn recent(&self, sequence: u64) -> Option<Arc<Ticket>> {
        hold(&self.recent).get(&sequence).cloned()
    }
}

/// All chains.
#[derive(Default)]
pub(crate) struct Chains {
    table: RwLock<Table>,
    /// Held by whoever takes up a Revise record: it alone holds the ends of two chains at once.
    revising: Mutex<()>,
}

/// Where a Revise record leads.
pub(crate) struct Revised {
    target: Arc<ChainSlot>,
}

impl Revised {
    /// Lets the revised program's chain go on at this link.
    pub(crate) fn join(&self, slot: &ChainSlot, link: &Link) {
        slot.joined.store(true, Ordering::Relaxed);
        self.target.joined.store(true, Ordering::Relaxed);
        *hold(&self.target.head) = link.clone();
    }
}

#[derive(Default)]
struct Table {
    slots: Vec<Arc<ChainSlot>>,
    by_program: HashMap<([u8; 20], [u8; 32]), u32>,
    agents: BTreeSet<[u8; 20]>,
}

impl Chains {
    pub(crate) fn new(registrations: Vec<Registration>) -> Self {
        let mut table = Table::default();
        registrations.into_iter().for_each(|registration| table.push(registration));
        Self { table: RwLock::new(table), revising: Mutex::default() }
    }
    /// Puts a chain's end where an entry of it left it; after a Revise record, that of the revised program as well.
    pub(crate) fn restore(&self, slot: &ChainSlot, header: &Header, record_hash: [u8; 32]) {
        let link = {
            let mut head = hold(&slot.head);
            *head = head.next(header, record_hash);
            head.clone()
        };
        let Some(revision) = header.revision() else { return };
        let Some(target) = self.find(&header.agent, &revision.to) else { return };
        slot.joined.store(true, Ordering::Relaxed);
        target.joined.store(true, Ordering::Relaxed);
        let mut head = hold(&target.head);
        // Where it was restored before, it has gone on.
        if head.sequence() < link.sequence() {
            *head = link;
        }
    }
    /// Nobody else takes up a Revise record until this is dropped; nothing to wait for with a decision's record.
    pub(crate) fn revising(&self, header: &Header) -> Option<MutexGuard<'_, ()>> {
        header.revises().then(|| hold(&self.revising))
    }
    /// The chain of the program to which a Revise record leads; `None` for a decision's record.
    ///
    /// Errors: the agent is not registered for it, or with other values, or has a chain of it already.
    pub(crate) fn revised(&self, slot: &ChainSlot, header: &Header) -> Result<Option<Revised>, SubmitError> {
        let Some(revision) = header.revision() else { return Ok(None) };
        let (agent, program_id) = (header.agent, revision.to);
        let target = self.find(&agent, &program_id);
        let target = target.ok_or(SubmitError::UnknownProgram { agent, program_id })?;
        let (new, old) = (&target.registration, &slot.registration);
        if (new.program_fr, new.domain) != (revision.program_fr, old.domain) {
            return Err(SubmitError::RevisedOtherwise { agent, program_id });
        }
        // A Revise record to its own program was refused before: these are two locks.
        let free = target.may_be_joined(&hold(&target.head), header.sequence);
        if free { Ok(Some(Revised { target })) } else { Err(SubmitError::OtherChain { agent, program_id }) }
    }
    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }
    /// The chain that a header belongs to.
    pub(crate) fn find(&self, agent: &[u8; 20], program_id: &[u8; 32]) -> Option<Arc<ChainSlot>> {
        let table = self.read();
        let number = *table.by_program.get(&(*agent, *program_id))?;
        table.slots.get(number as usize).cloned()
    }
    /// The chain that a header belongs to, or why there is none.
    pub(crate) fn of(&self, header: &Header) -> Result<Arc<ChainSlot>, SubmitError> {
        let (agent, program_id) = (header.agent, header.program_id);
        self.find(&agent, &program_id).ok_or_else(|| match self.read().agents.contains(&agent) {
            true => SubmitError::UnknownProgram { agent, program_id },
            false => SubmitError::UnknownAgent { agent },
        })
    }
    /// The chains of an agent.
    pub(crate) fn of_agent(&self, agent: &[u8; 20]) -> Vec<Arc<ChainSlot>> {
        let table = self.read();
        table.slots.iter().filter(|slot| slot.registration.agent == *agent).cloned().collect()
    }
    /// A chain by its number.
    pub(crate) fn by_number(&self, number: u32) -> Option<Arc<ChainSlot>> {
        self.read().slots.get(number as usize).cloned()
    }
    #[cfg(feature = "server")]
    pub(crate) fn count(&self) -> usize {
        self.read().slots.len()
    }
    pub(crate) fn registrations(&self) -> Vec<Registration> {
        self.read().slots.iter().map(|slot| slot.registration.clone()).collect()
    }
    /// Whether a registration is there already; an error if its chain begins otherwise.
    pub(crate) fn contains(&self, registration: &Registration) -> Result<bool, RegisterError> {
        let (agent, program_id) = (registration.agent, registration.program_id);
        match self.find(&agent, &program_id) {
            None => Ok(false),
            Some(slot) if slot.registration == *registration => Ok(true),
            Some(_) => Err(RegisterError::Conflict { agent, program_id }),
        }
    }
    pub(crate) fn push(&self, registration: Registration) {
        self.table.write().unwrap_or_else(PoisonError::into_inner).push(registration);
    }
}

impl Table {
    fn push(&mut self, registration: Registration) {
        // As many as the setting allows, which is less.
        let number = self.slots.len() as u32;
        self.by_program.insert((registration.agent, registration.program_id), number);
        self.agents.insert(registration.agent);
        self.slots.push(Arc::new(ChainSlot::new(number, registration)));
    }
}
