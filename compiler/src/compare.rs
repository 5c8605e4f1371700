//! The integer program against float models, observation by observation.

use crate::fidelity::is_saturated;
use crate::network::arg_max;
use crate::observed::{self, Observed};
use crate::reference::Answer;
use crate::report::{Agreement, OutputReport, ReferenceReport};
use candor_program::card::Program;
use candor_program::evaluate::Evaluator;
use candor_program::operator::Operator;
use std::collections::{BTreeMap, BTreeSet};

/// Outputs at an end of their range, for every operator.
pub(crate) struct Saturations {
    pub(crate) counts: Vec<u64>,
}

impl Saturations {
    pub(crate) fn new(operators: usize) -> Self {
        Self { counts: vec![0; operators] }
    }

    /// Shapes: `tensors` are the input and every operator's output.
    fn count(&mut self, operators: &[Operator], tensors: &[Vec<i32>], meant: &BTreeSet<usize>) {
        let counted = self.counts.iter_mut().zip(operators).zip(&tensors[1..]).enumerate();
        for (_, ((count, operator), outputs)) in counted.filter(|(operator, _)| !meant.contains(operator)) {
            let at_end = outputs.iter().filter(|output| is_saturated(**output, operator.low()));
            *count += at_end.count() as u64;
        }
    }
}

/// Runs a program and compares it.
pub(crate) struct Comparer<'p> {
    program: &'p Program,
    evaluator: Evaluator<'p>,
    /// Real value of one step of the output.
    output_step: f64,
    /// Lowest integer of the output.
    output_low: i32,
    /// Operators whose saturation is meant.
    meant: BTreeSet<usize>,
}

impl<'p> Comparer<'p> {
    /// `output_step` is the real value of one step of the outputs, which share it.
    pub(crate) fn new(program: &'p Program, output_step: f64) -> Self {
        let output_low = program.card.operators.last().map_or(0, Operator::low);
        Self { program, evaluator: Evaluator::new(program), output_step, output_low, meant: BTreeSet::new() }
    }

    /// The same, with operators whose saturation is meant.
    pub(crate) fn with_meant(self, meant: BTreeSet<usize>) -> Self {
        Self { meant, ..self }
    }

    /// The program that is compared.
    pub(crate) fn program(&self) -> &'p Program {
        self.program
    }

    /// Agreement with the float model that the program was made from; `float` gives its outputs, where it has any.
    pub(crate) fn with_model(
        &self,
        float: &dyn Fn(&[f64]) -> Option<Vec<f64>>,
        observed: &[Observed],
        saturations: &mut Saturations,
    ) -> Agreement {
        let mut agreement = Agreement::default();
        for observed in observed {
            let Some(float) = float(&observed::real(&self.program.card.features, &observed.input)) else {
                continue;
            };
            // The input has one entry for each feature, so a validated program runs.
            let Ok(execution) = self.evaluator.execute(&observed.input) else { continue };
            saturations.count(&self.program.card.operators, &execution.tensors, &self.meant);
            let outputs = execution.tensors.last().map_or(&[][..], Vec::as_slice);
            self.add(&mut agreement, outputs, Some(&float), arg_max(&float));
        }
        agreement
    }

    /// Tensors of the program for an input: the input, then every operator's output; `None` where it is none of the program's.
    pub(crate) fn tensors(&self, input: &[u16]) -> Option<Vec<Vec<i32>>> {
        Some(self.evaluator.execute(input).ok()?.tensors)
    }

    /// Agreement with answers of somebody's float model, matched by time.
    pub(crate) fn with_answers(
        &self,
        answers: &[Answer],
        observed: &[Observed],
        with_logits: bool,
    ) -> ReferenceReport {
        let mut inputs = BTreeMap::new();
        for observed in observed {
            inputs.entry(observed.time).or_insert(&observed.input);
        }
        let mut saturations = Saturations::new(self.program.card.operators.len());
        let mut report = ReferenceReport { unmatched: 0, saturations: 0, agreement: Agreement::default() };
        for answer in answers {
            let Some(execution) =
                inputs.get(&answer.time).and_then(|input| self.evaluator.execute(input).ok())
            else {
                report.unmatched += 1;
                continue;
            };
            saturations.count(&self.program.card.operators, &execution.tensors, &self.meant);
            let outputs = execution.tensors.last().map_or(&[][..], Vec::as_slice);
            let logits = answer.logits.as_deref().filter(|_| with_logits);
            self.add(&mut report.agreement, outputs, logits, answer.action);
        }
        report.saturations = saturations.counts.iter().sum();
        report
    }

    fn add(&self, agreement: &mut Agreement, outputs: &[i32], float: Option<&[f64]>, action: usize) {
        let requested = self.program.card.head.request(outputs).map(|request| usize::from(request.code));
        agreement.observations += 1;
        agreement.same_action += usize::from(requested == Some(action));
        let Some(float) = float else { return };
        agreement.outputs.resize(outputs.len(), OutputReport::default());
        for ((output, float), report) in outputs.iter().zip(float).zip(&mut agreement.outputs) {
            let error = (f64::from(*output) * self.output_step - float).abs();
            report.add(error, is_saturated(*output, self.output_low));
            agreement.worst_error = Some(agreement.worst_error.unwrap_or(0.0).max(error));
            agreement.largest_output = agreement.largest_output.max(float.abs());
        }
    }
}
