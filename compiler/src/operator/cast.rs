//! Cast and CastLike: numbers of another element type, with ONNX's rounding and overflow.

use super::shape::element_type;
use super::{Call, Form, Operator};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};

/// Numbers of another element type.
pub(super) struct Cast;

static FORMS: [Form; 2] = [
    Form::new("Cast", 1, 1).attributes(&["round_mode", "saturate", "to"]),
    Form::new("CastLike", 2, 2).attributes(&["round_mode", "saturate"]).since(15),
];

impl Operator for Cast {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let to = if call.operator() == "Cast" {
            call.attributes().required_integer("to")?;
            element_type(call, "to", ElementType::Float)?
        } else {
            call.input(1)?.element_type()
        };
        let input = call.input(0)?;
        let data = converted(call, input, to)?;
        Ok(vec![Tensor::made(to, input.shape().to_vec(), data)?.rounded()])
    }
}

fn converted(call: &Call<'_>, input: &Tensor, to: ElementType) -> Result<Data, Cause> {
    let from = input.element_type();
    Ok(match (input.data(), to) {
        (data, _) if from == to => data.clone(),
        (Data::Float(data), ElementType::Bool) => {
            Data::Bool(data.iter().map(|&value| value != 0.0).collect())
        }
        (Data::Integer(data), ElementType::Bool) => {
            Data::Bool(data.iter().map(|&value| value != 0).collect())
        }
        (Data::Text(data), ElementType::Bool) => {
            Data::Bool(parsed(call, data)?.iter().map(|&value| value != 0.0).collect())
        }
        (_, ElementType::Text) => return Err(call.unsupported("to", "STRING", "a type of numbers")),
        (Data::Text(data), _) if to.is_float() => Data::Float(parsed(call, data)?),
        (Data::Text(data), _) => {
            Data::Integer(parsed(call, data)?.iter().map(|&value| truncated(value, to)).collect())
        }
        (_, _) if to.is_float() => Data::Float(input.to_floats().unwrap_or_default()),
        (Data::Float(data), _) => Data::Integer(data.iter().map(|&value| truncated(value, to)).collect()),
        (Data::Integer(data), _) => {
            Data::Integer(data.iter().map(|&value| to.wrap(from.widen(value))).collect())
        }
        (Data::Bool(data), _) => Data::Integer(data.iter().map(|&value| i64::from(value)).collect()),
    })
}

/// The float rounded towards zero. Beyond the type's range, which ONNX leaves open, it wraps; NaN gives 0.
fn truncated(value: f64, to: ElementType) -> i64 {
    to.wrap(value as i128)
}

fn parsed(call: &Call<'_>, texts: &[String]) -> Result<Vec<f64>, Cause> {
    let number = |text: &String| {
        text.trim().parse::<f64>().map_err(|_| Cause::Value { tensor: call.label(0), got: text.clone() })
    };
    texts.iter().map(number).collect()
}
