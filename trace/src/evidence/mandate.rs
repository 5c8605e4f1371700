//! Mandates: what an owner lets an agent do, handed on and narrowed, never widened.

use super::message::{
    EVIDENCE_MESSAGE_BYTES, TextDefect, check_name, message, signed_word, text_word, unsigned_word,
};
use crate::signer::{SecretKey, SignerError, check_signed};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::card::SignerKey;
use candor_program::decimal::format_decimal;
use candor_program::encoding::keccak256;
use candor_program::evidence::Direction;
use candor_program::limits;
use thiserror::Error;

/// Primary type of the EIP-712 struct that a grantor signs.
pub const MANDATE_TYPE: &str = "Mandate(string grantor,string grantee,bytes32 parent,Limit[] limits,uint64 issued,uint64 expires)\
Limit(string name,string direction,int64 value,uint8 decimals)";
const LIMIT_TYPE: &str = "Limit(string name,string direction,int64 value,uint8 decimals)";

/// Most mandates of a chain.
pub const MAX_LINKS: usize = 8;
/// Most limits of a mandate.
pub const MAX_LIMITS: usize = 16;

/// A limit.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Limit {
    /// Name.
    pub name: String,
    /// Which way is narrower.
    pub direction: Direction,
    /// Value.
    pub value: i64,
    /// Digits of the value after the decimal point.
    pub decimals: u8,
}

/// What a grantor signs.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Mandate {
    /// Who signs.
    pub grantor: SignerKey,
    /// Who may act, and hand on.
    pub grantee: SignerKey,
    /// [`Mandate::id`] of the mandate that it is handed on from; zero in the first.
    pub parent: [u8; 32],
    /// Limits, names ascending.
    pub limits: Vec<Limit>,
    /// Unix seconds from which it counts.
    pub issued: u64,
    /// Unix seconds from which it no longer counts.
    pub expires: u64,
}

/// A mandate with its signature.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SignedMandate {
    /// What was signed.
    pub mandate: Mandate,
    /// By the grantor.
    pub signature: Vec<u8>,
}

/// What a chain of mandates comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Granted {
    /// The first grantor.
    pub owner: SignerKey,
    /// The last grantee.
    pub grantee: SignerKey,
    /// Limits after the last mandate, names ascending.
    pub limits: Vec<Limit>,
    /// When the first was issued.
    pub issued: u64,
    /// When the last was issued: before that, there was no such chain.
    pub complete: u64,
    /// When it expires.
    pub expires: u64,
}

/// Why mandates are no chain, or not the slot's. `link` is an index, from 0; messages count from 1, as people do.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum MandateError {
    /// No mandate, or too many.
    #[error("a chain of {got} mandates, 1 to {limit} are allowed")]
    Depth {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// Too many limits.
    #[error("mandate {} has {got} limits, at most {limit} are allowed", .link + 1)]
    LimitCount {
        /// Mandate.
        link: usize,
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// A limit's name that cannot be signed.
    #[error("mandate {}: the name of a limit {defect}", .link + 1)]
    Name {
        /// Mandate.
        link: usize,
        /// What is wrong.
        defect: TextDefect,
    },
    /// Limits unsorted, or one twice.
    #[error("mandate {}: limit `{name}` is not after the one before it; sort them by name, each once", .link + 1)]
    Order {
        /// Mandate.
        link: usize,
        /// Limit.
        name: String,
    },
    /// Times not below 2^62.
    #[error("mandate {} counts from {issued} to {expires}; times are below 2^62", .link + 1)]
    Time {
        /// Mandate.
        link: usize,
        /// Begin.
        issued: u64,
        /// End.
        expires: u64,
    },
    /// Granted by somebody who was not granted it.
    #[error("mandate {} is granted by {got}, the mandate before it was granted to {expected}", .link + 1)]
    Grantor {
        /// Mandate.
        link: usize,
        /// Grantee of the one before.
        expected: SignerKey,
        /// Its grantor.
        got: SignerKey,
    },
    /// Handed on from another mandate.
    #[error("mandate {} hands on 0x{}, the mandate before it is 0x{}", .link + 1, hex::encode(.got), hex::encode(.expected))]
    Parent {
        /// Mandate.
        link: usize,
        /// The one before; zero for none.
        expected: [u8; 32],
        /// Named.
        got: [u8; 32],
    },
    /// Issued before what it hands on.
    #[error("mandate {} was issued at {got}, before the one it hands on, at {parent}", .link + 1)]
    Issued {
        /// Mandate.
        link: usize,
        /// Of the one before.
        parent: u64,
        /// Found.
        got: u64,
    },
    /// Expires after what it hands on.
    #[error("mandate {} expires at {got}, after the one it hands on, at {parent}", .link + 1)]
    Expires {
        /// Mandate.
        link: usize,
        /// Of the one before.
        parent: u64,
        /// Found.
        got: u64,
    },
    /// Wider than what it hands on.
    #[error("mandate {} widens limit `{name}` from {} to {}", .link + 1, format_decimal(*.parent, *.decimals),
        format_decimal(*.got, *.decimals))]
    Widened {
        /// Mandate.
        link: usize,
        /// Limit.
        name: String,
        /// Digits of both values after the decimal point.
        decimals: u8,
        /// Above it.
        parent: i64,
        /// Found.
        got: i64,
    },
    /// The other direction, or other decimals, than above it.
    #[error(
        "mandate {} states limit `{name}` with another direction or other decimals than the one it hands on",
        .link + 1
    )]
    Restated {
        /// Mandate.
        link: usize,
        /// Limit.
        name: String,
    },
    /// A limit that the first mandate does not name.
    #[error("mandate {} adds limit `{name}`, which the first mandate does not name", .link + 1)]
    Added {
        /// Mandate.
        link: usize,
        /// Limit.
        name: String,
    },
    /// Not signed.
    #[error("mandate {} is not signed by its grantor: {source}", .link + 1)]
    Signature {
        /// Mandate.
        link: usize,
        /// Why.
        source: SignerError,
    },
    /// The slot is about a principal.
    #[error("the slot is about a principal; mandates are about the agent")]
    Subject,
    /// Of another owner.
    #[error("the first mandate is granted by {got}, the slot's owner is {expected}")]
    Owner {
        /// The slot's.
        expected: SignerKey,
        /// Found.
        got: SignerKey,
    },
    /// Granted to somebody else.
    #[error("the last mandate is granted to {got}, the agent is {expected}")]
    Agent {
        /// The agent that decides.
        expected: SignerKey,
        /// Found.
        got: SignerKey,
    },
    /// Completed after the record.
    #[error("the last mandate was issued at {issued}, after the record's time {time}")]
    Later {
        /// Time of the record.
        time: u64,
        /// Of the last mandate.
        issued: u64,
    },
    /// No mandate names the slot's limit.
    #[error("the mandates name no limit `{name}`")]
    NoLimit {
        /// The slot's.
        name: String,
    },
    /// The limit has another direction, or other decimals, than the slot.
    #[error("the mandates' limit `{name}` has another direction or other decimals than the slot")]
    OtherLimit {
        /// Limit.
        name: String,
    },
}

/// `at-most` or `at-least`.
#[must_use]
pub fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::AtMost => "at-most",
        Direction::AtLeast => "at-least",
    }
}

impl Limit {
    fn struct_hash(&self) -> [u8; 32] {
        keccak256(&[
            &text_word(LIMIT_TYPE),
            &text_word(&self.name),
            &text_word(direction_name(self.direction)),
            &signed_word(self.value),
            &unsigned_word(self.decimals.into()),
        ])
    }

    /// Whether this value allows more than another one of the same limit.
    fn is_wider_than(&self, other: &Self) -> bool {
        match self.direction {
            Direction::AtMost => self.value > other.value,
            Direction::AtLeast => self.value < other.value,
        }
    }
}

impl Mandate {
    /// The bytes that are signed.
    #[must_use]
    pub fn message(&self) -> [u8; EVIDENCE_MESSAGE_BYTES] {
        let limits: Vec<[u8; 32]> = self.limits.iter().map(Limit::struct_hash).collect();
        message(&keccak256(&[
            &text_word(MANDATE_TYPE),
            &text_word(&self.grantor.to_string()),
            &text_word(&self.grantee.to_string()),
            &self.parent,
            &keccak256(&[&limits.concat()]),
            &unsigned_word(self.issued),
            &unsigned_word(self.expires),
        ]))
    }

    /// What a mandate that hands this one on names as its parent.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        keccak256(&[&self.message()])
    }

    /// The mandate as this key signs it: the key is named as its grantor.
    #[must_use]
    pub fn sign(mut self, key: &SecretKey) -> SignedMandate {
        self.grantor = key.public();
        let signature = key.sign(&self.message());
        SignedMandate { mandate: self, signature }
    }

    /// It is fit to be signed: few limits, sorted, with names; times below 2^62.
    fn check_form(&self, link: usize) -> Result<(), MandateError> {
        let (limit, got) = (MAX_LIMITS, self.limits.len());
        if got > limit {
            return Err(MandateError::LimitCount { link, limit, got });
        }
        for limit in &self.limits {
            check_name(&limit.name).map_err(|defect| MandateError::Name { link, defect })?;
        }
        for (before, after) in self.limits.iter().zip(self.limits.iter().skip(1)) {
            if before.name >= after.name {
                return Err(MandateError::Order { link, name: after.name.clone() });
            }
        }
        let (issued, expires) = (self.issued, self.expires);
        if issued >= limits::TIME || expires >= limits::TIME {
            return Err(MandateError::Time { link, issued, expires });
        }
        Ok(())
    }
}

/// The mandates are a chain in which each hands on the one before and none widens it: what they grant together.
///
/// Owes: that the owner, the grantee and the times are those that the reader wants.
pub fn check_chain(chain: &[SignedMandate]) -> Result<Granted, MandateError> {
    let depth = MandateError::Depth { limit: MAX_LINKS, got: chain.len() };
    let Some((first, rest)) = chain.split_first().filter(|_| chain.len() <= MAX_LINKS) else {
        return Err(depth);
    };
    for (link, signed) in chain.iter().enumerate() {
        signed.mandate.check_form(link)?;
    }
    let mandate = &first.mandate;
    if mandate.parent != [0; 32] {
        return Err(MandateError::Parent { link: 0, expected: [0; 32], got: mandate.parent });
    }
    let mut granted = Granted {
        owner: mandate.grantor,
        grantee: mandate.grantee,
        limits: mandate.limits.clone(),
        issued: mandate.issued,
        complete: mandate.issued,
        expires: mandate.expires,
    };
    let mut parent = mandate.id();
    for (link, signed) in (1..).zip(rest) {
        granted.hand_on(link, parent, &signed.mandate)?;
        parent = signed.mandate.id();
    }
    for (link, SignedMandate { mandate, signature }) in chain.iter().enumerate() {
        check_signed(&mandate.grantor, &mandate.message(), signature)
            .map_err(|source| MandateError::Signature { link, source })?;
    }
    Ok(granted)
}

impl Granted {
    /// The limit of this name.
    #[must_use]
    pub fn limit(&self, name: &str) -> Option<&Limit> {
        self.limits.iter().find(|limit| limit.name == name)
    }

    /// One more link.
    fn hand_on(&mut self, link: usize, parent: [u8; 32], mandate: &Mandate) -> Result<(), MandateError> {
        if mandate.grantor != self.grantee {
            return Err(MandateError::Grantor { link, expected: self.grantee, got: mandate.grantor });
        }
        if mandate.parent != parent {
            return Err(MandateError::Parent { link, expected: parent, got: mandate.parent });
        }
        if mandate.issued < self.complete {
            return Err(MandateError::Issued { link, parent: self.complete, got: mandate.issued });
        }
        if mandate.expires > self.expires {
            return Err(MandateError::Expires { link, parent: self.expires, got: mandate.expires });
        }
        for limit in &mandate.limits {
            let name = || limit.name.clone();
            let above = self.limits.iter_mut().find(|above| above.name == limit.name);
            let above = above.ok_or_else(|| MandateError::Added { link, name: name() })?;
            if (above.direction, above.decimals) != (limit.direction, limit.decimals) {
                return Err(MandateError::Restated { link, name: name() });
            }
            if limit.is_wider_than(above) {
                return Err(MandateError::Widened {
                    link,
                    name: name(),
                    decimals: limit.decimals,
                    parent: above.value,
                    got: limit.value,
                });
            }
            above.value = limit.value;
        }
        (self.grantee, self.complete, self.expires) = (mandate.grantee, mandate.issued, mandate.expires);
        Ok(())
    }
}
