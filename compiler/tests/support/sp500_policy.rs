//! The agent of fixtures/sp500-policy on its test days, with the statements of the fixture's attester.

use super::{fixture, program, setup};
use candor_compiler::{AgentSource, lower};
use candor_program::card::Program;
use candor_program::decision::{Assessment, DecisionInput, assess};
use candor_program::evaluate::execute;
use candor_program::evidence::Evidence;
use candor_program::observation::Observation;
use candor_program::state::State;
use candor_trace::evidence::{Attestation, Credential, Wallet, credentials_from_json, credentials_json};
use candor_trace::signer::{Ed25519Key, SecretKey};
use std::fs;
use std::sync::LazyLock;

/// Whom the statements are about.
pub const PRINCIPAL: [u8; 32] = [0x55; 32];
/// 2012-12-31, 2015-12-30, 2016-01-08 and 2019-01-01, 0:00 UTC.
pub const BEGIN: u64 = 1_356_912_000;
pub const LEAVES_DE: u64 = 1_451_433_600;
pub const ARRIVES_IN_US: u64 = 1_452_211_200;
pub const END: u64 = 1_546_300_800;

/// The fixture's attester. Its key is known to everybody and vouches for nothing.
pub fn attester() -> SecretKey {
    SecretKey::Ed25519(Ed25519Key::from_bytes(&[0x50; 32]))
}

/// A statement about the principal, for any program.
pub fn attestation(slot: &str, value: i64, meaning: &str, issued: u64, expires: u64) -> Credential {
    let attestation = Attestation {
        attester: attester().public(),
        slot: slot.into(),
        subject: PRINCIPAL,
        value,
        decimals: 0,
        meaning: meaning.into(),
        program: [0; 32],
        issued,
        expires,
    };
    Credential::Attestation(attestation.sign(&attester()))
}

/// The principal lives in DE, moves to US, and is in neither for nine days.
pub fn credentials() -> Vec<Credential> {
    vec![
        attestation("jurisdiction", 276, "DE", BEGIN, LEAVES_DE),
        attestation("jurisdiction", 840, "US", ARRIVES_IN_US, END),
        attestation("revocation", BEGIN as i64, "", BEGIN, END),
    ]
}

/// The text of attestations.json.
pub fn credentials_text() -> String {
    format!("{:#}\n", credentials_json(&credentials()))
}

/// A day as the program sees it.
pub struct Day {
    pub time: u64,
    pub input: Vec<u16>,
    pub outputs: Vec<i32>,
}

/// The compiled agent and its days.
pub struct Series {
    pub program: Program,
    pub days: Vec<Day>,
    pub report: String,
}

/// Compiled once.
pub static SERIES: LazyLock<Series> =
    LazyLock::new(|| series(&AgentSource::read(&fixture("sp500-policy/agent.toml")).unwrap()));

/// The agent of these files on the days of the fixture.
pub fn series(source: &AgentSource) -> Series {
    let lowered = lower(source, &setup()).unwrap();
    let program = program(&lowered);
    let lines = fs::read_to_string(fixture("sp500/observations.jsonl")).unwrap();
    let day = |line: &str| {
        let observation = Observation::from_json(line, &program.card).unwrap();
        let input = observation.features(&program.card).unwrap();
        let outputs = execute(&program, &input).unwrap().outputs().to_vec();
        Day { time: observation.time, input, outputs }
    };
    Series { days: lines.lines().map(day).collect(), report: lowered.report.to_string(), program }
}

impl Series {
    /// What an agent presents of these credentials.
    pub fn wallet(&self, credentials: Vec<Credential>) -> Wallet {
        Wallet::of(&self.program.card, [7; 20], [8; 32], credentials).0
    }

    /// The statements of the fixture at a time.
    pub fn evidence(&self, time: u64) -> Evidence {
        let text = fs::read_to_string(fixture("sp500-policy/attestations.json")).unwrap();
        self.wallet(credentials_from_json(&text).unwrap()).at(&self.program.card, time).evidence
    }

    /// What is decided on a day.
    pub fn assess(&self, day: &Day, state: &State, evidence: &Evidence, sequence: u64) -> Assessment {
        let card = &self.program.card;
        let input = DecisionInput {
            card,
            features: &day.input,
            outputs: &day.outputs,
            state,
            evidence,
            time: day.time,
            sequence,
        };
        assess(&input, card.head.request(&day.outputs)).unwrap()
    }

    /// Every day's assessment, with the state before it and the evidence.
    pub fn run(&self) -> Vec<(State, Evidence, Assessment)> {
        let text = fs::read_to_string(fixture("sp500-policy/attestations.json")).unwrap();
        let wallet = self.wallet(credentials_from_json(&text).unwrap());
        let mut state = State::initial(&self.program.card.registers);
        let mut records = Vec::with_capacity(self.days.len());
        for (day, sequence) in self.days.iter().zip(0..) {
            let evidence = wallet.at(&self.program.card, day.time).evidence;
            let assessment = self.assess(day, &state, &evidence, sequence);
            let next = assessment.state_after.clone();
            records.push((std::mem::replace(&mut state, next), evidence, assessment));
        }
        records
    }
}
