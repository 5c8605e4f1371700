//! What must work, works: every command on the real agent of fixtures/sp500.

#[path = "../project/mod.rs"]
mod project;

mod agent;
mod commands;
mod demo;
mod interrupted;
mod path;
