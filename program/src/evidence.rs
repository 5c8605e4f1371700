//! Evidence: signed, expiring facts about the principal or the environment.
//!
//! A program declares slots; a record carries at most one statement for each. Signatures are checked where records are made
//! and read (`candor-trace`); here a statement is what was signed. Source: docs/spec/evidence.md.

use crate::card::SignerKey;
use borsh::{BorshDeserialize, BorshSerialize};

/// A place for one statement.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Slot {
    /// Name, unique in the program.
    pub name: String,
    /// Who must have signed.
    pub authority: Authority,
    /// Whom the statement must be about.
    pub subject: Subject,
    /// Digits after the decimal point of its value, for people.
    pub decimals: u8,
    /// Value where there is no valid statement; `None`: the fact is then missing.
    pub default: Option<i64>,
    /// Slot whose value is a time: statements issued before it are revoked. Where that slot has no value, none is valid.
    pub revoked_by: Option<u8>,
    /// Names of values, for people.
    pub values: Vec<ValueName>,
}

/// What a value is called.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct ValueName {
    /// The value.
    pub value: i64,
    /// Its name.
    pub name: String,
}

/// Who must have signed a statement.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Authority {
    /// One attester.
    Attester {
        /// Its key.
        key: SignerKey,
    },
    /// A chain of mandates from an owner down to the agent, which narrow a limit.
    Mandate {
        /// Key of the first grantor.
        owner: SignerKey,
        /// Name of the limit inside the mandates.
        limit: String,
        /// Which way is narrower.
        direction: Direction,
    },
}

/// Which way a limit narrows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Direction {
    /// Lower is narrower.
    AtMost,
    /// Higher is narrower.
    AtLeast,
}

/// Whom a statement must be about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Subject {
    /// The agent that decides: its address, filled with zeros on the left.
    Agent,
    /// A fixed principal.
    Principal {
        /// Identifier.
        id: [u8; 32],
    },
}

/// What was stated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Statement {
    /// Value.
    pub value: i64,
    /// Unix seconds from which it counts; below 2^62.
    pub issued: u64,
    /// Unix seconds from which it no longer counts; below 2^62.
    pub expires: u64,
}

/// One entry a slot.
#[derive(Clone, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Evidence(pub Vec<Option<Statement>>);

/// What a slot stands at, at one time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Value of the valid statement, or else the slot's default.
    pub value: Option<i64>,
    /// When the valid statement was issued; `None` where there is none.
    pub issued: Option<u64>,
    /// Why a statement that is there does not count.
    pub defect: Option<Defect>,
}

/// Why a statement does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Defect {
    /// There is none.
    Absent,
    /// It counts later.
    NotYet,
    /// It expired.
    Expired,
    /// It was issued before the time of revocation, or that time is not known.
    Revoked,
}

impl Statement {
    fn within(&self, time: u64) -> Option<Defect> {
        match (self.issued <= time, time < self.expires) {
            (false, _) => Some(Defect::NotYet),
            (_, false) => Some(Defect::Expired),
            _ => None,
        }
    }
}

impl Evidence {
    /// No statement for any slot.
    #[must_use]
    pub fn none(slots: &[Slot]) -> Self {
        Self(vec![None; slots.len()])
    }

    /// What every slot stands at, at a time. A slot that revokes another is not itself revoked by a third.
    ///
    /// Owes: as many entries as slots; a missing one counts as absent.
    #[must_use]
    pub fn standings(&self, slots: &[Slot], time: u64) -> Vec<Standing> {
        slots.iter().enumerate().map(|(index, slot)| self.standing(slots, index, slot, time)).collect()
    }

    fn standing(&self, slots: &[Slot], index: usize, slot: &Slot, time: u64) -> Standing {
        let statement = self.0.get(index).copied().flatten();
        let expiry = statement.map_or(Some(Defect::Absent), |statement| statement.within(time));
        let defect = expiry.or_else(|| {
            let bound = self.revocation(slots, slot.revoked_by?, time);
            let issued = statement.map_or(0, |statement| statement.issued);
            let stands = bound.is_some_and(|bound| i128::from(issued) >= i128::from(bound));
            (!stands).then_some(Defect::Revoked)
        });
        let valid = statement.filter(|_| defect.is_none());
        Standing {
            value: valid.map(|statement| statement.value).or(slot.default),
            issued: valid.map(|statement| statement.issued),
            defect,
        }
    }

    /// Value of a revoking slot: of a statement that is there and not expired, or its default.
    fn revocation(&self, slots: &[Slot], by: u8, time: u64) -> Option<i64> {
        let index = usize::from(by);
        let statement = self.0.get(index).copied().flatten();
        let current = statement.filter(|statement| statement.within(time).is_none());
        current.map(|statement| statement.value).or(slots.get(index)?.default)
    }
}
