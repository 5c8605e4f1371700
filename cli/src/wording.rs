//! Facts, requests, verdicts and budgets in words, for people and for programs.

use candor_compiler::Vocabulary;
use candor_program::card::Card;
use candor_program::evidence::{Authority, Defect, Statement};
use candor_program::explain::{Absence, Change, Condition, Reading, Remedy, Request, RuleReading, When};
use candor_program::policy::{Comparison, Effect, Fact, Operand, Outcome, Predicate};
use serde_json::{Value, json};

/// Words for the facts of one card.
pub struct Wording<'a> {
    /// The card.
    pub card: &'a Card,
    /// Its names.
    pub vocabulary: Vocabulary,
}

/// `permitted`, `denied` or `abstained`.
#[must_use]
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Permitted => "permitted",
        Outcome::Denied => "denied",
        Outcome::Abstained => "abstained",
    }
}

/// A time as its Unix seconds and, from 1970 to 9999, its date in UTC.
#[must_use]
pub fn time(seconds: u64) -> String {
    // Howard Hinnant, chrono-compatible low-level date algorithms: days_from_civil, inverted.
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    if year > 9_999 {
        return seconds.to_string();
    }
    let (hours, minutes, rest) = (seconds % 86_400 / 3_600, seconds % 3_600 / 60, seconds % 60);
    format!("{seconds} ({year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{rest:02}Z)")
}

impl<'a> Wording<'a> {
    /// Words for a card.
    #[must_use]
    pub fn of(card: &'a Card) -> Self {
        Self { card, vocabulary: Vocabulary::of(card) }
    }

    /// Name of an action.
    #[must_use]
    pub fn action(&self, code: u16) -> &str {
        self.card.head.actions().get(usize::from(code)).map_or("?", |action| &action.name)
    }

    /// Name of a rule.
    #[must_use]
    pub fn rule(&self, rule: u8) -> &str {
        self.card.policy.rules.get(usize::from(rule)).map_or("?", |rule| &rule.name)
    }

    /// Name of a register.
    #[must_use]
    pub fn register(&self, register: u16) -> &str {
        self.card.registers.get(usize::from(register)).map_or("?", |register| &register.name)
    }

    /// Name of a slot.
    #[must_use]
    pub fn slot(&self, slot: u16) -> &str {
        self.card.evidence.get(usize::from(slot)).map_or("?", |slot| &slot.name)
    }

    /// A value of a fact; one beyond 64 bits as its integer.
    #[must_use]
    pub fn value(&self, fact: Fact, value: i128) -> String {
        i64::try_from(value).map_or_else(|_| value.to_string(), |value| self.vocabulary.show(fact, value))
    }

    /// A predicate, as agent.toml writes it.
    #[must_use]
    pub fn predicate(&self, predicate: &Predicate) -> String {
        let left = self.vocabulary.name(predicate.fact);
        let sign = comparison(predicate.comparison);
        let right = match predicate.operand {
            Operand::Constant(value) => self.value(predicate.fact, value.into()),
            Operand::Fact { fact, offset: 0 } => self.vocabulary.name(fact),
            Operand::Fact { fact, offset } => {
                let sign = if offset < 0 { '-' } else { '+' };
                let offset = self.value(fact, i128::from(offset).abs());
                format!("{} {sign} {offset}", self.vocabulary.name(fact))
            }
        };
        format!("{left} {sign} {right}")
    }

    /// A condition of a rule, with both sides' values and whether it is met.
    #[must_use]
    pub fn condition(&self, condition: &Condition) -> String {
        let Some(predicate) = self.card.policy.predicates.get(usize::from(condition.predicate)) else {
            return String::new();
        };
        let side = |value: Option<i128>| {
            value.map_or_else(|| "missing".to_owned(), |value| self.value(predicate.fact, value))
        };
        let left = side(condition.left.map(i128::from));
        let values = format!("{left} {} {}", comparison(predicate.comparison), side(condition.right));
        let not = if condition.required { "" } else { "not " };
        let state = match (condition.holds, condition.is_met()) {
            (None, _) => "cannot be told",
            (_, true) => "met",
            _ => "not met",
        };
        format!("{not}{}: {values}, {state}", self.predicate(predicate))
    }

    /// A rule's reading as JSON.
    #[must_use]
    pub fn rule_json(&self, reading: &RuleReading) -> Value {
        let rule = self.card.policy.rules.get(usize::from(reading.rule));
        let conditions: Vec<Value> = reading
            .conditions
            .iter()
            .filter_map(|condition| {
                let predicate = self.card.policy.predicates.get(usize::from(condition.predicate))?;
                let shown = |value: i128| self.value(predicate.fact, value);
                Some(json!({
                    "predicate": self.predicate(predicate),
                    "required": condition.required,
                    "left": condition.left.map(|left| shown(left.into())),
                    "right": condition.right.map(shown),
                    "holds": condition.holds,
                    "met": condition.is_met(),
                }))
            })
            .collect();
        json!({
            "name": self.rule(reading.rule),
            "effect": rule.map(|rule| effect(rule.effect)),
            "matches": reading.matches(),
            "conditions": conditions,
        })
    }

    /// Where a fact comes from.
    #[must_use]
    pub fn source(&self, fact: Fact, request: &Request) -> String {
        match fact {
            Fact::ActionCode
            | Fact::ActionAmount
            | Fact::ActionMagnitude
            | Fact::ActionAsset
            | Fact::ActionVenue => "the requested action".into(),
            Fact::Time => "the time of the decision".into(),
            Fact::Sequence => "the number of the record".into(),
            Fact::Feature(index) => match self.card.features.get(usize::from(index)) {
                Some(feature) => {
                    let plugin = self.card.plugins.get(usize::from(feature.plugin));
                    let plugin = plugin.map_or("?", |plugin| &plugin.id);
                    format!("plugin {plugin}, pointer {}", feature.pointer)
                }
                None => String::new(),
            },
            Fact::Output(_) => "the model's output".into(),
            Fact::Register(index) | Fact::Elapsed(index) => self.register_source(index, request),
            Fact::After(index) | Fact::Change(index) => {
                format!("register {} after an execution", self.register(index))
            }
            Fact::Evidence(index) | Fact::Present(index) | Fact::Issued(index) => {
                self.slot_source(index, request)
            }
        }
    }

    fn register_source(&self, index: u16, request: &Request) -> String {
        let name = self.register(index);
        let window = self.card.registers.get(usize::from(index)).and_then(|register| register.window);
        let window = window.and_then(|window| self.card.windows.get(usize::from(window)));
        match window {
            Some(window) if window.number(request.time) != window.number(request.state.time) => {
                format!("register {name}, begun anew with window {}", window.name)
            }
            _ => format!("register {name} of the last record's state"),
        }
    }

    fn slot_source(&self, index: u16, request: &Request) -> String {
        let slot = self.card.evidence.get(usize::from(index));
        let authority = slot.map_or_else(String::new, |slot| match &slot.authority {
            Authority::Attester { key } => format!("attester {key}"),
            Authority::Mandate { owner, limit, .. } => format!("mandates of {owner}, limit {limit}"),
        });
        let statement = request.evidence.0.get(usize::from(index)).copied().flatten();
        let stated = statement.map_or_else(
            || "no statement".to_owned(),
            |statement| {
                let Statement { issued, expires, .. } = statement;
                format!("issued {}, expires {}", time(issued), time(expires))
            },
        );
        format!("evidence slot {}, {authority}: {stated}", self.slot(index))
    }

    /// Why a fact is missing.
    #[must_use]
    pub fn absence(&self, absence: Absence) -> String {
        match absence {
            Absence::Evidence { slot, defect } => {
                let why = match defect {
                    Defect::Absent => "there is none",
                    Defect::NotYet => "it counts later",
                    Defect::Expired => "it expired",
                    Defect::Revoked => "it is revoked, or the time of revocation is not known",
                };
                format!("no valid statement for slot {}: {why}", self.slot(slot))
            }
            Absence::Later { register } => {
                format!("register {} holds a later time", self.register(register))
            }
            Absence::Overflow => "the number does not fit 64 bits".into(),
            Absence::Follows { register, fact } => format!(
                "register {} is changed by {}, which is missing",
                self.register(register),
                self.vocabulary.name(fact)
            ),
            Absence::Unknown => "the request does not have it".into(),
        }
    }

    /// A fact with its value and source.
    #[must_use]
    pub fn reading(&self, reading: &Reading, request: &Request) -> String {
        let value = match reading.value {
            Ok(value) => self.vocabulary.show(reading.fact, value),
            Err(absence) => format!("missing, {}", self.absence(absence)),
        };
        format!("{} = {value} [{}]", self.vocabulary.name(reading.fact), self.source(reading.fact, request))
    }

    /// The same as JSON.
    #[must_use]
    pub fn reading_json(&self, reading: &Reading, request: &Request) -> Value {
        json!({
            "fact": self.vocabulary.name(reading.fact),
            "value": reading.value.ok().map(|value| self.vocabulary.show(reading.fact, value)),
            "integer": reading.value.ok().map(|value| value.to_string()),
            "missing": reading.value.err().map(|absence| self.absence(absence)),
            "source": self.source(reading.fact, request),
        })
    }

    /// A change of a request.
    #[must_use]
    pub fn change(&self, change: &Change) -> String {
        match *change {
            Change::Action { code } => format!("ask for {}", self.action(code)),
            Change::Time { time: later } => format!("wait until {}", time(later)),
            Change::Statement { slot, statement: None } => {
                format!("give no statement for slot {}", self.slot(slot))
            }
            Change::Statement { slot, statement: Some(statement) } => format!(
                "a statement {} = {}, issued {}, that is still valid",
                self.vocabulary.name(Fact::Evidence(slot)),
                self.vocabulary.show(Fact::Evidence(slot), statement.value),
                time(statement.issued)
            ),
            Change::Feature { index, value } => format!(
                "an observation with {} = {}",
                self.vocabulary.name(Fact::Feature(index)),
                self.vocabulary.show(Fact::Feature(index), value)
            ),
        }
    }

    /// Changes that together permit.
    #[must_use]
    pub fn remedy(&self, remedy: &Remedy) -> String {
        remedy.iter().map(|change| self.change(change)).collect::<Vec<_>>().join(", and ")
    }

    /// The same as JSON: one object a change, with its kind.
    #[must_use]
    pub fn remedy_json(&self, remedy: &Remedy) -> Value {
        let change = |change: &Change| {
            let text = self.change(change);
            match *change {
                Change::Action { code } => {
                    json!({ "kind": "action", "action": self.action(code), "text": text })
                }
                Change::Time { time } => json!({ "kind": "time", "time": time, "text": text }),
                Change::Statement { slot, statement } => json!({
                    "kind": "statement",
                    "slot": self.slot(slot),
                    "value": statement.map(|one| self.vocabulary.show(Fact::Evidence(slot), one.value)),
                    "issued": statement.map(|one| one.issued),
                    "text": text,
                }),
                Change::Feature { index, value } => json!({
                    "kind": "feature",
                    "fact": self.vocabulary.name(Fact::Feature(index)),
                    "value": self.vocabulary.show(Fact::Feature(index), value),
                    "text": text,
                }),
            }
        };
        remedy.iter().map(change).collect()
    }

    /// All that a request is made of and rules can look at, one fact each.
    #[must_use]
    pub fn request(&self, request: &Request) -> Vec<(String, String)> {
        let Ok(judged) = request.assess(self.card) else { return Vec::new() };
        let facts = judged.facts();
        let predicates = self.card.policy.predicates.iter().flat_map(Predicate::facts);
        let mut seen = std::collections::BTreeSet::new();
        predicates
            .filter(|fact| seen.insert(*fact))
            .map(|fact| {
                let value = facts.get(fact);
                let shown = value.map_or("missing".into(), |value| self.vocabulary.show(fact, value));
                (self.vocabulary.name(fact), shown)
            })
            .collect()
    }
}

/// When an action is permitted.
#[must_use]
pub fn when(when: &When) -> String {
    match when {
        When::Now { until: None } => "now, and at all later times if nothing else changes".into(),
        When::Now { until: Some(until) } => format!("now, and until before {}", time(*until)),
        When::At { time: at } => format!("from {} on, if nothing else changes", time(*at)),
        When::Never => "waiting alone does not help".into(),
    }
}

/// `permit` or `forbid`.
#[must_use]
pub fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Permit => "permit",
        Effect::Forbid => "forbid",
    }
}

/// The sign of a comparison.
#[must_use]
pub fn comparison(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_are_dates_of_utc() {
        for (seconds, expected) in [
            (0, "0 (1970-01-01T00:00:00Z)"),
            (951_782_400, "951782400 (2000-02-29T00:00:00Z)"),
            (1_388_783_100, "1388783100 (2014-01-03T21:05:00Z)"),
            (253_402_300_799, "253402300799 (9999-12-31T23:59:59Z)"),
            (253_402_300_800, "253402300800"),
            ((1 << 62) - 1, "4611686018427387903"),
        ] {
            assert_eq!(time(seconds), expected);
        }
    }
}
