//! A dishonest agent: it changes a record, keeps everything else consistent, signs, and goes on as if nothing were.

use super::{
    PROGRAM, STEPS, allowance, bundle, continue_run, key, licence, licensor, observation, other_key, owner,
    remark, remark_key, remark_plugin, run_of, sign_again,
};
use candor_verifier::program::card::{Plugin, Program, SignerKey};
use candor_verifier::program::decision::{DecisionInput, decide};
use candor_verifier::program::evaluate::execute;
use candor_verifier::program::head::Action;
use candor_verifier::program::{digest, execution};
use candor_verifier::trace::evidence::{Credential, Mandate, SignedAttestation};
use candor_verifier::trace::{Bundle, Chain, Ed25519Key, Link, SecretKey, SignedRecord};

/// A way to cheat in one record.
pub(crate) struct Cheat {
    /// Its name.
    pub(crate) name: &'static str,
    /// The record that is cheated.
    pub(crate) at: usize,
    /// The change; the accumulator is brought up to date afterwards where `acc` says so.
    pub(crate) change: fn(&mut SignedRecord),
    /// Whether the accumulator follows the change.
    pub(crate) acc: bool,
}

/// All ways, with the record that they suit.
pub(crate) const CHEATS: &[Cheat] = &[
    Cheat { name: "output", at: 0, change: |record| outputs(record, [300, 200, 100]), acc: true },
    Cheat { name: "model, first layer", at: 1, change: |record| substitute(record, 0), acc: true },
    Cheat { name: "model, second layer", at: 1, change: |record| substitute(record, 1), acc: true },
    Cheat { name: "model, last layer", at: 1, change: |record| substitute(record, 2), acc: true },
    Cheat { name: "execution leaf", at: 3, change: |record| leaf(record, 2), acc: true },
    Cheat { name: "input leaf", at: 3, change: |record| run_on(record, [1, 2, 3]), acc: true },
    Cheat {
        name: "observation",
        at: 1,
        change: |record| payload(record, r#"{"sell": 9, "hold": 1, "buy": 1}"#),
        acc: true,
    },
    Cheat { name: "invalid observation", at: 1, change: |record| payload(record, r#"{"sell": "#), acc: true },
    Cheat {
        name: "unsigned payload",
        at: 1,
        change: |record| remark_is(record, br#""a remark""#.to_vec()),
        acc: true,
    },
    Cheat { name: "forged payload", at: 2, change: forged_payload, acc: true },
    Cheat { name: "altered payload", at: 2, change: altered_payload, acc: true },
    Cheat { name: "payload of another plugin", at: 2, change: payload_of_another_plugin, acc: true },
    Cheat { name: "stale payload", at: 3, change: |record| payload_of_time(record, -6), acc: true },
    Cheat { name: "payload of a later time", at: 3, change: |record| payload_of_time(record, 1), acc: true },
    Cheat {
        name: "invented statement",
        at: 1,
        change: |record| record.body.credentials[0] = None,
        acc: true,
    },
    Cheat { name: "forged credential", at: 1, change: forged_credential, acc: true },
    Cheat { name: "replayed credential", at: 1, change: replayed_credential, acc: true },
    Cheat { name: "widened mandate", at: 1, change: widened_mandate, acc: true },
    Cheat {
        name: "altered statement",
        at: 1,
        change: |record| record.body.evidence.0[1].as_mut().expect("there").value += 1,
        acc: true,
    },
    Cheat {
        name: "fewer credentials",
        at: 1,
        change: |record| record.body.credentials.truncate(1),
        acc: true,
    },
    Cheat { name: "feature count", at: 1, change: fewer_features, acc: true },
    Cheat { name: "action", at: 0, change: |record| record.header.requested += 1 << 64, acc: true },
    Cheat {
        name: "policy verdict",
        at: 2,
        change: |record| record.header.verdict = 1 | 16 << 8 | 1 << 24,
        acc: true,
    },
    Cheat {
        name: "executed action",
        at: 2,
        change: |record| record.header.executed = record.header.requested,
        acc: true,
    },
    Cheat { name: "state", at: 1, change: state_after, acc: true },
    Cheat { name: "state before", at: 2, change: state_before, acc: true },
    Cheat { name: "transaction", at: 1, change: |record| record.header.transaction[5] ^= 1, acc: true },
    Cheat { name: "acc", at: 1, change: |record| record.header.acc.0[31] ^= 1, acc: false },
    Cheat {
        name: "previous record",
        at: 2,
        change: |record| record.header.previous_record[0] ^= 1,
        acc: true,
    },
    Cheat { name: "time", at: 2, change: time_backwards, acc: true },
    Cheat { name: "gap", at: 2, change: |record| record.header.sequence += 1, acc: true },
    Cheat { name: "genesis", at: 0, change: |record| record.header.previous_record[0] ^= 1, acc: true },
];

impl Cheat {
    /// The cheat of this name.
    pub(crate) fn named(name: &str) -> &'static Self {
        CHEATS.iter().find(|cheat| cheat.name == name).expect("listed")
    }

    /// An honest run but for the cheated record; what follows is honest again and continues it.
    pub(crate) fn bundle(&self) -> Bundle {
        let mut run = Vec::new();
        continue_run(&PROGRAM, &mut run, self.at + 1);
        let chain = Chain::of(&PROGRAM.card);
        let record = run.last_mut().expect("recorded");
        (self.change)(record);
        commit_evidence(record);
        let link = match self.at.checked_sub(1) {
            None => Link::genesis(&chain, record.header.agent),
            Some(before) => Link::after(&chain, &run[before].header),
        };
        let record = &mut run[self.at];
        if self.acc {
            record.header.acc = link.next_acc(&record.header);
        }
        sign_again(record);
        continue_run(&PROGRAM, &mut run, STEPS.len());
        bundle(run)
    }
}

/// Other outputs, and the decision that they lead to.
pub(crate) fn outputs(record: &mut SignedRecord, outputs: [i32; 3]) {
    record.body.outputs = outputs.to_vec();
    *record.body.leaves.last_mut().expect("leaves") = execution::leaf(3, &outputs);
    restate(record);
}

/// A run of the model with one weight changed in a layer.
fn substitute(record: &mut SignedRecord, layer: usize) {
    let program = substituted(layer);
    rerun(record, &program, &record.body.features.clone());
}

/// The program with one weight changed in a layer, under the old card.
pub(crate) fn substituted(layer: usize) -> Program {
    let mut program = PROGRAM.clone();
    program.weights.operators[layer].dense[0][0] += 3;
    program
}

/// A run on other features than those observed.
fn run_on(record: &mut SignedRecord, features: [u16; 3]) {
    rerun(record, &PROGRAM, &features);
}

fn rerun(record: &mut SignedRecord, program: &Program, features: &[u16]) {
    let execution = execute(program, features).expect("runs");
    record.body.leaves = execution::leaves(&execution);
    record.body.outputs = execution.outputs().to_vec();
    restate(record);
}

/// Header words that follow from the body's outputs, leaves and state.
pub(crate) fn restate(record: &mut SignedRecord) {
    let (header, body) = (&mut record.header, &mut record.body);
    let decision = decide(&DecisionInput {
        card: &PROGRAM.card,
        features: &body.features,
        outputs: &body.outputs,
        state: &body.state_before,
        evidence: &body.evidence,
        time: header.time,
        sequence: header.sequence,
    })
    .expect("decides");
    header.requested = decision.requested.word();
    header.verdict = decision.verdict.word();
    header.executed = Action::executed_word(decision.executed.as_ref());
    header.state_after = digest::state(&decision.state_after).into();
    let domain = &PROGRAM.card.domain;
    header.transaction =
        digest::transaction_word(domain, &header.agent, header.sequence, decision.transaction.as_ref());
    header.execution = execution::root(&body.leaves);
    body.state_after = decision.state_after;
}

fn leaf(record: &mut SignedRecord, tensor: usize) {
    record.body.leaves[tensor][0] ^= 1;
    record.header.execution = execution::root(&record.body.leaves);
}

fn payload(record: &mut SignedRecord, payload: &str) {
    record.body.observation.payloads[0] = payload.as_bytes().to_vec();
    commit_observation(record);
}

/// What the agent says that the plugin `remark` reported.
fn remark_is(record: &mut SignedRecord, payload: Vec<u8>) {
    record.body.observation.payloads[1] = payload;
    commit_observation(record);
}

/// Signed by the agent instead of the plugin.
fn forged_payload(record: &mut SignedRecord) {
    let key = SecretKey::Ed25519(Ed25519Key::from_bytes(&[0x44; 32]));
    remark_is(record, remark(&key, &remark_plugin(), record.header.time));
}

/// Another text under the plugin's signature.
fn altered_payload(record: &mut SignedRecord) {
    let text = String::from_utf8(record.body.observation.payloads[1].clone()).expect("JSON");
    remark_is(record, text.replace("a remark", "a remarc").into_bytes());
}

/// What the same key signed for another plugin.
fn payload_of_another_plugin(record: &mut SignedRecord) {
    let plugin = Plugin { id: "rumour".into(), ..remark_plugin() };
    remark_is(record, remark(&remark_key(), &plugin, record.header.time));
}

/// Signed so many seconds after the record's time.
fn payload_of_time(record: &mut SignedRecord, seconds: i64) {
    let time = record.header.time.saturating_add_signed(seconds);
    remark_is(record, remark(&remark_key(), &remark_plugin(), time));
}

/// The header's digest of the evidence that the body has.
pub(crate) fn commit_evidence(record: &mut SignedRecord) {
    let body = &record.body;
    record.header.evidence = digest::evidence(body.evidence_blinding(), &body.evidence).into();
}

/// A licence that the agent signed in its licensor's name.
fn forged_credential(record: &mut SignedRecord) {
    let attestation = licence(record.header.agent);
    let signature = SecretKey::Secp256k1(key()).sign(&attestation.message());
    record.body.credentials[0] = Some(Credential::Attestation(SignedAttestation { attestation, signature }));
}

/// Another agent's licence.
fn replayed_credential(record: &mut SignedRecord) {
    let theirs = licence(other_key().address()).sign(&licensor());
    record.body.credentials[0] = Some(Credential::Attestation(theirs));
}

/// The owner granted somebody 2 orders, who handed on 5.
fn widened_mandate(record: &mut SignedRecord) {
    let desk = SecretKey::Secp256k1(other_key());
    let granted = allowance(desk.public(), 2).sign(&owner());
    let me = SignerKey::Secp256k1 { address: key().address() };
    let wider = Mandate { parent: granted.mandate.id(), ..allowance(me, 5) }.sign(&desk);
    record.body.credentials[1] = Some(Credential::Mandates(vec![granted, wider]));
    record.body.evidence.0[1].as_mut().expect("there").value = 5;
}

fn fewer_features(record: &mut SignedRecord) {
    record.body.features.truncate(2);
    commit_observation(record);
}

/// The header's digest of what the body observes.
pub(crate) fn commit_observation(record: &mut SignedRecord) {
    let body = &record.body;
    let payloads = body.observation.payload_digests();
    record.header.observations =
        digest::observations(body.observations_salt, &body.features, &payloads).into();
}

fn state_after(record: &mut SignedRecord) {
    record.body.state_after.registers[1] += 5;
    record.header.state_after = digest::state(&record.body.state_after).into();
}

/// Forgets the last trade, so that the policy permits another.
fn state_before(record: &mut SignedRecord) {
    record.body.state_before.registers[0] = 0;
    record.header.state_before = digest::state(&record.body.state_before).into();
    restate(record);
}

fn time_backwards(record: &mut SignedRecord) {
    record.header.time -= 15;
    record.body.observation.time -= 15;
    record.body.state_after.time = record.header.time;
    record.header.state_after = digest::state(&record.body.state_after).into();
}

/// The records of another program of the same agent.
pub(crate) fn other_program() -> (Program, Vec<SignedRecord>) {
    let mut program = PROGRAM.clone();
    program.card.agent_version = "2.0.0".into();
    let run = run_of(&program);
    (program, run)
}

/// An honest record for the same place as record `at`, but with another observation: equivocation.
pub(crate) fn second_record(at: usize) -> SignedRecord {
    let mut run = Vec::new();
    continue_run(&PROGRAM, &mut run, at);
    let mut recorder = super::resume(&PROGRAM, run.last());
    let (after, _) = STEPS[at];
    let observation = observation(super::START + after, super::Want::Hold);
    let mut salts = super::salts(99);
    salts.observations ^= 1;
    recorder.record(observation, salts).expect("recorded").record
}

/// Header digests that open to whatever the body is.
pub(crate) fn commit_body(record: &mut SignedRecord) {
    commit_observation(record);
    commit_evidence(record);
    let (header, body) = (&mut record.header, &record.body);
    header.state_before = digest::state(&body.state_before).into();
    header.state_after = digest::state(&body.state_after).into();
    header.execution = execution::root(&body.leaves);
}
