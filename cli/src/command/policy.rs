//! `candor policy`: rules looked at before anybody asks them.

use crate::artefact;
use crate::classify::Classify;
use crate::command::plugin::text_of;
use crate::command::policy_schema;
use crate::exit::{ExitClass, Failure};
use crate::output::Report;
use crate::progress::Progress;
use crate::store::{self, Store};
use crate::wording::{Wording, outcome};
use candor_compiler::analysis::{
    Difference, Differences, Ending, Finding, Fixed, Question, STEPS, Variant, check, diff, read_cases, test,
};
use candor_compiler::{AgentSource, lower};
use candor_program::card::{Card, SetupCard, SetupSource};
use candor_program::encoding::magic;
use candor_program::explain::Request;
use candor_program::limits;
use candor_program::policy::Fact;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Longest file of cases.
const MAX_CASES_BYTES: u64 = 1 << 24;

/// `candor policy`.
#[derive(Args, Clone, Debug)]
pub struct PolicyCommand {
    /// What to do
    #[command(subcommand)]
    pub command: Action,
}

/// One action each.
#[derive(Subcommand, Clone, Debug)]
pub enum Action {
    /// Print the schema that Cedar policies of an agent are validated against
    #[command(after_help = "Example: candor policy schema agent.toml > agent.cedarschema")]
    Schema(policy_schema::Schema),
    /// Judge a table of cases, and say which rules none of them lets decide
    #[command(after_help = "Example: candor policy test agent.toml cases.toml")]
    Test(Test),
    /// Find rules that never match or never decide, actions that nobody permits, and what is not used
    #[command(after_help = "Example: candor policy check agent.toml")]
    Check(Check),
    /// Say which requests two policies judge differently, with an example each
    #[command(after_help = "\
Examples:
  candor policy diff old/card.candor card.candor
  candor policy diff card.candor --with evidence.jurisdiction=DE --against evidence.jurisdiction=US")]
    Diff(Diff),
}

/// `candor policy test`.
#[derive(Args, Clone, Debug)]
pub struct Test {
    /// Card, program, or agent.toml
    #[arg(value_name = "CARD|AGENT.toml")]
    pub policy: PathBuf,
    /// The cases (docs/explain.md)
    #[arg(value_name = "CASES.toml")]
    pub cases: PathBuf,
}

/// `candor policy check`.
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// Card, program, or agent.toml
    #[arg(value_name = "CARD|AGENT.toml")]
    pub policy: PathBuf,
}

/// `candor policy diff`.
#[derive(Args, Clone, Debug)]
pub struct Diff {
    /// Card, program, or agent.toml
    #[arg(value_name = "CARD|AGENT.toml")]
    pub before: PathBuf,
    /// What it is compared with [default: itself]
    #[arg(value_name = "OTHER", required_unless_present_all = ["with", "against"])]
    pub after: Option<PathBuf>,
    /// Fixes a fact for the first: evidence, state or feature, with a value, or with `none` for no statement
    #[arg(long, value_name = "FACT=VALUE")]
    pub with: Vec<String>,
    /// Fixes a fact for the second
    #[arg(long, value_name = "FACT=VALUE")]
    pub against: Vec<String>,
}

impl Action {
    /// Does it.
    pub fn run(&self, _store: &Store) -> Result<Report, Failure> {
        match self {
            Self::Schema(command) => command.run(),
            Self::Test(command) => command.run(),
            Self::Check(command) => command.run(),
            Self::Diff(command) => command.run(),
        }
    }
}

/// The card of a file; agent.toml is lowered with its model, for which no reference string is needed.
fn card(path: &Path) -> Result<Card, Failure> {
    if path.extension().is_some_and(|extension| extension == "toml") {
        let spinner = Progress::spinner("compiling");
        let source = AgentSource::read(path).map_err(|error| error.failure())?;
        // No weight is committed to here, so nothing depends on it.
        let setup = SetupCard {
            source: SetupSource::Development,
            powers_log2: 14,
            powers_digest: [0; 32],
            tau_g2: [0; 128],
        };
        let lowered = lower(&source, &setup).map_err(|error| error.failure())?;
        drop(spinner);
        return Ok(lowered.card);
    }
    let begins = store::read(path, limits::PROGRAM_FILE_BYTES)?;
    if begins.starts_with(&magic::PROGRAM) {
        return artefact::program(path).map(|program| program.card);
    }
    artefact::card(path)
}

impl Test {
    fn run(&self) -> Result<Report, Failure> {
        let card = card(&self.policy)?;
        let text = text_of(&self.cases, MAX_CASES_BYTES)?;
        let cases = read_cases(&card, &text).map_err(|error| {
            Failure::new(ExitClass::Malformed, &error.kind)
                .at(format!("{}:{}", self.cases.display(), error.line))
                .fix("docs/explain.md says what a case is made of")
        })?;
        let tested = test(&card, cases);
        let wording = Wording::of(&card);
        let failed = tested.results.iter().filter(|result| !result.passed).count();
        let mut lines = Vec::new();
        let mut objects = Vec::new();
        for result in &tested.results {
            let verdict = result.assessment.verdict;
            let reason = card.policy.reason_name(verdict.reason);
            let rule = verdict.rule.map(|rule| wording.rule(rule));
            let got = format!("{}, {reason}", outcome(verdict.outcome));
            let by = rule.map_or_else(String::new, |rule| format!(" (rule {rule})"));
            let case = &result.case;
            if result.passed {
                lines.push(format!("pass  {}: {got}{by}", case.name));
            } else {
                let rule = case.rule.as_ref().map_or_else(String::new, |rule| format!(" (rule {rule})"));
                let reason = case.reason.as_ref().map_or_else(String::new, |reason| format!(", {reason}"));
                let expected = format!("{}{reason}{rule}", outcome(case.expect));
                let place = format!("{}:{}", self.cases.display(), case.line);
                lines.push(format!("FAIL  {}: {got}{by}; expected {expected} [{place}]", case.name));
            }
            objects.push(json!({
                "name": case.name, "line": case.line, "passed": result.passed,
                "expected": { "verdict": outcome(case.expect), "rule": case.rule, "reason": case.reason },
                "verdict": outcome(verdict.outcome), "rule": rule, "reason": reason,
            }));
        }
        let uncovered: Vec<&str> = tested.uncovered.iter().map(|rule| wording.rule(*rule)).collect();
        lines.push(format!("{} cases, {failed} failed", tested.results.len()));
        if !uncovered.is_empty() {
            lines.push(format!("rules that no case lets decide: {}", uncovered.join(", ")));
        }
        let json = json!({
            "cases": objects, "failed": failed, "uncoveredRules": uncovered,
        });
        let class = if failed == 0 { ExitClass::Accepted } else { ExitClass::Rejected };
        Ok(Report { class, text: lines.join("\n"), json })
    }
}

impl Check {
    fn run(&self) -> Result<Report, Failure> {
        let card = card(&self.policy)?;
        let spinner = Progress::spinner("checking");
        let checked = check(&card);
        drop(spinner);
        let wording = Wording::of(&card);
        let mut lines: Vec<String> = Vec::new();
        let mut objects: Vec<Value> = Vec::new();
        let mut rejected = false;
        let mut open = false;
        for finding in &checked.findings {
            let (kind, subject, text) = told(&card, &wording, finding);
            rejected |= matches!(
                finding,
                Finding::NeverMatches { .. } | Finding::NeverDecides { .. } | Finding::NeverPermitted { .. }
            );
            open |= matches!(finding, Finding::Undecided { .. });
            objects.push(json!({ "kind": kind, "subject": subject, "text": text }));
            lines.push(text);
        }
        let decided: Vec<&str> = checked.decided.keys().map(|rule| wording.rule(*rule)).collect();
        lines.push(format!(
            "{} of {} rules were seen to decide (an example each, judged)",
            decided.len(),
            card.policy.rules.len()
        ));
        let json = json!({ "findings": objects, "decidingRules": decided, "complete": !open });
        let class = match (rejected, open) {
            (true, _) => ExitClass::Rejected,
            (false, true) => ExitClass::Undecided,
            _ => ExitClass::Accepted,
        };
        Ok(Report { class, text: lines.join("\n"), json })
    }
}

/// Kind, subject and sentence of a finding.
fn told(card: &Card, wording: &Wording<'_>, finding: &Finding) -> (&'static str, String, String) {
    match finding {
        Finding::NeverMatches { rule } => {
            let rule = wording.rule(*rule);
            ("never-matches", rule.into(), format!("rule {rule} never matches (proven)"))
        }
        Finding::NeverDecides { rule, before } => {
            let rule = wording.rule(*rule);
            let by = before.map_or_else(
                || "other rules, or a register without a value, always come first".into(),
                |before| format!("wherever it matches, rule {} decides", wording.rule(before)),
            );
            ("never-decides", rule.into(), format!("rule {rule} never decides (proven): {by}"))
        }
        Finding::NeverPermitted { action } => {
            let action = wording.action(*action);
            ("never-permitted", action.into(), format!("action {action} is never permitted (proven)"))
        }
        Finding::PredicateUnused { predicate } => {
            let predicate = card.policy.predicates.get(usize::from(*predicate));
            let text = predicate.map_or_else(String::new, |predicate| wording.predicate(predicate));
            ("predicate-unused", text.clone(), format!("no rule and no register looks at `{text}`"))
        }
        Finding::SlotUnused { slot } => {
            let slot = wording.slot(*slot);
            ("slot-unused", slot.into(), format!("nothing looks at evidence slot {slot}"))
        }
        Finding::AbsenceDenies { slot, rule, .. } => {
            let (slot, rule) = (wording.slot(*slot), wording.rule(*rule));
            let text = format!(
                "without a valid statement for slot {slot} every action is denied, could not evaluate: rule {rule} looks at it"
            );
            ("absence-denies", slot.into(), text)
        }
        Finding::Undecided { question } => {
            let (subject, text) = match question {
                Question::Matches { rule } => (wording.rule(*rule), "ever matches"),
                Question::Decides { rule } => (wording.rule(*rule), "ever decides"),
                Question::Permitted { action } => (wording.action(*action), "is ever permitted"),
            };
            let text = format!(
                "unknown: whether {subject} {text} was neither proven nor shown (at most {STEPS} steps a question)"
            );
            ("unknown", subject.into(), text)
        }
    }
}

impl Diff {
    fn run(&self) -> Result<Report, Failure> {
        let before = card(&self.before)?;
        let other = self.after.as_ref().map(|path| card(path)).transpose()?;
        let after = other.as_ref().unwrap_or(&before);
        let (with, against) =
            (fixed(&before, "--with", &self.with)?, fixed(after, "--against", &self.against)?);
        let spinner = Progress::spinner("comparing");
        let differences =
            diff(Variant { card: &before, fixed: &with }, Variant { card: after, fixed: &against }).map_err(
                |error| Failure::new(ExitClass::Usage, error).fix("compare programs of the same scales"),
            )?;
        drop(spinner);
        Ok(compared(&before, after, &differences))
    }
}

/// `evidence.jurisdiction=DE` and the like.
fn fixed(card: &Card, option: &str, texts: &[String]) -> Result<Fixed, Failure> {
    let vocabulary = Wording::of(card).vocabulary;
    let mut fixed = Fixed::new();
    for text in texts {
        let refuse = |message: String| {
            Failure::usage(message).at(option).fix("write evidence.jurisdiction=DE, or a state or feature")
        };
        let (name, value) = text.split_once('=').ok_or_else(|| refuse(format!("`{text}` has no =")))?;
        let fact = vocabulary
            .fact(name)
            .filter(|fact| matches!(fact, Fact::Evidence(_) | Fact::Register(_) | Fact::Feature(_)));
        let fact = fact.ok_or_else(|| {
            let meant = vocabulary.meant(name).map(|meant| format!(" (did you mean {meant}?)"));
            refuse(format!("`{name}` is nothing that can be fixed{}", meant.unwrap_or_default()))
        })?;
        let value = match (value, fact) {
            ("none", Fact::Evidence(_)) => None,
            (value, fact) => {
                let named =
                    vocabulary.value(fact, value).map_or_else(|| vocabulary.constant(fact, value), Ok);
                Some(named.map_err(|error| refuse(format!("`{value}` is no value of {name}: {error}")))?)
            }
        };
        fixed.insert(fact, value);
    }
    Ok(fixed)
}

fn compared(before: &Card, after: &Card, differences: &Differences) -> Report {
    let (first, second) = (Wording::of(before), Wording::of(after));
    let mut lines = Vec::new();
    let mut objects = Vec::new();
    for difference in &differences.found {
        let Difference { action, before: from, after: to, example } = difference;
        let (from_text, to_text) = (ending(&first, *from), ending(&second, *to));
        lines.push(format!("{action}: {from_text} -> {to_text}"));
        let facts = facts(&first, &second, &example.0, &example.1);
        lines.extend(facts.iter().map(|(name, one, two)| match one == two {
            true => format!("    {name} = {one}"),
            false => format!("    {name} = {one} -> {two}"),
        }));
        let facts = facts.iter().map(|(name, one, two)| json!({ "fact": name, "before": one, "after": two }));
        objects.push(json!({
            "action": action,
            "before": from_text, "after": to_text,
            "permittedBefore": from.permits(), "permittedAfter": to.permits(),
            "time": example.0.time,
            "example": facts.collect::<Vec<_>>(),
        }));
    }
    for action in &differences.unmatched {
        lines.push(format!("{action}: only one of the two has this action"));
    }
    for (action, from, to) in &differences.open {
        lines.push(format!(
            "unknown: whether a request for {action} goes from {} to {} was neither proven nor shown (at most {STEPS} steps a question)",
            ending(&first, *from),
            ending(&second, *to)
        ));
    }
    lines.push(match (differences.found.len(), differences.is_complete()) {
        (0, true) => "no request changes its verdict (proven)".to_owned(),
        (0, false) => "no request was found that changes its verdict".to_owned(),
        (count, true) => {
            format!("{count} kinds of requests change their verdict; there is no other kind (proven)")
        }
        (count, false) => format!("{count} kinds of requests change their verdict; there may be others"),
    });
    let json = json!({
        "differences": objects,
        "unmatchedActions": differences.unmatched,
        "unknown": differences.open.len(),
        "complete": differences.is_complete(),
    });
    Report::accepted(lines.join("\n"), json)
}

fn ending(wording: &Wording<'_>, ending: Ending) -> String {
    match ending {
        Ending::Permitted { rule } => format!("permitted by {}", wording.rule(rule)),
        Ending::Forbidden { rule } => format!("denied by {}", wording.rule(rule)),
        Ending::Unmatched => "denied, no rule permits it".into(),
        Ending::Lacking { rule } => format!("denied, {} could not be evaluated", wording.rule(rule)),
        Ending::Untold => "denied, a register would be left without a value".into(),
    }
}

/// What rules of either look at, in the two requests.
fn facts(
    first: &Wording<'_>,
    second: &Wording<'_>,
    before: &Request,
    after: &Request,
) -> Vec<(String, String, String)> {
    let (mut one, two) = (first.request(before), second.request(after));
    let told = one.clone();
    one.extend(two.iter().filter(|(name, _)| !told.iter().any(|(known, _)| known == name)).cloned());
    let value = |facts: &[(String, String)], name: &str| {
        facts.iter().find(|(known, _)| known == name).map_or("-".to_owned(), |(_, value)| value.clone())
    };
    one.iter().map(|(name, _)| (name.clone(), value(&told, name), value(&two, name))).collect()
}
