//! `[[plugins]]` and `[[features]]`.

use super::source::{self, File};
use super::{ManifestCause, ManifestError, Text};
use candor_program::card::{Plugin, PluginSigner};
use candor_program::feature::Feature;
use candor_program::limits;
use std::collections::BTreeSet;

/// Highest minus lowest integer of a feature.
const SPAN: i128 = 65_535;

/// The declared plugins.
pub(super) fn plugins(text: Text<'_>, file: &File) -> Result<Vec<Plugin>, ManifestError> {
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
    let key = text.signer_key(written, field("signer"))?;
    Ok(Some(PluginSigner { key, max_age_seconds: max_age }))
}

/// The declared features.
pub(super) fn features(
    text: Text<'_>,
    file: &File,
    plugins: &[Plugin],
) -> Result<Vec<Feature>, ManifestError> {
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
        let decimals = text.decimals(Some(&feature.decimals), field("decimals"))?;
        let min = text.decimal(&feature.min, field("min"), decimals)?;
        let max = text.decimal(&feature.max, field("max"), decimals)?;
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
