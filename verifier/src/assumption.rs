//! What a verdict rests on, by stable names, so that a reader can refuse any of it.

use crate::expected::Expected;
use candor_circuits::seal::key::{KeySource, SealKey};
use candor_program::card::{Card, Plugin, SetupSource, SignerKey};
use candor_program::evidence::{Authority, Slot};
use candor_trace::SignedRecord;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Name of an assumption.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum AssumptionName {
    /// The reference string was made on one machine.
    DevelopmentSetup,
    /// The reference string is of a ceremony, and is the one that the reader pinned.
    CeremonySetup,
    /// The program's author says that the reference string is of a ceremony.
    DeclaredSetup,
    /// The seal key was made on one machine.
    DevelopmentSealKey,
    /// The seal key is of a ceremony, and is one that the reader pinned.
    CeremonySealKey,
    /// The key itself says that it is of a ceremony.
    DeclaredSealKey,
    /// The curve.
    Curve,
    /// Fiat-Shamir.
    FiatShamir,
    /// Statistical soundness.
    StatisticalSoundness,
    /// Hash functions.
    Hashes,
    /// Signatures of records.
    Signatures,
    /// Observations that only the agent vouches for.
    DeclaredObservations,
    /// Observations that a plugin's key signed.
    SignedObservations,
    /// A plugin's key whose signatures were not looked at.
    UncheckedObservationSigner,
    /// Statements that an attester or owner signed.
    SignedEvidence,
    /// Statements whose signatures were not looked at.
    UncheckedEvidence,
    /// Times that only the agent vouches for.
    UnwitnessedTime,
    /// Times that witnesses of a log vouch for.
    WitnessedTime,
    /// A past that was not looked at.
    UncheckedPast,
}

/// An assumption with what it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Assumption {
    /// Whoever made the reference string can forge every proof.
    DevelopmentSetup,
    /// One participant of the ceremony was honest.
    CeremonySetup {
        /// Keccak-256 of the Powers-of-Tau file.
        file_hash: [u8; 32],
    },
    /// The card names a ceremony, and nobody pinned its string: its author may know the secret.
    DeclaredSetup {
        /// Keccak-256 of the file, as the card says.
        file_hash: [u8; 32],
    },
    /// Whoever made the seal key can forge every seal.
    DevelopmentSealKey,
    /// One participant of the phase-2 ceremony was honest.
    CeremonySealKey {
        /// Keccak-256 of its transcript.
        transcript: [u8; 32],
    },
    /// The key names a ceremony, and nobody pinned the key: its maker may know the secret.
    DeclaredSealKey {
        /// Keccak-256 of the transcript, as the key says.
        transcript: [u8; 32],
    },
    /// BN254 has about 100 bits.
    Curve,
    /// Poseidon as a random oracle, on a program fixed beforehand.
    FiatShamir,
    /// Bits of the argument's statistical soundness, never merged with the curve's.
    StatisticalSoundness {
        /// Bits of the weakest segment.
        bits: u32,
    },
    /// Keccak-256 and Poseidon resist collisions.
    Hashes,
    /// secp256k1, and that the agent alone had its key.
    Signatures,
    /// Nobody but the agent vouches for what this plugin reported.
    DeclaredObservations {
        /// Identifier of the plugin.
        plugin: String,
    },
    /// Whoever holds this key vouches for what the plugin reported: every payload of it was signed.
    SignedObservations {
        /// Identifier of the plugin.
        plugin: String,
        /// The key.
        signer: SignerKey,
    },
    /// A key is declared for the plugin, but there were no payloads to check its signatures on: a seal carries none.
    UncheckedObservationSigner {
        /// Identifier of the plugin.
        plugin: String,
        /// The declared key.
        signer: SignerKey,
    },
    /// Whoever holds this key, or had a mandate from it, vouches for what the records state in this slot: every credential
    /// in it was signed.
    SignedEvidence {
        /// Name of the slot.
        slot: String,
        /// The attester, or the owner whose mandates were handed on.
        signer: SignerKey,
    },
    /// The program takes statements in this slot, but there were no credentials to check: a seal carries none.
    UncheckedEvidence {
        /// Name of the slot.
        slot: String,
        /// Who should have signed them, or what they should be handed on from.
        signer: SignerKey,
    },
    /// No witness vouches for when the records were made.
    UnwitnessedTime,
    /// The clock of one of these witnesses is right, and it and the log alone have their keys.
    WitnessedTime {
        /// Name of the log.
        log: String,
        /// Names of the witnesses.
        witnesses: Vec<String>,
    },
    /// What came before the first record was not looked at.
    UncheckedPast {
        /// Sequence number of the first record.
        first_sequence: u64,
    },
}

/// No assumption has this name.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("no assumption is called `{got}`; there are {}", AssumptionName::ALL.map(AssumptionName::as_str).join(", "))]
pub struct UnknownAssumption {
    /// The name.
    pub got: String,
}

impl AssumptionName {
    /// All names.
    pub const ALL: [Self; 19] = [
        Self::DevelopmentSetup,
        Self::CeremonySetup,
        Self::DeclaredSetup,
        Self::DevelopmentSealKey,
        Self::CeremonySealKey,
        Self::DeclaredSealKey,
        Self::Curve,
        Self::FiatShamir,
        Self::StatisticalSoundness,
        Self::Hashes,
        Self::Signatures,
        Self::DeclaredObservations,
        Self::SignedObservations,
        Self::UncheckedObservationSigner,
        Self::SignedEvidence,
        Self::UncheckedEvidence,
        Self::UnwitnessedTime,
        Self::WitnessedTime,
        Self::UncheckedPast,
    ];

    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DevelopmentSetup => "development-setup",
            Self::CeremonySetup => "ceremony-setup",
            Self::DeclaredSetup => "declared-setup",
            Self::DevelopmentSealKey => "development-seal-key",
            Self::CeremonySealKey => "ceremony-seal-key",
            Self::DeclaredSealKey => "declared-seal-key",
            Self::Curve => "bn254",
            Self::FiatShamir => "fiat-shamir",
            Self::StatisticalSoundness => "statistical-soundness",
            Self::Hashes => "hashes",
            Self::Signatures => "signatures",
            Self::DeclaredObservations => "declared-observations",
            Self::SignedObservations => "signed-observations",
            Self::UncheckedObservationSigner => "unchecked-observation-signer",
            Self::SignedEvidence => "signed-evidence",
            Self::UncheckedEvidence => "unchecked-evidence",
            Self::UnwitnessedTime => "unwitnessed-time",
            Self::WitnessedTime => "witnessed-time",
            Self::UncheckedPast => "unchecked-past",
        }
    }
}

impl fmt::Display for AssumptionName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for AssumptionName {
    type Err = UnknownAssumption;

    fn from_str(name: &str) -> Result<Self, UnknownAssumption> {
        let found = Self::ALL.into_iter().find(|candidate| candidate.as_str() == name);
        found.ok_or_else(|| UnknownAssumption { got: name.chars().take(64).collect() })
    }
}

impl Assumption {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> AssumptionName {
        match self {
            Self::DevelopmentSetup => AssumptionName::DevelopmentSetup,
            Self::CeremonySetup { .. } => AssumptionName::CeremonySetup,
            Self::DeclaredSetup { .. } => AssumptionName::DeclaredSetup,
            Self::DevelopmentSealKey => AssumptionName::DevelopmentSealKey,
            Self::CeremonySealKey { .. } => AssumptionName::CeremonySealKey,
            Self::DeclaredSealKey { .. } => AssumptionName::DeclaredSealKey,
            Self::Curve => AssumptionName::Curve,
            Self::FiatShamir => AssumptionName::FiatShamir,
            Self::StatisticalSoundness { .. } => AssumptionName::StatisticalSoundness,
            Self::Hashes => AssumptionName::Hashes,
            Self::Signatures => AssumptionName::Signatures,
            Self::DeclaredObservations { .. } => AssumptionName::DeclaredObservations,
            Self::SignedObservations { .. } => AssumptionName::SignedObservations,
            Self::UncheckedObservationSigner { .. } => AssumptionName::UncheckedObservationSigner,
            Self::SignedEvidence { .. } => AssumptionName::SignedEvidence,
            Self::UncheckedEvidence { .. } => AssumptionName::UncheckedEvidence,
            Self::UnwitnessedTime => AssumptionName::UnwitnessedTime,
            Self::WitnessedTime { .. } => AssumptionName::WitnessedTime,
            Self::UncheckedPast { .. } => AssumptionName::UncheckedPast,
        }
    }

    /// The key whose word it takes; `None`: nobody's, or the agent's.
    #[must_use]
    pub fn signer(&self) -> Option<SignerKey> {
        match self {
            Self::SignedObservations { signer, .. }
            | Self::UncheckedObservationSigner { signer, .. }
            | Self::SignedEvidence { signer, .. }
            | Self::UncheckedEvidence { signer, .. } => Some(*signer),
            _ => None,
        }
    }

    /// Where a seal key comes from: a pinned one is what its source says, any other only claims it.
    #[must_use]
    pub fn seal_key(expected: &Expected, key: &SealKey) -> Self {
        match key.source {
            KeySource::Development => Self::DevelopmentSealKey,
            KeySource::Ceremony { transcript } if expected.seal_keys.contains(&key.id()) => {
                Self::CeremonySealKey { transcript }
            }
            KeySource::Ceremony { transcript } => Self::DeclaredSealKey { transcript },
        }
    }

    /// Where the reference string comes from: a pinned one is what its source says, any other only claims it.
    ///
    /// Owes: that the card's string is the pinned one ([`Expected::check_setup`]).
    #[must_use]
    pub fn setup(expected: &Expected, card: &Card) -> Self {
        match card.setup.source {
            SetupSource::Development => Self::DevelopmentSetup,
            SetupSource::PowersOfTau { file_hash } if expected.setup_digest.is_some() => {
                Self::CeremonySetup { file_hash }
            }
            SetupSource::PowersOfTau { file_hash } => Self::DeclaredSetup { file_hash },
        }
    }

    /// What any accepted proof rests on, soundness bits apart.
    pub(crate) fn of_proof(expected: &Expected, card: &Card) -> Vec<Self> {
        vec![Self::setup(expected, card), Self::Curve, Self::FiatShamir]
    }

    /// What every verdict about records rests on.
    pub(crate) fn of_records() -> Vec<Self> {
        vec![Self::Hashes, Self::Signatures]
    }

    /// Who vouches for what each plugin reported, where bodies were checked: the plugin's key, or the agent alone.
    #[must_use]
    pub fn of_observations(card: &Card) -> Vec<Self> {
        card.plugins.iter().map(|plugin| Self::of_plugin(plugin, Bodies::Checked(&[]))).collect()
    }

    /// What a verdict that a path was honest takes from the agent and its plugins; `continued`: the first record, if others
    /// came before.
    pub(crate) fn of_path(card: &Card, bodies: Bodies<'_>, continued: Option<u64>) -> Vec<Self> {
        let mut assumptions: Vec<Self> =
            card.plugins.iter().map(|plugin| Self::of_plugin(plugin, bodies)).collect();
        assumptions.extend(match bodies {
            Bodies::Checked(records) => Self::of_evidence(card, records),
            Bodies::Absent => card.evidence.iter().map(Self::of_unchecked_slot).collect(),
        });
        assumptions.push(Self::UnwitnessedTime);
        assumptions.extend(continued.map(|first_sequence| Self::UncheckedPast { first_sequence }));
        assumptions
    }

    /// Who vouches for the statements of records whose bodies were checked: each slot that any of them uses.
    #[must_use]
    pub fn of_evidence(card: &Card, records: &[SignedRecord]) -> Vec<Self> {
        let is_used = |index: usize| {
            records.iter().any(|record| matches!(record.body.evidence.0.get(index), Some(Some(_))))
        };
        let used = card.evidence.iter().enumerate().filter(|(index, _)| is_used(*index));
        used.map(|(_, slot)| Self::SignedEvidence { slot: slot.name.clone(), signer: signer(slot) }).collect()
    }

    fn of_unchecked_slot(slot: &Slot) -> Self {
        Self::UncheckedEvidence { slot: slot.name.clone(), signer: signer(slot) }
    }

    fn of_plugin(plugin: &Plugin, bodies: Bodies<'_>) -> Self {
        let (id, signer) = (plugin.id.clone(), plugin.signer.map(|signer| signer.key));
        match (signer, bodies) {
            (None, _) => Self::DeclaredObservations { plugin: id },
            (Some(signer), Bodies::Checked(_)) => Self::SignedObservations { plugin: id, signer },
            (Some(signer), Bodies::Absent) => Self::UncheckedObservationSigner { plugin: id, signer },
        }
    }
}

/// The key that the slot's statements come from.
fn signer(slot: &Slot) -> SignerKey {
    match &slot.authority {
        Authority::Attester { key } => *key,
        Authority::Mandate { owner, .. } => *owner,
    }
}

/// Whether the bodies of records, and with them payloads, credentials and their signatures, were there to be checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bodies<'a> {
    /// They were.
    Checked(&'a [SignedRecord]),
    /// Headers alone, as in a seal.
    Absent,
}

impl fmt::Display for Assumption {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.name())?;
        match self {
            Self::DevelopmentSetup => {
                out.write_str("DEVELOPMENT reference string; whoever made it can forge every proof")
            }
            Self::CeremonySetup { file_hash } => write!(
                out,
                "reference string of the Powers-of-Tau file 0x{}, pinned by the reader; at least one participant deleted their secret",
                hex::encode(file_hash)
            ),
            Self::DeclaredSetup { file_hash } => write!(
                out,
                "DECLARED, not pinned: the card names the Powers-of-Tau file 0x{}; if its author made the string, they can forge every proof",
                hex::encode(file_hash)
            ),
            Self::DevelopmentSealKey => {
                out.write_str("DEVELOPMENT seal key; whoever made it can forge every seal")
            }
            Self::CeremonySealKey { transcript } => write!(
                out,
                "seal key of the ceremony with transcript 0x{}, pinned by the reader; at least one participant deleted their secret",
                hex::encode(transcript)
            ),
            Self::DeclaredSealKey { transcript } => write!(
                out,
                "DECLARED, not pinned: the key names a ceremony with transcript 0x{}; if its maker invented that, they can forge every seal",
                hex::encode(transcript)
            ),
            Self::Curve => out.write_str("discrete logarithms and pairings of BN254 (about 100 bits)"),
            Self::FiatShamir => {
                out.write_str("Fiat-Shamir with Poseidon, on a program that was fixed before the challenges")
            }
            Self::StatisticalSoundness { bits } => {
                write!(out, "statistical soundness of the argument: {bits} bits (not counting the curve)")
            }
            Self::Hashes => out.write_str("no collisions in Keccak-256 and Poseidon"),
            Self::Signatures => {
                out.write_str("ECDSA over secp256k1 cannot be forged, and the agent alone had its key")
            }
            Self::DeclaredObservations { plugin } => {
                write!(out, "what plugin `{plugin}` reported is declared by the agent; nobody signed it")
            }
            Self::SignedObservations { plugin, signer } => {
                write!(
                    out,
                    "what plugin `{plugin}` reported is signed by {signer}; whoever holds that key vouches"
                )
            }
            Self::UncheckedObservationSigner { plugin, signer } => write!(
                out,
                "plugin `{plugin}` declares key {signer}, but a seal carries no payloads: its signatures were not looked at"
            ),
            Self::SignedEvidence { slot, signer } => write!(
                out,
                "what the records state in evidence slot `{slot}` is signed by {signer} or under its mandates; whoever holds that key vouches"
            ),
            Self::UncheckedEvidence { slot, signer } => write!(
                out,
                "evidence slot `{slot}` takes statements of {signer}, but a seal carries no credentials: their signatures were not looked at"
            ),
            Self::UnwitnessedTime => out.write_str("no witness vouches for when the records were made"),
            Self::WitnessedTime { log, witnesses } => write!(
                out,
                "of {} one is honest with its clock right, none but they and log {log} have their keys, and SHA-256 has no collisions",
                witnesses.join(", ")
            ),
            Self::UncheckedPast { first_sequence } => {
                write!(out, "the records before record {first_sequence} were not looked at")
            }
        }
    }
}
