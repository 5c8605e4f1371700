//! What an example measures: a synthetic perceptron by its widths, or an ONNX model by its path.

#![allow(dead_code, reason = "each example uses its part")]

pub(crate) mod constraints;
pub(crate) mod sizes;

use candor_benches::synthetic::{Shape, features, perceptron};
use candor_compiler::{AgentSource, SourceFile, agent_toml_template, lower};
use candor_program::Program;
use candor_prover::{ReferenceString, commit_program};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

/// Log2 of the powers that a model is compiled for.
const POWERS_LOG2: u8 = 14;

/// A program with its rows committed, and the reference string.
pub(crate) struct Subject {
    pub(crate) program: Program,
    pub(crate) reference: ReferenceString,
}

impl Subject {
    /// `64-128-3` is a perceptron, with rows of 2^10 if none are given; what ends in `.onnx` is compiled with the template of its
    /// agent.toml, with the rows of its class if none are given.
    pub(crate) fn new(name: &str, row_log2: Option<u8>) -> Result<Self, Box<dyn Error>> {
        if name.ends_with(".onnx") {
            return Self::of_model(name, row_log2);
        }
        let widths: Vec<usize> = name.split('-').map(str::parse).collect::<Result<_, _>>()?;
        let row_log2 = row_log2.unwrap_or(10);
        let reference = ReferenceString::development(row_log2, &[1; 32])?;
        let shape = Shape { widths: &widths, row_log2, residual: false, gain: 1 };
        Self { program: perceptron(&shape, reference.card(), 9), reference }.committed()
    }

    fn of_model(path: &str, row_log2: Option<u8>) -> Result<Self, Box<dyn Error>> {
        let reference = ReferenceString::development(POWERS_LOG2, &[1; 32])?;
        let model = std::fs::read(path)?;
        let manifest = agent_toml_template(&model, path, &BTreeMap::new())?.into_bytes();
        let file = |path: &str, bytes| SourceFile { path: PathBuf::from(path), bytes };
        let source = AgentSource {
            manifest: file("agent.toml", manifest),
            model: file(path, model),
            weights: BTreeMap::new(),
            policy: None,
            calibration: None,
            reference: None,
            observations: None,
        };
        let mut lowered = lower(&source, reference.card())?;
        lowered.card.class.row_log2 = row_log2.unwrap_or(lowered.card.class.row_log2);
        Self { program: lowered.into_program(Vec::new()), reference }.committed()
    }

    fn committed(mut self) -> Result<Self, Box<dyn Error>> {
        self.program.card.weight_rows =
            commit_program(&self.reference, &self.program.card, &self.program.weights)?;
        Ok(self)
    }
}

/// Features of a decision: pseudo-random, over the range of each.
pub(crate) fn decision(program: &Program, seed: u64) -> Vec<u16> {
    let ranges = program.card.features.iter().map(|feature| (feature.max - feature.min) as u64 + 1);
    features(program, seed).into_iter().zip(ranges).map(|(x, range)| (u64::from(x) % range) as u16).collect()
}
