//! Why an observation is refused, with the place and what to do.

use super::envelope::EnvelopeError;
use crate::card::Card;
use crate::feature::Feature;
use std::fmt;
use thiserror::Error;

/// Where a feature is read from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeaturePlace {
    /// Name of the feature.
    pub name: String,
    /// Identifier of the plugin.
    pub plugin: String,
    /// JSON pointer inside the plugin's payload.
    pub pointer: String,
}

impl FeaturePlace {
    pub(super) fn of(card: &Card, feature: &Feature) -> Box<Self> {
        let plugin = card.plugins.get(usize::from(feature.plugin)).map(|plugin| plugin.id.clone());
        Box::new(Self {
            name: feature.name.clone(),
            plugin: plugin.unwrap_or_default(),
            pointer: feature.pointer.clone(),
        })
    }
}

impl fmt::Display for FeaturePlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "feature `{}` (plugin `{}`, pointer `{}`)", self.name, self.plugin, self.pointer)
    }
}

/// Why an observation is refused.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ObservationError {
    /// Longer than the limit: nothing was read.
    #[error("the line has {got} bytes, at most {limit} are allowed; report less in one observation")]
    LineTooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// Not a JSON object.
    #[error(
        "not a JSON object at column {column}; a line is {{\"time\": <Unix seconds>, \"plugins\": {{...}}}}"
    )]
    NotJson {
        /// Column in the line, from 1.
        column: usize,
    },
    /// A key of the line other than `time` and `plugins`.
    #[error("unknown key `{key}`; a line has the keys `time` and `plugins`")]
    UnknownKey {
        /// Key.
        key: String,
    },
    /// No `time`.
    #[error("`time` is missing; add the Unix time in seconds")]
    TimeMissing,
    /// Not an integer.
    #[error("`time` is {got}; write the Unix time in whole seconds as a JSON number")]
    TimeNotInteger {
        /// Text.
        got: String,
    },
    /// Below zero.
    #[error("`time` is {got}; Unix seconds before 1970 are not allowed")]
    TimeNegative {
        /// Text.
        got: String,
    },
    /// Not below 2^62.
    #[error("`time` is {got}, which is not below 2^62; it is in seconds, not in nanoseconds")]
    TimeTooLate {
        /// Text.
        got: String,
    },
    /// No `plugins`.
    #[error("`plugins` is missing; add an object from plugin identifiers to what they report")]
    PluginsMissing,
    /// `plugins` is something else than an object.
    #[error("`plugins` is not a JSON object from plugin identifiers to what they report")]
    PluginsNotObject,
    /// One key twice.
    #[error("the key `{key}` occurs twice in {place}; report each value once")]
    DuplicateKey {
        /// Key.
        key: String,
        /// Object.
        place: String,
    },
    /// A plugin that the program does not have.
    #[error("plugin `{plugin}` is not declared; the program has {}", declared.join(", "))]
    UnknownPlugin {
        /// Found.
        plugin: String,
        /// Identifiers of the program's plugins.
        declared: Vec<String>,
    },
    /// Nothing from a plugin that a feature is read from.
    #[error("plugin `{}` reported nothing, but {feature} is read from it", feature.plugin)]
    MissingPlugin {
        /// First feature that needs it.
        feature: Box<FeaturePlace>,
    },
    /// Another number of payloads than plugins.
    #[error("{got} payloads for {expected} plugins; is this an observation of another program?")]
    PayloadCount {
        /// Plugins.
        expected: usize,
        /// Payloads.
        got: usize,
    },
    /// A payload longer than a line may be.
    #[error("the payload of plugin `{plugin}` has {got} bytes, at most {limit} are allowed")]
    PayloadTooLong {
        /// Plugin.
        plugin: String,
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// A payload that is not JSON.
    #[error("the payload of plugin `{plugin}` is not JSON (column {column})")]
    PayloadNotJson {
        /// Plugin.
        plugin: String,
        /// Column, from 1.
        column: usize,
    },
    /// A plugin that declares a key reported something else than a signed envelope.
    #[error("the payload of plugin `{plugin}`, which signs what it reports, is no signed envelope: {source}")]
    Envelope {
        /// Plugin.
        plugin: String,
        /// Why.
        source: EnvelopeError,
    },
    /// Signed for a time after the observation.
    #[error("plugin `{plugin}` signed its payload for time {signed}, after the observation's {time}")]
    PayloadLater {
        /// Plugin.
        plugin: String,
        /// Time that it signed.
        signed: u64,
        /// Time of the observation.
        time: u64,
    },
    /// Signed too long before the observation.
    #[error(
        "plugin `{plugin}` signed its payload for time {signed}, more than {max_age_seconds} seconds before the \
         observation's {time}; ask the plugin again"
    )]
    PayloadStale {
        /// Plugin.
        plugin: String,
        /// Time that it signed.
        signed: u64,
        /// Time of the observation.
        time: u64,
        /// Declared limit.
        max_age_seconds: u64,
    },
    /// Nothing at the feature's pointer.
    #[error("{feature} is missing; the plugin must report it in every observation")]
    MissingFeature {
        /// Feature.
        feature: Box<FeaturePlace>,
    },
    /// Something else than a decimal.
    #[error(
        "{feature} is {got}, not a number; write a plain decimal such as -0.0250 as a JSON string or number (no \
         exponent, no leading zeros, no plus sign)"
    )]
    NotANumber {
        /// Feature.
        feature: Box<FeaturePlace>,
        /// JSON text.
        got: String,
    },
    /// More digits after the point than declared.
    #[error("{feature} is {got}, with more than {decimals} digits after the point; round it to {decimals}")]
    TooManyDigits {
        /// Feature.
        feature: Box<FeaturePlace>,
        /// Declared digits.
        decimals: u8,
        /// JSON text.
        got: String,
    },
    /// Outside the declared range.
    #[error(
        "{feature} is {got}, outside its declared range {min} to {max}; clip it or compile a wider range"
    )]
    OutOfRange {
        /// Feature.
        feature: Box<FeaturePlace>,
        /// JSON text.
        got: String,
        /// Lowest, as a decimal.
        min: String,
        /// Highest, as a decimal.
        max: String,
    },
}

/// The beginning of a text from outside, short and printable.
pub(super) fn excerpt(text: &str) -> String {
    const LIMIT: usize = 60;
    let mut excerpt: String =
        text.chars().take(LIMIT).map(|c| if c.is_control() { '?' } else { c }).collect();
    if text.chars().nth(LIMIT).is_some() {
        excerpt.push_str("...");
    }
    excerpt
}
