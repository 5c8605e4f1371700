//! The log's formats: what is right is accepted, here and by independent readers.

mod entry;
mod note;
mod oracle;
mod tile;
mod tree;
