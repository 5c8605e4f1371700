//! The log's formats: what is wrong is refused, each for its own reason, and no bytes make a decoder panic.

mod arbitrary;
mod checkpoint;
mod entry;
mod key;
mod note;
mod proof_file;
mod tile;
mod tree;
