//! Scaler, Normalizer, Binarizer, Imputer: features by themselves or by their row.

use super::scores;
use super::{Call, Form, Operator};
use crate::lowering::{Numbers, Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};

/// Features by themselves or by their row.
pub(super) struct Scaling;

static FORMS: [Form; 4] = [
    Form::new("Binarizer", 1, 1).attributes(&["threshold"]).ml(),
    Form::new("Imputer", 1, 1)
        .attributes(&[
            "imputed_value_floats",
            "imputed_value_int64s",
            "replaced_value_float",
            "replaced_value_int64",
        ])
        .ml(),
    Form::new("Normalizer", 1, 1).attributes(&["norm"]).ml(),
    Form::new("Scaler", 1, 1).attributes(&["offset", "scale"]).ml(),
];

impl Operator for Scaling {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let input = call.input(0)?;
        let shape = input.shape().to_vec();
        let mut numbers = scores::numbers(call, 0)?;
        match call.operator() {
            "Binarizer" => {
                let threshold = call.attributes().float("threshold", 0.0)?;
                let is_float = input.element_type().is_float();
                numbers.iter_mut().for_each(|number| *number = f64::from(u8::from(*number > threshold)));
                let data = if is_float {
                    Data::Float(numbers)
                } else {
                    Data::Integer(numbers.iter().map(|number| *number as i64).collect())
                };
                return Ok(vec![Tensor::made(input.element_type(), shape, data)?]);
            }
            "Imputer" => {
                let imputed = Imputed::read(call)?;
                let element_type = input.element_type();
                for (place, number) in numbers.iter_mut().enumerate() {
                    if imputed.is_missing(scores::compared(*number, element_type)) {
                        *number = imputed.value(place);
                    }
                }
                let data = if element_type.is_float() {
                    Data::Float(numbers)
                } else {
                    Data::Integer(numbers.iter().map(|number| *number as i64).collect())
                };
                return Ok(vec![Tensor::made(element_type, shape, data)?]);
            }
            "Scaler" => {
                let (offsets, factors) = scaler(call)?;
                for (place, number) in numbers.iter_mut().enumerate() {
                    *number = (*number - pick(&offsets, place)) * pick(&factors, place);
                }
            }
            _ => {
                let norm = Norm::read(call)?;
                let (_, width) = scores::row_shape(call)?;
                numbers.chunks_mut(width.max(1)).for_each(|row| norm.apply(row));
            }
        }
        Ok(vec![Tensor::made(ElementType::Float, shape, Data::Float(numbers))?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let input = site.input(0)?;
        let elements = input.elements();
        let every = |list: &[f64]| -> Vec<f64> { (0..elements).map(|place| pick(list, place)).collect() };
        Ok(vec![match site.call.operator() {
            "Scaler" => {
                let (offsets, factors) = scaler(&site.call)?;
                let offsets = offsets.iter().map(|offset| -offset).collect::<Vec<f64>>();
                site.scaled(&input.offset(&every(&offsets)), &every(&factors))?
            }
            "Binarizer" => {
                let threshold = site.call.attributes().float("threshold", 0.0)?;
                let numbers = numbers(site, &input)?;
                let cuts =
                    (0..elements).map(|place| (place, numbers.cut(place, |number| number > threshold)));
                let cuts = cuts.collect();
                let above =
                    |sample: &[f64]| sample.iter().map(|x| f64::from(u8::from(*x > threshold))).collect();
                site.builder.bits(&numbers, cuts, input.shape.clone(), &input.samples, &above)
            }
            "Imputer" => imputed(site, &input)?,
            _ => Norm::read(&site.call)?.lower(site, &input)?,
        }])
    }
}

fn numbers(site: &mut Site<'_, '_, '_>, input: &Value) -> Result<Numbers, Cause> {
    let element_type = site.call.input(0)?.element_type();
    Numbers::of(site.builder, input, (1, input.elements()), element_type)
}

/// The entry of a list of one number for all, or of one for each feature.
fn pick(list: &[f64], place: usize) -> f64 {
    list.get(place % list.len().max(1)).copied().unwrap_or(0.0)
}

/// Number of features of every row.
fn width(call: &Call<'_>) -> Result<usize, Cause> {
    Ok(call.input(0)?.shape().last().copied().unwrap_or(1))
}

/// Offsets and factors: one for all features or one for each.
fn scaler(call: &Call<'_>) -> Result<(Vec<f64>, Vec<f64>), Cause> {
    let width = width(call)?;
    let list = |attribute: &str| {
        let list = scores::floats(call, attribute)?;
        let fits = list.len() == 1 || list.len() == width;
        if fits { Ok(list) } else { Err(scores::wrong_length(call, attribute, list.len(), width)) }
    };
    Ok((list("offset")?, list("scale")?))
}

/// What stands for a missing number, and what takes its place.
struct Imputed {
    missing: f64,
    values: Vec<f64>,
}

impl Imputed {
    fn read(call: &Call<'_>) -> Result<Self, Cause> {
        let (attributes, width) = (call.attributes(), width(call)?);
        let is_float = call.input(0)?.element_type().is_float();
        let (attribute, values, missing) = if is_float {
            let values = scores::floats(call, "imputed_value_floats")?;
            ("imputed_value_floats", values, attributes.float("replaced_value_float", 0.0)?)
        } else {
            let values = attributes.optional_integers("imputed_value_int64s")?.unwrap_or(&[]);
            let values = values.iter().map(|value| *value as f64).collect();
            ("imputed_value_int64s", values, attributes.integer("replaced_value_int64", 0)? as f64)
        };
        if values.len() != 1 && values.len() != width {
            return Err(scores::wrong_length(call, attribute, values.len(), width));
        }
        Ok(Self { missing, values })
    }

    fn is_missing(&self, number: f64) -> bool {
        number == self.missing || number.is_nan() && self.missing.is_nan()
    }

    fn value(&self, place: usize) -> f64 {
        pick(&self.values, place)
    }
}

/// A number that is missing differs from its replacement by a constant: a bit times that is added.
fn imputed(site: &mut Site<'_, '_, '_>, input: &Value) -> Result<Value, Cause> {
    let imputed = Imputed::read(&site.call)?;
    if imputed.missing.is_nan() {
        // No decimal is NaN.
        return Ok(input.clone());
    }
    let input = site.builder.views(input)?;
    let element_type = site.call.input(0)?.element_type();
    let numbers = numbers(site, &input)?;
    let missing = imputed.missing;
    let equal = site.builder.equal(
        &numbers,
        &(0..input.elements()).map(|place| (place, missing)).collect::<Vec<_>>(),
        input.shape.clone(),
        &input.samples,
        element_type,
    );
    let differences: Vec<f64> = (0..input.elements()).map(|place| imputed.value(place) - missing).collect();
    let change = site.scaled(&equal, &differences)?;
    Ok(input.plus(&change, 1.0))
}

/// What a row is divided by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Norm {
    /// Its largest number.
    Max,
    /// The sum of magnitudes.
    L1,
    /// The root of the sum of squares.
    L2,
}

impl Norm {
    fn read(call: &Call<'_>) -> Result<Self, Cause> {
        match call.attributes().text("norm", "MAX")? {
            "MAX" => Ok(Self::Max),
            "L1" => Ok(Self::L1),
            "L2" => Ok(Self::L2),
            got => Err(call.unsupported("norm", got, "MAX, L1 or L2")),
        }
    }

    /// A row of zeros stays one.
    fn apply(self, row: &mut [f64]) {
        let size = match self {
            Self::Max => row.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::L1 => row.iter().map(|number| number.abs()).sum(),
            Self::L2 => row.iter().map(|number| number * number).sum::<f64>().sqrt(),
        };
        if size != 0.0 {
            row.iter_mut().for_each(|number| *number /= size);
        }
    }

    fn lower(self, site: &mut Site<'_, '_, '_>, input: &Value) -> Result<Value, Cause> {
        let (rows, width) = scores::row_shape(&site.call)?;
        let shape = input.shape.clone();
        let input = Value { shape: vec![rows, width], ..site.builder.views(input)? };
        let inverse: &dyn Fn(f64) -> f64 = match self {
            Self::L2 => &|square| if square <= 0.0 { 1.0 } else { 1.0 / square.sqrt() },
            _ => &|size| if size == 0.0 { 1.0 } else { 1.0 / size },
        };
        let size = match self {
            Self::Max => site.largest(&input, 1)?,
            Self::L1 => {
                let above = site.relu(&input)?;
                let magnitudes = above.times(2.0).plus(&input, -1.0);
                site.sum(&magnitudes, &[1])?
            }
            Self::L2 => {
                let squares = site.times(&input, &input)?;
                site.sum(&squares, &[1])?
            }
        };
        let inverse = site.function(&size, inverse)?;
        let inverse = site.builder.single(&inverse)?.0;
        let inverse = site.broadcast(&inverse, &[rows, width])?;
        Ok(Value { shape, ..site.times(&input, &inverse)? })
    }
}
