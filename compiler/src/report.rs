//! What the compiler did, in numbers, for people and for programs.

use crate::estimate::Estimate;
use crate::policy_report::PolicyReport;
use candor_program::class::Class;
use serde::Serialize;
use std::fmt;

/// The compiler's report.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// Name of the agent.
    pub agent: String,
    /// Version of the agent.
    pub version: String,
    /// Model file.
    pub model: String,
    /// Width of the input.
    pub inputs: usize,
    /// Width of the output.
    pub outputs: usize,
    /// Weights and biases.
    pub parameters: u64,
    /// Integer operators, in order.
    pub operators: Vec<OperatorReport>,
    /// Agreement with the float model, evaluated by the compiler on the calibration data.
    pub calibration: CalibrationReport,
    /// How near the integers are to the float model, and what the author asked for.
    pub fidelity: FidelityReport,
    /// Agreement with the reference answers, where there are any.
    pub reference: Option<ReferenceReport>,
    /// What the agent remembers, what it is told, and what it may do.
    pub policy: PolicyReport,
    /// Class.
    pub class: Class,
    /// Entries of all weight matrices, padded.
    pub padded_weights: u64,
    /// Witness cells of one decision.
    pub witness_cells: u64,
    /// Expected cost of proving one decision.
    pub estimate: Estimate,
    /// Soundness of a proof of one decision; filled in by the caller.
    pub soundness: Option<Soundness>,
    /// Program id; filled in by the caller.
    pub program_id: Option<String>,
    /// What somebody should know before relying on the program.
    pub notes: Vec<Note>,
}

/// One integer operator.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OperatorReport {
    /// The ONNX node that ends it.
    pub name: String,
    /// Whether a ReLU ends it.
    pub relu: bool,
    /// Tensors that are read: 0 is the input, `i + 1` the output of operator `i`.
    pub sources: Vec<u16>,
    /// Width of the output.
    pub width: u32,
    /// Weights and biases.
    pub parameters: u64,
    /// Lowest real value that some output holds.
    pub lowest: f64,
    /// Highest real value that some output holds.
    pub highest: f64,
    /// Real value of the coarsest integer step.
    pub step: f64,
    /// Rescale multiplier.
    pub multiplier: u32,
    /// Bits of the largest weight, with its sign.
    pub weight_bits: u32,
    /// Bits of the largest accumulator that any input can cause, with its sign.
    pub accumulator_bits: u32,
    /// Bits of the output.
    pub output_bits: u32,
    /// Outputs on the calibration data that lie at an end of their range because it is too narrow.
    pub saturations: u64,
    /// Largest difference from the float model on the calibration data, in the model's own unit.
    pub worst_error: f64,
    /// Mean difference.
    pub mean_error: f64,
    /// Mean difference as a share of the mean magnitude.
    pub error_share: f64,
}

/// How near the integers are to the float model.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct FidelityReport {
    /// Room above the largest calibrated value, as a factor.
    pub room: f64,
    /// Log2 of the largest output over the worst error; `None` where the outputs are exact or were not compared.
    pub bits: Option<f64>,
    /// Largest share of decisions that differ from the float model's, on calibration data and reference.
    pub disagreement: f64,
    /// The operator that adds most to the error, from 0; `None` where none adds any.
    pub costliest: Option<usize>,
    /// Scalings that were tried.
    pub tried: usize,
}

/// One output on all compared observations.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct OutputReport {
    /// Largest difference from the float model, in the model's own unit.
    pub worst_error: f64,
    /// Mean difference.
    pub mean_error: f64,
    /// How often it lay at an end of its range.
    pub saturations: u64,
    /// Observations that were compared.
    pub observations: u64,
}

impl OutputReport {
    pub(crate) fn add(&mut self, error: f64, saturated: bool) {
        self.observations += 1;
        self.worst_error = self.worst_error.max(error);
        self.mean_error += (error - self.mean_error) / self.observations as f64;
        self.saturations += u64::from(saturated);
    }
}

/// Agreement with the float model on the calibration data.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CalibrationReport {
    /// Whether inputs were drawn from the declared ranges, since agent.toml names no calibration data.
    pub sampled: bool,
    /// Agreement.
    pub agreement: Agreement,
}

/// Agreement with the reference answers.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ReferenceReport {
    /// Answers whose time no observation has.
    pub unmatched: usize,
    /// Values of any operator at an end of their range, on all compared observations.
    pub saturations: u64,
    /// Agreement.
    pub agreement: Agreement,
}

/// How far the integer model is from a float model.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Agreement {
    /// Observations that were compared.
    pub observations: usize,
    /// Those on which both choose the same action.
    pub same_action: usize,
    /// Largest difference of an output, in the model's own unit; `None` where outputs were not compared.
    pub worst_error: Option<f64>,
    /// Largest magnitude of a float output.
    pub largest_output: f64,
    /// Every output; empty where outputs were not compared.
    pub outputs: Vec<OutputReport>,
}

/// Soundness of a proof.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Soundness {
    /// Minus log2 of the statistical error.
    pub statistical_bits: f64,
    /// Bits of the computational assumptions, never merged with the statistical ones.
    pub computational_bits: u32,
}

/// Something to know before relying on the program.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Note {
    /// Nodes that the output does not need were left out.
    UnusedNodes {
        /// Their names.
        names: Vec<String>,
    },
    /// The last operator was left out, since it does not change the largest output.
    LastOperator {
        /// Operator.
        operator: String,
    },
    /// Scales come from inputs drawn from the declared ranges.
    NoCalibration,
    /// Every action abstains or no rule permits, so nothing is ever executed.
    NeverActs,
    /// The outputs of an operator saturated on calibration data.
    Saturated {
        /// Operator, from 0.
        operator: usize,
    },
    /// The range of an operator is wider than calibration asks for, since its worst case must stay provable.
    Widened {
        /// Operator, from 0.
        operator: usize,
        /// Bits of precision that it costs.
        bits: u32,
    },
    /// Reference answers, and no observations to compare on.
    ReferenceWithoutObservations,
    /// Less than 99% of the actions agree with the float model.
    LowAgreement,
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnusedNodes { names } => {
                write!(out, "{} nodes that the output does not need were left out", names.len())
            }
            Self::LastOperator { operator } => {
                write!(
                    out,
                    "the last operator, {operator}, was left out: it does not change which output is largest"
                )
            }
            Self::NoCalibration => out.write_str(
                "no calibration data: scales come from inputs drawn evenly from the declared ranges",
            ),
            Self::NeverActs => out.write_str("no action can ever be executed: none acts, or no rule permits"),
            Self::Saturated { operator } => write!(out, "operator {operator} saturates on calibration data"),
            Self::Widened { operator, bits } => {
                write!(
                    out,
                    "operator {operator} lost {bits} bits: its worst case is far beyond the calibration data"
                )
            }
            Self::ReferenceWithoutObservations => {
                out.write_str("the reference was not compared: no observations.jsonl beside agent.toml")
            }
            Self::LowAgreement => out.write_str(
                "fewer than 99% of the actions agree with the float model: run `compare` before switching",
            ),
        }
    }
}

impl Agreement {
    /// Share of observations with the same action, in percent; 100 where nothing was compared.
    #[must_use]
    pub fn percent(&self) -> f64 {
        if self.observations == 0 {
            100.0
        } else {
            100.0 * self.same_action as f64 / self.observations as f64
        }
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} of {} actions agree ({:.2}%)", self.same_action, self.observations, self.percent())?;
        if let Some(error) = self.worst_error {
            write!(out, ", worst error {error:.2e} where outputs reach {:.3}", self.largest_output)?;
        }
        Ok(())
    }
}

impl fmt::Display for FidelityReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bits {
            Some(bits) => write!(out, "{bits:.1} bits")?,
            None => out.write_str("exact outputs")?,
        }
        write!(
            out,
            ", {:.2}% of decisions differ, ranges {} times what was seen",
            100.0 * self.disagreement,
            self.room
        )
    }
}

/// Outputs that are printed.
const SHOWN_OUTPUTS: usize = 8;

impl Report {
    fn write_outputs(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outputs = &self.calibration.agreement.outputs;
        for (index, output) in outputs.iter().take(SHOWN_OUTPUTS).enumerate() {
            write!(
                out,
                "    output {index}: worst error {:.2e}, mean {:.2e}",
                output.worst_error, output.mean_error
            )?;
            match output.saturations {
                0 => writeln!(out)?,
                count => writeln!(out, ", saturated {count} times")?,
            }
        }
        match outputs.len().saturating_sub(SHOWN_OUTPUTS) {
            0 => Ok(()),
            more => writeln!(out, "    and {more} outputs more, in report.json"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} {} from {}", self.agent, self.version, self.model)?;
        writeln!(
            out,
            "  {} inputs, {} outputs, {} operators, {} parameters",
            self.inputs,
            self.outputs,
            self.operators.len(),
            self.parameters
        )?;
        writeln!(
            out,
            "  operator                      width  parameters  bits w/acc/out        range   saturated"
        )?;
        for (index, operator) in self.operators.iter().enumerate() {
            let name: String =
                operator.name.chars().take(20).map(|c| if c.is_control() { '?' } else { c }).collect();
            let bits =
                format!("{}/{}/{}", operator.weight_bits, operator.accumulator_bits, operator.output_bits);
            let range = format!("{:.3} to {:.3}", operator.lowest, operator.highest);
            let kind = if operator.relu { "relu" } else { "" };
            writeln!(
                out,
                "  {index:>3} {name:<20} {kind:<4} {:>6} {:>11}  {bits:>14} {range:>17} {:>8}",
                operator.width, operator.parameters, operator.saturations
            )?;
        }
        let source = if self.calibration.sampled { "drawn inputs" } else { "calibration" };
        writeln!(out, "  {source}: {}", self.calibration.agreement)?;
        self.write_outputs(out)?;
        writeln!(out, "  fidelity: {}", self.fidelity)?;
        if let Some(operator) = self.fidelity.costliest.and_then(|index| self.operators.get(index)) {
            let name: String = operator.name.chars().take(60).flat_map(char::escape_debug).collect();
            writeln!(
                out,
                "  most accuracy is lost in {name}: {:.2e} on average, {:.3}% of its values",
                operator.mean_error,
                100.0 * operator.error_share
            )?;
        }
        if let Some(reference) = &self.reference {
            write!(out, "  reference: {}", reference.agreement)?;
            if reference.unmatched > 0 {
                write!(out, "; {} answers without observation", reference.unmatched)?;
            }
            if reference.saturations > 0 {
                write!(out, "; {} values saturated", reference.saturations)?;
            }
            writeln!(out)?;
        }
        write!(out, "{}", self.policy)?;
        let class = &self.class;
        writeln!(
            out,
            "  class: input 2^{}, {} operators, rows of 2^{}, policy {}, state {}; {} padded weights, {} cells a decision",
            class.input_log2(),
            class.operators.len(),
            class.row_log2,
            class.policy_size,
            class.state_size,
            self.padded_weights,
            self.witness_cells
        )?;
        let estimate = &self.estimate;
        writeln!(
            out,
            "  proving one decision: about {:.0} ms and {:.0} MB on two cores",
            estimate.time_ms, estimate.memory_mb
        )?;
        if let Some(soundness) = &self.soundness {
            writeln!(
                out,
                "  soundness: {:.0} bits statistical; computational about {} bits, not included",
                soundness.statistical_bits, soundness.computational_bits
            )?;
        }
        if let Some(program_id) = &self.program_id {
            writeln!(out, "  program id: {program_id}")?;
        }
        for note in &self.notes {
            writeln!(out, "  note: {note}")?;
        }
        Ok(())
    }
}
