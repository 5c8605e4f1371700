//! Trees as operators of the integer program, exactly: which leaf is reached is decided on integers as the float model decides it.
//!
//! Every test is a sum of comparisons "the integer of this feature lies above a cut", and every cut is found by search over the numbers
//! that the feature can have, rounded as the float model rounds them. Four operators follow one another:
//!
//! 1. for every comparison, 255 times the distance above its cut, clamped to 0 and 65,535;
//! 2. 257 times that: 0 or 65,535, which counts as 1 (where no feature has more than 257 numbers, 65,535 times the distance is that already);
//! 3. for every leaf, the number of tests on its way that come out towards it minus all but one: below zero becomes 0, so that it is 0 or 1;
//! 4. the weights of the leaves, summed: this one is rounded like any other operator.
//!
//! Which feature is compared, the cuts, the paths and the weights are data: an ensemble of as many trees, comparisons and leaves has the
//! same class.

use super::classes::Binary;
use super::ensemble::{Aggregate, Ensemble, Node};
use super::paths::{Path, Paths, Tree};
use super::score;
use crate::lowering::{Exact, FIRST, Labels, NOTHING, Numbers, Part, Read, SINGLE_SPAN, Site, UNIT, Value};
use crate::onnx::Cause;
use crate::operator::scores::{self, Transform};
use crate::tensor::ElementType;
use candor_program::operator::rescale::SPAN;
use std::rc::Rc;

/// Most weights of paths, every axis padded: trees times leaves times comparisons.
pub(super) const PATHS: u64 = 1 << 25;
/// Most weights that choose features, every axis padded; beyond them the choice is part of the class.
const CHOICES: u64 = 1 << 18;
/// Scores as sums of classes' weights.
struct Columns {
    /// For every score its classes, each with a factor.
    sums: Vec<Vec<(usize, f64)>>,
    constants: Vec<f64>,
    transform: Transform,
}

pub(super) fn lower(site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
    let ensemble = Ensemble::read(&site.call)?;
    let (rows, width) = scores::row_shape(&site.call)?;
    ensemble.check_features(width)?;
    let element_type = site.call.input(0)?.element_type();
    let is_classifier = site.call.operator() == "TreeEnsembleClassifier";
    if is_classifier && site.wanted(0) {
        return Err(Cause::Label);
    }
    let columns = if is_classifier { classes(site, &ensemble)? } else { targets(&ensemble) };
    let input = site.input(0)?;
    let floats: Vec<Vec<Option<f64>>> = input
        .samples
        .iter()
        .flat_map(|sample| sample.chunks(width.max(1)).take(rows))
        .map(|row| score::sums(&ensemble, row, element_type))
        .collect();
    let summed = match ensemble.aggregate {
        Aggregate::Sum | Aggregate::Average => {
            let leaves = leaves(site, &ensemble, &input, (rows, width), element_type)?;
            let factor = match ensemble.aggregate {
                Aggregate::Average => 1.0 / ensemble.roots.len().max(1) as f64,
                _ => 1.0,
            };
            sum(site, &leaves, rows, &columns, factor)?
        }
        Aggregate::Min | Aggregate::Max => {
            let leaves = leaves(site, &ensemble, &input, (rows, width), element_type)?;
            extreme(site, &ensemble, &leaves, rows, &input, width, element_type)?
                .offset(&repeated(&columns.constants, rows))
        }
    };
    let score = |sums: &[Option<f64>]| -> Vec<f64> {
        let of = |(sum, constant): (&Vec<(usize, f64)>, &f64)| {
            let part =
                |(class, factor): &(usize, f64)| factor * sums.get(*class).copied().flatten().unwrap_or(0.0);
            sum.iter().map(part).sum::<f64>() + constant
        };
        columns.sums.iter().zip(&columns.constants).map(of).collect()
    };
    let samples = floats.chunks(rows.max(1)).map(|rows| rows.iter().flat_map(|row| score(row)).collect());
    let linear = Value { samples: Rc::new(samples.collect()), ..summed };
    let result = scores::lowered(site, linear, columns.transform)?;
    Ok(if is_classifier { vec![result.clone(), result] } else { vec![result] })
}

fn repeated(row: &[f64], rows: usize) -> Vec<f64> {
    (0..rows).flat_map(|_| row.iter().copied()).collect()
}

/// The scores of a regressor.
fn targets(ensemble: &Ensemble) -> Columns {
    Columns {
        sums: (0..ensemble.outputs).map(|output| vec![(output, 1.0)]).collect(),
        constants: (0..ensemble.outputs).map(|output| score::base(ensemble, output)).collect(),
        transform: ensemble.applied(),
    }
}

/// Whether every way through the trees, or none, comes by a weight of a class.
fn scored(site: &Site<'_, '_, '_>, ensemble: &Ensemble, class: usize) -> Result<bool, Cause> {
    let has = |weights: &[(usize, f64)]| weights.iter().any(|(own, _)| *own == class);
    let leaves = ensemble.nodes.iter().filter_map(|node| match node {
        Node::Leaf(weights) => Some(weights),
        Node::Branch(_) => None,
    });
    if !leaves.clone().any(|weights| has(weights)) {
        return Ok(false);
    }
    let whole = |root: &usize| {
        let mut open = vec![*root];
        while let Some(place) = open.pop() {
            match ensemble.nodes.get(place) {
                Some(Node::Leaf(weights)) if !has(weights) => return false,
                Some(Node::Branch(branch)) => open.extend([branch.yes, branch.no]),
                _ => {}
            }
        }
        true
    };
    if ensemble.roots.iter().any(whole) {
        return Ok(true);
    }
    Err(site.call.unsupported(
        "class_ids",
        "one that only some leaves score",
        "weights of every class in every leaf",
    ))
}

/// The scores of a classifier, as `classify` takes them.
fn classes(site: &Site<'_, '_, '_>, ensemble: &Ensemble) -> Result<Columns, Cause> {
    let own = |class: usize| vec![(class, 1.0)];
    let transform = ensemble.transform;
    let base = ensemble.base.as_slice();
    if ensemble.outputs != 2 {
        return Ok(Columns {
            sums: (0..ensemble.outputs).map(own).collect(),
            constants: (0..ensemble.outputs).map(|class| base.get(class).copied().unwrap_or(0.0)).collect(),
            transform: ensemble.applied(),
        });
    }
    let (first, second) = (scored(site, ensemble, 0)?, scored(site, ensemble, 1)?);
    let only = |is: bool, value: f64| if is { value } else { 0.0 };
    let (sums, constants) = match (base, second) {
        (&[_, base], true) => {
            let opposite = if first { vec![(0, -1.0)] } else { vec![] };
            (vec![opposite, own(0)], vec![only(first, -base), base])
        }
        (&[base, _], false) => (vec![own(0), vec![]], vec![only(first, base), 0.0]),
        (base, true) => (vec![own(0), own(1)], vec![only(first, base.first().copied().unwrap_or(0.0)), 0.0]),
        (base, false) => {
            let base = only(first, base.first().copied().unwrap_or(0.0));
            let binary = Binary::of(ensemble);
            let (constant, transform) = match transform {
                Transform::Probit => {
                    return Err(site.call.unsupported(
                        "post_transform",
                        "PROBIT for one of two classes",
                        "weights for both classes",
                    ));
                }
                Transform::Logistic => (-base, Transform::Logistic),
                _ if binary.positive => (1.0 - base, Transform::None),
                _ => (-base, Transform::None),
            };
            return Ok(Columns {
                sums: vec![vec![(0, -1.0)], own(0)],
                constants: vec![constant, base],
                transform,
            });
        }
    };
    Ok(Columns { sums, constants, transform })
}

/// Indicators of leaves, each 0 or 1 exactly. Shapes: `[rows, trees, leaves]`.
struct Leaves {
    value: Value,
    trees: Vec<Tree>,
    count: usize,
}

fn leaves(
    site: &mut Site<'_, '_, '_>,
    ensemble: &Ensemble,
    input: &Value,
    (rows, width): (usize, usize),
    element_type: ElementType,
) -> Result<Leaves, Cause> {
    let Paths { trees, comparisons, leaves } = Paths::of(ensemble);
    let got = [trees.len(), comparisons, leaves]
        .iter()
        .fold(1u64, |product, size| product.saturating_mul(size.next_power_of_two() as u64));
    if got > PATHS {
        return Err(Cause::Paths { got, limit: PATHS });
    }
    let numbers = Numbers::of(site.builder, input, (rows, width), element_type)?;
    // A distance of 1 reaches the end of the range at once where even the longest is no more than a rescale is proven for.
    let factor = if numbers.span() <= SINGLE_SPAN { SPAN } else { FIRST };
    let distances = distances(site, &numbers, &trees, (comparisons, factor), (rows, width));
    let extents = [rows, trees.len(), comparisons].map(|size| size as u32);
    let place: Vec<u32> = (0..extents.iter().product()).collect();
    let whole = |tensor: usize, labels: Vec<u8>| Read { tensor, labels, indices: Rc::new(place.clone()) };
    let bits = if factor == SPAN { distances } else { site.builder.saturated(distances, &extents) };
    let mut weights = vec![0i32; trees.len() * leaves * comparisons];
    let mut bias = Vec::with_capacity(trees.len() * leaves);
    for (tree, paths) in trees.iter().enumerate() {
        for leaf in 0..leaves {
            let Some(path) = paths.leaves.get(leaf) else {
                // No leaf is here: a number below zero, which is clamped to 0.
                bias.push(-SPAN);
                continue;
            };
            for (comparison, factor) in &path.factors {
                weights[(tree * leaves + leaf) * comparisons + comparison] += factor;
            }
            bias.push(SPAN * (i64::from(path.constant) - (path.tests as i64 - 1)));
        }
    }
    let tensor = site.builder.integral(Exact {
        extents: [rows, trees.len(), leaves].map(|size| size as u32).to_vec(),
        parts: vec![Part {
            summed: vec![comparisons as u32],
            read: whole(bits, vec![0, 1, 3]),
            weights: Some((vec![1, 2], weights)),
            coefficient: 1,
        }],
        bias: (0..rows).flat_map(|_| bias.iter().copied()).collect(),
        // 65,535 becomes 1: the weights that count it have 16 bits more than with 65,535.
        multiplier: 1,
        step: 1.0,
    });
    let value = site.builder.value(tensor, vec![rows, trees.len(), leaves]);
    Ok(Leaves { value, trees, count: leaves })
}

/// The first operator: how far features lie above the cuts of comparisons.
fn distances(
    site: &mut Site<'_, '_, '_>,
    numbers: &Numbers,
    trees: &[Tree],
    (comparisons, factor): (usize, i64),
    (rows, width): (usize, usize),
) -> usize {
    // Below zero, where a tree has fewer comparisons than others.
    let mut bias = vec![-factor; rows * trees.len() * comparisons];
    // Where every comparison reads, and whether upwards: the same in every row.
    let mut signs = vec![0i32; trees.len() * comparisons];
    let mut features = vec![0usize; trees.len() * comparisons];
    for (tree, paths) in trees.iter().enumerate() {
        for (at, comparison) in paths.comparisons.iter().enumerate() {
            let place = tree * comparisons + at;
            features[place] = comparison.feature;
            for row in 0..rows {
                let cut = numbers.cut(row * width + comparison.feature, |number| comparison.holds(number));
                bias[row * trees.len() * comparisons + place] = factor * cut.offset;
                signs[place] = cut.sign;
            }
        }
    }
    let pad = |size: usize| size.next_power_of_two() as u64;
    let choices = pad(trees.len()) * pad(comparisons) * pad(width);
    let mut parts = Vec::new();
    for (tensor, indices) in numbers.tensors() {
        if choices <= CHOICES {
            let mut weights = vec![0i32; signs.len() * width];
            for (place, (sign, feature)) in signs.iter().zip(&features).enumerate() {
                weights[place * width + feature] = sign * factor as i32;
            }
            let read = Read { tensor, labels: vec![0, 3], indices: Rc::new(indices) };
            let weights = Some((vec![1, 2], weights));
            parts.push(Part { summed: vec![width as u32], read, weights, coefficient: 1 });
            continue;
        }
        for wanted in [1, -1] {
            if !signs.contains(&wanted) {
                continue;
            }
            let listed = (0..rows).flat_map(|row| {
                let indices = &indices;
                signs.iter().zip(&features).map(move |(sign, feature)| {
                    if *sign == wanted { indices[row * width + feature] } else { NOTHING }
                })
            });
            let read = Read { tensor, labels: vec![0, 1, 2], indices: Rc::new(listed.collect()) };
            parts.push(Part::read(read, wanted * factor as i32));
        }
    }
    let extents = [rows, trees.len(), comparisons].map(|size| size as u32).to_vec();
    site.builder.integral(Exact { extents, parts, bias, multiplier: UNIT, step: 1.0 })
}

/// Sums of weights. Shapes: `[rows, scores]`.
fn sum(
    site: &mut Site<'_, '_, '_>,
    leaves: &Leaves,
    rows: usize,
    columns: &Columns,
    factor: f64,
) -> Result<Value, Cause> {
    let count = leaves.count;
    let labels = Labels::new(&[rows, columns.sums.len()], &[leaves.trees.len(), count]);
    let mut weights = Vec::with_capacity(columns.sums.len() * leaves.trees.len() * count);
    for sum in &columns.sums {
        for tree in &leaves.trees {
            for leaf in 0..count {
                let own = tree.leaves.get(leaf).map_or(&[][..], |path| path.weights.as_slice());
                let part = |(class, scale): &(usize, f64)| {
                    let of_class = own.iter().filter(|(own, _)| own == class);
                    of_class.map(|(_, weight)| weight * scale * factor).sum::<f64>()
                };
                weights.push(sum.iter().map(part).sum::<f64>());
            }
        }
    }
    let table = labels.axes(&[0, 2, 3]);
    let weight_table = labels.axes(&[1, 2, 3]);
    let value = site.builder.weighted(&labels, (&leaves.value, &table), (&weights, &weight_table))?;
    Ok(value.offset(&repeated(&columns.constants, rows)))
}

/// The least or the largest weight of all trees. Shapes: `[rows, targets]`.
fn extreme(
    site: &mut Site<'_, '_, '_>,
    ensemble: &Ensemble,
    leaves: &Leaves,
    rows: usize,
    input: &Value,
    width: usize,
    element_type: ElementType,
) -> Result<Value, Cause> {
    let (targets, trees, count) = (ensemble.outputs, leaves.trees.len(), leaves.count);
    let weight = |path: &Path, target: usize| {
        path.weights.iter().find(|(own, _)| *own == target).map(|(_, weight)| *weight)
    };
    let all = leaves.trees.iter().flat_map(|tree| &tree.leaves);
    if all.clone().any(|path| (0..targets).any(|target| weight(path, target).is_none())) {
        return Err(site.call.unsupported(
            "aggregate_function",
            "MIN or MAX where leaves have no weight for a target",
            "weights of every target in every leaf",
        ));
    }
    let sign = if ensemble.aggregate == Aggregate::Max { 1.0 } else { -1.0 };
    let labels = Labels::new(&[rows, targets, trees], &[count]);
    let mut weights = Vec::with_capacity(targets * trees * count);
    for target in 0..targets {
        for tree in &leaves.trees {
            let of = |leaf: usize| tree.leaves.get(leaf).and_then(|path| weight(path, target)).unwrap_or(0.0);
            weights.extend((0..count).map(|leaf| sign * of(leaf)));
        }
    }
    let table = labels.axes(&[0, 2, 3]);
    let weight_table = labels.axes(&[1, 2, 3]);
    let own = site.builder.weighted(&labels, (&leaves.value, &table), (&weights, &weight_table))?;
    let sample = |sample: &Vec<f64>| {
        let mut numbers = Vec::with_capacity(rows * targets * trees);
        for row in sample.chunks(width.max(1)).take(rows) {
            for target in 0..targets {
                numbers.extend(ensemble.roots.iter().map(|root| {
                    let leaf = ensemble.leaf(*root, row, element_type).iter().find(|(own, _)| *own == target);
                    leaf.map_or(0.0, |(_, weight)| sign * weight)
                }));
            }
        }
        numbers
    };
    let own = Value { samples: Rc::new(input.samples.iter().map(sample).collect()), ..own };
    let largest = site.largest(&own, 2)?;
    let place: Vec<u32> = (0..(rows * targets) as u32).collect();
    Ok(site.moved(&largest, vec![rows, targets], &place)?.times(sign))
}
