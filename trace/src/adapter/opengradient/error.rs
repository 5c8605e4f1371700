//! Why a response is not an enclave's answer to a request.

use crate::adapter::json::JsonError;
use crate::adapter::python::PythonError;
use thiserror::Error;

/// Why a response is not an enclave's answer to a request.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum OpenGradientError {
    /// Not JSON.
    #[error("the {part}: {source}")]
    Json {
        /// Which document.
        part: &'static str,
        /// Why.
        source: JsonError,
    },
    /// A field is missing or has another type.
    #[error("`{field}` is missing or not what it should be")]
    Field {
        /// Field.
        field: &'static str,
    },
    /// A role that the gateway does not know.
    #[error("message {index} has the unknown role `{role}`")]
    Role {
        /// Message, from 0.
        index: usize,
        /// Role.
        role: String,
    },
    /// A number that Python has no text for.
    #[error(transparent)]
    Python(#[from] PythonError),
    /// A hash that request or answer do not give.
    #[error("{field} is 0x{}, recomputed is 0x{}", hex::encode(.signed), hex::encode(.got))]
    Hash {
        /// Field.
        field: &'static str,
        /// In the response.
        signed: [u8; 32],
        /// Recomputed.
        got: [u8; 32],
    },
    /// Not an RSA public key.
    #[error("the enclave's key is no RSA public key (PEM or DER SubjectPublicKeyInfo)")]
    KeyFormat,
    /// A key of another size.
    #[error("the enclave's key has {got} bits, expected are {expected}")]
    KeySize {
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// Another exponent.
    #[error("the public exponent of the enclave's key is not 65537")]
    KeyExponent,
    /// Another enclave.
    #[error("the response is of enclave 0x{}, the key is of 0x{}", hex::encode(.got), hex::encode(.expected))]
    TeeId {
        /// Of the key.
        expected: [u8; 32],
        /// In the response.
        got: [u8; 32],
    },
    /// A signature of another length.
    #[error("the signature has {got} bytes, one by this key has {expected}")]
    SignatureLength {
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// Another key signed, or something else was signed.
    #[error("not signed by enclave 0x{}", hex::encode(.tee_id))]
    NotSigned {
        /// The enclave.
        tee_id: [u8; 32],
    },
    /// A payload that says more, less or something else than what was signed.
    #[error("the payload is not the one that its request, answer and signature give")]
    NotThePayload,
    /// A batch proof that is too long.
    #[error("{got} hashes, at most {limit} are allowed")]
    ProofTooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// A batch that the leaf is not in.
    #[error("the proof leads to root 0x{}, the batch has 0x{}", hex::encode(.got), hex::encode(.expected))]
    BatchRoot {
        /// Of the batch.
        expected: [u8; 32],
        /// From leaf and proof.
        got: [u8; 32],
    },
}
