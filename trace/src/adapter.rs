//! Adapters: what other systems recorded, as observations with their provenance, and decisions as other systems record them.
//!
//! What is imported is no evidence by itself: OpenTelemetry spans are unsigned and sampled, and an enclave's signature binds
//! neither agent, chain nor model. A record binds both (docs/adapters.md).

pub mod json;
pub mod opengradient;
pub mod otel;
pub mod python;
