//! The agents that are measured: the S&P 500 agent of the fixtures, and perceptrons of 10^3 to 10^6 parameters.

use candor_benches::synthetic::{Random, Shape, perceptron};
use candor_compiler::{AgentSource, class, lower};
use candor_program::digest::ProgramIds;
use candor_program::observation::Observation;
use candor_program::{Card, Program};
use candor_prover::{ReferenceString, commit_program};
use candor_trace::{AgentKey, Bundle, Recorder, Salts, Selection, SignedRecord};
use candor_verifier::Expected;
use std::path::Path;
use std::sync::LazyLock;

/// Widths of the perceptrons, with the number of their parameters.
pub(crate) const PERCEPTRONS: [(&str, &[usize]); 6] = [
    ("1k", &[16, 32, 16, 3]),
    ("8k", &[32, 64, 64, 32, 3]),
    ("33k", &[64, 128, 128, 64, 3]),
    ("131k", &[128, 256, 256, 128, 3]),
    ("526k", &[256, 512, 512, 256, 3]),
    ("1M", &[512, 1024, 512, 3]),
];

static REFERENCE: LazyLock<ReferenceString> =
    LazyLock::new(|| ReferenceString::development(14, &[1; 32]).expect("14 is a size"));
static SP500: LazyLock<Agent> = LazyLock::new(Agent::compile);

/// A program with its reference string.
pub(crate) struct Agent {
    pub(crate) reference: &'static ReferenceString,
    pub(crate) program: Program,
    observations: Vec<Observation>,
}

impl Agent {
    /// The agent of fixtures/sp500, compiled as `candor compile` does.
    pub(crate) fn sp500() -> &'static Self {
        &SP500
    }

    fn compile() -> Self {
        let reference = &*REFERENCE;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/sp500");
        let source = AgentSource::read(&folder.join("agent.toml")).expect("the fixture is readable");
        let lowered = lower(&source, reference.card()).expect("the fixture compiles");
        let rows =
            commit_program(reference, &lowered.card, &lowered.weights).expect("the string is long enough");
        let program = lowered.into_program(rows);
        let lines =
            std::fs::read_to_string(folder.join("observations.jsonl")).expect("the fixture is readable");
        let observation =
            |line| Observation::from_json(line, &program.card).expect("the fixture's observations are valid");
        let observations = lines.lines().map(observation).collect();
        Self { reference, program, observations }
    }

    /// A synthetic perceptron with the row length that the compiler would choose.
    pub(crate) fn perceptron(widths: &[usize]) -> Self {
        let reference = &*REFERENCE;
        let shape = Shape { widths, row_log2: 10, residual: false, gain: 1 };
        let mut program = perceptron(&shape, reference.card(), 9);
        program.card.class.row_log2 = class::row_log2(class::padded_weights(&program.card.class));
        program.card.weight_rows =
            commit_program(reference, &program.card, &program.weights).expect("the string is long enough");
        let observations = (0..64).map(|seed| observation(&program.card, seed)).collect();
        Self { reference, program, observations }
    }

    /// The first observations, in a circle with growing times if more are wanted than there are.
    pub(crate) fn observations(&self) -> impl Iterator<Item = Observation> + '_ {
        let first = self.observations.first().map_or(0, |observation| observation.time);
        let last = self.observations.last().map_or(0, |observation| observation.time);
        self.observations.iter().cycle().enumerate().map(move |(index, observation)| {
            let rounds = (index / self.observations.len()) as u64;
            Observation { time: observation.time + rounds * (last - first + 1), ..observation.clone() }
        })
    }

    /// A recorder at the start of a chain.
    pub(crate) fn recorder(&self) -> Recorder {
        Recorder::resume(self.program.clone(), key(), None).expect("a new chain")
    }

    /// The first records of the agent.
    pub(crate) fn records(&self, count: usize) -> Vec<SignedRecord> {
        let mut recorder = self.recorder();
        let record =
            |observation| recorder.record(observation, salts()).expect("the observations are valid").record;
        self.observations().take(count).map(record).collect()
    }

    /// The first records as what a verifier is given.
    pub(crate) fn bundle(&self, count: usize) -> Bundle {
        let records = self.records(count);
        let selection = Selection::Range { first: 0, last: count as u64 - 1 };
        Bundle::select(self.program.card.clone(), &records, selection).expect("the records are consecutive")
    }

    /// What a verifier of this agent expects.
    pub(crate) fn expected(&self) -> Expected {
        let card = &self.program.card;
        let mut expected = Expected::new(ProgramIds::of(card).program_id, key().address(), card.domain);
        expected.allow_development_setup = true;
        expected
    }
}

/// The agent's key.
pub(crate) fn key() -> AgentKey {
    AgentKey::from_bytes(&[7; 32]).expect("a scalar below the group order")
}

/// The same salts every time: their value does not change what is measured.
pub(crate) fn salts() -> Salts {
    Salts { observations: 11, evidence: 12 }
}

/// A valid observation with pseudo-random features.
fn observation(card: &Card, seed: u64) -> Observation {
    let mut random = Random(seed);
    let values: Vec<String> = (0..card.features.len())
        .map(|_| random.signed(30_000))
        .map(|value| {
            format!("\"{}{}.{:02}\"", if value < 0 { "-" } else { "" }, value.abs() / 100, value.abs() % 100)
        })
        .collect();
    let line =
        format!("{{\"time\":{},\"plugins\":{{\"feed\":[{}]}}}}", 1_000 + 1_000 * seed, values.join(","));
    Observation::from_json(&line, card).expect("a valid line")
}
