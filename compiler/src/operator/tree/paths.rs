//! Ways through trees as sums of comparisons.

use super::ensemble::{Ensemble, Node, Test};

/// All ways through all trees.
pub(super) struct Paths {
    pub(super) trees: Vec<Tree>,
    /// Most comparisons of one tree, at least one.
    pub(super) comparisons: usize,
    /// Most leaves of one tree, at least one.
    pub(super) leaves: usize,
}

/// The comparisons of one tree, each once, and its leaves.
pub(super) struct Tree {
    pub(super) comparisons: Vec<Comparison>,
    pub(super) leaves: Vec<Path>,
}

/// Whether a feature lies above a threshold.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Comparison {
    pub(super) feature: usize,
    threshold: f64,
    /// Whether it holds at the threshold itself.
    inclusive: bool,
}

/// The way to a leaf: `constant` plus the sum of comparisons times factors is the number of tests on it that come out towards the leaf.
pub(super) struct Path {
    /// Number of tests.
    pub(super) tests: usize,
    pub(super) constant: i32,
    /// Comparisons by number.
    pub(super) factors: Vec<(usize, i32)>,
    /// The leaf's weights.
    pub(super) weights: Vec<(usize, f64)>,
}

impl Comparison {
    pub(super) fn holds(&self, number: f64) -> bool {
        if self.inclusive { number >= self.threshold } else { number > self.threshold }
    }
}

/// A test, or its opposite, as a sum of comparisons.
fn terms(test: &Test, holds: bool) -> (i32, Vec<(f64, bool, i32)>) {
    let (constant, terms) = match test {
        Test::Above(threshold) => (0, vec![(*threshold, false, 1)]),
        Test::AtLeast(threshold) => (0, vec![(*threshold, true, 1)]),
        Test::AtMost(threshold) => (1, vec![(*threshold, false, -1)]),
        Test::Below(threshold) => (1, vec![(*threshold, true, -1)]),
        Test::OneOf(values) => (0, equal(values, 1)),
        Test::NoneOf(values) => (1, equal(values, -1)),
    };
    if holds {
        return (constant, terms);
    }
    (
        1 - constant,
        terms.into_iter().map(|(threshold, inclusive, factor)| (threshold, inclusive, -factor)).collect(),
    )
}

/// At least a value and not above it, for every value.
fn equal(values: &[f64], factor: i32) -> Vec<(f64, bool, i32)> {
    values.iter().flat_map(|value| [(*value, true, factor), (*value, false, -factor)]).collect()
}

impl Paths {
    pub(super) fn of(ensemble: &Ensemble) -> Self {
        let trees: Vec<Tree> = ensemble.roots.iter().map(|root| Tree::of(ensemble, *root)).collect();
        let most = |size: &dyn Fn(&Tree) -> usize| trees.iter().map(size).max().unwrap_or(0).max(1);
        let comparisons = most(&|tree| tree.comparisons.len());
        let leaves = most(&|tree| tree.leaves.len());
        Self { trees, comparisons, leaves }
    }
}

impl Tree {
    fn of(ensemble: &Ensemble, root: usize) -> Self {
        let mut tree = Self { comparisons: Vec::new(), leaves: Vec::new() };
        let mut open = vec![(root, 0usize, 0i32, Vec::<(usize, i32)>::new())];
        while let Some((place, tests, constant, factors)) = open.pop() {
            match ensemble.nodes.get(place) {
                Some(Node::Branch(branch)) => {
                    for (holds, next) in [(false, branch.no), (true, branch.yes)] {
                        let (own, terms) = terms(&branch.test, holds);
                        let mut factors = factors.clone();
                        for (threshold, inclusive, factor) in terms {
                            let comparison = Comparison { feature: branch.feature, threshold, inclusive };
                            factors.push((tree.number(comparison), factor));
                        }
                        open.push((next, tests + 1, constant + own, factors));
                    }
                }
                Some(Node::Leaf(weights)) => {
                    tree.leaves.push(Path { tests, constant, factors, weights: weights.clone() });
                }
                None => {}
            }
        }
        tree
    }

    fn number(&mut self, comparison: Comparison) -> usize {
        let known = self.comparisons.iter().position(|own| *own == comparison);
        known.unwrap_or_else(|| {
            self.comparisons.push(comparison);
            self.comparisons.len() - 1
        })
    }
}
