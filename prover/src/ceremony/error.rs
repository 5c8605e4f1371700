//! Why a ceremony is refused.

use crate::setup::PtauError;
use candor_circuits::point::PointError;
use candor_circuits::seal::key::KeyError;
use candor_program::encoding::DecodeError;

/// A list of points of the keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Query {
    /// Public inputs, divided by gamma.
    Inputs,
    /// A's polynomials.
    A,
    /// B's polynomials in G1.
    BInG1,
    /// B's polynomials in G2.
    BInG2,
    /// Witness variables, divided by delta.
    L,
    /// Powers times the vanishing polynomial, divided by delta.
    H,
}

/// A single point of the keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Element {
    /// alpha in G1.
    Alpha,
    /// beta in G1.
    BetaInG1,
    /// beta in G2.
    BetaInG2,
    /// delta in G1.
    DeltaInG1,
    /// delta in G2.
    DeltaInG2,
}

/// What is wrong with a Powers-of-Tau file as the ground of a ceremony.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PhaseOneError {
    /// The container or a point.
    #[error("the .ptau file cannot be used: {0}")]
    Ptau(#[from] PtauError),
    /// The circuit is beyond what a ceremony takes.
    #[error("a circuit of 2^{domain_log2} rows is larger than a ceremony takes (2^{limit})")]
    Size {
        /// Log2 of the circuit's domain.
        domain_log2: u32,
        /// The limit.
        limit: u32,
    },
    /// The points of a section are not the powers of one secret times the section's own.
    #[error("section {section} does not hold the powers of one secret (pairing check failed)")]
    NotPowers {
        /// Section number.
        section: u32,
    },
}

/// Why a ceremony's file or a step of it is refused. Contributions are numbered from 1.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CeremonyError {
    /// The bytes.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// The Powers-of-Tau file.
    #[error(transparent)]
    PhaseOne(#[from] PhaseOneError),
    /// A point of a list does not decode.
    #[error("point {index} of {query:?}: {error}")]
    Point {
        /// The list.
        query: Query,
        /// Index in it.
        index: usize,
        /// What is wrong with it.
        error: PointError,
    },
    /// A single point does not decode, or is the identity.
    #[error("{element:?}: {error}")]
    ElementPoint {
        /// Which.
        element: Element,
        /// What is wrong with it.
        error: PointError,
    },
    /// A point of a contribution does not decode, or is the identity.
    #[error("contribution {number}: {error}")]
    ContributionPoint {
        /// Number of the contribution.
        number: usize,
        /// What is wrong with it.
        error: PointError,
    },
    /// A name is too long, or has control characters.
    #[error("the name of contribution {number} has more than {limit} bytes, or control characters")]
    Name {
        /// Number of the contribution.
        number: usize,
        /// Most bytes.
        limit: usize,
    },
    /// Too many contributions.
    #[error("{got} contributions, at most {limit} are allowed")]
    Contributions {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// The beacon's value is empty or too long.
    #[error("the beacon's value has {got} bytes; 1 to {limit} are allowed")]
    BeaconValue {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// The beacon asks for too many hashes.
    #[error("2^{got} hashes of a beacon are more than 2^{limit}")]
    BeaconIterations {
        /// Log2 of the limit.
        limit: u8,
        /// Log2 of what was asked.
        got: u8,
    },
    /// A secret that is zero, which would destroy the keys.
    #[error("the contribution's secret is zero")]
    ZeroSecret,
    /// The keys are of another class or batch.
    #[error("the ceremony is for another class or batch (2^{got} records) than was asked for (2^{expected})")]
    OtherClass {
        /// Log2 of the batch that was asked for.
        expected: u8,
        /// Log2 of the ceremony's batch.
        got: u8,
    },
    /// The class's circuit is another one.
    #[error("the ceremony is for another circuit: it was begun with another version of candor")]
    OtherCircuit,
    /// The ceremony was begun with another Powers-of-Tau file.
    #[error("the ceremony was begun with the file 0x{}, this is 0x{}", hex::encode(.expected), hex::encode(.got))]
    OtherPhaseOne {
        /// Keccak-256 of the file it was begun with.
        expected: [u8; 32],
        /// Keccak-256 of the file given.
        got: [u8; 32],
    },
    /// A list has another length than the circuit's.
    #[error("{query:?} has {got} points, the circuit {expected}")]
    Length {
        /// The list.
        query: Query,
        /// By the circuit.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// Nobody contributed: the secret is known to all.
    #[error("nobody has contributed a secret; a beacon alone is no secret")]
    NoContribution,
    /// Something follows the beacon.
    #[error("contribution {number} follows the beacon, which must be the last")]
    AfterBeacon {
        /// Number of the contribution.
        number: usize,
    },
    /// A proof of knowledge does not hold: forged, or made at another place of the ceremony.
    #[error("contribution {number} does not prove knowledge of its secret at this place of the ceremony")]
    ProofOfKnowledge {
        /// Number of the contribution.
        number: usize,
    },
    /// delta did not move by the contribution's secret.
    #[error("contribution {number} changes delta by another factor than the one it proves to know")]
    Step {
        /// Number of the contribution.
        number: usize,
    },
    /// The beacon's contribution does not follow from its value.
    #[error("contribution {number} does not follow from its beacon")]
    Beacon {
        /// Number of the contribution.
        number: usize,
    },
    /// A single point of the keys is not what Powers of Tau and contributions make it.
    #[error("{element:?} of the keys is not what the Powers-of-Tau file and the contributions make it")]
    Element {
        /// Which.
        element: Element,
    },
    /// A list of the keys is not what Powers of Tau, circuit and delta make it.
    #[error("{query:?} of the keys is not what the Powers-of-Tau file, the circuit and delta make it")]
    Query {
        /// Which.
        query: Query,
    },
    /// The finished key does not pass the lint.
    #[error(transparent)]
    Lint(#[from] KeyError),
}
