//! The exported functions. All of their arguments and results are numbers.

#![expect(unsafe_code, reason = "an exported name is unsafe code to the compiler; there is no unsafe block")]

use crate::buffers::{Buffers, Handle};
use crate::report::{self, Report};
use std::cell::RefCell;

thread_local! {
    static BUFFERS: RefCell<Buffers> = const { RefCell::new(Buffers::new()) };
}

/// Version of this interface: it changes when a function or the meaning of a number does.
#[unsafe(no_mangle)]
pub extern "C" fn candor_interface() -> u32 {
    1
}

/// Lends a buffer of so many zero bytes: its handle, or 0 if it is too long, too many are lent, or memory is short.
#[unsafe(no_mangle)]
pub extern "C" fn candor_allocate(length: u32) -> u32 {
    BUFFERS.with_borrow_mut(|buffers| buffers.allocate(length)).map_or(0, |handle| handle.0)
}

/// Where a buffer's bytes are; 0 for no buffer. Good until the next call but [`candor_length`]: memory that grows moves away
/// from the host's views of it.
#[unsafe(no_mangle)]
pub extern "C" fn candor_address(handle: u32) -> usize {
    BUFFERS.with_borrow_mut(|buffers| {
        buffers.get_mut(Handle(handle)).map_or(0, |bytes| bytes.as_mut_ptr().expose_provenance())
    })
}

/// How long a buffer is; 0 for no buffer.
#[unsafe(no_mangle)]
pub extern "C" fn candor_length(handle: u32) -> usize {
    BUFFERS.with_borrow(|buffers| buffers.get(Handle(handle)).map_or(0, <[u8]>::len))
}

/// Takes a buffer back: 1, or 0 if there is none of this handle.
#[unsafe(no_mangle)]
pub extern "C" fn candor_free(handle: u32) -> u32 {
    BUFFERS.with_borrow_mut(|buffers| buffers.free(Handle(handle))).into()
}

/// [`crate::verify`]: the handle of its report, or 0 if too many buffers are lent.
#[unsafe(no_mangle)]
pub extern "C" fn candor_verify(expectation: u32, bundle: u32, proof: u32) -> u32 {
    call([expectation, bundle, proof], |[expectation, bundle, proof]| {
        report::verify(expectation, bundle, proof)
    })
}

/// [`crate::verify_seal`]: the handle of its report, or 0 if too many buffers are lent.
#[unsafe(no_mangle)]
pub extern "C" fn candor_verify_seal(expectation: u32, card: u32, key: u32, seal: u32) -> u32 {
    call([expectation, card, key, seal], |[expectation, card, key, seal]| {
        report::verify_seal(expectation, card, key, seal)
    })
}

/// [`crate::replay`]: the handle of its report, or 0 if too many buffers are lent.
#[unsafe(no_mangle)]
pub extern "C" fn candor_replay(expectation: u32, program: u32, bundle: u32) -> u32 {
    call([expectation, program, bundle], |[expectation, program, bundle]| {
        report::replay(expectation, program, bundle)
    })
}

/// Runs a check on buffers and lends its report.
fn call<const N: usize>(handles: [u32; N], check: impl FnOnce([&[u8]; N]) -> Report) -> u32 {
    let report = BUFFERS.with_borrow(|buffers| {
        let mut inputs = [&[][..]; N];
        for (input, handle) in inputs.iter_mut().zip(handles) {
            match buffers.get(Handle(handle)) {
                Some(bytes) => *input = bytes,
                None => return Report::no_buffer(),
            }
        }
        check(inputs)
    });
    let bytes = report.to_json().into_bytes();
    BUFFERS.with_borrow_mut(|buffers| buffers.lend(bytes)).map_or(0, |handle| handle.0)
}
