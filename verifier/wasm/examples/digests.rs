//! The golden digests of program/ and trace/, computed anew: on wasm32 they must be those of the golden files, which
//! were written by another architecture. `js/test.mjs` compares them.
//!
//! The text stays in memory until the next call.

#![expect(unsafe_code, reason = "an exported name is unsafe code to the compiler; there is no unsafe block")]

#[path = "../../../trace/tests/agent/mod.rs"]
mod agent;
#[path = "../../../program/tests/sample/mod.rs"]
mod sample;

use std::cell::RefCell;

thread_local! {
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Computes the golden file of program/ (0) or trace/ (1): its length.
#[unsafe(no_mangle)]
pub extern "C" fn digests_of(file: u32) -> usize {
    let text = match file {
        0 => sample::digests::digests(),
        1 => agent::golden::record_of_version_1(),
        _ => String::new(),
    };
    TEXT.with_borrow_mut(|kept| *kept = text);
    TEXT.with_borrow(String::len)
}

/// Where the text is.
#[unsafe(no_mangle)]
pub extern "C" fn digests_address() -> usize {
    TEXT.with_borrow(|text| text.as_ptr().expose_provenance())
}
