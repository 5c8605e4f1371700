//! Every criterion bench: `cargo bench -p candor-benches -- prove` runs those of one file.
//!
//! What is measured is made before a clock starts: programs compiled, weights committed, records signed. Groups are
//! named as the tables of docs/benchmarks.md.

mod agent;
mod bare;
mod policy;
mod primitives;
mod prove;
mod record;
mod replay;
mod seal;
mod verify;

criterion::criterion_main!(
    policy::benches,
    primitives::benches,
    record::benches,
    replay::benches,
    prove::benches,
    seal::benches,
    verify::benches
);
