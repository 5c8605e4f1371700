//! The client of a log: small, blocking, and sure of what it is told.

use crate::http::answer::{
    Acknowledgement, ChainAnswer, ErrorAnswer, Health, PruneRequest, RecordState, Refusal,
    RegistrationRequest,
};
use crate::http::connect::{Answer, ConnectError, Patience, Server};
use crate::http::head::{ChainHead, ChainName, HeadError};
use crate::http::submission::{SubmissionClaim, SubmissionMessage};
use crate::pipeline::PruneReport;
use crate::retention::Mark;
use candor_program::card::Domain;
use candor_program::encoding::{encode, keccak256};
use candor_trace::tlog::{KeyError, MAX_NOTE_BYTES, PromiseError, SignedPromise, VerifierKey};
use candor_trace::{AgentKey, Entry, SignedRecord};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use thiserror::Error;

/// Longest answer in JSON.
const MAX_JSON_BYTES: u64 = 1 << 16;
/// An agent that is about to begin does not wait longer than this to learn where its chain is.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Longest body.
const MAX_BODY_BYTES: u64 = 17 << 20;

/// Why a log did not do what it was asked.
#[derive(Debug, Error)]
pub enum ClientError {
    /// It did not answer.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It cannot now: full, limited, or being stopped. Ask again.
    #[error("{url} answered {status} ({code}): {message}")]
    Busy {
        /// Asked.
        url: String,
        /// Status code.
        status: u16,
        /// Which check.
        code: String,
        /// What it said.
        message: String,
        /// When to come again, if it said so.
        retry_after: Option<Duration>,
    },
    /// It will not, whenever it is asked.
    #[error("{url} refused with {status} ({}): {}", .refusal.code, .refusal.message)]
    Refused {
        /// Asked.
        url: String,
        /// Status code.
        status: u16,
        /// Why.
        refusal: Box<Refusal>,
    },
    /// It answered what is no answer.
    #[error("{url} answered {status} and not what was asked for: {excerpt}")]
    Answer {
        /// Asked.
        url: String,
        /// Status code.
        status: u16,
        /// How it begins.
        excerpt: String,
    },
    /// The log's key is no key.
    #[error("{url} has no verifier key of a log: {source}")]
    Key {
        /// Asked.
        url: String,
        /// Why.
        source: KeyError,
    },
    /// What it says of the agent's chain is nothing.
    #[error("{url}: {source}")]
    Head {
        /// Asked.
        url: String,
        /// Why.
        source: HeadError,
    },
    /// Its promise is none.
    #[error("{url} acknowledged without a promise that holds: {source}")]
    Promise {
        /// Asked.
        url: String,
        /// Why.
        source: PromiseError,
    },
    /// It promises something else than it acknowledged.
    #[error(
        "{url} was given record {expected} and promised another entry, or another index than it acknowledged"
    )]
    OtherPromise {
        /// Asked.
        url: String,
        /// Given.
        expected: String,
    },
    /// It acknowledged another record than it was given.
    #[error("{url} was given record {expected} and acknowledged {got}")]
    OtherRecord {
        /// Asked.
        url: String,
        /// Given.
        expected: String,
        /// Acknowledged.
        got: String,
    },
}

impl ClientError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Connect(error) => !matches!(error, ConnectError::Url { .. }),
            Self::Busy { .. } => true,
            _ => false,
        }
    }
    /// When to come again, if the log said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
    /// The sequence number that the log expects next from the agent, if that is what was wrong.
    #[must_use]
    pub fn expected_sequence(&self) -> Option<u64> {
        match self {
            Self::Refused { refusal, .. } => refusal.expected_sequence,
            _ => None,
        }
    }
}

/// The key that a log names as its own, and so its origin.
///
/// Owes: that this is the log that was meant; only the connection says so.
pub fn fetch_key(url: &str, patience: Patience) -> Result<VerifierKey, ClientError> {
    let server = Server::at(url, patience)?;
    let answer = server.get("log.vkey", None, 1024)?;
    let url = server.url("log.vkey");
    if answer.status != 200 {
        return Err(refused(url, &answer));
    }
    let text = String::from_utf8_lossy(&answer.body);
    VerifierKey::parse(text.trim_end_matches('\n')).map_err(|source| ClientError::Key { url, source })
}

/// A record that the log has taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acknowledged {
    /// Index in the log.
    pub index: u64,
    /// How far it has come; less than was waited for if that took too long.
    pub state: RecordState,
    /// Whether the log had it already.
    pub duplicate: bool,
    /// How far the record's chain has come.
    pub chain: ChainAnswer,
    /// The log's promise about this record and index; its signature was verified.
    pub promise: SignedPromise,
}

/// What a log answers when a body is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BodyAnswer {
    /// The body; it has its hash.
    There(Vec<u8>),
    /// It was pruned: a verdict stays undecided.
    Pruned {
        /// Number of the tombstone that lists it, as the log says.
        tombstone: u64,
    },
    /// The log does not have it: a verdict stays undecided.
    Missing,
}

/// A log at a URL.
#[derive(Clone, Debug)]
pub struct LogClient {
    server: Server,
    /// The same, asked with less patience.
    quick: Server,
    key: VerifierKey,
}

impl LogClient {
    /// Nothing is asked yet. What is submitted is bound to the log of this key.
    pub fn new(url: &str, key: VerifierKey, patience: Patience) -> Result<Self, ConnectError> {
        let quick = Patience { whole: patience.whole.min(HEAD_TIME), ..patience };
        Ok(Self { server: Server::at(url, patience)?, quick: Server::at(url, quick)?, key })
    }
    /// Key of the log.
    #[must_use]
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }
    /// Hands in a record and waits until it has come so far, or for as long as the log waits. Handing it in again gives
    /// the same index.
    ///
    /// The promise in the acknowledgement is of the log's key, about this entry and index.
    /// Owes: keeping the promise; [`crate::audit::check_promises`] shows whether the log keeps it.
    pub fn submit(
        &self,
        key: &AgentKey,
        domain: &Domain,
        record: &SignedRecord,
        wait: RecordState,
    ) -> Result<Acknowledged, ClientError> {
        let message = SubmissionMessage::of(self.key.name(), domain, record);
        let record_hash = message.record_hash;
        let claim = SubmissionClaim::sign(key, record.header.program_id, &message);
        let mut headers = vec![("content-type", "application/octet-stream".to_owned())];
        headers.extend(claim.headers());
        let path = format!("candor/v1/records?wait={}", wait.name());
        let answer = self.server.post(&path, &headers, &encode(record), MAX_JSON_BYTES)?;
        let acknowledgement: Acknowledgement = self.parse(&path, &answer)?;
        let expected = format!("0x{}", hex::encode(record_hash));
        if acknowledgement.record_hash != expected {
            let got = acknowledgement.record_hash;
            return Err(ClientError::OtherRecord { url: self.server.url(&path), expected, got });
        }
        let url = || self.server.url(&path);
        let promise = SignedPromise::parse(acknowledgement.promise.as_bytes(), &self.key)
            .map_err(|source| ClientError::Promise { url: url(), source })?;
        let entry = Entry::of(record, domain);
        let promised = promise.promise();
        let same = (promised.agent, promised.program_id, promised.sequence, promised.record_hash)
            == (key.address(), record.header.program_id, record.header.sequence, record_hash)
            && (promised.leaf, promised.index) == (entry.leaf_hash(), acknowledgement.index);
        if !same {
            return Err(ClientError::OtherPromise { url: url(), expected });
        }
        let Acknowledgement { index, state, duplicate, chain, .. } = acknowledgement;
        Ok(Acknowledged { index, state, duplicate, chain, promise })
    }
    /// How far the log has an agent's chain; `None` if agent and program are not registered.
    ///
    /// Owes: the log may say less than it has. It cannot say more, unless [`ChainHead::signed`] is false.
    pub fn chain_head(&self, agent: &[u8; 20], chain: &ChainName) -> Result<Option<ChainHead>, ClientError> {
        let (agent_text, program) = (hex::encode(agent), hex::encode(chain.program_id));
        let path = format!("candor/v1/agents/0x{agent_text}/programs/0x{program}/head");
        let answer = self.quick.get(&path, None, MAX_JSON_BYTES)?;
        match self.parse::<ChainAnswer>(&path, &answer) {
            Ok(answer) => ChainHead::check(&answer, agent, chain)
                .map(Some)
                .map_err(|source| ClientError::Head { url: self.server.url(&path), source }),
            Err(ClientError::Refused { refusal, .. }) if refusal.code == "unknown-program" => Ok(None),
            Err(error) => Err(error),
        }
    }
    /// How the log is.
    pub fn health(&self) -> Result<Health, ClientError> {
        self.parse("health", &self.server.get("health", None, MAX_JSON_BYTES)?)
    }
    /// The published checkpoint, as it is served; `None` before the first.
    ///
    /// Owes: checking it against the log's key and a policy.
    pub fn checkpoint(&self) -> Result<Option<Vec<u8>>, ClientError> {
        self.object("checkpoint", MAX_NOTE_BYTES as u64)
    }
    /// A public object of the log, such as a tile; `None` if there is none.
    pub fn object(&self, path: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, ClientError> {
        let answer = self.server.get(path, None, limit_bytes)?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 => Ok(None),
            _ => Err(refused(self.server.url(path), &answer)),
        }
    }
    /// A body by its hash, with an access token; `None` if the log does not have it (any more).
    pub fn body(&self, hash: &[u8; 32], token: &str) -> Result<Option<Vec<u8>>, ClientError> {
        Ok(match self.body_or_why(hash, None, token)? {
            BodyAnswer::There(body) => Some(body),
            BodyAnswer::Pruned { .. } | BodyAnswer::Missing => None,
        })
    }
    /// A body by its hash and, where it is known, its entry's index, with an access token; or why the log does not have it.
    ///
    /// Owes: that the tombstone lists it; [`crate::audit::listed_body`] says whether it does.
    pub fn body_or_why(
        &self,
        hash: &[u8; 32],
        index: Option<u64>,
        token: &str,
    ) -> Result<BodyAnswer, ClientError> {
        let of = index.map_or(String::new(), |index| format!("?index={index}"));
        let path = format!("candor/v1/bodies/0x{}{of}", hex::encode(hash));
        let answer = self.server.get(&path, Some(&format!("Bearer {token}")), MAX_BODY_BYTES)?;
        match answer.status {
            200 if keccak256(&[&answer.body]) == *hash => Ok(BodyAnswer::There(answer.body)),
            404 => Ok(BodyAnswer::Missing),
            410 => match refused(self.server.url(&path), &answer) {
                ClientError::Refused { refusal, .. } if refusal.tombstone.is_some() => {
                    Ok(BodyAnswer::Pruned { tombstone: refusal.tombstone.unwrap_or_default() })
                }
                error => Err(error),
            },
            _ => Err(refused(self.server.url(&path), &answer)),
        }
    }
    /// Prunes the log while it is served, with the operator's token; its clock says what time it is.
    pub fn prune(&self, request: &PruneRequest, token: &str) -> Result<PruneReport, ClientError> {
        self.ask_to_prune(&PruneRequest { mark_only: false, ..*request }, token)
    }
    /// Notes how many entries are published now, with the operator's token.
    pub fn mark(&self, max_clock_step_seconds: Option<u64>, token: &str) -> Result<Mark, ClientError> {
        self.ask_to_prune(&PruneRequest { mark_only: true, dry_run: false, max_clock_step_seconds }, token)
    }
    fn ask_to_prune<T: DeserializeOwned>(
        &self,
        request: &PruneRequest,
        token: &str,
    ) -> Result<T, ClientError> {
        let path = "candor/v1/prune";
        let answer = self.post_json(path, request, token)?;
        self.parse(path, &answer)
    }
    fn post_json(&self, path: &str, request: &impl Serialize, token: &str) -> Result<Answer, ClientError> {
        let headers =
            [("content-type", "application/json".to_owned()), ("authorization", format!("Bearer {token}"))];
        let body = serde_json::to_vec(request).map_err(|error| ClientError::Answer {
            url: self.server.url(path),
            status: 0,
            excerpt: error.to_string(),
        })?;
        Ok(self.server.post(path, &headers, &body, MAX_JSON_BYTES)?)
    }
    /// Registers an agent, with the operator's token.
    pub fn register(&self, request: &RegistrationRequest, token: &str) -> Result<(), ClientError> {
        let path = "candor/v1/agents";
        let answer = self.post_json(path, request, token)?;
        if answer.status == 204 { Ok(()) } else { Err(refused(self.server.url(path), &answer)) }
    }
    fn parse<T: DeserializeOwned>(&self, path: &str, answer: &Answer) -> Result<T, ClientError> {
        let url = self.server.url(path);
        if answer.status != 200 {
            return Err(refused(url, answer));
        }
        serde_json::from_slice(&answer.body).map_err(|_| ClientError::Answer {
            url,
            status: answer.status,
            excerpt: answer.excerpt(),
        })
    }
}

/// An answer other than what was hoped for.
fn refused(url: String, answer: &Answer) -> ClientError {
    let (status, retry_after) = (answer.status, answer.retry_after);
    let refusal = serde_json::from_slice(&answer.body).map(|answer: ErrorAnswer| answer.error);
    // What stands between us and the log answers these too, in its own words.
    if matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504) {
        let (code, message) = match refusal {
            Ok(refusal) => (refusal.code, refusal.message),
            Err(_) => ("unknown".to_owned(), answer.excerpt()),
        };
        return ClientError::Busy { url, status, code, message, retry_after };
    }
    match refusal {
        Ok(refusal) => ClientError::Refused { url, status, refusal: Box::new(refusal) },
        Err(_) => ClientError::Answer { url, status, excerpt: answer.excerpt() },
    }
}
