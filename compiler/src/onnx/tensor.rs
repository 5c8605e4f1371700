//! Constant tensors: checked sizes first, then finite numbers.

use super::message;
use super::obstacle::Cause;
use std::rc::Rc;

/// Largest number of dimensions.
pub const RANK: usize = 8;
/// Largest number of elements of all constants that operators use, together.
pub const ELEMENTS: u64 = 1 << 26;
/// Largest magnitude of a constant.
pub const MAGNITUDE: f64 = (1u64 << 40) as f64;

const FLOAT: i64 = 1;
const INT64: i64 = 7;
const DOUBLE: i64 = 11;

/// Element types that are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ElementType {
    Float,
    Double,
    Int64,
}

impl ElementType {
    pub(crate) fn from_code(code: i64) -> Option<Self> {
        match code {
            FLOAT => Some(Self::Float),
            DOUBLE => Some(Self::Double),
            INT64 => Some(Self::Int64),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::Int64 => "INT64",
        }
    }
}

/// ONNX's name of an element type (`TensorProto.DataType`).
pub(crate) fn element_type_name(code: i64) -> String {
    const NAMES: [&str; 17] = [
        "UNDEFINED",
        "FLOAT",
        "UINT8",
        "INT8",
        "UINT16",
        "INT16",
        "INT32",
        "INT64",
        "STRING",
        "BOOL",
        "FLOAT16",
        "DOUBLE",
        "UINT32",
        "UINT64",
        "COMPLEX64",
        "COMPLEX128",
        "BFLOAT16",
    ];
    match usize::try_from(code).ok().and_then(|code| NAMES.get(code)) {
        Some(name) => (*name).into(),
        None => format!("number {code}"),
    }
}

/// Values of a constant.
#[derive(Clone, Debug)]
pub(crate) enum Values {
    Real(Rc<[f64]>),
    Integer(Rc<[i64]>),
}

/// A constant tensor.
#[derive(Clone, Debug)]
pub(crate) struct Constant {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) element_type: ElementType,
    pub(crate) values: Values,
}

impl Constant {
    /// The real numbers of a float or double tensor.
    pub(crate) fn reals(&self) -> Option<&[f64]> {
        match &self.values {
            Values::Real(values) => Some(values),
            Values::Integer(_) => None,
        }
    }

    /// The integers of an int64 tensor.
    pub(crate) fn integers(&self) -> Option<&[i64]> {
        match &self.values {
            Values::Integer(values) => Some(values),
            Values::Real(_) => None,
        }
    }
}

/// The product of positive dimensions, at most [`ELEMENTS`]; nothing is allocated.
pub(crate) fn checked_shape(name: &str, dims: &[i64]) -> Result<(Vec<usize>, usize), Cause> {
    let tensor = || name.to_owned();
    if dims.len() > RANK {
        return Err(Cause::Rank { tensor: tensor(), got: dims.len(), limit: RANK });
    }
    if let Some(&got) = dims.iter().find(|&&dim| dim <= 0) {
        return Err(Cause::Dimension { tensor: tensor(), got });
    }
    let mut elements = 1u64;
    for &dim in dims {
        elements = match elements.checked_mul(dim.unsigned_abs()) {
            Some(product) if product <= ELEMENTS => product,
            _ => return Err(Cause::Elements { tensor: tensor(), limit: ELEMENTS }),
        };
    }
    Ok((dims.iter().map(|&dim| dim as usize).collect(), elements as usize))
}

/// What can be said of a tensor without decoding it: data in this file, sane dimensions.
pub(crate) fn check_header(tensor: &message::Tensor<'_>, name: &str) -> Result<(), Cause> {
    if tensor.is_external {
        let location = tensor.external_location.unwrap_or_default().to_owned();
        return Err(Cause::ExternalData { tensor: name.to_owned(), location });
    }
    checked_shape(name, &tensor.dims).map(drop)
}

/// The constant that an ONNX tensor holds; every number is finite and of moderate size.
pub(crate) fn decode(tensor: &message::Tensor<'_>, name: &str) -> Result<Constant, Cause> {
    check_header(tensor, name)?;
    let (shape, elements) = checked_shape(name, &tensor.dims)?;
    let Some(element_type) = ElementType::from_code(tensor.element_type) else {
        let got = element_type_name(tensor.element_type);
        return Err(Cause::ElementType { tensor: name.to_owned(), got, expected: "FLOAT" });
    };
    let values = match element_type {
        ElementType::Float => {
            let raw = raw_values(tensor, name, elements, |bytes| f64::from(f32::from_le_bytes(bytes)))?;
            Values::Real(match raw {
                Some(values) => values,
                None => typed(name, elements, tensor.floats.iter().map(|&value| f64::from(value)))?,
            })
        }
        ElementType::Double => Values::Real(match raw_values(tensor, name, elements, f64::from_le_bytes)? {
            Some(values) => values,
            None => typed(name, elements, tensor.doubles.iter().copied())?,
        }),
        ElementType::Int64 => {
            Values::Integer(match raw_values(tensor, name, elements, i64::from_le_bytes)? {
                Some(values) => values,
                None => typed(name, elements, tensor.integers.iter().copied())?,
            })
        }
    };
    if let Values::Real(values) = &values {
        check_reals(name, values)?;
    }
    Ok(Constant { name: name.to_owned(), shape, element_type, values })
}

/// All numbers are finite and at most [`MAGNITUDE`].
pub(crate) fn check_reals(name: &str, values: &[f64]) -> Result<(), Cause> {
    match values.iter().position(|value| !value.is_finite() || value.abs() > MAGNITUDE) {
        None => Ok(()),
        Some(index) if values[index].is_finite() => {
            Err(Cause::Magnitude { tensor: name.to_owned(), index, got: values[index] })
        }
        Some(index) => Err(Cause::NotFinite { tensor: name.to_owned(), index, got: values[index] }),
    }
}

fn raw_values<T, const N: usize>(
    tensor: &message::Tensor<'_>,
    name: &str,
    elements: usize,
    decode: impl Fn([u8; N]) -> T,
) -> Result<Option<Rc<[T]>>, Cause> {
    let Some(raw) = tensor.raw else { return Ok(None) };
    let typed = tensor.floats.len() + tensor.doubles.len() + tensor.integers.len();
    let (expected, got) = ((elements * N) as u64, (raw.len() + typed) as u64);
    if expected != got {
        return Err(Cause::DataSize { tensor: name.to_owned(), expected, got });
    }
    Ok(Some(raw.as_chunks::<N>().0.iter().map(|&bytes| decode(bytes)).collect()))
}

fn typed<T>(name: &str, elements: usize, values: impl ExactSizeIterator<Item = T>) -> Result<Rc<[T]>, Cause> {
    let (expected, got) = (elements as u64, values.len() as u64);
    if expected != got {
        return Err(Cause::DataSize { tensor: name.to_owned(), expected, got });
    }
    Ok(values.collect())
}
