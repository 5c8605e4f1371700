//! The terms of a class as a proof sees them: readings at coordinates, and the variables of every contraction.

use super::{LayoutError, MAX_VARS, Place, sum};
use crate::reading::{Challenge, Coordinates, Label, Reading};
use candor_program::class::{Class, Operand, OperatorClass, TensorId, TermClass};

/// A linear term: a coefficient times an operand at the zero-check point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Operator number.
    pub operator: usize,
    /// Term number in the operator.
    pub term: usize,
    /// Number of its coefficient in the operator.
    pub coefficient: usize,
    /// The operand.
    pub operand: Reading,
}

/// The left factor of a contraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// Weights of the program.
    Weights {
        /// Place in the weights object.
        place: Place,
        /// Labels of the weights: their output labels, then the contracted ones.
        labels: Vec<Coordinates>,
    },
    /// A tensor.
    Operand {
        /// Number of the product's coefficient in the operator.
        coefficient: usize,
        /// The operand.
        operand: Reading,
    },
}

/// A sum of products over labels: a weighted term, or a product of two tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contraction {
    /// Operator number.
    pub operator: usize,
    /// Term number in the operator.
    pub term: usize,
    /// Variables of its instance.
    pub vars: usize,
    /// Coordinates, at the zero-check point, of its first variables: what both factors share with the output.
    pub shared: Vec<Coordinates>,
    /// The left factor.
    pub left: Left,
    /// The right factor.
    pub right: Reading,
}

impl Contraction {
    /// Variables of the weights; `None` of a product.
    #[must_use]
    pub fn weight_vars(&self) -> Option<usize> {
        match &self.left {
            Left::Weights { labels, .. } => Some(labels.iter().map(|label| label.vars).sum()),
            Left::Operand { .. } => None,
        }
    }

    /// Takes the next place if it has weights.
    pub(super) fn set_weights(&mut self, places: &mut impl Iterator<Item = Place>) {
        if let Left::Weights { place, .. } = &mut self.left {
            *place = places.next().unwrap_or(*place);
        }
    }

    /// The left operand of a product.
    #[must_use]
    pub fn left_operand(&self) -> Option<&Reading> {
        match &self.left {
            Left::Operand { operand, .. } => Some(operand),
            Left::Weights { .. } => None,
        }
    }

    /// Number of the variables that both factors share with the output.
    #[must_use]
    pub fn shared_vars(&self) -> usize {
        self.shared.iter().map(|shared| shared.vars).sum()
    }
}

impl Linear {
    /// Whether the verifier evaluates the operand himself.
    #[must_use]
    pub fn reads_input(&self) -> bool {
        self.operand.source == TensorId(0)
    }
}

/// All terms of a class.
#[derive(Default)]
pub(super) struct Terms {
    pub(super) linear: Vec<Linear>,
    pub(super) contractions: Vec<Contraction>,
}

impl Terms {
    /// Errors: wiring, or a view that does not fit.
    pub(super) fn of(class: &Class, axes: &[Vec<u8>], batch: usize) -> Result<Self, LayoutError> {
        let mut terms = Self::default();
        for (operator, shape) in class.operators.iter().enumerate() {
            let OperatorClass::Affine { axes: output, terms: shapes } = shape else { continue };
            let mut coefficients = 0;
            for (term, shape) in shapes.iter().enumerate() {
                let later = |operand: &&Operand| usize::from(operand.source.0) > operator;
                if let Some(operand) = shape.operands().find(later) {
                    return Err(LayoutError::Wiring { operator, tensor: operand.source.0 });
                }
                let reader = Reader { axes, output, batch, operator, term };
                let added = reader.add(&mut terms, shape, coefficients);
                added.ok_or(LayoutError::View { operator, term })?;
                coefficients += usize::from(!matches!(shape, TermClass::Weighted { .. }));
                let vars = terms
                    .contractions
                    .last()
                    .map_or(0, |last| last.vars.max(last.weight_vars().unwrap_or(0)));
                if vars > MAX_VARS {
                    return Err(LayoutError::TooLarge { vars });
                }
            }
        }
        Ok(terms)
    }
}

/// What the labels of one term mean.
struct Reader<'a> {
    axes: &'a [Vec<u8>],
    output: &'a [u8],
    batch: usize,
    operator: usize,
    term: usize,
}

impl Reader<'_> {
    fn add(&self, terms: &mut Terms, shape: &TermClass, coefficient: usize) -> Option<()> {
        let (operator, term) = (self.operator, self.term);
        match shape {
            TermClass::Linear { operand, summed } => {
                let mut labels = self.at_tau();
                labels.extend(summed.iter().map(|log2| Label { log2: *log2, coordinates: None }));
                has(operand, 0..labels.len())?;
                let operand = self.reading(operand, &labels, self.decision())?;
                terms.linear.push(Linear { operator, term, coefficient, operand });
            }
            TermClass::Weighted { weights, operand, contracted } => {
                let in_weights: Vec<usize> = weights.iter().map(|label| usize::from(*label)).collect();
                let ascending = in_weights.windows(2).all(|pair| pair[0] < pair[1]);
                if !ascending || in_weights.last().is_some_and(|label| *label >= self.output.len()) {
                    return None;
                }
                let read: Vec<usize> = operand.labels().map(usize::from).collect();
                let shared = |label: &usize| in_weights.contains(label) && read.contains(label);
                has(operand, (0..self.output.len()).filter(|label| !in_weights.contains(label)))?;
                has(operand, self.output.len()..self.output.len() + contracted.len())?;
                let variables = self.variables(shared, contracted, 0);
                let of_weights = in_weights.iter().copied().chain(self.output.len()..variables.labels.len());
                let place = Place { offset: 0, vars: 0 };
                let labels = of_weights
                    .map(|label| variables.labels.get(label)?.coordinates)
                    .collect::<Option<_>>()?;
                terms.contractions.push(Contraction {
                    operator,
                    term,
                    vars: variables.count,
                    shared: variables.shared,
                    left: Left::Weights { place, labels },
                    right: self.reading(operand, &variables.labels, self.decision())?,
                });
            }
            TermClass::Product { left, right, contracted } => {
                let read: [Vec<usize>; 2] =
                    [left, right].map(|operand| operand.labels().map(usize::from).collect());
                let [in_left, in_right] = &read;
                if (0..self.output.len()).any(|label| !in_left.contains(&label) && !in_right.contains(&label))
                {
                    return None;
                }
                for operand in [left, right] {
                    has(operand, self.output.len()..self.output.len() + contracted.len())?;
                }
                let shared = |label: &usize| in_left.contains(label) && in_right.contains(label);
                let variables = self.variables(shared, contracted, self.batch);
                let decision = Coordinates::new(Challenge::Final, variables.count, self.batch);
                let operand = self.reading(left, &variables.labels, decision)?;
                terms.contractions.push(Contraction {
                    operator,
                    term,
                    vars: variables.count,
                    shared: std::iter::once(self.decision()).chain(variables.shared).collect(),
                    left: Left::Operand { coefficient, operand },
                    right: self.reading(right, &variables.labels, decision)?,
                });
            }
        }
        Some(())
    }

    fn reading(&self, operand: &Operand, labels: &[Label], decision: Coordinates) -> Option<Reading> {
        Reading::new(operand, self.axes.get(usize::from(operand.source.0))?, labels, decision)
    }

    /// Coordinates of the decision at the zero-check point.
    fn decision(&self) -> Coordinates {
        Coordinates::new(Challenge::Tau, sum(self.output) + self.batch, self.batch)
    }

    /// The output's labels at the zero-check point.
    fn at_tau(&self) -> Vec<Label> {
        let mut last = sum(self.output);
        let label = |log2: &u8| {
            let coordinates = Some(Coordinates::new(Challenge::Tau, last, usize::from(*log2)));
            last -= usize::from(*log2);
            Label { log2: *log2, coordinates }
        };
        self.output.iter().map(label).collect()
    }

    /// Labels of a contraction: the shared and the contracted ones are its variables, after `leading` others.
    fn variables(&self, shared: impl Fn(&usize) -> bool, contracted: &[u8], leading: usize) -> Variables {
        let mut labels = self.at_tau();
        let of_output: usize = (0..labels.len())
            .filter(|label| shared(label))
            .map(|label| usize::from(self.output[label]))
            .sum();
        let count = leading + of_output + sum(contracted);
        let mut last = count - leading;
        let mut next = |log2: u8| {
            let coordinates = Coordinates::new(Challenge::Final, last, usize::from(log2));
            last -= usize::from(log2);
            Label { log2, coordinates: Some(coordinates) }
        };
        let mut at_tau = Vec::new();
        for label in (0..self.output.len()).filter(|label| shared(label)) {
            at_tau.extend(labels[label].coordinates);
            labels[label] = next(self.output[label]);
        }
        labels.extend(contracted.iter().map(|log2| next(*log2)));
        Variables { labels, shared: at_tau, count }
    }
}

struct Variables {
    labels: Vec<Label>,
    shared: Vec<Coordinates>,
    count: usize,
}

/// The operand has all these labels.
fn has(operand: &Operand, labels: impl IntoIterator<Item = usize>) -> Option<()> {
    let read: Vec<usize> = operand.labels().map(usize::from).collect();
    labels.into_iter().all(|label| read.contains(&label)).then_some(())
}
