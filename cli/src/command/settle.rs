//! `candor settle`: the verdict on a dispute.

use crate::artefact;
use crate::command::verify::{self, assumptions_json};
use crate::exit::{ExitClass, Failure};
use crate::expectation::{self, ExpectationArguments};
use crate::output::{Report, hex_string};
use crate::publication::PublicationArguments;
use crate::store::{self, Store};
use candor_program::card::Card;
use candor_trace::Bundle;
use candor_trace::tlog::MAX_NOTE_BYTES;
use candor_verifier::{
    Basis, Challenge, ErrorKind, Expected, Fraud, MAX_CHALLENGE_BYTES, Missing, Submission, TimeFault,
    Verdict, Witnessed, settle,
};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// `candor settle`.
#[derive(Args, Clone, Debug)]
pub struct Settle {
    /// Card and records [default: bundle.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// A defender's proof that the path was honest
    #[arg(long, value_name = "FILE")]
    pub proof: Vec<PathBuf>,
    /// A challenger's evidence that it was not
    #[arg(long, value_name = "FILE")]
    pub challenge: Vec<PathBuf>,
    /// What to expect
    #[command(flatten)]
    pub expectation: ExpectationArguments,
    /// Whose word about times counts
    #[command(flatten)]
    pub publication: PublicationArguments,
}

impl Settle {
    /// Decides, and says what the verdict rests on or what is missing.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let settled = self.settle(store)?;
        let mut report = report(&settled.verdict, &settled.bundle.card);
        report.json["expected"] = expectation::to_json(&settled.expected);
        Ok(report)
    }
    /// The verdict, with what it is about.
    pub fn settle(&self, store: &Store) -> Result<Settled, Failure> {
        let path = self.bundle.clone().unwrap_or_else(|| store.bundle());
        let bundle = artefact::bundle(&path)?;
        let proofs = self.proof.iter().map(|path| artefact::proof(path)).collect::<Result<Vec<_>, _>>()?;
        let challenges = self
            .challenge
            .iter()
            .map(|path| artefact::decode(path, MAX_CHALLENGE_BYTES, Challenge::from_bytes))
            .collect::<Result<Vec<_>, _>>()?;
        let promises = self.publication.promise.iter().map(|path| store::read(path, MAX_NOTE_BYTES as u64));
        let promises = promises.collect::<Result<Vec<_>, _>>()?;
        let mut expected = self.expectation.expected(&bundle.card)?;
        expected.publication = self.publication.publication()?;
        let submissions: Vec<Submission<'_>> = proofs
            .iter()
            .map(Submission::Proof)
            .chain(challenges.iter().map(Submission::Challenge))
            .chain(promises.iter().map(|note| Submission::Promise(note)))
            .collect();
        let verdict = settle(&expected, &bundle, &submissions);
        Ok(Settled { verdict, bundle, expected })
    }
}

/// A verdict and what it is about.
pub struct Settled {
    /// The verdict.
    pub verdict: Verdict,
    /// The bundle.
    pub bundle: Bundle,
    /// What was expected of it.
    pub expected: Expected,
}

/// What a verdict says, and with which exit code.
#[must_use]
pub fn report(verdict: &Verdict, card: &Card) -> Report {
    match verdict {
        Verdict::Honest(accepted) => Report::accepted(
            format!("verdict: honest\n{}", verify::describe(accepted, card)),
            verify::to_json(accepted, card),
        ),
        Verdict::Fraud(fraud) => Report {
            class: ExitClass::Fraud,
            text: format!("verdict: {verdict}"),
            json: fraud_json(verdict, fraud),
        },
        Verdict::Undecided { missing } => {
            let refused = missing.iter().any(is_refused);
            let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
            Report {
                class: if refused { ExitClass::RefusedAssumption } else { ExitClass::Undecided },
                text: format!("verdict: undecided\n  missing: {}", missing.join("\n  missing: ")),
                json: json!({ "verdict": "undecided", "missing": missing }),
            }
        }
    }
}

/// Whether what is missing is the reader's consent.
fn is_refused(missing: &Missing) -> bool {
    match missing {
        Missing::RefusedAssumption { .. } => true,
        Missing::AcceptedProof { source } | Missing::AcceptedChallenge { source, .. } => {
            source.kind() == ErrorKind::RefusedAssumption
        }
        _ => false,
    }
}

fn basis_name(basis: &Basis) -> &'static str {
    match basis {
        Basis::Recomputation(_) => "recomputation",
        Basis::Proof { .. } => "proof",
        Basis::Signatures(_) => "signatures",
        Basis::Witnesses(_) => "witnesses",
    }
}

fn witnessed_json(found: &Witnessed) -> Value {
    let mut json = json!({
        "log": found.log,
        "witnesses": found.witnesses,
        "recordTime": found.record_time,
        "index": found.index,
    });
    match found.fault {
        TimeFault::Ahead { seen } => json["seen"] = seen.into(),
        TimeFault::Late { until, size, limit, promised } => {
            json["missingUntil"] = until.into();
            json["earlierSize"] = size.into();
            json["limit"] = limit.into();
            json["promised"] = promised.into();
        }
    }
    json
}

fn fraud_json(verdict: &Verdict, fraud: &Fraud) -> Value {
    let proven = match &fraud.basis {
        Basis::Proof { tensor, proven, recorded } => Some(json!({
            "tensor": tensor.0,
            "provenLeaf": hex_string(proven),
            "recordedLeaf": hex_string(recorded),
        })),
        Basis::Recomputation(_) | Basis::Signatures(_) | Basis::Witnesses(_) => None,
    };
    let witnessed = match &fraud.basis {
        Basis::Witnesses(found) => Some(witnessed_json(found)),
        _ => None,
    };
    json!({
        "verdict": "fraud",
        "kind": fraud.kind.as_str(),
        "culprit": fraud.culprit.name(),
        "culpritRole": fraud.culprit.role(),
        "sequence": fraud.sequence,
        "basis": basis_name(&fraud.basis),
        "proven": proven,
        "witnessed": witnessed,
        "payout": fraud.payout.map(|address| hex_string(&address)),
        "text": verdict.to_string(),
        "assumptions": assumptions_json(&fraud.assumptions),
    })
}
