//! Operators that nothing reads are taken out: outputs that no node asks for, tables that were joined with others.

use super::builder::Builder;
use candor_program::class::{Operand, OperatorClass, TensorId, TermClass};

impl Builder<'_> {
    /// The same program without operators that its last one does not depend on, and without tables that nobody looks up.
    pub(crate) fn without_unused(mut self) -> Self {
        let count = self.operators.len();
        let mut used = vec![false; count + 1];
        used[0] = true;
        used[count] = true;
        for number in (0..count).rev() {
            if used[number + 1] {
                sources(&self.classes[number]).into_iter().for_each(|source| used[source] = true);
            }
        }
        let places: Vec<u16> = used
            .iter()
            .scan(0u16, |next, used| {
                let place = *next;
                *next += u16::from(*used);
                Some(place)
            })
            .collect();
        let mut tables: Vec<usize> = Vec::new();
        for (class, _) in self.classes.iter_mut().zip(&used[1..]).filter(|(_, used)| **used) {
            match class {
                OperatorClass::Affine { terms, .. } => {
                    let operands = terms.iter_mut().flat_map(operands);
                    operands
                        .for_each(|operand| operand.source = TensorId(places[usize::from(operand.source.0)]));
                }
                OperatorClass::Lookup { source, table } => {
                    *source = TensorId(places[usize::from(source.0)]);
                    let own = usize::from(*table);
                    let place = tables.iter().position(|other| *other == own).unwrap_or_else(|| {
                        tables.push(own);
                        tables.len() - 1
                    });
                    // There are no more than before.
                    *table = place as u8;
                }
            }
        }
        self.tables = tables.iter().map(|table| std::mem::take(&mut self.tables[*table])).collect();
        let clamping = self.clamping.iter().filter(|tensor| used[**tensor]);
        self.clamping = clamping.map(|tensor| usize::from(places[*tensor])).collect();
        let mut flags = used.iter();
        self.tensors.retain(|_| flags.next() == Some(&true));
        let of_operators = &used[1..];
        self.classes = kept(self.classes, of_operators);
        self.operators = kept(self.operators, of_operators);
        self.weights = kept(self.weights, of_operators);
        self.origins = kept(self.origins, of_operators);
        self.numbers = (0..count).filter(|number| of_operators[*number]).collect();
        // By tensors as they were.
        self.results.clear();
        self.reached.clear();
        self.bounds.clear();
        self.coarse.clear();
        self
    }
}

fn kept<T>(all: Vec<T>, used: &[bool]) -> Vec<T> {
    all.into_iter().zip(used).filter(|(_, used)| **used).map(|(one, _)| one).collect()
}

fn operands(term: &mut TermClass) -> Vec<&mut Operand> {
    match term {
        TermClass::Linear { operand, .. } | TermClass::Weighted { operand, .. } => vec![operand],
        TermClass::Product { left, right, .. } => vec![left, right],
    }
}

fn sources(class: &OperatorClass) -> Vec<usize> {
    match class {
        OperatorClass::Affine { terms, .. } => {
            terms.iter().flat_map(TermClass::operands).map(|operand| usize::from(operand.source.0)).collect()
        }
        OperatorClass::Lookup { source, .. } => vec![usize::from(source.0)],
    }
}
