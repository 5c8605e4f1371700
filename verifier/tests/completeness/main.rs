//! What is honest is accepted, and everything that it rests on is said.

#[path = "../agent/mod.rs"]
mod agent;
mod honest;
mod node;
mod published;
mod replayed;
mod revised;
mod words;
