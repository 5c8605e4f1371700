//! Decision trees as they are walked.

use crate::onnx::Cause;
use crate::operator::scores::{Transform, compared};
use crate::tensor::ElementType;

/// Decision trees, and what becomes of the weights of their leaves.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Ensemble {
    /// Nodes of all trees.
    pub(super) nodes: Vec<Node>,
    /// Where every tree begins.
    pub(super) roots: Vec<usize>,
    /// Number of targets or classes.
    pub(super) outputs: usize,
    /// How the trees' weights go together.
    pub(super) aggregate: Aggregate,
    /// What becomes of the sums.
    pub(super) transform: Transform,
    /// What is added to the sums: one number for all, for each one, or none.
    pub(super) base: Vec<f64>,
    /// Longest path from a root to a leaf.
    pub(super) depth: usize,
}

/// A node; every one but the roots is reached from one other.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Node {
    /// The end of a path: weights of some outputs.
    Leaf(Vec<(usize, f64)>),
    /// A test of a feature.
    Branch(Branch),
}

/// A test of a feature.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Branch {
    /// The feature.
    pub(super) feature: usize,
    /// The test.
    pub(super) test: Test,
    /// Node where it holds.
    pub(super) yes: usize,
    /// Node where it does not.
    pub(super) no: usize,
    /// Whether it holds for NaN too.
    pub(super) missing: bool,
}

/// A test of one number.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Test {
    /// At most.
    AtMost(f64),
    /// Below.
    Below(f64),
    /// At least.
    AtLeast(f64),
    /// Above.
    Above(f64),
    /// Equal to one of these, each once.
    OneOf(Vec<f64>),
    /// Equal to none of these, each once.
    NoneOf(Vec<f64>),
}

/// How weights of several trees go together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Aggregate {
    /// Their sum.
    Sum,
    /// Their sum over the number of trees.
    Average,
    /// The least.
    Min,
    /// The largest.
    Max,
}

impl Test {
    /// Whether it holds for a number.
    pub(super) fn holds(&self, number: f64) -> bool {
        match self {
            Self::AtMost(threshold) => number <= *threshold,
            Self::Below(threshold) => number < *threshold,
            Self::AtLeast(threshold) => number >= *threshold,
            Self::Above(threshold) => number > *threshold,
            Self::OneOf(values) => values.contains(&number),
            Self::NoneOf(values) => !values.contains(&number),
        }
    }
}

impl Branch {
    /// Whether the test holds.
    fn holds(&self, row: &[f64], element_type: ElementType) -> bool {
        let number = compared(row.get(self.feature).copied().unwrap_or(f64::NAN), element_type);
        // NaN is equal to nothing, so that `NoneOf` holds for it.
        self.test.holds(number) || number.is_nan() && self.missing
    }
}

impl Ensemble {
    /// The weights of the leaf that a row comes to in a tree.
    pub(super) fn leaf(&self, root: usize, row: &[f64], element_type: ElementType) -> &[(usize, f64)] {
        let mut place = root;
        loop {
            match self.nodes.get(place) {
                Some(Node::Branch(branch)) => {
                    place = if branch.holds(row, element_type) { branch.yes } else { branch.no };
                }
                Some(Node::Leaf(weights)) => return weights,
                None => return &[],
            }
        }
    }

    /// Steps that one row takes, at most.
    pub(super) fn steps(&self) -> u64 {
        self.roots.len() as u64 * (self.depth as u64 + 1)
    }

    /// Every feature that is tested is one of so many.
    ///
    /// Errors: [`Cause::Index`].
    pub(super) fn check_features(&self, width: usize) -> Result<(), Cause> {
        let feature = |node: &Node| match node {
            Node::Branch(branch) if branch.feature >= width => Some(branch.feature),
            _ => None,
        };
        match self.nodes.iter().find_map(feature) {
            None => Ok(()),
            Some(got) => {
                Err(Cause::Index { tensor: "nodes_featureids".into(), got: got as i64, size: width })
            }
        }
    }
}
