//! Agents with honest chains of records.

use candor_benches::synthetic::{Shape, perceptron};
use candor_log::pipeline::{Registration, Submission};
use candor_program::card::{Domain, SetupCard, SetupSource};
use candor_program::encoding::FrBytes;
use candor_program::observation::Observation;
use candor_program::{Fr, Program};
use candor_trace::{AgentKey, Header, Link, Recorder, Salts, SignedHeader, SignedRecord};
use std::collections::VecDeque;
use std::error::Error;

/// A small program: what the log checks does not grow with the model.
pub(crate) fn program() -> Program {
    let setup = SetupCard {
        source: SetupSource::Development,
        powers_log2: 9,
        powers_digest: [3; 32],
        tau_g2: [4; 128],
    };
    perceptron(&Shape { widths: &[4, 8, 3], row_log2: 9, residual: false, gain: 1 }, &setup, 9)
}

fn key(number: usize) -> Result<AgentKey, Box<dyn Error + Send + Sync>> {
    let mut secret = [0x40; 32];
    secret[24..].copy_from_slice(&(number as u64 + 1).to_be_bytes());
    Ok(AgentKey::from_bytes(&secret)?)
}

/// One agent's records, still to be handed in.
pub(crate) struct Agent {
    pub(crate) registration: Registration,
    pub(crate) submissions: VecDeque<Submission>,
}

/// One agent with its key and whole records.
pub(crate) struct Whole {
    pub(crate) registration: Registration,
    pub(crate) key: AgentKey,
    pub(crate) records: Vec<SignedRecord>,
}

/// Agents with whole records, made by recorders on two threads.
pub(crate) fn whole(agents: usize, records: usize) -> Result<Vec<Whole>, Box<dyn Error + Send + Sync>> {
    in_two_threads(agents, |number| {
        let program = program();
        let registration = Registration::of(&program.card, key(number)?.address());
        let mut recorder = Recorder::resume(program, key(number)?, None)?;
        let mut made = Vec::with_capacity(records);
        for index in 0..records as u64 {
            let values = [index % 97, index % 89, index % 83, index % 79].map(|value| value.to_string());
            let payload = format!("[{}]", values.join(",")).into_bytes();
            let observation = Observation { time: 1_700_000_000 + index, payloads: vec![payload] };
            let salt = u128::from(index) << 64 | number as u128;
            let salts = Salts { observations: salt, evidence: salt + 1 };
            made.push(recorder.record(observation, salts)?.record);
        }
        Ok(Whole { registration, key: key(number)?, records: made })
    })
}

/// The same as submissions.
pub(crate) fn with_bodies(agents: usize, records: usize) -> Result<Vec<Agent>, Box<dyn Error + Send + Sync>> {
    let submissions = |whole: Whole| {
        let domain = whole.registration.domain;
        let submissions = whole.records.iter().map(|record| Submission::of(record, &domain)).collect();
        Agent { registration: whole.registration, submissions }
    };
    Ok(whole(agents, records)?.into_iter().map(submissions).collect())
}

/// Agents whose bodies are withheld, so that only headers are signed, sent and checked.
pub(crate) fn without_bodies(
    agents: usize,
    records: usize,
) -> Result<Vec<Agent>, Box<dyn Error + Send + Sync>> {
    let program = program();
    in_two_threads(agents, |number| {
        let mut chain = HeaderChain::new(&program, number)?;
        let submissions = (0..records).map(|_| chain.next_submission()).collect();
        Ok(Agent { registration: chain.registration, submissions })
    })
}

fn in_two_threads<T: Send>(
    agents: usize,
    make: impl Fn(usize) -> Result<T, Box<dyn Error + Send + Sync>> + Sync,
) -> Result<Vec<T>, Box<dyn Error + Send + Sync>> {
    let make = &make;
    std::thread::scope(|scope| {
        let half = scope.spawn(move || (0..agents / 2).map(make).collect::<Result<Vec<_>, _>>());
        let rest = (agents / 2..agents).map(make).collect::<Result<Vec<_>, _>>()?;
        let mut all = half.join().map_err(|_| "a thread that made records panicked")??;
        all.extend(rest);
        Ok(all)
    })
}

/// An agent that signs headers as fast as it can.
pub(crate) struct HeaderChain {
    pub(crate) registration: Registration,
    domain: Domain,
    key: AgentKey,
    link: Link,
    chain: candor_trace::Chain,
}

impl HeaderChain {
    pub(crate) fn new(program: &Program, number: usize) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let key = key(number)?;
        let chain = candor_trace::Chain::of(&program.card);
        let registration = Registration::of(&program.card, key.address());
        let link = Link::genesis(&chain, key.address());
        Ok(Self { registration, domain: program.card.domain, key, link, chain })
    }
    pub(crate) fn next_submission(&mut self) -> Submission {
        let number = self.link.sequence();
        let mut header = Header {
            program_id: self.link.program_id(),
            agent: self.link.agent(),
            sequence: number,
            time: 1_700_000_000 + number,
            previous_record: self.link.previous_record(),
            state_before: self.link.state(),
            observations: FrBytes::from(Fr::from(number)),
            evidence: FrBytes::from(Fr::from(number + 1)),
            requested: 1,
            verdict: 16,
            executed: 0,
            state_after: self.link.state(),
            transaction: [0; 32],
            execution: [1; 32],
            acc: FrBytes([0; 32]),
        };
        header.acc = self.link.next_acc(&header);
        let signature = self.key.sign(&header.record_hash(&self.domain));
        self.link = Link::after(&self.chain, &header);
        let mut body_hash = [0x77; 32];
        body_hash[..8].copy_from_slice(&number.to_le_bytes());
        let signed = SignedHeader { header, signature };
        Submission { domain: self.domain, signed, body_hash, body: None }
    }
}
