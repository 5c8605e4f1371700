//! One record inside the circuit: observations, decision, next state, acc.

use super::evidence::{self, StandingWires};
use super::facts::{self, FactWire, FactWires, Facts, Following};
use super::gadget::{constant, is_zero, not, power, range, select, sum, zero};
use super::head::{ActionWire, request};
use super::policy::{self, VerdictWires};
use super::program::ProgramWires;
use super::system::{System, Wire};
use super::witness::RecordWitness;
use super::{state, window};
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::digest::fields::{self, StatementFields, pack};
use candor_program::digest::{self, AccElements};
use candor_program::encoding::{PACKED, fr_from_i64};
use candor_program::state::State;

/// What is carried from record to record.
pub(super) struct Carried {
    pub(super) acc: Wire,
    pub(super) sequence: Wire,
    /// Time of the last record.
    pub(super) time: Wire,
    /// How far within each window that time lies.
    pub(super) windows: Vec<Wire>,
    pub(super) registers: Vec<Wire>,
    /// Digest of time and registers.
    pub(super) state: Wire,
}

impl Carried {
    /// What the first record continues.
    pub(super) fn start(
        system: &System,
        program: &ProgramWires,
        state: &State,
        acc: Wire,
        sequence: Wire,
    ) -> Self {
        system.enter("path");
        let register = |index: usize| fr_from_i64(state.registers.get(index).copied().unwrap_or(0));
        let registers: Vec<Wire> =
            (0..program.registers.len()).map(|index| system.witness(register(index))).collect();
        for register in &registers {
            // signed 64-bit
            range(system, &register.offset(power(63)), 64);
        }
        let time = system.witness(Fr::from(state.time));
        range(system, &time, TIME_BITS);
        let state = digest::state_digest(&time, &registers);
        let windows = window::within(system, &program.windows, &time);
        Self { acc, sequence, time, windows, registers, state }
    }
}

/// Wires of one record that the argument and the boundary need.
pub(super) struct RecordWires {
    /// Features, padded, each within its span.
    pub(super) features: Vec<Wire>,
    /// Outputs above their low, padded with zeros.
    pub(super) above_low: Vec<Wire>,
    /// Outputs, padded with zeros.
    pub(super) values: Vec<Wire>,
    /// Word of the verdict.
    pub(super) verdict: Wire,
    /// Word of the executed action, 0 for none.
    pub(super) executed: Wire,
    /// What the next record continues.
    pub(super) next: Carried,
}

/// Bits of times and sequence numbers.
const TIME_BITS: usize = fields::TIME_BITS as usize;

/// Features within their spans. Shapes: padded ones are zero, as their spans are.
fn features(system: &System, program: &ProgramWires, record: &RecordWitness) -> Vec<Wire> {
    system.enter("features");
    let wire = |(index, span): (usize, &Wire)| {
        let value = record.features.get(index).copied().unwrap_or(0);
        let feature = system.witness(Fr::from(value));
        range(system, &feature, 16);
        range(system, &span.minus(&feature), 16);
        feature
    };
    program.spans.iter().enumerate().map(wire).collect()
}

/// Outputs above low, and real values: both zero where no action is.
fn outputs(system: &System, program: &ProgramWires, record: &RecordWitness) -> (Vec<Wire>, Vec<Wire>) {
    system.enter("outputs");
    let low = program.data.operators.last().map_or_else(zero, |operator| operator.low.clone());
    let wire = |(index, valid): (usize, &Wire)| {
        let above = system.witness(Fr::from(record.outputs.get(index).copied().unwrap_or(0)));
        range(system, &above, 16);
        system.enforce(&above, &not(valid), &zero());
        let value = above.plus(&valid.times(&low));
        (above, value)
    };
    program.actions.iter().map(|action| &action.valid).enumerate().map(wire).unzip()
}

/// One step of the path; `last` where no step follows.
pub(super) fn record(
    system: &System,
    program: &ProgramWires,
    record: &RecordWitness,
    before: &Carried,
    last: bool,
) -> RecordWires {
    let features = features(system, program, record);
    let (above_low, values) = outputs(system, program, record);
    let statements = evidence::statements(system, &program.slots, &record.evidence.0);
    system.enter("record");
    let time = system.witness(Fr::from(record.time));
    let elapsed = time.minus(&before.time);
    for bounded in [&time, &elapsed, &before.sequence] {
        range(system, bounded, TIME_BITS);
    }
    let (observations, evidence) = digests(system, record, &features, &statements);

    let action = request(system, &program.actions, &above_low, winner(&record.outputs));
    let (ended, windows) = window::ended(system, &program.windows, &before.windows, &elapsed, last);
    let inputs = Inputs {
        system,
        program,
        action: &action,
        time: &time,
        sequence: &before.sequence,
        features: &features,
        outputs: &values,
        begun: state::begin(system, &program.registers, &before.registers, &ended),
        evidence: evidence::standings(system, &program.slots, &statements, &time),
    };
    let Decided { verdict, registers } = inputs.decide();
    system.enter("record");
    let executed = verdict.permitted.times(&action.word);
    let state = digest::state_digest(&time, &registers);
    let acc = AccElements {
        previous: before.acc.clone(),
        sequence: before.sequence.clone(),
        time: time.clone(),
        program_fr: program.data.program_fr.clone(),
        observations,
        evidence,
        state_before: before.state.clone(),
        requested: action.word,
        verdict: verdict.word.clone(),
        executed: executed.clone(),
        state_after: state.clone(),
    };
    let acc = acc.digest();
    let sequence = before.sequence.plus(&constant(1));
    let next = Carried { acc, sequence, time, windows, registers, state };
    RecordWires { features, above_low, values, verdict: verdict.word, executed, next }
}

/// What a verdict is about.
struct Inputs<'a> {
    system: &'a System,
    program: &'a ProgramWires,
    action: &'a ActionWire,
    time: &'a Wire,
    sequence: &'a Wire,
    features: &'a [Wire],
    outputs: &'a [Wire],
    /// Registers, windows begun.
    begun: Vec<Wire>,
    evidence: Vec<StandingWires>,
}

/// A verdict, and the registers after it.
struct Decided {
    verdict: VerdictWires,
    registers: Vec<Wire>,
}

impl Inputs<'_> {
    /// The decision as `candor_program::decision::assess` makes it: facts before, updates on execution, facts that follow,
    /// predicates, verdict, updates where nothing is executed.
    ///
    /// What registers read does not follow from an update (the card is valid), so that a guard is known before all predicates
    /// are evaluated, and confirmed afterwards.
    fn decide(&self) -> Decided {
        let Self { system, program, begun, .. } = self;
        system.enter("facts");
        let elapsed: Vec<FactWire> =
            begun.iter().map(|register| facts::elapsed(system, self.time, register)).collect();
        let facts = Facts {
            action: self.action,
            time: self.time,
            sequence: self.sequence,
            features: self.features,
            outputs: self.outputs,
            registers: begun,
            elapsed: &elapsed,
            evidence: &self.evidence,
        };
        let before = FactWires::of(&program.facts, &facts, None);
        system.enter("state");
        let (mut guards, mut sources, mut execution) = (Vec::new(), Vec::new(), Vec::new());
        let (mut after, mut change) = (Vec::new(), Vec::new());
        for (rule, register) in program.registers.iter().zip(begun) {
            let guard = state::guard(system, policy::known(&program.predicates, &before, &rule.when));
            let source = before.left(&rule.source).plus(&rule.difference);
            let next = state::updated(system, rule, register, &source, &guard, &rule.updates[0]);
            let value = next.or_zero();
            let (magnitude, missing) = state::change(system, register, &value, &next.there);
            after.push(FactWire::new(value.clone(), not(&next.there)));
            change.push(FactWire::new(magnitude, missing));
            execution.push((value, next.there));
            guards.push(guard);
            sources.push(source);
        }
        let blocked = sum(&execution.iter().map(|(_, there)| not(there)).collect::<Vec<_>>());
        let blocked = not(&is_zero(system, &blocked));
        let all = FactWires::of(&program.facts, &facts, Some(&Following { after, change }));
        let truths = policy::predicates(system, &program.predicates, &all);
        let verdict = policy::verdict(system, program, &truths, self.action, &blocked);

        system.enter("state");
        let mut numbered = vec![constant(1)];
        numbered.extend(truths.iter().map(|truth| truth.holds.plus(&truth.missing).plus(&truth.missing)));
        let mut registers = Vec::new();
        for (index, (rule, register)) in program.registers.iter().zip(begun).enumerate() {
            let guard = &guards[index];
            guard.confirm(system, &rule.when, &numbered);
            let update = state::unexecuted(rule, &self.action.abstain);
            let otherwise =
                state::updated(system, rule, register, &sources[index], guard, &update).or(register);
            registers.push(select(&verdict.permitted, &execution[index].0, &otherwise));
        }
        Decided { verdict, registers }
    }
}

/// Digests of observations and evidence. What surrounds the features stays closed.
fn digests(
    system: &System,
    record: &RecordWitness,
    features: &[Wire],
    statements: &[StatementFields<Wire>],
) -> (Wire, Wire) {
    let payloads = record.payloads.map(Fr::from);
    let feed = system.witness(digest::feed(record.observations_salt, record.features.len(), payloads));
    let observations = digest::observed(feed, pack(features, (PACKED, 16)));
    let salt = system.witness(Fr::from(record.evidence_salt));
    (observations, digest::evidence_digest(salt, statements))
}

/// Index of the largest output, the lowest on a tie.
fn winner(outputs: &[u16]) -> usize {
    let highest = outputs.iter().max().copied().unwrap_or(0);
    outputs.iter().position(|output| *output == highest).unwrap_or(0)
}
