//! A rank-1 constraint system under construction, and its wires.
//!
//! A wire is a linear combination of variables: sums and constant factors cost nothing, a product of two wires is one new
//! variable and one constraint. With `shape` off only values are computed, so that sealing pays no synthesis.

use ark_ff::{AdditiveGroup, Field, One};
use candor_program::Fr;
use candor_program::arith::Arith;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Index of a variable: 0 is the constant one, then public inputs, then witnesses.
pub type Index = u32;
/// A sparse row: coefficients by variable, ascending.
pub type Row = Vec<(Index, Fr)>;

/// One constraint `a * b = c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// Left factor.
    pub a: Row,
    /// Right factor.
    pub b: Row,
    /// Product.
    pub c: Row,
    /// The part of the circuit that owns it.
    pub owner: &'static str,
}

/// All constraints of a shape.
#[derive(Clone, Debug, Default)]
pub struct Matrices {
    /// Public inputs, without the constant one.
    pub inputs: usize,
    /// Witness variables.
    pub witnesses: usize,
    /// Constraints in order.
    pub constraints: Vec<Constraint>,
}

/// Values of all variables, the constant one first.
pub type Assignment = Vec<Fr>;

#[derive(Default)]
struct State {
    shape: bool,
    inputs: usize,
    values: Vec<Fr>,
    constraints: Vec<Constraint>,
    owner: &'static str,
    unsatisfied: Option<&'static str>,
    forgery: Option<Forgery>,
}

/// What a forging prover does, and what comes of it. Honest provers have none.
#[derive(Default)]
struct Forgery {
    forced: BTreeMap<Index, Fr>,
    enforced: usize,
    violated: Vec<usize>,
    hints: Vec<Index>,
}

/// The system that wires belong to.
#[derive(Clone)]
pub struct System(Rc<RefCell<State>>);

/// A linear combination of variables, or a constant.
#[derive(Clone)]
pub struct Wire {
    value: Fr,
    linear: Option<Linear>,
}

#[derive(Clone)]
struct Linear {
    system: System,
    /// Absent where the system does not record its shape.
    terms: Option<Rc<Row>>,
}

impl System {
    /// A system with so many public inputs, whose values come first; `shape` records constraints.
    #[must_use]
    pub fn new(shape: bool, inputs: usize) -> Self {
        let mut values = vec![Fr::one()];
        values.resize(1 + inputs, Fr::ZERO);
        let state = State { shape, inputs, values, owner: "", ..State::default() };
        Self(Rc::new(RefCell::new(state)))
    }

    /// A system of a forging prover: the variables named have these values whatever the circuit would put there, and all that
    /// follows from them is computed honestly. Records every violated constraint, and which variables are hints.
    #[doc(hidden)]
    #[must_use]
    pub fn forging(shape: bool, inputs: usize, forced: BTreeMap<Index, Fr>) -> Self {
        let system = Self::new(shape, inputs);
        system.0.borrow_mut().forgery = Some(Forgery { forced, ..Forgery::default() });
        system
    }

    /// The violated constraints of a forging prover, by their number.
    #[doc(hidden)]
    #[must_use]
    pub fn violated(&self) -> Vec<usize> {
        self.0.borrow().forgery.as_ref().map_or_else(Vec::new, |forgery| forgery.violated.clone())
    }

    /// Variables whose value the constraints must determine, of a forging prover.
    #[doc(hidden)]
    #[must_use]
    pub fn hints(&self) -> Vec<Index> {
        self.0.borrow().forgery.as_ref().map_or_else(Vec::new, |forgery| forgery.hints.clone())
    }

    fn variable(&self, index: usize, value: Fr) -> Wire {
        let terms = self.0.borrow().shape.then(|| Rc::new(vec![(index as Index, Fr::one())]));
        Wire { value, linear: Some(Linear { system: self.clone(), terms }) }
    }

    /// The public input of this number, with its value.
    #[must_use]
    pub fn input(&self, number: usize, value: Fr) -> Wire {
        if let Some(slot) = self.0.borrow_mut().values.get_mut(1 + number) {
            *slot = value;
        }
        self.variable(1 + number, value)
    }

    /// A new witness variable that the prover is free to choose within its constraints. Owes: every constraint on it.
    #[must_use]
    pub fn witness(&self, value: Fr) -> Wire {
        let (index, value) = {
            let mut state = self.0.borrow_mut();
            let index = state.values.len();
            let forced = state.forgery.as_ref().and_then(|forgery| forgery.forced.get(&(index as Index)));
            let value = forced.copied().unwrap_or(value);
            state.values.push(value);
            (index, value)
        };
        self.variable(index, value)
    }

    /// A new witness variable that follows from earlier ones. Owes: constraints that leave it one value.
    #[must_use]
    pub fn hint(&self, value: Fr) -> Wire {
        {
            let state = &mut *self.0.borrow_mut();
            let index = state.values.len() as Index;
            if let Some(forgery) = &mut state.forgery {
                forgery.hints.push(index);
            }
        }
        self.witness(value)
    }

    /// Names the owner of the constraints that follow.
    pub fn enter(&self, owner: &'static str) {
        self.0.borrow_mut().owner = owner;
    }

    /// Requires `a * b = c`.
    pub fn enforce(&self, a: &Wire, b: &Wire, c: &Wire) {
        let state = &mut *self.0.borrow_mut();
        if (state.unsatisfied.is_none() || state.forgery.is_some()) && a.value * b.value != c.value {
            state.unsatisfied = state.unsatisfied.or(Some(state.owner));
            if let Some(forgery) = &mut state.forgery {
                forgery.violated.push(forgery.enforced);
            }
        }
        if let Some(forgery) = &mut state.forgery {
            forgery.enforced += 1;
        }
        if state.shape {
            let owner = state.owner;
            state.constraints.push(Constraint { a: a.row(), b: b.row(), c: c.row(), owner });
        }
    }

    /// Requires two wires to be equal.
    pub fn equal(&self, left: &Wire, right: &Wire) {
        let one = Wire::constant(Fr::one());
        let difference = left.minus(right);
        if difference.linear.is_none() && difference.value == Fr::ZERO {
            return;
        }
        self.enforce(&difference, &one, &Wire::constant(Fr::ZERO));
    }

    /// The owner of the first constraint that the values do not satisfy.
    #[must_use]
    pub fn unsatisfied(&self) -> Option<&'static str> {
        self.0.borrow().unsatisfied
    }

    /// Values of all variables.
    #[must_use]
    pub fn assignment(&self) -> Assignment {
        self.0.borrow().values.clone()
    }

    /// The recorded shape.
    #[must_use]
    pub fn matrices(&self) -> Matrices {
        let state = self.0.borrow();
        let witnesses = state.values.len() - 1 - state.inputs;
        Matrices { inputs: state.inputs, witnesses, constraints: state.constraints.clone() }
    }

    /// The recorded shape, which the system then no longer has.
    #[must_use]
    pub fn take_matrices(&self) -> Matrices {
        let state = &mut *self.0.borrow_mut();
        let witnesses = state.values.len() - 1 - state.inputs;
        Matrices { inputs: state.inputs, witnesses, constraints: std::mem::take(&mut state.constraints) }
    }
}

impl Matrices {
    /// The first constraint that an assignment does not satisfy.
    #[must_use]
    pub fn first_unsatisfied(&self, assignment: &[Fr]) -> Option<usize> {
        let evaluate = |row: &Row| -> Fr {
            row.iter()
                .map(|(index, factor)| assignment.get(*index as usize).copied().unwrap_or_default() * factor)
                .sum()
        };
        self.constraints.iter().position(|c| evaluate(&c.a) * evaluate(&c.b) != evaluate(&c.c))
    }

    /// Number of constraints of each owner, in order of appearance.
    #[must_use]
    pub fn by_owner(&self) -> Vec<(&'static str, usize)> {
        let mut counts: Vec<(&'static str, usize)> = Vec::new();
        for constraint in &self.constraints {
            match counts.iter_mut().find(|(owner, _)| *owner == constraint.owner) {
                Some((_, count)) => *count += 1,
                None => counts.push((constraint.owner, 1)),
            }
        }
        counts
    }
}

impl Wire {
    /// The wire's value.
    #[must_use]
    pub fn value(&self) -> Fr {
        self.value
    }

    /// The wire's linear combination.
    fn row(&self) -> Row {
        match &self.linear {
            Some(linear) => linear.terms.as_deref().cloned().unwrap_or_default(),
            None if self.value == Fr::ZERO => Vec::new(),
            None => vec![(0, self.value)],
        }
    }

    fn combine(&self, other: &Self, factor: Fr) -> Self {
        let value = self.value + factor * other.value;
        let Some(linear) = self.linear.as_ref().or(other.linear.as_ref()) else {
            return Self { value, linear: None };
        };
        let system = linear.system.clone();
        if linear.terms.is_none() {
            return Self { value, linear: Some(Linear { system, terms: None }) };
        }
        let (left, right) = (self.row(), other.row());
        let mut terms = Vec::with_capacity(left.len() + right.len());
        let (mut i, mut j) = (0, 0);
        while i < left.len() || j < right.len() {
            let (l, r) = (left.get(i), right.get(j));
            match (l, r) {
                (Some(l), Some(r)) if l.0 == r.0 => {
                    let sum = l.1 + factor * r.1;
                    if sum != Fr::ZERO {
                        terms.push((l.0, sum));
                    }
                    (i, j) = (i + 1, j + 1);
                }
                (Some(l), r) if r.is_none_or(|r| l.0 < r.0) => {
                    terms.push(*l);
                    i += 1;
                }
                (_, Some(r)) => {
                    if factor != Fr::ZERO {
                        terms.push((r.0, factor * r.1));
                    }
                    j += 1;
                }
                (_, None) => break,
            }
        }
        Self { value, linear: Some(Linear { system, terms: Some(Rc::new(terms)) }) }
    }
}

impl Arith for Wire {
    fn constant(value: Fr) -> Self {
        Self { value, linear: None }
    }
    fn plus(&self, other: &Self) -> Self {
        self.combine(other, Fr::one())
    }
    fn minus(&self, other: &Self) -> Self {
        self.combine(other, -Fr::one())
    }
    fn scale(&self, constant: Fr) -> Self {
        if constant == Fr::ZERO {
            // a constant again, so that a choice between zeros costs nothing
            return Self::constant(Fr::ZERO);
        }
        Self::constant(Fr::ZERO).combine(self, constant)
    }
    fn times(&self, other: &Self) -> Self {
        match (&self.linear, &other.linear) {
            (None, _) => other.scale(self.value),
            (_, None) => self.scale(other.value),
            (Some(linear), Some(_)) => {
                let product = linear.system.hint(self.value * other.value);
                linear.system.enforce(self, other, &product);
                product
            }
        }
    }
}

/// The inverse of a value, zero for zero: what a prover puts on a wire.
#[must_use]
pub fn inverse_or_zero(value: Fr) -> Fr {
    value.inverse().unwrap_or_default()
}
