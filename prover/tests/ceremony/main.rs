//! Phase-2 ceremonies: honest ones end in keys that prove and verify; every deviation is refused by its name.

mod completeness;
mod phase_one;
mod soundness;
mod world;
