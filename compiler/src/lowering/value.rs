//! What a tensor of the graph is in the integer program: a sum of terms that no operator has computed yet.
//!
//! Moving elements, adding and scaling only change terms; an operator is spent where a product, a rescale or a table is needed.

use super::view::NOTHING;
use std::rc::Rc;

/// Float values of a tensor on every calibration sample. Shapes: `[sample][element]`, row-major.
pub(crate) type Samples = Rc<Vec<Vec<f64>>>;

/// A tensor of the graph.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    /// Shape; row-major.
    pub(crate) shape: Vec<usize>,
    /// What is summed.
    pub(crate) terms: Vec<Term>,
    /// What is added to every element; empty for zeros.
    pub(crate) constant: Vec<f64>,
    /// What the float model has.
    pub(crate) samples: Samples,
}

/// One summand.
#[derive(Clone, Debug)]
pub(crate) enum Term {
    /// Elements of a tensor of the program times a factor.
    View(View),
    /// A sum over labels.
    Sum(Rc<Sum>),
}

/// Elements of a tensor of the program.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// Tensor of the program.
    pub(crate) tensor: usize,
    /// What real values are multiplied with.
    pub(crate) factor: f64,
    /// Row-major index of every element, or [`NOTHING`].
    pub(crate) indices: Rc<Vec<u32>>,
}

/// A contraction: sum over labels of one or two operands, perhaps times weights.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    /// Node that it is made for.
    pub(crate) node: String,
    /// Exact extents of all labels: the element's axes, then those summed over.
    pub(crate) extents: Vec<u32>,
    /// Number of labels that are axes.
    pub(crate) axes: usize,
    /// What is multiplied.
    pub(crate) factors: Factors,
    /// What sums are multiplied with.
    pub(crate) factor: f64,
}

/// The factors of a contraction.
#[derive(Clone, Debug)]
pub(crate) enum Factors {
    /// Values alone.
    One(Read),
    /// Weights, row-major over their axes' labels, then the summed ones.
    Weights {
        /// Axes' labels of the weights, ascending.
        labels: Vec<u8>,
        /// Real weights.
        weights: Rc<Vec<f64>>,
        /// What they are multiplied with.
        read: Read,
    },
    /// Two tensors.
    Two(Read, Read),
}

/// A tensor of the program under labels.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    /// Tensor of the program.
    pub(crate) tensor: usize,
    /// Labels, ascending.
    pub(crate) labels: Vec<u8>,
    /// Row-major index for every combination of these labels, or [`NOTHING`].
    pub(crate) indices: Rc<Vec<u32>>,
}

impl Value {
    /// Number of elements.
    pub(crate) fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// The same for every input: its elements.
    pub(crate) fn fixed(&self) -> Option<Vec<f64>> {
        self.terms.is_empty().then(|| self.constants())
    }

    /// What is added to every element.
    pub(crate) fn constants(&self) -> Vec<f64> {
        if self.constant.is_empty() { vec![0.0; self.elements()] } else { self.constant.clone() }
    }

    /// A constant tensor for so many samples.
    pub(crate) fn constant(shape: Vec<usize>, elements: Vec<f64>, samples: usize) -> Self {
        let all = vec![elements.clone(); samples];
        Self { shape, terms: vec![], constant: elements, samples: Rc::new(all) }
    }

    /// Elements moved, left out and repeated: `from[i]` is the old place of element i, [`NOTHING`] a zero.
    ///
    /// Owes: that all terms are views.
    pub(crate) fn moved(&self, shape: Vec<usize>, from: &[u32]) -> Self {
        let terms = self.terms.iter().filter_map(|term| match term {
            Term::View(view) => {
                let index = |place: &u32| view.indices.get(*place as usize).copied().unwrap_or(NOTHING);
                let indices: Vec<u32> = from.iter().map(index).collect();
                let view = View { indices: Rc::new(indices), ..view.clone() };
                view.indices.iter().any(|index| *index != NOTHING).then_some(Term::View(view))
            }
            Term::Sum(_) => None,
        });
        let pick = |values: &[f64]| -> Vec<f64> {
            from.iter().map(|place| values.get(*place as usize).copied().unwrap_or(0.0)).collect()
        };
        let constant = if self.constant.is_empty() { vec![] } else { pick(&self.constant) };
        let samples = Rc::new(self.samples.iter().map(|sample| pick(sample)).collect());
        Self { shape, terms: terms.collect(), constant, samples }
    }

    /// Element by element `self + sign * other`. Shapes: equal.
    pub(crate) fn plus(&self, other: &Self, sign: f64) -> Self {
        let other = other.times(sign);
        let terms = self.terms.iter().chain(&other.terms).cloned().collect();
        let constant = match (self.constant.is_empty(), other.constant.is_empty()) {
            (true, true) => vec![],
            _ => self.constants().iter().zip(other.constants()).map(|(a, b)| a + b).collect(),
        };
        let add = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a + b).collect();
        let samples = Rc::new(self.samples.iter().zip(other.samples.iter()).map(add).collect());
        Self { shape: self.shape.clone(), terms, constant, samples }
    }

    /// Every element times a factor.
    pub(crate) fn times(&self, factor: f64) -> Self {
        if factor == 1.0 {
            return self.clone();
        }
        let scaled = |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value * factor).collect() };
        let terms = self.terms.iter().map(|term| match term {
            Term::View(view) => Term::View(View { factor: view.factor * factor, ..view.clone() }),
            Term::Sum(sum) => Term::Sum(Rc::new(Sum { factor: sum.factor * factor, ..Sum::clone(sum) })),
        });
        Self {
            shape: self.shape.clone(),
            terms: if factor == 0.0 { vec![] } else { terms.collect() },
            constant: scaled(&self.constant),
            samples: Rc::new(self.samples.iter().map(|sample| scaled(sample)).collect()),
        }
    }

    /// Every element plus a constant. Shapes: as many as elements.
    pub(crate) fn offset(&self, constants: &[f64]) -> Self {
        let add = |values: &[f64]| -> Vec<f64> { values.iter().zip(constants).map(|(a, b)| a + b).collect() };
        Self {
            constant: add(&self.constants()),
            samples: Rc::new(self.samples.iter().map(|sample| add(sample)).collect()),
            ..self.clone()
        }
    }

    /// Whether nothing but views is summed.
    pub(crate) fn is_views(&self) -> bool {
        self.terms.iter().all(|term| matches!(term, Term::View(_)))
    }

    /// Whether a product of two tensors is summed.
    pub(crate) fn has_product(&self) -> bool {
        let is_product =
            |term: &Term| matches!(term, Term::Sum(sum) if matches!(sum.factors, Factors::Two(..)));
        self.terms.iter().any(is_product)
    }
}
