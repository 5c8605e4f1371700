//! What must be refused: every error exactly, every limit at its end and beyond, every mutated byte.

#[path = "../sample/mod.rs"]
mod sample;

mod argument;
mod decimal;
mod decision;
mod decoding;
mod envelope;
mod evidence;
mod execute;
#[path = "../completeness/reference/generate.rs"]
mod generate;
mod hostile;
mod observation;
mod program;
mod state;
mod tables;
mod tensors;
mod term;
mod weights;
