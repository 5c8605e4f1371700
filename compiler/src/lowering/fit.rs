//! Lowering until no worst case leaves the integers that it is proven for.

use super::{Builder, Input, lower};
use crate::graph::Graph;
use crate::onnx::{Cause, Obstacle};
use candor_program::card::Program;
use candor_program::interval::{Interval, ProgramError, analyse};
use std::collections::BTreeMap;

/// How often ranges may be widened for worst cases, over all operators.
const WIDENINGS: usize = 512;

/// A program whose every accumulator and excess stays in range, for every input.
pub(crate) struct Fitted {
    pub(crate) program: Program,
    pub(crate) builder: Builder<'static>,
    /// Bounds of every operator.
    pub(crate) intervals: Vec<Interval>,
    /// By how many bits the ranges of operators are wider than calibration asks for.
    pub(crate) widened: BTreeMap<usize, u32>,
}

/// Why there is no such program.
pub(crate) enum Unfit {
    /// Nodes in the way.
    Obstacles(Vec<Obstacle>),
    /// The program breaks a limit.
    Program(ProgramError),
}

/// Lowers a graph, with ranges of operators doubled as long as their worst case asks for it. `assemble` puts the rest of a program
/// around the operators and checks what it can.
pub(crate) fn fit(
    graph: &Graph,
    input: &Input,
    output: usize,
    assemble: &dyn Fn(&Builder<'_>) -> Result<Program, ProgramError>,
) -> Result<Fitted, Unfit> {
    let mut widened = BTreeMap::new();
    for _ in 0..WIDENINGS {
        let builder = lower(graph, input, output, &widened).map_err(Unfit::Obstacles)?;
        let program = assemble(&builder).map_err(Unfit::Program)?;
        match analyse(&program) {
            Ok(intervals) => {
                let widened = |(place, number)| Some((place, *widened.get(number)?));
                let widened = builder.numbers.iter().enumerate().filter_map(widened).collect();
                return Ok(Fitted { program, builder, intervals, widened });
            }
            Err(ProgramError::Excess { operator, .. }) => {
                let number = builder.numbers.get(operator).copied().unwrap_or(operator);
                *widened.entry(number).or_insert(0) += 1;
            }
            Err(error) => return Err(Unfit::Program(error)),
        }
    }
    Err(Unfit::Obstacles(vec![Obstacle {
        node: graph.values()[output].name.clone(),
        operator: "output".into(),
        cause: Cause::WorstCase { bits: 63 },
    }]))
}
