//! Element types: ONNX's codes and names, widths of integers, rounding of floats.

use super::half;
use std::fmt;

/// Element type of a tensor (`TensorProto.DataType`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ElementType {
    /// FLOAT, 32 bits.
    Float,
    /// DOUBLE, 64 bits.
    Double,
    /// FLOAT16.
    Float16,
    /// BFLOAT16.
    Bfloat16,
    /// INT8.
    Int8,
    /// INT16.
    Int16,
    /// INT32.
    Int32,
    /// INT64.
    Int64,
    /// UINT8.
    Uint8,
    /// UINT16.
    Uint16,
    /// UINT32.
    Uint32,
    /// UINT64.
    Uint64,
    /// BOOL.
    Bool,
    /// STRING.
    Text,
}

/// Every type with its code and its name in ONNX.
const TYPES: [(ElementType, i64, &str); 14] = [
    (ElementType::Float, 1, "FLOAT"),
    (ElementType::Uint8, 2, "UINT8"),
    (ElementType::Int8, 3, "INT8"),
    (ElementType::Uint16, 4, "UINT16"),
    (ElementType::Int16, 5, "INT16"),
    (ElementType::Int32, 6, "INT32"),
    (ElementType::Int64, 7, "INT64"),
    (ElementType::Text, 8, "STRING"),
    (ElementType::Bool, 9, "BOOL"),
    (ElementType::Float16, 10, "FLOAT16"),
    (ElementType::Double, 11, "DOUBLE"),
    (ElementType::Uint32, 12, "UINT32"),
    (ElementType::Uint64, 13, "UINT64"),
    (ElementType::Bfloat16, 16, "BFLOAT16"),
];

impl ElementType {
    /// The type of ONNX's code; `None` for complex numbers and numbers of 8 bits or fewer that are no integers.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        TYPES.iter().find(|(_, own, _)| *own == code).map(|(element_type, _, _)| *element_type)
    }

    /// ONNX's code.
    #[must_use]
    pub fn code(self) -> i64 {
        TYPES.iter().find(|(own, _, _)| *own == self).map_or(0, |(_, code, _)| *code)
    }

    /// ONNX's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        TYPES.iter().find(|(own, _, _)| *own == self).map_or("UNDEFINED", |(_, _, name)| *name)
    }

    /// Whether elements are floats.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, Self::Float | Self::Double | Self::Float16 | Self::Bfloat16)
    }

    /// Whether elements are integers (booleans are not).
    #[must_use]
    pub fn is_integer(self) -> bool {
        self.integer_bits().is_some()
    }

    /// Number of bits of an integer type, and whether it is signed.
    #[must_use]
    pub fn integer_bits(self) -> Option<(u32, bool)> {
        match self {
            Self::Int8 => Some((8, true)),
            Self::Int16 => Some((16, true)),
            Self::Int32 => Some((32, true)),
            Self::Int64 => Some((64, true)),
            Self::Uint8 => Some((8, false)),
            Self::Uint16 => Some((16, false)),
            Self::Uint32 => Some((32, false)),
            Self::Uint64 => Some((64, false)),
            _ => None,
        }
    }

    /// Lowest and highest value of an integer type.
    #[must_use]
    pub fn integer_range(self) -> Option<(i128, i128)> {
        self.integer_bits().map(|(bits, signed)| {
            if signed {
                (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
            } else {
                (0, (1i128 << bits) - 1)
            }
        })
    }

    /// The integer modulo the type's range, as two's complement arithmetic gives it. UINT64 keeps its bits.
    #[must_use]
    pub fn wrap(self, value: i128) -> i64 {
        match self.integer_bits() {
            None | Some((64, _)) => value as i64,
            Some((bits, true)) => ((value as i64) << (64 - bits)) >> (64 - bits),
            Some((bits, false)) => (value as i64) & ((1i64 << bits) - 1),
        }
    }

    /// The value that an integer of this type stands for.
    #[must_use]
    pub fn widen(self, value: i64) -> i128 {
        if self == Self::Uint64 { i128::from(value as u64) } else { i128::from(value) }
    }

    /// The value that an integer of this type stands for, in double precision.
    #[must_use]
    pub fn integer_to_float(self, value: i64) -> f64 {
        if self == Self::Uint64 { value as u64 as f64 } else { value as f64 }
    }

    /// The nearest number that the float type holds, ties to even.
    #[must_use]
    pub fn round(self, value: f64) -> f64 {
        match self {
            Self::Float => f64::from(value as f32),
            Self::Float16 => half::round_float16(value),
            Self::Bfloat16 => half::round_bfloat16(value),
            _ => value,
        }
    }

    /// Number of bytes of an element in `raw_data`; `None` for texts.
    pub(crate) fn width_bytes(self) -> Option<usize> {
        Some(match self {
            Self::Bool | Self::Int8 | Self::Uint8 => 1,
            Self::Float16 | Self::Bfloat16 | Self::Int16 | Self::Uint16 => 2,
            Self::Float | Self::Int32 | Self::Uint32 => 4,
            Self::Double | Self::Int64 | Self::Uint64 => 8,
            Self::Text => return None,
        })
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_wrap_at_their_width() {
        assert_eq!(ElementType::Int8.wrap(128), -128);
        assert_eq!(ElementType::Uint8.wrap(-1), 255);
        assert_eq!(ElementType::Int32.wrap(1 << 31), i64::from(i32::MIN));
        assert_eq!(ElementType::Int64.wrap(1 << 63), i64::MIN);
        assert_eq!(ElementType::Uint64.widen(ElementType::Uint64.wrap((1 << 64) - 1)), (1 << 64) - 1);
    }

    #[test]
    fn codes_and_names_are_unique() {
        for (element_type, code, name) in TYPES {
            assert_eq!(ElementType::from_code(code), Some(element_type));
            assert_eq!((element_type.code(), element_type.name()), (code, name));
        }
        // COMPLEX64 and FLOAT8E4M3FN.
        assert_eq!(ElementType::from_code(14), None);
        assert_eq!(ElementType::from_code(17), None);
    }
}
