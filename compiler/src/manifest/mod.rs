//! agent.toml to the parts of a card that do not depend on the model.

mod duration;
pub(crate) mod error;
mod evidence;
mod expression;
mod fidelity;
mod head;
mod limits;
mod observation;
mod policy;
mod source;
mod state;
pub(crate) mod template;
mod transaction;
mod weights;

pub use error::{ManifestCause, ManifestError};

use crate::class::Surroundings;
use crate::fidelity::Target;
use crate::vocabulary::{Parts, Vocabulary};
use candor_program::card::{Domain, Plugin, SignerKey};
use candor_program::decimal::parse_decimal;
use candor_program::evidence::Slot;
use candor_program::feature::Feature;
use candor_program::head::Head;
use candor_program::limits as sizes;
use candor_program::policy::Table;
use candor_program::state::{Register, Window};
use candor_program::transaction::Template;
use policy::Builder;
use source::File;
pub(crate) use source::Literal;
use state::Memory;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;
use weights::WeightFile;

/// An agent.toml that was read and checked, but for what depends on the model.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) model: String,
    pub(crate) input: String,
    pub(crate) output: String,
    pub(crate) calibration: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) observations: Option<String>,
    /// Files of weights beside the model's own.
    pub(crate) weights: Vec<WeightFile>,
    /// How near the program must be to the float model.
    pub(crate) fidelity: Target,
    pub(crate) domain: Domain,
    pub(crate) plugins: Vec<Plugin>,
    pub(crate) features: Vec<Feature>,
    pub(crate) head: Head,
    pub(crate) amount_decimals: u8,
    pub(crate) windows: Vec<Window>,
    pub(crate) registers: Vec<Register>,
    pub(crate) evidence: Vec<Slot>,
    pub(crate) policy: Table,
    /// File of Cedar policies, whose rules are not in the table yet.
    pub(crate) cedar: Option<String>,
    /// What rules were made from, by their names, where `[[policy.rules]]` does not have them.
    pub(crate) origins: BTreeMap<String, String>,
    pub(crate) transaction: Template,
    /// Line of the first feature and of the list of actions.
    features_line: usize,
    actions_line: usize,
}

/// Bytes of agent.toml, and the field that stands there.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Place {
    span: Range<usize>,
    field: String,
}

impl Place {
    fn new(span: Range<usize>, field: impl Into<String>) -> Self {
        Self { span, field: field.into() }
    }
}

/// The text of agent.toml, to find lines in.
#[derive(Clone, Copy)]
struct Text<'t>(&'t str);

impl Text<'_> {
    fn error(self, span: Range<usize>, field: impl Into<String>, cause: ManifestCause) -> ManifestError {
        ManifestError { line: self.line(span), field: field.into(), cause }
    }

    fn at(self, place: &Place, cause: ManifestCause) -> ManifestError {
        self.error(place.span.clone(), place.field.clone(), cause)
    }

    fn line(self, span: Range<usize>) -> usize {
        let before = self.0.as_bytes().iter().take(span.start);
        1 + before.filter(|&&byte| byte == b'\n').count()
    }

    fn name(self, name: &Spanned<String>, field: impl Into<String>) -> Result<String, ManifestError> {
        let got = name.get_ref();
        let limit = sizes::NAME_BYTES;
        if !is_name(got) {
            return Err(self.error(name.span(), field, ManifestCause::BadName { got: got.clone(), limit }));
        }
        Ok(got.clone())
    }

    fn shown(self, shown: &Spanned<String>, field: impl Into<String>) -> Result<String, ManifestError> {
        let (got, limit) = (shown.get_ref().len(), sizes::TEXT_BYTES);
        if got > limit {
            return Err(self.error(shown.span(), field, ManifestCause::LongText { got, limit }));
        }
        if shown.get_ref().chars().any(is_invisible) {
            return Err(self.error(shown.span(), field, ManifestCause::ControlCharacter));
        }
        Ok(shown.get_ref().clone())
    }

    fn unique(
        self,
        names: &mut BTreeSet<String>,
        name: &Spanned<String>,
        field: String,
    ) -> Result<String, ManifestError> {
        let text = self.name(name, field.clone())?;
        if !names.insert(text.clone()) {
            return Err(self.error(name.span(), field, ManifestCause::DuplicateName { name: text }));
        }
        Ok(text)
    }

    fn count<T>(self, list: &[Spanned<T>], field: &str, limit: usize) -> Result<(), ManifestError> {
        match list.first() {
            Some(first) if list.len() > limit => {
                Err(self.error(first.span(), field, ManifestCause::TooMany { got: list.len(), limit }))
            }
            _ => Ok(()),
        }
    }

    fn hexadecimal<const N: usize>(
        self,
        text: &Spanned<String>,
        field: impl Into<String>,
    ) -> Result<[u8; N], ManifestError> {
        expression::hexadecimal(text.get_ref()).ok_or_else(|| {
            let got = text.get_ref().clone();
            self.error(text.span(), field, ManifestCause::Hexadecimal { got, digits: 2 * N })
        })
    }

    /// A decimal with so many digits after the point.
    fn decimal(
        self,
        literal: &Spanned<Literal>,
        field: impl Into<String>,
        decimals: u8,
    ) -> Result<i64, ManifestError> {
        let got = &literal.get_ref().0;
        parse_decimal(got, decimals).map_err(|source| {
            let cause = ManifestCause::Decimal { got: got.clone(), decimals, source };
            self.error(literal.span(), field, cause)
        })
    }

    /// Digits after the decimal point; 0 where none are declared.
    fn decimals(self, declared: Option<&Spanned<u8>>, field: String) -> Result<u8, ManifestError> {
        match declared {
            Some(decimals) if *decimals.get_ref() > sizes::DECIMALS => {
                let cause = ManifestCause::Decimals { got: *decimals.get_ref(), limit: sizes::DECIMALS };
                Err(self.error(decimals.span(), field, cause))
            }
            Some(decimals) => Ok(*decimals.get_ref()),
            None => Ok(0),
        }
    }

    /// A key that signs: an address, or an Ed25519 public key.
    fn signer_key(
        self,
        written: &Spanned<String>,
        field: impl Into<String>,
    ) -> Result<SignerKey, ManifestError> {
        let key = match written.get_ref().strip_prefix("ed25519:") {
            None => {
                expression::hexadecimal(written.get_ref()).map(|address| SignerKey::Secp256k1 { address })
            }
            Some(digits) => {
                expression::hexadecimal(digits).map(|public_key| SignerKey::Ed25519 { public_key })
            }
        };
        key.ok_or_else(|| {
            let got = written.get_ref().clone();
            self.error(written.span(), field, ManifestCause::Signer { got })
        })
    }
}

impl Manifest {
    /// The file is TOML with exactly the keys of the format, and every value is one that a card can hold.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        let text = std::str::from_utf8(bytes).map_err(|error| ManifestError {
            line: 1 + bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count(),
            field: "file".into(),
            cause: ManifestCause::NotUtf8,
        })?;
        let file: File = toml::from_str(text).map_err(|error| {
            let cause = error::syntax(error.message());
            Text(text).error(error.span().unwrap_or(0..0), "file", cause)
        })?;
        Self::resolve(Text(text), file)
    }

    fn resolve(text: Text<'_>, file: File) -> Result<Self, ManifestError> {
        let plugins = observation::plugins(text, &file)?;
        let features = observation::features(text, &file, &plugins)?;
        let (head, amount_decimals) = head::head(text, &file)?;
        let evidence = evidence::slots(text, &file)?;
        let parts =
            Parts { features: &features, head: &head, amount_decimals, registers: &[], evidence: &evidence };
        let mut memory = Memory::declared(text, &file, parts)?;
        let declared = Vocabulary::new(Parts { registers: &memory.registers, ..parts });
        let surroundings =
            limits::Surroundings { head: &head, amount_decimals, evidence: &evidence, vocabulary: &declared };
        let limits = limits::expand(text, &file, &surroundings, &mut memory)?;
        let vocabulary = Vocabulary::new(Parts { registers: &memory.registers, ..parts });
        let mut builder = Builder::new(text, &vocabulary);
        match &file.policy {
            Some(policy) => builder.rules(policy)?,
            None if limits.is_empty() => {
                return Err(text.error(0..0, "policy", ManifestCause::PolicyMissing));
            }
            None => {}
        }
        let limits = limits::Pending::read(limits, &builder)?;
        builder.limits(limits)?;
        if let (None, Some(limits)) = (&file.policy, &file.limits) {
            builder.limits(vec![limits::within_limits(Place::new(limits.span(), "limits"))])?;
        }
        builder.registers(&mut memory)?;
        let (policy, origins) = builder.finish();
        let (weights, fidelity) = (weights::files(text, &file)?, fidelity::target(text, &file)?);
        let transaction = transaction::template(text, &file.transaction, &vocabulary)?;
        let verifying_contract =
            text.hexadecimal(&file.domain.verifying_contract, "domain.verifying_contract")?;
        let agent = file.agent;
        Ok(Self {
            name: text.name(&agent.name, "agent.name")?,
            version: text.name(&agent.version, "agent.version")?,
            model: agent.model.into_inner(),
            input: agent.input.into_inner(),
            output: agent.output.into_inner(),
            calibration: agent.calibration.map(Spanned::into_inner),
            reference: agent.reference.map(Spanned::into_inner),
            observations: agent.observations.map(Spanned::into_inner),
            weights,
            fidelity,
            domain: Domain { chain_id: file.domain.chain_id, verifying_contract },
            features_line: file.features.first().map_or(1, |feature| text.line(feature.span())),
            actions_line: text.line(file.head.actions.span()),
            windows: memory.windows,
            registers: memory.registers,
            plugins,
            features,
            head,
            amount_decimals,
            evidence,
            policy,
            cedar: file.policy.and_then(|policy| policy.cedar).map(Spanned::into_inner),
            origins,
            transaction,
        })
    }

    /// The words of its rules.
    pub(crate) fn vocabulary(&self) -> Vocabulary {
        Vocabulary::new(Parts {
            features: &self.features,
            head: &self.head,
            amount_decimals: self.amount_decimals,
            registers: &self.registers,
            evidence: &self.evidence,
        })
    }

    /// What the class depends on, apart from the model.
    pub(crate) fn surroundings(&self) -> Surroundings<'_> {
        let (registers, evidence) = (self.registers.len(), self.evidence.len());
        Surroundings { policy: &self.policy, registers, evidence }
    }

    /// The model takes one value for each feature and gives one for each action.
    pub(crate) fn check_widths(&self, inputs: usize, outputs: usize) -> Result<(), ManifestError> {
        if self.features.len() != inputs {
            let cause = ManifestCause::FeatureCount { expected: inputs, got: self.features.len() };
            return Err(ManifestError { line: self.features_line, field: "features".into(), cause });
        }
        let actions = self.head.actions().len();
        if actions != outputs {
            let cause = ManifestCause::ActionCount { expected: outputs, got: actions };
            return Err(ManifestError { line: self.actions_line, field: "head.actions".into(), cause });
        }
        Ok(())
    }
}

/// Control characters and those that change what is seen around them, as [`candor_program::Card::validate`] refuses them.
pub(crate) fn is_invisible(character: char) -> bool {
    let formatting = matches!(character,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    character.is_control() || formatting
}

/// Text that the card takes as a name.
fn is_name(text: &str) -> bool {
    let fits = !text.is_empty() && text.len() <= sizes::NAME_BYTES;
    fits && !text.chars().any(|character| character.is_whitespace() || is_invisible(character))
}
