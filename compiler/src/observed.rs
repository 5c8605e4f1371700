//! Observations that scales are chosen from and that the integer model is compared on.

use crate::error::CompileError;
use crate::source::SourceFile;
use candor_program::card::Card;
use candor_program::feature::Feature;
use candor_program::observation::{Envelope, Observation};

/// Inputs that are drawn where agent.toml names no calibration data.
pub(crate) const SAMPLES: usize = 1024;
/// Most calibration lines that are used; further ones are left out evenly.
const LINES: usize = 4096;
/// Most multiplications and copies of a run of the float model over all observations.
const WORK: u64 = 1 << 32;

/// One observation as the model sees it.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub(crate) time: u64,
    /// Features above their minimum.
    pub(crate) input: Vec<u16>,
}

/// The lines of a file, each with its number; blank lines are skipped.
pub(crate) fn lines(file: &SourceFile) -> impl Iterator<Item = Result<(usize, &str), CompileError>> {
    let lines = file.bytes.split(|byte| *byte == b'\n').enumerate();
    lines.filter(|(_, line)| !line.trim_ascii().is_empty()).map(|(index, line)| {
        match std::str::from_utf8(line) {
            Ok(text) => Ok((index + 1, text.trim_end_matches('\r'))),
            Err(_) => Err(CompileError::NotUtf8 { path: file.path.clone(), line: index + 1 }),
        }
    })
}

/// All observations of a file; there is at least one.
///
/// Ranges are chosen from them and nothing else: a plugin that signs may be quoted without its envelope, and nobody looks at
/// signatures or at the age of payloads.
pub(crate) fn read(
    file: &SourceFile,
    field: &'static str,
    card: &Card,
) -> Result<Vec<Observed>, CompileError> {
    let mut unsigned = card.clone();
    for plugin in &mut unsigned.plugins {
        plugin.signer = None;
    }
    let mut observed = Vec::new();
    for line in lines(file) {
        let (line, text) = line?;
        let refused = |source| CompileError::Observation { path: file.path.clone(), line, source };
        let mut observation = Observation::from_json(text, card).map_err(refused)?;
        for (plugin, payload) in card.plugins.iter().zip(&mut observation.payloads) {
            if plugin.signer.is_some()
                && let Ok(envelope) = Envelope::from_bytes(payload)
            {
                *payload = envelope.payload.into_bytes();
            }
        }
        let input = observation.features(&unsigned).map_err(refused)?;
        observed.push(Observed { time: observation.time, input });
    }
    if observed.is_empty() {
        Err(CompileError::NoLines { path: file.path.clone(), field })
    } else {
        Ok(observed)
    }
}

/// As many of the observations as the compiler has time for, evenly spread; `work` is that of one.
pub(crate) fn thinned(observed: Vec<Observed>, work: u64) -> Vec<Observed> {
    let affordable = usize::try_from(WORK / work.max(1)).unwrap_or(LINES).clamp(16, LINES);
    let stride = observed.len().div_ceil(affordable).max(1);
    observed.into_iter().step_by(stride).collect()
}

/// Inputs spread evenly over the declared ranges: the two corners, then pseudo-random ones that never change.
pub(crate) fn sampled(features: &[Feature]) -> Vec<Observed> {
    let mut state = 0u64;
    let corner = |highest: bool| {
        let entry = |feature: &Feature| if highest { feature.span() as u16 } else { 0 };
        Observed { time: 0, input: features.iter().map(entry).collect() }
    };
    let mut observed = vec![corner(false), corner(true)];
    while observed.len() < SAMPLES {
        let entry = |feature: &Feature| (split_mix(&mut state) % (feature.span() + 1)) as u16;
        observed.push(Observed { time: 0, input: features.iter().map(entry).collect() });
    }
    observed
}

/// The decimals that an input stands for.
pub(crate) fn real(features: &[Feature], input: &[u16]) -> Vec<f64> {
    let entry = |(feature, value): (&Feature, &u16)| {
        (i64::from(*value) + feature.min) as f64 / crate::quantise::power_of_ten(feature.decimals)
    };
    features.iter().zip(input).map(entry).collect()
}

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
