//! Statements that nobody signed, or not for this: each way alone, refused by the check that is for it.

mod attestation;
mod file;
mod leave_one_out;
mod mandate;
mod narrowing;
mod record;
mod wallet;
