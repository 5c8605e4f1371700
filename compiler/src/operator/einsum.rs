//! Einsum: sums of products over named axes.

use super::{Call, Form, Operator};
use crate::lowering::{Labels, Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, Offsets, Tensor, strides};
use std::collections::BTreeMap;

/// Sums of products over named axes.
pub(super) struct Einsum;

static FORMS: [Form; 1] = [Form::variadic("Einsum").attributes(&["equation"]).since(12)];

impl Operator for Einsum {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let inputs = call.all_inputs()?;
        for index in 1..inputs.len() {
            call.same_type(0, index)?;
        }
        let equation = Equation::read(call, &inputs)?;
        let (output, summed) = (equation.sizes(&equation.output), equation.sizes(&equation.summed));
        let elements = call.elements(&output)?;
        let terms = call.elements(&summed)?;
        call.spend((elements as u64).saturating_mul(terms as u64).saturating_mul(inputs.len() as u64))?;
        let walk = |labels: &[Label], sizes: &[usize]| {
            let offsets = equation.inputs.iter().zip(&inputs).map(|(own, input)| {
                let steps: Vec<isize> = labels.iter().map(|label| step(own, input.shape(), *label)).collect();
                Offsets::new(sizes, &steps, 0).collect::<Vec<usize>>()
            });
            offsets.collect::<Vec<_>>()
        };
        let (starts, inner) = (walk(&equation.output, &output), walk(&equation.summed, &summed));
        let position = |input: usize, at: usize, term: usize| starts[input][at] + inner[input][term];
        let element_type = call.input(0)?.element_type();
        let data = match call.input(0)?.data() {
            Data::Float(_) => {
                let data =
                    (0..inputs.len()).map(|index| call.floats(index)).collect::<Result<Vec<_>, Cause>>()?;
                let product = |at: usize, term: usize| {
                    data.iter()
                        .enumerate()
                        .map(|(input, data)| data[position(input, at, term)])
                        .product::<f64>()
                };
                let sum = |at: usize| (0..terms).fold(0.0, |sum, term| sum + product(at, term));
                Data::Float((0..elements).map(sum).collect())
            }
            Data::Integer(_) => {
                let data =
                    (0..inputs.len()).map(|index| call.integers(index)).collect::<Result<Vec<_>, Cause>>()?;
                let product = |at: usize, term: usize| {
                    data.iter().enumerate().fold(1i64, |product, (input, data)| {
                        product.wrapping_mul(data[position(input, at, term)])
                    })
                };
                let sum = |at: usize| (0..terms).fold(0i64, |sum, term| sum.wrapping_add(product(at, term)));
                Data::Integer((0..elements).map(|at| element_type.wrap(i128::from(sum(at)))).collect())
            }
            _ => return Err(call.wrong_type(0, "FLOAT")),
        };
        Ok(vec![Tensor::made(element_type, output, data)?])
    }

    /// Operands from the left: two become one, which keeps the labels that the output or a later operand has.
    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let inputs = site.call.all_inputs()?;
        let equation = Equation::read(&site.call, &inputs)?;
        let mut operands = Vec::with_capacity(inputs.len());
        for (index, labels) in equation.inputs.iter().enumerate() {
            operands.push((site.input(index)?, labels.clone()));
        }
        let mut rest = operands.into_iter();
        let Some(mut result) = rest.next() else { return Err(Cause::OnlyConstants) };
        while let Some(other) = rest.next() {
            let later = rest.as_slice().iter().flat_map(|(_, labels)| labels);
            let wanted: Vec<Label> = equation.output.iter().chain(later).copied().collect();
            let kept = if rest.len() == 0 {
                equation.output.clone()
            } else {
                let mut kept: Vec<Label> = [result.1.as_slice(), &other.1].concat();
                kept.retain(|label| wanted.contains(label));
                kept.sort_unstable();
                kept.dedup();
                kept
            };
            let product = equation.lowered(site, &result, Some(&other), &kept)?;
            result = (product, kept);
        }
        if equation.inputs.len() == 1 {
            return Ok(vec![equation.lowered(site, &result, None, &equation.output)?]);
        }
        Ok(vec![result.0])
    }
}

/// A letter, or one of the axes that an ellipsis stands for, counted from the last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Label {
    Ellipsis(usize),
    Letter(char),
}

/// An equation with the sizes of all labels.
pub(super) struct Equation {
    pub(super) inputs: Vec<Vec<Label>>,
    pub(super) output: Vec<Label>,
    /// Labels that the output does not have.
    pub(super) summed: Vec<Label>,
    sizes: BTreeMap<Label, usize>,
}

impl Equation {
    pub(super) fn read(call: &Call<'_>, inputs: &[&Tensor]) -> Result<Self, Cause> {
        let text: String =
            call.attributes().required_text("equation")?.chars().filter(|letter| *letter != ' ').collect();
        let refused = || call.unsupported("equation", &text, "one that fits the inputs");
        let (left, right) = match text.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (text.as_str(), None),
        };
        let sources: Vec<&str> = left.split(',').collect();
        if sources.len() != inputs.len() {
            return Err(refused());
        }
        let mut sizes: BTreeMap<Label, usize> = BTreeMap::new();
        let mut labels = Vec::with_capacity(inputs.len());
        for (source, input) in sources.iter().zip(inputs) {
            let own = labels_of(source, Some(input.rank())).ok_or_else(refused)?;
            for (&label, &size) in own.iter().zip(input.shape()) {
                let known = sizes.entry(label).or_insert(size);
                // The axes of an ellipsis broadcast.
                match (*known == size, label) {
                    (true, _) => {}
                    (false, Label::Ellipsis(_)) if *known == 1 => *known = size,
                    (false, Label::Ellipsis(_)) if size == 1 => {}
                    _ => return Err(refused()),
                }
            }
            labels.push(own);
        }
        let hidden = sizes.keys().filter(|label| matches!(label, Label::Ellipsis(_))).count();
        let output = match right {
            Some(right) => {
                let letters = right.chars().filter(char::is_ascii_alphabetic).count();
                let rank = if right.contains("...") { hidden + letters } else { letters };
                labels_of(right, Some(rank)).ok_or_else(refused)?
            }
            // All letters that stand once, in order, behind the ellipsis.
            None => {
                let once =
                    |label: &Label| labels.iter().flatten().filter(|other| *other == label).count() == 1;
                let hidden = (0..hidden).rev().map(Label::Ellipsis);
                let letters =
                    sizes.keys().filter(|label| matches!(label, Label::Letter(_)) && once(label)).copied();
                hidden.chain(letters).collect()
            }
        };
        let is_new = |(index, label): (usize, &Label)| output[..index].contains(label);
        if output.iter().any(|label| !sizes.contains_key(label)) || output.iter().enumerate().any(is_new) {
            return Err(refused());
        }
        let summed = sizes.keys().filter(|label| !output.contains(label)).copied().collect();
        Ok(Self { inputs: labels, output, summed, sizes })
    }

    fn sizes(&self, labels: &[Label]) -> Vec<usize> {
        labels.iter().map(|label| self.sizes.get(label).copied().unwrap_or(1)).collect()
    }
}

type Operand = (Value, Vec<Label>);

impl Equation {
    /// One operand, or the product of two, summed over all labels but those that are kept.
    fn lowered(
        &self,
        site: &mut Site<'_, '_, '_>,
        left: &Operand,
        right: Option<&Operand>,
        kept: &[Label],
    ) -> Result<Value, Cause> {
        let mut summed: Vec<Label> =
            left.1.iter().chain(right.iter().flat_map(|right| &right.1)).copied().collect();
        summed.retain(|label| !kept.contains(label));
        summed.sort_unstable();
        summed.dedup();
        let order: Vec<Label> = kept.iter().chain(&summed).copied().collect();
        let labels = Labels::new(&self.sizes(kept), &self.sizes(&summed));
        // A label that is summed over is every operand's; another one is whose axes have it, or nobody's where they have size 1.
        let table = |(value, own): &Operand, always: bool| {
            let steps: Vec<usize> =
                order.iter().map(|label| step(own, &value.shape, *label) as usize).collect();
            let is_read = |label: &usize| always || *label >= kept.len() || steps[*label] > 0;
            let read: Vec<usize> = (0..order.len()).filter(is_read).collect();
            let steps: Vec<usize> = read.iter().map(|label| steps[*label]).collect();
            labels.table(&read, |values| {
                Some(values.iter().zip(&steps).map(|(value, step)| value * step).sum())
            })
        };
        let Some(right) = right else {
            return site.builder.summed(&labels, (&left.0, &table(left, true)));
        };
        // An axis along which both are repeated, for the sake of a third.
        let free = kept.iter().zip(&labels.shape).any(|(label, size)| {
            *size > 1 && [left, right].iter().all(|(value, own)| step(own, &value.shape, *label) == 0)
        });
        let weighted = |site: &mut Site<'_, '_, '_>, value: &Operand, weights: &Operand, numbers: &[f64]| {
            let (picked, all) = table(weights, false).numbered();
            let number =
                |place: &Option<usize>| place.and_then(|place| numbers.get(place)).copied().unwrap_or(0.0);
            let numbers: Vec<f64> = picked.iter().map(number).collect();
            site.builder.weighted(&labels, (&value.0, &table(value, false)), (&numbers, &all))
        };
        match (left.0.fixed(), right.0.fixed()) {
            _ if free => {
                let equation = site.call.attributes().required_text("equation")?;
                Err(site.call.unsupported("equation", equation, "two operands a node"))
            }
            (Some(_), Some(_)) => Err(Cause::OnlyConstants),
            (None, Some(numbers)) => weighted(site, left, right, &numbers),
            (Some(numbers), None) => weighted(site, right, left, &numbers),
            (None, None) => site.builder.product(
                &labels,
                (&left.0, &table(left, false)),
                (&right.0, &table(right, false)),
            ),
        }
    }
}

/// The labels of one operand of this rank; `None` where they do not fit.
fn labels_of(text: &str, rank: Option<usize>) -> Option<Vec<Label>> {
    let letters = |text: &str| {
        text.chars()
            .map(|letter| letter.is_ascii_alphabetic().then_some(Label::Letter(letter)))
            .collect::<Option<Vec<Label>>>()
    };
    let rank = rank?;
    let labels = match text.split_once("...") {
        None => letters(text)?,
        Some((before, after)) => {
            let (before, after) = (letters(before)?, letters(after)?);
            let hidden = rank.checked_sub(before.len() + after.len())?;
            before.into_iter().chain((0..hidden).rev().map(Label::Ellipsis)).chain(after).collect()
        }
    };
    (labels.len() == rank).then_some(labels)
}

/// How far a step along a label moves in an operand: the sum over all axes with that label, a repeated one being a diagonal.
fn step(labels: &[Label], shape: &[usize], label: Label) -> isize {
    let axes = labels.iter().zip(shape).zip(strides(shape));
    // An axis of size 1 does not move: it broadcasts.
    axes.filter(|((own, size), _)| **own == label && **size > 1).map(|(_, stride)| stride).sum()
}
