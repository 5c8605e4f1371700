//! What other systems recorded, read as they wrote it.

mod opengradient;
mod otel;
mod python;
