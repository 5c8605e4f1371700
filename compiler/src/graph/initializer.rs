//! Tensors of the file: checked sizes first, then numbers of every element type.

use super::external::{self, ExternalFiles};
use crate::onnx::element_type_name;
use crate::onnx::{Cause, RANK, message};
use crate::tensor::{Data, ElementType, Tensor, bfloat16, checked_elements, float16};

/// The tensor that a `TensorProto` holds.
///
/// Errors: [`Cause::ExternalData`], [`Cause::ExternalRange`], [`Cause::Rank`], [`Cause::Dimension`], [`Cause::Elements`], [`Cause::ElementType`],
/// [`Cause::DataSize`], [`Cause::Value`] for a text that is not UTF-8.
pub(crate) fn decode(
    tensor: &message::Tensor<'_>,
    name: &str,
    files: &ExternalFiles,
) -> Result<Tensor, Cause> {
    let raw = if tensor.is_external { Some(external::bytes(tensor, name, files)?) } else { tensor.raw };
    let (element_type, shape, elements) = header(tensor, name)?;
    let data = match raw {
        Some(raw) => from_raw(raw, tensor, name, element_type, elements)?,
        None => from_typed(tensor, name, element_type, elements)?,
    };
    Tensor::new(element_type, shape, data).ok_or_else(|| size(name, elements, 0))
}

fn header(tensor: &message::Tensor<'_>, name: &str) -> Result<(ElementType, Vec<usize>, usize), Cause> {
    if tensor.dims.len() > RANK {
        return Err(Cause::Rank { tensor: name.to_owned(), got: tensor.dims.len(), limit: RANK });
    }
    let sizes = tensor
        .dims
        .iter()
        .map(|&got| usize::try_from(got).map_err(|_| Cause::Dimension { tensor: name.to_owned(), got }));
    let shape = sizes.collect::<Result<Vec<usize>, Cause>>()?;
    let elements = checked_elements(name, &shape)?;
    let Some(element_type) = ElementType::from_code(tensor.element_type) else {
        let got = element_type_name(tensor.element_type);
        return Err(Cause::ElementType { tensor: name.to_owned(), got, expected: "FLOAT" });
    };
    Ok((element_type, shape, elements))
}

fn size(name: &str, expected: usize, got: usize) -> Cause {
    Cause::DataSize { tensor: name.to_owned(), expected: expected as u64, got: got as u64 }
}

/// Numbers of a tensor as little-endian bytes, and nothing beside them.
fn from_raw(
    raw: &[u8],
    tensor: &message::Tensor<'_>,
    name: &str,
    element_type: ElementType,
    elements: usize,
) -> Result<Data, Cause> {
    let typed = tensor.floats.len()
        + tensor.doubles.len()
        + tensor.integers.len()
        + tensor.short_integers.len()
        + tensor.unsigned_integers.len()
        + tensor.texts.len();
    let Some(width) = element_type.width_bytes() else { return Err(size(name, elements, raw.len())) };
    // Bytes here and in another file would be two answers.
    let typed = typed + if tensor.is_external { tensor.raw.map_or(0, <[u8]>::len) } else { 0 };
    if raw.len() != elements * width || typed != 0 {
        return Err(size(name, elements * width, raw.len() + typed));
    }
    let bits = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
    let entries = raw.chunks_exact(width).map(bits);
    Ok(match element_type {
        ElementType::Float => {
            Data::Float(entries.map(|bits| f64::from(f32::from_bits(bits as u32))).collect())
        }
        ElementType::Double => Data::Float(entries.map(f64::from_bits).collect()),
        ElementType::Float16 => Data::Float(entries.map(|bits| float16(bits as u16)).collect()),
        ElementType::Bfloat16 => Data::Float(entries.map(|bits| bfloat16(bits as u16)).collect()),
        ElementType::Bool => Data::Bool(entries.map(|bits| bits != 0).collect()),
        _ => Data::Integer(entries.map(|bits| element_type.wrap(i128::from(bits))).collect()),
    })
}

/// Numbers of a tensor in the field of their type.
fn from_typed(
    tensor: &message::Tensor<'_>,
    name: &str,
    element_type: ElementType,
    elements: usize,
) -> Result<Data, Cause> {
    let integers = || match element_type {
        ElementType::Int64 => &tensor.integers,
        ElementType::Uint32 | ElementType::Uint64 => &tensor.unsigned_integers,
        _ => &tensor.short_integers,
    };
    let data = match element_type {
        ElementType::Float => Data::Float(tensor.floats.iter().map(|&value| f64::from(value)).collect()),
        ElementType::Double => Data::Float(tensor.doubles.clone()),
        ElementType::Float16 => Data::Float(integers().iter().map(|&bits| float16(bits as u16)).collect()),
        ElementType::Bfloat16 => Data::Float(integers().iter().map(|&bits| bfloat16(bits as u16)).collect()),
        ElementType::Bool => Data::Bool(integers().iter().map(|&value| value != 0).collect()),
        ElementType::Text => Data::Text(
            tensor.texts.iter().map(|bytes| text(bytes, name)).collect::<Result<Vec<String>, Cause>>()?,
        ),
        _ => Data::Integer(integers().iter().map(|&value| element_type.wrap(i128::from(value))).collect()),
    };
    if data.len() != elements {
        return Err(size(name, elements, data.len()));
    }
    Ok(data)
}

/// The text of these bytes.
pub(super) fn text(bytes: &[u8], name: &str) -> Result<String, Cause> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(Cause::Value { tensor: name.to_owned(), got: "a text that is not UTF-8".into() }),
    }
}
