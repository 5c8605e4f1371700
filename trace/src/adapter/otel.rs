//! OpenTelemetry GenAI spans (OTLP JSON) to observations with their provenance, and decisions to spans.
//!
//! Spans are sampled and unsigned: an import and export format, never evidence. What is imported is declared by the agent,
//! unless a tool's result is a signed envelope of a plugin.

mod attribute;
mod error;
mod export;
mod observe;
mod span;

pub use error::OtelError;
pub use export::{DecisionSpan, ProofStatus, to_otlp};
pub use observe::{ImportedObservation, ToolNames, observations};
pub use span::{MAX_SPANS, Span, read_spans};

/// Names of attributes (OpenTelemetry's semantic conventions for generative AI, status "development").
pub mod name {
    /// What a span is about: `invoke_agent`, `execute_tool`, `plan`, ...
    pub const OPERATION: &str = "gen_ai.operation.name";
    /// Model that was asked for.
    pub const MODEL: &str = "gen_ai.request.model";
    /// Agent.
    pub const AGENT_ID: &str = "gen_ai.agent.id";
    /// Agent.
    pub const AGENT_NAME: &str = "gen_ai.agent.name";
    /// Agent.
    pub const AGENT_VERSION: &str = "gen_ai.agent.version";
    /// Conversation.
    pub const CONVERSATION_ID: &str = "gen_ai.conversation.id";
    /// Tool.
    pub const TOOL: &str = "gen_ai.tool.name";
    /// Call of a tool.
    pub const TOOL_CALL_ID: &str = "gen_ai.tool.call.id";
    /// What the tool gave back.
    pub const TOOL_RESULT: &str = "gen_ai.tool.call.result";
    /// Method of the Model Context Protocol.
    pub const MCP_METHOD: &str = "mcp.method.name";
}
