//! Tensors of the float model: an element type, a shape, and numbers in row-major order.

mod element;
mod half;
mod stride;

pub use element::ElementType;
pub(crate) use half::{bfloat16, float16};
pub use stride::{Offsets, View, broadcast_shape, broadcast_strides, strides};

use crate::onnx::{Cause, ELEMENTS};

/// Numbers of a tensor, in row-major order. Floats of every width are held in double precision, integers of every
/// width in 64 bits.
#[derive(Clone, PartialEq, Debug)]
pub enum Data {
    /// FLOAT, DOUBLE, FLOAT16, BFLOAT16.
    Float(Vec<f64>),
    /// Signed and unsigned integers. UINT64 holds its 64 bits.
    Integer(Vec<i64>),
    /// BOOL.
    Bool(Vec<bool>),
    /// STRING.
    Text(Vec<String>),
}

impl Data {
    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Float(data) => data.len(),
            Self::Integer(data) => data.len(),
            Self::Bool(data) => data.len(),
            Self::Text(data) => data.len(),
        }
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements at these positions, in this order; `None` where one is beyond the end.
    pub fn pick(&self, positions: impl Iterator<Item = usize>) -> Option<Self> {
        fn chosen<T: Clone>(data: &[T], positions: impl Iterator<Item = usize>) -> Option<Vec<T>> {
            positions.map(|position| data.get(position).cloned()).collect()
        }
        Some(match self {
            Self::Float(data) => Self::Float(chosen(data, positions)?),
            Self::Integer(data) => Self::Integer(chosen(data, positions)?),
            Self::Bool(data) => Self::Bool(chosen(data, positions)?),
            Self::Text(data) => Self::Text(chosen(data, positions)?),
        })
    }
}

/// A tensor of the float model.
#[derive(Clone, PartialEq, Debug)]
pub struct Tensor {
    element_type: ElementType,
    shape: Vec<usize>,
    data: Data,
}

impl Tensor {
    /// A tensor whose data fill its shape and are of its element type's kind; `None` otherwise, and for sizes whose product,
    /// zeros left out, is beyond [`ELEMENTS`].
    #[must_use]
    pub fn new(element_type: ElementType, shape: Vec<usize>, data: Data) -> Option<Self> {
        let kind_fits = match data {
            Data::Float(_) => element_type.is_float(),
            Data::Integer(_) => element_type.is_integer(),
            Data::Bool(_) => element_type == ElementType::Bool,
            Data::Text(_) => element_type == ElementType::Text,
        };
        let elements = bounded_elements(&shape)?;
        (kind_fits && elements == data.len()).then_some(Self { element_type, shape, data })
    }

    /// A tensor that an operator made.
    ///
    /// Errors: [`Cause::DataSize`] where the data do not fill the shape, which is an operator's mistake.
    pub fn made(element_type: ElementType, shape: Vec<usize>, data: Data) -> Result<Self, Cause> {
        let (expected, got) = (bounded_elements(&shape).unwrap_or(usize::MAX) as u64, data.len() as u64);
        Self::new(element_type, shape, data).ok_or(Cause::DataSize { tensor: "output".into(), expected, got })
    }

    /// A FLOAT tensor.
    #[must_use]
    pub fn float(shape: &[usize], data: &[f64]) -> Option<Self> {
        Self::new(ElementType::Float, shape.to_vec(), Data::Float(data.to_vec()))
    }

    /// An INT64 tensor.
    #[must_use]
    pub fn int64(shape: &[usize], data: &[i64]) -> Option<Self> {
        Self::new(ElementType::Int64, shape.to_vec(), Data::Integer(data.to_vec()))
    }

    /// A BOOL tensor.
    #[must_use]
    pub fn bool(shape: &[usize], data: &[bool]) -> Option<Self> {
        Self::new(ElementType::Bool, shape.to_vec(), Data::Bool(data.to_vec()))
    }

    /// A vector of INT64.
    #[must_use]
    pub fn integers(data: Vec<i64>) -> Self {
        Self { element_type: ElementType::Int64, shape: vec![data.len()], data: Data::Integer(data) }
    }

    /// A scalar INT64.
    #[must_use]
    pub fn integer(value: i64) -> Self {
        Self { element_type: ElementType::Int64, shape: Vec::new(), data: Data::Integer(vec![value]) }
    }

    /// Element type.
    #[must_use]
    pub fn element_type(&self) -> ElementType {
        self.element_type
    }

    /// Sizes of all axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Number of elements.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.data.len()
    }

    /// Elements in row-major order.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Elements in row-major order, without a copy.
    #[must_use]
    pub fn into_data(self) -> Data {
        self.data
    }

    /// The floats of a tensor of floats.
    #[must_use]
    pub fn as_floats(&self) -> Option<&[f64]> {
        if let Data::Float(data) = &self.data { Some(data) } else { None }
    }

    /// The integers of a tensor of integers.
    #[must_use]
    pub fn as_integers(&self) -> Option<&[i64]> {
        if let Data::Integer(data) = &self.data { Some(data) } else { None }
    }

    /// The booleans of a tensor of booleans.
    #[must_use]
    pub fn as_bools(&self) -> Option<&[bool]> {
        if let Data::Bool(data) = &self.data { Some(data) } else { None }
    }

    /// The texts of a tensor of texts.
    #[must_use]
    pub fn as_texts(&self) -> Option<&[String]> {
        if let Data::Text(data) = &self.data { Some(data) } else { None }
    }

    /// All numbers as floats, booleans as 0 and 1; `None` for texts.
    #[must_use]
    pub fn to_floats(&self) -> Option<Vec<f64>> {
        match &self.data {
            Data::Float(data) => Some(data.clone()),
            Data::Integer(data) => {
                Some(data.iter().map(|&value| self.element_type.integer_to_float(value)).collect())
            }
            Data::Bool(data) => Some(data.iter().map(|&value| f64::from(u8::from(value))).collect()),
            Data::Text(_) => None,
        }
    }

    /// The same elements in another shape of the same size; `None` where the sizes differ.
    #[must_use]
    pub fn reshaped(&self, shape: Vec<usize>) -> Option<Self> {
        Self::new(self.element_type, shape, self.data.clone())
    }

    /// The elements at these positions in a new shape; `None` where a position is beyond the end, or their number does not
    /// fill the shape.
    pub fn picked(&self, shape: Vec<usize>, positions: impl Iterator<Item = usize>) -> Option<Self> {
        Self::new(self.element_type, shape, self.data.pick(positions)?)
    }

    /// The tensor that a view of this one shows; `None` where the view leaves the data.
    #[must_use]
    pub fn viewed(&self, view: &View) -> Option<Self> {
        self.picked(view.shape.clone(), view.offsets())
    }

    /// The tensor broadcast to a shape; `None` where it does not broadcast to it.
    #[must_use]
    pub fn broadcast(&self, shape: &[usize]) -> Option<Self> {
        let strides = broadcast_strides(&self.shape, shape)?;
        self.picked(shape.to_vec(), Offsets::new(shape, &strides, 0))
    }

    /// The tensor, its floats rounded where its element type has 16 bits. Wider types stay in double precision.
    #[must_use]
    pub(crate) fn rounded_if_short(self) -> Self {
        if matches!(self.element_type, ElementType::Float16 | ElementType::Bfloat16) {
            self.rounded()
        } else {
            self
        }
    }

    /// The tensor with every float rounded to its element type.
    #[must_use]
    pub fn rounded(mut self) -> Self {
        if let Data::Float(data) = &mut self.data {
            data.iter_mut().for_each(|value| *value = self.element_type.round(*value));
        }
        self
    }
}

/// The product of sizes; `None` where it is beyond [`ELEMENTS`]. Zeros are left out of that check, so that no product of
/// some of the sizes is beyond it either.
fn bounded_elements(shape: &[usize]) -> Option<usize> {
    let bounded = shape.iter().try_fold(1u64, |product, &size| {
        product.checked_mul(size.max(1) as u64).filter(|&product| product <= ELEMENTS)
    })?;
    Some(if shape.contains(&0) { 0 } else { bounded as usize })
}

/// The product of sizes; nothing is allocated.
///
/// Errors: [`Cause::Elements`] where the product, zeros left out, is beyond [`ELEMENTS`].
pub fn checked_elements(tensor: &str, shape: &[usize]) -> Result<usize, Cause> {
    bounded_elements(shape).ok_or_else(|| Cause::Elements { tensor: tensor.to_owned(), limit: ELEMENTS })
}
