//! The chains of registered agents: what each one's next record must continue.

use crate::pipeline::registration::{RegisterError, Registration};
use crate::pipeline::submission::{SubmitError, Ticket, hold};
use candor_trace::{Header, Link};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

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
}

impl ChainSlot {
    fn new(number: u32, registration: Registration) -> Self {
        let head = Mutex::new(registration.first_link());
        Self { number, registration, head, recent: Mutex::default() }
    }
    /// Puts the chain's end where an entry of it left it.
    pub(crate) fn restore(&self, header: &Header, record_hash: [u8; 32]) {
        let mut head = hold(&self.head);
        *head = head.next(header, record_hash);
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
        Self { table: RwLock::new(table) }
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
    /// A chain by its number.
    pub(crate) fn by_number(&self, number: u32) -> Option<Arc<ChainSlot>> {
        self.read().slots.get(number as usize).cloned()
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
