//! One function for every ONNX operator: its attributes, its shapes, and its step of the float model.

use super::attributes::Attributes;
use super::import::{Importer, Value, check_width, is_own_domain};
use super::message::Node;
use super::obstacle::Cause;
use super::tensor::{self, Constant, ElementType, MAGNITUDE, Values};
use crate::network::{Matrix, Operation};
use std::rc::Rc;

/// A value that depends on the input, and its shape for one observation.
struct Activation {
    value: usize,
    shape: Vec<usize>,
}

impl Activation {
    fn width(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Operands of an operator with two inputs.
enum Pair {
    Both(Activation, Activation),
    Left(Activation, Constant),
    Right(Constant, Activation),
    Unknown,
}

#[derive(Clone, Copy)]
enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
}

impl<'n, 'a> Importer<'n, 'a> {
    /// What the node's first output is.
    pub(super) fn value_of_node(&mut self, node: &'n Node<'a>, index: usize) -> Result<Value, Cause> {
        if !is_own_domain(node.domain) {
            return Err(Cause::Domain { domain: node.domain.into() });
        }
        let mut attributes = Attributes::of(node);
        if node.outputs.first().is_none_or(|name| name.is_empty()) {
            return Err(Cause::OutputCount { got: node.outputs.len() });
        }
        match node.operator {
            "Gemm" => self.gemm(node, index, attributes),
            "MatMul" => {
                attributes.finish()?;
                check_inputs(node, 2, 2)?;
                let pair = self.pair(node)?;
                self.product(index, pair, node, false, 1.0, None)
            }
            "Add" | "Sub" | "Mul" | "Div" => {
                attributes.finish()?;
                check_inputs(node, 2, 2)?;
                self.arithmetic(node, index)
            }
            "Relu" => {
                attributes.finish()?;
                check_inputs(node, 1, 1)?;
                let Some(source) = self.activation(node)? else { return Ok(Value::Unknown) };
                let width = source.width();
                self.spend(node.outputs[0], width)?;
                let value = self.append(index, Operation::Relu { source: source.value }, width);
                Ok(Value::Activation { value, shape: source.shape })
            }
            "Flatten" => self.flatten(node, attributes),
            "Reshape" => self.reshape(node, attributes),
            "Identity" => {
                attributes.finish()?;
                check_inputs(node, 1, 1)?;
                self.operand_or_last(node.inputs[0])
            }
            "Dropout" => {
                attributes.optional_float("ratio")?;
                attributes.optional_integer("seed")?;
                attributes.finish()?;
                // A third input would switch dropping on.
                check_inputs(node, 1, 2)?;
                self.operand(node.inputs[0])
            }
            "Cast" => self.cast(node, attributes),
            "Constant" => self.constant(node, attributes),
            "ArgMax" => {
                let axis = attributes.integer("axis", 0)?;
                attributes.integer("keepdims", 1)?;
                if attributes.integer("select_last_index", 0)? != 0 {
                    return Err(unsupported("select_last_index", 1, "0: the lowest index wins a tie"));
                }
                attributes.finish()?;
                self.last(node, index, axis)
            }
            "Softmax" | "LogSoftmax" => {
                let axis = attributes.integer("axis", if self.opset >= 13 { -1 } else { 1 })?;
                attributes.finish()?;
                self.last(node, index, axis)
            }
            _ => Err(Cause::Operator),
        }
    }

    fn gemm(
        &mut self,
        node: &'n Node<'a>,
        index: usize,
        mut attributes: Attributes<'n, 'a>,
    ) -> Result<Value, Cause> {
        let alpha = attributes.float("alpha", 1.0)?;
        let beta = attributes.float("beta", 1.0)?;
        let trans_a = attributes.integer("transA", 0)?;
        let trans_b = attributes.integer("transB", 0)?;
        attributes.finish()?;
        check_inputs(node, 2, 3)?;
        if trans_a != 0 {
            return Err(unsupported("transA", trans_a, "transA=0"));
        }
        let pair = self.pair(node)?;
        let addend = match node.inputs.get(2).filter(|name| !name.is_empty()) {
            None => None,
            Some(&name) => match self.operand(name)? {
                Value::Constant(constant) => Some((constant, beta)),
                Value::Activation { .. } => return Err(Cause::NotConstant { tensor: name.into() }),
                Value::Last { .. } | Value::Unknown => return Ok(Value::Unknown),
            },
        };
        self.product(index, pair, node, trans_b != 0, alpha, addend)
    }

    /// `alpha * row * weight + beta * addend`.
    fn product(
        &mut self,
        index: usize,
        pair: Pair,
        node: &'n Node<'a>,
        transposed: bool,
        alpha: f64,
        addend: Option<(Constant, f64)>,
    ) -> Result<Value, Cause> {
        let (source, weight) = match pair {
            Pair::Left(source, weight) => (source, weight),
            Pair::Both(..) => return Err(Cause::NotConstant { tensor: node.inputs[1].into() }),
            Pair::Right(..) => {
                let expected = "the weight as the second operand, not as the first".into();
                return Err(Cause::Shape { tensor: node.inputs[0].into(), got: Vec::new(), expected });
            }
            Pair::Unknown => return Ok(Value::Unknown),
        };
        let columns = source.width();
        if source.shape.last() != Some(&columns) {
            let expected = format!("[1, {columns}] (flatten it first)");
            return Err(Cause::Shape { tensor: node.inputs[0].into(), got: source.shape, expected });
        }
        let &[first, second] = weight.shape.as_slice() else {
            let expected = format!("two dimensions, one of them {columns}");
            return Err(Cause::Shape { tensor: weight.name, got: weight.shape, expected });
        };
        let (inner, rows) = if transposed { (second, first) } else { (first, second) };
        if inner != columns {
            let expected = if transposed { format!("[n, {columns}]") } else { format!("[{columns}, n]") };
            return Err(Cause::Shape { tensor: weight.name, got: weight.shape, expected });
        }
        let output = node.outputs[0];
        check_width(output, rows)?;
        self.spend(&weight.name, rows * columns + rows)?;
        let mut shape = source.shape;
        if let Some(last) = shape.last_mut() {
            *last = rows;
        }
        let bias = match addend {
            None => vec![0.0; rows],
            Some((addend, beta)) => {
                let entries = broadcast(self.real(&addend)?, &addend, &shape)?;
                entries.iter().map(|entry| beta * entry).collect()
            }
        };
        let reals = self.real(&weight)?;
        let entries: Rc<[f64]> = if transposed {
            reals.iter().map(|weight| alpha * weight).collect()
        } else {
            (0..rows * columns).map(|at| alpha * reals[(at % columns) * rows + at / columns]).collect()
        };
        tensor::check_reals(&weight.name, &entries)?;
        tensor::check_reals(output, &bias)?;
        let matrix = Matrix { rows, columns, entries };
        let value = self.append(index, Operation::Linear { source: source.value, matrix, bias }, rows);
        Ok(Value::Activation { value, shape })
    }

    fn arithmetic(&mut self, node: &'n Node<'a>, index: usize) -> Result<Value, Cause> {
        let operator = match node.operator {
            "Add" => Arithmetic::Add,
            "Sub" => Arithmetic::Sub,
            "Mul" => Arithmetic::Mul,
            _ => Arithmetic::Div,
        };
        let (source, constant, source_is_left) = match self.pair(node)? {
            Pair::Unknown => return Ok(Value::Unknown),
            Pair::Left(source, constant) => (source, constant, true),
            Pair::Right(constant, source) => (source, constant, false),
            Pair::Both(left, right) => return self.sum(node, index, operator, left, right),
        };
        let width = source.width();
        let entries = broadcast(self.real(&constant)?, &constant, &source.shape)?;
        self.spend(&constant.name, 2 * width)?;
        let (factor, offset) = match (operator, source_is_left) {
            (Arithmetic::Add, _) => (vec![1.0; width], entries),
            (Arithmetic::Sub, true) => (vec![1.0; width], entries.iter().map(|entry| -entry).collect()),
            (Arithmetic::Sub, false) => (vec![-1.0; width], entries),
            (Arithmetic::Mul, _) => (entries, vec![0.0; width]),
            (Arithmetic::Div, true) => (inverses(&constant, &entries)?, vec![0.0; width]),
            (Arithmetic::Div, false) => return Err(Cause::ProductOfActivations),
        };
        let value = self.append(index, Operation::Scale { source: source.value, factor, offset }, width);
        Ok(Value::Activation { value, shape: source.shape })
    }

    fn sum(
        &mut self,
        node: &'n Node<'a>,
        index: usize,
        operator: Arithmetic,
        left: Activation,
        right: Activation,
    ) -> Result<Value, Cause> {
        let sign = match operator {
            Arithmetic::Add => 1.0,
            Arithmetic::Sub => -1.0,
            Arithmetic::Mul | Arithmetic::Div => return Err(Cause::ProductOfActivations),
        };
        if left.shape != right.shape {
            let expected = format!("{:?}", left.shape);
            return Err(Cause::Shape { tensor: node.inputs[1].into(), got: right.shape, expected });
        }
        let width = left.width();
        self.spend(node.outputs[0], width)?;
        let value = self.append(index, Operation::Sum { left: left.value, right: right.value, sign }, width);
        Ok(Value::Activation { value, shape: left.shape })
    }

    fn flatten(&mut self, node: &'n Node<'a>, mut attributes: Attributes<'n, 'a>) -> Result<Value, Cause> {
        let axis = attributes.integer("axis", 1)?;
        attributes.finish()?;
        check_inputs(node, 1, 1)?;
        let Some(source) = self.activation(node)? else { return Ok(Value::Unknown) };
        let rank = source.shape.len() as i64;
        let place = if axis < 0 { axis.saturating_add(rank) } else { axis };
        if !(0..=rank).contains(&place) {
            return Err(unsupported("axis", axis, "an axis of the tensor"));
        }
        let (outer, inner) = source.shape.split_at(place as usize);
        let shape = vec![outer.iter().product(), inner.iter().product()];
        Ok(Value::Activation { value: source.value, shape })
    }

    fn reshape(&mut self, node: &'n Node<'a>, mut attributes: Attributes<'n, 'a>) -> Result<Value, Cause> {
        let allow_zero = attributes.integer("allowzero", 0)?;
        attributes.finish()?;
        check_inputs(node, 2, 2)?;
        let target = self.operand(node.inputs[1])?;
        let source = self.activation(node)?;
        let target = match target {
            Value::Constant(constant) => constant,
            Value::Activation { .. } => return Err(Cause::NotConstant { tensor: node.inputs[1].into() }),
            Value::Last { .. } | Value::Unknown => return Ok(Value::Unknown),
        };
        let Some(to) = target.integers() else {
            let got = target.element_type.name().into();
            return Err(Cause::ElementType { tensor: target.name, got, expected: "INT64" });
        };
        let Some(source) = source else { return Ok(Value::Unknown) };
        match reshaped(&source.shape, to, allow_zero != 0) {
            Some(shape) => Ok(Value::Activation { value: source.value, shape }),
            None => {
                Err(Cause::Reshape { tensor: node.inputs[0].into(), from: source.shape, to: to.to_vec() })
            }
        }
    }

    fn cast(&mut self, node: &'n Node<'a>, mut attributes: Attributes<'n, 'a>) -> Result<Value, Cause> {
        let to = attributes.optional_integer("to")?;
        attributes.optional_integer("saturate")?;
        attributes.finish()?;
        check_inputs(node, 1, 1)?;
        let Some(to) = to else {
            return Err(Cause::AttributeType { attribute: "to".into(), expected: "INT" });
        };
        let Some(source) = self.activation(node)? else { return Ok(Value::Unknown) };
        if ElementType::from_code(to) != Some(self.element_type) {
            return Err(unsupported("to", to, "a cast to the type that the tensor has already"));
        }
        Ok(Value::Activation { value: source.value, shape: source.shape })
    }

    fn constant(&mut self, node: &'n Node<'a>, mut attributes: Attributes<'n, 'a>) -> Result<Value, Cause> {
        let name = node.outputs[0];
        check_inputs(node, 0, 0)?;
        let tensor = attributes.optional_tensor("value")?;
        let float = attributes.optional_float("value_float")?;
        let floats = attributes.optional_floats("value_floats")?;
        let integer = attributes.optional_integer("value_int")?;
        let integers = attributes.optional_integers("value_ints")?;
        attributes.finish()?;
        let real = |shape: Vec<usize>, values: Vec<f64>| {
            tensor::check_reals(name, &values)?;
            let values = Values::Real(values.into());
            Ok(Constant { name: name.into(), shape, element_type: ElementType::Float, values })
        };
        let whole = |shape: Vec<usize>, values: Vec<i64>| {
            let values = Values::Integer(values.into());
            Ok(Constant { name: name.into(), shape, element_type: ElementType::Int64, values })
        };
        let constant = match (tensor, float, floats, integer, integers) {
            (Some(tensor), None, None, None, None) => tensor::decode(tensor, name),
            (None, Some(float), None, None, None) => real(Vec::new(), vec![f64::from(float)]),
            (None, None, Some(floats), None, None) => {
                real(vec![floats.len()], floats.iter().map(|&float| f64::from(float)).collect())
            }
            (None, None, None, Some(integer), None) => whole(Vec::new(), vec![integer]),
            (None, None, None, None, Some(integers)) => whole(vec![integers.len()], integers.to_vec()),
            _ => Err(Cause::AttributeType {
                attribute: "value".into(),
                expected: "TENSOR (exactly one value)",
            }),
        };
        constant.map(Value::Constant)
    }

    /// An operator that keeps the largest entry the largest, over the row of outputs.
    fn last(&mut self, node: &'n Node<'a>, index: usize, axis: i64) -> Result<Value, Cause> {
        check_inputs(node, 1, 1)?;
        let (value, shape) = match self.operand_or_last(node.inputs[0])? {
            Value::Activation { value, shape } => (value, shape),
            Value::Last { value, maker } if node.operator == "ArgMax" => {
                let width = self.network.width(value);
                // The maker checked that its input is a row; a softmax keeps the shape.
                let _ = maker;
                (value, vec![1, width])
            }
            Value::Last { .. } => return self.operand(node.inputs[0]),
            Value::Constant(_) => return Err(Cause::OnlyConstants),
            Value::Unknown => return Ok(Value::Unknown),
        };
        let rank = shape.len() as i64;
        let place = if axis < 0 { axis.saturating_add(rank) } else { axis };
        let is_row = rank > 0 && place == rank - 1 && shape[place as usize] == self.network.width(value);
        if !is_row {
            return Err(unsupported("axis", axis, "the last axis, over a row [1, n]"));
        }
        Ok(Value::Last { value, maker: index })
    }

    /// The first operand, which must depend on the input; `None` where it was refused already.
    fn activation(&mut self, node: &'n Node<'a>) -> Result<Option<Activation>, Cause> {
        match self.operand(node.inputs[0])? {
            Value::Activation { value, shape } => Ok(Some(Activation { value, shape })),
            Value::Constant(_) => Err(Cause::OnlyConstants),
            Value::Last { .. } | Value::Unknown => Ok(None),
        }
    }

    fn pair(&mut self, node: &'n Node<'a>) -> Result<Pair, Cause> {
        let left = self.operand(node.inputs[0]);
        let right = self.operand(node.inputs[1]);
        Ok(match (left?, right?) {
            (Value::Activation { value, shape }, Value::Constant(constant)) => {
                Pair::Left(Activation { value, shape }, constant)
            }
            (Value::Constant(constant), Value::Activation { value, shape }) => {
                Pair::Right(constant, Activation { value, shape })
            }
            (Value::Activation { value: left, shape: left_shape }, Value::Activation { value, shape }) => {
                Pair::Both(Activation { value: left, shape: left_shape }, Activation { value, shape })
            }
            (Value::Constant(_), Value::Constant(_)) => return Err(Cause::OnlyConstants),
            _ => Pair::Unknown,
        })
    }

    /// The numbers of a constant of the model's own type.
    fn real<'c>(&self, constant: &'c Constant) -> Result<&'c [f64], Cause> {
        match constant.reals() {
            Some(reals) if constant.element_type == self.element_type => Ok(reals),
            _ => Err(Cause::MixedTypes {
                tensor: constant.name.clone(),
                got: constant.element_type.name(),
                input: self.network.input.clone(),
                expected: self.element_type.name(),
            }),
        }
    }
}

fn unsupported(attribute: &str, got: i64, supported: &'static str) -> Cause {
    Cause::AttributeValue { attribute: attribute.into(), got: got.to_string(), supported }
}

fn check_inputs(node: &Node<'_>, minimum: usize, maximum: usize) -> Result<(), Cause> {
    let got = node.inputs.len();
    let required_present = node.inputs.iter().take(minimum).all(|name| !name.is_empty());
    if !(minimum..=maximum).contains(&got) || !required_present {
        return Err(Cause::InputCount { got, minimum, maximum });
    }
    Ok(())
}

/// The constant's entry for every entry of a tensor of `shape`, which the constant must not enlarge.
fn broadcast(reals: &[f64], constant: &Constant, shape: &[usize]) -> Result<Vec<f64>, Cause> {
    let refused = || {
        let expected = format!("{shape:?}, or one that broadcasts to it");
        Cause::Shape { tensor: constant.name.clone(), got: constant.shape.clone(), expected }
    };
    let offset = shape.len().checked_sub(constant.shape.len()).ok_or_else(refused)?;
    let mut strides = vec![0; shape.len()];
    let mut stride = 1;
    for (axis, &size) in constant.shape.iter().enumerate().rev() {
        if size != 1 && size != shape[offset + axis] {
            return Err(refused());
        }
        strides[offset + axis] = if size == 1 { 0 } else { stride };
        stride *= size;
    }
    let width = shape.iter().product();
    let entry = |index: usize| {
        let (mut rest, mut at) = (index, 0);
        for (size, stride) in shape.iter().zip(&strides).rev() {
            at += rest % size * stride;
            rest /= size;
        }
        reals.get(at).copied().ok_or_else(refused)
    };
    (0..width).map(entry).collect()
}

/// One over every entry.
fn inverses(constant: &Constant, entries: &[f64]) -> Result<Vec<f64>, Cause> {
    match entries.iter().position(|entry| (1.0 / entry).abs() > MAGNITUDE) {
        None => Ok(entries.iter().map(|entry| 1.0 / entry).collect()),
        Some(index) => Err(Cause::ZeroDivisor { tensor: constant.name.clone(), index, got: entries[index] }),
    }
}

/// The shape that a reshape gives; `None` where the number of elements changes.
fn reshaped(from: &[usize], to: &[i64], allow_zero: bool) -> Option<Vec<usize>> {
    if to.len() > tensor::RANK {
        return None;
    }
    let total: usize = from.iter().product();
    let mut shape = Vec::with_capacity(to.len());
    let mut inferred = None;
    let mut known = 1usize;
    for (axis, &size) in to.iter().enumerate() {
        let size = match size {
            -1 if inferred.is_none() => {
                inferred = Some(axis);
                shape.push(1);
                continue;
            }
            0 if !allow_zero => *from.get(axis)?,
            size => usize::try_from(size).ok().filter(|&size| size > 0)?,
        };
        known = known.checked_mul(size)?;
        shape.push(size);
    }
    if let Some(axis) = inferred {
        shape[axis] = total / known;
        known = known.checked_mul(shape[axis])?;
    }
    (known == total).then_some(shape)
}
