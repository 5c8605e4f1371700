//! Bad days of a log that many agents use: every call fails, the power goes at every call, the process is killed.
//!
//! `CANDOR_CAMPAIGN=full` tries every call instead of some, and kills ten thousand processes:
//! `CANDOR_CAMPAIGN=full cargo test --release -p candor-log --test campaign`. Counts of what was tried are printed with
//! `-- --nocapture`.

#![expect(clippy::result_large_err, reason = "errors are shown when a test fails, and not passed far")]

#[path = "../../../trace/tests/agent/mod.rs"]
mod agent;
#[path = "../disk/mod.rs"]
mod disk;

mod calls;
mod defects;
mod kill;
mod online;
mod prune;
mod world;

/// Whether the long campaigns are wanted.
fn full() -> bool {
    std::env::var("CANDOR_CAMPAIGN").is_ok_and(|value| value == "full")
}
