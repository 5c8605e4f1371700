//! ONNX and agent.toml to a Program.
