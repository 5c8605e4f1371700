//! Add, Sub, Mul, Div, Pow, Mod, Min, Max, Sum and Mean: arithmetic of two or more tensors, with broadcasting.

use super::{Call, Form, Operator};
use crate::lowering::{Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Offsets, Tensor, broadcast_shape, broadcast_strides};

/// Arithmetic, entry by entry.
pub(super) struct Arithmetic;

static FORMS: [Form; 10] = [
    Form::new("Add", 2, 2),
    Form::new("Sub", 2, 2),
    Form::new("Mul", 2, 2),
    Form::new("Div", 2, 2),
    Form::new("Pow", 2, 2),
    Form::new("Mod", 2, 2).attributes(&["fmod"]).since(10),
    Form::variadic("Min"),
    Form::variadic("Max"),
    Form::variadic("Sum"),
    Form::variadic("Mean"),
];

impl Operator for Arithmetic {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let output = match call.operator() {
            "Pow" => power(call)?,
            "Min" | "Max" | "Sum" | "Mean" => several(call)?,
            operator => {
                let truncated = call.attributes().flag("fmod", false)?;
                call.same_type(0, 1)?;
                combine(call, 1, call.input(0)?, call.input(1)?, operator, truncated)?
            }
        };
        Ok(vec![output])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let operator = site.call.operator();
        let is_integer = site.call.input(0)?.element_type().is_integer();
        match operator {
            "Pow" => return Ok(vec![lower_power(site, is_integer)?]),
            "Mod" => return Ok(vec![lower_division(site, is_integer)?]),
            "Div" if is_integer => return Ok(vec![lower_division(site, is_integer)?]),
            _ => {}
        }
        let mut result = site.input(0)?;
        for index in 1..site.call.input_count() {
            let other = site.input(index)?;
            let (mut left, mut right) = site.pair(&result, &other)?;
            if operator == "Add" {
                // What only hides its place, as minus infinity does before a softmax.
                (left, right) = (site.beside(&left, &right), site.beside(&right, &left));
            }
            result = match operator {
                "Add" | "Sum" | "Mean" => left.plus(&right, 1.0),
                "Sub" => left.plus(&right, -1.0),
                "Mul" => site.times(&left, &right)?,
                "Div" => {
                    let inverse = site.function(&right, &|x| if x == 0.0 { 0.0 } else { 1.0 / x })?;
                    site.times(&left, &inverse)?
                }
                "Max" => site.larger(&left, &right)?,
                "Min" => site.smaller(&left, &right)?,
                _ => return Err(Cause::NotLowered),
            };
        }
        Ok(vec![if operator == "Mean" { result.times(1.0 / site.call.input_count() as f64) } else { result }])
    }
}

/// The one number of a constant input.
///
/// Errors: [`Cause::NotConstant`] for an input that varies, or is not the same for all elements.
fn one_number(site: &Site<'_, '_, '_>, index: usize) -> Result<f64, Cause> {
    let refused = || Cause::NotConstant { tensor: site.call.label(index) };
    let numbers = site.fixed(index).ok_or_else(refused)?;
    match numbers.as_slice() {
        [first, others @ ..] if others.iter().all(|other| other == first) => Ok(*first),
        _ => Err(refused()),
    }
}

/// Mod, and Div of integers, by one constant: a table of every number's result.
fn lower_division(site: &mut Site<'_, '_, '_>, is_integer: bool) -> Result<Value, Cause> {
    let divisor = one_number(site, 1)?;
    let truncated = site.call.attributes().flag("fmod", false)?;
    let (left, _) = site.pair(&site.input(0)?, &site.input(1)?)?;
    let operator = site.call.operator();
    if is_integer {
        let function = integer_function(operator, truncated);
        return site.rounding(&left, &|x| function(x.round() as i128, divisor as i128) as f64);
    }
    let function = float_function(operator, truncated);
    site.rounding(&left, &|x| function(x, divisor))
}

/// A power: a product where the exponent is 2, a table where one of both is one constant, else `e^(exponent * ln base)`.
fn lower_power(site: &mut Site<'_, '_, '_>, is_integer: bool) -> Result<Value, Cause> {
    let (base, exponents) = site.pair(&site.input(0)?, &site.input(1)?)?;
    let element_type = site.call.input(0)?.element_type();
    if let Ok(base) = one_number(site, 0)
        && !is_integer
    {
        return site.function(&exponents, &|x| finite(libm::pow(base, x)));
    }
    let Ok(exponent) = one_number(site, 1) else {
        // Only a base that is above zero on all samples has a logarithm.
        if is_integer || base.samples.iter().flatten().any(|x| *x <= 0.0) {
            return Err(Cause::NotConstant { tensor: site.call.label(1) });
        }
        let logarithm = site.function(&base, &libm::log)?;
        let product = site.times(&logarithm, &exponents)?;
        return site.function(&product, &libm::exp);
    };
    match exponent {
        1.0 => Ok(base),
        2.0 => {
            let base = site.builder.single(&base)?.0;
            site.times(&base, &base)
        }
        _ if is_integer && exponent.fract() == 0.0 => site.rounding(&base, &|x| {
            element_type.integer_to_float(integer_power(element_type, x.round() as i64, exponent as i128))
        }),
        _ if is_integer => site.rounding(&base, &|x| finite(libm::pow(x.round(), exponent)).trunc()),
        _ => site.function(&base, &|x| finite(libm::pow(x, exponent))),
    }
}

fn finite(x: f64) -> f64 {
    if x.is_finite() { x } else { 0.0 }
}

/// The function of a float operator.
fn float_function(operator: &str, truncated: bool) -> fn(f64, f64) -> f64 {
    match operator {
        "Add" | "Sum" | "Mean" => |left, right| left + right,
        "Sub" => |left, right| left - right,
        "Mul" => |left, right| left * right,
        "Div" => |left, right| left / right,
        // A NaN is passed on, from either side.
        "Min" => |left, right| if left.is_nan() || left < right { left } else { right },
        "Max" => |left, right| if left.is_nan() || left > right { left } else { right },
        _ if truncated => |left, right| left % right,
        // The sign of the divisor; an infinite one leaves what has its sign.
        _ => |left, right| {
            let rest = left % right;
            if rest != 0.0 && (rest < 0.0) != (right < 0.0) { rest + right } else { rest }
        },
    }
}

/// The function of an integer operator before it wraps. What ONNX leaves open, division by zero, gives zero.
fn integer_function(operator: &str, truncated: bool) -> fn(i128, i128) -> i128 {
    match operator {
        "Add" | "Sum" | "Mean" => |left, right| left + right,
        "Sub" => |left, right| left - right,
        "Mul" => |left, right| left.wrapping_mul(right),
        "Div" => |left, right| left.checked_div(right).unwrap_or(0),
        "Min" => |left, right| left.min(right),
        "Max" => |left, right| left.max(right),
        _ if truncated => |left, right| left.checked_rem(right).unwrap_or(0),
        _ => |left, right| {
            left.checked_rem(right)
                .map_or(0, |rest| if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest })
        },
    }
}

/// Two tensors of one type, broadcast to each other.
fn combine(
    call: &Call<'_>,
    second: usize,
    left: &Tensor,
    right: &Tensor,
    operator: &str,
    truncated: bool,
) -> Result<Tensor, Cause> {
    let element_type = left.element_type();
    let (float, integer) = (float_function(operator, truncated), integer_function(operator, truncated));
    let data = match (left.data(), right.data()) {
        (Data::Float(first), Data::Float(other)) => {
            Data::Float(zip(call, second, left, right, |a, b| float(first[a], other[b]))?)
        }
        (Data::Integer(first), Data::Integer(other)) => {
            Data::Integer(zip(call, second, left, right, |a, b| {
                let (a, b) = (element_type.widen(first[a]), element_type.widen(other[b]));
                element_type.wrap(integer(a, b))
            })?)
        }
        _ => return Err(call.wrong_type(second, "FLOAT")),
    };
    let shape = broadcast_shape(left.shape(), right.shape()).unwrap_or_default();
    Tensor::made(element_type, shape, data)
}

/// One result for every pair of positions of two tensors that broadcast to each other.
pub(super) fn zip<T>(
    call: &Call<'_>,
    second: usize,
    left: &Tensor,
    right: &Tensor,
    result: impl Fn(usize, usize) -> T,
) -> Result<Vec<T>, Cause> {
    let refused = || call.wrong_shape(second, format!("one that broadcasts with {:?}", left.shape()));
    let shape = broadcast_shape(left.shape(), right.shape()).ok_or_else(refused)?;
    let elements = call.elements(&shape)?;
    if left.shape() == right.shape() {
        return Ok((0..elements).map(|index| result(index, index)).collect());
    }
    let strides = |tensor: &Tensor| broadcast_strides(tensor.shape(), &shape).ok_or_else(refused);
    let first = Offsets::new(&shape, &strides(left)?, 0);
    let other = Offsets::new(&shape, &strides(right)?, 0);
    Ok(first.zip(other).map(|(a, b)| result(a, b)).collect())
}

/// `left ^ right`; the result has the type of the base.
fn power(call: &Call<'_>) -> Result<Tensor, Cause> {
    let (base, exponent) = (call.input(0)?, call.input(1)?);
    let element_type = base.element_type();
    let exponents = exponent.to_floats().ok_or_else(|| call.wrong_type(1, "FLOAT"))?;
    let shape = broadcast_shape(base.shape(), exponent.shape())
        .ok_or_else(|| call.wrong_shape(1, format!("one that broadcasts with {:?}", base.shape())))?;
    let data = match (base.data(), exponent.as_integers()) {
        (Data::Float(bases), _) => {
            Data::Float(zip(call, 1, base, exponent, |a, b| libm::pow(bases[a], exponents[b]))?)
        }
        (Data::Integer(bases), Some(integers)) => Data::Integer(zip(call, 1, base, exponent, |a, b| {
            integer_power(element_type, bases[a], exponent.element_type().widen(integers[b]))
        })?),
        (Data::Integer(bases), None) => Data::Integer(zip(call, 1, base, exponent, |a, b| {
            let power = libm::pow(element_type.integer_to_float(bases[a]), exponents[b]);
            // Saturates, and gives 0 for NaN.
            element_type.wrap(power as i128)
        })?),
        _ => return Err(call.wrong_type(0, "FLOAT")),
    };
    Tensor::made(element_type, shape, data)
}

/// A power modulo the type's range. A negative exponent gives the reciprocal, rounded towards zero.
fn integer_power(element_type: ElementType, base: i64, exponent: i128) -> i64 {
    let base = element_type.widen(base);
    if exponent < 0 {
        return match base {
            1 => 1,
            -1 if exponent % 2 == 0 => 1,
            -1 => -1,
            _ => 0,
        };
    }
    let (mut power, mut square, mut rest) = (1i64, element_type.wrap(base), exponent);
    while rest > 0 {
        if rest % 2 == 1 {
            power = power.wrapping_mul(square);
        }
        square = square.wrapping_mul(square);
        rest /= 2;
    }
    element_type.wrap(i128::from(power))
}

/// Min, Max, Sum and Mean of any number of tensors.
fn several(call: &Call<'_>) -> Result<Tensor, Cause> {
    let inputs = call.all_inputs()?;
    let mut result = call.input(0)?.clone();
    for (index, input) in inputs.iter().enumerate().skip(1) {
        call.same_type(0, index)?;
        result = combine(call, index, &result, input, call.operator(), false)?;
    }
    if call.operator() == "Mean" {
        let (element_type, shape) = (result.element_type(), result.shape().to_vec());
        let Data::Float(mut sums) = result.into_data() else { return Err(call.wrong_type(0, "FLOAT")) };
        sums.iter_mut().for_each(|sum| *sum /= inputs.len() as f64);
        return Tensor::made(element_type, shape, Data::Float(sums));
    }
    Ok(result)
}
