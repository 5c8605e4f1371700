//! What an agent runs: the integer program, its evaluator, policy table, state rules and digests.
//!
//! Nothing here does I/O, reads a clock or depends on iteration order of a hash map: the same bytes give the
//! same result on every machine. Path of the data: [`observation`] -> [`feature`] -> [`evaluate`] (model) ->
//! [`head`] -> [`policy`] (over [`state`] and [`evidence`]) -> [`transaction`], joined by [`decision`].

pub mod arith;
pub mod card;
pub mod class;
pub mod decimal;
pub mod decision;
pub mod digest;
pub mod encoding;
pub mod evaluate;
pub mod evidence;
pub mod execution;
pub mod explain;
pub mod feature;
pub mod head;
pub mod interval;
pub mod limits;
pub mod migration;
pub mod observation;
pub mod operator;
pub mod policy;
pub mod poseidon;
pub mod purpose;
pub mod scale;
pub mod state;
pub mod transaction;
mod validate;

pub use ark_bn254::Fr;
pub use card::{Card, Program, Weights};
pub use class::Class;
