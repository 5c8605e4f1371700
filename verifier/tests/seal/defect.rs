//! A verifier of seals with a defect put back in: a check that is left out, or a boundary that is taken from the prover.
//! Without a defect it must agree with the production verifier.

use candor_circuits::compressed::decompress_g1;
use candor_circuits::layout::Layout;
use candor_circuits::model::decode_rows;
use candor_circuits::native::check_opening;
use candor_circuits::point::{encode_g1, hash_points};
use candor_circuits::seal::boundary::Boundary;
use candor_circuits::seal::exposed;
use candor_circuits::seal::key::{GrothPoints, KeySource, SealKey};
use candor_circuits::setup::VerifierSetup;
use candor_circuits::statement::ProgramData;
use candor_program::Fr;
use candor_program::card::{Card, PointBytes, SetupSource};
use candor_program::digest::{setup_digest, transaction_word};
use candor_program::head::Action;
use candor_program::policy::Facts;
use candor_trace::{Chain, Header, Link, Purpose, SealFile, SealStart, context_digest};
use candor_verifier::{AssumptionName, Expected};

/// A check of the production verifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Check {
    Program,
    Agent,
    Domain,
    Purpose,
    KeyId,
    SetupPin,
    KeyPin,
    Refusals,
    Signatures,
}

/// What a verifier does wrong. The default is nothing.
#[derive(Clone, Default)]
pub(crate) struct Defects {
    /// Checks that are left out.
    pub(crate) omitted: Vec<Check>,
    /// The boundary's statement (all before the points' hashes) as the prover tells it.
    pub(crate) told: Option<Vec<Fr>>,
}

impl Defects {
    pub(crate) fn omitting(omitted: &[Check]) -> Self {
        Self { omitted: omitted.to_vec(), told: None }
    }
    pub(crate) fn telling(statement: Vec<Fr>, omitted: &[Check]) -> Self {
        Self { told: Some(statement), ..Self::omitting(omitted) }
    }
}

/// Everything that a seal is verified from.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) expected: Expected,
    pub(crate) card: Card,
    pub(crate) key: SealKey,
    pub(crate) file: SealFile,
}

impl Case {
    /// What the circuit's statement is, if every word of the file is believed.
    pub(crate) fn statement(&self) -> Vec<Fr> {
        let chain = Chain::of(&self.card);
        let (headers, acc_before) = self.headers(&chain, true).unwrap();
        self.head(&chain, &headers, acc_before)
    }

    /// The verdict of a verifier with these defects.
    pub(crate) fn accepted(&self, defects: &Defects) -> bool {
        self.verdict(defects).is_some()
    }

    fn verdict(&self, defects: &Defects) -> Option<()> {
        let Self { expected, card, key, file } = self;
        let checked = |check: Check, holds: bool| (holds || defects.omitted.contains(&check)).then_some(());
        let chain = Chain::of(card);
        card.validate().ok()?;
        let program = expected.program_id == chain.ids.program_id && expected.program_id == file.program_id;
        checked(Check::Program, program)?;
        checked(Check::Domain, expected.domain == card.domain)?;
        checked(Check::Agent, expected.agent == file.agent)?;
        checked(Check::Purpose, file.purpose == Purpose::Path)?;
        checked(Check::KeyId, file.key_id == key.id())?;
        let setup = setup_digest(&card.setup);
        checked(Check::SetupPin, expected.setup_digest.is_none_or(|pinned| pinned == setup))?;
        checked(Check::KeyPin, expected.seal_keys.is_empty() || expected.seal_keys.contains(&key.id()))?;
        checked(Check::Refusals, !self.rests_on().into_iter().any(|name| expected.refuses(name)))?;
        let class = key.class_digest == chain.ids.class_digest;
        (class && file.headers.len().next_power_of_two() == 1 << key.batch_log2).then_some(())?;

        let (headers, acc_before) = self.headers(&chain, defects.omitted.contains(&Check::Signatures))?;
        let layout = Layout::new(&card.class, key.batch_log2, card.class.output()).ok()?;
        let points = file.proof.points.iter().map(|point| decompress_g1(&point.0));
        let points: Vec<_> = points.collect::<Result<_, _>>().ok()?;
        let tail: Vec<Fr> = file.proof.exposed.iter().map(|value| value.to_fr()).collect();
        let outstanding = exposed::read(&layout, &tail)?;
        let mut x = match &defects.told {
            Some(statement) => statement.clone(),
            None => self.head(&chain, &headers, acc_before),
        };
        let mut left = points.iter();
        for count in exposed::point_counts(&layout) {
            let encoded: Vec<PointBytes> = left.by_ref().take(count).map(encode_g1).collect();
            x.push(hash_points(&encoded));
        }
        x.extend(tail);
        let inputs = Boundary(x).fingerprint(file.proof.boundary_digest.to_fr()).inputs();
        let proof = GrothPoints::decompress(&file.proof.a.0, &file.proof.b.0, &file.proof.c.0).ok()?;
        key.validate().ok()?.equation(&inputs, &proof).holds().then_some(())?;
        let setup = VerifierSetup::of(&card.setup).ok()?;
        check_opening(&layout, &outstanding, &points, &decode_rows(card).ok()?, &setup).ok()
    }

    /// Names of the assumptions that may be refused by default, and two that always are there.
    fn rests_on(&self) -> Vec<AssumptionName> {
        let Self { expected, card, key, .. } = self;
        let setup = match card.setup.source {
            SetupSource::Development => AssumptionName::DevelopmentSetup,
            SetupSource::PowersOfTau { .. } if expected.setup_digest.is_some() => {
                AssumptionName::CeremonySetup
            }
            SetupSource::PowersOfTau { .. } => AssumptionName::DeclaredSetup,
        };
        let seal_key = match key.source {
            KeySource::Development => AssumptionName::DevelopmentSealKey,
            KeySource::Ceremony { .. } if expected.seal_keys.contains(&key.id()) => {
                AssumptionName::CeremonySealKey
            }
            KeySource::Ceremony { .. } => AssumptionName::DeclaredSealKey,
        };
        vec![setup, seal_key, AssumptionName::Hashes, AssumptionName::Signatures]
    }

    fn headers(&self, chain: &Chain, unsigned: bool) -> Option<(Vec<Header>, Fr)> {
        let (card, file) = (&self.card, &self.file);
        let mut link = match &file.start {
            SealStart::Genesis => Link::genesis(chain, file.agent),
            SealStart::Revised { .. } => return None,
            SealStart::After(previous) => {
                let signed = previous.header(chain.ids.program_id, file.agent);
                (unsigned || signed.check_signature(&card.domain).is_ok()).then_some(())?;
                Link::after(chain, &signed.header)
            }
        };
        let acc_before = link.acc().to_fr();
        let mut headers = Vec::new();
        for sealed in &file.headers {
            let sequence = link.sequence();
            let call = match action(card, sealed.executed) {
                None => None,
                Some(action) => {
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
                    Some(card.transaction.build(&facts)?)
                }
            };
            let word = transaction_word(&card.domain, &file.agent, sequence, call.as_ref());
            let signed = sealed.header(&link, word);
            (unsigned || signed.check_signature(&card.domain).is_ok()).then_some(())?;
            link = Link::after(chain, &signed.header);
            headers.push(signed.header);
        }
        Some((headers, acc_before))
    }

    fn head(&self, chain: &Chain, headers: &[Header], acc_before: Fr) -> Vec<Fr> {
        let (card, file) = (&self.card, &self.file);
        let (first, last) = (headers.first().unwrap(), headers.last().unwrap());
        let hashes: Vec<[u8; 32]> = headers.iter().map(|header| header.record_hash(&card.domain)).collect();
        let [high, low] = ProgramData::halves(&chain.ids.model_id);
        vec![
            high,
            low,
            chain.ids.program_fr,
            context_digest(file.purpose, &card.domain, &file.agent, &file.payout, &hashes),
            acc_before,
            last.acc.to_fr(),
            first.state_before.to_fr(),
            last.state_after.to_fr(),
            Fr::from(first.sequence),
            Fr::from(headers.len() as u64),
            Fr::from(last.executed),
        ]
    }
}

fn action(card: &Card, word: u128) -> Option<Action> {
    let mut actions = (0..card.head.actions().len()).filter_map(|output| card.head.action(output));
    actions.find(|action| word != 0 && action.word() == word)
}
