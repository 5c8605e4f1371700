//! A small valid program, made by hand, that the tests run and break.

#![allow(dead_code, unreachable_pub, reason = "each test tree uses its part")]

pub mod digests;

use candor_program::card::{
    Card, Domain, OperatorWeights, Plugin, PointBytes, Program, SetupCard, SetupSource, SignerKey, Weights,
};
use candor_program::class::{
    Class, FORMAT_VERSION, Group, Input, Operand as View, OperatorClass, Stride, TensorId, TermClass,
};
use candor_program::evidence::{Authority, Slot, Subject};
use candor_program::feature::Feature;
use candor_program::head::{ActionTemplate, Head};
use candor_program::operator::lookup::ENTRIES;
use candor_program::operator::{Affine, Lookup, Operator, Rescale, Term};
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate, ReasonText, Rule, Table};
use candor_program::state::{Register, Update};
use candor_program::transaction::{AbiType, Argument, ArgumentSource, Template};

/// Splitmix64: the tests' only source of random numbers, the same on every run.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// `min` to `max`, both included.
    pub fn between(&mut self, min: i64, max: i64) -> i64 {
        let span = (i128::from(max) - i128::from(min) + 1) as u128;
        (i128::from(min) + (u128::from(self.next()) % span) as i128) as i64
    }
    pub fn chance(&mut self, one_in: u64) -> bool {
        self.next().is_multiple_of(one_in)
    }
}

pub fn feature(name: &str, plugin: u16, pointer: &str, decimals: u8, min: i64, max: i64) -> Feature {
    Feature { name: name.into(), plugin, pointer: pointer.into(), decimals, min, max }
}

pub fn action(name: &str, amount: i64) -> ActionTemplate {
    ActionTemplate { name: name.into(), abstain: amount == 0, amount, asset: 0, venue: 0 }
}

/// A head without assets and venues.
pub fn head(actions: Vec<ActionTemplate>) -> Head {
    Head::ArgMax { actions, assets: vec![], venues: vec![] }
}

/// A register that changes on execution alone.
pub fn register(name: &str, initial: i64, on_execute: Update, source: Operand) -> Register {
    Register {
        name: name.into(),
        initial,
        window: None,
        source,
        when: None,
        on_execute,
        on_deny: Update::Keep,
        on_abstain: Update::Keep,
    }
}

pub fn predicate(fact: Fact, comparison: Comparison, operand: Operand) -> Predicate {
    Predicate { fact, comparison, operand }
}

pub fn rule(name: &str, effect: Effect, all_of: u64, none_of: u64, reason: u16) -> Rule {
    Rule { name: name.into(), effect, all_of, none_of, reason }
}

pub fn argument(name: &str, abi_type: AbiType, source: ArgumentSource) -> Argument {
    Argument { name: name.into(), abi_type, source }
}

fn word(low: u8) -> [u8; 32] {
    let mut word = [0; 32];
    word[31] = low;
    word
}

/// Smallest `n` with `2^n >= width`.
pub fn log2(width: usize) -> u8 {
    (0..=63).find(|n| 1_usize << n >= width).unwrap()
}

/// 3 features, a layer of 4 with ReLU, a layer of 3 that also sees the input, sell / hold / buy.
pub fn program() -> Program {
    let (shapes, operators) = [
        affine(&[4], vec![dense(0, 3)], Rescale { multiplier: 40_000, low: 0 }),
        affine(&[3], vec![dense(1, 4), scaled(0, -3)], Rescale { multiplier: 21_845, low: -32_768 }),
    ]
    .into_iter()
    .unzip();
    let card = Card {
        name: "sample".into(),
        agent_version: "1.2.3".into(),
        class: class_of(&[3], shapes),
        features: vec![
            feature("momentum", 0, "/features/0", 4, -5_000, 5_000),
            feature("volume", 0, "/features/1", 0, 0, 65_535),
            feature("rate", 1, "/rate", 2, -100, 1_000),
        ],
        operators,
        head: head(vec![action("sell", -250), action("hold", 0), action("buy", 250)]),
        amount_decimals: 0,
        windows: vec![],
        registers: vec![
            register("last_execution", 0, Update::Set, Fact::Time.into()),
            register("exposure", 10, Update::Add, Fact::ActionAmount.into()),
            register("executions", 0, Update::Add, Operand::Constant(1)),
            register("limit", 500, Update::Keep, Operand::Constant(0)),
        ],
        evidence: vec![],
        policy: policy(),
        transaction: template(),
        plugins: vec![
            Plugin { id: "market".into(), version: "1".into(), code_hash: [1; 32], signer: None },
            Plugin { id: "bank".into(), version: "2".into(), code_hash: [2; 32], signer: None },
        ],
        domain: Domain { chain_id: 31_337, verifying_contract: [0xc0; 20] },
        setup: SetupCard {
            source: SetupSource::PowersOfTau { file_hash: [7; 32] },
            powers_log2: 12,
            powers_digest: [8; 32],
            tau_g2: [9; 128],
        },
        weight_rows: vec![PointBytes([5; 64]), PointBytes([0; 64])],
    };
    let weights = Weights {
        operators: vec![
            OperatorWeights {
                dense: vec![vec![3, -2, 1, -1, 1, 0, 7, -7, 2, 0, 0, -5]],
                bias: vec![1_000, -1_000, 0, 5_000],
            },
            OperatorWeights {
                dense: vec![vec![1, -1, 1, -1, -2, 2, 0, 1, 3, 0, -3, 1]],
                bias: vec![5, 0, -5],
            },
        ],
        tables: vec![],
    };
    Program { card, weights }
}

/// The sample with two evidence slots, the second of which the first revokes.
pub fn witnessed() -> Card {
    let mut card = program().card;
    let slot = |name: &str, default, revoked_by| Slot {
        name: name.into(),
        authority: Authority::Attester { key: SignerKey::Secp256k1 { address: [3; 20] } },
        subject: Subject::Agent,
        default,
        revoked_by,
        decimals: 0,
        values: vec![],
    };
    card.evidence = vec![slot("revoked_before", None, None), slot("approval", Some(0), Some(0))];
    card.class.evidence_size = 4;
    card
}

/// Logarithms of the padded extents.
pub fn logs(extents: &[u32]) -> Vec<u8> {
    extents.iter().map(|extent| log2(*extent as usize)).collect()
}

/// The input of these extents.
pub fn input(extents: &[u32]) -> Input {
    match extents {
        [extent] => Input::Vector { log2: log2(*extent as usize) },
        _ => Input::Tensor { extents: extents.to_vec() },
    }
}

/// A term as class and card have it.
pub type Summand = (TermClass, Term);

/// A matrix times a tensor of one axis.
pub fn dense(source: u16, width: u32) -> Summand {
    (TermClass::dense(TensorId(source), log2(width as usize)), Term::dense(width))
}

/// A coefficient times a tensor of one axis.
pub fn scaled(source: u16, coefficient: i32) -> Summand {
    (TermClass::scaled(TensorId(source)), Term::scaled(coefficient))
}

/// An affine operator as class and card have it.
pub fn affine(axes: &[u32], terms: Vec<Summand>, rescale: Rescale) -> (OperatorClass, Operator) {
    let (shapes, terms) = terms.into_iter().unzip();
    let shape = OperatorClass::Affine { axes: logs(axes), terms: shapes };
    (shape, Operator::Affine(Affine { axes: axes.to_vec(), terms, rescale }))
}

/// A lookup as class and card have it.
pub fn lookup(source: u16, table: u8, low: i32) -> (OperatorClass, Operator) {
    (OperatorClass::Lookup { source: TensorId(source), table }, Operator::Lookup(Lookup { low }))
}

/// The class of a model without lookups.
pub fn class_of(input: &[u32], operators: Vec<OperatorClass>) -> Class {
    Class {
        version: FORMAT_VERSION,
        input: self::input(input),
        operators,
        tables: 0,
        row_log2: 9,
        policy_size: 16,
        state_size: 4,
        evidence_size: 0,
    }
}

/// Replaces the model; capacities and row length stay.
pub fn set_model(card: &mut Card, input: &[u32], operators: Vec<(OperatorClass, Operator)>) {
    card.class.input = self::input(input);
    (card.class.operators, card.operators) = operators.into_iter().unzip();
    let tables = card.class.operators.iter().map(|shape| match shape {
        OperatorClass::Lookup { table, .. } => table + 1,
        OperatorClass::Affine { .. } => 0,
    });
    card.class.tables = tables.max().unwrap_or(0);
}

/// The sample's agent around another model: no policy, features from 0 to 1000, one action an output, all weights 1, tables that only
/// map 0 to 0.
pub fn program_of(input: &[u32], operators: Vec<(OperatorClass, Operator)>) -> Program {
    let mut card = program().card;
    card.policy = Table { predicates: vec![], rules: vec![], reasons: vec![] };
    card.features = (0..size(input)).map(|i| feature(&format!("f{i}"), 0, "/x", 0, 0, 1_000)).collect();
    set_model(&mut card, input, operators);
    let outputs = card.tensor_width(card.class.output()).unwrap_or(1).min(1_025);
    card.head = head((0..outputs).map(|output| action(&format!("a{output}"), output.into())).collect());
    let mut weights = Weights { operators: vec![], tables: vec![vec![0; ENTRIES]; card.class.tables.into()] };
    if card.validate().is_err() {
        // Its sizes may be anything.
        return Program { card, weights };
    }
    for (shape, operator) in card.class.operators.iter().zip(&card.operators) {
        weights.operators.push(match (shape, operator) {
            (OperatorClass::Affine { terms, .. }, Operator::Affine(affine)) => {
                let terms = terms.iter().zip(&affine.terms);
                let extents =
                    terms.filter_map(|(shape, term)| shape.weight_extents(&affine.axes, &term.summed));
                OperatorWeights {
                    dense: extents.map(|extents| vec![1; size(&extents) as usize]).collect(),
                    bias: vec![0; size(&affine.axes) as usize],
                }
            }
            _ => OperatorWeights { dense: vec![], bias: vec![] },
        });
        if let (OperatorClass::Lookup { source, table }, Operator::Lookup(lookup)) = (shape, operator) {
            let source = usize::from(source.0).checked_sub(1).and_then(|source| card.operators.get(source));
            let zero = source.map_or(0, Operator::low).unsigned_abs() as usize;
            if let Some(entry) =
                weights.tables.get_mut(usize::from(*table)).and_then(|table| table.get_mut(zero))
            {
                *entry = lookup.low.unsigned_abs() as u16;
            }
        }
    }
    Program { card, weights }
}

/// Product of extents.
pub fn size(extents: &[u32]) -> u64 {
    extents.iter().fold(1, |size: u64, extent| size.saturating_mul((*extent).into()))
}

/// A window: offset and step, then label, extent and stride of each label.
pub fn window(extents: &[u32], (offset, step): (i32, u32), labels: &[(u8, u32, i32)]) -> Group {
    let stride =
        |(label, extent, stride): &(u8, u32, i32)| Stride { label: *label, extent: *extent, stride: *stride };
    Group::Window { extents: extents.to_vec(), offset, step, labels: labels.iter().map(stride).collect() }
}

/// A tensor and how it is read.
pub fn operand(source: u16, groups: Vec<Group>) -> View {
    View { source: TensorId(source), groups }
}

/// A linear term.
pub fn linear(coefficient: i32, operand: View, summed: &[u32]) -> Summand {
    (TermClass::Linear { operand, summed: logs(summed) }, Term { coefficient, summed: summed.to_vec() })
}

/// A weighted term.
pub fn weighted(weights: &[u8], operand: View, contracted: &[u32]) -> Summand {
    let shape = TermClass::Weighted { weights: weights.to_vec(), operand, contracted: logs(contracted) };
    (shape, Term { coefficient: 1, summed: contracted.to_vec() })
}

/// A product.
pub fn product(coefficient: i32, left: View, right: View, contracted: &[u32]) -> Summand {
    let shape = TermClass::Product { left, right, contracted: logs(contracted) };
    (shape, Term { coefficient, summed: contracted.to_vec() })
}

/// Permit amounts within +-250 while the exposure is below its limit; forbid within 3 days, and on bad rates.
pub fn policy() -> Table {
    let constant = Operand::Constant;
    Table {
        predicates: vec![
            predicate(Fact::ActionAmount, Comparison::GreaterOrEqual, constant(-250)),
            predicate(Fact::ActionAmount, Comparison::LessOrEqual, constant(250)),
            predicate(Fact::Elapsed(0), Comparison::Less, constant(259_200)),
            predicate(Fact::Register(1), Comparison::Greater, Fact::Register(3).into()),
            predicate(Fact::Feature(2), Comparison::Equal, constant(999)),
        ],
        rules: vec![
            rule("mandate", Effect::Permit, 0b11, 0b1000, 16),
            rule("interval", Effect::Forbid, 0b100, 0, 17),
            rule("rate", Effect::Forbid, 0b1_0000, 0, 18),
        ],
        reasons: vec![
            reason(16, "within mandate", ""),
            reason(17, "interval", "wait"),
            reason(18, "rate", ""),
        ],
    }
}

pub fn reason(code: u16, name: &str, remedy: &str) -> ReasonText {
    ReasonText { code, name: name.into(), remedy: remedy.into() }
}

/// `rebalance(uint256,int256,uint256)`
pub fn template() -> Template {
    Template {
        to: [0x55; 20],
        value: 12,
        function: "rebalance".into(),
        arguments: vec![
            argument("asset", AbiType::Uint(256), ArgumentSource::Constant(word(77))),
            argument(
                "amount",
                AbiType::Int(256),
                ArgumentSource::Fact { fact: Fact::ActionAmount, offset: 0 },
            ),
            argument(
                "deadline",
                AbiType::Uint(256),
                ArgumentSource::Fact { fact: Fact::Time, offset: 86_400 },
            ),
        ],
    }
}

pub const LINE: &str =
    r#"{"time": 1357160400, "plugins": {"market": {"features": ["0.0250", 1200]}, "bank": {"rate":-0.5}}}"#;
