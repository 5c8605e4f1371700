//! The whole circuit of a class and a batch.

use super::boundary::{self, Boundary, Fingerprint};
use super::channel::SealChannel;
use super::exposed::expose;
use super::gadget::{one, prefix, select, zero};
use super::key::INPUTS;
use super::program::program;
use super::record::{Carried, RecordWires, record};
use super::system::{System, Wire};
use super::witness::{PathWitness, RecordWitness};
use crate::argument;
use crate::channel::{Channel, Step};
use crate::layout::Layout;
use crate::statement::PublicValues;
use candor_program::Fr;
use candor_program::evidence::Evidence;

/// The shape of a seal: class (through its layout) and batch.
#[derive(Clone, Debug)]
pub struct SealShape {
    /// Layout of the argument; reveals the last operator.
    pub layout: Layout,
}

/// A synthesized circuit.
pub struct Synthesis {
    /// The system, with values and (if asked for) constraints.
    pub system: System,
    /// The boundary vector.
    pub boundary: Boundary,
    /// H: what it hashes determines the boundary vector.
    pub digest: Fr,
}

/// Synthesizes the circuit of a path; `shape` records constraints. The shape depends on class and batch alone.
///
/// Shapes: at most a batch of records; missing ones repeat the last and do not advance acc or state.
#[must_use]
pub fn synthesize(shape: &SealShape, witness: &PathWitness<'_>, record_shape: bool) -> Synthesis {
    synthesize_in(System::new(record_shape, INPUTS), shape, witness, None)
}

/// [`synthesize`] with public inputs chosen by the caller: what a verifier would put there.
#[must_use]
pub fn pass(
    shape: &SealShape,
    witness: &PathWitness<'_>,
    record_shape: bool,
    fingerprint: &Fingerprint,
) -> Synthesis {
    synthesize_in(System::new(record_shape, INPUTS), shape, witness, Some(fingerprint))
}

/// [`synthesize`] in a given system, which may be a forging prover's.
#[doc(hidden)]
#[must_use]
pub fn synthesize_in(
    system: System,
    shape: &SealShape,
    witness: &PathWitness<'_>,
    fingerprint: Option<&Fingerprint>,
) -> Synthesis {
    let layout = &shape.layout;
    system.enter("ids");
    let model_id = witness.model_id.map(|half| system.witness(half));
    let context = system.witness(witness.context);
    let program = program(&system, witness.card, model_id);

    system.enter("path");
    let first_sequence =
        system.witness(Fr::from(witness.records.first().map_or(0, |record| record.sequence)));
    let count = system.witness(Fr::from(witness.records.len() as u64));
    let real = prefix(&system, &count, layout.batch());
    system.equal(&real[0], &one());
    let acc_before = system.witness(witness.acc_before);
    let state = &witness.state_before;
    let mut carried = Carried::start(&system, &program, state, acc_before.clone(), first_sequence.clone());
    let state_before = carried.state.clone();
    let mut executed = zero();
    let mut values = PublicValues {
        context: context.clone(),
        revealed: layout.revealed,
        features: Vec::new(),
        above_low: Vec::new(),
        values: Vec::new(),
    };
    let empty = RecordWitness {
        sequence: 0,
        time: 0,
        observations_salt: 0,
        evidence_salt: 0,
        evidence: Evidence::default(),
        payloads: [0; 2],
        features: Vec::new(),
        outputs: Vec::new(),
    };
    for (decision, real) in real.iter().enumerate() {
        let known = witness.records.get(decision).or(witness.records.last()).unwrap_or(&empty);
        let last = decision + 1 == layout.batch();
        let step: RecordWires = record(&system, &program, known, &carried, last);
        system.enter("path");
        let next = step.next;
        let choose = |new: &Wire, old: &Wire| select(real, new, old);
        // after the last record nothing reads the rest
        let continued = |new: &Wire, old: &Wire| if last { old.clone() } else { choose(new, old) };
        let each = |new: &[Wire], old: &[Wire]| -> Vec<Wire> {
            new.iter().zip(old).map(|(new, old)| continued(new, old)).collect()
        };
        carried = Carried {
            acc: choose(&next.acc, &carried.acc),
            sequence: continued(&next.sequence, &carried.sequence),
            time: continued(&next.time, &carried.time),
            windows: each(&next.windows, &carried.windows),
            registers: each(&next.registers, &carried.registers),
            state: choose(&next.state, &carried.state),
        };
        executed = choose(&step.executed, &executed);
        values.features.push(layout.place_input(&step.features, &zero()));
        values.above_low.push(step.above_low);
        values.values.push(step.values);
    }

    system.enter("argument");
    let mut channel = SealChannel::new(&system, witness.messages.clone());
    let Ok(outstanding) = argument::verify(&mut channel, layout, &program.data, &values);
    let [high, low] = program.data.model_id.clone();
    let mut x = vec![
        high,
        low,
        program.data.program_fr.clone(),
        context,
        acc_before,
        carried.acc.clone(),
        state_before,
        carried.state,
        first_sequence,
        count.clone(),
        executed,
    ];
    x.extend(channel.hashes.iter().cloned());
    x.extend(expose(&outstanding));
    channel.known(Step::Boundary, &[carried.acc, count]);
    let digest = channel.challenge();
    let boundary = boundary::bind(&system, &x, &digest, fingerprint);
    Synthesis { system, boundary, digest: digest.value() }
}

/// Number of entries of the boundary before the hashes of the argument's points.
pub const HEAD: usize = 11;
