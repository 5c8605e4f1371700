//! Inputs of the graph: element types, and shapes with the batch bound to one.

use super::Options;
use crate::onnx::message::{Dimension, ValueInfo};
use crate::onnx::{Cause, RANK, element_type_name};
use crate::tensor::{Data, ElementType, Tensor, checked_elements};

/// A tensor of the type and shape that an input declares. Floats are 0.5 (neither a pole of a function nor, cast to
/// an integer, another index than the first), everything else is zero.
///
/// Errors: [`Cause::ElementType`], [`Cause::InputShapeMissing`], [`Cause::Rank`], [`Cause::Dimension`],
/// [`Cause::DynamicDimension`], [`Cause::Elements`].
pub(crate) fn sample(input: &ValueInfo<'_>, options: &Options) -> Result<Tensor, Cause> {
    let code = input.element_type.unwrap_or_default();
    let Some(element_type) = ElementType::from_code(code) else {
        let got = element_type_name(code);
        return Err(Cause::ElementType { tensor: input.name.to_owned(), got, expected: "FLOAT" });
    };
    let shape = match options.shapes.get(input.name) {
        Some(shape) => shape.clone(),
        None => declared(input, options)?,
    };
    if shape.len() > RANK {
        return Err(Cause::Rank { tensor: input.name.to_owned(), got: shape.len(), limit: RANK });
    }
    let elements = checked_elements(input.name, &shape)?;
    let data = match element_type {
        ElementType::Bool => Data::Bool(vec![false; elements]),
        ElementType::Text => Data::Text(vec![String::new(); elements]),
        _ if element_type.is_float() => Data::Float(vec![0.5; elements]),
        _ => Data::Integer(vec![0; elements]),
    };
    Tensor::made(element_type, shape, data)
}

/// The shape that the file declares, open dimensions bound.
fn declared(input: &ValueInfo<'_>, options: &Options) -> Result<Vec<usize>, Cause> {
    let dimensions = input.shape.as_deref().ok_or(Cause::InputShapeMissing)?.iter().enumerate();
    dimensions.map(|(index, dimension)| size(input.name, index, *dimension, options)).collect()
}

/// The size of one dimension. Some exporters write 0 or -1 for a batch of any size.
fn size(input: &str, index: usize, dimension: Dimension<'_>, options: &Options) -> Result<usize, Cause> {
    match dimension {
        Dimension::Named(name) => match options.dimensions.get(name) {
            Some(&size) => Ok(size),
            None if index == 0 => Ok(1),
            None => Err(Cause::DynamicDimension { index, name: name.to_owned() }),
        },
        Dimension::Unknown | Dimension::Size(-1) if index == 0 => Ok(1),
        Dimension::Unknown | Dimension::Size(-1) => {
            Err(Cause::DynamicDimension { index, name: String::new() })
        }
        Dimension::Size(got) => match usize::try_from(got) {
            Ok(0) if index == 0 => Ok(1),
            Ok(size) => Ok(size),
            Err(_) => Err(Cause::Dimension { tensor: input.to_owned(), got }),
        },
    }
}
