//! One record, examined along the path of the data. Replay and settlement both do it here.

use crate::difference::Place;
use crate::expected::Expected;
use crate::inconsistency::Inconsistency;
use crate::lineage::{Lineage, lineage};
use crate::opening::Openings;
use crate::verdict::Missing;
use candor_program::card::Card;
use candor_program::execution;
use candor_program::observation::Observation;
use candor_trace::{
    Bundle, Chain, MAX_BUNDLE_RECORDS, SignedHeader, SignedRecord, Start, check_credentials, check_decision,
    check_payloads, check_revision,
};
use std::borrow::Cow;

/// What an examination of one record found.
pub(crate) enum Finding {
    /// Everything that was looked at fits.
    Consistent,
    /// Something differs, in words that the agent signed.
    Differs(Place),
    /// Nothing differs in what is at hand, but not everything is.
    Missing(Missing),
}

/// What records are examined against: a valid card of the expected program and domain.
pub(crate) struct Examiner<'a> {
    pub(crate) expected: &'a Expected,
    pub(crate) card: &'a Card,
    pub(crate) chain: Chain,
}

impl<'a> Examiner<'a> {
    /// Checks the size of the bundle and the identity of its card.
    pub(crate) fn of(expected: &'a Expected, bundle: &'a Bundle) -> Result<Self, Missing> {
        let got = bundle.records.len();
        if got == 0 || got > MAX_BUNDLE_RECORDS {
            return Err(Missing::RecordCount { limit: MAX_BUNDLE_RECORDS, got });
        }
        let card = &bundle.card;
        card.validate().map_err(|source| Missing::Card { source: Box::new(source) })?;
        let chain = Chain::of(card);
        if chain.ids.program_id != expected.program_id {
            return Err(Missing::OtherProgram { expected: expected.program_id, got: chain.ids.program_id });
        }
        if card.domain != expected.domain {
            return Err(Missing::OtherDomain { expected: expected.domain, got: card.domain });
        }
        Ok(Self { expected, card, chain })
    }

    /// The expected agent signed this header.
    pub(crate) fn signed(&self, header: &SignedHeader) -> Result<(), Missing> {
        let sequence = header.header.sequence;
        if header.header.agent != self.expected.agent {
            let (expected, got) = (self.expected.agent, header.header.agent);
            return Err(Missing::OtherAgent { sequence, expected, got });
        }
        header.check_signature(&self.card.domain).map_err(|source| Missing::Signature { sequence, source })
    }

    /// Examines a record and what it continues; `model` compares its execution where features and leaves are bound.
    ///
    /// What is reported is the first on the path of the data: chain, observation, features, evidence, model, head, policy,
    /// executed action, state, transaction, acc. What is missing is reported only where nothing differs.
    pub(crate) fn examine(
        &self,
        start: &Start,
        record: &SignedRecord,
        model: &mut dyn FnMut(&SignedRecord) -> Option<Place>,
    ) -> Finding {
        let header = record.signed_header();
        if let Err(missing) = self.signed(&header) {
            return Finding::Missing(missing);
        }
        let (acc, missing) = match self.lineage(start, &header) {
            Lineage::Broken(found) => return Finding::Differs(Place::Record(found)),
            Lineage::Continues => (None, None),
            Lineage::WrongAcc(found) => (Some(found), None),
            Lineage::Apart(missing) => (None, Some(missing)),
        };
        if header.header.program_id != self.expected.program_id {
            let (expected, got) = (self.expected.program_id, header.header.program_id);
            let next = missing.filter(|missing| matches!(missing, Missing::NextProgram { .. }));
            return Finding::Missing(next.unwrap_or(Missing::OtherProgram { expected, got }));
        }
        if header.header.revises() {
            return revised(record, acc, missing);
        }
        let openings = Openings::of(self.card, record);
        if let Some(found) = self.contradiction(&openings, record, model) {
            return Finding::Differs(found);
        }
        if let Some(found) = acc {
            return Finding::Differs(Place::Record(found));
        }
        let unopened = openings.first_missing();
        let unopened = unopened.map(|word| Missing::Body { sequence: header.header.sequence, word });
        missing.or(unopened).map_or(Finding::Consistent, Finding::Missing)
    }

    /// A previous record that the agent did not sign proves nothing about the next.
    fn lineage(&self, start: &Start, header: &SignedHeader) -> Lineage {
        let signed = match start {
            Start::Genesis => Ok(()),
            Start::After(previous) => self.signed(previous),
        };
        match signed {
            Ok(()) => lineage(&self.chain, start, header),
            Err(missing) => Lineage::Apart(missing),
        }
    }

    fn contradiction(
        &self,
        openings: &Openings,
        record: &SignedRecord,
        model: &mut dyn FnMut(&SignedRecord) -> Option<Place>,
    ) -> Option<Place> {
        let inputs = || self.inputs(openings, record).map(Place::Record);
        let evidence = || if openings.evidence() { self.evidence(record).map(Place::Record) } else { None };
        let model = || if openings.observation() && openings.leaves() { model(record) } else { None };
        let decision = || if openings.decision() { self.decision(record).map(Place::Record) } else { None };
        inputs().or_else(evidence).or_else(model).or_else(decision)
    }

    /// Payloads against their plugins' signatures and the features, features against the first leaf.
    pub(crate) fn inputs(&self, openings: &Openings, record: &SignedRecord) -> Option<Inconsistency> {
        if !openings.observation() {
            return None;
        }
        let (body, recorded) = (&record.body, &record.body.features);
        let observation = signed_observation(record);
        let features = match observation.features(self.card) {
            Ok(features) => features,
            Err(source) => return Some(Inconsistency::Observation(Box::new(source))),
        };
        if let Err(source) = check_payloads(self.card, &observation) {
            return Some(Inconsistency::Payload(Box::new(source)));
        }
        if features.len() != recorded.len() {
            let (expected, recorded) = (features.len(), recorded.len());
            return Some(Inconsistency::FeatureCount { expected, recorded });
        }
        let mut pairs = features.iter().zip(recorded).enumerate();
        if let Some((feature, (&expected, &recorded))) = pairs.find(|(_, (expected, got))| expected != got) {
            return Some(Inconsistency::Feature { feature, expected, recorded });
        }
        let input: Vec<i32> = features.iter().map(|&feature| i32::from(feature)).collect();
        let expected = execution::leaf(0, &input);
        match body.leaves.first() {
            Some(&recorded) if openings.leaves() && recorded != expected => {
                Some(Inconsistency::InputLeaf { expected, recorded })
            }
            _ => None,
        }
    }

    /// Statements against those who signed them.
    fn evidence(&self, record: &SignedRecord) -> Option<Inconsistency> {
        let checked = check_credentials(self.card, &record.header, &record.body);
        checked.err().map(|source| Inconsistency::Evidence(Box::new(source)))
    }

    fn decision(&self, record: &SignedRecord) -> Option<Inconsistency> {
        check_decision(self.card, record).err().map(Inconsistency::Decision)
    }
}

/// A Revise record: its body has both programs, so that it can be judged by itself.
fn revised(record: &SignedRecord, acc: Option<Inconsistency>, missing: Option<Missing>) -> Finding {
    let sequence = record.header.sequence;
    let checked = check_revision(&record.header, &record.body);
    let differs = |found| Finding::Differs(Place::Record(found));
    match (checked, acc) {
        (Err(error), _) if error.is_signed() => differs(Inconsistency::Revision(Box::new(error))),
        (_, Some(found)) => differs(found),
        (Err(error), None) => {
            let unopened = Missing::Revision { sequence, source: Box::new(error) };
            Finding::Missing(missing.unwrap_or(unopened))
        }
        (Ok(_), None) => missing.map_or(Finding::Consistent, Finding::Missing),
    }
}

/// The payloads at the time that the agent signed. The observations digest does not bind the body's time, so whoever
/// supplies a body could choose one at which an honest payload is stale.
fn signed_observation(record: &SignedRecord) -> Cow<'_, Observation> {
    let (time, observation) = (record.header.time, &record.body.observation);
    if observation.time == time {
        return Cow::Borrowed(observation);
    }
    Cow::Owned(Observation { time, payloads: observation.payloads.clone() })
}

/// What every record of a bundle continues.
pub(crate) fn starts(bundle: &Bundle) -> impl Iterator<Item = Start> {
    let after = bundle.records.iter().map(|record| Start::After(record.signed_header()));
    std::iter::once(bundle.start.clone()).chain(after)
}
