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
        if site.call.input(0)?.element_type().is_integer() && matches!(operator, "Div" | "Mod" | "Pow") {
            return Err(Cause::NotLowered);
        }
        if operator == "Pow" {
            return Ok(vec![lower_power(site)?]);
        }
        let mut result = site.input(0)?;
        for index in 1..site.call.input_count() {
            let other = site.input(index)?;
            let (left, right) = site.pair(&result, &other)?;
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

/// A power with one constant exponent: a product where it is 2, else a table.
fn lower_power(site: &mut Site<'_, '_, '_>) -> Result<Value, Cause> {
    let (base, exponents) = (site.input(0)?, site.fixed(1).ok_or(Cause::NotLowered)?);
    let Some(exponent) = exponents.first().copied() else { return Err(Cause::NotLowered) };
    if exponents.iter().any(|other| *other != exponent) || exponents.len() > base.elements() {
        return Err(Cause::NotLowered);
    }
    match exponent {
        1.0 => Ok(base),
        2.0 => {
            let base = site.builder.single(&base)?.0;
            site.times(&base, &base)
        }
        _ => site.function(&base, &|x| {
            let power = x.powf(exponent);
            if power.is_finite() { power } else { 0.0 }
        }),
    }
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
            Data::Float(zip(call, 1, base, exponent, |a, b| bases[a].powf(exponents[b]))?)
        }
        (Data::Integer(bases), Some(integers)) => Data::Integer(zip(call, 1, base, exponent, |a, b| {
            integer_power(element_type, bases[a], exponent.element_type().widen(integers[b]))
        })?),
        (Data::Integer(bases), None) => Data::Integer(zip(call, 1, base, exponent, |a, b| {
            let power = element_type.integer_to_float(bases[a]).powf(exponents[b]);
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
