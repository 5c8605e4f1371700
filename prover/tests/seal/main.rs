//! The seal's circuit: satisfied by honest paths and by nothing else.
//!
//! `decision` compares the decision logic with `candor_program::decide`; `agreement` the whole circuit with the native
//! verdict; `lies` forges decisions one by one; `groth16` and `fingerprint` forge what surrounds the circuit; `packing` looks for a second reading of shared elements.
//! `CANDOR_CAMPAIGN=full` runs the long campaigns, `CANDOR_REMAKE=seal` remakes the golden files.

mod agent;
mod agreement;
mod decision;
#[path = "../every_term/mod.rs"]
mod every_term;
mod faults;
mod fingerprint;
mod general;
mod golden;
mod groth16;
mod lies;
mod packing;
