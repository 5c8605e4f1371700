//! Conditions as formulas over comparisons, and their alternatives (disjunctive normal form).

use super::CLAUSES;
use super::clause::{self, Bases, Clause};
use super::linear::opposite;
use candor_program::policy::{Comparison, Fact};
use std::collections::BTreeSet;
use std::rc::Rc;

/// A node of a formula, by number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Id(usize);

/// A part of a condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Node {
    /// Known already.
    Constant(bool),
    /// `left comparison constant`, or `left comparison right + constant`.
    Compare { left: Fact, comparison: Comparison, right: Option<Fact>, constant: i128 },
    /// The fact is one of some values.
    Member { fact: Fact, values: BTreeSet<i128> },
    /// Both.
    And(Id, Id),
    /// One at least.
    Or(Id, Id),
    /// The opposite.
    Not(Id),
}

/// Formulas that share their parts. A part stands after the parts that it is made of.
#[derive(Debug, Default)]
pub(super) struct Formulas(Vec<Node>);

/// More alternatives than are tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TooMany {
    /// Alternatives, none of them found to be superfluous.
    pub(super) needed: u64,
}

impl Formulas {
    pub(super) fn add(&mut self, node: Node) -> Id {
        self.0.push(node);
        Id(self.0.len() - 1)
    }

    pub(super) fn constant(&mut self, value: bool) -> Id {
        self.add(Node::Constant(value))
    }

    pub(super) fn and(&mut self, left: Id, right: Id) -> Id {
        self.add(Node::And(left, right))
    }

    pub(super) fn or(&mut self, left: Id, right: Id) -> Id {
        self.add(Node::Or(left, right))
    }

    /// The opposite; of a comparison, another comparison.
    pub(super) fn not(&mut self, part: Id) -> Id {
        let node = match self.0.get(part.0) {
            Some(&Node::Compare { left, comparison, right, constant }) => {
                Node::Compare { left, comparison: opposite(comparison), right, constant }
            }
            _ => Node::Not(part),
        };
        self.add(node)
    }

    /// `then` where the test holds, `otherwise` where not.
    pub(super) fn either(&mut self, test: Id, then: Id, otherwise: Id) -> Id {
        let not = self.not(test);
        let (then, otherwise) = (self.and(test, then), self.and(not, otherwise));
        self.or(then, otherwise)
    }

    /// Both or none.
    pub(super) fn same(&mut self, left: Id, right: Id) -> Id {
        let not = self.not(right);
        self.either(left, right, not)
    }

    /// The comparisons of the file, as they take part in alternatives, in its order: how people wrote them.
    pub(super) fn written(&self) -> impl Iterator<Item = (Fact, Comparison, Option<Fact>, i128)> {
        self.0.iter().filter_map(|node| match *node {
            Node::Compare { left, comparison, right, constant } => Some((left, comparison, right, constant)),
            _ => None,
        })
    }

    /// Alternatives under which the formula holds. With every fact present, Cedar's short-circuits are plain `and` and `or`,
    /// because a valid policy never fails.
    pub(super) fn alternatives(&self, root: Id, bases: &impl Bases) -> Result<Vec<Clause>, TooMany> {
        let mut walk = Walk { nodes: &self.0, known: vec![[None, None]; root.0 + 1], bases };
        walk.alternatives(root, true)
            .map(|clauses| clauses.to_vec())
            .map_err(|()| TooMany { needed: self.count(root).max(CLAUSES as u64 + 1) })
    }

    /// How many alternatives there are if none is superfluous.
    fn count(&self, root: Id) -> u64 {
        let mut counts: Vec<[u64; 2]> = Vec::with_capacity(root.0 + 1);
        for node in self.0.iter().take(root.0 + 1) {
            let of = |id: &Id, holds: bool| counts.get(id.0).map_or(0, |count| count[usize::from(holds)]);
            let both = |left: &Id, right: &Id, holds| of(left, holds).saturating_mul(of(right, holds));
            let one = |left: &Id, right: &Id, holds| of(left, holds).saturating_add(of(right, holds));
            let count = match node {
                Node::Constant(value) => [u64::from(!value), u64::from(*value)],
                Node::Compare { .. } => [1, 1],
                Node::Member { values, .. } => [1, values.len() as u64],
                Node::And(left, right) => [one(left, right, false), both(left, right, true)],
                Node::Or(left, right) => [both(left, right, false), one(left, right, true)],
                Node::Not(part) => [of(part, true), of(part, false)],
            };
            counts.push(count);
        }
        counts.last().map_or(0, |count| count[1])
    }
}

/// Alternatives of a part, once known.
type Known = Option<Rc<[Clause]>>;

/// Alternatives of every part that is needed, each made once for each sign.
struct Walk<'f, B> {
    nodes: &'f [Node],
    known: Vec<[Known; 2]>,
    bases: &'f B,
}

impl<B: Bases> Walk<'_, B> {
    fn alternatives(&mut self, id: Id, holds: bool) -> Result<Rc<[Clause]>, ()> {
        let sign = usize::from(holds);
        if let Some(known) = self.known.get(id.0).and_then(|known| known[sign].clone()) {
            return Ok(known);
        }
        let clauses = match self.nodes.get(id.0) {
            None => Vec::new(),
            Some(Node::Constant(value)) => {
                if *value == holds {
                    vec![Clause::default()]
                } else {
                    Vec::new()
                }
            }
            Some(Node::Compare { left, comparison, right, constant }) => {
                clause::comparison(*left, clause::signed(*comparison, holds), *right, *constant, self.bases)
            }
            Some(Node::Member { fact, values }) => clause::membership(*fact, values, holds, self.bases),
            Some(Node::Not(part)) => self.alternatives(*part, !holds)?.to_vec(),
            Some(Node::And(left, right)) if holds => self.product(*left, *right, holds)?,
            Some(Node::Or(left, right)) if !holds => self.product(*left, *right, holds)?,
            Some(Node::And(left, right) | Node::Or(left, right)) => {
                let mut clauses = self.alternatives(*left, holds)?.to_vec();
                clauses.extend_from_slice(&self.alternatives(*right, holds)?);
                clauses
            }
        };
        let clauses: Rc<[Clause]> = clause::simplified(clauses, self.bases).into();
        if clauses.len() > CLAUSES {
            return Err(());
        }
        if let Some(known) = self.known.get_mut(id.0) {
            known[sign] = Some(clauses.clone());
        }
        Ok(clauses)
    }

    fn product(&mut self, left: Id, right: Id, holds: bool) -> Result<Vec<Clause>, ()> {
        let left = self.alternatives(left, holds)?;
        if left.is_empty() {
            return Ok(Vec::new());
        }
        let right = self.alternatives(right, holds)?;
        // Before simplification, with a margin.
        if left.len() * right.len() > 4 * CLAUSES {
            return Err(());
        }
        Ok(left.iter().flat_map(|left| right.iter().filter_map(|right| left.and(right))).collect())
    }
}
