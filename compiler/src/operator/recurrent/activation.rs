//! The functions of a gate: by name, with the parameters that each takes.

use crate::onnx::Cause;
use crate::operator::Call;
use crate::operator::unary::sigmoid;

/// A gate's function.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Activation {
    function: Function,
    alpha: f64,
    beta: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Function {
    Affine,
    Elu,
    HardSigmoid,
    LeakyRelu,
    Relu,
    ScaledTanh,
    Sigmoid,
    Softplus,
    Softsign,
    Tanh,
    ThresholdedRelu,
}

/// A function's name, and its alpha and beta: `None` where it takes none, `Some(None)` where the model must say.
type Known = (&'static str, Function, Option<Option<f64>>, Option<Option<f64>>);

const KNOWN: [Known; 11] = [
    ("affine", Function::Affine, Some(None), Some(Some(0.0))),
    ("elu", Function::Elu, Some(Some(1.0)), None),
    ("hardsigmoid", Function::HardSigmoid, Some(Some(0.2f32 as f64)), Some(Some(0.5))),
    ("leakyrelu", Function::LeakyRelu, Some(Some(0.01f32 as f64)), None),
    ("relu", Function::Relu, None, None),
    ("scaledtanh", Function::ScaledTanh, Some(None), Some(Some(1.0))),
    ("sigmoid", Function::Sigmoid, None, None),
    ("softplus", Function::Softplus, None, None),
    ("softsign", Function::Softsign, None, None),
    ("tanh", Function::Tanh, None, None),
    ("thresholdedrelu", Function::ThresholdedRelu, Some(Some(1.0)), None),
];

impl Activation {
    pub(super) const SIGMOID: Self = Self { function: Function::Sigmoid, alpha: 0.0, beta: 0.0 };
    pub(super) const TANH: Self = Self { function: Function::Tanh, alpha: 0.0, beta: 0.0 };

    /// The functions of all gates of all directions: so many as `defaults`, which stand where the node names none. The lists of parameters
    /// are used up in order, by those functions that take one.
    pub(super) fn read(call: &Call<'_>, defaults: Vec<Self>) -> Result<Vec<Self>, Cause> {
        let attributes = call.attributes();
        let Some(names) = attributes.optional_texts("activations")? else { return Ok(defaults) };
        if names.len() != defaults.len() {
            return Err(call.unsupported(
                "activations",
                format!("{names:?}"),
                "one for every gate's function",
            ));
        }
        let mut alphas = attributes.optional_floats("activation_alpha")?.unwrap_or(&[]).iter();
        let mut betas = attributes.optional_floats("activation_beta")?.unwrap_or(&[]).iter();
        let mut activations = Vec::with_capacity(names.len());
        for name in names {
            let known = KNOWN.iter().find(|(known, ..)| name.eq_ignore_ascii_case(known));
            let (_, function, alpha, beta) = known.ok_or_else(|| {
                call.unsupported("activations", name, "a function that ONNX names for recurrent operators")
            })?;
            let next = |own: &Option<Option<f64>>, list: &mut std::slice::Iter<'_, f32>, attribute: &str| {
                let Some(default) = own else { return Ok(0.0) };
                let given = list.next().map(|value| f64::from(*value));
                given.or(*default).ok_or_else(|| Cause::AttributeMissing { attribute: attribute.to_owned() })
            };
            activations.push(Self {
                function: *function,
                alpha: next(alpha, &mut alphas, "activation_alpha")?,
                beta: next(beta, &mut betas, "activation_beta")?,
            });
        }
        Ok(activations)
    }

    /// Whether it is the logistic function; `Some(true)` where it is tanh, which is twice that of twice the number, minus one.
    pub(super) fn logistic(self) -> Option<bool> {
        match self.function {
            Function::Sigmoid => Some(false),
            Function::Tanh => Some(true),
            _ => None,
        }
    }

    /// Whether it is `max(x, 0)`.
    pub(super) fn is_relu(self) -> bool {
        self.function == Function::Relu
    }

    /// The function.
    pub(super) fn of(self, x: f64) -> f64 {
        let (alpha, beta) = (self.alpha, self.beta);
        match self.function {
            Function::Affine => alpha * x + beta,
            Function::Elu => {
                if x > 0.0 {
                    x
                } else {
                    alpha * libm::expm1(x)
                }
            }
            Function::HardSigmoid => (alpha * x + beta).clamp(0.0, 1.0),
            Function::LeakyRelu => {
                if x < 0.0 {
                    alpha * x
                } else {
                    x
                }
            }
            Function::Relu => x.max(0.0),
            Function::ScaledTanh => alpha * libm::tanh(beta * x),
            Function::Sigmoid => sigmoid(x),
            Function::Softplus => x.max(0.0) + libm::log1p(libm::exp(-x.abs())),
            Function::Softsign => x / (1.0 + x.abs()),
            Function::Tanh => libm::tanh(x),
            Function::ThresholdedRelu => {
                if x >= alpha {
                    x
                } else {
                    0.0
                }
            }
        }
    }
}
