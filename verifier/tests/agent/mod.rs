//! A small agent: three features `sell`, `hold`, `buy`, a model of three layers that lets the largest win, a policy
//! that permits one trade a minute, and registers for the last trade and the position.

#![allow(dead_code, reason = "each test tree uses its own part")]

pub(crate) mod cheat;
pub(crate) mod public_log;
pub(crate) mod publication_model;
pub(crate) mod revised;
pub(crate) mod revision_model;

use candor_prover::{Prover, ReferenceString, commit_program};
use candor_verifier::program::card::{
    Card, Domain, OperatorWeights, Plugin, PluginSigner, Program, SetupCard, SignerKey, Weights,
};
use candor_verifier::program::class::{Class, Input, OperatorClass, TensorId, TermClass};
use candor_verifier::program::digest::ProgramIds;
use candor_verifier::program::evidence::{Authority, Direction, Slot, Subject};
use candor_verifier::program::feature::Feature;
use candor_verifier::program::head::{ActionTemplate, Head};
use candor_verifier::program::observation::Observation;
use candor_verifier::program::operator::{Affine, Operator, Rescale, Term};
use candor_verifier::program::policy::{
    Comparison, Effect, Fact, Operand, Predicate, ReasonText, Rule, Table,
};
use candor_verifier::program::state::{Register, Update};
use candor_verifier::program::transaction::{AbiType, Argument, ArgumentSource, Template};
use candor_verifier::trace::evidence::{Attestation, Credential, Limit, Mandate};
use candor_verifier::trace::{
    AgentKey, Bundle, Ed25519Key, Recorder, Salts, SecretKey, SignedRecord, Start, sign_payload,
};
use candor_verifier::{Expected, ProofFile};
use std::sync::LazyLock;

/// Time of the first record.
pub(crate) const START: u64 = 1_700_000_000;
/// Whom proofs pay.
pub(crate) const PAYOUT: [u8; 20] = [0xbb; 20];

/// A development reference string.
pub(crate) static REFERENCE: LazyLock<ReferenceString> =
    LazyLock::new(|| ReferenceString::development(9, &[7; 32]).expect("small enough"));

/// The program, its weights committed.
pub(crate) static PROGRAM: LazyLock<Program> =
    LazyLock::new(|| committed(uncommitted(REFERENCE.card().clone())));

/// An honest run and its proof.
pub(crate) static HONEST: LazyLock<(Bundle, ProofFile)> = LazyLock::new(|| {
    let bundle = bundle(run());
    let proof = prove(&PROGRAM, &bundle);
    (bundle, proof)
});

/// Commits the weights with [`REFERENCE`].
pub(crate) fn committed(mut program: Program) -> Program {
    program.card.weight_rows =
        commit_program(&REFERENCE, &program.card, &program.weights).expect("committed");
    program.validate().expect("the test's program is valid");
    program
}

/// A proof of a bundle of a program.
pub(crate) fn prove(program: &Program, bundle: &Bundle) -> ProofFile {
    prover(program).prove_path(bundle, PAYOUT, &mut |_, _| {}).expect("proven")
}

/// The prover of a program.
pub(crate) fn prover(program: &Program) -> Prover<'_> {
    Prover::new(program, &REFERENCE).expect("committed with this string")
}

fn dense(source: u16, width: u32, low: i32, rows: &[i32]) -> (OperatorClass, Operator, OperatorWeights) {
    let source = TensorId(source);
    let class = OperatorClass::Affine { axes: vec![2], terms: vec![TermClass::dense(source, 2)] };
    let rescale = Rescale { multiplier: 1 << 16, low };
    let affine = Affine { axes: vec![width], terms: vec![Term::dense(rows.len() as u32 / width)], rescale };
    let weights = OperatorWeights { dense: vec![rows.to_vec()], bias: vec![0; width as usize] };
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

fn predicate(fact: Fact, comparison: Comparison, value: i64) -> Predicate {
    Predicate { fact, comparison, operand: Operand::Constant(value) }
}

fn argument(name: &str, abi_type: AbiType, fact: Fact) -> Argument {
    Argument { name: name.into(), abi_type, source: ArgumentSource::Fact { fact, offset: 0 } }
}

/// The program without commitments.
pub(crate) fn uncommitted(setup: SetupCard) -> Program {
    let layers = [
        dense(0, 4, 0, &[1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1]),
        dense(1, 4, 0, &[2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]),
        dense(2, 3, -32_768, &[1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]),
    ];
    let card = Card {
        name: "three-way".into(),
        agent_version: "1.0.0".into(),
        class: Class {
            version: 1,
            input: Input::Vector { log2: 2 },
            tables: 0,
            operators: layers.iter().map(|layer| layer.0.clone()).collect(),
            row_log2: 9,
            policy_size: 16,
            state_size: 4,
            evidence_size: 4,
        },
        features: ["sell", "hold", "buy"].map(feature).to_vec(),
        operators: layers.iter().map(|layer| layer.1.clone()).collect(),
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
        ],
        evidence: vec![licence_slot(), allowance_slot()],
        policy: Table {
            predicates: vec![
                predicate(Fact::Elapsed(0), Comparison::Less, 60),
                predicate(Fact::Evidence(0), Comparison::Equal, 1),
                predicate(Fact::Evidence(1), Comparison::GreaterOrEqual, 1),
            ],
            rules: vec![rule("trade", Effect::Permit, 6, 16), rule("too-soon", Effect::Forbid, 1, 17)],
            reasons: vec![
                ReasonText { code: 16, name: "allowed".into(), remedy: String::new() },
                ReasonText { code: 17, name: "minimum-interval".into(), remedy: "wait".into() },
            ],
        },
        transaction: Template {
            to: [0xaa; 20],
            value: 0,
            function: "rebalance".into(),
            arguments: vec![
                argument("amount", AbiType::Int(256), Fact::ActionAmount),
                argument("time", AbiType::Uint(256), Fact::Time),
            ],
        },
        plugins: vec![
            Plugin { id: "opinion".into(), version: "1".into(), code_hash: [1; 32], signer: None },
            remark_plugin(),
        ],
        domain: Domain { chain_id: 31_337, verifying_contract: [0xcc; 20] },
        setup,
        weight_rows: Vec::new(),
    };
    let operators = layers.into_iter().map(|layer| layer.2).collect();
    let weights = Weights { operators, tables: vec![] };
    Program { card, weights }
}

/// The agent's key.
pub(crate) fn key() -> AgentKey {
    AgentKey::from_bytes(&[0x11; 32]).expect("in range")
}

/// Somebody else's key.
pub(crate) fn other_key() -> AgentKey {
    AgentKey::from_bytes(&[0x22; 32]).expect("in range")
}

/// Who licenses agents.
pub(crate) fn licensor() -> SecretKey {
    SecretKey::Ed25519(Ed25519Key::from_bytes(&[0x55; 32]))
}

/// Whose allowance it is.
pub(crate) fn owner() -> SecretKey {
    SecretKey::Secp256k1(AgentKey::from_bytes(&[0x56; 32]).expect("in range"))
}

fn licence_slot() -> Slot {
    Slot {
        name: "licence".into(),
        authority: Authority::Attester { key: licensor().public() },
        subject: Subject::Agent,
        decimals: 0,
        default: None,
        revoked_by: None,
        values: Vec::new(),
    }
}

fn allowance_slot() -> Slot {
    let (owner, direction) = (owner().public(), Direction::AtMost);
    let authority = Authority::Mandate { owner, limit: "orders".into(), direction };
    Slot { name: "allowance".into(), authority, ..licence_slot() }
}

/// A licence of this agent.
pub(crate) fn licence(agent: [u8; 20]) -> Attestation {
    let mut subject = [0; 32];
    subject[12..].copy_from_slice(&agent);
    Attestation {
        attester: licensor().public(),
        slot: "licence".into(),
        subject,
        value: 1,
        decimals: 0,
        meaning: String::new(),
        program: [0; 32],
        issued: START - 100,
        expires: START + 1_000,
    }
}

/// An allowance of so many orders for a grantee, from the owner.
pub(crate) fn allowance(grantee: SignerKey, orders: i64) -> Mandate {
    let limit = Limit { name: "orders".into(), direction: Direction::AtMost, value: orders, decimals: 0 };
    let (grantor, parent, limits) = (owner().public(), [0; 32], vec![limit]);
    Mandate { grantor, grantee, parent, limits, issued: START - 100, expires: START + 1_000 }
}

/// What the agent presents: a licence, and an allowance of 2 orders.
pub(crate) fn credentials() -> Vec<Credential> {
    let me = SignerKey::Secp256k1 { address: key().address() };
    vec![
        Credential::Attestation(licence(key().address()).sign(&licensor())),
        Credential::Mandates(vec![allowance(me, 2).sign(&owner())]),
    ]
}

/// A recorder that continues after a record, with all credentials.
pub(crate) fn resume(program: &Program, last: Option<&SignedRecord>) -> Recorder {
    let mut recorder = Recorder::resume(program.clone(), key(), last).expect("resumed");
    assert_eq!(recorder.present(credentials()), []);
    recorder
}

/// What is expected of the agent; its development string is good enough for tests.
pub(crate) fn expected() -> Expected {
    expected_of(&PROGRAM)
}

/// The same agent with another program.
pub(crate) fn expected_of(program: &Program) -> Expected {
    let program_id = ProgramIds::of(&program.card).program_id;
    let mut expected = Expected::new(program_id, key().address(), program.card.domain);
    expected.allow_development_setup = true;
    expected
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
    let remark = remark(&remark_key(), &remark_plugin(), time - 2);
    Observation { time, payloads: vec![payload.into_bytes(), remark] }
}

/// The key of the plugin that signs.
pub(crate) fn remark_key() -> SecretKey {
    SecretKey::Ed25519(Ed25519Key::from_bytes(&[0x33; 32]))
}

/// The plugin that signs.
pub(crate) fn remark_plugin() -> Plugin {
    let signer = PluginSigner { key: remark_key().public(), max_age_seconds: 5 };
    Plugin { id: "remark".into(), version: "1".into(), code_hash: [2; 32], signer: Some(signer) }
}

/// A remark, signed by a key for a plugin and a time.
pub(crate) fn remark(key: &SecretKey, plugin: &Plugin, time: u64) -> Vec<u8> {
    sign_payload(key, plugin, time, r#""a remark""#).to_json().into_bytes()
}

/// Salts that differ from record to record.
pub(crate) fn salts(number: u64) -> Salts {
    let seed = u128::from(number) + 1;
    Salts { observations: seed << 100 | 77, evidence: seed << 90 | 99 }
}

/// hold, buy (executed), sell (denied: too soon), hold, sell (executed).
pub(crate) const STEPS: [(u64, Want); 5] =
    [(0, Want::Hold), (10, Want::Buy), (20, Want::Sell), (20, Want::Hold), (70, Want::Sell)];

/// Continues a run with steps of [`STEPS`].
pub(crate) fn continue_run(program: &Program, run: &mut Vec<SignedRecord>, until: usize) {
    let mut recorder = resume(program, run.last());
    for (after, want) in &STEPS[run.len()..until] {
        let observation = observation(START + after, *want);
        run.push(recorder.record(observation, salts(recorder.sequence())).expect("recorded").record);
    }
}

/// All of [`STEPS`], honestly.
pub(crate) fn run() -> Vec<SignedRecord> {
    run_of(&PROGRAM)
}

/// All of [`STEPS`] by another program.
pub(crate) fn run_of(program: &Program) -> Vec<SignedRecord> {
    let mut run = Vec::new();
    continue_run(program, &mut run, STEPS.len());
    run
}

/// A bundle from genesis.
pub(crate) fn bundle(records: Vec<SignedRecord>) -> Bundle {
    Bundle { card: PROGRAM.card.clone(), start: Start::Genesis, records }
}

/// Signs a changed record again, as a cheating agent would.
pub(crate) fn sign_again(record: &mut SignedRecord) {
    record.signature = key().sign(&record.record_hash(&PROGRAM.card.domain));
}

/// SplitMix64: the same numbers in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// A number below the bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}
