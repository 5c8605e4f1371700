//! Weights in other files, which are only read where somebody hands them over with their digest.

use crate::onnx::{Cause, message};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use thiserror::Error;

/// Files by the location that the model names.
pub type ExternalFiles = BTreeMap<String, ExternalFile>;

/// The bytes of a file whose digest is the expected one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExternalFile(Vec<u8>);

/// The file is another one than was expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error(
    "the file's SHA-256 is {}, expected is {}; get the file that belongs to the model",
    Hex(got),
    Hex(expected)
)]
pub struct ExternalDigestError {
    /// Expected.
    pub expected: [u8; 32],
    /// Found.
    pub got: [u8; 32],
}

struct Hex<'d>(&'d [u8; 32]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl ExternalFile {
    /// The bytes, whatever they are: for whoever looks at a file before its digest is written down.
    #[must_use]
    pub fn unverified(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// SHA-256 of the bytes.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// The bytes have this SHA-256 digest.
    ///
    /// Errors: [`ExternalDigestError`].
    pub fn verified(bytes: Vec<u8>, expected: [u8; 32]) -> Result<Self, ExternalDigestError> {
        let got: [u8; 32] = Sha256::digest(&bytes).into();
        if got == expected { Ok(Self(bytes)) } else { Err(ExternalDigestError { expected, got }) }
    }
}

/// The bytes of a tensor that lies in another file.
///
/// Errors: [`Cause::ExternalData`] where nobody handed the file over; [`Cause::ExternalRange`] where the bytes are not in it.
pub(super) fn bytes<'f>(
    tensor: &message::Tensor<'_>,
    name: &str,
    files: &'f ExternalFiles,
) -> Result<&'f [u8], Cause> {
    let location = tensor.external_location.unwrap_or_default();
    let Some(file) = files.get(location) else {
        return Err(Cause::ExternalData { tensor: name.to_owned(), location: location.to_owned() });
    };
    let number = |text: Option<&str>, default: usize| match text {
        None => Some(default),
        Some(text) => text.parse::<usize>().ok(),
    };
    let range = number(tensor.external_offset, 0).and_then(|offset| {
        let length = number(tensor.external_length, file.0.len().checked_sub(offset)?)?;
        file.0.get(offset..offset.checked_add(length)?)
    });
    range.ok_or_else(|| Cause::ExternalRange {
        tensor: name.to_owned(),
        location: location.to_owned(),
        got: file.0.len() as u64,
    })
}
