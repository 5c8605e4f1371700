//! What the server answers, as JSON.

use serde::{Deserialize, Serialize};

/// How far a record has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordState {
    /// Durable, with a fixed index.
    Sequenced,
    /// In the tree.
    Integrated,
    /// Under a signed checkpoint with the cosignatures that the log's policy asks for.
    Published,
}

impl RecordState {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sequenced => "sequenced",
            Self::Integrated => "integrated",
            Self::Published => "published",
        }
    }
}

/// The acknowledgement of a record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledgement {
    /// Index in the log.
    pub index: u64,
    /// How far it has come; less than was waited for if that took too long.
    pub state: RecordState,
    /// Whether the log had it already.
    pub duplicate: bool,
    /// The record, in hexadecimal.
    pub record_hash: String,
    /// How far the record's chain has come.
    pub chain: ChainAnswer,
    /// The log's promise to publish the record at this index: a note that its key signed.
    pub promise: String,
}

/// How far a chain has come at the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainAnswer {
    /// Records that the log has accepted.
    pub records: u64,
    /// The newest of them, in hexadecimal; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record_hash: Option<String>,
    /// Its entry in standard base64, where it was asked for and is not pruned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entry: Option<String>,
}

/// Why a request was refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// Which check it was. These names do not change.
    pub code: String,
    /// For people.
    pub message: String,
    /// Sequence number that the log expects next from this agent, where that is what was wrong.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected_sequence: Option<u64>,
    /// Evidence that the log keeps: an equivocation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<String>,
    /// Number of the tombstone that lists what was asked for and is pruned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tombstone: Option<u64>,
}

/// The body of every answer that is an error.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ErrorAnswer {
    /// Why.
    pub error: Refusal,
}

/// How the log is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok`, or why nothing is accepted.
    pub status: String,
    /// Records with a fixed index.
    pub sequenced: u64,
    /// Records in the tree.
    pub integrated: u64,
    /// Records under the published checkpoint.
    pub published: u64,
    /// Submissions that wait for their index.
    pub queued: u64,
}

/// An agent that may submit, with what its chain begins from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegistrationRequest {
    /// Address of its key.
    pub agent: String,
    /// Chain id of the records' domain.
    pub chain_id: u64,
    /// Verifying contract of the records' domain.
    pub verifying_contract: String,
    /// Program id.
    pub program_id: String,
    /// Poseidon digest of the program.
    pub program_fr: String,
    /// Digest of the initial registers.
    pub initial_state: String,
}

/// How a log is to be pruned while it is served. The time is the server's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PruneRequest {
    /// Only says what would go.
    pub dry_run: bool,
    /// Only notes how many entries are published now.
    pub mark_only: bool,
    /// Largest step of the clock since the last mark that is believed, in seconds; any if absent.
    pub max_clock_step_seconds: Option<u64>,
}
