//! The receipt of a verdict: what somebody found about a bundle.

use super::decision::check_subject;
use super::dsse::DsseEnvelope;
use super::error::ReceiptError;
use super::statement::{Statement, Subject};
use crate::signer::SecretKey;
use candor_program::card::SignerKey;
use serde::{Deserialize, Serialize};

/// Predicate type of a verdict.
pub const VERDICT_TYPE: &str = "https://example.invalid/candor/verdict/v1";
/// Name of the subject.
const BUNDLE: &str = "bundle.candor";

/// What a statement says about a bundle. Nothing in it follows from anything but the word of who signed it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerdictPredicate {
    /// `honest`, `fraud` or `undecided`.
    pub verdict: String,
    /// Program that was expected.
    pub program_id: String,
    /// Agent that was expected.
    pub agent: String,
    /// Chain id that was expected.
    pub chain_id: u64,
    /// Verifying contract that was expected.
    pub verifying_contract: String,
    /// Number of the first record.
    pub first_sequence: u64,
    /// Hashes of the records, in order.
    pub record_hashes: Vec<String>,
    /// What kind of fraud, and whose; absent unless the verdict is fraud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraud: Option<PredicateFraud>,
    /// What an undecided verdict lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What it rests on.
    pub assumptions: Vec<PredicateAssumption>,
}

/// A fraud.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PredicateFraud {
    /// Its stable name.
    pub kind: String,
    /// Who signed it.
    pub culprit: String,
    /// Number of the record.
    pub sequence: u64,
    /// What decided, in words.
    pub basis: String,
}

/// An assumption.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PredicateAssumption {
    /// Its stable name.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// A receipt that was accepted. Made by nothing but a successful check.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct VerdictReceipt {
    /// What was found.
    pub predicate: VerdictPredicate,
    /// SHA-256 of the bundle that it is about, in hexadecimal.
    pub bundle_sha256: String,
    /// Whether that bundle was at hand and compared.
    pub bundle_checked: bool,
}

impl VerdictPredicate {
    /// The receipt about a bundle's bytes.
    #[must_use]
    pub fn sign(self, bundle: &[u8], key: &SecretKey) -> DsseEnvelope {
        Statement::about(Subject::of(BUNDLE.to_owned(), bundle), VERDICT_TYPE, self).sign(key)
    }
}

impl VerdictReceipt {
    /// The key signed this verdict, about this bundle where one is given.
    ///
    /// Owes: trust in whoever holds the key; settling the bundle again is better.
    pub fn verify(
        envelope: &DsseEnvelope,
        key: &SignerKey,
        bundle: Option<&[u8]>,
    ) -> Result<Self, ReceiptError> {
        let statement = Statement::<VerdictPredicate>::verify(envelope, key, VERDICT_TYPE)?;
        if let Some(bundle) = bundle {
            check_subject(&statement.subject, &Subject::of(BUNDLE.to_owned(), bundle))?;
        }
        let bundle_sha256 =
            statement.subject.into_iter().next().map(|subject| subject.digest.sha256).unwrap_or_default();
        Ok(Self { predicate: statement.predicate, bundle_sha256, bundle_checked: bundle.is_some() })
    }
}
