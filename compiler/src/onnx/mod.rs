//! ONNX files: strict reading, checks with names, and the float model they hold.

mod attributes;
mod import;
pub(crate) mod message;
pub(crate) mod obstacle;
mod operators;
mod tensor;
mod wire;

pub use import::OBSTACLES;
pub(crate) use import::{ImportError, Selection, import};
pub use message::{NODES, TENSORS};
pub use obstacle::{Cause, Obstacle, SUPPORTED};
pub(crate) use tensor::element_type_name;
pub use tensor::{ELEMENTS, MAGNITUDE, RANK};
pub use wire::{WireError, WireProblem};

use thiserror::Error;

/// Largest model file.
pub const MODEL_BYTES: u64 = 256 << 20;
/// Oldest operator set that is read.
pub const OPSET_OLDEST: i64 = 9;
/// Newest operator set that is read.
pub const OPSET_NEWEST: i64 = 28;

/// Why a file is not an ONNX model that this build reads.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ModelError {
    /// Not Protocol Buffers, or not ONNX's messages.
    #[error("the file is not a complete ONNX model ({source}); export or download it again")]
    Malformed {
        /// Place and defect.
        source: WireError,
    },
    /// No graph.
    #[error("the file holds no ONNX graph; export or download it again")]
    NoGraph,
    /// No operator set of ONNX's own domain.
    #[error("the model does not say which operator set it uses; export it again")]
    NoOpset,
    /// An operator set too old or too new.
    #[error(
        "the model uses operator set {got}, supported are {OPSET_OLDEST} to {OPSET_NEWEST}; export it with one of these"
    )]
    Opset {
        /// Found.
        got: i64,
    },
}
