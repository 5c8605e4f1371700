//! ONNX and agent.toml to a program: float model -> folded stages -> integer operators -> card, weights, report.
//!
//! [`AgentSource::read`] does all reading of files; [`lower`] is pure and gives the same bytes for the same files on
//! every machine. Floats exist only here; what comes out is integers. A perceptron needs `+ - * /`, comparisons and rounding alone; tables of
//! other graphs are made with the functions of libm, which are the same everywhere.
//!
//! A perceptron takes one path ([`onnx::SUPPORTED`], a step for every neuron); every other graph goes node by node, each lowered by its own family
//! (docs/operators.md says which are).
//!
//! Limitations: one input row and one output row for each observation; an arg-max head.

pub mod analysis;
pub mod cedar;
pub mod check;
pub mod class;
mod compare;
mod error;
pub mod estimate;
mod fidelity;
mod fold;
mod general;
pub mod graph;
mod lower;
mod lowering;
pub mod manifest;
mod nearest;
mod network;
mod observed;
pub mod onnx;
pub mod operator;
mod policy_report;
mod quantise;
mod reference;
pub mod report;
mod source;
pub mod tensor;
mod trial;
pub mod vocabulary;

pub use error::{Category, CompileError};
pub use fidelity::Target;
pub use lower::{Lowered, lower};
pub use manifest::template::agent_toml_template;
pub use manifest::{ManifestCause, ManifestError};
pub use onnx::{Cause, ModelError, Obstacle};
pub use policy_report::{EvidenceLine, PolicyReport, RegisterLine, RuleLine, WindowLine};
pub use reference::ReferenceError;
pub use report::{Report, Soundness};
pub use source::{AgentSource, LINES_BYTES, MANIFEST_BYTES, SourceFile, cedar_schema};
pub use trial::{Trial, TrialError};
pub use vocabulary::Vocabulary;
