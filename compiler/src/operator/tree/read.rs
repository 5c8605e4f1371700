//! From attributes to trees: every list as long as the others, every node reached once.

use super::ensemble::{Aggregate, Branch, Ensemble, Node, Test};
use crate::onnx::Cause;
use crate::operator::Call;
use crate::operator::scores::{self, Labels, Transform};
use crate::tensor::Data;
use std::collections::BTreeSet;

impl Ensemble {
    /// The trees of a node.
    ///
    /// Errors: attributes that are missing or of another type, lists of different lengths, indices beyond what they point into, nodes
    /// that are reached twice.
    pub(super) fn read(call: &Call<'_>) -> Result<Self, Cause> {
        match call.operator() {
            "TreeEnsemble" => one_list(call),
            "TreeEnsembleClassifier" => {
                by_number(call, "class", Labels::read(call, "classlabels_int64s")?.count())
            }
            _ => by_number(call, "target", targets(call)?),
        }
    }
}

/// The attribute `n_targets`.
fn targets(call: &Call<'_>) -> Result<usize, Cause> {
    let got = call.attributes().integer("n_targets", 1)?;
    let outputs = usize::try_from(got).ok().filter(|outputs| *outputs > 0);
    let outputs = outputs.ok_or_else(|| call.unsupported("n_targets", got, "at least one target"))?;
    call.elements(&[outputs])
}

/// An index of a list of `size`.
fn index(attribute: &str, got: i64, size: usize) -> Result<usize, Cause> {
    let refused = || Cause::Index { tensor: attribute.to_owned(), got, size };
    usize::try_from(got).ok().filter(|index| *index < size).ok_or_else(refused)
}

/// What a reference to a node leads to.
enum Found<R> {
    Leaf(Vec<(usize, f64)>),
    /// The branch of this number; its `yes` and `no` are not known yet.
    Branch {
        number: usize,
        branch: Branch,
        yes: R,
        no: R,
    },
}

struct Walked {
    nodes: Vec<Node>,
    roots: Vec<usize>,
    depth: usize,
}

/// All nodes that the roots lead to; `count` is the number of branches that there can be.
///
/// Errors: those of `look`; a branch that is reached twice, as in a cycle.
fn walk<R: Copy>(
    roots: &[R],
    count: usize,
    look: impl Fn(R) -> Result<Found<R>, Cause>,
) -> Result<Walked, Cause> {
    let mut walked = Walked { nodes: Vec::new(), roots: Vec::with_capacity(roots.len()), depth: 0 };
    let mut seen = vec![false; count];
    for root in roots {
        walked.roots.push(walked.nodes.len());
        walked.nodes.push(Node::Leaf(Vec::new()));
        let mut open = vec![(*root, walked.nodes.len() - 1, 0)];
        while let Some((reference, place, depth)) = open.pop() {
            walked.depth = walked.depth.max(depth);
            walked.nodes[place] = match look(reference)? {
                Found::Leaf(weights) => Node::Leaf(weights),
                Found::Branch { number, branch, yes, no } => {
                    if std::mem::replace(&mut seen[number], true) {
                        let got = format!("a way to branch {number} beside another");
                        return Err(Cause::Value {
                            tensor: "nodes_truenodeids or nodes_falsenodeids".into(),
                            got,
                        });
                    }
                    let first = walked.nodes.len();
                    walked.nodes.extend([Node::Leaf(Vec::new()), Node::Leaf(Vec::new())]);
                    open.push((no, first + 1, depth + 1));
                    open.push((yes, first, depth + 1));
                    Node::Branch(Branch { yes: first, no: first + 1, ..branch })
                }
            };
        }
    }
    Ok(walked)
}

fn ensemble(
    call: &Call<'_>,
    walked: Walked,
    outputs: usize,
    (aggregate, transform): (Aggregate, Transform),
) -> Result<Ensemble, Cause> {
    let base =
        if call.operator() == "TreeEnsemble" { Vec::new() } else { scores::floats(call, "base_values")? };
    let is_known = match call.operator() {
        "TreeEnsembleClassifier" if outputs <= 2 => base.len() <= 2,
        _ => base.is_empty() || base.len() == outputs,
    };
    if !is_known {
        return Err(scores::wrong_length(call, "base_values", base.len(), outputs));
    }
    let Walked { nodes, roots, depth } = walked;
    Ok(Ensemble { nodes, roots, outputs, aggregate, transform, base, depth })
}

/// Nodes with the numbers of their tree and their own; weights that name both. Weights of branches count for nothing.
fn by_number(call: &Call<'_>, kind: &str, outputs: usize) -> Result<Ensemble, Cause> {
    let attributes = call.attributes();
    let list = |attribute: &str| scores::integers(call, attribute);
    let (trees, numbers) = (list("nodes_treeids")?, list("nodes_nodeids")?);
    let modes = attributes.optional_texts("nodes_modes")?;
    let modes = modes.ok_or_else(|| Cause::AttributeMissing { attribute: "nodes_modes".into() })?;
    let (features, yes, no) =
        (list("nodes_featureids")?, list("nodes_truenodeids")?, list("nodes_falsenodeids")?);
    let values = scores::floats(call, "nodes_values")?;
    let missing = attributes.optional_integers("nodes_missing_value_tracks_true")?.unwrap_or(&[]);
    let count = numbers.len();
    for (attribute, got) in [
        ("nodes_treeids", trees.len()),
        ("nodes_modes", modes.len()),
        ("nodes_featureids", features.len()),
        ("nodes_truenodeids", yes.len()),
        ("nodes_falsenodeids", no.len()),
        ("nodes_values", values.len()),
        ("nodes_missing_value_tracks_true", if missing.is_empty() { count } else { missing.len() }),
    ] {
        if got != count {
            return Err(scores::wrong_length(call, attribute, got, count));
        }
    }
    let mut places: Vec<(i64, i64, usize)> = trees
        .iter()
        .zip(numbers)
        .enumerate()
        .map(|(place, (tree, number))| (*tree, *number, place))
        .collect();
    places.sort_unstable();
    if let Some(pair) = places.windows(2).find(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1)) {
        let got = format!("{} twice in tree {}", pair[0].1, pair[0].0);
        return Err(Cause::Value { tensor: "nodes_nodeids".into(), got });
    }
    let place = |attribute: &str, tree: i64, number: i64| {
        let found = places.binary_search_by(|(own, node, _)| (*own, *node).cmp(&(tree, number)));
        let refused = || {
            let got = format!("{number}, a node that tree {tree} does not have");
            Cause::Value { tensor: attribute.to_owned(), got }
        };
        found.ok().and_then(|found| places.get(found)).map(|(_, _, place)| *place).ok_or_else(refused)
    };
    let weights = weights(call, kind, outputs, count, &place)?;
    let look = |at: usize| {
        let mode = modes[at].as_str();
        if mode == "LEAF" {
            return Ok(Found::Leaf(weights[at].clone()));
        }
        let feature = features[at];
        let feature = usize::try_from(feature).map_err(|_| Cause::Index {
            tensor: "nodes_featureids".into(),
            got: feature,
            size: usize::MAX,
        })?;
        let branch = Branch {
            feature,
            test: test(call, mode, values[at])?,
            yes: 0,
            no: 0,
            missing: missing.get(at).is_some_and(|tracks| *tracks != 0),
        };
        let yes = place("nodes_truenodeids", trees[at], yes[at])?;
        let no = place("nodes_falsenodeids", trees[at], no[at])?;
        Ok(Found::Branch { number: at, branch, yes, no })
    };
    // A tree begins with the first of its nodes in the lists.
    let mut begun = BTreeSet::new();
    let roots: Vec<usize> = (0..count).filter(|at| begun.insert(trees[*at])).collect();
    let aggregate = match attributes.text("aggregate_function", "SUM")? {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        got => return Err(call.unsupported("aggregate_function", got, "SUM, AVERAGE, MIN or MAX")),
    };
    ensemble(call, walk(&roots, count, look)?, outputs, (aggregate, Transform::read(call)?))
}

fn test(call: &Call<'_>, mode: &str, value: f64) -> Result<Test, Cause> {
    Ok(match mode {
        "BRANCH_LEQ" => Test::AtMost(value),
        "BRANCH_LT" => Test::Below(value),
        "BRANCH_GTE" => Test::AtLeast(value),
        "BRANCH_GT" => Test::Above(value),
        "BRANCH_EQ" => Test::OneOf(vec![value]),
        "BRANCH_NEQ" => Test::NoneOf(vec![value]),
        got => {
            return Err(call.unsupported(
                "nodes_modes",
                got,
                "BRANCH_LEQ, BRANCH_LT, BRANCH_GTE, BRANCH_GT, BRANCH_EQ, BRANCH_NEQ or LEAF",
            ));
        }
    })
}

/// The weights of every node in the lists.
fn weights(
    call: &Call<'_>,
    kind: &str,
    outputs: usize,
    count: usize,
    place: &dyn Fn(&str, i64, i64) -> Result<usize, Cause>,
) -> Result<Vec<Vec<(usize, f64)>>, Cause> {
    let name = |list: &str| format!("{kind}_{list}");
    let trees = scores::integers(call, &name("treeids"))?;
    let numbers = scores::integers(call, &name("nodeids"))?;
    let ids = scores::integers(call, &name("ids"))?;
    let values = scores::floats(call, &name("weights"))?;
    for (list, got) in [("treeids", trees.len()), ("ids", ids.len()), ("weights", values.len())] {
        if got != numbers.len() {
            return Err(scores::wrong_length(call, &name(list), got, numbers.len()));
        }
    }
    let mut weights = vec![Vec::new(); count];
    for (((tree, number), id), value) in trees.iter().zip(numbers).zip(ids).zip(values) {
        let id = index(&name("ids"), *id, outputs)?;
        weights[place(&name("nodeids"), *tree, *number)?].push((id, value));
    }
    Ok(weights)
}

/// Branches in one list, leaves in another; every tree begins with a branch.
fn one_list(call: &Call<'_>) -> Result<Ensemble, Cause> {
    let attributes = call.attributes();
    let outputs = targets(call)?;
    let list = |attribute: &str| scores::integers(call, attribute);
    let features = list("nodes_featureids")?;
    let (yes, no) = (list("nodes_truenodeids")?, list("nodes_falsenodeids")?);
    let (yes_leaf, no_leaf) = (list("nodes_trueleafs")?, list("nodes_falseleafs")?);
    let floats = |attribute: &str| {
        let missing = || Cause::AttributeMissing { attribute: attribute.to_owned() };
        scores::tensor_floats(call, attribute)?.ok_or_else(missing)
    };
    let splits = floats("nodes_splits")?;
    let modes = attributes.optional_tensor("nodes_modes")?;
    let modes = modes.ok_or_else(|| Cause::AttributeMissing { attribute: "nodes_modes".into() })?;
    let Data::Integer(modes) = modes.data() else {
        return Err(Cause::AttributeType { attribute: "nodes_modes".into(), expected: "TENSOR of UINT8" });
    };
    let missing = attributes.optional_integers("nodes_missing_value_tracks_true")?.unwrap_or(&[]);
    let count = features.len();
    for (attribute, got) in [
        ("nodes_truenodeids", yes.len()),
        ("nodes_falsenodeids", no.len()),
        ("nodes_trueleafs", yes_leaf.len()),
        ("nodes_falseleafs", no_leaf.len()),
        ("nodes_splits", splits.len()),
        ("nodes_modes", modes.len()),
        ("nodes_missing_value_tracks_true", if missing.is_empty() { count } else { missing.len() }),
    ] {
        if got != count {
            return Err(scores::wrong_length(call, attribute, got, count));
        }
    }
    let (leaf_targets, leaf_weights) = (list("leaf_targetids")?, floats("leaf_weights")?);
    scores::no_nan("leaf_weights", &leaf_weights)?;
    if leaf_targets.len() != leaf_weights.len() {
        return Err(scores::wrong_length(call, "leaf_weights", leaf_weights.len(), leaf_targets.len()));
    }
    let tests = tests(call, modes, &splits)?;
    let reference = |attribute: &str, leaf: i64, got: i64| {
        let size = if leaf == 0 { count } else { leaf_targets.len() };
        Ok((leaf != 0, index(attribute, got, size)?))
    };
    let look = |(is_leaf, at): (bool, usize)| {
        if is_leaf {
            let output = index("leaf_targetids", leaf_targets[at], outputs)?;
            return Ok(Found::Leaf(vec![(output, leaf_weights[at])]));
        }
        let branch = Branch {
            feature: index("nodes_featureids", features[at], usize::MAX)?,
            test: tests[at].clone(),
            yes: 0,
            no: 0,
            missing: missing.get(at).is_some_and(|tracks| *tracks != 0),
        };
        let yes = reference("nodes_truenodeids", yes_leaf[at], yes[at])?;
        let no = reference("nodes_falsenodeids", no_leaf[at], no[at])?;
        Ok(Found::Branch { number: at, branch, yes, no })
    };
    let roots = list("tree_roots")?.iter().map(|root| Ok((false, index("tree_roots", *root, count)?)));
    let roots = roots.collect::<Result<Vec<(bool, usize)>, Cause>>()?;
    let walked = walk(&roots, count, look)?;
    let aggregate = match attributes.integer("aggregate_function", 1)? {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Min,
        3 => Aggregate::Max,
        got => return Err(call.unsupported("aggregate_function", got, "0 to 3")),
    };
    let transform = match attributes.integer("post_transform", 0)? {
        0 => Transform::None,
        1 => Transform::Softmax,
        2 => Transform::Logistic,
        3 => Transform::SoftmaxZero,
        4 => Transform::Probit,
        got => return Err(call.unsupported("post_transform", got, "0 to 4")),
    };
    ensemble(call, walked, outputs, (aggregate, transform))
}

/// The tests of branches in order; sets stand one after the other, each with NaN after it.
fn tests(call: &Call<'_>, modes: &[i64], splits: &[f64]) -> Result<Vec<Test>, Cause> {
    let members = scores::tensor_floats(call, "membership_values")?.unwrap_or_default();
    let mut sets = members.split(|value| value.is_nan());
    let test = |(mode, split): (&i64, &f64)| {
        let names = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];
        match usize::try_from(*mode).ok().and_then(|mode| names.get(mode)) {
            Some(mode) if !split.is_nan() => self::test(call, mode, *split),
            Some(_) => Err(Cause::NotFinite { tensor: "nodes_splits".into(), index: 0, got: f64::NAN }),
            None if *mode == 6 => {
                let set = sets.next().filter(|set| !set.is_empty());
                let missing =
                    || Cause::Value { tensor: "membership_values".into(), got: "a set too few".into() };
                let mut values = set.ok_or_else(missing)?.to_vec();
                values.sort_by(f64::total_cmp);
                values.dedup();
                Ok(Test::OneOf(values))
            }
            None => Err(call.unsupported("nodes_modes", mode, "0 to 6")),
        }
    };
    modes.iter().zip(splits).map(test).collect()
}
