//! The circuit is satisfied exactly where the native code accepts, on honest and mutated witnesses of the whole path.
//!
//! The native side is written from the specification: `decide` and the digests along the path, and the argument's verifier
//! over the same messages.

use crate::agent::{Agent, cases};
use ark_ff::Field;
use candor_benches::synthetic::Random;
use candor_circuits::argument;
use candor_circuits::channel::{Channel, Check, Received, Step};
use candor_circuits::seal::boundary::Boundary;
use candor_circuits::seal::circuit::{HEAD, SealShape, pass, synthesize};
use candor_circuits::seal::exposed::expose;
use candor_circuits::seal::witness::PathWitness;
use candor_circuits::statement::{ProgramData, Statement};
use candor_circuits::transcript::Transcript;
use candor_program::class::{OperatorClass, TermClass};
use candor_program::decision::{DecisionInput, decide};
use candor_program::digest::{self, AccInput, ProgramIds};
use candor_program::evidence;
use candor_program::head::{Action, Head};
use candor_program::operator::Operator;
use candor_program::policy::{Comparison, Effect, Fact, Operand};
use candor_program::state::Update;
use candor_program::{Card, Fr, poseidon};
use std::collections::BTreeMap;

/// A proof's messages read natively, hashes for points.
struct MessageChannel {
    transcript: Transcript<Fr>,
    scalars: std::vec::IntoIter<Fr>,
    hash_values: std::vec::IntoIter<Fr>,
    hashes: Vec<Fr>,
    received: usize,
}

impl Channel for MessageChannel {
    type F = Fr;
    type Error = Check;

    fn known(&mut self, step: Step, values: &[Fr]) {
        self.transcript.label(step.label());
        self.transcript.absorb(values);
    }
    fn scalars(&mut self, step: Step, count: usize) -> Result<Vec<Fr>, Check> {
        let scalars: Vec<Fr> = (0..count).map(|_| self.scalars.next().unwrap_or_default()).collect();
        self.known(step, &scalars);
        Ok(scalars)
    }
    fn points(&mut self, step: Step, count: usize) -> Result<Received, Check> {
        let hash = self.hash_values.next().unwrap_or_default();
        self.known(step, &[hash]);
        self.hashes.push(hash);
        let first = self.received;
        self.received += count;
        Ok(Received { first, count })
    }
    fn challenge(&mut self) -> Fr {
        self.transcript.challenge()
    }
    fn equal(&mut self, check: Check, left: &Fr, right: &Fr) -> Result<(), Check> {
        if left == right { Ok(()) } else { Err(check) }
    }
    fn inverse(&mut self, check: Check, value: &Fr) -> Result<Fr, Check> {
        value.inverse().ok_or(check)
    }
}

/// The boundary that the native code accepts, and its H; `None` where it rejects.
fn native(shape: &SealShape, witness: &PathWitness<'_>) -> Option<(Boundary, Fr)> {
    let (card, layout) = (witness.card, &shape.layout);
    let low = card.operators.last().map_or(0, Operator::low);
    let program_fr = digest::program_fr(card);
    let first = witness.records.first()?.sequence;
    let state_before = witness.state_before.clone();
    let (mut acc, mut state, mut executed) = (witness.acc_before, state_before.clone(), 0);
    let (mut features, mut values) = (Vec::new(), Vec::new());
    for (step, record) in witness.records.iter().enumerate() {
        let sequence = first.checked_add(step as u64)?;
        let outputs: Vec<i32> = record.outputs.iter().map(|output| i32::from(*output) + low).collect();
        let (time, exact) = (record.time, &record.features[..]);
        let input = DecisionInput {
            card,
            features: exact,
            outputs: &outputs,
            state: &state,
            evidence: &record.evidence,
            time,
            sequence,
        };
        let decision = decide(&input).ok()?;
        executed = Action::executed_word(decision.executed.as_ref());
        let [high, low] = record.payloads.map(Fr::from);
        let feed = [Fr::from(record.observations_salt), Fr::from(exact.len() as u64), high, low];
        let mut observed = vec![poseidon::hash("cd.feed", &feed)];
        let mut padded = exact.to_vec();
        padded.resize(1 << card.class.input.features_log2(), 0);
        observed.extend(candor_program::encoding::pack_u16(&padded));
        acc = digest::acc(&AccInput {
            previous: acc,
            sequence,
            time,
            program_fr,
            observations: poseidon::hash("cd.obs", &observed),
            evidence: digest::evidence(record.evidence_salt, &record.evidence),
            state_before: digest::state(&state),
            requested: decision.requested.word(),
            verdict: decision.verdict.word(),
            executed,
            state_after: digest::state(&decision.state_after),
        });
        state = decision.state_after;
        features.push(record.features.clone());
        values.push(outputs);
    }
    let statement = Statement {
        batch_log2: layout.batch_log2 as u8,
        context: witness.context,
        revealed: layout.revealed,
        features,
        values,
    };
    let public = statement.public_values(card).ok()?;
    let data = ProgramData { model_id: witness.model_id, ..ProgramData::of(card, &ProgramIds::of(card)) };
    let mut channel = MessageChannel {
        transcript: Transcript::new(),
        scalars: witness.messages.scalars.clone().into_iter(),
        hash_values: witness.messages.hashes.clone().into_iter(),
        hashes: Vec::new(),
        received: 0,
    };
    let outstanding = argument::verify(&mut channel, layout, &data, &public).ok()?;
    let [high, low] = witness.model_id;
    let mut x = vec![
        high,
        low,
        program_fr,
        witness.context,
        witness.acc_before,
        acc,
        digest::state(&state_before),
        digest::state(&state),
        Fr::from(first),
        Fr::from(witness.records.len() as u64),
        Fr::from(executed),
    ];
    assert_eq!(x.len(), HEAD);
    x.extend(channel.hashes.iter());
    x.extend(expose(&outstanding));
    channel.transcript.label(17);
    channel.transcript.absorb(&[acc, Fr::from(witness.records.len() as u64)]);
    Some((Boundary(x), channel.transcript.challenge()))
}

fn below(random: &mut Random, bound: usize) -> usize {
    (random.next_u64() % bound as u64) as usize
}

/// Changes a card inside its class; names what it changed.
fn mutate_card(card: &mut Card, random: &mut Random) -> &'static str {
    let Head::ArgMax { actions, .. } = &mut card.head;
    let operator = below(random, card.operators.len());
    let (Operator::Affine(affine), OperatorClass::Affine { terms: shapes, .. }) =
        (&mut card.operators[operator], &card.class.operators[operator])
    else {
        panic!("a perceptron has no lookups")
    };
    let policy = &mut card.policy;
    let (predicate, rule) = (below(random, policy.predicates.len()), below(random, policy.rules.len()));
    let (register, bit) = (below(random, card.registers.len()), below(random, policy.predicates.len()));
    let (predicate, rule) = (&mut policy.predicates[predicate], &mut policy.rules[rule]);
    let register = &mut card.registers[register];
    let feature = {
        let feature = below(random, card.features.len());
        &mut card.features[feature]
    };
    match below(random, 26) {
        0 => (feature.max -= 1, "a span").1,
        1 => ((feature.min += 1, feature.max += 1), "a feature's offset").1,
        2 => (actions[0].amount += 1, "an amount").1,
        3 => ((actions[0].abstain = !actions[0].abstain), "abstain").1,
        4 => (affine.rescale.multiplier += 1, "a multiplier").1,
        5 => (affine.rescale.low += 1, "a low").1,
        6 => {
            for (term, shape) in affine.terms.iter_mut().zip(shapes) {
                term.coefficient += i32::from(!matches!(shape, TermClass::Weighted { .. }));
            }
            "coefficients"
        }
        7 => (register.initial = register.initial.wrapping_add(1), "an initial register").1,
        8 => {
            let update = [Update::Keep, Update::Set, Update::Add, Update::Reset][below(random, 4)];
            let outcome = below(random, 3);
            *[&mut register.on_execute, &mut register.on_deny, &mut register.on_abstain][outcome] = update;
            "a register's rule"
        }
        9 => (predicate.comparison = Comparison::LessOrEqual, "a comparison").1,
        10 => (predicate.operand = Operand::Constant(random.signed(2_000)), "an operand").1,
        11 => {
            let facts = [Fact::Time, Fact::Elapsed(3), Fact::Evidence(0), Fact::Register(0)];
            (predicate.fact = facts[below(random, 4)], "a fact").1
        }
        12 => (rule.all_of ^= 1 << bit, "an all-of mask").1,
        13 => (rule.none_of ^= 1 << bit, "a none-of mask").1,
        14 => (rule.reason += 1, "a reason").1,
        15 => {
            (
                rule.effect = if rule.effect == Effect::Permit { Effect::Forbid } else { Effect::Permit },
                "an effect",
            )
                .1
        }
        16 => (card.windows[0].seconds = 1 + below(random, 200) as u32, "a window's length").1,
        17 => (card.windows[0].offset += 1, "a window's offset").1,
        18 => (register.window = [None, Some(0), Some(1)][below(random, 3)], "a register's window").1,
        19 => (register.when = [None, Some(0), Some(1)][below(random, 3)], "a guard").1,
        20 => {
            let facts = [Fact::Time, Fact::Evidence(0), Fact::Issued(2), Fact::Elapsed(0)];
            (register.source = facts[below(random, 4)].into(), "a source").1
        }
        21 => (card.evidence[0].revoked_by = [None, Some(2)][below(random, 2)], "who revokes").1,
        22 => (card.evidence[2].default = [None, Some(1)][below(random, 2)], "a default").1,
        23 => (actions[2].asset += 1, "an asset").1,
        24 => (actions[2].venue += 1, "a venue").1,
        // nothing that a seal reads
        _ => (card.name.push('x'), "a name").1,
    }
}

/// Changes one thing that a prover can choose beside the card; names it.
fn mutate_witness(witness: &mut PathWitness<'_>, random: &mut Random) -> &'static str {
    let one = Fr::from(1u64);
    let record = below(random, witness.records.len());
    let record = &mut witness.records[record];
    let scalar = below(random, witness.messages.scalars.len());
    let hash = below(random, witness.messages.hashes.len());
    let (feature, output) = (below(random, record.features.len()), below(random, record.outputs.len()));
    let register = below(random, witness.state_before.registers.len());
    let slot = below(random, record.evidence.0.len());
    match below(random, 21) {
        0..=2 => (witness.messages.scalars[scalar] += Fr::from(random.next_u64()), "a scalar").1,
        3 => (witness.messages.hashes[hash] += one, "a hash").1,
        4 => (witness.context += one, "the context").1,
        5 => (witness.model_id[scalar % 2] += one, "model_id").1,
        6 => (witness.acc_before += one, "acc before").1,
        7 => (record.features[feature] = random.next_u64() as u16, "a feature").1,
        8 => (record.outputs[output] = random.next_u64() as u16, "an output").1,
        9 => (record.observations_salt ^= 1 << (hash % 128), "a salt").1,
        10 => (record.evidence_salt ^= 1, "the evidence's salt").1,
        11 => (record.payloads[scalar % 2] ^= 1, "a payload").1,
        12 => {
            (record.time = record.time.wrapping_add(random.next_u64() >> (random.next_u64() % 64)), "a time")
                .1
        }
        13 => {
            // later sequence numbers follow from the first
            witness.records[0].sequence = [u64::MAX, (1 << 62) - 1, 1 << 62, 0][below(random, 4)];
            "the sequence"
        }
        14 => {
            let extreme = [i64::MAX, i64::MIN, 0, record.time as i64][below(random, 4)];
            (witness.state_before.registers[register] = extreme, "a register").1
        }
        15 => {
            if witness.records.len() > 1 {
                drop(witness.records.pop());
            } else {
                witness.records.push(witness.records[0].clone());
            }
            "the count"
        }
        16 => {
            let time = [0, record.time, record.time + 1, u64::MAX, record.time / 2][below(random, 5)];
            (witness.state_before.time = time, "the state's time").1
        }
        17..=19 => {
            let mut near = || [0, record.time, record.time + 1, 1 << 62, (1 << 62) - 1][below(random, 5)];
            let statement = evidence::Statement { value: near() as i64, issued: near(), expires: near() };
            record.evidence.0[slot] = (below(random, 4) > 0).then_some(statement);
            "a statement"
        }
        // what no message reads
        _ => (witness.messages.scalars.push(one), "a scalar after the last").1,
    }
}

#[test]
fn the_circuit_is_satisfied_exactly_where_the_native_code_accepts() {
    let agent = Agent::small();
    let records = agent.records(8);
    let mut random = Random(5);
    let mut tally: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
    let started = std::time::Instant::now();
    let (total, mut done) = (cases(300, 10_000), 0);
    for (first, last) in [(0, 0), (2, 2), (1, 2), (3, 6), (5, 7)] {
        let bundle = agent.bundle(&records, first, last);
        let (shape, mut path) = agent.path(&bundle);
        // where the bundle has none: one of the slots, of either sort
        for (index, record) in path.witness.records.iter_mut().enumerate() {
            let statement =
                evidence::Statement { value: 900, issued: 950, expires: record.time + index as u64 % 2 };
            record.evidence.0[index % 3] = Some(statement);
        }
        let (honest, digest) = native(&shape, &path.witness).expect("the honest path is accepted");
        let own = synthesize(&shape, &path.witness, false);
        assert_eq!((&own.boundary, own.digest), (&honest, digest));
        let fingerprint = honest.fingerprint(digest);
        for _ in 0..total / 5 {
            let mut card = agent.program.card.clone();
            let mut witness = path.witness.clone();
            let mut what = "nothing";
            let choice = below(&mut random, 10);
            if choice > 6 {
                what = mutate_card(&mut card, &mut random);
                witness.card = &card;
            } else if choice > 0 {
                what = mutate_witness(&mut witness, &mut random);
            }
            let expected = native(&shape, &witness);
            // with the public inputs that the honest path has
            let fixed = pass(&shape, &witness, false, &fingerprint);
            let accepted = expected.as_ref().is_some_and(|(boundary, _)| *boundary == honest);
            assert_eq!(
                fixed.system.unsatisfied().is_none(),
                accepted,
                "{what} {:?}",
                fixed.system.unsatisfied()
            );
            // with its own
            let own = synthesize(&shape, &witness, false);
            assert_eq!(
                own.system.unsatisfied().is_none(),
                expected.is_some(),
                "{what} {:?}",
                own.system.unsatisfied()
            );
            if let Some(expected) = expected {
                assert_eq!((own.boundary, own.digest), expected, "{what}");
            }
            let (yes, no) = tally.entry(what).or_default();
            *(if accepted { yes } else { no }) += 1;
            done += 1;
        }
    }
    println!("{done} witnesses, {:?} each, (accepted, rejected): {tally:?}", started.elapsed() / done as u32);
    assert!(["nothing", "a name", "a scalar after the last"].iter().all(|what| tally[what].1 == 0));
    let rejected =
        ["a scalar", "a hash", "the context", "model_id", "acc before", "a salt", "a payload", "the count"];
    assert!(rejected.iter().all(|what| tally[what].0 == 0), "{tally:?}");
}

/// A boundary that tells another acc, state or action than the path has is not the circuit's.
#[test]
fn no_word_of_the_decision_can_be_told_otherwise() {
    let agent = Agent::small();
    let records = agent.records(6);
    let bundle = agent.bundle(&records, 2, 5);
    let (shape, path) = agent.path(&bundle);
    let (honest, digest) = native(&shape, &path.witness).unwrap();
    let last = bundle.records.last().unwrap();
    let header = &last.header;
    let input = AccInput {
        previous: bundle.records[2].header.acc.to_fr(),
        sequence: header.sequence,
        time: header.time,
        program_fr: honest.0[2],
        observations: header.observations.to_fr(),
        evidence: header.evidence.to_fr(),
        state_before: header.state_before.to_fr(),
        requested: header.requested,
        verdict: header.verdict,
        executed: header.executed,
        state_after: header.state_after.to_fr(),
    };
    assert_eq!(digest::acc(&input), honest.0[5]);
    let one = Fr::from(1u64);
    let forged = [
        ("outcome", AccInput { verdict: input.verdict ^ 3, ..input }),
        ("reason", AccInput { verdict: input.verdict ^ 1 << 8, ..input }),
        ("rule", AccInput { verdict: input.verdict ^ 1 << 24, ..input }),
        ("requested", AccInput { requested: input.requested ^ 1 << 64, ..input }),
        ("executed", AccInput { executed: input.executed ^ 1, ..input }),
        ("state", AccInput { state_after: input.state_after + one, ..input }),
        ("time", AccInput { time: input.time + 1, ..input }),
        ("sequence", AccInput { sequence: input.sequence + 1, ..input }),
        ("observations", AccInput { observations: input.observations + one, ..input }),
        ("evidence", AccInput { evidence: input.evidence + one, ..input }),
        ("program", AccInput { program_fr: input.program_fr + one, ..input }),
    ];
    for (what, input) in forged {
        let mut boundary = honest.clone();
        boundary.0[5] = digest::acc(&input);
        boundary.0[7] = input.state_after;
        boundary.0[10] = Fr::from(input.executed);
        // whatever H the prover names: the one of the path, or another
        for digest in [digest, digest + one] {
            let system = pass(&shape, &path.witness, false, &boundary.fingerprint(digest)).system;
            assert_eq!(system.unsatisfied(), Some("boundary"), "{what}");
        }
    }
}
