//! What the seals of one program and one key share, checked once; then each of them.

use super::Sealed;
use super::error::{SealError, SealScalar};
use super::headers::Path;
use crate::assumption::{Assumption, Bodies};
use crate::expected::{Expected, Refused};
use candor_circuits::compressed::decompress_g1;
use candor_circuits::layout::Layout;
use candor_circuits::model::decode_rows;
use candor_circuits::native::{opened, opening_equation};
use candor_circuits::pairing::PairingEquation;
use candor_circuits::point::{G1Affine, encode_g1, hash_points};
use candor_circuits::proof::MAX_BATCH_LOG2;
use candor_circuits::seal::boundary::Boundary;
use candor_circuits::seal::exposed;
use candor_circuits::seal::key::{CheckedKey, GrothPoints, KeyError, SealKey};
use candor_circuits::setup::VerifierSetup;
use candor_circuits::soundness::statistical_bits;
use candor_circuits::statement::ProgramData;
use candor_program::Fr;
use candor_program::card::{Card, PointBytes};
use candor_program::encoding::{FrBytes, fr_from_bytes};
use candor_trace::{Chain, Header, PreviousHeader, Purpose, SealFile, SealedHeader};

/// A card and a key that are expected, well formed and linted, ready for any number of seals.
pub struct SealReader<'a> {
    expected: &'a Expected,
    card: &'a Card,
    chain: Chain,
    key_id: [u8; 32],
    key: CheckedKey,
    layout: Layout,
    /// Values that a seal exposes.
    values: usize,
    rows: Vec<G1Affine>,
    setup: VerifierSetup,
    assumptions: Vec<Assumption>,
}

/// A seal of which only the pairings are left.
pub(crate) struct PendingSeal {
    sealed: Sealed,
    groth: PairingEquation,
    opening: PairingEquation,
}

impl<'a> SealReader<'a> {
    /// Card and key are those expected, belong together and are well formed.
    ///
    /// Errors: the first check that fails; no seal is to blame.
    pub fn new(expected: &'a Expected, card: &'a Card, key: &SealKey) -> Result<Self, SealError> {
        card.validate().map_err(Box::new)?;
        let chain = Chain::of(card);
        check_program("the card", expected, chain.ids.program_id)?;
        if card.domain != expected.domain {
            return Err(SealError::Domain);
        }
        expected.check_setup(card)?;
        let key_id = key.id();
        if !expected.seal_keys.is_empty() && !expected.seal_keys.contains(&key_id) {
            return Err(SealError::KeyPin { got: key_id });
        }
        if key.class_digest != chain.ids.class_digest || key.batch_log2 > MAX_BATCH_LOG2 {
            return Err(SealError::KeyClass);
        }
        let layout = Layout::new(&card.class, key.batch_log2, card.class.output())?;
        let mut assumptions = vec![Assumption::seal_key(expected, key)];
        assumptions.extend(Assumption::of_proof(expected, card));
        assumptions.extend(Assumption::of_records());
        assumptions.push(Assumption::StatisticalSoundness { bits: statistical_bits(&layout) });
        check_refused(expected, &assumptions)?;
        let checked = key.validate()?;
        let rows = decode_rows(card)?;
        let setup = VerifierSetup::of(&card.setup).map_err(SealError::Setup)?;
        let values = exposed::count(&layout);
        Ok(Self { expected, card, chain, key_id, key: checked, layout, values, rows, setup, assumptions })
    }

    /// The seal is accepted.
    ///
    /// Errors: the first check that fails. Owes: everything in [`Sealed::assumptions`].
    pub fn verify(&self, file: &SealFile) -> Result<Sealed, SealError> {
        self.reduce(file)?.settle()
    }

    /// Everything but the pairings.
    pub(crate) fn reduce(&self, file: &SealFile) -> Result<PendingSeal, SealError> {
        let (chain, layout) = (&self.chain, &self.layout);
        self.check_ids(file)?;
        let mut assumptions = self.assumptions.clone();
        let continued = file.start.previous().map(|_| file.first_sequence());
        assumptions.extend(Assumption::of_path(self.card, Bodies::Absent, continued));
        check_refused(self.expected, &assumptions)?;
        check_scalars(file)?;
        let counts = exposed::point_counts(layout);
        let (expected_points, expected_values) = (counts.iter().sum(), self.values);
        let (points, values) = (file.proof.points.len(), file.proof.exposed.len());
        let lengths = SealError::Lengths { expected_points, expected_values, points, values };
        if (points, values) != (expected_points, expected_values) {
            return Err(lengths);
        }
        let path = Path::of(self.card, chain, file)?;
        let points = points_of(file)?;
        let boundary = self.boundary(file, &path, &points, &counts);
        let public_inputs = boundary.fingerprint(file.proof.boundary_digest.to_fr()).inputs();
        let proof = GrothPoints::decompress(&file.proof.a.0, &file.proof.b.0, &file.proof.c.0)?;
        let groth = self.key.equation(&public_inputs, &proof);
        let tail: Vec<Fr> = file.proof.exposed.iter().map(FrBytes::to_fr).collect();
        let outstanding = exposed::read(layout, &tail).ok_or(lengths)?;
        let opening = opening_equation(layout, &outstanding, &points, &self.rows, &self.setup)?;
        let sealed = Sealed {
            program_id: chain.ids.program_id,
            agent: file.agent,
            headers: path.headers,
            payout: file.payout,
            public_inputs,
            assumptions,
        };
        Ok(PendingSeal { sealed, groth, opening })
    }

    /// The seal is of this program, agent and key, and has as many headers as the key's batch is made for.
    fn check_ids(&self, file: &SealFile) -> Result<(), SealError> {
        check_program("the seal", self.expected, file.program_id)?;
        let (expected, got) = (self.expected.agent, file.agent);
        if expected != got {
            return Err(SealError::Agent { expected, got });
        }
        if file.purpose != Purpose::Path {
            return Err(SealError::Purpose);
        }
        let (named, got) = (file.key_id, self.key_id);
        if named != got {
            return Err(SealError::OtherKey { expected: named, got });
        }
        let (batch, got) = (self.layout.batch(), file.headers.len());
        if got == 0 || got.next_power_of_two() != batch {
            return Err(SealError::Headers { batch, got });
        }
        Ok(())
    }

    /// The boundary vector from public material alone.
    fn boundary(&self, file: &SealFile, path: &Path, points: &[G1Affine], counts: &[usize]) -> Boundary {
        let ids = &self.chain.ids;
        let (first, last) = (path.headers.first(), path.headers.last());
        let word = |header: Option<&Header>, pick: fn(&Header) -> Fr| header.map_or_else(Fr::default, pick);
        let [high, low] = ProgramData::halves(&ids.model_id);
        let mut x = vec![
            high,
            low,
            ids.program_fr,
            path.context,
            path.acc_before,
            word(last, |header| header.acc.to_fr()),
            word(first, |header| header.state_before.to_fr()),
            word(last, |header| header.state_after.to_fr()),
            word(first, |header| Fr::from(header.sequence)),
            Fr::from(path.headers.len() as u64),
            word(last, |header| Fr::from(header.executed)),
        ];
        let mut points = points.iter();
        for count in counts {
            // The very points of the opening's check, in the encoding that the transcript absorbed.
            let encoded: Vec<PointBytes> = points.by_ref().take(*count).map(encode_g1).collect();
            x.push(hash_points(&encoded));
        }
        x.extend(file.proof.exposed.iter().map(FrBytes::to_fr));
        Boundary(x)
    }
}

impl PendingSeal {
    /// What is left to check.
    pub(crate) fn equations(&self) -> [&PairingEquation; 2] {
        [&self.groth, &self.opening]
    }

    /// What is established once the equations hold.
    ///
    /// Owes: the equations.
    pub(crate) fn sealed(self) -> Sealed {
        self.sealed
    }

    /// Checks the equations, one by one.
    pub(crate) fn settle(self) -> Result<Sealed, SealError> {
        if !self.groth.holds() {
            return Err(KeyError::Equation.into());
        }
        opened(&self.opening)?;
        Ok(self.sealed)
    }
}

fn check_program(part: &'static str, expected: &Expected, got: [u8; 32]) -> Result<(), SealError> {
    let expected = expected.program_id;
    if expected == got { Ok(()) } else { Err(SealError::Program { part, expected, got }) }
}

fn check_refused(expected: &Expected, assumptions: &[Assumption]) -> Result<(), SealError> {
    match expected.refused_of(assumptions) {
        Some(Refused::Name { assumption }) => Err(SealError::Refused { assumption }),
        Some(Refused::Signer { assumption, signer }) => Err(SealError::RefusedSigner { assumption, signer }),
        None => Ok(()),
    }
}

/// The points of the argument.
fn points_of(file: &SealFile) -> Result<Vec<G1Affine>, SealError> {
    let points = file.proof.points.iter().enumerate();
    points
        .map(|(index, point)| decompress_g1(&point.0).map_err(|error| SealError::Point { index, error }))
        .collect()
}

/// Every scalar of the file has one encoding. Decoding a file checks that too; a file assembled in memory passes here alone.
fn check_scalars(file: &SealFile) -> Result<(), SealError> {
    let check = |value: &FrBytes, scalar| match fr_from_bytes(&value.0) {
        Some(_) => Ok(()),
        None => Err(SealError::Scalar { scalar }),
    };
    if let Some(previous) = file.start.previous() {
        let PreviousHeader { state_before, observations, evidence, state_after, acc, .. } = previous;
        for value in [state_before, observations, evidence, state_after, acc] {
            check(value, SealScalar::Header(previous.sequence))?;
        }
    }
    for (sequence, header) in (file.first_sequence()..).zip(&file.headers) {
        let SealedHeader { observations, evidence, state_after, .. } = header;
        for value in [observations, evidence, state_after] {
            check(value, SealScalar::Header(sequence))?;
        }
    }
    check(&file.proof.boundary_digest, SealScalar::BoundaryDigest)?;
    for (index, value) in file.proof.exposed.iter().enumerate() {
        check(value, SealScalar::Exposed(index))?;
    }
    Ok(())
}
