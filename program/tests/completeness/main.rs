//! What must work: known answers, agreement with an independent evaluator, every decision that a table can take.

#[path = "../sample/mod.rs"]
mod sample;

mod decimal;
mod decision;
mod differential;
mod encoding;
mod evidence;
mod explain;
mod golden;
mod head;
mod observation;
mod policy;
mod reference;
mod rescale;
mod state;
mod tensors;
mod transaction;
mod vectors;
