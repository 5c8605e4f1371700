//! What must not be accepted is not, and says why.

#[path = "../agent/mod.rs"]
mod agent;
mod cheats;
mod errors;
mod framing;
mod hostile;
mod identities;
mod publication;
mod revise;
mod shapes;
mod wide;
