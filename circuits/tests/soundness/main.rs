//! What is refused, and by which name.

mod layout;
mod point;
mod proof_file;
mod statement;
