//! Functions of one number: Relu, Sigmoid, Exp, Gelu and so on, with their parameters.

use super::error_function::erf;
use super::{Call, Form, Operator};
use crate::lowering::{Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};

/// A function of one number, entry by entry.
pub(super) struct Unary;

const ALPHA: &[&str] = &["alpha"];

static FORMS: [Form; 43] = [
    Form::new("Abs", 1, 1),
    Form::new("Acos", 1, 1),
    Form::new("Acosh", 1, 1),
    Form::new("Asin", 1, 1),
    Form::new("Asinh", 1, 1),
    Form::new("Atan", 1, 1),
    Form::new("Atanh", 1, 1),
    Form::new("Ceil", 1, 1),
    Form::new("Celu", 1, 1).attributes(ALPHA).since(12),
    Form::new("Cos", 1, 1),
    Form::new("Cosh", 1, 1),
    Form::new("Elu", 1, 1).since(6).attributes(ALPHA),
    Form::new("Erf", 1, 1),
    Form::new("Exp", 1, 1).since(6),
    Form::new("Floor", 1, 1),
    Form::new("Gelu", 1, 1).attributes(&["approximate"]).since(20),
    Form::new("HardSigmoid", 1, 1).since(6).attributes(&["alpha", "beta"]),
    Form::new("HardSwish", 1, 1).since(14),
    Form::new("LeakyRelu", 1, 1).since(6).attributes(ALPHA),
    Form::new("Log", 1, 1),
    Form::new("Mish", 1, 1).since(18),
    Form::new("Neg", 1, 1).since(6),
    Form::new("Reciprocal", 1, 1),
    Form::new("Relu", 1, 1).since(6),
    Form::new("Round", 1, 1).since(11),
    Form::new("Selu", 1, 1).since(6).attributes(&["alpha", "gamma"]),
    Form::new("Shrink", 1, 1).attributes(&["bias", "lambd"]),
    Form::new("Sigmoid", 1, 1).since(6),
    Form::new("Sign", 1, 1),
    Form::new("Sin", 1, 1),
    Form::new("Sinh", 1, 1),
    Form::new("Softplus", 1, 1).since(6),
    Form::new("Softsign", 1, 1).since(6),
    Form::new("Sqrt", 1, 1).since(6),
    Form::new("Swish", 1, 1).attributes(ALPHA).since(24),
    Form::new("Tan", 1, 1),
    Form::new("Tanh", 1, 1).since(6),
    Form::new("ThresholdedRelu", 1, 1).attributes(ALPHA).since(10),
    Form::new("Identity", 1, 1),
    Form::new("Dropout", 1, 3).attributes(&["ratio", "seed", "is_test"]).outputs(2).static_inputs(&[2]),
    Form::new("IsNaN", 1, 1),
    Form::new("IsInf", 1, 1).attributes(&["detect_negative", "detect_positive"]).since(10),
    Form::new("BitwiseNot", 1, 1).since(18),
];

impl Operator for Unary {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let input = call.input(0)?;
        let (element_type, shape) = (input.element_type(), input.shape().to_vec());
        let data = match (call.operator(), input.data()) {
            ("Identity", _) => return Ok(vec![input.clone()]),
            ("Dropout", _) => return dropout(call),
            ("IsNaN", Data::Float(data)) => {
                return Ok(vec![Tensor::made(
                    ElementType::Bool,
                    shape,
                    Data::Bool(data.iter().map(|value| value.is_nan()).collect()),
                )?]);
            }
            ("IsInf", Data::Float(data)) => {
                let negative = call.attributes().flag("detect_negative", true)?;
                let positive = call.attributes().flag("detect_positive", true)?;
                let found =
                    |value: &f64| value.is_infinite() && if *value < 0.0 { negative } else { positive };
                return Ok(vec![Tensor::made(
                    ElementType::Bool,
                    shape,
                    Data::Bool(data.iter().map(found).collect()),
                )?]);
            }
            (_, Data::Float(data)) => {
                let function = function(call)?;
                Data::Float(data.iter().map(|&value| function(value)).collect())
            }
            (operator, Data::Integer(data)) => {
                let function = integer_function(operator).ok_or_else(|| call.wrong_type(0, "FLOAT"))?;
                let entry = |&value: &i64| element_type.wrap(function(element_type.widen(value)));
                Data::Integer(data.iter().map(entry).collect())
            }
            _ => return Err(call.wrong_type(0, "FLOAT")),
        };
        Ok(vec![Tensor::made(element_type, shape, data)?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let mut input = site.input(0)?;
        if site.call.operator() == "Dropout" {
            let mask = Value::constant(input.shape.clone(), vec![1.0; input.elements()], site.samples());
            return Ok(vec![input, mask]);
        }
        if matches!(site.call.operator(), "Abs" | "LeakyRelu") {
            // It is read twice.
            input = site.builder.views(&input)?;
        }
        let alpha = |default: f64| site.call.attributes().float("alpha", default);
        let output = match site.call.operator() {
            "Identity" => input,
            "Neg" => input.times(-1.0),
            "Relu" => site.relu(&input)?,
            // What is above zero, and what is below it: both are exact, and one of them is zero.
            "Abs" => {
                let (above, below) = (site.relu(&input)?, site.relu(&input.times(-1.0))?);
                above.plus(&below, 1.0)
            }
            "LeakyRelu" => {
                let slope = alpha(f64::from(0.01f32))?;
                let above = site.relu(&input)?;
                input.times(slope).plus(&above, 1.0 - slope)
            }
            // No number of the program is one of these.
            "IsNaN" | "IsInf" => {
                Value::constant(input.shape.clone(), vec![0.0; input.elements()], site.samples())
            }
            "BitwiseNot" => {
                let element_type = site.call.input(0)?.element_type();
                let (lowest, highest) = element_type.integer_range().unwrap_or((0, -1));
                let ones = (lowest + highest) as f64;
                input.times(-1.0).offset(&vec![ones; input.elements()])
            }
            "Sign" => {
                let input = site.builder.views(&input)?;
                let above = site.builder.above(&input, false)?;
                let below = site.builder.above(&input.times(-1.0), false)?;
                above.plus(&below, -1.0)
            }
            "Ceil" | "Floor" | "Round" => site.rounding(&input, &*function(&site.call)?)?,
            _ => {
                let function = function(&site.call)?;
                site.function(&input, &function)?
            }
        };
        Ok(vec![output])
    }
}

/// The function on integers, where ONNX has one.
fn integer_function(operator: &str) -> Option<fn(i128) -> i128> {
    Some(match operator {
        "Abs" => |value| value.abs(),
        "Neg" => |value| -value,
        "Sign" => |value| value.signum(),
        "Relu" => |value| value.max(0),
        "BitwiseNot" => |value| !value,
        _ => return None,
    })
}

/// Dropout at inference passes its input on; the mask keeps everything.
fn dropout(call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
    if call.optional(2).is_some() && call.bools(2)?.contains(&true) {
        return Err(Cause::Value { tensor: call.label(2), got: "true (training)".into() });
    }
    let input = call.input(0)?;
    let mask =
        Tensor::made(ElementType::Bool, input.shape().to_vec(), Data::Bool(vec![true; input.elements()]))?;
    Ok(vec![input.clone(), mask])
}

type Function = Box<dyn Fn(f64) -> f64>;

/// The function of a node, its attributes read.
pub(crate) fn function(call: &Call<'_>) -> Result<Function, Cause> {
    if let Some(function) = plain(call.operator()) {
        return Ok(Box::new(function));
    }
    let parameter = |name: &str, default: f64| call.attributes().float(name, default);
    Ok(match call.operator() {
        "Celu" => {
            let alpha = parameter("alpha", 1.0)?;
            Box::new(move |x| if x > 0.0 { x } else { alpha * libm::expm1(x / alpha) })
        }
        "Elu" => {
            let alpha = parameter("alpha", 1.0)?;
            Box::new(move |x| if x > 0.0 { x } else { alpha * libm::expm1(x) })
        }
        "Gelu" => match call.attributes().text("approximate", "none")? {
            "none" => Box::new(|x| 0.5 * x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2))),
            "tanh" => {
                let scale = (2.0 / std::f64::consts::PI).sqrt();
                Box::new(move |x| 0.5 * x * (1.0 + libm::tanh(scale * (x + 0.044_715 * x * x * x))))
            }
            got => return Err(call.unsupported("approximate", got, "none or tanh")),
        },
        "HardSigmoid" => {
            let (alpha, beta) = (parameter("alpha", f64::from(0.2f32))?, parameter("beta", 0.5)?);
            Box::new(move |x| (alpha * x + beta).clamp(0.0, 1.0))
        }
        "LeakyRelu" => {
            let alpha = parameter("alpha", f64::from(0.01f32))?;
            Box::new(move |x| if x < 0.0 { alpha * x } else { x })
        }
        "Selu" => {
            let alpha = parameter("alpha", f64::from(1.673_263_2_f32))?;
            let gamma = parameter("gamma", f64::from(1.050_701_f32))?;
            Box::new(move |x| gamma * if x > 0.0 { x } else { alpha * libm::expm1(x) })
        }
        "Shrink" => {
            let (bias, limit) = (parameter("bias", 0.0)?, parameter("lambd", 0.5)?);
            Box::new(move |x| match x {
                x if x < -limit => x + bias,
                x if x > limit => x - bias,
                _ => 0.0,
            })
        }
        "Swish" => {
            let alpha = parameter("alpha", 1.0)?;
            Box::new(move |x| x * sigmoid(alpha * x))
        }
        "ThresholdedRelu" => {
            let alpha = parameter("alpha", 1.0)?;
            Box::new(move |x| if x > alpha { x } else { 0.0 })
        }
        _ => return Err(call.wrong_type(0, "BOOL or an integer")),
    })
}

/// The functions without parameters.
fn plain(operator: &str) -> Option<fn(f64) -> f64> {
    Some(match operator {
        "Abs" => f64::abs,
        "Acos" => libm::acos,
        "Acosh" => libm::acosh,
        "Asin" => libm::asin,
        "Asinh" => libm::asinh,
        "Atan" => libm::atan,
        "Atanh" => libm::atanh,
        "Ceil" => f64::ceil,
        "Cos" => libm::cos,
        "Cosh" => libm::cosh,
        "Erf" => erf,
        "Exp" => libm::exp,
        "Floor" => f64::floor,
        "HardSwish" => |x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
        "Log" => libm::log,
        "Mish" => |x| x * libm::tanh(softplus(x)),
        "Neg" => |x| -x,
        "Reciprocal" => |x| 1.0 / x,
        "Relu" => |x| if x < 0.0 { 0.0 } else { x },
        "Round" => f64::round_ties_even,
        "Sigmoid" => sigmoid,
        "Sign" => |x| if x == 0.0 || x.is_nan() { x } else { x.signum() },
        "Sin" => libm::sin,
        "Sinh" => libm::sinh,
        "Softplus" => softplus,
        "Softsign" => |x| x / (1.0 + x.abs()),
        "Sqrt" => f64::sqrt,
        "Tan" => libm::tan,
        "Tanh" => libm::tanh,
        _ => return None,
    })
}

/// `1 / (1 + e^-x)`
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// `ln(1 + e^x)`, without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}
