//! The messages of an ONNX file that the compiler looks at, borrowed from its bytes.
//!
//! Field numbers are those of `onnx.proto3`. Subgraphs are noticed and not read, so nothing nests.

use super::wire::{Field, Message, WireError};

/// Largest number of nodes.
pub const NODES: usize = 4096;
/// Largest number of initializers, and of graph inputs and outputs each.
pub const TENSORS: usize = 16_384;
/// Largest number of inputs or outputs of a node.
const ENTRIES: usize = 4096;
/// Largest number of entries of an attribute (trees hold all their nodes in attributes).
const ATTRIBUTE_ENTRIES: usize = 1 << 22;
/// Largest number of attributes of a node.
const ATTRIBUTES: usize = 64;
/// Largest number of dimensions that is read; more than [`super::tensor::RANK`] are refused by name.
const DIMENSIONS: usize = 64;
/// Largest number of values in the typed fields of one tensor.
const VALUES: usize = 1 << 26;
/// Largest number of integers in a tensor's typed field. One byte of the file may be one of them.
const INTEGERS: usize = 1 << 22;

/// `ModelProto`.
#[derive(Debug, Default)]
pub(crate) struct Model<'a> {
    pub(crate) graph: Option<Graph<'a>>,
    pub(crate) opsets: Vec<(&'a str, i64)>,
}

/// `GraphProto`.
#[derive(Debug, Default)]
pub(crate) struct Graph<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    pub(crate) initializers: Vec<Tensor<'a>>,
    pub(crate) has_sparse_initializers: bool,
    pub(crate) inputs: Vec<ValueInfo<'a>>,
    pub(crate) outputs: Vec<ValueInfo<'a>>,
}

/// `NodeProto`.
#[derive(Debug, Default)]
pub(crate) struct Node<'a> {
    pub(crate) inputs: Vec<&'a str>,
    pub(crate) outputs: Vec<&'a str>,
    pub(crate) name: &'a str,
    pub(crate) operator: &'a str,
    pub(crate) domain: &'a str,
    pub(crate) attributes: Vec<Attribute<'a>>,
}

/// `AttributeProto`.
#[derive(Debug, Default)]
pub(crate) struct Attribute<'a> {
    pub(crate) name: &'a str,
    pub(crate) float: Option<f32>,
    pub(crate) integer: Option<i64>,
    pub(crate) text: Option<&'a [u8]>,
    pub(crate) tensor: Option<Tensor<'a>>,
    pub(crate) has_graph: bool,
    pub(crate) floats: Vec<f32>,
    pub(crate) integers: Vec<i64>,
    pub(crate) texts: Vec<&'a [u8]>,
    pub(crate) kind: Option<i64>,
}

/// `TensorProto`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tensor<'a> {
    pub(crate) dims: Vec<i64>,
    pub(crate) element_type: i64,
    pub(crate) floats: Vec<f32>,
    pub(crate) doubles: Vec<f64>,
    /// `int64_data`.
    pub(crate) integers: Vec<i64>,
    /// `int32_data`, which also holds shorter integers, booleans and the bits of 16-bit floats.
    pub(crate) short_integers: Vec<i64>,
    /// `uint64_data`, which also holds UINT32; the bits of each.
    pub(crate) unsigned_integers: Vec<i64>,
    pub(crate) texts: Vec<&'a [u8]>,
    pub(crate) name: &'a str,
    pub(crate) raw: Option<&'a [u8]>,
    pub(crate) external_location: Option<&'a str>,
    /// Where its bytes begin in the other file, in decimal.
    pub(crate) external_offset: Option<&'a str>,
    /// How many they are, in decimal.
    pub(crate) external_length: Option<&'a str>,
    pub(crate) is_external: bool,
}

/// `ValueInfoProto` of a tensor.
#[derive(Debug, Default)]
pub(crate) struct ValueInfo<'a> {
    pub(crate) name: &'a str,
    pub(crate) element_type: Option<i64>,
    pub(crate) shape: Option<Vec<Dimension<'a>>>,
}

/// One dimension of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dimension<'a> {
    Size(i64),
    Named(&'a str),
    Unknown,
}

impl<'a> Model<'a> {
    /// Every byte of the file is a well-formed model.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut message = Message::new("ModelProto", bytes);
        let mut model = Self::default();
        while let Some(field) = message.next()? {
            match field.number {
                7 => field.once(&mut model.graph, Graph::read(&field)?)?,
                8 => field.push(&mut model.opsets, ATTRIBUTES, read_opset(&field)?)?,
                _ => {}
            }
        }
        Ok(model)
    }
}

fn read_opset<'a>(field: &Field<'a>) -> Result<(&'a str, i64), WireError> {
    let mut message = field.message("OperatorSetIdProto")?;
    let (mut domain, mut version) = (None, None);
    while let Some(field) = message.next()? {
        match field.number {
            1 => field.once(&mut domain, field.text()?)?,
            2 => field.once(&mut version, field.int64()?)?,
            _ => {}
        }
    }
    Ok((domain.unwrap_or_default(), version.unwrap_or_default()))
}

impl<'a> Graph<'a> {
    fn read(field: &Field<'a>) -> Result<Self, WireError> {
        let mut message = field.message("GraphProto")?;
        let mut graph = Self::default();
        while let Some(field) = message.next()? {
            match field.number {
                1 => field.push(&mut graph.nodes, NODES, Node::read(&field)?)?,
                5 => field.push(&mut graph.initializers, TENSORS, Tensor::read(&field)?)?,
                11 => field.push(&mut graph.inputs, TENSORS, ValueInfo::read(&field)?)?,
                12 => field.push(&mut graph.outputs, TENSORS, ValueInfo::read(&field)?)?,
                15 => graph.has_sparse_initializers = true,
                _ => {}
            }
        }
        Ok(graph)
    }
}

impl<'a> Node<'a> {
    fn read(field: &Field<'a>) -> Result<Self, WireError> {
        let mut message = field.message("NodeProto")?;
        let mut node = Self::default();
        let (mut name, mut operator, mut domain) = (None, None, None);
        while let Some(field) = message.next()? {
            match field.number {
                1 => field.push(&mut node.inputs, ENTRIES, field.text()?)?,
                2 => field.push(&mut node.outputs, ENTRIES, field.text()?)?,
                3 => field.once(&mut name, field.text()?)?,
                4 => field.once(&mut operator, field.text()?)?,
                5 => field.push(&mut node.attributes, ATTRIBUTES, Attribute::read(&field)?)?,
                7 => field.once(&mut domain, field.text()?)?,
                _ => {}
            }
        }
        node.name = name.unwrap_or_default();
        node.operator = operator.unwrap_or_default();
        node.domain = domain.unwrap_or_default();
        Ok(node)
    }
}

impl<'a> Attribute<'a> {
    fn read(field: &Field<'a>) -> Result<Self, WireError> {
        let mut message = field.message("AttributeProto")?;
        let mut attribute = Self::default();
        let mut name = None;
        while let Some(field) = message.next()? {
            match field.number {
                1 => field.once(&mut name, field.text()?)?,
                2 => field.once(&mut attribute.float, field.float()?)?,
                3 => field.once(&mut attribute.integer, field.int64()?)?,
                4 => field.once(&mut attribute.text, field.bytes()?)?,
                5 => field.once(&mut attribute.tensor, Tensor::read(&field)?)?,
                6 | 11 => attribute.has_graph = true,
                7 => field.float_list(&mut attribute.floats, ATTRIBUTE_ENTRIES)?,
                8 => field.int64_list(&mut attribute.integers, ATTRIBUTE_ENTRIES)?,
                9 => field.push(&mut attribute.texts, ATTRIBUTE_ENTRIES, field.bytes()?)?,
                20 => field.once(&mut attribute.kind, field.int64()?)?,
                _ => {}
            }
        }
        attribute.name = name.unwrap_or_default();
        Ok(attribute)
    }
}

impl<'a> Tensor<'a> {
    /// Every byte of the file is a well-formed tensor.
    pub(crate) fn read_file(bytes: &'a [u8]) -> Result<Self, WireError> {
        Self::read_message(Message::new("TensorProto", bytes))
    }

    fn read(field: &Field<'a>) -> Result<Self, WireError> {
        Self::read_message(field.message("TensorProto")?)
    }

    fn read_message(mut message: Message<'a>) -> Result<Self, WireError> {
        let mut tensor = Self::default();
        let (mut element_type, mut name, mut location) = (None, None, None);
        while let Some(field) = message.next()? {
            match field.number {
                1 => field.int64_list(&mut tensor.dims, DIMENSIONS)?,
                2 => field.once(&mut element_type, field.int64()?)?,
                4 => field.float_list(&mut tensor.floats, VALUES)?,
                5 => field.int64_list(&mut tensor.short_integers, INTEGERS)?,
                6 => field.push(&mut tensor.texts, INTEGERS, field.bytes()?)?,
                7 => field.int64_list(&mut tensor.integers, INTEGERS)?,
                8 => field.once(&mut name, field.text()?)?,
                9 => field.once(&mut tensor.raw, field.bytes()?)?,
                10 => field.double_list(&mut tensor.doubles, VALUES)?,
                11 => field.int64_list(&mut tensor.unsigned_integers, INTEGERS)?,
                13 => {
                    tensor.is_external = true;
                    match read_entry(&field)? {
                        ("location", path) => field.once(&mut tensor.external_location, path)?,
                        ("offset", offset) => field.once(&mut tensor.external_offset, offset)?,
                        ("length", length) => field.once(&mut tensor.external_length, length)?,
                        _ => {}
                    }
                }
                14 => field.once(&mut location, field.int64()?)?,
                _ => {}
            }
        }
        tensor.element_type = element_type.unwrap_or_default();
        tensor.name = name.unwrap_or_default();
        tensor.is_external |= location.is_some_and(|location| location != 0);
        Ok(tensor)
    }
}

fn read_entry<'a>(field: &Field<'a>) -> Result<(&'a str, &'a str), WireError> {
    let mut message = field.message("StringStringEntryProto")?;
    let (mut key, mut value) = (None, None);
    while let Some(field) = message.next()? {
        match field.number {
            1 => field.once(&mut key, field.text()?)?,
            2 => field.once(&mut value, field.text()?)?,
            _ => {}
        }
    }
    Ok((key.unwrap_or_default(), value.unwrap_or_default()))
}

impl<'a> ValueInfo<'a> {
    fn read(field: &Field<'a>) -> Result<Self, WireError> {
        let mut message = field.message("ValueInfoProto")?;
        let (mut name, mut kind) = (None, None);
        while let Some(field) = message.next()? {
            match field.number {
                1 => field.once(&mut name, field.text()?)?,
                2 => field.once(&mut kind, read_type(&field)?)?,
                _ => {}
            }
        }
        let (element_type, shape) = kind.unwrap_or_default();
        Ok(Self { name: name.unwrap_or_default(), element_type, shape })
    }
}

type TensorType<'a> = (Option<i64>, Option<Vec<Dimension<'a>>>);

/// Element type and shape of a `TypeProto` that is a tensor.
fn read_type<'a>(field: &Field<'a>) -> Result<TensorType<'a>, WireError> {
    let mut message = field.message("TypeProto")?;
    let mut tensor = None;
    while let Some(field) = message.next()? {
        if field.number == 1 {
            field.once(&mut tensor, read_tensor_type(&field)?)?;
        }
    }
    Ok(tensor.unwrap_or_default())
}

fn read_tensor_type<'a>(field: &Field<'a>) -> Result<TensorType<'a>, WireError> {
    let mut message = field.message("TypeProto.Tensor")?;
    let (mut element_type, mut shape) = (None, None);
    while let Some(field) = message.next()? {
        match field.number {
            1 => field.once(&mut element_type, field.int64()?)?,
            2 => field.once(&mut shape, read_shape(&field)?)?,
            _ => {}
        }
    }
    Ok((element_type, shape))
}

fn read_shape<'a>(field: &Field<'a>) -> Result<Vec<Dimension<'a>>, WireError> {
    let mut message = field.message("TensorShapeProto")?;
    let mut shape = Vec::new();
    while let Some(field) = message.next()? {
        if field.number == 1 {
            field.push(&mut shape, DIMENSIONS, read_dimension(&field)?)?;
        }
    }
    Ok(shape)
}

fn read_dimension<'a>(field: &Field<'a>) -> Result<Dimension<'a>, WireError> {
    let mut message = field.message("TensorShapeProto.Dimension")?;
    let mut dimension = None;
    while let Some(field) = message.next()? {
        match field.number {
            1 => field.once(&mut dimension, Dimension::Size(field.int64()?))?,
            2 => field.once(&mut dimension, Dimension::Named(field.text()?))?,
            _ => {}
        }
    }
    Ok(dimension.unwrap_or(Dimension::Unknown))
}
