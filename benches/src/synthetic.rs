//! Multi-layer perceptrons with pseudo-random weights: honest programs of any size, without a model file.

use candor_program::card::{Domain, OperatorWeights, Plugin, SetupCard};
use candor_program::class::{Class, FORMAT_VERSION, Input, OperatorClass, TensorId, TermClass};
use candor_program::feature::Feature;
use candor_program::head::{ActionTemplate, Head};
use candor_program::operator::{Affine, Operator, Rescale, Term};
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate, ReasonText, Rule, Table};
use candor_program::state::{Register, Update};
use candor_program::transaction::{AbiType, Argument, ArgumentSource, Template};
use candor_program::{Card, Program, Weights};

/// SplitMix64: the same numbers everywhere.
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// A number from `-bound` to `bound`.
    pub fn signed(&mut self, bound: i64) -> i64 {
        (self.next_u64() % (2 * bound as u64 + 1)) as i64 - bound
    }
}

/// Shape of a synthetic program.
pub struct Shape<'a> {
    /// Input width, then the width of every layer.
    pub widths: &'a [usize],
    /// Log2 of a committed row.
    pub row_log2: u8,
    /// Whether every second layer of equal width adds its input to its output (a scaled term).
    pub residual: bool,
    /// Factor on the weights: 1 hardly saturates, 16 saturates often.
    pub gain: i64,
}

fn log2(width: usize) -> u8 {
    width.next_power_of_two().trailing_zeros() as u8
}

/// A perceptron with ReLU between layers and signed outputs; its weight rows are not committed yet.
#[must_use]
pub fn perceptron(shape: &Shape<'_>, setup: &SetupCard, seed: u64) -> Program {
    let mut random = Random(seed);
    let (mut operators, mut classes, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let layers = shape.widths.len() - 1;
    for layer in 0..layers {
        let (input, output) = (shape.widths[layer], shape.widths[layer + 1]);
        let source = TensorId(layer as u16);
        let bound = shape.gain * (65_536.0 / (input as f64).sqrt()) as i64;
        let matrix = (0..input * output).map(|_| random.signed(bound) as i32).collect();
        let bias = (0..output).map(|_| random.signed(1 << 28)).collect();
        let mut terms = vec![Term { coefficient: 1, summed: vec![input as u32] }];
        let mut class = vec![TermClass::dense(source, log2(input))];
        if shape.residual && layer % 2 == 1 && input == output {
            terms.push(Term { coefficient: 1 << 15, summed: Vec::new() });
            class.push(TermClass::scaled(source));
        }
        let low = if layer + 1 == layers { -32_768 } else { 0 };
        let rescale = Rescale { multiplier: 1 + u32::from(shape.gain == 1 && layer % 3 == 1), low };
        operators.push(Operator::Affine(Affine { axes: vec![output as u32], terms, rescale }));
        classes.push(OperatorClass::Affine { axes: vec![log2(output)], terms: class });
        weights.push(OperatorWeights { dense: vec![matrix], bias });
    }
    let class = Class {
        version: FORMAT_VERSION,
        input: Input::Vector { log2: log2(shape.widths[0]) },
        operators: classes,
        tables: 0,
        row_log2: shape.row_log2,
        policy_size: 16,
        state_size: 4,
        evidence_size: 0,
    };
    let card = Card {
        name: "synthetic".into(),
        agent_version: "1".into(),
        class,
        features: (0..shape.widths[0]).map(feature).collect(),
        operators,
        head: Head::ArgMax {
            actions: (0..shape.widths[layers]).map(action).collect(),
            assets: Vec::new(),
            venues: Vec::new(),
        },
        amount_decimals: 0,
        windows: Vec::new(),
        registers: vec![last_execution()],
        evidence: Vec::new(),
        policy: policy(),
        transaction: template(),
        plugins: vec![Plugin { id: "feed".into(), version: "1".into(), code_hash: [7; 32], signer: None }],
        domain: Domain { chain_id: 31_337, verifying_contract: [0xc0; 20] },
        setup: setup.clone(),
        weight_rows: Vec::new(),
    };
    Program { card, weights: Weights { operators: weights, tables: Vec::new() } }
}

/// A model with the agent of [`perceptron`] around it: one action for each of its outputs.
#[must_use]
pub fn with_agent(model: &Program, outputs: usize, setup: &SetupCard) -> Program {
    let around = perceptron(&Shape { widths: &[1, 1], row_log2: 9, residual: false, gain: 1 }, setup, 0).card;
    let mut class = model.card.class.clone();
    class.state_size = around.class.state_size;
    let numbered = |(index, declared): (usize, &Feature)| {
        let Feature { decimals, min, max, .. } = *declared;
        Feature { decimals, min, max, ..feature(index) }
    };
    let head =
        Head::ArgMax { actions: (0..outputs).map(action).collect(), assets: Vec::new(), venues: Vec::new() };
    let features = model.card.features.iter().enumerate().map(numbered).collect();
    let card = Card { class, features, operators: model.card.operators.clone(), head, ..around };
    Program { card, weights: model.weights.clone() }
}

fn feature(index: usize) -> Feature {
    let (name, pointer) = (format!("f{index}"), format!("/{index}"));
    Feature { name, plugin: 0, pointer, decimals: 2, min: -30_000, max: 35_535 }
}

fn action(index: usize) -> ActionTemplate {
    let abstain = index == 1;
    ActionTemplate {
        name: format!("a{index}"),
        abstain,
        amount: if abstain { 0 } else { index as i64 * 10 - 15 },
        asset: 0,
        venue: 0,
    }
}

/// Time of the last execution.
fn last_execution() -> Register {
    Register {
        name: "last".into(),
        initial: 0,
        window: None,
        source: Fact::Time.into(),
        when: None,
        on_execute: Update::Set,
        on_deny: Update::Keep,
        on_abstain: Update::Keep,
    }
}

fn policy() -> Table {
    let predicate =
        |fact, comparison, constant| Predicate { fact, comparison, operand: Operand::Constant(constant) };
    let rule = |name: &str, effect, bit: u32, reason| Rule {
        name: name.into(),
        effect,
        all_of: 1 << bit,
        none_of: 0,
        reason,
    };
    let text = |code, name: &str| ReasonText { code, name: name.into(), remedy: String::new() };
    Table {
        predicates: vec![
            predicate(Fact::ActionAmount, Comparison::LessOrEqual, 1_000_000),
            predicate(Fact::Elapsed(0), Comparison::Less, 100),
        ],
        rules: vec![rule("allow", Effect::Permit, 0, 16), rule("interval", Effect::Forbid, 1, 17)],
        reasons: vec![text(16, "within-mandate"), text(17, "minimum-interval")],
    }
}

fn template() -> Template {
    let fact = |name: &str, abi_type, fact, offset| Argument {
        name: name.into(),
        abi_type,
        source: ArgumentSource::Fact { fact, offset },
    };
    Template {
        to: [0x55; 20],
        value: 0,
        function: "rebalance".into(),
        arguments: vec![
            fact("amount", AbiType::Int(256), Fact::ActionAmount, 0),
            fact("deadline", AbiType::Uint(256), Fact::Time, 60),
        ],
    }
}

/// Features of a decision: pseudo-random, full range.
#[must_use]
pub fn features(program: &Program, seed: u64) -> Vec<u16> {
    let mut random = Random(seed);
    program.card.features.iter().map(|_| random.next_u64() as u16).collect()
}
