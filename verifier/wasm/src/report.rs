//! Bytes to a report: the verifier's answer in JSON.

use crate::expectation::{Expectation, ExpectationError};
use candor_circuits::proof::ProofFile;
use candor_circuits::seal::key::{FILE_MAGIC, SealKey};
use candor_program::card::{Card, LoadError, Program};
use candor_program::decision::Decision;
use candor_program::encoding::{DecodeError, decode_file};
use candor_trace::{ActionView, Bundle, SealFile, VerdictView};
use candor_verifier::{
    Accepted, Assumption, ErrorKind, Place, ReplayError, ReplayOutcome, ReplayReport, SealError, Sealed,
    VerifyError, diagnose,
};
use serde_json::{Value, json};

/// Longest file of a verifying key.
const MAX_KEY_BYTES: u64 = 1 << 16;

/// Class of a failure; the numbers are the command line's exit codes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum FailureClass {
    /// The call, or the expectation, cannot be used like this.
    Usage = 2,
    /// Bytes are not what they should be.
    Malformed = 3,
    /// Well formed, but rejected by a named check.
    Rejected = 4,
    /// Beyond a documented limit.
    Limit = 5,
    /// It rests on something that the caller did not agree to.
    RefusedAssumption = 8,
}

impl FailureClass {
    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Malformed => "malformed",
            Self::Rejected => "rejected",
            Self::Limit => "limit",
            Self::RefusedAssumption => "refused-assumption",
        }
    }
}

impl From<ErrorKind> for FailureClass {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Malformed => Self::Malformed,
            ErrorKind::Rejected => Self::Rejected,
            ErrorKind::Limit => Self::Limit,
            ErrorKind::RefusedAssumption => Self::RefusedAssumption,
        }
    }
}

/// An answer: what is established, or why nothing is.
#[derive(Clone, PartialEq, Debug)]
pub struct Report(pub Result<Value, (FailureClass, String)>);

impl Report {
    /// A call that names no buffers of ours.
    #[must_use]
    pub fn no_buffer() -> Self {
        Self(Err((FailureClass::Usage, "a handle is not that of a buffer".to_owned())))
    }

    /// The report as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        match &self.0 {
            Ok(value) => value.to_string(),
            Err((class, message)) => json!({
                "error": { "class": class.name(), "exitCode": *class as u8, "message": message }
            })
            .to_string(),
        }
    }
}

struct Failure(FailureClass, String);

impl From<ExpectationError> for Failure {
    fn from(error: ExpectationError) -> Self {
        Self(FailureClass::Usage, error.to_string())
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self(error.kind().into(), error.to_string())
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        Self(error.kind().into(), error.to_string())
    }
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Self {
        Self(error.kind().into(), error.to_string())
    }
}

/// A file that does not decode; `TooLong` is a limit, everything else malformed.
fn undecodable(what: &str, error: &DecodeError) -> Failure {
    let class = match error {
        DecodeError::TooLong { .. } => FailureClass::Limit,
        _ => FailureClass::Malformed,
    };
    Failure(class, format!("{what}: {error}"))
}

fn unloadable(what: &str, error: &LoadError) -> Failure {
    match error {
        LoadError::Malformed(error) => undecodable(what, error),
        LoadError::Invalid(source) => {
            let kind = VerifyError::Card { source: Box::new(*source) }.kind();
            Failure(kind.into(), format!("{what}: {error}"))
        }
    }
}

fn bundle_of(bytes: &[u8]) -> Result<Bundle, Failure> {
    Bundle::from_bytes(bytes).map_err(|source| VerifyError::Bundle { source: Box::new(source) }.into())
}

fn report(outcome: Result<Value, Failure>) -> Report {
    Report(outcome.map_err(|Failure(class, message)| (class, message)))
}

/// Verifies a bundle and its proof.
#[must_use]
pub fn verify(expectation: &[u8], bundle: &[u8], proof: &[u8]) -> Report {
    report((|| {
        let expectation = Expectation::from_json(expectation)?;
        let bundle = bundle_of(bundle)?;
        let proof = ProofFile::from_bytes(proof).map_err(|source| VerifyError::Proof { source })?;
        let accepted = candor_verifier::verify(&expectation.of(&bundle.card), &bundle, &proof)?;
        Ok(accepted_json(&accepted, &bundle.card))
    })())
}

/// Verifies a seal with a program's card and the verifying key of its class.
#[must_use]
pub fn verify_seal(expectation: &[u8], card: &[u8], key: &[u8], seal: &[u8]) -> Report {
    report((|| {
        let expectation = Expectation::from_json(expectation)?;
        let card = Card::from_bytes(card).map_err(|error| unloadable("card", &error))?;
        let key = decode_file::<SealKey>(&FILE_MAGIC, MAX_KEY_BYTES, key)
            .map_err(|error| undecodable("seal key", &error))?;
        let seal = SealFile::from_bytes(seal).map_err(|error| undecodable("seal", &error))?;
        let sealed = candor_verifier::verify_seal(&expectation.of(&card), &card, &key, &seal)?;
        Ok(sealed_json(&sealed, &card))
    })())
}

/// Runs the program again on the records of a bundle, and names the first difference. A difference is an answer, not a
/// failure: `outcome` is `agrees`, `differs` or `undecided`.
#[must_use]
pub fn replay(expectation: &[u8], program: &[u8], bundle: &[u8]) -> Report {
    report((|| {
        let expectation = Expectation::from_json(expectation)?;
        let program = Program::from_bytes(program).map_err(|error| unloadable("program", &error))?;
        let bundle = bundle_of(bundle)?;
        let replayed = candor_verifier::replay(&expectation.of(&program.card), &program, &bundle)?;
        let mut json = replayed_json(&replayed);
        json["assumptions"] = assumptions_json(&replayed.assumptions);
        Ok(json)
    })())
}

fn replayed_json(replayed: &ReplayReport) -> Value {
    let difference = match &replayed.outcome {
        ReplayOutcome::Agrees => return json!({ "outcome": "agrees", "records": replayed.records }),
        ReplayOutcome::Undecided(missing) => {
            return json!({
                "outcome": "undecided", "missing": missing.to_string(), "records": replayed.records,
            });
        }
        ReplayOutcome::Differs(difference) => difference,
    };
    let mut json = json!({
        "outcome": "differs",
        "sequence": difference.sequence,
        "place": difference.place.name().as_str(),
        "text": difference.to_string(),
        "diagnosis": diagnose(difference).to_string(),
        "needsProof": difference.needs_proof().is_some(),
    });
    if let Place::Operator(operator) = &difference.place {
        json["operator"] = json!({
            "tensor": operator.tensor.0,
            "kind": operator.kind,
            "expectedLeaf": hex_string(&operator.expected),
            "recordedLeaf": hex_string(&operator.recorded),
            "value": operator.value.as_ref().map(|value| json!({
                "index": value.index, "expected": value.expected, "recorded": value.recorded,
            })),
        });
    }
    json
}

fn hex_string(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn accepted_json(accepted: &Accepted, card: &Card) -> Value {
    let decisions: Vec<Value> = (accepted.first_sequence..)
        .zip(&accepted.decisions)
        .zip(&accepted.record_hashes)
        .map(|((sequence, decision), hash)| decision_json(sequence, decision, hash, card))
        .collect();
    json!({
        "verdict": "honest",
        "programId": hex_string(&accepted.program_id),
        "agent": hex_string(&accepted.agent),
        "firstSequence": accepted.first_sequence,
        "decisions": decisions,
        "accBefore": hex_string(&accepted.acc_before.0),
        "accAfter": hex_string(&accepted.acc_after.0),
        "payout": hex_string(&accepted.payout),
        "assumptions": assumptions_json(&accepted.assumptions),
    })
}

fn decision_json(sequence: u64, decision: &Decision, hash: &[u8; 32], card: &Card) -> Value {
    let transaction = decision.transaction.as_ref().map(|call| {
        json!({
            "chainId": card.domain.chain_id,
            "to": hex_string(&call.to),
            "value": call.value.to_string(),
            "function": card.transaction.signature(),
            "calldata": hex_string(&call.calldata),
        })
    });
    json!({
        "sequence": sequence,
        "recordHash": hex_string(hash),
        "requested": ActionView::of(decision.requested.word(), card),
        "policy": VerdictView::of(decision.verdict.word(), card),
        "executed": decision.executed.as_ref().and_then(|action| ActionView::of(action.word(), card)),
        "transaction": transaction,
    })
}

fn sealed_json(sealed: &Sealed, card: &Card) -> Value {
    let decisions: Vec<Value> = sealed
        .headers
        .iter()
        .map(|header| {
            let requested = ActionView::of(header.requested, card).and_then(|action| action.name);
            let policy = VerdictView::of(header.verdict, card);
            json!({ "sequence": header.sequence, "requested": requested, "policy": policy })
        })
        .collect();
    json!({
        "verdict": "honest",
        "sealed": true,
        "programId": hex_string(&sealed.program_id),
        "agent": hex_string(&sealed.agent),
        "firstSequence": sealed.headers.first().map_or(0, |header| header.sequence),
        "decisions": decisions,
        "payout": hex_string(&sealed.payout),
        "assumptions": assumptions_json(&sealed.assumptions),
    })
}

fn assumptions_json(assumptions: &[Assumption]) -> Value {
    assumptions
        .iter()
        .map(|assumption| json!({ "name": assumption.name().as_str(), "text": assumption.to_string() }))
        .collect()
}
