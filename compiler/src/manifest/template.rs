//! A commented agent.toml for somebody's ONNX file.

use crate::error::CompileError;
use crate::general::{self, Ends};
use crate::graph::ExternalFiles;
use crate::onnx::{self, ImportError, Selection};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// An agent.toml that fits the model and compiles as it stands; what has to be decided is marked `EDIT`.
///
/// `model_path` is written into it and named in messages; `weights` are the files of weights beside the model's own, which lie beside
/// agent.toml.
pub fn agent_toml_template(
    model: &[u8],
    model_path: &str,
    weights: &ExternalFiles,
) -> Result<String, CompileError> {
    let path = || PathBuf::from(model_path);
    if model.len() as u64 > onnx::MODEL_BYTES {
        return Err(CompileError::FileTooLarge { path: path(), limit_bytes: onnx::MODEL_BYTES });
    }
    let ends = match onnx::import(model, Selection::default()) {
        Ok(network) => Ends {
            input_width: network.input_width,
            integers: vec![],
            output_width: network.width(network.output_value),
            input: network.input,
            output: network.output,
        },
        Err(ImportError::Model(source)) => return Err(CompileError::Model { path: path(), source }),
        Err(ImportError::Obstacles(obstacles)) => {
            let graph = if obstacles.iter().any(general::is_beyond) {
                general::ends(model, weights).ok()
            } else {
                None
            };
            graph.ok_or_else(|| CompileError::Unsupported { path: path(), obstacles })?
        }
    };
    let stem = Path::new(model_path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name: String = stem
        .unwrap_or_default()
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character } else { '-' })
        .take(64)
        .collect();
    let mut text = HEAD
        .replace("{name}", if name.is_empty() { "agent" } else { &name })
        .replace("{model}", &quoted(model_path))
        .replace("{input}", &quoted(&ends.input))
        .replace("{output}", &quoted(&ends.output));
    for (location, file) in weights {
        let digest: String = file.digest().iter().map(|byte| format!("{byte:02x}")).collect();
        // Writing to a String does not fail.
        let _ = write!(text, "\n[[weights]]\nfile = {}\nsha256 = \"0x{digest}\"\n", quoted(location));
    }
    for index in 0..ends.input_width {
        // Writing to a String does not fail.
        let feature = if ends.integers.get(index) == Some(&true) { INTEGER } else { FEATURE };
        let _ = write!(text, "{}", feature.replace("{index}", &index.to_string()));
    }
    text.push_str(ACTIONS);
    for index in 0..ends.output_width {
        let _ = write!(
            text,
            "\n[[head.actions]]\nname = \"action_{index}\"\namount = \"{}\"                     # EDIT\n",
            index + 1
        );
    }
    text.push_str(TAIL);
    Ok(text)
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

const HEAD: &str = r#"# An agent whose decisions Candor records and can prove. Edit the lines marked EDIT, then compile.
# Paths are relative to this file.

[agent]
name = "{name}"
version = "0.1.0"
model = {model}
input = {input}                     # name of the model's input
output = {output}                   # name of the model's output
# Typical observations, one JSON line each, to choose number ranges from. Without them ranges come from the
# features' declared ranges, which costs accuracy.
# calibration = "calibration.jsonl"
# Your float model's answers, one line {"time": ..., "logits": [...], "action": "..."} for each observation in
# observations.jsonl, to compare with.
# reference = "reference.jsonl"

# EIP-712 domain of the records, and the chain of the transactions.
[domain]
chain_id = 31337                                                       # EDIT
verifying_contract = "0x0000000000000000000000000000000000000000"      # EDIT

# Where observations come from. With `signer` (an address, or ed25519:0x and a public key) the plugin signs what it
# reports, which may then be used for `max_age_seconds`; without it the report is merely declared by the agent, and every
# verdict says so.
[[plugins]]
id = "data"                                                            # EDIT
version = "1.0.0"
code_hash = "0x0000000000000000000000000000000000000000000000000000000000000000"   # EDIT
# signer = "0x0000000000000000000000000000000000000000"
# max_age_seconds = 60

# The model's inputs, in the model's order. A line of observations is
#   {"time": 1700000000, "plugins": {"data": {"features": {"feature_0": "0.1234", ...}}}}
# Each feature is a decimal at `pointer` (a JSON pointer) in what its plugin reports, with `decimals` digits after the
# point, from `min` to `max`. From min to max there are at most 65535 steps: fewer decimals allow a wider range. A value
# outside is an error, so let the plugin clip.
"#;

const FEATURE: &str = r#"
[[features]]
name = "feature_{index}"               # EDIT
plugin = "data"
pointer = "/features/feature_{index}"
decimals = 4                      # EDIT
min = "-3.0000"                   # EDIT
max = "3.0000"                    # EDIT
"#;

/// An input of integers: a token's number, a class.
const INTEGER: &str = r#"
[[features]]
name = "feature_{index}"               # EDIT
plugin = "data"
pointer = "/features/feature_{index}"
decimals = 0
min = "0"                         # EDIT
max = "1"                         # EDIT
"#;

const ACTIONS: &str = r#"
# What the model's outputs mean, in the model's order: the largest one names the action. Write `abstain = true` instead of
# an amount for the action that does nothing.
[head]
kind = "argmax"
"#;

const TAIL: &str = r#"
# What the agent remembers. on_execute, on_deny and on_abstain say how a register changes: keep, set, add or reset, with
# `source` and `when`; time, add-amount and increment are short forms. Rules read a register as state.<name>, what an
# execution would make of it as after.<name>, and the seconds since a time as elapsed.<name> (docs/policy.md).
[[state]]
name = "last_execution"
initial = "0"
on_execute = "time"

# What the agent may do. An action needs a rule that permits it and no rule that forbids it. A rule applies when all
# conditions of `all_of` hold and none of `none_of`. A condition is `fact op value` with == != < <= > >=; facts are
# action.code, action.amount, action.magnitude, time, sequence, feature.<name>, output.<action>, state.<name> and others.
# Who needs limits and nothing else writes, instead of [[policy.rules]], such as
#   [limits]
#   max_order = "1000"
#   min_interval = "1m"
#   max_notional_per_day = "10000"
[[policy.rules]]
name = "within-mandate"
effect = "permit"
all_of = ["action.amount >= -1000000", "action.amount <= 1000000"]     # EDIT
reason = "within-mandate"

[[policy.rules]]
name = "minimum-interval"
effect = "forbid"
all_of = ["elapsed.last_execution < 60"]                               # EDIT
reason = "minimum-interval"
remedy = "wait until a minute has passed since the last execution"

# The transaction that an allowed action becomes.
[transaction]
to = "0x0000000000000000000000000000000000000000"                      # EDIT
value = "0"
function = "act(int256 amount, uint256 deadline)"                      # EDIT

# Each argument is a constant, a fact, or a fact plus or minus a whole number.
[transaction.args]
amount = "action.amount"
deadline = "time + 3600"
"#;
