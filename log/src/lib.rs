//! Durable, append-only storage of signed records.
