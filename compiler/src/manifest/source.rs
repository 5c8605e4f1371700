//! agent.toml as written: its tables and keys, and nothing else.

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) agent: Agent,
    #[serde(default)]
    pub(crate) weights: Vec<Spanned<WeightFile>>,
    pub(crate) fidelity: Option<Fidelity>,
    pub(crate) domain: Domain,
    pub(crate) plugins: Vec<Spanned<Plugin>>,
    pub(crate) features: Vec<Spanned<Feature>>,
    pub(crate) head: Head,
    #[serde(default)]
    pub(crate) windows: Vec<Spanned<Window>>,
    #[serde(default)]
    pub(crate) state: Vec<Spanned<Register>>,
    #[serde(default)]
    pub(crate) evidence: Vec<Spanned<Slot>>,
    pub(crate) limits: Option<Spanned<Limits>>,
    pub(crate) policy: Option<Policy>,
    pub(crate) transaction: Transaction,
}

/// `[agent]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agent {
    pub(crate) name: Spanned<String>,
    pub(crate) version: Spanned<String>,
    pub(crate) model: Spanned<String>,
    pub(crate) input: Spanned<String>,
    pub(crate) output: Spanned<String>,
    pub(crate) calibration: Option<Spanned<String>>,
    pub(crate) reference: Option<Spanned<String>>,
    pub(crate) observations: Option<Spanned<String>>,
}

/// `[[weights]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WeightFile {
    pub(crate) file: Spanned<String>,
    pub(crate) location: Option<Spanned<String>>,
    pub(crate) sha256: Spanned<String>,
}

/// `[fidelity]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fidelity {
    pub(crate) bits: Option<Spanned<Literal>>,
    pub(crate) max_disagreement: Option<Spanned<Literal>>,
}

/// `[domain]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Domain {
    pub(crate) chain_id: u64,
    pub(crate) verifying_contract: Spanned<String>,
}

/// `[[plugins]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plugin {
    pub(crate) id: Spanned<String>,
    pub(crate) version: Spanned<String>,
    pub(crate) code_hash: Spanned<String>,
    pub(crate) signer: Option<Spanned<String>>,
    pub(crate) max_age_seconds: Option<Spanned<u64>>,
}

/// `[[features]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feature {
    pub(crate) name: Spanned<String>,
    pub(crate) plugin: Spanned<String>,
    pub(crate) pointer: Spanned<String>,
    pub(crate) decimals: Spanned<u8>,
    pub(crate) min: Spanned<Literal>,
    pub(crate) max: Spanned<Literal>,
}

/// `[head]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    #[expect(dead_code, reason = "checked while it is read: there is one kind")]
    pub(crate) kind: HeadKind,
    pub(crate) decimals: Option<Spanned<u8>>,
    #[serde(default)]
    pub(crate) assets: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) venues: Vec<Spanned<String>>,
    pub(crate) actions: Spanned<Vec<Spanned<Action>>>,
}

/// Kinds of head.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HeadKind {
    Argmax,
}

/// `[[head.actions]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Action {
    pub(crate) name: Spanned<String>,
    pub(crate) amount: Option<Spanned<Literal>>,
    #[serde(default)]
    pub(crate) abstain: bool,
    pub(crate) asset: Option<Spanned<String>>,
    pub(crate) venue: Option<Spanned<String>>,
}

/// `[[windows]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Window {
    pub(crate) name: Spanned<String>,
    pub(crate) length: Spanned<Literal>,
    pub(crate) offset: Option<Spanned<Literal>>,
}

/// `[[state]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    pub(crate) name: Spanned<String>,
    pub(crate) initial: Spanned<Literal>,
    pub(crate) window: Option<Spanned<String>>,
    pub(crate) source: Option<Spanned<Literal>>,
    pub(crate) when: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) on_execute: Update,
    #[serde(default)]
    pub(crate) on_deny: Update,
    #[serde(default)]
    pub(crate) on_abstain: Update,
}

/// Values of `on_execute`, `on_deny` and `on_abstain`. `time`, `add-amount` and `increment` name a source as well.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Update {
    #[default]
    Keep,
    Set,
    Add,
    Reset,
    Time,
    AddAmount,
    Increment,
}

/// `[[evidence]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slot {
    pub(crate) name: Spanned<String>,
    pub(crate) attester: Option<Spanned<String>>,
    pub(crate) mandate: Option<Spanned<Mandate>>,
    pub(crate) subject: Option<Spanned<String>>,
    pub(crate) decimals: Option<Spanned<u8>>,
    pub(crate) default: Option<Spanned<Literal>>,
    pub(crate) revoked_by: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) values: BTreeMap<String, Spanned<Literal>>,
}

/// `evidence.mandate`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mandate {
    pub(crate) owner: Spanned<String>,
    pub(crate) limit: Spanned<String>,
    pub(crate) direction: Direction,
}

/// Values of `direction`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Direction {
    AtMost,
    AtLeast,
}

/// `[limits]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) allowed_assets: Option<Spanned<Vec<Spanned<String>>>>,
    pub(crate) allowed_venues: Option<Spanned<Vec<Spanned<String>>>>,
    pub(crate) max_order: Option<Spanned<Literal>>,
    pub(crate) require_approval_above: Option<Spanned<Literal>>,
    pub(crate) approval: Option<Spanned<Approval>>,
    pub(crate) circuit_breaker: Option<Spanned<CircuitBreaker>>,
    pub(crate) min_interval: Option<Spanned<Literal>>,
    pub(crate) max_actions_per_hour: Option<Spanned<Literal>>,
    pub(crate) max_actions_per_day: Option<Spanned<Literal>>,
    pub(crate) max_actions_per_week: Option<Spanned<Literal>>,
    pub(crate) max_notional_per_hour: Option<Spanned<Literal>>,
    pub(crate) max_notional_per_day: Option<Spanned<Literal>>,
    pub(crate) max_notional_per_week: Option<Spanned<Literal>>,
    pub(crate) max_turnover_per_week: Option<Spanned<Literal>>,
    pub(crate) max_position: Option<Spanned<BTreeMap<String, Spanned<Literal>>>>,
    pub(crate) dead_band: Option<Spanned<DeadBand>>,
}

/// `limits.approval`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    pub(crate) evidence: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) single_use: bool,
}

/// `limits.circuit_breaker`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CircuitBreaker {
    pub(crate) when: Spanned<String>,
    #[serde(rename = "for")]
    pub(crate) cool_down: Spanned<Literal>,
}

/// `limits.dead_band`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeadBand {
    pub(crate) signal: Spanned<String>,
    pub(crate) by: Spanned<Literal>,
}

/// `[policy]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    pub(crate) cedar: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) rules: Vec<Spanned<Rule>>,
}

/// `[[policy.rules]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) name: Spanned<String>,
    pub(crate) effect: Effect,
    #[serde(default)]
    pub(crate) all_of: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) none_of: Vec<Spanned<String>>,
    pub(crate) reason: Option<Spanned<String>>,
    pub(crate) remedy: Option<Spanned<String>>,
}

/// Values of `effect`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Effect {
    Permit,
    Forbid,
}

/// `[transaction]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transaction {
    pub(crate) to: Spanned<String>,
    pub(crate) value: Spanned<Literal>,
    pub(crate) function: Spanned<String>,
    #[serde(default)]
    pub(crate) args: BTreeMap<String, Spanned<Literal>>,
}

/// A number, a truth value or an expression; always kept as text, so that no digit passes through a float.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Literal(pub(crate) String);

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Literal;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text, a whole number or a truth value (write decimals in quotes)")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Literal, E> {
                Ok(Literal(text.trim().into()))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Literal, E> {
                Ok(Literal(number.to_string()))
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Literal, E> {
                Ok(Literal(value.to_string()))
            }
        }
        deserializer.deserialize_any(Text)
    }
}
