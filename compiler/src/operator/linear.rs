//! LinearClassifier, LinearRegressor.

use super::scores::{self, Labels, Transform, Winner, logistic};
use super::{Call, Form, Operator};
use crate::lowering::{self, Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};

/// Weighted sums of features, with labels or without.
pub(super) struct Linear;

static FORMS: [Form; 2] = [
    Form::new("LinearClassifier", 1, 1)
        .attributes(&[
            "classlabels_ints",
            "classlabels_strings",
            "coefficients",
            "intercepts",
            "multi_class",
            "post_transform",
        ])
        .outputs(2)
        .ml(),
    Form::new("LinearRegressor", 1, 1)
        .attributes(&["coefficients", "intercepts", "post_transform", "targets"])
        .ml(),
];

/// Sums of features: one for every target or class, or one for two classes.
struct Model {
    /// Row-major: `[sums, features]`.
    coefficients: Vec<f64>,
    intercepts: Vec<f64>,
    rows: usize,
    width: usize,
    transform: Transform,
}

impl Model {
    fn read(call: &Call<'_>) -> Result<Self, Cause> {
        let (rows, width) = scores::row_shape(call)?;
        let coefficients = scores::floats(call, "coefficients")?;
        let mut intercepts = scores::floats(call, "intercepts")?;
        let count = if call.operator() == "LinearClassifier" {
            intercepts.len()
        } else {
            let got = call.attributes().integer("targets", 1)?;
            let count =
                usize::try_from(got).ok().filter(|count| (1..=coefficients.len().max(1)).contains(count));
            count.ok_or_else(|| call.unsupported("targets", got, "one for every row of coefficients"))?
        };
        if intercepts.is_empty() {
            intercepts = vec![0.0; count];
        }
        if intercepts.len() != count || count == 0 {
            return Err(scores::wrong_length(call, "intercepts", intercepts.len(), count));
        }
        if count.checked_mul(width) != Some(coefficients.len()) {
            let got = coefficients.len();
            return Err(scores::wrong_length(call, "coefficients", got, count.saturating_mul(width)));
        }
        Ok(Self { coefficients, intercepts, rows, width, transform: Transform::read(call)? })
    }

    fn sums(&self, row: &[f64]) -> Vec<f64> {
        let sum = |(coefficients, intercept): (&[f64], &f64)| {
            coefficients.iter().zip(row).map(|(coefficient, feature)| coefficient * feature).sum::<f64>()
                + intercept
        };
        // Rows of no features have no coefficients: the intercepts alone.
        if self.width == 0 {
            return self.intercepts.clone();
        }
        self.coefficients.chunks(self.width).zip(&self.intercepts).map(sum).collect()
    }

    /// The transformation that onnxruntime applies: a single target is transformed by PROBIT alone.
    fn applied(&self) -> Transform {
        if self.intercepts.len() == 1 && self.transform != Transform::Probit {
            Transform::None
        } else {
            self.transform
        }
    }
}

/// The labels of a classifier; `true` where it has one sum for two classes.
///
/// Errors: [`Cause::AttributeValue`] for another number of sums than of labels.
fn labels(call: &Call<'_>, model: &Model) -> Result<(Labels, bool), Cause> {
    let labels = Labels::read(call, "classlabels_ints")?;
    let sums = model.intercepts.len();
    match (labels.count(), sums) {
        (2, 1) => Ok((labels, true)),
        (count, sums) if count == sums && sums > 1 => Ok((labels, false)),
        (count, sums) => Err(scores::wrong_length(call, "intercepts", sums, count)),
    }
}

impl Operator for Linear {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let model = Model::read(call)?;
        let features = scores::numbers(call, 0)?;
        call.spend((model.rows * model.coefficients.len()) as u64)?;
        let rows = (0..model.rows).map(|row| &features[row * model.width..(row + 1) * model.width]);
        let mut results = Vec::new();
        if call.operator() == "LinearRegressor" {
            for row in rows {
                let mut sums = model.sums(row);
                model.applied().apply(&mut sums);
                results.extend(sums);
            }
            let shape = vec![model.rows, model.intercepts.len()];
            return Ok(vec![Tensor::made(ElementType::Float, shape, Data::Float(results))?]);
        }
        let (labels, is_single) = labels(call, &model)?;
        let mut winners = Vec::with_capacity(model.rows);
        for row in rows {
            let mut sums = model.sums(row);
            if is_single {
                let sum = sums.first().copied().unwrap_or(0.0);
                winners.push(Winner::Class(usize::from(sum > 0.0)));
                results.extend(match model.transform {
                    Transform::Probit => return Err(probit(call)),
                    Transform::Logistic => [logistic(-sum), logistic(sum)],
                    _ => [1.0 - sum, sum],
                });
            } else {
                winners.push(Winner::Class(crate::network::arg_max(&sums)));
                model.transform.apply(&mut sums);
                results.extend(sums);
            }
        }
        let shape = vec![model.rows, labels.count()];
        Ok(vec![labels.tensor(&winners)?, Tensor::made(ElementType::Float, shape, Data::Float(results))?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let model = Model::read(&site.call)?;
        let is_classifier = site.call.operator() == "LinearClassifier";
        if is_classifier && site.wanted(0) {
            return Err(Cause::Label);
        }
        let is_single = is_classifier && labels(&site.call, &model)?.1;
        let (mut coefficients, mut intercepts) = (model.coefficients.clone(), model.intercepts.clone());
        let mut transform = if is_classifier { model.transform } else { model.applied() };
        if is_single {
            // The opposite of the sum is the first score.
            let constant = match transform {
                Transform::Probit => return Err(probit(&site.call)),
                Transform::Logistic => 0.0,
                _ => 1.0,
            };
            coefficients = model.coefficients.iter().map(|coefficient| -coefficient).collect();
            coefficients.extend(&model.coefficients);
            intercepts = intercepts.iter().flat_map(|intercept| [constant - intercept, *intercept]).collect();
            transform = if transform == Transform::Logistic { transform } else { Transform::None };
        }
        let input = site.input(0)?;
        let input = Value { shape: vec![model.rows, model.width], ..input };
        let count = intercepts.len();
        let labels = lowering::Labels::new(&[model.rows, count], &[model.width]);
        let (read, weights) = (labels.axes(&[0, 2]), labels.axes(&[1, 2]));
        let sums = site.builder.weighted(&labels, (&input, &read), (&coefficients, &weights))?;
        let offsets: Vec<f64> = (0..model.rows).flat_map(|_| intercepts.iter().copied()).collect();
        let scores = scores::lowered(site, sums.offset(&offsets), transform)?;
        Ok(if is_classifier { vec![scores.clone(), scores] } else { vec![scores] })
    }
}

fn probit(call: &Call<'_>) -> Cause {
    call.unsupported("post_transform", "PROBIT for one of two classes", "sums for both classes")
}
