//! Labels and scores of classifiers, with onnxruntime's rules for two classes.

use super::ensemble::{Ensemble, Node};
use super::score;
use crate::onnx::Cause;
use crate::operator::Call;
use crate::operator::scores::{Transform, Winner, logistic};
use crate::tensor::ElementType;

/// What decides how scores of two classes are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Binary {
    /// Whether all weights belong to one class.
    pub(super) single: bool,
    /// Whether no weight is below zero.
    pub(super) positive: bool,
}

/// The label and scores of one row.
pub(super) struct Classified {
    pub(super) winner: Winner,
    pub(super) scores: Vec<f64>,
}

impl Binary {
    pub(super) fn of(ensemble: &Ensemble) -> Self {
        let weights = ensemble.nodes.iter().flat_map(|node| match node {
            Node::Leaf(weights) => weights.as_slice(),
            Node::Branch(_) => &[],
        });
        let mut first = None;
        let mut result = Self { single: true, positive: true };
        for (class, weight) in weights {
            result.single &= *first.get_or_insert(*class) == *class;
            result.positive &= *weight >= 0.0;
        }
        result
    }
}

/// Errors: [`Cause::AttributeValue`] for a transformation that onnxruntime leaves without a second score.
pub(super) fn classify(
    call: &Call<'_>,
    ensemble: &Ensemble,
    binary: Binary,
    row: &[f64],
    element_type: ElementType,
) -> Result<Classified, Cause> {
    let mut sums = score::sums(ensemble, row, element_type);
    let base = ensemble.base.as_slice();
    if ensemble.outputs > 2 {
        for (sum, base) in sums.iter_mut().zip(base) {
            *sum = Some(sum.unwrap_or(0.0) + base);
        }
        let mut winner = 0;
        let mut largest: Option<f64> = None;
        for (class, sum) in sums.iter().enumerate() {
            if let Some(sum) = sum
                && largest.is_none_or(|largest| *sum > largest)
            {
                (winner, largest) = (class, Some(*sum));
            }
        }
        let mut scores: Vec<f64> = sums.iter().map(|sum| sum.unwrap_or(0.0)).collect();
        ensemble.transform.apply(&mut scores);
        return Ok(Classified { winner: Winner::Class(winner), scores });
    }
    let first = sums.first().copied().flatten();
    let Some(second) = sums.get(1).copied() else {
        let sum = first.unwrap_or(0.0) + base.first().copied().unwrap_or(0.0);
        let mut scores = vec![sum];
        ensemble.applied().apply(&mut scores);
        return Ok(Classified { winner: Winner::Sign(sum > 0.0), scores });
    };
    let (first, second) = match (base, second) {
        (&[_, base], Some(_)) => {
            let sum = base + first.unwrap_or(0.0);
            (first.map(|_| -sum), Some(sum))
        }
        (&[base, _], None) => (first.map(|first| first + base), Some(0.0)),
        (&[base], second) => (first.map(|first| first + base), second),
        (_, second) => (first, second),
    };
    let decisive = if sums[1].is_some() { second } else { first };
    let winner = winner(binary, decisive.unwrap_or(0.0));
    let mut scores = match second {
        Some(second) => vec![first.unwrap_or(0.0), second],
        None => return single(call, ensemble.transform, binary, first.unwrap_or(0.0), winner),
    };
    ensemble.transform.apply(&mut scores);
    Ok(Classified { winner, scores })
}

fn winner(binary: Binary, decisive: f64) -> Winner {
    let bound = if binary.single && binary.positive { 0.5 } else { 0.0 };
    if binary.single { Winner::Class(usize::from(decisive > bound)) } else { Winner::Sign(decisive > bound) }
}

/// Both scores from the one that there is.
fn single(
    call: &Call<'_>,
    transform: Transform,
    binary: Binary,
    sum: f64,
    winner: Winner,
) -> Result<Classified, Cause> {
    let scores = match transform {
        Transform::Probit => {
            return Err(call.unsupported(
                "post_transform",
                "PROBIT for one of two classes",
                "weights for both classes",
            ));
        }
        Transform::Logistic => vec![logistic(-sum), logistic(sum)],
        _ if binary.single && binary.positive => vec![1.0 - sum, sum],
        _ => vec![-sum, sum],
    };
    Ok(Classified { winner, scores })
}
