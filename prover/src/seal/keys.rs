//! Keys of a class: made from the circuit's shape, which depends on class and batch alone.

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_groth16::{Groth16, ProvingKey};
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, SynthesisError, Variable};
use ark_relations::utils::linear_combination::LinearCombination;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use ark_std::rand::SeedableRng;
use ark_std::rand::rngs::StdRng;
use candor_circuits::channel::Messages;
use candor_circuits::layout::{Layout, LayoutError};
use candor_circuits::point::{encode_g1, encode_g2};
use candor_circuits::seal::circuit::{SealShape, synthesize};
use candor_circuits::seal::key::{G2Bytes, INPUTS, KeySource, SealKey};
use candor_circuits::seal::system::{Matrices, Row};
use candor_circuits::seal::witness::PathWitness;
use candor_program::Card;
use candor_program::digest::class_digest;
use candor_program::encoding::{DecodeError, decode_exact, encode, keccak256};
use candor_program::state::State;

/// Magic of a file of seal keys.
const MAGIC: [u8; 8] = *b"CANDORSK";
/// Version of the file.
const VERSION: u16 = 1;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum ProvingKeyError {
    /// The class has no layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Key generation failed.
    #[error("key generation failed: {0}")]
    Generation(SynthesisError),
    /// The file is not one of seal keys.
    #[error("not a file of seal keys (version {VERSION})")]
    Magic,
    /// The file ends too early, or its digest does not match: it is truncated or damaged.
    #[error("the file of seal keys is truncated or damaged: its digest does not match its contents")]
    Digest,
    /// The verifying key does not decode.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// The proving key's points do not decode.
    #[error("the proving key does not decode")]
    Points,
}

/// Proving and verifying key of a class and a batch, and the circuit's matrices.
pub struct SealKeys {
    /// The verifying key.
    pub verifying: SealKey,
    pub(crate) proving: ProvingKey<Bn254>,
    pub(crate) factors: Factors,
}

/// Both factors of every constraint: all that a prover reads of the matrices, since the products follow.
pub(crate) struct Factors {
    pub(crate) left: Vec<Row>,
    pub(crate) right: Vec<Row>,
}

struct Circuit<'a>(&'a Matrices);

impl ConstraintSynthesizer<Fr> for Circuit<'_> {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let mut variables = vec![Variable::One];
        for _ in 0..self.0.inputs {
            variables.push(cs.new_input_variable(|| Ok(Fr::default()))?);
        }
        for _ in 0..self.0.witnesses {
            variables.push(cs.new_witness_variable(|| Ok(Fr::default()))?);
        }
        let combination = |row: &Row| {
            LinearCombination(
                row.iter().map(|(index, factor)| (*factor, variables[*index as usize])).collect(),
            )
        };
        for constraint in &self.0.constraints {
            cs.enforce_r1cs_constraint(
                || combination(&constraint.a),
                || combination(&constraint.b),
                || combination(&constraint.c),
            )?;
        }
        Ok(())
    }
}

/// The circuit's shape for a class and a batch; nothing of it depends on the card's data.
///
/// Errors: the class has no layout.
pub(crate) fn matrices(card: &Card, batch_log2: u8) -> Result<(SealShape, Matrices), LayoutError> {
    let layout = Layout::new(&card.class, batch_log2, card.class.output())?;
    let shape = SealShape { layout };
    let zero = Fr::default();
    let witness = PathWitness {
        card,
        model_id: [zero; 2],
        context: zero,
        acc_before: zero,
        state_before: State::initial(&card.registers),
        records: Vec::new(),
        messages: Messages::default(),
    };
    let matrices = synthesize(&shape, &witness, true).system.take_matrices();
    Ok((shape, matrices))
}

impl Factors {
    pub(crate) fn of(matrices: Matrices) -> Self {
        let (left, right) =
            matrices.constraints.into_iter().map(|constraint| (constraint.a, constraint.b)).unzip();
        Self { left, right }
    }
}

impl SealKeys {
    /// Development keys from a seed: whoever knows the seed can forge every seal made with them.
    ///
    /// Errors: the class has no layout, or key generation fails.
    pub fn development(card: &Card, batch_log2: u8, seed: &[u8; 32]) -> Result<Self, ProvingKeyError> {
        let (_, matrices) = matrices(card, batch_log2)?;
        let mut random = StdRng::from_seed(keccak256(&[b"candor/development-seal-key/v1", seed]));
        let proving =
            Groth16::<Bn254>::generate_random_parameters_with_reduction(Circuit(&matrices), &mut random)
                .map_err(ProvingKeyError::Generation)?;
        let class = class_digest(&card.class);
        let verifying =
            verifying_key(&proving, class, batch_log2, matrices.constraints.len(), KeySource::Development);
        Ok(Self { verifying, proving, factors: Factors::of(matrices) })
    }

    /// The proving key, for provers of other makes.
    #[must_use]
    pub fn proving_key(&self) -> &ProvingKey<Bn254> {
        &self.proving
    }

    /// Encodes the keys; the circuit's matrices follow from the class and are not stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let verifying = encode(&self.verifying);
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(verifying.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&verifying);
        // writing to a vector does not fail
        let _infallible = self.proving.serialize_uncompressed(&mut bytes);
        let digest = keccak256(&[&bytes]);
        bytes.extend_from_slice(&digest);
        bytes
    }

    /// Decodes keys for the class of a card. Points are not checked one by one: the file's digest protects against damage,
    /// and a proving key that is wrong only makes seals that do not verify.
    ///
    /// Errors: another kind of file, a truncated or damaged one, or keys of another class.
    pub fn from_bytes(bytes: &[u8], card: &Card) -> Result<Self, ProvingKeyError> {
        let head = bytes.strip_prefix(&MAGIC).and_then(|rest| rest.strip_prefix(&VERSION.to_le_bytes()));
        let Some(rest) = head else { return Err(ProvingKeyError::Magic) };
        let (Some(body), Some(digest)) =
            (rest.len().checked_sub(32).map(|end| &rest[..end]), bytes.last_chunk::<32>())
        else {
            return Err(ProvingKeyError::Digest);
        };
        if keccak256(&[&bytes[..bytes.len() - 32]]) != *digest {
            return Err(ProvingKeyError::Digest);
        }
        let (length, rest) = body.split_first_chunk::<4>().ok_or(ProvingKeyError::Digest)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (verifying, proving) = rest.split_at_checked(length).ok_or(ProvingKeyError::Digest)?;
        let verifying: SealKey = decode_exact(verifying)?;
        let proving =
            ProvingKey::deserialize_uncompressed_unchecked(proving).map_err(|_| ProvingKeyError::Points)?;
        let (_, matrices) = matrices(card, verifying.batch_log2)?;
        Ok(Self { verifying, proving, factors: Factors::of(matrices) })
    }
}

pub(crate) fn verifying_key(
    key: &ProvingKey<Bn254>,
    class_digest: [u8; 32],
    batch_log2: u8,
    constraints: usize,
    source: KeySource,
) -> SealKey {
    let g2 = |point: &G2Affine| G2Bytes(encode_g2(point));
    let input = |index: usize| key.vk.gamma_abc_g1.get(index).copied().unwrap_or_else(G1Affine::default);
    SealKey {
        source,
        class_digest,
        batch_log2,
        constraints: constraints as u32,
        alpha_g1: encode_g1(&key.vk.alpha_g1),
        beta_g2: g2(&key.vk.beta_g2),
        gamma_g2: g2(&key.vk.gamma_g2),
        delta_g2: g2(&key.vk.delta_g2),
        inputs_g1: std::array::from_fn::<_, { INPUTS + 1 }, _>(|index| encode_g1(&input(index))),
    }
}
