//! Buffers that the host fills and reads, each under a number.

use candor_trace::MAX_BUNDLE_BYTES;

/// Longest buffer: the longest file that the verifier takes.
pub const MAX_BUFFER_BYTES: u32 = MAX_BUNDLE_BYTES as u32;
/// Most buffers at a time: twice what a call takes and gives.
pub const MAX_BUFFERS: usize = 10;

/// Number of a buffer; never 0, and never the number of an earlier buffer until 2^32 of them were lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handle(pub u32);

/// The buffers that are lent.
#[derive(Debug, Default)]
pub struct Buffers {
    lent: Vec<(Handle, Vec<u8>)>,
    last: u32,
}

impl Buffers {
    /// No buffers.
    #[must_use]
    pub const fn new() -> Self {
        Self { lent: Vec::new(), last: 0 }
    }

    /// A buffer of zeros; `None` if it is too long, too many are lent, or memory is short.
    pub fn allocate(&mut self, length: u32) -> Option<Handle> {
        if length > MAX_BUFFER_BYTES {
            return None;
        }
        let length = length as usize;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length).ok()?;
        bytes.resize(length, 0);
        self.lend(bytes)
    }

    /// Lends bytes of ours, such as a report; `None` if too many are lent.
    pub fn lend(&mut self, bytes: Vec<u8>) -> Option<Handle> {
        if self.lent.len() >= MAX_BUFFERS {
            return None;
        }
        let handle = loop {
            self.last = self.last.wrapping_add(1);
            let handle = Handle(self.last);
            if self.last != 0 && self.get(handle).is_none() {
                break handle;
            }
        };
        self.lent.push((handle, bytes));
        Some(handle)
    }

    /// The bytes of a buffer.
    #[must_use]
    pub fn get(&self, handle: Handle) -> Option<&[u8]> {
        self.lent.iter().find(|(lent, _)| *lent == handle).map(|(_, bytes)| bytes.as_slice())
    }

    /// The bytes of a buffer, to be written.
    #[must_use]
    pub fn get_mut(&mut self, handle: Handle) -> Option<&mut [u8]> {
        self.lent.iter_mut().find(|(lent, _)| *lent == handle).map(|(_, bytes)| bytes.as_mut_slice())
    }

    /// Takes a buffer back; whether there was one.
    pub fn free(&mut self, handle: Handle) -> bool {
        let before = self.lent.len();
        self.lent.retain(|(lent, _)| *lent != handle);
        self.lent.len() < before
    }
}
