//! What an agent did: records, signatures, chains, paths and bundles.
//!
//! Pure: no I/O, no clock, no randomness. Keys and salts are passed in. A [`Recorder`] turns observations into
//! [`SignedRecord`]s; [`check_link`], [`check_body`] and [`check_decision`] say what is wrong with one; [`select`]
//! finds the records that led to a transaction; a [`Bundle`] carries them to a verifier.

#[cfg(feature = "adapter")]
pub mod adapter;
pub mod bundle;
pub mod chain;
pub mod consistency;
pub mod context;
#[cfg(feature = "tlog")]
pub mod entry;
pub mod evidence;
pub mod header;
pub mod path;
pub mod payload;
#[cfg(feature = "receipt")]
pub mod receipt;
pub mod record;
pub mod recorder;
pub mod revision;
pub mod seal;
pub mod signature;
pub mod signer;
#[cfg(feature = "tlog")]
pub mod tlog;
pub mod view;

pub use bundle::{Bundle, BundleError, MAX_BUNDLE_BYTES, MAX_BUNDLE_RECORDS, Start};
pub use chain::{Chain, ChainError, Equivocation, Link, check_link, equivocation};
pub use consistency::{
    BodyError, DecisionMismatch, RegisterMismatch, check_body, check_decision, check_openings, opens_evidence,
};
pub use context::{Purpose, context_digest};
#[cfg(feature = "tlog")]
pub use entry::{ENTRY_BYTES, ENTRY_MAGIC, Entry, body_hash};
pub use evidence::{Credential, CredentialError, EvidenceError, Wallet, check_credentials};
pub use header::{Header, SEQUENCE_BOUND, TIME_BOUND, domain_separator};
pub use path::{PathError, Selection, select};
pub use payload::{PayloadError, check_payloads, payload_message, sign_payload};
pub use record::{Body, SignedHeader, SignedRecord};
pub use recorder::{RecordError, Recorded, Recorder, Salts};
pub use revision::{
    REVISED, Revision, RevisionError, RevisionPart, RevisionTimes, RevisionWords, check_revision, revise,
};
pub use seal::{CompressedG1, CompressedG2, PreviousHeader, SealFile, SealProof, SealStart, SealedHeader};
pub use signature::{AgentKey, PreparedKey, PublicKey, SignatureBytes, SignatureError, recover};
pub use signer::{Ed25519Key, SecretKey, SignerError, check_signed};
pub use view::{
    ActionView, BodyView, BundleView, EvidenceView, FateView, HeaderView, RecordView, RegisterView,
    RevisionView, SignedHeaderView, VerdictView,
};
