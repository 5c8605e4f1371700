//! Cast and CastLike: numbers of another element type, with ONNX's rounding and overflow.

use super::shape::element_type;
use super::{Call, Form, Operator};
use crate::lowering::{Site, Value};
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
        let to = target(call)?;
        let input = call.input(0)?;
        let data = converted(call, input, to)?;
        Ok(vec![Tensor::made(to, input.shape().to_vec(), data)?.rounded()])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let to = target(&site.call)?;
        let (input, from) = (site.input(0)?, site.call.input(0)?.element_type());
        if from == to || to.is_float() || from == ElementType::Bool {
            return Ok(vec![input]);
        }
        if to == ElementType::Bool {
            return Ok(vec![site.builder.differs(&input)?]);
        }
        let Some((lowest, highest)) = to.integer_range() else {
            return Err(site.call.unsupported("to", to.name(), "a type of numbers"));
        };
        let (least, most) = site.builder.reach(&input);
        let fits = least.trunc() >= lowest as f64 && most.trunc() <= highest as f64;
        if fits && (from.is_integer() || site.builder.is_whole(&input)) {
            return Ok(vec![input]);
        }
        let wrapped = |x: f64| if fits { x.trunc() } else { to.integer_to_float(truncated(x, to)) };
        Ok(vec![site.rounding(&input, &wrapped)?])
    }
}

/// The element type of the result.
fn target(call: &Call<'_>) -> Result<ElementType, Cause> {
    if call.operator() == "Cast" {
        call.attributes().required_integer("to")?;
        element_type(call, "to", ElementType::Float)
    } else {
        Ok(call.input(1)?.element_type())
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
