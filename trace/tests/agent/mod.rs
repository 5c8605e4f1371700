//! A tiny agent whose decisions can be read off its observations: three features `sell`, `hold`, `buy`, and a model
//! that passes them on. It trades one unit, at most once a minute, and counts.

#![allow(dead_code, reason = "each test tree uses its own part")]

pub(crate) mod attestation_model;
pub(crate) mod evidence;
pub(crate) mod golden;
pub(crate) mod mandate_model;
pub(crate) mod revised;

use candor_program::card::{
    Card, Domain, OperatorWeights, Plugin, PluginSigner, PointBytes, Program, SetupCard, SetupSource,
    SignerKey, Weights,
};
use candor_program::class::{Class, Input, OperatorClass, TensorId, TermClass};
use candor_program::feature::Feature;
use candor_program::head::{ActionTemplate, Head};
use candor_program::observation::Observation;
use candor_program::operator::{Affine, Operator, Rescale, Term};
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate, ReasonText, Rule, Table};
use candor_program::state::{Register, Update};
use candor_program::transaction::{AbiType, Argument, ArgumentSource, Template};
use candor_trace::{AgentKey, Recorder, Salts, SignedRecord};

/// Time of the first record.
pub(crate) const START: u64 = 1_700_000_000;

fn dense(source: u16, low: i32) -> (OperatorClass, Operator, OperatorWeights) {
    let source = TensorId(source);
    let class = OperatorClass::Affine { axes: vec![2], terms: vec![TermClass::dense(source, 2)] };
    let affine =
        Affine { axes: vec![3], terms: vec![Term::dense(3)], rescale: Rescale { multiplier: 1 << 16, low } };
    let weights = OperatorWeights { dense: vec![vec![1, 0, 0, 0, 1, 0, 0, 0, 1]], bias: vec![0, 0, 0] };
    (class, Operator::Affine(affine), weights)
}

fn feature(name: &str) -> Feature {
    let pointer = format!("/{name}");
    Feature { name: name.into(), plugin: 0, pointer, decimals: 1, min: 0, max: 1000 }
}

fn action(name: &str, amount: i64) -> ActionTemplate {
    ActionTemplate { name: name.into(), abstain: amount == 0, amount, asset: 0, venue: 0 }
}

fn register(name: &str, source: Operand) -> Register {
    let on_execute = if source == Operand::from(Fact::Time) { Update::Set } else { Update::Add };
    Register {
        name: name.into(),
        initial: 0,
        window: None,
        source,
        when: None,
        on_execute,
        on_deny: Update::Keep,
        on_abstain: Update::Keep,
    }
}

fn rule(name: &str, effect: Effect, all_of: u64, reason: u16) -> Rule {
    Rule { name: name.into(), effect, all_of, none_of: 0, reason }
}

fn reason(code: u16, name: &str, remedy: &str) -> ReasonText {
    ReasonText { code, name: name.into(), remedy: remedy.into() }
}

fn argument(name: &str, abi_type: AbiType, source: ArgumentSource) -> Argument {
    Argument { name: name.into(), abi_type, source }
}

/// The agent's program.
pub(crate) fn program() -> Program {
    let (first_class, first, first_weights) = dense(0, 0);
    let (last_class, last, last_weights) = dense(1, -32_768);
    let mut asset = [0; 32];
    asset[31] = 7;
    let card = Card {
        name: "three-way".into(),
        agent_version: "1.0.0".into(),
        class: Class {
            version: 1,
            input: Input::Vector { log2: 2 },
            tables: 0,
            operators: vec![first_class, last_class],
            row_log2: 9,
            policy_size: 16,
            state_size: 4,
            evidence_size: 0,
        },
        features: ["sell", "hold", "buy"].map(feature).to_vec(),
        operators: vec![first, last],
        head: Head::ArgMax {
            actions: vec![action("sell", -1), action("hold", 0), action("buy", 1)],
            assets: Vec::new(),
            venues: Vec::new(),
        },
        amount_decimals: 0,
        windows: Vec::new(),
        registers: vec![
            register("last_trade", Fact::Time.into()),
            register("position", Fact::ActionAmount.into()),
            register("trades", Operand::Constant(1)),
        ],
        evidence: Vec::new(),
        policy: Table {
            predicates: vec![Predicate {
                fact: Fact::Elapsed(0),
                comparison: Comparison::Less,
                operand: Operand::Constant(60),
            }],
            rules: vec![rule("trade", Effect::Permit, 0, 16), rule("too-soon", Effect::Forbid, 1, 17)],
            reasons: vec![
                reason(16, "allowed", ""),
                reason(17, "minimum-interval", "wait until a minute has passed since the last trade"),
            ],
        },
        transaction: Template {
            to: [0xaa; 20],
            value: 0,
            function: "rebalance".into(),
            arguments: vec![
                argument("asset", AbiType::Uint(256), ArgumentSource::Constant(asset)),
                argument(
                    "amount",
                    AbiType::Int(256),
                    ArgumentSource::Fact { fact: Fact::ActionAmount, offset: 0 },
                ),
                argument(
                    "deadline",
                    AbiType::Uint(256),
                    ArgumentSource::Fact { fact: Fact::Time, offset: 300 },
                ),
            ],
        },
        plugins: vec![
            Plugin { id: "opinion".into(), version: "1".into(), code_hash: [1; 32], signer: None },
            Plugin { id: "remark".into(), version: "1".into(), code_hash: [2; 32], signer: None },
        ],
        domain: Domain { chain_id: 31_337, verifying_contract: [0xcc; 20] },
        setup: SetupCard {
            source: SetupSource::Development,
            powers_log2: 9,
            powers_digest: [3; 32],
            tau_g2: [4; 128],
        },
        weight_rows: vec![PointBytes([5; 64])],
    };
    let program =
        Program { card, weights: Weights { operators: vec![first_weights, last_weights], tables: vec![] } };
    program.validate().expect("the test's program is valid");
    program
}

/// The agent's key.
pub(crate) fn key() -> AgentKey {
    AgentKey::from_bytes(&[0x11; 32]).expect("in range")
}

/// Somebody else's key.
pub(crate) fn other_key() -> AgentKey {
    AgentKey::from_bytes(&[0x22; 32]).expect("in range")
}

/// What the agent is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Want {
    Sell,
    Hold,
    Buy,
}

/// An observation that makes the model ask for an action.
pub(crate) fn observation(time: u64, want: Want) -> Observation {
    let [sell, hold, buy] = match want {
        Want::Sell => ["9.5", "1", "2.5"],
        Want::Hold => ["0", "100", "99.9"],
        Want::Buy => ["3", "0.1", "3.1"],
    };
    let payload = format!(r#"{{"sell": {sell}, "hold": {hold}, "buy": {buy}}}"#);
    Observation { time, payloads: vec![payload.into_bytes(), br#""a remark""#.to_vec()] }
}

/// Salts that differ from record to record.
pub(crate) fn salts(number: u64) -> Salts {
    let seed = u128::from(number) + 1;
    Salts { observations: seed << 100 | 77, evidence: seed << 90 | 99 }
}

/// A recorder at genesis.
pub(crate) fn recorder() -> Recorder {
    Recorder::resume(program(), key(), None).expect("genesis")
}

/// Appends one record to a run.
pub(crate) fn push(recorder: &mut Recorder, run: &mut Vec<SignedRecord>, time: u64, want: Want) {
    let salts = salts(recorder.sequence());
    run.push(recorder.record(observation(time, want), salts).expect("recorded").record);
}

/// hold, buy (executed), sell (denied: too soon), hold, sell (executed), hold, buy (executed).
pub(crate) fn run() -> Vec<SignedRecord> {
    let (mut recorder, mut run) = (recorder(), Vec::new());
    let steps = [
        (0, Want::Hold),
        (10, Want::Buy),
        (20, Want::Sell),
        (20, Want::Hold),
        (70, Want::Sell),
        (100, Want::Hold),
        (130, Want::Buy),
    ];
    for (after, want) in steps {
        push(&mut recorder, &mut run, START + after, want);
    }
    run
}

/// Signs a changed record again, as a cheating agent would.
pub(crate) fn sign_again(record: &mut SignedRecord) {
    record.signature = key().sign(&record.record_hash(&program().card.domain));
}

/// The program, with a plugin `remark` that signs what it reports.
pub(crate) fn signed_program(key: SignerKey, max_age_seconds: u64) -> Program {
    let mut program = program();
    program.card.plugins[1].signer = Some(PluginSigner { key, max_age_seconds });
    program
}
