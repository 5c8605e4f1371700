//! Matrix products: MatMul of two tensors of any rank, and Gemm.

use super::{Call, Form, Operator};
use crate::lowering::{Labels, Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, Offsets, Tensor, broadcast_shape, broadcast_strides};

/// Matrix products.
pub(super) struct Matrix;

static FORMS: [Form; 2] = [
    Form::new("MatMul", 2, 2),
    Form::new("Gemm", 2, 3).attributes(&["alpha", "beta", "transA", "transB", "broadcast"]),
];

impl Operator for Matrix {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        call.same_type(0, 1)?;
        let output = if call.operator() == "Gemm" { gemm(call)? } else { matmul(call)? };
        Ok(vec![output])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let (left, right) = (site.input(0)?, site.input(1)?);
        if site.call.operator() != "Gemm" {
            return Ok(vec![multiplied(site, left, right)?]);
        }
        let attributes = site.call.attributes();
        let (alpha, beta) = (attributes.float("alpha", 1.0)?, attributes.float("beta", 1.0)?);
        let (first, second) = (attributes.flag("transA", false)?, attributes.flag("transB", false)?);
        let left = if first { turned(site, &left)? } else { left };
        let right = if second { turned(site, &right)? } else { right };
        let product = multiplied(site, left, right)?.times(alpha);
        if site.call.optional(2).is_none() {
            return Ok(vec![product]);
        }
        let added = site.input(2)?;
        let added = site.broadcast(&added, &product.shape)?;
        Ok(vec![product.plus(&added, beta)])
    }
}

/// One matrix in the data of a tensor: where it begins, its sizes, and the steps along rows and columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_step: usize,
    pub(super) column_step: usize,
}

impl Place {
    fn row_major(start: usize, rows: usize, columns: usize) -> Self {
        Self { start, rows, columns, row_step: columns, column_step: 1 }
    }

    fn transposed(self) -> Self {
        Self {
            start: self.start,
            rows: self.columns,
            columns: self.rows,
            row_step: self.column_step,
            column_step: self.row_step,
        }
    }
}

/// Appends the product of two matrices, row by row, each entry summed in one order.
///
/// Owes: the columns of the left are the rows of the right, and both lie in their data.
pub(super) fn product(left: (&[f64], Place), right: (&[f64], Place), output: &mut Vec<f64>) {
    let ((left, first), (right, second)) = (left, right);
    let mut sums = vec![0.0; second.columns];
    for row in 0..first.rows {
        sums.fill(0.0);
        for inner in 0..first.columns {
            let factor = left[first.start + row * first.row_step + inner * first.column_step];
            let begin = second.start + inner * second.row_step;
            if second.column_step == 1 {
                let entries = &right[begin..begin + second.columns];
                sums.iter_mut().zip(entries).for_each(|(sum, entry)| *sum += factor * entry);
            } else {
                for (column, sum) in sums.iter_mut().enumerate() {
                    *sum += factor * right[begin + column * second.column_step];
                }
            }
        }
        output.extend_from_slice(&sums);
    }
}

/// The same on integers, which wrap.
fn integer_product(left: (&[i64], Place), right: (&[i64], Place), output: &mut Vec<i64>) {
    let ((left, first), (right, second)) = (left, right);
    for row in 0..first.rows {
        for column in 0..second.columns {
            let entry = |inner: usize| {
                let factor = left[first.start + row * first.row_step + inner * first.column_step];
                let other = right[second.start + inner * second.row_step + column * second.column_step];
                factor.wrapping_mul(other)
            };
            output.push((0..first.columns).map(entry).fold(0, i64::wrapping_add));
        }
    }
}

/// The shapes of a product of two tensors of any rank.
#[derive(Debug)]
pub(super) struct Batched {
    /// The result.
    pub(super) shape: Vec<usize>,
    /// The two matrices of every product.
    pub(super) places: Vec<(Place, Place)>,
}

/// How the last two axes of two shapes multiply, for every place of the axes before. A vector is a row on the left and a
/// column on the right, and its axis goes.
pub(super) fn batched(call: &Call<'_>, left: &[usize], right: &[usize]) -> Result<Batched, Cause> {
    let refused = || call.wrong_shape(1, format!("one whose rows are the columns of {left:?}"));
    let (left_batch, rows, inner) = match left {
        [] => return Err(call.wrong_shape(0, "at least one axis")),
        [inner] => (&[][..], 1, *inner),
        [batch @ .., rows, inner] => (batch, *rows, *inner),
    };
    let (right_batch, other, columns) = match right {
        [] => return Err(call.wrong_shape(1, "at least one axis")),
        [inner] => (&[][..], *inner, 1),
        [batch @ .., inner, columns] => (batch, *inner, *columns),
    };
    if inner != other {
        return Err(refused());
    }
    let batch = broadcast_shape(left_batch, right_batch).ok_or_else(refused)?;
    let mut shape = batch.clone();
    if left.len() > 1 {
        shape.push(rows);
    }
    if right.len() > 1 {
        shape.push(columns);
    }
    let elements = call.elements(&shape)?;
    call.spend((elements as u64).saturating_mul(inner as u64))?;
    let starts = |own: &[usize]| {
        let strides = broadcast_strides(own, &batch).ok_or_else(refused)?;
        Ok(Offsets::new(&batch, &strides, 0))
    };
    let places = starts(left_batch)?.zip(starts(right_batch)?).map(|(first, second)| {
        (
            Place::row_major(first * rows * inner, rows, inner),
            Place::row_major(second * inner * columns, inner, columns),
        )
    });
    Ok(Batched { shape, places: places.collect() })
}

fn matmul(call: &Call<'_>) -> Result<Tensor, Cause> {
    let (left, right) = (call.input(0)?, call.input(1)?);
    let batched = batched(call, left.shape(), right.shape())?;
    let data = match (left.data(), right.data()) {
        (Data::Float(first), Data::Float(second)) => {
            let mut output = Vec::with_capacity(call.elements(&batched.shape)?);
            for &(left, right) in &batched.places {
                product((first, left), (second, right), &mut output);
            }
            Data::Float(output)
        }
        (Data::Integer(first), Data::Integer(second)) => {
            let mut output = Vec::with_capacity(call.elements(&batched.shape)?);
            for &(left, right) in &batched.places {
                integer_product((first, left), (second, right), &mut output);
            }
            let wrap = |value: i64| left.element_type().wrap(i128::from(value));
            Data::Integer(output.into_iter().map(wrap).collect())
        }
        _ => return Err(call.wrong_type(0, "FLOAT")),
    };
    Tensor::made(left.element_type(), batched.shape, data)
}

/// `alpha * A' * B' + beta * C`
fn gemm(call: &Call<'_>) -> Result<Tensor, Cause> {
    let attributes = call.attributes();
    let (alpha, beta) = (attributes.float("alpha", 1.0)?, attributes.float("beta", 1.0)?);
    let place = |index: usize, transposed: bool| {
        let &[rows, columns] = call.input(index)?.shape() else {
            return Err(call.wrong_shape(index, "two axes"));
        };
        let place = Place::row_major(0, rows, columns);
        Ok(if transposed { place.transposed() } else { place })
    };
    let left = place(0, attributes.flag("transA", false)?)?;
    let right = place(1, attributes.flag("transB", false)?)?;
    if left.columns != right.rows {
        return Err(
            call.wrong_shape(1, format!("one whose rows are the {} columns of the first", left.columns))
        );
    }
    let shape = [left.rows, right.columns];
    let elements = call.elements(&shape)?;
    call.spend((elements as u64).saturating_mul(left.columns as u64))?;
    let addend = match call.optional(2) {
        None => None,
        Some(tensor) => {
            call.same_type(0, 2)?;
            let refused = || call.wrong_shape(2, format!("one that broadcasts to {shape:?}"));
            Some(tensor.broadcast(&shape).ok_or_else(refused)?)
        }
    };
    let data = match (call.input(0)?.data(), call.input(1)?.data()) {
        (Data::Float(first), Data::Float(second)) => {
            let mut output = Vec::with_capacity(elements);
            product((first, left), (second, right), &mut output);
            output.iter_mut().for_each(|entry| *entry *= alpha);
            if let Some(addend) = addend.as_ref().and_then(Tensor::as_floats) {
                output.iter_mut().zip(addend).for_each(|(entry, addend)| *entry += beta * addend);
            }
            Data::Float(output)
        }
        (Data::Integer(first), Data::Integer(second)) => {
            let mut output = Vec::with_capacity(elements);
            integer_product((first, left), (second, right), &mut output);
            let zeros = vec![0; elements];
            let addend = addend.as_ref().and_then(Tensor::as_integers).unwrap_or(&zeros);
            let element_type = call.input(0)?.element_type();
            let sum = |(&entry, &addend): (&i64, &i64)| {
                element_type.wrap((alpha * entry as f64 + beta * addend as f64) as i128)
            };
            Data::Integer(output.iter().zip(addend).map(sum).collect())
        }
        _ => return Err(call.wrong_type(0, "FLOAT")),
    };
    Tensor::made(call.input(0)?.element_type(), shape.to_vec(), data)
}

/// A matrix with its axes exchanged.
fn turned(site: &mut Site<'_, '_, '_>, value: &Value) -> Result<Value, Cause> {
    let [rows, columns] = *value.shape else { return Err(site.call.wrong_shape(0, "a matrix")) };
    let from: Vec<u32> =
        (0..columns * rows).map(|place| (place % rows * columns + place / rows) as u32).collect();
    site.moved(value, vec![columns, rows], &from)
}

/// The product of two tensors as MatMul defines it: vectors get an axis that goes again, other axes broadcast.
pub(super) fn multiplied(site: &mut Site<'_, '_, '_>, left: Value, right: Value) -> Result<Value, Cause> {
    let (is_row, is_column) = (left.shape.len() == 1, right.shape.len() == 1);
    let left = if is_row { Value { shape: vec![1, left.shape[0]], ..left } } else { left };
    let right = if is_column { Value { shape: vec![right.shape[0], 1], ..right } } else { right };
    let ([left_outer @ .., rows, inner], [right_outer @ .., _, columns]) =
        (left.shape.as_slice(), right.shape.as_slice())
    else {
        return Err(site.call.wrong_shape(0, "at least one axis"));
    };
    let outer = broadcast_shape(left_outer, right_outer)
        .ok_or_else(|| site.call.wrong_shape(1, "axes that broadcast"))?;
    let shape = [outer.as_slice(), &[*rows, *columns]].concat();
    let labels = Labels::new(&shape, &[*inner]);
    let rank = outer.len();
    // Axes that are repeated are no labels of the operand.
    let own = |sizes: &[usize], last: [usize; 2]| {
        let missing = rank - sizes.len();
        let axes =
            (0..sizes.len()).filter(|axis| sizes[*axis] == outer[axis + missing]).map(|axis| axis + missing);
        axes.chain(last).collect::<Vec<_>>()
    };
    let left_table = labels.axes(&own(left_outer, [rank, rank + 2]));
    let right_table = labels.axes(&own(right_outer, [rank + 2, rank + 1]));
    let result = match (left.fixed(), right.fixed()) {
        (_, Some(weights)) => {
            site.builder.weighted(&labels, (&left, &left_table), (&weights, &right_table))?
        }
        (Some(weights), None) => {
            site.builder.weighted(&labels, (&right, &right_table), (&weights, &left_table))?
        }
        (None, None) => site.builder.product(&labels, (&left, &left_table), (&right, &right_table))?,
    };
    let mut shape = outer;
    shape.extend((!is_row).then_some(result.shape[rank]));
    shape.extend((!is_column).then_some(result.shape[rank + 1]));
    Ok(Value { shape, ..result })
}
