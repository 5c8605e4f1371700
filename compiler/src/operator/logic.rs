//! Comparisons, And, Or, Xor, Not, Where, and operations on bits.

use super::arithmetic::zip;
use super::{Call, Form, Operator};
use crate::lowering::{Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Offsets, Tensor, broadcast_shape, broadcast_strides};
use std::cmp::Ordering;

/// Truth values and bits.
pub(super) struct Logic;

static FORMS: [Form; 14] = [
    Form::new("And", 2, 2),
    Form::new("BitShift", 2, 2).attributes(&["direction"]).since(11),
    Form::new("BitwiseAnd", 2, 2).since(18),
    Form::new("BitwiseOr", 2, 2).since(18),
    Form::new("BitwiseXor", 2, 2).since(18),
    Form::new("Equal", 2, 2),
    Form::new("Greater", 2, 2),
    Form::new("GreaterOrEqual", 2, 2).since(12),
    Form::new("Less", 2, 2),
    Form::new("LessOrEqual", 2, 2).since(12),
    Form::new("Not", 1, 1).since(1),
    Form::new("Or", 2, 2),
    Form::new("Where", 3, 3).since(9),
    Form::new("Xor", 2, 2),
];

impl Operator for Logic {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let output = match call.operator() {
            "Not" => {
                let data = call.bools(0)?.iter().map(|value| !value).collect();
                Tensor::made(ElementType::Bool, call.input(0)?.shape().to_vec(), Data::Bool(data))?
            }
            "Where" => choose(call)?,
            "And" => connective(call, |left, right| left && right)?,
            "Or" => connective(call, |left, right| left || right)?,
            "Xor" => connective(call, |left, right| left != right)?,
            "BitwiseAnd" => bits(call, |left, right| left & right)?,
            "BitwiseOr" => bits(call, |left, right| left | right)?,
            "BitwiseXor" => bits(call, |left, right| left ^ right)?,
            "BitShift" => match call.attributes().required_text("direction")? {
                "LEFT" => bits(call, |left, right| left << distance(right))?,
                "RIGHT" => bits(call, |left, right| left >> distance(right))?,
                got => return Err(call.unsupported("direction", got, "LEFT or RIGHT")),
            },
            _ => comparison(call)?,
        };
        Ok(vec![output])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let operator = site.call.operator();
        let first = site.input(0)?;
        let value = match operator {
            "Not" => negated(&first),
            "Where" => {
                let (yes, no) = (site.input(1)?, site.input(2)?);
                let refused = || site.call.wrong_shape(0, "one that broadcasts with the others");
                let both = broadcast_shape(&yes.shape, &no.shape).ok_or_else(refused)?;
                let shape = broadcast_shape(&first.shape, &both).ok_or_else(refused)?;
                let condition = site.broadcast(&first, &shape)?;
                let (yes, no) = (site.broadcast(&yes, &shape)?, site.broadcast(&no, &shape)?);
                site.choose(&condition, &yes, &no)?
            }
            "And" | "Or" | "Xor" | "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" => {
                let (left, right) = site.pair(&first, &site.input(1)?)?;
                let is_bool = site.call.input(0)?.element_type() == ElementType::Bool;
                match operator {
                    "And" => site.builder.both(&left, &right)?,
                    "Or" => negated(&site.builder.both(&negated(&left), &negated(&right))?),
                    "Xor" => differing(site, &left, &right)?,
                    "Equal" if is_bool => negated(&differing(site, &left, &right)?),
                    "Equal" => negated(&site.builder.differs(&left.plus(&right, -1.0))?),
                    "Greater" | "GreaterOrEqual" => {
                        site.builder.above(&left.plus(&right, -1.0), operator == "GreaterOrEqual")?
                    }
                    _ => site.builder.above(&right.plus(&left, -1.0), operator == "LessOrEqual")?,
                }
            }
            _ => lower_bits(site, operator)?,
        };
        Ok(vec![value])
    }
}

/// The negation of a truth value.
fn negated(value: &Value) -> Value {
    value.times(-1.0).offset(&vec![1.0; value.elements()])
}

/// 1 where two truth values differ: `left + right - 2 * (left and right)`.
fn differing(site: &mut Site<'_, '_, '_>, left: &Value, right: &Value) -> Result<Value, Cause> {
    let both = site.builder.both(left, right)?;
    Ok(left.plus(right, 1.0).plus(&both, -2.0))
}

/// An operation on bits with one constant for all elements, by table.
fn lower_bits(site: &mut Site<'_, '_, '_>, operator: &str) -> Result<Value, Cause> {
    let (is_first, constants) = match (site.fixed(0), site.fixed(1)) {
        (Some(constants), None) => (true, constants),
        (None, Some(constants)) => (false, constants),
        _ => return Err(Cause::NotConstant { tensor: site.call.label(1) }),
    };
    let &[constant, ref others @ ..] = constants.as_slice() else { return Err(Cause::NotLowered) };
    if others.iter().any(|other| *other != constant) {
        return Err(Cause::NotConstant { tensor: site.call.label(1) });
    }
    let (left, right) = site.pair(&site.input(0)?, &site.input(1)?)?;
    let direction = site.call.attributes().text("direction", "")?;
    let result: fn(i128, i128) -> i128 = match (operator, direction) {
        ("BitwiseAnd", _) => |left, right| left & right,
        ("BitwiseOr", _) => |left, right| left | right,
        ("BitwiseXor", _) => |left, right| left ^ right,
        (_, "LEFT") => |left, right| left << distance(right),
        _ => |left, right| left >> distance(right),
    };
    let element_type = site.call.input(0)?.element_type();
    let other = constant as i128;
    site.rounding(if is_first { &right } else { &left }, &|x| {
        let own = x.round() as i128;
        let (left, right) = if is_first { (other, own) } else { (own, other) };
        element_type.integer_to_float(element_type.wrap(result(left, right)))
    })
}

/// The shape that the first two inputs broadcast to.
fn shape(call: &Call<'_>) -> Result<Vec<usize>, Cause> {
    let (left, right) = (call.input(0)?.shape(), call.input(1)?.shape());
    let refused = || call.wrong_shape(1, format!("one that broadcasts with {left:?}"));
    broadcast_shape(left, right).ok_or_else(refused)
}

fn connective(call: &Call<'_>, result: fn(bool, bool) -> bool) -> Result<Tensor, Cause> {
    let (left, right) = (call.bools(0)?, call.bools(1)?);
    let data = zip(call, 1, call.input(0)?, call.input(1)?, |a, b| result(left[a], right[b]))?;
    Tensor::made(ElementType::Bool, shape(call)?, Data::Bool(data))
}

fn bits(call: &Call<'_>, result: fn(i128, i128) -> i128) -> Result<Tensor, Cause> {
    call.same_type(0, 1)?;
    let (left, right) = (call.integers(0)?, call.integers(1)?);
    let element_type = call.input(0)?.element_type();
    let data = zip(call, 1, call.input(0)?, call.input(1)?, |a, b| {
        element_type.wrap(result(element_type.widen(left[a]), element_type.widen(right[b])))
    })?;
    Tensor::made(element_type, shape(call)?, Data::Integer(data))
}

/// The distance of a shift. One that is negative or wider than any type pushes all bits out.
fn distance(right: i128) -> u32 {
    u32::try_from(right).map_or(64, |right| right.min(64))
}

fn comparison(call: &Call<'_>) -> Result<Tensor, Cause> {
    call.same_type(0, 1)?;
    let (left, right) = (call.input(0)?, call.input(1)?);
    let holds: fn(Ordering) -> bool = match call.operator() {
        "Equal" => Ordering::is_eq,
        "Greater" => Ordering::is_gt,
        "GreaterOrEqual" => Ordering::is_ge,
        "Less" => Ordering::is_lt,
        _ => Ordering::is_le,
    };
    let element_type = left.element_type();
    let data = match (left.data(), right.data()) {
        // A comparison with NaN never holds.
        (Data::Float(first), Data::Float(other)) => {
            zip(call, 1, left, right, |a, b| first[a].partial_cmp(&other[b]).is_some_and(holds))?
        }
        (Data::Integer(first), Data::Integer(other)) => zip(call, 1, left, right, |a, b| {
            holds(element_type.widen(first[a]).cmp(&element_type.widen(other[b])))
        })?,
        (Data::Bool(first), Data::Bool(other)) if call.operator() == "Equal" => {
            zip(call, 1, left, right, |a, b| first[a] == other[b])?
        }
        (Data::Text(first), Data::Text(other)) if call.operator() == "Equal" => {
            zip(call, 1, left, right, |a, b| first[a] == other[b])?
        }
        _ => return Err(call.wrong_type(0, "FLOAT")),
    };
    Tensor::made(ElementType::Bool, shape(call)?, Data::Bool(data))
}

/// The second input where the first holds, else the third.
fn choose(call: &Call<'_>) -> Result<Tensor, Cause> {
    let condition = call.bools(0)?;
    call.same_type(1, 2)?;
    let (yes, no) = (call.input(1)?, call.input(2)?);
    let refused = |index: usize| move || call.wrong_shape(index, "one that broadcasts with the others");
    let both = broadcast_shape(yes.shape(), no.shape()).ok_or_else(refused(2))?;
    let own = call.input(0)?.shape();
    let shape = broadcast_shape(own, &both).ok_or_else(refused(0))?;
    let elements = call.elements(&shape)?;
    let walk = |index: usize, from: &[usize]| {
        let strides = broadcast_strides(from, &shape).ok_or_else(refused(index))?;
        Ok(Offsets::new(&shape, &strides, 0))
    };
    let walks = walk(0, own)?.zip(walk(1, yes.shape())?).zip(walk(2, no.shape())?);
    fn chosen<T: Clone>(
        elements: usize,
        walks: impl Iterator<Item = ((usize, usize), usize)>,
        condition: &[bool],
        yes: &[T],
        no: &[T],
    ) -> Vec<T> {
        let mut data = Vec::with_capacity(elements);
        data.extend(walks.map(|((c, a), b)| if condition[c] { yes[a].clone() } else { no[b].clone() }));
        data
    }
    let data = match (yes.data(), no.data()) {
        (Data::Float(yes), Data::Float(no)) => Data::Float(chosen(elements, walks, condition, yes, no)),
        (Data::Integer(yes), Data::Integer(no)) => Data::Integer(chosen(elements, walks, condition, yes, no)),
        (Data::Bool(yes), Data::Bool(no)) => Data::Bool(chosen(elements, walks, condition, yes, no)),
        (Data::Text(yes), Data::Text(no)) => Data::Text(chosen(elements, walks, condition, yes, no)),
        _ => return Err(call.wrong_type(2, yes.element_type().name())),
    };
    Tensor::made(yes.element_type(), shape, data)
}
