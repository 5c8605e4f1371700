//! Lines of a file or a stream, one at a time, none longer than an observation may be.

use crate::exit::{ExitClass, Failure};
use candor_program::limits;
use std::io::{self, BufRead};

/// One line.
pub enum Line {
    /// Its text, without the line ending.
    Text(String),
    /// Something that is no line of text, which was skipped.
    Bad(Failure),
}

/// Reads lines and counts them.
pub struct Lines<R> {
    reader: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// From the first line on.
    pub fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }
    /// Number of the line that [`Self::read`] gave last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }
    /// The next line; `None` at the end. A line that is too long or no UTF-8 is skipped and reported.
    pub fn read(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let limit = limits::LINE_BYTES as u64 + 2;
        let read = io::Read::take(&mut self.reader, limit).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        let ended = bytes.last() == Some(&b'\n');
        if !ended && read as u64 == limit {
            self.skip()?;
        }
        if ended {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        if bytes.len() > limits::LINE_BYTES {
            let message = format!("the line is longer than {} bytes", limits::LINE_BYTES);
            return Ok(Some(Line::Bad(
                Failure::new(ExitClass::Limit, message).fix("report less in one observation"),
            )));
        }
        Ok(Some(match String::from_utf8(bytes) {
            Ok(text) => Line::Text(text),
            Err(error) => {
                let column = error.utf8_error().valid_up_to() + 1;
                let message = format!("the line is not UTF-8 at column {column}");
                Line::Bad(Failure::new(ExitClass::Malformed, message).fix("write the line as UTF-8"))
            }
        }))
    }
    /// Skips the rest of a line.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            match buffer.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    self.reader.consume(end + 1);
                    return Ok(());
                }
                None => {
                    let length = buffer.len();
                    self.reader.consume(length);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Result<String, ExitClass>> {
        let mut lines = Lines::new(io::BufReader::with_capacity(7, bytes));
        let mut found = Vec::new();
        while let Some(line) = lines.read().unwrap() {
            found.push(match line {
                Line::Text(text) => Ok(text),
                Line::Bad(failure) => Err(failure.class),
            });
        }
        assert_eq!(lines.number(), found.len() as u64);
        found
    }

    #[test]
    fn lines_end_with_newline_or_with_the_input() {
        assert_eq!(all(b"a\nb\r\n\nc"), [Ok("a".into()), Ok("b".into()), Ok(String::new()), Ok("c".into())]);
        assert!(all(b"").is_empty());
    }

    #[test]
    fn a_line_at_the_limit_is_read_and_one_beyond_is_skipped() {
        let mut bytes = vec![b'x'; limits::LINE_BYTES];
        bytes.push(b'\n');
        assert_eq!(all(&bytes)[0].as_ref().unwrap().len(), limits::LINE_BYTES);
        bytes.insert(0, b'x');
        bytes.extend_from_slice(b"next\n");
        assert_eq!(all(&bytes), [Err(ExitClass::Limit), Ok("next".into())]);
        bytes.splice(0..0, vec![b'x'; 1000]);
        assert_eq!(all(&bytes), [Err(ExitClass::Limit), Ok("next".into())]);
    }

    #[test]
    fn a_line_that_is_not_text_is_reported() {
        assert_eq!(all(b"\xff\nok"), [Err(ExitClass::Malformed), Ok("ok".into())]);
    }
}
