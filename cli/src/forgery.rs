//! A dishonest agent, for tests and for the demo: one record of its log says what did not happen, is signed with the
//! agent's own key, opens everything that its header binds, and is continued as if nothing were wrong.
//!
//! Nothing here is used to make honest records; [`candor_trace::Recorder`] does that.

use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::output::hex_string;
use candor_program::Program;
use candor_program::card::Card;
use candor_program::decision::{Assessment, DecisionInput, assess, decide};
use candor_program::digest;
use candor_program::encoding::FrBytes;
use candor_program::evaluate::{Evaluator, execute};
use candor_program::evidence::Evidence;
use candor_program::execution::{self, Execution};
use candor_program::head::Action;
use candor_program::policy::{Effect, Facts, Outcome, PolicyVerdict, reason};
use candor_program::state::{Change, State};
use candor_program::transaction::Transaction;
use candor_trace::{
    AgentKey, Body, Chain, Header, Link, Recorder, RevisionTimes, Salts, SignedRecord, revise,
};
use clap::ValueEnum;

/// What the agent lies about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Cheat {
    /// One value of an operator's output is changed, and the run goes on from there
    Output,
    /// Another action is requested than the outputs ask for
    Action,
    /// The state after is not what follows
    State,
    /// A feature is not what the plugin reported
    Observation,
    /// The policy's verdict is turned around
    Verdict,
    /// Another model ran: one row of an operator's weights is negated
    Model,
}

impl Cheat {
    /// All, in the order of the seeds.
    pub const ALL: [Self; 6] =
        [Self::Output, Self::Action, Self::State, Self::Observation, Self::Verdict, Self::Model];
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Action => "action",
            Self::State => "state",
            Self::Observation => "observation",
            Self::Verdict => "verdict",
            Self::Model => "model",
        }
    }
}

/// Where and how the agent cheats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Forgery {
    /// Record.
    pub sequence: u64,
    /// What is lied about.
    pub cheat: Cheat,
    /// Operator at which an output or the model is changed, from 1 (the first) on.
    pub operator: u16,
    /// Chooses position and size of the change.
    pub seed: u64,
}

/// What the forged record states.
struct Story {
    features: Vec<u16>,
    tensors: Vec<Vec<i32>>,
    requested: Action,
    verdict: PolicyVerdict,
    executed: Option<Action>,
    state_after: State,
    transaction: Option<Transaction>,
}

/// Where in the chain it is told.
struct Place<'a> {
    card: &'a Card,
    state: State,
    evidence: &'a Evidence,
    sequence: u64,
    time: u64,
}

/// The log that the agent would have written had it cheated at one record: the records before are the honest ones, those
/// after are recorded again on the same observations, up to and with the next Revise record. What another program
/// decided after that cannot be recorded again with this one, and is left out.
///
/// `load` gives the agent's key, as often as it is asked.
pub fn forge(
    program: &Program,
    load: &dyn Fn() -> Result<AgentKey, Failure>,
    honest: &[SignedRecord],
    forgery: &Forgery,
) -> Result<Vec<SignedRecord>, Failure> {
    let index = usize::try_from(forgery.sequence).unwrap_or(usize::MAX);
    let Some(original) = honest.get(index) else {
        return Err(Failure::usage(format!(
            "there is no record {}; the log has {}",
            forgery.sequence,
            honest.len()
        )));
    };
    let mut records = honest.get(..index).unwrap_or_default().to_vec();
    let (chain, key) = (Chain::of(&program.card), load()?);
    if original.header.program_id != chain.ids.program_id {
        let got = hex_string(&original.header.program_id);
        return Err(Failure::usage(format!("record {} is of program {got}", forgery.sequence))
            .fix("name the folder of that program with --dir"));
    }
    if original.header.revises() {
        let forged = forge_revision(&chain, &key, records.last(), original, forgery.cheat)?;
        records.push(forged);
        return Ok(records);
    }
    let (link, state) = match records.last() {
        None => (Link::genesis(&chain, key.address()), State::initial(&program.card.registers)),
        Some(previous) => (Link::after(&chain, &previous.header), previous.body.state_after.clone()),
    };
    let place = Place {
        card: &program.card,
        state,
        evidence: &original.body.evidence,
        sequence: forgery.sequence,
        time: original.body.observation.time,
    };
    let story = tell(program, &place, original, forgery)?;
    let forged = sign(&link, &place, &key, original, story);
    records.push(forged);
    let mut recorder =
        Recorder::resume(program.clone(), key, records.last()).map_err(|error| error.failure())?;
    let rest = honest.get(index + 1..).unwrap_or_default();
    for record in rest.iter().take_while(|record| !record.header.revises()) {
        let body = &record.body;
        let salts = Salts { observations: body.observations_salt, evidence: body.evidence_salt };
        let unused = recorder.present(body.credentials.iter().flatten().cloned().collect());
        if !unused.is_empty() {
            return Err(Failure::new(ExitClass::Rejected, "a credential of the log does not hold")
                .fix("candor replay says which"));
        }
        let next = recorder.record(body.observation.clone(), salts).map_err(|error| error.failure())?;
        records.push(next.record);
    }
    if let Some(original) = rest.iter().find(|record| record.header.revises()) {
        records.push(revise_again(&load()?, records.last(), original)?);
    }
    Ok(records)
}

/// The same change of program after what was recorded instead.
fn revise_again(
    key: &AgentKey,
    last: Option<&SignedRecord>,
    original: &SignedRecord,
) -> Result<SignedRecord, Failure> {
    let revision = original.body.revision.as_deref().cloned();
    let revision = revision.ok_or_else(|| {
        Failure::new(ExitClass::Malformed, "the Revise record's body has no programs")
            .fix("candor replay says which")
    })?;
    let activation = u64::try_from(original.header.requested).map_err(unexpected)?;
    let times = RevisionTimes { time: original.header.time, activation };
    revise(revision, key, last, times).map_err(|error| error.failure())
}

/// A Revise record that leaves a register with another value than follows.
fn forge_revision(
    chain: &Chain,
    key: &AgentKey,
    last: Option<&SignedRecord>,
    original: &SignedRecord,
    cheat: Cheat,
) -> Result<SignedRecord, Failure> {
    if cheat != Cheat::State {
        return Err(Failure::usage("a Revise record decides nothing: only its state can be lied about")
            .fix("use --cheat state, or choose another record"));
    }
    let mut record = revise_again(key, last, original)?;
    let link = match last {
        None => Link::genesis(chain, key.address()),
        Some(last) => Link::after(chain, &last.header),
    };
    if let Some(revision) = &original.body.revision {
        change_state(&revision.to, &mut record.body.state_after)?;
    }
    record.header.state_after = digest::state(&record.body.state_after).into();
    record.header.acc = link.next_acc(&record.header);
    record.signature = key.sign(&record.record_hash(&chain.domain));
    Ok(record)
}

fn tell(
    program: &Program,
    place: &Place<'_>,
    original: &SignedRecord,
    forgery: &Forgery,
) -> Result<Story, Failure> {
    let card = place.card;
    let mut features = original.body.observation.features(card).map_err(|error| error.failure())?;
    let run = |features: &[u16]| execute(program, features).map_err(unexpected);
    let tensors = match forgery.cheat {
        Cheat::Observation => {
            change_feature(card, &mut features, forgery.seed)?;
            run(&features)?.tensors
        }
        Cheat::Output => change_output(program, run(&features)?, forgery)?,
        Cheat::Model => run_another_model(program, &features, &run(&features)?, forgery)?,
        Cheat::Action | Cheat::State | Cheat::Verdict => run(&features)?.tensors,
    };
    let outputs = tensors.last().map_or(&[][..], Vec::as_slice);
    let decision = decide(&DecisionInput {
        card,
        features: &features,
        outputs,
        state: &place.state,
        evidence: place.evidence,
        time: place.time,
        sequence: place.sequence,
    })
    .map_err(unexpected)?;
    let mut story = Story {
        features,
        tensors,
        requested: decision.requested,
        verdict: decision.verdict,
        executed: decision.executed,
        state_after: decision.state_after,
        transaction: decision.transaction,
    };
    match forgery.cheat {
        Cheat::Action => {
            story.requested = another_action(card, &story.requested, forgery.seed)?;
            if story.requested.abstain {
                story.do_nothing(place, PolicyVerdict::ABSTAINED)?;
            } else {
                story.act(place)?;
            }
        }
        Cheat::Verdict => match story.verdict.outcome {
            Outcome::Denied => story.act(place)?,
            Outcome::Permitted | Outcome::Abstained => story.do_nothing(place, denial(card))?,
        },
        Cheat::State => change_state(card, &mut story.state_after)?,
        Cheat::Output | Cheat::Observation | Cheat::Model => {}
    }
    Ok(story)
}

impl Story {
    /// Executes what was requested, whatever the policy says.
    fn act(&mut self, place: &Place<'_>) -> Result<(), Failure> {
        let card = place.card;
        let assessment = self.assess(place)?;
        let registers = assessment.after.iter().copied().collect::<Option<Vec<i64>>>();
        let (Some(transaction), Some(registers)) = (card.transaction.build(&assessment.facts()), registers)
        else {
            return Err(Failure::usage(
                "the action of this record makes no transaction: choose another record",
            ));
        };
        let permit = (0_u8..).zip(&card.policy.rules).find(|(_, rule)| rule.effect == Effect::Permit);
        let (rule, reason) =
            permit.map_or((None, reason::FIRST_FREE), |(index, rule)| (Some(index), rule.reason));
        self.verdict = PolicyVerdict { outcome: Outcome::Permitted, reason, rule };
        self.executed = Some(self.requested);
        self.transaction = Some(transaction);
        self.state_after = State { time: place.time, registers };
        Ok(())
    }
    /// Executes nothing.
    fn do_nothing(&mut self, place: &Place<'_>, verdict: PolicyVerdict) -> Result<(), Failure> {
        let card = place.card;
        let assessment = self.assess(place)?;
        let before = Facts { after: &[], ..assessment.facts() };
        let change =
            Change { registers: &card.registers, predicates: &card.policy.predicates, facts: &before };
        let registers =
            if verdict.outcome == Outcome::Abstained { change.abstained() } else { change.denied() };
        self.verdict = verdict;
        self.executed = None;
        self.transaction = None;
        self.state_after = State { time: place.time, registers };
        Ok(())
    }
    /// The requested action as the policy sees it.
    fn assess(&self, place: &Place<'_>) -> Result<Assessment, Failure> {
        let outputs = self.tensors.last().map_or(&[][..], Vec::as_slice);
        let input = DecisionInput {
            card: place.card,
            features: &self.features,
            outputs,
            state: &place.state,
            evidence: place.evidence,
            time: place.time,
            sequence: place.sequence,
        };
        assess(&input, Some(self.requested)).map_err(unexpected)
    }
}

fn sign(
    link: &Link,
    place: &Place<'_>,
    key: &AgentKey,
    original: &SignedRecord,
    story: Story,
) -> SignedRecord {
    let (card, observation) = (place.card, original.body.observation.clone());
    let (observations_salt, evidence_salt) = (original.body.observations_salt, original.body.evidence_salt);
    let agent = key.address();
    let leaves = execution::leaves(&Execution { tensors: story.tensors.clone() });
    let observations =
        digest::observations(observations_salt, &story.features, &observation.payload_digests());
    let mut header = Header {
        program_id: link.program_id(),
        agent,
        sequence: place.sequence,
        time: place.time,
        previous_record: link.previous_record(),
        state_before: link.state(),
        observations: observations.into(),
        evidence: digest::evidence(original.body.evidence_blinding(), place.evidence).into(),
        requested: story.requested.word(),
        verdict: story.verdict.word(),
        executed: Action::executed_word(story.executed.as_ref()),
        state_after: digest::state(&story.state_after).into(),
        transaction: digest::transaction_word(
            &card.domain,
            &agent,
            place.sequence,
            story.transaction.as_ref(),
        ),
        execution: execution::root(&leaves),
        acc: FrBytes([0; 32]),
    };
    header.acc = link.next_acc(&header);
    let signature = key.sign(&header.record_hash(&card.domain));
    let body = Body {
        observation,
        observations_salt,
        evidence_salt,
        evidence: place.evidence.clone(),
        credentials: original.body.credentials.clone(),
        features: story.features,
        outputs: story.tensors.into_iter().next_back().unwrap_or_default(),
        state_before: place.state.clone(),
        state_after: story.state_after,
        leaves,
        revision: None,
    };
    SignedRecord { header, signature, body }
}

/// A feature that can take more than one value, one step away from what was reported.
fn change_feature(card: &Card, features: &mut [u16], seed: u64) -> Result<(), Failure> {
    let movable: Vec<usize> = (0..features.len())
        .filter(|index| card.features.get(*index).is_some_and(|feature| feature.span() > 0))
        .collect();
    let index =
        pick(&movable, seed).ok_or_else(|| Failure::usage("no feature of this program can change"))?;
    let span = card.features.get(*index).map_or(0, candor_program::feature::Feature::span);
    if let Some(value) = features.get_mut(*index) {
        *value = if u64::from(*value) < span { *value + 1 } else { *value - 1 };
    }
    Ok(())
}

/// The run with one value of the operator's output changed. At the last operator another output becomes the largest.
fn change_output(program: &Program, honest: Execution, forgery: &Forgery) -> Result<Vec<Vec<i32>>, Failure> {
    let (card, index) = (&program.card, operator_index(&program.card, forgery)?);
    let mut tensors: Vec<Vec<i32>> = honest.tensors.into_iter().take(index + 2).collect();
    let Some(operator) = card.operators.get(index) else { return Err(no_operator(card)) };
    let (low, high) = (operator.low(), operator.low().saturating_add(65_535));
    let last = index + 1 == card.operators.len();
    let tensor = tensors.last_mut().ok_or_else(|| no_operator(card))?;
    let position = (forgery.seed as usize) % tensor.len().max(1);
    let largest = tensor.iter().copied().max().unwrap_or(low);
    if let Some(value) = tensor.get_mut(position) {
        let wanted = if last {
            largest.saturating_add(1)
        } else {
            value.saturating_add(1 + (forgery.seed % 64) as i32)
        };
        // At the upper end of the range there is only downwards.
        *value = if wanted <= high { wanted } else { low };
    }
    let evaluator = Evaluator::new(program);
    for operator in index + 1..card.operators.len() {
        let output = evaluator.output(operator, &tensors);
        let output =
            output.map_err(|_| Failure::usage("this change leaves the range: choose another seed"))?;
        tensors.push(output);
    }
    Ok(tensors)
}

/// A run of the program with one row of weights negated, the first from the seed's on that makes a difference.
fn run_another_model(
    program: &Program,
    features: &[u16],
    honest: &Execution,
    forgery: &Forgery,
) -> Result<Vec<Vec<i32>>, Failure> {
    let index = operator_index(&program.card, forgery)?;
    let Some(operator) = program.card.operators.get(index) else {
        return Err(no_operator(&program.card));
    };
    let rows = operator.affine().map_or(0, |affine| affine.axes.first().copied().unwrap_or(1)) as usize;
    let start = (forgery.seed as usize) % rows.max(1);
    let mut other = program.clone();
    for row in (start..rows).chain(0..start) {
        negate_row(&mut other, program, index, (row, rows));
        if let Ok(run) = execute(&other, features)
            && run.tensors.get(index + 1) != honest.tensors.get(index + 1)
        {
            return Ok(run.tensors);
        }
    }
    Err(Failure::usage("no row of this operator makes a difference here: choose another record or operator"))
}

/// Takes the operator's true weights and negates one row.
fn negate_row(other: &mut Program, program: &Program, operator: usize, (row, rows): (usize, usize)) {
    let (Some(weights), Some(truth)) =
        (other.weights.operators.get_mut(operator), program.weights.operators.get(operator))
    else {
        return;
    };
    weights.clone_from(truth);
    for matrix in &mut weights.dense {
        let length = matrix.len() / rows.max(1);
        for weight in matrix.iter_mut().skip(row * length).take(length) {
            *weight = weight.saturating_neg();
        }
    }
    if let Some(bias) = weights.bias.get_mut(row) {
        *bias = bias.saturating_neg();
    }
}

fn operator_index(card: &Card, forgery: &Forgery) -> Result<usize, Failure> {
    let index = usize::from(forgery.operator).checked_sub(1);
    index.filter(|index| *index < card.operators.len()).ok_or_else(|| no_operator(card))
}

fn no_operator(card: &Card) -> Failure {
    Failure::usage(format!("there is no such operator; the program has 1 to {}", card.operators.len()))
}

fn another_action(card: &Card, requested: &Action, seed: u64) -> Result<Action, Failure> {
    let others: Vec<Action> = (0..card.head.actions().len())
        .filter_map(|output| card.head.action(output))
        .filter(|action| action.code != requested.code)
        .collect();
    pick(&others, seed).copied().ok_or_else(|| Failure::usage("the program has only one action"))
}

/// What an agent that wants to have done nothing says.
fn denial(card: &Card) -> PolicyVerdict {
    let forbid = (0_u8..).zip(&card.policy.rules).find(|(_, rule)| rule.effect == Effect::Forbid);
    let (rule, reason) =
        forbid.map_or((None, reason::DEFAULT_DENY), |(index, rule)| (Some(index), rule.reason));
    PolicyVerdict { outcome: Outcome::Denied, reason, rule }
}

/// A register back at its beginning, or one more where it is there already.
fn change_state(card: &Card, state: &mut State) -> Result<(), Failure> {
    let (Some(value), Some(register)) = (state.registers.first_mut(), card.registers.first()) else {
        return Err(Failure::usage("the program has no state"));
    };
    *value = if *value == register.initial { value.checked_add(1).unwrap_or(0) } else { register.initial };
    Ok(())
}

fn pick<T>(items: &[T], seed: u64) -> Option<&T> {
    items.get((seed as usize).checked_rem(items.len())?)
}

fn unexpected(error: impl std::fmt::Display) -> Failure {
    Failure::new(ExitClass::Unexpected, error)
}
