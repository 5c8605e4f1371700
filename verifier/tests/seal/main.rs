//! Seals and batches: what is accepted, and what every change, replay and forgery is refused as.

mod batch;
mod defect;
mod replayed;
mod revised;
mod sequence;
mod tampered;
mod world;
