//! What is refused, and by which name.

mod layout;
mod pairing;
mod point;
mod proof_file;
mod statement;
mod work;
