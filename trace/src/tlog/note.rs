//! Signed notes: text, and lines that say who signed it. Source: C2SP signed-note.

use super::key::{KeyId, VerifierKey, is_key_name};
use super::text::{from_base64, to_base64};
use std::fmt;
use thiserror::Error;

/// Longest note.
pub const MAX_NOTE_BYTES: usize = 1 << 16;
/// Most signature lines of a note.
pub const MAX_NOTE_SIGNATURES: usize = 64;
/// What a signature line begins with: em dash and space.
const LINE_PREFIX: &str = "\u{2014} ";

/// A signature line: whose, and the signature. Whether it is valid only [`Note::verify`] says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignatureLine {
    name: String,
    key_id: KeyId,
    signature: Vec<u8>,
}

/// Text and signature lines, at most [`MAX_NOTE_SIGNATURES`] of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// Why bytes are no note, or a text cannot be signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum NoteError {
    /// More bytes than a note may have: nothing was read.
    #[error("{got} bytes; a note has at most {limit}")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// Not UTF-8.
    #[error("byte {offset} of the note is not UTF-8")]
    NotUtf8 {
        /// Where.
        offset: usize,
    },
    /// A control character other than newline.
    #[error("byte {offset} of the note is a control character")]
    ControlCharacter {
        /// Where.
        offset: usize,
    },
    /// The text does not end in a newline.
    #[error("the text of a note ends in a newline, this does not")]
    TextWithoutNewline,
    /// No blank line before signatures.
    #[error("the note has no blank line before its signatures")]
    NoSignatures,
    /// Something other than a signature line after the last blank line.
    #[error("line {line} after the note's last blank line is not a signature line")]
    SignatureLine {
        /// From 1.
        line: usize,
    },
    /// More signature lines than are accepted.
    #[error("more than {limit} signature lines")]
    TooManySignatures {
        /// Limit.
        limit: usize,
    },
}

/// Why a note is not accepted.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NoteRejected {
    /// A key that is known did not make the signature that bears its name and id: the whole note is worth nothing.
    #[error("the signature of {name}+{key_id} is not valid for this text")]
    BadSignature {
        /// Name of the key.
        name: String,
        /// Id of the key.
        key_id: KeyId,
    },
    /// No key that is known signed.
    #[error("no known key signed the note")]
    Unsigned,
}

/// A signature that a known key made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VerifiedSignature {
    /// Position of the key among those that are known.
    pub key: usize,
    /// Position of the line in the note.
    pub line: usize,
    /// Time of a cosignature, in Unix seconds.
    pub time: Option<u64>,
}

impl SignatureLine {
    /// A line of a key.
    pub(crate) fn by(key: &VerifierKey, signature: Vec<u8>) -> Self {
        Self { name: key.name().to_owned(), key_id: key.id(), signature }
    }
    /// Name of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Id of the key.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }
    /// The signature, for a cosignature with its time.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
    /// Whether it bears the name and id of a key.
    #[must_use]
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        self.key_id == key.id() && self.name == key.name()
    }
    /// The line whose text, without newline, is exactly this; `None` if it is no signature line.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        if line.len() > MAX_NOTE_BYTES {
            return None;
        }
        let (name, signature) = line.strip_prefix(LINE_PREFIX)?.split_once(' ')?;
        let bytes = from_base64(signature)?;
        let (key_id, signature) = bytes.split_first_chunk::<4>()?;
        if !is_key_name(name) || signature.is_empty() {
            return None;
        }
        Some(Self { name: name.to_owned(), key_id: KeyId(*key_id), signature: signature.to_vec() })
    }
}

impl fmt::Display for SignatureLine {
    /// The line without newline.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.0.as_slice(), &self.signature].concat();
        write!(formatter, "{LINE_PREFIX}{} {}", self.name, to_base64(&bytes))
    }
}

impl Note {
    /// A text with its first signature.
    pub fn new(text: &str, signature: SignatureLine) -> Result<Self, NoteError> {
        check_characters(text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::TextWithoutNewline);
        }
        let note = Self { text: text.to_owned(), signatures: vec![signature] };
        note.check_length()?;
        Ok(note)
    }
    /// A text that is known to be one of a note, with its first signature.
    pub(crate) fn of_parts(text: String, signature: SignatureLine) -> Self {
        Self { text, signatures: vec![signature] }
    }
    /// Strictly parses a note: limits first, and [`Note::to_bytes`] gives the same bytes again.
    ///
    /// Owes: [`Note::verify`]; until then the text says nothing.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { limit: MAX_NOTE_BYTES, got: bytes.len() });
        }
        let all =
            std::str::from_utf8(bytes).map_err(|error| NoteError::NotUtf8 { offset: error.valid_up_to() })?;
        check_characters(all)?;
        // The last empty line separates: a text may have empty lines itself.
        let text_end = all.rfind("\n\n").ok_or(NoteError::NoSignatures)? + 1;
        let (text, rest) = all.split_at_checked(text_end).ok_or(NoteError::NoSignatures)?;
        let lines =
            rest.strip_prefix('\n').filter(|lines| !lines.is_empty()).ok_or(NoteError::NoSignatures)?;
        let mut signatures = Vec::new();
        for (position, line) in lines.split_inclusive('\n').enumerate() {
            if position == MAX_NOTE_SIGNATURES {
                return Err(NoteError::TooManySignatures { limit: MAX_NOTE_SIGNATURES });
            }
            let parsed = line.strip_suffix('\n').and_then(SignatureLine::parse);
            signatures.push(parsed.ok_or(NoteError::SignatureLine { line: position + 1 })?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }
    /// The bytes of the note.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut all = format!("{}\n", self.text);
        for signature in &self.signatures {
            all.push_str(&signature.to_string());
            all.push('\n');
        }
        all.into_bytes()
    }
    /// The text, which ends in a newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
    /// The signature lines.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }
    /// Adds a signature line; one that is there already is not repeated.
    ///
    /// Owes: that it is valid; one bad line of a known key makes verifiers reject the note.
    pub fn add(&mut self, signature: SignatureLine) -> Result<(), NoteError> {
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        if self.signatures.len() >= MAX_NOTE_SIGNATURES {
            return Err(NoteError::TooManySignatures { limit: MAX_NOTE_SIGNATURES });
        }
        self.signatures.push(signature);
        let length = self.check_length();
        if length.is_err() {
            self.signatures.pop();
        }
        length
    }
    /// The lines that known keys made, at least one. Lines of unknown keys are ignored.
    ///
    /// Errors: a single invalid line that bears a known key's name and id.
    pub fn verify(&self, known: &[&VerifierKey]) -> Result<Vec<VerifiedSignature>, NoteRejected> {
        let mut verified = Vec::new();
        for (line, signature) in self.signatures.iter().enumerate() {
            let Some((key, verifier)) =
                known.iter().enumerate().find(|(_, verifier)| signature.is_by(verifier))
            else {
                continue;
            };
            let time = verifier.verify(&self.text, &signature.signature).ok_or_else(|| {
                NoteRejected::BadSignature { name: signature.name.clone(), key_id: signature.key_id }
            })?;
            verified.push(VerifiedSignature { key, line, time });
        }
        if verified.is_empty() { Err(NoteRejected::Unsigned) } else { Ok(verified) }
    }
    fn check_length(&self) -> Result<(), NoteError> {
        match self.to_bytes().len() {
            got if got > MAX_NOTE_BYTES => Err(NoteError::TooLong { limit: MAX_NOTE_BYTES, got }),
            _ => Ok(()),
        }
    }
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    match text.bytes().position(|byte| byte < b' ' && byte != b'\n') {
        Some(offset) => Err(NoteError::ControlCharacter { offset }),
        None => Ok(()),
    }
}
