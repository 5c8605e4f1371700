//! Operands, weights and accumulators by their definition: every combination of labels, one value at a time.

use crate::case::{Case, Objects};
use crate::table::{Table, equality};
use ark_ff::AdditiveGroup;
use candor_circuits::claim::Object;
use candor_circuits::layout::{Contraction, Left};
use candor_circuits::statement::PublicValues;
use candor_program::Fr;
use candor_program::class::{Group, Operand, OperatorClass, TensorId, TermClass};

/// Values that a forger commits to, and his statement.
pub(crate) struct Values<'a> {
    pub(crate) case: &'a Case,
    pub(crate) objects: &'a Objects,
    pub(crate) public: &'a PublicValues<Fr>,
}

/// One term with its labels.
pub(crate) struct Term<'a> {
    pub(crate) values: &'a Values<'a>,
    pub(crate) operator: usize,
    pub(crate) shape: &'a TermClass,
    /// Log2 of all labels: outputs, then those summed over.
    logs: Vec<u8>,
    outputs: usize,
}

/// Mixed-radix digits of an index. Shapes: most significant first.
fn digits(index: usize, logs: &[u8]) -> Vec<usize> {
    let mut rest = index;
    let mut digits: Vec<usize> = logs
        .iter()
        .rev()
        .map(|log2| {
            let digit = rest & ((1 << log2) - 1);
            rest >>= log2;
            digit
        })
        .collect();
    digits.reverse();
    digits
}

fn size(logs: impl IntoIterator<Item = u8>) -> usize {
    1 << logs.into_iter().map(usize::from).sum::<usize>()
}

impl<'a> Values<'a> {
    pub(crate) fn term(&'a self, operator: usize, term: usize) -> Term<'a> {
        let OperatorClass::Affine { axes, terms } = &self.case.program.card.class.operators[operator] else {
            panic!("a lookup has no terms")
        };
        let logs = axes.iter().chain(terms[term].summed()).copied().collect();
        Term { values: self, operator, shape: &terms[term], logs, outputs: axes.len() }
    }

    /// Real value of a tensor at a padded index.
    pub(crate) fn value(&self, tensor: TensorId, decision: usize, index: usize) -> Fr {
        let layout = &self.case.layout;
        let Some(output) = layout.output(tensor) else { return self.public.features[decision][index] };
        let low = self.case.data.operators[usize::from(tensor.0) - 1].low;
        let position = self.case.position(tensor, decision, index);
        match output.object {
            Object::Mapped => low + self.objects.mapped[position],
            _ => {
                let byte = |column| self.objects.cells[self.case.cell(column, position)];
                low + byte(0) + byte(1) * Fr::from(256u64)
            }
        }
    }

    /// `bias + sum of terms` of an operator's position.
    pub(crate) fn accumulator(&self, operator: usize, decision: usize, index: usize) -> Fr {
        let output = self.case.layout.outputs[operator];
        let OperatorClass::Affine { axes, terms } = &self.case.program.card.class.operators[operator] else {
            panic!("a lookup has no accumulator")
        };
        let at = digits(index, axes);
        let terms = (0..terms.len()).map(|term| self.term(operator, term).at(decision, &at, term));
        self.objects.bias[output.place.offset + index] + terms.sum::<Fr>()
    }
}

impl Term<'_> {
    fn coefficient(&self, number: usize) -> Fr {
        let affine = self.values.case.program.card.operators[self.operator].affine().unwrap();
        Fr::from(affine.terms[number].coefficient)
    }

    /// The term at output labels.
    fn at(&self, decision: usize, output: &[usize], number: usize) -> Fr {
        let summed = &self.logs[self.outputs..];
        let product = |index: usize| {
            let labels = [output.to_vec(), digits(index, summed)].concat();
            match self.shape {
                TermClass::Linear { operand, .. } => self.read(operand, decision, &labels),
                TermClass::Weighted { operand, .. } => {
                    self.weight(number, &labels) * self.read(operand, decision, &labels)
                }
                TermClass::Product { left, right, .. } => {
                    self.read(left, decision, &labels) * self.read(right, decision, &labels)
                }
            }
        };
        self.coefficient(number) * (0..size(summed.iter().copied())).map(product).sum::<Fr>()
    }

    /// What an operand reads at these labels.
    fn read(&self, operand: &Operand, decision: usize, labels: &[usize]) -> Fr {
        let axes = &self.values.case.layout.axes[usize::from(operand.source.0)];
        let (mut index, mut axis) = (0usize, 0usize);
        for group in &operand.groups {
            let own = &axes[axis..axis + group.axes()];
            axis += group.axes();
            let Some(place) = place(group, own, labels) else { return Fr::ZERO };
            index = index * size(own.iter().copied()) + place;
        }
        self.values.value(operand.source, decision, index)
    }

    /// The term's weight at these labels.
    fn weight(&self, number: usize, labels: &[usize]) -> Fr {
        let TermClass::Weighted { weights, .. } = self.shape else { panic!("no weights") };
        let contraction = self.contraction(number);
        let Left::Weights { place, .. } = &contraction.left else { panic!("no weights") };
        let own = weights.iter().map(|label| usize::from(*label)).chain(self.outputs..self.logs.len());
        let index = own.fold(0, |index, label| (index << self.logs[label]) + labels[label]);
        self.values.objects.weights[place.offset + index]
    }

    fn contraction(&self, number: usize) -> &Contraction {
        let contractions = &self.values.case.layout.contractions;
        contractions.iter().find(|c| (c.operator, c.term) == (self.operator, number)).unwrap()
    }

    /// Sum of a function of labels over all labels but those kept, weighted by eq with tau for outputs. Shapes: one value a
    /// combination of the kept labels.
    fn table(&self, tau_i: &[Fr], kept: &[usize], own: &[usize], at: impl Fn(&[usize]) -> Fr) -> Table {
        let free: Vec<usize> = own.iter().copied().filter(|label| !kept.contains(label)).collect();
        let mut eq = Vec::new();
        let mut start = 0;
        for (label, log2) in self.logs.iter().enumerate() {
            if label < self.outputs {
                eq.push(equality(&tau_i[start..start + usize::from(*log2)]));
                start += usize::from(*log2);
            } else {
                eq.push(vec![Fr::from(1u64); 1 << log2]);
            }
        }
        let logs = |labels: &[usize]| labels.iter().map(|label| self.logs[*label]).collect::<Vec<u8>>();
        let (kept_logs, free_logs) = (logs(kept), logs(&free));
        let value = |index: usize| {
            let mut labels = vec![0; self.logs.len()];
            kept.iter().zip(digits(index, &kept_logs)).for_each(|(label, digit)| labels[*label] = digit);
            let sum = |other: usize| {
                let mut labels = labels.clone();
                let mut weight = Fr::from(1u64);
                for (label, digit) in free.iter().zip(digits(other, &free_logs)) {
                    labels[*label] = digit;
                    weight *= eq[*label][digit];
                }
                weight * at(&labels)
            };
            (0..size(free_logs.iter().copied())).map(sum).sum()
        };
        (0..size(kept_logs.iter().copied())).map(value).collect()
    }

    fn operand(&self, operand: &Operand, (tau_d, tau_i): (&[Fr], &[Fr]), kept: &[usize]) -> Table {
        let own: Vec<usize> = operand.labels().map(usize::from).collect();
        let each = |decision| self.table(tau_i, kept, &own, |labels| self.read(operand, decision, labels));
        let mut sums = Vec::new();
        for (decision, eq) in equality(tau_d).into_iter().enumerate() {
            let table = each(decision);
            sums.resize(table.len(), Fr::ZERO);
            sums.iter_mut().zip(table).for_each(|(sum, value)| *sum += eq * value);
        }
        sums
    }

    /// The value of a linear term's operand.
    pub(crate) fn linear(&self, tau: (&[Fr], &[Fr])) -> Fr {
        let TermClass::Linear { operand, .. } = self.shape else { panic!("not linear") };
        self.operand(operand, tau, &[])[0]
    }

    /// Equality with tau, left and right factor of a contraction, over its variables.
    pub(crate) fn factors(&self, number: usize, (tau_d, tau_i): (&[Fr], &[Fr])) -> [Table; 3] {
        let contracted = self.outputs..self.logs.len();
        let labels = |operand: &Operand| operand.labels().map(usize::from).collect::<Vec<_>>();
        let all = || (0..self.logs.len()).collect::<Vec<usize>>();
        match self.shape {
            TermClass::Linear { .. } => panic!("no contraction"),
            TermClass::Weighted { weights, operand, .. } => {
                let read = labels(operand);
                let in_weights: Vec<usize> = weights.iter().map(|label| usize::from(*label)).collect();
                let shared = |label: &usize| in_weights.contains(label) && read.contains(label);
                let kept: Vec<usize> = (0..self.outputs).filter(shared).chain(contracted.clone()).collect();
                let own: Vec<usize> = in_weights.iter().copied().chain(contracted).collect();
                let left = self.table(tau_i, &kept, &own, |labels| self.weight(number, labels));
                let eq = self.equalities(tau_i, &kept);
                [eq, left, self.operand(operand, (tau_d, tau_i), &kept)]
            }
            TermClass::Product { left, right, .. } => {
                let (in_left, in_right) = (labels(left), labels(right));
                let shared = |label: &usize| in_left.contains(label) && in_right.contains(label);
                let kept: Vec<usize> = all().into_iter().filter(shared).collect();
                let each = |operand: &Operand, own: &[usize]| -> Table {
                    let of = |d| self.table(tau_i, &kept, own, |labels| self.read(operand, d, labels));
                    (0..self.values.case.layout.batch()).flat_map(of).collect()
                };
                let inner = self.equalities(tau_i, &kept);
                let eq = equality(tau_d).iter().flat_map(|d| inner.iter().map(move |eq| *d * eq)).collect();
                [eq, each(left, &in_left), each(right, &in_right)]
            }
        }
    }

    /// `eq` of the kept output labels, one a combination of the kept labels.
    fn equalities(&self, tau_i: &[Fr], kept: &[usize]) -> Table {
        // what is not kept is summed with eq: of one it is one
        self.table(tau_i, kept, kept, |labels| {
            let mut start = 0;
            let mut weight = Fr::from(1u64);
            for (label, log2) in self.logs[..self.outputs].iter().enumerate() {
                let point = &tau_i[start..start + usize::from(*log2)];
                start += usize::from(*log2);
                if kept.contains(&label) {
                    weight *= equality(point)[labels[label]];
                }
            }
            weight
        })
    }
}

/// Padded place over a group's axes, if the labels stand for one.
fn place(group: &Group, axes: &[u8], labels: &[usize]) -> Option<usize> {
    let flat = match group {
        Group::Axis { label } => return Some(labels[usize::from(*label)]),
        Group::Window { extents, offset, step, labels: own } => {
            let mut position = i64::from(*offset);
            for stride in own {
                let label = labels[usize::from(stride.label)] as i64;
                if label >= i64::from(stride.extent) {
                    return None;
                }
                position += label * i64::from(stride.stride);
            }
            let size: i64 = extents.iter().map(|extent| i64::from(*extent)).product();
            let step = i64::from(*step);
            let inside = position.rem_euclid(step) == 0 && (0..size).contains(&position.div_euclid(step));
            inside.then_some((position / step) as usize)?
        }
        Group::Listed { extents, labels: own, indices } => {
            let mut combination = 0;
            for (label, extent) in own {
                let label = labels[usize::from(*label)];
                if label >= *extent as usize {
                    return None;
                }
                combination = combination * *extent as usize + label;
            }
            let size: usize = extents.iter().map(|extent| *extent as usize).product();
            let index = indices[combination] as usize;
            (index < size).then_some(index)?
        }
    };
    let extents = group.extents().unwrap();
    let (mut rest, mut coordinates) = (flat, Vec::new());
    for extent in extents.iter().rev() {
        coordinates.push(rest % *extent as usize);
        rest /= *extent as usize;
    }
    coordinates.reverse();
    Some(coordinates.iter().zip(axes).fold(0, |index, (coordinate, log2)| (index << log2) + coordinate))
}
