//! `candor explain`: what the policy says before anybody acts, and why.

use crate::classify::Classify;
use crate::command::plugin::text_of;
use crate::exit::{ExitClass, Failure};
use crate::output::Report;
use crate::situation::{Situation, SituationArguments};
use crate::store::Store;
use crate::wording::{Wording, effect, outcome, time, when};
use candor_program::card::Card;
use candor_program::evaluate::execute;
use candor_program::explain::{Explanation, Request, When, explain};
use candor_program::head::Action;
use candor_program::limits;
use candor_program::observation::Observation;
use candor_program::policy::{Fact, Outcome, Predicate};
use candor_program::state::{Register, Update};
use candor_trace::check_payloads;
use clap::Args;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

/// `candor explain`.
#[derive(Args, Clone, Debug)]
pub struct Explain {
    /// What is asked of, and when
    #[command(flatten)]
    pub situation: SituationArguments,
    /// The observation: a JSON line, or a file whose first line it is; - reads the standard input
    #[arg(long, value_name = "LINE|FILE")]
    pub observation: Option<String>,
    /// A hypothetical action, by name, instead of the model's
    #[arg(long, value_name = "NAME")]
    pub action: Option<String>,
}

impl Explain {
    /// Judges one request without recording anything, and says what the verdict rests on.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let situation = self.situation.read(store)?;
        for warning in situation.unusable() {
            eprintln!("warning: {warning}");
        }
        let request = self.request(&situation)?;
        let explanation = explain(&situation.card, &request).map_err(|error| error.failure())?;
        Ok(report(&situation.card, &request, &explanation))
    }

    fn request(&self, situation: &Situation) -> Result<Request, Failure> {
        let card = &situation.card;
        let observation = self.observation.as_ref().map(|text| observation(text, card)).transpose()?;
        let (features, told) = match &observation {
            Some(observation) => {
                check_payloads(card, observation).map_err(|error| error.failure().at("--observation"))?;
                (observation.features(card).map_err(|error| error.failure().at("--observation"))?, true)
            }
            None => (vec![0; card.features.len()], false),
        };
        let outputs = match (&situation.program, told) {
            (Some(program), true) => {
                let execution = execute(program, &features)
                    .map_err(|error| Failure::new(ExitClass::Malformed, error).at("--observation"))?;
                execution.tensors.into_iter().next_back()
            }
            _ => None,
        };
        let action = match (&self.action, &outputs) {
            (Some(name), _) => named(card, name)?,
            (None, Some(outputs)) => card
                .head
                .request(outputs)
                .ok_or_else(|| Failure::new(ExitClass::Malformed, "the model's outputs request no action"))?,
            (None, None) => {
                return Err(Failure::usage("nothing says which action is asked for")
                    .fix("give an --observation to a program with its weights, or name an --action"));
            }
        };
        stated(card, action.abstain, told, outputs.is_some())?;
        let at = self.situation.at.or(observation.as_ref().map(|observation| observation.time));
        let Some(time) = at else {
            return Err(
                Failure::usage("nothing says when it is asked").fix("name the time with --at SECONDS")
            );
        };
        situation.check_time(time)?;
        Ok(Request {
            action,
            features,
            outputs: outputs.unwrap_or_else(|| vec![0; card.head.actions().len()]),
            state: situation.state.clone(),
            evidence: situation.evidence(time),
            time,
            sequence: situation.sequence,
        })
    }
}

fn observation(text: &str, card: &Card) -> Result<Observation, Failure> {
    let line = if text.trim_start().starts_with('{') {
        text.to_owned()
    } else {
        let file = text_of(Path::new(text), limits::LINE_BYTES as u64 * 64)?;
        file.lines().next().unwrap_or_default().to_owned()
    };
    Observation::from_json(&line, card).map_err(|error| error.failure().at("--observation"))
}

fn named(card: &Card, name: &str) -> Result<Action, Failure> {
    let actions = card.head.actions();
    let code = actions.iter().position(|action| action.name == name);
    code.and_then(|code| card.head.action(code)).ok_or_else(|| {
        let known: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
        Failure::usage(format!("the program has no action `{name}`"))
            .at("--action")
            .fix(format!("its actions are {}", known.join(", ")))
    })
}

/// Every feature and output that matters is known: those that rules or registers look at; where the agent abstains, those
/// that an abstention moves a register by.
fn stated(card: &Card, abstains: bool, features: bool, outputs: bool) -> Result<(), Failure> {
    let moved = |register: &Register| match register.on_abstain {
        Update::Keep => Vec::new(),
        update => {
            let source = register.source.fact().filter(|_| update != Update::Reset);
            let when = register.when.and_then(|when| card.policy.predicates.get(usize::from(when)));
            source.into_iter().chain(when.into_iter().flat_map(Predicate::facts)).collect()
        }
    };
    let used: Vec<Fact> = if abstains {
        card.registers.iter().flat_map(moved).collect()
    } else {
        let sources = card.registers.iter().filter_map(|register| register.source.fact());
        card.policy.predicates.iter().flat_map(Predicate::facts).chain(sources).collect()
    };
    let is_unknown = |fact: &Fact| match fact {
        Fact::Feature(_) => !features,
        Fact::Output(_) => !outputs,
        _ => false,
    };
    let unknown: BTreeSet<Fact> = used.into_iter().filter(is_unknown).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let of_a_feature = unknown.iter().all(|fact| matches!(fact, Fact::Feature(_)));
    let fix = if of_a_feature {
        "give an --observation"
    } else {
        "give an --observation to a program with its weights, and not to a card alone"
    };
    let vocabulary = Wording::of(card).vocabulary;
    let names: Vec<String> = unknown.into_iter().map(|fact| vocabulary.name(fact)).collect();
    Err(Failure::usage(format!("rules or registers look at {}, which is not known", names.join(", ")))
        .fix(fix))
}

fn report(card: &Card, request: &Request, explanation: &Explanation) -> Report {
    let wording = Wording::of(card);
    let verdict = explanation.assessment.verdict;
    let reason = card.policy.reason_name(verdict.reason);
    let remedy = card.policy.remedy(verdict.reason).filter(|_| verdict.outcome == Outcome::Denied);
    let action = wording.action(request.action.code);
    let mut lines =
        vec![format!("{action} at {}: {}, {reason}", time(request.time), outcome(verdict.outcome))];
    let rule = verdict.rule.and_then(|rule| card.policy.rules.get(usize::from(rule)));
    if let Some(rule) = rule {
        lines.push(format!("rule     {} ({})", rule.name, effect(rule.effect)));
    }
    if let Some(remedy) = remedy {
        lines.push(format!("remedy   {remedy}"));
    }
    for (reading, first) in
        explanation.rules.iter().zip(std::iter::once(true).chain(std::iter::repeat(false)))
    {
        if rule.is_none() {
            let heading = if first { "the rules that permit:\n" } else { "" };
            lines.push(format!("{heading}  {}", wording.rule(reading.rule)));
        }
        lines.extend(reading.conditions.iter().map(|one| format!("  - {}", wording.condition(one))));
    }
    if !explanation.facts.is_empty() {
        lines.push("facts".into());
    }
    lines.extend(explanation.facts.iter().map(|fact| format!("  {}", wording.reading(fact, request))));
    for (register, absence) in &explanation.untold {
        lines.push(format!(
            "  after.{} is missing: {}",
            wording.register(*register),
            wording.absence(*absence)
        ));
    }
    if verdict.outcome == Outcome::Denied {
        lines.push(match explanation.remedies.found.is_empty() {
            true => "no change of up to three things was found that would permit it".into(),
            false => "what would change it (each was tried)".into(),
        });
        let found = explanation.remedies.found.iter();
        lines.extend(found.map(|remedy| format!("  {}", wording.remedy(remedy))));
    }
    if let Some(allowed) = &explanation.when {
        lines.push(format!("allowed  {}", when(allowed)));
    }
    let moved = changed_registers(card, &wording, request, explanation);
    if !moved.is_empty() {
        lines.push(format!("recording it would change {}", moved.join(", ")));
    }
    let json = json!({
        "action": action,
        "time": request.time,
        "sequence": request.sequence,
        "verdict": outcome(verdict.outcome),
        "reason": reason,
        "reasonCode": verdict.reason,
        "remedy": remedy,
        "rule": rule.map(|rule| rule.name.clone()),
        "rules": explanation.rules.iter().map(|one| wording.rule_json(one)).collect::<Vec<_>>(),
        "facts": explanation.facts.iter().map(|one| wording.reading_json(one, request)).collect::<Vec<_>>(),
        "untold": explanation.untold.iter().map(|(register, absence)| json!({
            "register": wording.register(*register), "missing": wording.absence(*absence),
        })).collect::<Vec<_>>(),
        "changes": explanation.remedies.found.iter().map(|one| wording.remedy_json(one)).collect::<Vec<_>>(),
        "searchCutShort": explanation.remedies.cut_short,
        "allowedFrom": match explanation.when {
            Some(When::At { time }) => Some(time),
            Some(When::Now { .. }) => Some(request.time),
            _ => None,
        },
        "allowedUntil": match explanation.when {
            Some(When::Now { until }) => until,
            _ => None,
        },
        "stateAfter": explanation.assessment.state_after.registers.iter().zip(0_u16..).map(|(value, index)| json!({
            "register": wording.register(index),
            "value": wording.vocabulary.show(Fact::Register(index), *value),
        })).collect::<Vec<_>>(),
    });
    Report::accepted(lines.join("\n"), json)
}

/// Registers that a record of this decision would change, windows begun.
fn changed_registers(
    card: &Card,
    wording: &Wording<'_>,
    request: &Request,
    explanation: &Explanation,
) -> Vec<String> {
    let assessment = &explanation.assessment;
    let before = request.state.begin(&card.registers, &card.windows, request.time);
    let pairs = before.iter().zip(&assessment.state_after.registers).zip(0_u16..);
    let changed = pairs.filter(|((old, new), _)| old != new);
    changed
        .map(|((old, new), index)| {
            let show = |value| wording.vocabulary.show(Fact::Register(index), value);
            format!("{} from {} to {}", wording.register(index), show(*old), show(*new))
        })
        .collect()
}
