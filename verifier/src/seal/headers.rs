//! The headers of a seal: what its file leaves out is derived, and the agent's signatures say that it was so.

use super::error::SealError;
use candor_program::Fr;
use candor_program::card::Card;
use candor_program::digest::transaction_word;
use candor_program::encoding::FrBytes;
use candor_program::head::Action;
use candor_program::policy::{Fact, Facts};
use candor_program::transaction::ArgumentSource;
use candor_trace::{Chain, Header, Link, SealFile, SealStart, SealedHeader, check_link, context_digest};

/// The headers of a path, whole and signed, and what they are bound to.
pub(super) struct Path {
    pub(super) headers: Vec<Header>,
    pub(super) acc_before: Fr,
    pub(super) context: Fr,
}

impl Path {
    /// Every header, completed by what it continues and by what its action becomes, is signed by the seal's agent.
    ///
    /// Owes: that program and agent of the file are the expected ones.
    pub(super) fn of(card: &Card, chain: &Chain, file: &SealFile) -> Result<Self, SealError> {
        let mut link = start(card, chain, file)?;
        let acc_before = link.acc().to_fr();
        let mut headers = Vec::with_capacity(file.headers.len());
        let mut hashes = Vec::with_capacity(file.headers.len());
        for sealed in &file.headers {
            let sequence = link.sequence();
            let transaction = transaction(card, &link, sealed)?;
            let signed = sealed.header(&link, transaction);
            if signed.header.revises() {
                return Err(SealError::Revision { sequence });
            }
            check_link(&link, &signed.header)
                .map_err(|source| SealError::Chain { sequence, source: Box::new(source) })?;
            signed
                .check_signature(&card.domain)
                .map_err(|source| SealError::Signature { sequence, source })?;
            link = Link::after(chain, &signed.header);
            hashes.push(link.previous_record());
            headers.push(signed.header);
        }
        let context = context_digest(file.purpose, &card.domain, &file.agent, &file.payout, &hashes);
        Ok(Self { headers, acc_before, context })
    }
}

/// What the first header continues.
fn start(card: &Card, chain: &Chain, file: &SealFile) -> Result<Link, SealError> {
    let (program_id, previous) = match &file.start {
        SealStart::Genesis => return Ok(Link::genesis(chain, file.agent)),
        SealStart::After(previous) => (chain.ids.program_id, previous),
        SealStart::Revised { program_id, previous } => (*program_id, previous),
    };
    let sequence = previous.sequence;
    let signed = previous.header(program_id, file.agent);
    signed.check_signature(&card.domain).map_err(|source| SealError::Signature { sequence, source })?;
    check_revision(chain, &file.start, &signed.header)?;
    Ok(Link::after(chain, &signed.header))
}

/// The record before is of the seal's program, or a Revise record that leads to it.
fn check_revision(chain: &Chain, start: &SealStart, previous: &Header) -> Result<(), SealError> {
    let (sequence, wrong) = (previous.sequence, matches!(start, SealStart::After(_)) == previous.revises());
    let (expected, got) = (chain.ids.program_id, previous.revision());
    let leads = got.is_none_or(|revision| {
        revision.to == expected && revision.program_fr == FrBytes::from(chain.ids.program_fr)
    });
    if wrong || !leads { Err(SealError::Revision { sequence }) } else { Ok(()) }
}

/// The word of the transaction that the template makes of a header's own words.
fn transaction(card: &Card, link: &Link, sealed: &SealedHeader) -> Result<[u8; 32], SealError> {
    let sequence = link.sequence();
    let call = match sealed.executed {
        0 => None,
        word => {
            let action = action(card, word).ok_or(SealError::Transaction { sequence })?;
            check_sources(card)?;
            let facts = Facts {
                action,
                time: sealed.time,
                sequence,
                features: &[],
                outputs: &[],
                registers: &[],
                after: &[],
                evidence: &[],
            };
            Some(card.transaction.build(&facts).ok_or(SealError::Transaction { sequence })?)
        }
    };
    Ok(transaction_word(&card.domain, &link.agent(), sequence, call.as_ref()))
}

/// The template takes nothing that only a body tells.
fn check_sources(card: &Card) -> Result<(), SealError> {
    let closed = |source: &ArgumentSource| {
        let ArgumentSource::Fact { fact, .. } = source else { return false };
        !is_told_by_headers(*fact)
    };
    match card.transaction.arguments.iter().position(|declared| closed(&declared.source)) {
        Some(argument) => Err(SealError::TransactionFact { argument }),
        None => Ok(()),
    }
}

/// The fact follows from words of the header. The others are in the body alone.
fn is_told_by_headers(fact: Fact) -> bool {
    match fact {
        Fact::ActionCode
        | Fact::ActionAmount
        | Fact::ActionMagnitude
        | Fact::ActionAsset
        | Fact::ActionVenue
        | Fact::Time
        | Fact::Sequence => true,
        Fact::Feature(_)
        | Fact::Output(_)
        | Fact::Register(_)
        | Fact::After(_)
        | Fact::Change(_)
        | Fact::Elapsed(_)
        | Fact::Evidence(_)
        | Fact::Present(_)
        | Fact::Issued(_) => false,
    }
}

/// The action of a word; the seal proves that it is the requested one.
fn action(card: &Card, word: u128) -> Option<Action> {
    let code = u16::try_from((word >> 64).checked_sub(1)?).ok()?;
    let action = card.head.action(usize::from(code))?;
    (action.word() == word).then_some(action)
}
