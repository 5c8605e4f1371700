//! What the operators of `ai.onnx.ml` share: rows of features, labels, lists of one length, transformations of scores.

use super::softmax;
use crate::graph::{Attribute, Node};
use crate::lowering::{Site, Value};
use crate::onnx::Cause;
use crate::operator::Call;
use crate::tensor::{Data, ElementType, Tensor};

/// Number of rows and of features in each: a list is one row.
///
/// Errors: [`Cause::Shape`].
pub(super) fn row_shape(call: &Call<'_>) -> Result<(usize, usize), Cause> {
    match call.input(0)?.shape() {
        [width] => Ok((1, *width)),
        [count, width] => Ok((*count, *width)),
        _ => Err(call.wrong_shape(0, "[rows, features]")),
    }
}

/// The numbers of an input as floats.
///
/// Errors: [`Cause::ElementType`] for texts and truth values.
pub(super) fn numbers(call: &Call<'_>, index: usize) -> Result<Vec<f64>, Cause> {
    let input = call.input(index)?;
    match input.data() {
        Data::Text(_) | Data::Bool(_) => Err(call.wrong_type(index, "FLOAT")),
        _ => input.to_floats().ok_or_else(|| call.wrong_type(index, "FLOAT")),
    }
}

/// A number as it is compared with others, which are FLOAT for every input but DOUBLE.
pub(super) fn compared(number: f64, element_type: ElementType) -> f64 {
    if element_type == ElementType::Double { number } else { ElementType::Float.round(number) }
}

/// The refusal of a list that is not as long as another.
pub(super) fn wrong_length(call: &Call<'_>, attribute: &str, got: usize, expected: usize) -> Cause {
    call.unsupported(
        attribute,
        format!("a list of {got} (the others have {expected})"),
        "lists of one length",
    )
}

/// A list of floats, or of the tensor that newer versions have in its place. Empty where there is neither.
///
/// Errors: an attribute of another type; NaN.
pub(super) fn floats(call: &Call<'_>, attribute: &str) -> Result<Vec<f64>, Cause> {
    let attributes = call.attributes();
    let tensor = format!("{attribute}_as_tensor");
    let values: Vec<f64> = match attributes.optional_floats(attribute)? {
        Some(values) if !values.is_empty() => values.iter().copied().map(f64::from).collect(),
        _ => tensor_floats(call, &tensor)?.unwrap_or_default(),
    };
    no_nan(attribute, &values)?;
    Ok(values)
}

/// The floats of an attribute that is a tensor.
///
/// Errors: [`Cause::AttributeType`].
pub(super) fn tensor_floats(call: &Call<'_>, attribute: &str) -> Result<Option<Vec<f64>>, Cause> {
    let Some(tensor) = call.attributes().optional_tensor(attribute)? else { return Ok(None) };
    let refused = || Cause::AttributeType { attribute: attribute.to_owned(), expected: "TENSOR of floats" };
    Ok(Some(tensor.as_floats().ok_or_else(refused)?.to_vec()))
}

/// Errors: [`Cause::NotFinite`] for NaN; infinities are bounds like others.
pub(super) fn no_nan(attribute: &str, values: &[f64]) -> Result<(), Cause> {
    match values.iter().position(|value| value.is_nan()) {
        None => Ok(()),
        Some(index) => Err(Cause::NotFinite { tensor: attribute.to_owned(), index, got: f64::NAN }),
    }
}

/// A list of integers that are indices, sizes or numbers of nodes.
///
/// Errors: [`Cause::AttributeMissing`].
pub(super) fn integers<'c>(call: &Call<'c>, attribute: &str) -> Result<&'c [i64], Cause> {
    call.attributes().required_integers(attribute)
}

/// Names of classes.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Labels {
    /// Numbers.
    Integers(Vec<i64>),
    /// Texts.
    Texts(Vec<String>),
}

/// Which class a row was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Winner {
    /// The class at this place of the labels.
    Class(usize),
    /// 0 or 1 for integers whatever the labels, the first or second label for texts.
    Sign(bool),
}

impl Labels {
    /// The labels of a classifier: texts where there are some, else the integers of this attribute.
    ///
    /// Errors: [`Cause::AttributeMissing`] where there are neither.
    pub(super) fn read(call: &Call<'_>, integers: &str) -> Result<Self, Cause> {
        if let Some(texts) = call.attributes().optional_texts("classlabels_strings")?
            && !texts.is_empty()
        {
            return Ok(Self::Texts(texts.to_vec()));
        }
        match call.attributes().optional_integers(integers)? {
            Some(labels) if !labels.is_empty() => Ok(Self::Integers(labels.to_vec())),
            _ => Err(Cause::AttributeMissing { attribute: integers.to_owned() }),
        }
    }

    /// Number of classes.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Integers(labels) => labels.len(),
            Self::Texts(labels) => labels.len(),
        }
    }

    /// The labels of these winners.
    ///
    /// Errors: [`Cause::Index`] for a class without a label.
    pub(super) fn tensor(&self, winners: &[Winner]) -> Result<Tensor, Cause> {
        fn pick<T: Clone>(labels: &[T], winner: Winner) -> Result<T, Cause> {
            let class = match winner {
                Winner::Class(class) => class,
                Winner::Sign(positive) => usize::from(positive),
            };
            let refused = || Cause::Index { tensor: "labels".into(), got: class as i64, size: labels.len() };
            labels.get(class).cloned().ok_or_else(refused)
        }
        let shape = vec![winners.len()];
        match self {
            Self::Integers(labels) => {
                let label = |winner: &Winner| match winner {
                    Winner::Sign(positive) => Ok(i64::from(*positive)),
                    Winner::Class(_) => pick(labels, *winner),
                };
                let data = winners.iter().map(label).collect::<Result<Vec<i64>, Cause>>()?;
                Tensor::made(ElementType::Int64, shape, Data::Integer(data))
            }
            Self::Texts(labels) => {
                let data =
                    winners.iter().map(|winner| pick(labels, *winner)).collect::<Result<_, Cause>>()?;
                Tensor::made(ElementType::Text, shape, Data::Text(data))
            }
        }
    }
}

/// What becomes of scores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Transform {
    /// Nothing.
    None,
    /// Exponentials over their sum.
    Softmax,
    /// The logistic function of each.
    Logistic,
    /// As `Softmax`, but zeros stay zero.
    SoftmaxZero,
    /// The inverse of the normal distribution, by onnxruntime's approximation.
    Probit,
}

/// Below this a score counts as zero.
const ZERO: f64 = 1e-7;

impl Transform {
    /// The attribute `post_transform`, by name.
    ///
    /// Errors: [`Cause::AttributeValue`].
    pub(super) fn read(call: &Call<'_>) -> Result<Self, Cause> {
        match call.attributes().text("post_transform", "NONE")? {
            "NONE" => Ok(Self::None),
            "SOFTMAX" => Ok(Self::Softmax),
            "LOGISTIC" => Ok(Self::Logistic),
            "SOFTMAX_ZERO" => Ok(Self::SoftmaxZero),
            "PROBIT" => Ok(Self::Probit),
            got => Err(call.unsupported(
                "post_transform",
                got,
                "NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or PROBIT",
            )),
        }
    }

    /// The scores of one row after it.
    pub(super) fn apply(self, scores: &mut [f64]) {
        match self {
            Self::None => {}
            Self::Logistic => scores.iter_mut().for_each(|score| *score = logistic(*score)),
            Self::Probit => scores.iter_mut().for_each(|score| *score = probit(*score)),
            Self::Softmax | Self::SoftmaxZero => {
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let skipped = |score: f64| self == Self::SoftmaxZero && score.abs() <= ZERO;
                let power = |score: f64| {
                    if skipped(score) { score * libm::exp(-largest) } else { libm::exp(score - largest) }
                };
                let sum: f64 =
                    scores.iter().filter(|score| !skipped(**score)).map(|score| power(*score)).sum();
                scores.iter_mut().for_each(|score| *score = power(*score) / sum);
            }
        }
    }
}

/// What a transformation makes of scores. Shapes: `[rows, scores]`.
///
/// Errors: [`Cause::AttributeValue`] for SOFTMAX_ZERO, which no table is.
pub(super) fn lowered(
    site: &mut Site<'_, '_, '_>,
    value: Value,
    transform: Transform,
) -> Result<Value, Cause> {
    match transform {
        Transform::None => Ok(value),
        Transform::Logistic => site.function(&value, &logistic),
        Transform::Probit => site.function(&value, &probit),
        Transform::Softmax => softmax::lowered(site, &value, 1),
        Transform::SoftmaxZero => {
            Err(site.call.unsupported("post_transform", "SOFTMAX_ZERO", "SOFTMAX, LOGISTIC, PROBIT or NONE"))
        }
    }
}

/// Takes a transformation of scores off a classifier where the order of its scores stays the same; tells which it was.
///
/// Owes: that nobody reads its scores as numbers.
pub(crate) fn without_transform(node: &mut Node) -> Option<String> {
    let attributes = &node.attributes;
    let transform = attributes.text("post_transform", "NONE").ok()?.to_owned();
    let is_share = match node.operator.as_str() {
        "TreeEnsembleClassifier" => {
            // The share of one of two classes decides at one half, its logistic function at zero.
            let ids = attributes.optional_integers("class_ids").ok()??;
            let weights = attributes.optional_floats("class_weights").ok()?;
            let positive = weights.is_none_or(|weights| weights.iter().all(|weight| *weight >= 0.0));
            positive && ids.windows(2).all(|pair| pair[0] == pair[1])
        }
        // Of one sum the sign decides as it does after the logistic function.
        "LinearClassifier" => {
            let sums = attributes.optional_floats("intercepts").ok()??.len();
            if sums == 1 {
                return None;
            }
            false
        }
        _ => return None,
    };
    match transform.as_str() {
        "SOFTMAX" | "LOGISTIC" if !is_share => {
            node.attributes.insert("post_transform", Attribute::Text("NONE".into()));
            Some(format!("{transform} of {}", node.operator))
        }
        _ => None,
    }
}

/// 1 / (1 + exp(-x)).
pub(super) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// The square root of 2 times the inverse error function of 2 x - 1.
///
/// Source: Winitzki, A handy approximation for the error function and its inverse (2008), with a = 0.147.
pub(super) fn probit(x: f64) -> f64 {
    let centred = 2.0 * x - 1.0;
    let sign = if centred < 0.0 { -1.0 } else { 1.0 };
    let logarithm = libm::log((1.0 - centred) * (1.0 + centred));
    let first = 2.0 / (std::f64::consts::PI * 0.147) + 0.5 * logarithm;
    let under = (first * first - logarithm / 0.147).sqrt() - first;
    std::f64::consts::SQRT_2 * sign * under.sqrt()
}
