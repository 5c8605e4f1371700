//! Protocol Buffers fields out of borrowed bytes, strictly.
//!
//! A reader of our own: the published readers that were tried either need generated code or, on hostile bytes,
//! loop for ever (a varint of more than ten bytes) or ask for any amount of memory (a length that wraps around).
//! This one never copies, never recurses and never reads past its message.

use thiserror::Error;

/// Where bytes stop being Protocol Buffers, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("at byte {offset}: {problem}")]
pub struct WireError {
    /// Offset in the file.
    pub offset: usize,
    /// Defect.
    pub problem: WireProblem,
}

/// Defect of an encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum WireProblem {
    /// A value is longer than what is left of its message.
    #[error("a value ends after its message")]
    UnexpectedEnd,
    /// More than 64 bits.
    #[error("an integer has more than 64 bits")]
    LongVarint,
    /// A group (removed from the format) or an unused code.
    #[error("wire type {code} is not used by ONNX")]
    WireType {
        /// Code found.
        code: u8,
    },
    /// Field numbers start at 1 and have 29 bits.
    #[error("a field number is out of range")]
    FieldNumber,
    /// The field exists, with another type.
    #[error("field {field} of {message} has another type")]
    FieldType {
        /// Message.
        message: &'static str,
        /// Field.
        field: u32,
    },
    /// A field that must stand once stands twice. (Readers disagree on which one counts.)
    #[error("field {field} of {message} stands twice")]
    Repeated {
        /// Message.
        message: &'static str,
        /// Field.
        field: u32,
    },
    /// A text is not UTF-8.
    #[error("field {field} of {message} is not UTF-8")]
    Text {
        /// Message.
        message: &'static str,
        /// Field.
        field: u32,
    },
    /// A packed list ends inside a value.
    #[error("field {field} of {message} ends inside a value")]
    PackedLength {
        /// Message.
        message: &'static str,
        /// Field.
        field: u32,
    },
    /// More entries than are accepted.
    #[error("field {field} of {message} has more than {limit} entries")]
    TooMany {
        /// Message.
        message: &'static str,
        /// Field.
        field: u32,
        /// Limit.
        limit: usize,
    },
}

/// One message, read field by field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Offset of `bytes` in the file.
    base: usize,
    name: &'static str,
}

/// One field with its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    value: Value<'a>,
    offset: usize,
    message: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8], usize),
    Fixed32([u8; 4]),
}

impl<'a> Message<'a> {
    /// The fields of a whole file.
    pub(crate) fn new(name: &'static str, bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, base: 0, name }
    }

    /// The next field; `None` at the end of the message.
    pub(crate) fn next(&mut self) -> Result<Option<Field<'a>>, WireError> {
        if self.position == self.bytes.len() {
            return Ok(None);
        }
        let offset = self.base + self.position;
        let key = self.varint()?;
        let number = match u32::try_from(key >> 3) {
            Ok(number @ 1..=0x1fff_ffff) => number,
            _ => return Err(WireError { offset, problem: WireProblem::FieldNumber }),
        };
        let value = match (key & 7) as u8 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(self.array()?),
            2 => {
                let length = self.varint()?;
                let start = self.base + self.position;
                Value::Bytes(self.take(length)?, start)
            }
            5 => Value::Fixed32(self.array()?),
            code => return Err(WireError { offset, problem: WireProblem::WireType { code } }),
        };
        Ok(Some(Field { number, value, offset, message: self.name }))
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let offset = self.base + self.position;
        let (value, length) =
            read_varint(&self.bytes[self.position..]).map_err(|problem| WireError { offset, problem })?;
        self.position += length;
        Ok(value)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], WireError> {
        let rest = &self.bytes[self.position..];
        let taken = usize::try_from(length).ok().and_then(|length| rest.get(..length));
        let Some(taken) = taken else {
            return Err(WireError { offset: self.base + self.position, problem: WireProblem::UnexpectedEnd });
        };
        self.position += taken.len();
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u64)?);
        Ok(array)
    }
}

/// A varint at the start of `bytes`, and its length.
fn read_varint(bytes: &[u8]) -> Result<(u64, usize), WireProblem> {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        if index == 9 && byte > 1 {
            return Err(WireProblem::LongVarint);
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Ok((value, index + 1));
        }
    }
    Err(if bytes.len() < 10 { WireProblem::UnexpectedEnd } else { WireProblem::LongVarint })
}

impl<'a> Field<'a> {
    /// The error that this field causes.
    pub(crate) fn error(&self, problem: WireProblem) -> WireError {
        WireError { offset: self.offset, problem }
    }

    fn wrong_type(&self) -> WireError {
        self.error(WireProblem::FieldType { message: self.message, field: self.number })
    }

    /// Stores the value of a field that must stand once.
    pub(crate) fn once<T>(&self, slot: &mut Option<T>, value: T) -> Result<(), WireError> {
        match slot.replace(value) {
            None => Ok(()),
            Some(_) => Err(self.error(WireProblem::Repeated { message: self.message, field: self.number })),
        }
    }

    /// Appends an entry of a list.
    pub(crate) fn push<T>(&self, list: &mut Vec<T>, limit: usize, value: T) -> Result<(), WireError> {
        if list.len() >= limit {
            return Err(self.too_many(limit));
        }
        list.push(value);
        Ok(())
    }

    fn too_many(&self, limit: usize) -> WireError {
        self.error(WireProblem::TooMany { message: self.message, field: self.number, limit })
    }

    /// An embedded message.
    pub(crate) fn message(&self, name: &'static str) -> Result<Message<'a>, WireError> {
        match self.value {
            Value::Bytes(bytes, base) => Ok(Message { bytes, position: 0, base, name }),
            _ => Err(self.wrong_type()),
        }
    }

    /// Raw bytes.
    pub(crate) fn bytes(&self) -> Result<&'a [u8], WireError> {
        match self.value {
            Value::Bytes(bytes, _) => Ok(bytes),
            _ => Err(self.wrong_type()),
        }
    }

    /// A text.
    pub(crate) fn text(&self) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.bytes()?)
            .map_err(|_| self.error(WireProblem::Text { message: self.message, field: self.number }))
    }

    /// A 64-bit integer.
    pub(crate) fn int64(&self) -> Result<i64, WireError> {
        match self.value {
            Value::Varint(value) => Ok(value as i64),
            _ => Err(self.wrong_type()),
        }
    }

    /// A float.
    pub(crate) fn float(&self) -> Result<f32, WireError> {
        match self.value {
            Value::Fixed32(bytes) => Ok(f32::from_le_bytes(bytes)),
            _ => Err(self.wrong_type()),
        }
    }

    /// Entries of a list of integers, packed or not.
    pub(crate) fn int64_list(&self, list: &mut Vec<i64>, limit: usize) -> Result<(), WireError> {
        let Value::Bytes(bytes, base) = self.value else {
            return self.push(list, limit, self.int64()?);
        };
        let mut position = 0;
        while position < bytes.len() {
            let (value, length) = read_varint(&bytes[position..])
                .map_err(|problem| WireError { offset: base + position, problem })?;
            self.push(list, limit, value as i64)?;
            position += length;
        }
        Ok(())
    }

    /// Entries of a list of floats, packed or not.
    pub(crate) fn float_list(&self, list: &mut Vec<f32>, limit: usize) -> Result<(), WireError> {
        match self.value {
            Value::Bytes(bytes, _) => self.fixed_list(bytes, list, limit, f32::from_le_bytes),
            _ => self.push(list, limit, self.float()?),
        }
    }

    /// Entries of a list of doubles, packed or not.
    pub(crate) fn double_list(&self, list: &mut Vec<f64>, limit: usize) -> Result<(), WireError> {
        match self.value {
            Value::Bytes(bytes, _) => self.fixed_list(bytes, list, limit, f64::from_le_bytes),
            Value::Fixed64(bytes) => self.push(list, limit, f64::from_le_bytes(bytes)),
            _ => Err(self.wrong_type()),
        }
    }

    fn fixed_list<T, const N: usize>(
        &self,
        bytes: &[u8],
        list: &mut Vec<T>,
        limit: usize,
        decode: impl Fn([u8; N]) -> T,
    ) -> Result<(), WireError> {
        let (entries, rest) = bytes.as_chunks::<N>();
        if !rest.is_empty() {
            return Err(self.error(WireProblem::PackedLength { message: self.message, field: self.number }));
        }
        if list.len() + entries.len() > limit {
            return Err(self.too_many(limit));
        }
        list.extend(entries.iter().map(|&entry| decode(entry)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(bytes: &[u8]) -> Result<Option<Field<'_>>, WireProblem> {
        Message::new("Test", bytes).next().map_err(|error| error.problem)
    }

    #[test]
    fn varints_have_at_most_64_bits() {
        let mut bytes = vec![0x08];
        bytes.extend([0xff; 9]);
        bytes.push(1);
        assert_eq!(first(&bytes).unwrap().unwrap().int64(), Ok(-1));
        bytes[10] = 2;
        assert_eq!(first(&bytes).unwrap_err(), WireProblem::LongVarint);
        assert_eq!(first(&[0xff; 64]).unwrap_err(), WireProblem::LongVarint);
        assert_eq!(first(&[0x08, 0x80]).unwrap_err(), WireProblem::UnexpectedEnd);
    }

    #[test]
    fn lengths_stay_inside_the_message() {
        for length in [2u64, 1 << 31, 1 << 63, u64::MAX, u64::MAX - 10] {
            let mut bytes = vec![0x0a];
            let mut rest = length;
            while rest >= 128 {
                bytes.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            bytes.extend([rest as u8, 0]);
            assert_eq!(first(&bytes).unwrap_err(), WireProblem::UnexpectedEnd, "{length}");
        }
        assert_eq!(first(&[0x0a, 1, 7]).unwrap().unwrap().bytes(), Ok(&[7u8][..]));
    }

    #[test]
    fn groups_and_field_zero_are_refused() {
        assert_eq!(first(&[0x0b]).unwrap_err(), WireProblem::WireType { code: 3 });
        assert_eq!(first(&[0x0f]).unwrap_err(), WireProblem::WireType { code: 7 });
        assert_eq!(first(&[0x02, 0]).unwrap_err(), WireProblem::FieldNumber);
    }

    #[test]
    fn lists_are_read_packed_and_unpacked_up_to_their_limit() {
        let field = first(&[0x0a, 3, 1, 0x80, 1]).unwrap().unwrap();
        let mut list = Vec::new();
        field.int64_list(&mut list, 2).unwrap();
        assert_eq!(list, [1, 128]);
        assert_eq!(
            field.int64_list(&mut Vec::new(), 1).unwrap_err().problem,
            WireProblem::TooMany { message: "Test", field: 1, limit: 1 }
        );
        let cut = first(&[0x0a, 2, 1, 0x80]).unwrap().unwrap();
        assert_eq!(cut.int64_list(&mut Vec::new(), 9).unwrap_err().problem, WireProblem::UnexpectedEnd);
        let floats = first(&[0x0a, 5, 0, 0, 0x80, 0x3f, 0]).unwrap().unwrap();
        assert_eq!(
            floats.float_list(&mut Vec::new(), 9).unwrap_err().problem,
            WireProblem::PackedLength { message: "Test", field: 1 }
        );
    }
}
