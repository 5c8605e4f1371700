//! A ceremony under way, and its file.

use super::circuit::Circuit;
use super::contribution::{Beacon, Contribution};
use super::error::CeremonyError;
use super::parameters::{ParameterBytes, Parameters};
use super::phase_one::PhaseOne;
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::Fr;
use candor_program::encoding::{decode_file, encode, encode_file, fr_from_bytes_mod, keccak256};
use zeroize::Zeroizing;

/// Magic of a ceremony's file.
pub const FILE_MAGIC: [u8; 8] = *b"CANDORCY";
/// Longest file of a ceremony.
pub const MAX_CEREMONY_BYTES: u64 = 2 << 30;
/// Most contributions.
pub const MAX_CONTRIBUTIONS: usize = 1024;

/// What a ceremony is for.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Subject {
    /// The class of the circuit.
    pub class_digest: [u8; 32],
    /// Log2 of its batch.
    pub batch_log2: u8,
    /// Digest of the circuit itself.
    pub circuit_digest: [u8; 32],
    /// Keccak-256 of the Powers-of-Tau file.
    pub phase_one: [u8; 32],
}

/// A ceremony, as far as it has come. Nothing of a decoded one is checked but that its points are points.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ceremony {
    /// What it is for.
    pub subject: Subject,
    /// Contributions in order.
    pub contributions: Vec<Contribution>,
    /// The keys after them.
    pub parameters: Parameters,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Body {
    subject: Subject,
    contributions: Vec<Contribution>,
    parameters: ParameterBytes,
}

impl Subject {
    pub(super) fn of(circuit: &Circuit, phase_one: &PhaseOne) -> Self {
        Self {
            class_digest: circuit.class_digest,
            batch_log2: circuit.batch_log2,
            circuit_digest: circuit.digest(),
            phase_one: phase_one.file_hash,
        }
    }

    /// The transcript before any contribution.
    #[must_use]
    pub fn transcript(&self) -> [u8; 32] {
        keccak256(&[b"candor/ceremony/v1", &encode(self)])
    }
}

impl Ceremony {
    /// The ceremony of a circuit before any contribution. Its keys are useless: delta is one.
    ///
    /// Errors: the circuit is too large.
    pub fn begin(circuit: &Circuit, phase_one: &PhaseOne) -> Result<Self, CeremonyError> {
        let parameters = Parameters::initial(circuit, phase_one)?;
        Ok(Self { subject: Subject::of(circuit, phase_one), contributions: Vec::new(), parameters })
    }

    /// Hash of the subject and all contributions. It fixes the keys, since these follow from both.
    #[must_use]
    pub fn transcript(&self) -> [u8; 32] {
        self.contributions.iter().fold(self.subject.transcript(), |transcript, contribution| {
            contribution.transcript_after(&transcript)
        })
    }

    /// Multiplies delta by a secret; returns the transcript after it.
    ///
    /// Owes: that the secret is fresh randomness, and forgotten. Does not check what others did before.
    /// Errors: a secret of zero, a bad name, a ceremony that is closed by its beacon, or one contribution too many.
    pub fn contribute(&mut self, name: &str, secret: &[u8; 32]) -> Result<[u8; 32], CeremonyError> {
        let factor = Zeroizing::new(fr_from_bytes_mod(secret));
        self.append(name, None, &factor)
    }

    /// Closes the ceremony by a factor that everybody can recompute from public randomness.
    ///
    /// Errors: a bad value, a ceremony without contributions or closed already, a bad name, or one contribution too many.
    pub fn close(&mut self, name: &str, beacon: Beacon) -> Result<[u8; 32], CeremonyError> {
        if self.contributions.is_empty() {
            return Err(CeremonyError::NoContribution);
        }
        let factor = beacon.factor(&self.transcript())?;
        self.append(name, Some(beacon), &factor)
    }

    fn append(&mut self, name: &str, beacon: Option<Beacon>, factor: &Fr) -> Result<[u8; 32], CeremonyError> {
        let number = self.contributions.len() + 1;
        if number > MAX_CONTRIBUTIONS {
            return Err(CeremonyError::Contributions { limit: MAX_CONTRIBUTIONS, got: number });
        }
        if self.is_closed() {
            return Err(CeremonyError::AfterBeacon { number });
        }
        let delta = &self.parameters.delta_g1;
        let contribution = Contribution::make(name.to_owned(), beacon, &self.transcript(), delta, factor)?;
        contribution.check_name(number)?;
        self.parameters.multiply_delta(factor)?;
        self.contributions.push(contribution);
        Ok(self.transcript())
    }

    /// Whether its last contribution is a beacon.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.contributions.last().is_some_and(|last| last.beacon.is_some())
    }

    /// Encodes the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = Body {
            subject: self.subject.clone(),
            contributions: self.contributions.clone(),
            parameters: self.parameters.to_bytes(),
        };
        encode_file(&FILE_MAGIC, &body)
    }

    /// Decodes a file.
    ///
    /// Owes: [`Self::verify`].
    /// Errors: malformed bytes, more contributions than allowed, a bad name, or a point that is none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CeremonyError> {
        let body: Body = decode_file(&FILE_MAGIC, MAX_CEREMONY_BYTES, bytes)?;
        let (limit, got) = (MAX_CONTRIBUTIONS, body.contributions.len());
        if got > limit {
            return Err(CeremonyError::Contributions { limit, got });
        }
        for (index, contribution) in body.contributions.iter().enumerate() {
            contribution.check_name(index + 1)?;
        }
        let parameters = Parameters::from_bytes(&body.parameters)?;
        Ok(Self { subject: body.subject, contributions: body.contributions, parameters })
    }
}
