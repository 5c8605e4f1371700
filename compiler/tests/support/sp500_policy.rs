//! The agent of fixtures/sp500-policy on its test days, with the statements of the fixture's attester.

use super::{fixture, program, setup};
use candor_compiler::{AgentSource, lower};
use candor_program::card::Program;
use candor_program::decision::{Assessment, DecisionInput, assess};
use candor_program::evaluate::execute;
use candor_program::evidence::Evidence;
use candor_program::observation::Observation;
use candor_program::state::State;
use candor_trace::evidence::{Attestation, Credential, Wallet, credentials_json};
use candor_trace::signer::{Ed25519Key, SecretKey};
use std::fs;
use std::sync::LazyLock;

/// Whom the statements are about.
pub const PRINCIPAL: [u8; 32] = [0x55; 32];
/// 2012-12-31, 0:00 UTC.
pub const BEGIN: u64 = 1_356_912_000;
/// 2015-12-02, a quarter of an hour and an hour after the close at 21:00 UTC.
pub const LEAVES_DE: u64 = 1_449_090_900;
pub const ARRIVES_IN_US: u64 = 1_449_093_600;
/// 2016-12-30 and 2017-01-09, 0:00 UTC.
pub const LAPSES: u64 = 1_483_056_000;
pub const RENEWED: u64 = 1_483_920_000;
/// 2019-01-01, 0:00 UTC.
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

/// The principal lives in DE and moves to US within an evening; later a statement lapses, and is renewed ten days after.
pub fn credentials() -> Vec<Credential> {
    vec![
        attestation("jurisdiction", 276, "DE", BEGIN, LEAVES_DE),
        attestation("jurisdiction", 840, "US", ARRIVES_IN_US, LAPSES),
        attestation("jurisdiction", 840, "US", RENEWED, END),
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

/// The lines of both files, by time: they begin with it, in ten digits.
pub fn observations() -> Vec<String> {
    let read = |file: &str| fs::read_to_string(fixture(file)).unwrap();
    let (days, again) = (read("sp500/observations.jsonl"), read("sp500-policy/again.jsonl"));
    let mut lines: Vec<String> = days.lines().chain(again.lines()).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// The agent of these files on the days of the fixture.
pub fn series(source: &AgentSource) -> Series {
    let lowered = lower(source, &setup()).unwrap();
    let program = program(&lowered);
    let day = |line: &String| {
        let observation = Observation::from_json(line, &program.card).unwrap();
        let input = observation.features(&program.card).unwrap();
        let outputs = execute(&program, &input).unwrap().outputs().to_vec();
        Day { time: observation.time, input, outputs }
    };
    Series { days: observations().iter().map(day).collect(), report: lowered.report.to_string(), program }
}

impl Series {
    /// What an agent presents of these credentials.
    pub fn wallet(&self, credentials: Vec<Credential>) -> Wallet {
        Wallet::of(&self.program.card, [7; 20], [8; 32], credentials).0
    }

    /// The statements of the fixture at a time.
    pub fn evidence(&self, time: u64) -> Evidence {
        self.wallet(credentials()).at(&self.program.card, time).evidence
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
        let wallet = self.wallet(credentials());
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
