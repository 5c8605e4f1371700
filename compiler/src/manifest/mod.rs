//! agent.toml to the parts of a card that do not depend on the model.

pub(crate) mod error;
mod expression;
mod policy;
mod source;
pub(crate) mod template;
mod transaction;

pub use error::{ManifestCause, ManifestError};

use crate::class::Surroundings;
use candor_program::card::{Domain, Plugin, PluginSigner, SignerKey};
use candor_program::decimal::parse_decimal;
use candor_program::evidence::Slot;
use candor_program::feature::Feature;
use candor_program::head::{ActionTemplate, Head};
use candor_program::limits;
use candor_program::policy::{Fact, Operand, Table};
use candor_program::state::{Register, Update, Window};
use candor_program::transaction::Template;
use source::{File, Literal};
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;

/// Highest minus lowest integer of a feature.
const SPAN: i128 = 65_535;

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
    pub(crate) domain: Domain,
    pub(crate) plugins: Vec<Plugin>,
    pub(crate) features: Vec<Feature>,
    pub(crate) head: Head,
    pub(crate) amount_decimals: u8,
    pub(crate) windows: Vec<Window>,
    pub(crate) registers: Vec<Register>,
    pub(crate) evidence: Vec<Slot>,
    pub(crate) policy: Table,
    pub(crate) transaction: Template,
    /// Line of the first feature and of the list of actions.
    features_line: usize,
    actions_line: usize,
}

/// Names that expressions may refer to.
pub(crate) struct Scope<'m> {
    pub(crate) features: &'m [Feature],
    pub(crate) registers: &'m [Register],
    pub(crate) actions: &'m [ActionTemplate],
}

/// The text of agent.toml, to find lines in.
#[derive(Clone, Copy)]
struct Text<'t>(&'t str);

impl Text<'_> {
    fn error(self, span: Range<usize>, field: impl Into<String>, cause: ManifestCause) -> ManifestError {
        ManifestError { line: self.line(span), field: field.into(), cause }
    }

    fn line(self, span: Range<usize>) -> usize {
        let before = self.0.as_bytes().iter().take(span.start);
        1 + before.filter(|&&byte| byte == b'\n').count()
    }

    fn name(self, name: &Spanned<String>, field: impl Into<String>) -> Result<String, ManifestError> {
        let got = name.get_ref();
        let limit = limits::NAME_BYTES;
        let fits = !got.is_empty() && got.len() <= limit;
        if !fits || got.chars().any(|character| character.is_whitespace() || is_invisible(character)) {
            return Err(self.error(name.span(), field, ManifestCause::BadName { got: got.clone(), limit }));
        }
        Ok(got.clone())
    }

    fn shown(self, shown: &Spanned<String>, field: impl Into<String>) -> Result<String, ManifestError> {
        let (got, limit) = (shown.get_ref().len(), limits::TEXT_BYTES);
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

    fn whole(self, literal: &Spanned<Literal>, field: impl Into<String>) -> Result<i64, ManifestError> {
        literal.get_ref().0.parse().map_err(|_| {
            let cause = ManifestCause::WholeNumber {
                got: literal.get_ref().0.clone(),
                lowest: i64::MIN.to_string(),
                highest: i64::MAX.to_string(),
            };
            self.error(literal.span(), field, cause)
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
            let message = error.message().to_owned();
            Text(text).error(error.span().unwrap_or(0..0), "file", ManifestCause::Syntax { message })
        })?;
        Self::resolve(Text(text), file)
    }

    fn resolve(text: Text<'_>, file: File) -> Result<Self, ManifestError> {
        let plugins = plugins(text, &file)?;
        let features = features(text, &file, &plugins)?;
        let actions = actions(text, &file)?;
        let registers = registers(text, &file)?;
        let scope = Scope { features: &features, registers: &registers, actions: &actions };
        let policy = policy::table(text, &file.policy, &scope)?;
        let transaction = transaction::template(text, &file.transaction, &scope)?;
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
            domain: Domain { chain_id: file.domain.chain_id, verifying_contract },
            features_line: file.features.first().map_or(1, |feature| text.line(feature.span())),
            actions_line: text.line(file.head.actions.span()),
            plugins,
            features,
            head: Head::ArgMax { actions, assets: Vec::new(), venues: Vec::new() },
            amount_decimals: 0,
            windows: Vec::new(),
            registers,
            evidence: Vec::new(),
            policy,
            transaction,
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
fn is_invisible(character: char) -> bool {
    let formatting = matches!(character,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    character.is_control() || formatting
}

fn plugins(text: Text<'_>, file: &File) -> Result<Vec<Plugin>, ManifestError> {
    text.count(&file.plugins, "plugins", limits::PLUGINS)?;
    let mut names = BTreeSet::new();
    let entries = file.plugins.iter().enumerate().map(|(index, entry)| {
        let field = |key: &str| format!("plugins[{index}].{key}");
        let plugin = entry.get_ref();
        Ok(Plugin {
            id: text.unique(&mut names, &plugin.id, field("id"))?,
            version: text.name(&plugin.version, field("version"))?,
            code_hash: text.hexadecimal(&plugin.code_hash, field("code_hash"))?,
            signer: signer(text, plugin, &field)?,
        })
    });
    entries.collect()
}

/// A key with the age of what it signed: neither without the other.
fn signer(
    text: Text<'_>,
    plugin: &source::Plugin,
    field: &impl Fn(&str) -> String,
) -> Result<Option<PluginSigner>, ManifestError> {
    let (written, max_age) = match (&plugin.signer, &plugin.max_age_seconds) {
        (None, None) => return Ok(None),
        (Some(written), Some(max_age)) => (written, *max_age.get_ref()),
        (Some(written), None) => {
            return Err(text.error(written.span(), field("max_age_seconds"), ManifestCause::MaxAgeMissing));
        }
        (None, Some(max_age)) => {
            return Err(text.error(max_age.span(), field("max_age_seconds"), ManifestCause::MaxAgeAlone));
        }
    };
    let key = match written.get_ref().strip_prefix("ed25519:") {
        None => expression::hexadecimal(written.get_ref()).map(|address| SignerKey::Secp256k1 { address }),
        Some(digits) => expression::hexadecimal(digits).map(|public_key| SignerKey::Ed25519 { public_key }),
    };
    let key = key.ok_or_else(|| {
        let got = written.get_ref().clone();
        text.error(written.span(), field("signer"), ManifestCause::Signer { got })
    })?;
    Ok(Some(PluginSigner { key, max_age_seconds: max_age }))
}

fn features(text: Text<'_>, file: &File, plugins: &[Plugin]) -> Result<Vec<Feature>, ManifestError> {
    text.count(&file.features, "features", limits::FEATURES)?;
    let mut names = BTreeSet::new();
    let entries = file.features.iter().enumerate().map(|(index, entry)| {
        let field = |key: &str| format!("features[{index}].{key}");
        let feature = entry.get_ref();
        let name = text.unique(&mut names, &feature.name, field("name"))?;
        let Some(plugin) = plugins.iter().position(|plugin| &plugin.id == feature.plugin.get_ref()) else {
            let got = feature.plugin.get_ref().clone();
            let known = plugins.iter().map(|plugin| plugin.id.as_str()).collect::<Vec<_>>().join(", ");
            let cause = ManifestCause::UnknownPlugin { got, known };
            return Err(text.error(feature.plugin.span(), field("plugin"), cause));
        };
        let pointer = feature.pointer.get_ref();
        if !is_pointer(pointer) {
            let cause = ManifestCause::Pointer { got: pointer.clone(), limit: limits::POINTER_DEPTH };
            return Err(text.error(feature.pointer.span(), field("pointer"), cause));
        }
        if pointer.len() > limits::POINTER_BYTES {
            let cause = ManifestCause::LongText { got: pointer.len(), limit: limits::POINTER_BYTES };
            return Err(text.error(feature.pointer.span(), field("pointer"), cause));
        }
        let decimals = *feature.decimals.get_ref();
        if decimals > limits::DECIMALS {
            let cause = ManifestCause::Decimals { got: decimals, limit: limits::DECIMALS };
            return Err(text.error(feature.decimals.span(), field("decimals"), cause));
        }
        let bound = |literal: &Spanned<Literal>, key: &str| {
            let got = &literal.get_ref().0;
            parse_decimal(got, decimals).map_err(|source| {
                let cause = ManifestCause::Decimal { got: got.clone(), decimals, source };
                text.error(literal.span(), field(key), cause)
            })
        };
        let (min, max) = (bound(&feature.min, "min")?, bound(&feature.max, "max")?);
        let steps = i128::from(max) - i128::from(min);
        if steps < 0 {
            return Err(text.error(feature.min.span(), field("min"), ManifestCause::RangeReversed));
        }
        if steps > SPAN {
            let cause = ManifestCause::RangeTooWide { steps, limit: SPAN };
            return Err(text.error(feature.max.span(), field("max"), cause));
        }
        // At most `limits::PLUGINS` plugins.
        Ok(Feature { name, plugin: plugin as u16, pointer: pointer.clone(), decimals, min, max })
    });
    entries.collect()
}

/// RFC 6901: empty, or segments that each begin with `/`, with `~` only as `~0` and `~1`.
fn is_pointer(pointer: &str) -> bool {
    let escapes = |part: &str| part.starts_with('0') || part.starts_with('1');
    let depth = pointer.split('/').count() - 1;
    let starts = pointer.is_empty() || pointer.starts_with('/');
    starts && depth <= limits::POINTER_DEPTH && pointer.split('~').skip(1).all(escapes)
}

fn actions(text: Text<'_>, file: &File) -> Result<Vec<ActionTemplate>, ManifestError> {
    let list = file.head.actions.get_ref();
    if list.is_empty() {
        return Err(text.error(file.head.actions.span(), "head.actions", ManifestCause::Empty));
    }
    text.count(list, "head.actions", limits::ACTIONS)?;
    let mut names = BTreeSet::new();
    let entries = list.iter().enumerate().map(|(index, entry)| {
        let field = |key: &str| format!("head.actions[{index}].{key}");
        let action = entry.get_ref();
        let name = text.unique(&mut names, &action.name, field("name"))?;
        let amount = match (&action.amount, action.abstain) {
            (Some(amount), false) => match text.whole(amount, field("amount"))? {
                0 => return Err(text.error(amount.span(), field("amount"), ManifestCause::AmountZero)),
                whole => whole,
            },
            (None, true) => 0,
            (None, false) => {
                return Err(text.error(entry.span(), field("amount"), ManifestCause::AmountMissing));
            }
            (Some(amount), true) => {
                return Err(text.error(amount.span(), field("amount"), ManifestCause::AmountOfAbstention));
            }
        };
        Ok(ActionTemplate { name, abstain: action.abstain, amount, asset: 0, venue: 0 })
    });
    entries.collect()
}

fn registers(text: Text<'_>, file: &File) -> Result<Vec<Register>, ManifestError> {
    text.count(&file.state, "state", limits::REGISTERS)?;
    let mut names = BTreeSet::new();
    let entries = file.state.iter().enumerate().map(|(index, entry)| {
        let register = entry.get_ref();
        let (on_execute, source) = match register.on_execute {
            source::Update::Keep => (Update::Keep, Operand::Constant(0)),
            source::Update::Time => (Update::Set, Fact::Time.into()),
            source::Update::AddAmount => (Update::Add, Fact::ActionAmount.into()),
            source::Update::Increment => (Update::Add, Operand::Constant(1)),
        };
        Ok(Register {
            name: text.unique(&mut names, &register.name, format!("state[{index}].name"))?,
            initial: text.whole(&register.initial, format!("state[{index}].initial"))?,
            window: None,
            source,
            when: None,
            on_execute,
            on_deny: Update::Keep,
            on_abstain: Update::Keep,
        })
    });
    entries.collect()
}
