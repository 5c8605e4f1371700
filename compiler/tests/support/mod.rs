//! Sources for tests: fixtures of the repository, and small models written on the spot.

#![allow(dead_code, unreachable_pub, reason = "each test tree uses a part")]

pub mod cedar;
pub mod cedar_generator;
pub mod sp500_policy;

use candor_compiler::graph::ExternalFiles;
use candor_compiler::{AgentSource, Lowered, SourceFile};
use candor_program::card::{Program, SetupCard, SetupSource};
use candor_program::evaluate::execute;
use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, Dimension, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};
use std::cell::RefCell;
use std::fmt::Write;
use std::path::PathBuf;

/// A file under `fixtures/`.
pub fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name)
}

/// A reference string's card that no proof was made with.
pub fn setup() -> SetupCard {
    SetupCard { source: SetupSource::Development, powers_log2: 12, powers_digest: [7; 32], tau_g2: [9; 128] }
}

/// agent.toml for a model whose features are decimals from -3 to 3.
pub fn manifest(inputs: usize, outputs: usize) -> String {
    let mut text = String::from(
        "[agent]\nname = \"test\"\nversion = \"1\"\nmodel = \"model.onnx\"\ninput = \"x\"\noutput = \"y\"\n\
         [domain]\nchain_id = 1\nverifying_contract = \"0x0000000000000000000000000000000000000001\"\n\
         [[plugins]]\nid = \"p\"\nversion = \"1\"\n\
         code_hash = \"0x0000000000000000000000000000000000000000000000000000000000000002\"\n",
    );
    for index in 0..inputs {
        write!(
            text,
            "[[features]]\nname = \"f{index}\"\nplugin = \"p\"\npointer = \"/{index}\"\ndecimals = 4\n\
             min = \"-3.0000\"\nmax = \"3.0000\"\n"
        )
        .unwrap();
    }
    text.push_str("[head]\nkind = \"argmax\"\n");
    for index in 0..outputs {
        write!(text, "[[head.actions]]\nname = \"a{index}\"\namount = {}\n", index + 1).unwrap();
    }
    text.push_str(
        "[[state]]\nname = \"last\"\ninitial = 0\non_execute = \"time\"\n\
         [[policy.rules]]\nname = \"all\"\neffect = \"permit\"\n\
         [transaction]\nto = \"0x0000000000000000000000000000000000000003\"\nvalue = 0\n\
         function = \"act(int256 amount)\"\n[transaction.args]\namount = \"action.amount\"\n",
    );
    text
}

/// agent.toml of an agent that trades: assets, venues, a window, registers and evidence.
pub fn trading() -> String {
    let text = manifest(2, 2);
    let (start, end) = (text.find("[head]").unwrap(), text.find("[transaction]").unwrap());
    format!("{}{TRADING}{}", &text[..start], &text[end..])
}

const TRADING: &str = r#"[head]
kind = "argmax"
decimals = 2
assets = ["SPX", "NDX"]
venues = ["X1", "X2"]
[[head.actions]]
name = "sell"
amount = "-100.50"
asset = "SPX"
venue = "X1"
[[head.actions]]
name = "buy"
amount = "100.50"
asset = "NDX"
venue = "X2"
[[windows]]
name = "shift"
length = "8h"
offset = "30m"
[[state]]
name = "position"
initial = "0.50"
window = "shift"
source = "action.amount"
when = "action.asset == \"SPX\""
on_execute = "add"
on_deny = "reset"
[[state]]
name = "high_water"
initial = "-3"
source = "feature.f0 - 0.5"
when = "feature.f0 > state.high_water"
on_execute = "set"
on_deny = "set"
on_abstain = "set"
[[evidence]]
name = "jurisdiction"
attester = "0x0000000000000000000000000000000000000009"
revoked_by = "epoch"
values = { DE = 276, US = 840 }
[[evidence]]
name = "epoch"
attester = "ed25519:0x0000000000000000000000000000000000000000000000000000000000000009"
subject = "0x000000000000000000000000000000000000000a"
[[evidence]]
name = "approval"
mandate = { owner = "0x0000000000000000000000000000000000000009", limit = "order", direction = "at-most" }
decimals = 2
default = "0"
[[policy.rules]]
name = "all"
effect = "permit"
all_of = ["evidence.jurisdiction == DE"]
"#;

/// A source without calibration data.
pub fn source(manifest: &str, model: Vec<u8>) -> AgentSource {
    AgentSource {
        manifest: SourceFile { path: "agent.toml".into(), bytes: manifest.into() },
        model: SourceFile { path: "model.onnx".into(), bytes: model },
        weights: ExternalFiles::new(),
        policy: None,
        calibration: None,
        reference: None,
        observations: None,
    }
}

/// The program without its weight rows.
pub fn program(lowered: &Lowered) -> Program {
    Program { card: lowered.card.clone(), weights: lowered.weights.clone() }
}

/// The real numbers that the program's outputs stand for.
pub fn run(lowered: &Lowered, input: &[u16]) -> Vec<f64> {
    let execution = execute(&program(lowered), input).unwrap();
    let step = lowered.report.operators.last().unwrap().step;
    execution.tensors.last().unwrap().iter().map(|output| f64::from(*output) * step).collect()
}

/// A model from nodes and initializers, `x` [batch, inputs] to `y` [batch, outputs].
pub fn model(inputs: i64, outputs: i64, nodes: Vec<NodeProto>, initializer: Vec<TensorProto>) -> Vec<u8> {
    let graph = GraphProto {
        node: nodes,
        initializer,
        input: vec![value_info("x", inputs)],
        output: vec![value_info("y", outputs)],
        value_info: vec![],
    };
    ModelProto {
        ir_version: Some(8),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(17) }],
        ..Default::default()
    }
    .write_buf()
    .unwrap()
}

fn value_info(name: &str, width: i64) -> ValueInfoProto {
    let dim = vec![
        Dimension { dim_param: Some("batch".into()), ..Default::default() },
        Dimension { dim_value: Some(width), ..Default::default() },
    ];
    let tensor = TypeProtoTensor { elem_type: Some(DataType::FLOAT), shape: Some(TensorShapeProto { dim }) };
    let kind = TypeProto { tensor_type: Some(tensor), ..Default::default() };
    ValueInfoProto { name: Some(name.into()), r#type: Some(kind) }
}

/// A node; its name is its operator and output.
pub fn node(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        name: Some(format!("{operator}_{output}")),
        op_type: Some(operator.into()),
        input: inputs.iter().map(|name| (*name).into()).collect(),
        output: vec![output.into()],
        ..Default::default()
    }
}

/// The node with an integer attribute more.
pub fn with_integer(mut node: NodeProto, name: &str, value: i64) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: Some(name.into()),
        i: Some(value),
        r#type: Some(AttributeType::INT),
        ..Default::default()
    });
    node
}

/// A float initializer.
pub fn weights(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        dims: dims.to_vec(),
        data_type: Some(DataType::FLOAT),
        raw_data: Some(RefCell::new(values.iter().flat_map(|value| value.to_le_bytes()).collect())),
        ..Default::default()
    }
}

/// Name of an enum's variant.
pub fn variant(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// Numbers that never change: SplitMix64.
pub struct Numbers(pub u64);

impl Numbers {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number, below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// The next number, from `min` to `max`, both included.
    pub fn between(&mut self, min: i64, max: i64) -> i64 {
        let span = (i128::from(max) - i128::from(min) + 1) as u128;
        (i128::from(min) + (u128::from(self.next()) % span) as i128) as i64
    }

    /// Whether the next number is one of so many.
    pub fn chance(&mut self, one_in: u64) -> bool {
        self.next().is_multiple_of(one_in)
    }

    /// A number from -1 to 1.
    pub fn unit(&mut self) -> f32 {
        self.below(2001) as f32 / 1000.0 - 1.0
    }
}
