//! `candor limits`: what is left of every budget, and when it renews.

use crate::exit::Failure;
use crate::output::Report;
use crate::situation::SituationArguments;
use crate::store::Store;
use crate::wording::{Wording, time};
use candor_program::card::Card;
use candor_program::explain::{Budget, Side, budgets};
use candor_program::policy::Fact;
use clap::Args;
use serde_json::{Value, json};

/// `candor limits`.
#[derive(Args, Clone, Debug)]
pub struct Limits {
    /// What is asked of, and when
    #[command(flatten)]
    pub situation: SituationArguments,
}

impl Limits {
    /// Lists every condition that a rule puts on a register.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let situation = self.situation.read(store)?;
        for warning in situation.unusable() {
            eprintln!("warning: {warning}");
        }
        let at = self.situation.at.unwrap_or(situation.state.time.max(situation.activation));
        situation.check_time(at)?;
        if at < situation.state.time {
            let last = time(situation.state.time);
            return Err(Failure::usage(format!("the last record is of {last}, which is later"))
                .at("--at")
                .fix("ask for a time from the last record's on"));
        }
        let card = &situation.card;
        let wording = Wording::of(card);
        let found = budgets(card, &situation.state, &situation.evidence(at), at);
        let mut lines = vec![format!("at {}, after {} records", time(at), situation.sequence)];
        lines.extend(found.iter().map(|budget| line(&wording, card, budget)));
        if found.is_empty() {
            lines.push("no rule looks at a register".into());
        }
        let json = json!({
            "time": at,
            "records": situation.sequence,
            "budgets": found.iter().map(|budget| object(&wording, card, budget)).collect::<Vec<_>>(),
        });
        Ok(Report::accepted(lines.join("\n"), json))
    }
}

fn side(side: Side) -> &'static str {
    match side {
        Side::AtMost => "at most",
        Side::AtLeast => "at least",
        Side::Exactly => "exactly",
        Side::Except => "anything but",
    }
}

/// What a budget's numbers are of.
fn scale(budget: &Budget) -> Fact {
    match budget.fact {
        Fact::Elapsed(_) => budget.fact,
        _ => Fact::Register(budget.register),
    }
}

fn line(wording: &Wording<'_>, card: &Card, budget: &Budget) -> String {
    let scale = scale(budget);
    let mut line = format!("{} ({}): ", wording.vocabulary.name(budget.fact), wording.rule(budget.rule));
    match budget.extent {
        Some(extent) => {
            line.push_str(&format!("{} {}", side(budget.side), wording.value(scale, extent.bound)));
            if let Some(used) = budget.used {
                line.push_str(&format!(", now {}", wording.value(scale, used.into())));
            }
            if let Some(left) = extent.left {
                let unit = if matches!(budget.fact, Fact::Elapsed(_)) { " seconds" } else { "" };
                let (word, left) = match (left < 0, matches!(budget.side, Side::AtMost)) {
                    (true, true) => ("exceeded by", -left),
                    (true, false) => ("missing", -left),
                    (false, _) => ("left", left),
                };
                line.push_str(&format!(", {word} {}{unit}", wording.value(scale, left)));
            }
        }
        None => {
            let predicate = card.policy.predicates.get(usize::from(budget.predicate));
            let text = predicate.map_or_else(String::new, |predicate| wording.predicate(predicate));
            line.push_str(&format!("depends on the request, {text}"));
        }
    }
    if let Some(renews) = budget.renews {
        line.push_str(&format!("; renews at {}", time(renews)));
    }
    if let Some(changes) = budget.changes {
        line.push_str(&format!("; changes at {}", time(changes)));
    }
    line
}

fn object(wording: &Wording<'_>, card: &Card, budget: &Budget) -> Value {
    let scale = scale(budget);
    let show = |value: i128| wording.value(scale, value);
    let predicate = card.policy.predicates.get(usize::from(budget.predicate));
    json!({
        "register": wording.register(budget.register),
        "fact": wording.vocabulary.name(budget.fact),
        "rule": wording.rule(budget.rule),
        "predicate": predicate.map(|predicate| wording.predicate(predicate)),
        "allowed": side(budget.side),
        "limit": budget.extent.map(|extent| show(extent.bound)),
        "used": budget.used.map(|used| show(used.into())),
        "left": budget.extent.and_then(|extent| extent.left).map(show),
        "renews": budget.renews,
        "changes": budget.changes,
    })
}
