//! Reference strings: powers of tau in G1, and tau in G2.

pub(crate) mod ptau;

pub use ptau::PtauError;

use ark_bn254::{Bn254, Fq, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::scalar_mul::BatchMulPreprocessing;
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{Field, One, PrimeField};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_circuits::point::{PointError, decode_g1, encode_g1, encode_g2};
use candor_circuits::setup::VerifierSetup;
use candor_program::card::{PointBytes, SetupCard, SetupSource};
use candor_program::encoding::{DecodeError, decode_file, encode_file, fr_from_bytes_mod, keccak256, magic};
use rayon::prelude::*;

/// Largest reference string: 2^17 powers (8 MiB), more than any row needs.
pub const MAX_POWERS_LOG2: u8 = 17;
/// Smallest reference string: the shortest row.
pub const MIN_POWERS_LOG2: u8 = 9;
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Why a reference string is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The file's bytes are not a reference string.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// A `.ptau` file that is not one.
    #[error("the .ptau file cannot be used: {0}")]
    Ptau(ptau::PtauError),
    /// A sound `.ptau` file of a smaller ceremony than was asked for.
    #[error("the file has 2^{got} powers, 2^{wanted} were asked for")]
    TooFewPowers {
        /// In the file.
        got: u32,
        /// Asked for.
        wanted: u8,
    },
    /// The size is out of range.
    #[error("2^{powers_log2} powers are outside 2^{MIN_POWERS_LOG2} to 2^{MAX_POWERS_LOG2}")]
    Size {
        /// Log2 of the size.
        powers_log2: u8,
    },
    /// A power is not a point.
    #[error("power {index}: {error}")]
    Point {
        /// Which.
        index: usize,
        /// What is wrong with it.
        error: PointError,
    },
    /// tau * H is not a usable point.
    #[error("tau * H: {0}")]
    TauG2(PointError),
    /// The digest in the card is not that of the powers.
    #[error("the powers do not have the digest that the file names")]
    Digest,
    /// It is not the string that was asked for.
    #[error("the file holds another reference string than the program was compiled for")]
    OtherString,
    /// The points are not successive powers of one tau, starting at the generator.
    #[error("the points are not the powers of one secret (pairing check failed)")]
    NotPowers,
}

impl From<PtauError> for SetupError {
    fn from(error: PtauError) -> Self {
        match error {
            PtauError::Power { got, wanted } => Self::TooFewPowers { got, wanted },
            other => Self::Ptau(other),
        }
    }
}

/// Powers of tau: `tau^i G` for i below 2^powers_log2, and the card.
#[derive(Clone, Debug)]
pub struct ReferenceString {
    card: SetupCard,
    powers: Vec<G1Affine>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct FileBody {
    card: SetupCard,
    powers: Vec<PointBytes>,
}

impl ReferenceString {
    /// A development string from a seed: whoever knows the seed can forge every proof made with it.
    ///
    /// Errors: the size is out of range.
    pub fn development(powers_log2: u8, seed: &[u8; 32]) -> Result<Self, SetupError> {
        check_size(powers_log2)?;
        let tau = fr_from_bytes_mod(&keccak256(&[b"candor/development-setup/v1", seed]));
        let mut scalars = Vec::with_capacity(1 << powers_log2);
        let mut power = Fr::one();
        for _ in 0..1usize << powers_log2 {
            scalars.push(power);
            power *= tau;
        }
        let generator = G1Affine::generator();
        let powers = BatchMulPreprocessing::new(generator.into_group(), scalars.len()).batch_mul(&scalars);
        let tau_g2 = (G2Affine::generator() * tau).into_affine();
        Self::assemble(SetupSource::Development, powers, &tau_g2)
    }

    /// Reads a snarkjs `.ptau` file: at most `powers_log2` powers of it (default: all, at most 2^17), checked by pairings.
    ///
    /// Errors: the file is malformed, too short, or not a string of powers.
    pub fn from_ptau(file: &[u8], powers_log2: Option<u8>) -> Result<Self, SetupError> {
        let contents = ptau::read(file, powers_log2)?;
        let source = SetupSource::PowersOfTau { file_hash: keccak256(&[file]) };
        let reference = Self::assemble(source, contents.powers, &contents.tau_g2)?;
        reference.check_powers()?;
        Ok(reference)
    }

    fn assemble(source: SetupSource, powers: Vec<G1Affine>, tau_g2: &G2Affine) -> Result<Self, SetupError> {
        let powers_log2 = powers.len().trailing_zeros() as u8;
        check_size(powers_log2)?;
        let card =
            SetupCard { source, powers_log2, powers_digest: digest(&powers), tau_g2: encode_g2(tau_g2) };
        VerifierSetup::of(&card).map_err(SetupError::TauG2)?;
        Ok(Self { card, powers })
    }

    /// Requires the points to be successive powers: a random combination of neighbours, with coefficients from the digest.
    fn check_powers(&self) -> Result<(), SetupError> {
        let setup = VerifierSetup::of(&self.card).map_err(SetupError::TauG2)?;
        if self.powers.first() != Some(&G1Affine::generator()) {
            return Err(SetupError::NotPowers);
        }
        let seed = fr_from_bytes_mod(&keccak256(&[
            b"candor/powers-check/v1",
            &self.card.powers_digest,
            &self.card.tau_g2,
        ]));
        let mut weights = Vec::with_capacity(self.powers.len() - 1);
        let mut weight = Fr::one();
        for _ in 1..self.powers.len() {
            weights.push(weight);
            weight *= seed;
        }
        let count = weights.len();
        let combine = |points: &[G1Affine]| -> G1Affine {
            let size = count.div_ceil(rayon::current_num_threads());
            let chunks = points.par_chunks(size).zip(weights.par_chunks(size));
            chunks.map(|(p, w)| G1Projective::msm_unchecked(p, w)).sum::<G1Projective>().into_affine()
        };
        let (low, high) = (combine(&self.powers[..count]), combine(&self.powers[1..]));
        let pairing = Bn254::multi_pairing([high, -low], [setup.generator_g2, setup.tau_g2]);
        if pairing.0.is_one() { Ok(()) } else { Err(SetupError::NotPowers) }
    }

    /// The part that enters programs and that verifiers read.
    #[must_use]
    pub fn card(&self) -> &SetupCard {
        &self.card
    }
    /// Log2 of the number of powers.
    #[must_use]
    pub fn powers_log2(&self) -> u8 {
        self.card.powers_log2
    }
    /// The powers.
    pub fn powers(&self) -> &[G1Affine] {
        &self.powers
    }
    /// Whether it is a development string.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.card.source == SetupSource::Development
    }

    /// Encodes the string as a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let powers = self.powers.iter().map(encode_g1).collect();
        encode_file(&magic::SETUP, &FileBody { card: self.card.clone(), powers })
    }

    /// Decodes the file of a string that was checked before: the one with this card, in which the powers' digest pins every
    /// point. Skips the curve equations and the pairing of [`Self::from_bytes`].
    ///
    /// Owes: that the card is of a string that was checked (a compiled program's is).
    /// Errors: malformed bytes, another string, or powers that do not have the digest.
    pub fn load(bytes: &[u8], expected: &SetupCard) -> Result<Self, SetupError> {
        let body: FileBody = decode_file(&magic::SETUP, MAX_FILE_BYTES, bytes)?;
        check_size(body.card.powers_log2)?;
        let digest = |points: &[PointBytes]| {
            let bytes: Vec<&[u8]> = points.iter().map(|point| &point.0[..]).collect();
            keccak256(&bytes)
        };
        if body.card != *expected {
            return Err(SetupError::OtherString);
        }
        if digest(&body.powers) != expected.powers_digest {
            return Err(SetupError::Digest);
        }
        let decode = |bytes: &PointBytes| {
            if bytes.0 == [0; 64] {
                return G1Affine::identity();
            }
            let coordinate = Fq::from_be_bytes_mod_order;
            G1Affine::new_unchecked(coordinate(&bytes.0[..32]), coordinate(&bytes.0[32..]))
        };
        let powers: Vec<G1Affine> = body.powers.par_iter().map(decode).collect();
        if powers.len() != 1 << expected.powers_log2 {
            return Err(SetupError::Digest);
        }
        Ok(Self { card: body.card, powers })
    }

    /// Decodes a file and checks points, digest and pairing.
    ///
    /// Errors: malformed bytes, or points that are not powers of one secret.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SetupError> {
        let body: FileBody = decode_file(&magic::SETUP, MAX_FILE_BYTES, bytes)?;
        let powers_log2 = body.card.powers_log2;
        check_size(powers_log2)?;
        if body.powers.len() != 1 << powers_log2 {
            return Err(SetupError::Digest);
        }
        let decode = |(index, bytes)| decode_g1(bytes).map_err(|error| SetupError::Point { index, error });
        let powers: Vec<G1Affine> =
            body.powers.par_iter().enumerate().map(decode).collect::<Result<_, _>>()?;
        let reference = Self { card: body.card, powers };
        if digest(&reference.powers) != reference.card.powers_digest {
            return Err(SetupError::Digest);
        }
        reference.check_powers()?;
        Ok(reference)
    }
}

fn check_size(powers_log2: u8) -> Result<(), SetupError> {
    if (MIN_POWERS_LOG2..=MAX_POWERS_LOG2).contains(&powers_log2) {
        Ok(())
    } else {
        Err(SetupError::Size { powers_log2 })
    }
}

fn digest(powers: &[G1Affine]) -> [u8; 32] {
    let encoded: Vec<PointBytes> = powers.par_iter().map(encode_g1).collect();
    let bytes: Vec<&[u8]> = encoded.iter().map(|point| &point.0[..]).collect();
    keccak256(&bytes)
}

/// Montgomery to canonical form happens in `ptau`; this keeps the inverse of R near its only user.
pub(crate) fn inverse_of_two_to_256<F: Field>() -> F {
    F::from(2u64).pow([256]).inverse().unwrap_or_default()
}
