//! A table of cases: requests as people write them, and how the policy must judge each.

use super::verdict::bits;
use crate::Vocabulary;
use crate::manifest::Literal;
use candor_program::card::Card;
use candor_program::decimal::DecimalError;
use candor_program::decision::{Assessment, DecisionError};
use candor_program::evidence::{Evidence, Statement};
use candor_program::explain::Request;
use candor_program::limits;
use candor_program::policy::{Fact, Outcome, Predicate};
use candor_program::state::State;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use thiserror::Error;
use toml::Spanned;

/// Cases in one file.
pub const CASES: usize = 10_000;

/// One case, read against a card.
#[derive(Clone, PartialEq, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Line of the file.
    pub line: usize,
    /// What is asked.
    pub request: Request,
    /// How it must end.
    pub expect: Outcome,
    /// Name of the rule that must decide; `None`: any.
    pub rule: Option<String>,
    /// Name of the reason that must be given; `None`: any.
    pub reason: Option<String>,
}

/// What came of one case.
#[derive(Clone, PartialEq, Debug)]
pub struct CaseResult {
    /// The case.
    pub case: Case,
    /// How the policy judged.
    pub assessment: Assessment,
    /// Whether outcome, rule and reason are as expected.
    pub passed: bool,
}

/// What came of all cases.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tested {
    /// One entry a case, in order.
    pub results: Vec<CaseResult>,
    /// Rules that no case lets decide, by index.
    pub uncovered: Vec<u8>,
}

/// Why a file of cases is refused.
#[derive(Clone, PartialEq, Debug, Error)]
#[error("line {line}: {kind}")]
pub struct CaseError {
    /// Line.
    pub line: usize,
    /// What is wrong.
    pub kind: CaseErrorKind,
}

/// What is wrong with a file of cases.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum CaseErrorKind {
    /// Not TOML, or not the tables and keys of cases.
    #[error("{message}")]
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// More cases than [`CASES`].
    #[error("{got} cases, at most {limit}")]
    TooMany {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// The program has no such fact, action, rule or reason.
    #[error("the program has no `{got}`{}; it has {known}", meant(suggestion.as_deref()))]
    Unknown {
        /// Name.
        got: String,
        /// What was probably meant.
        suggestion: Option<String>,
        /// Known names.
        known: String,
    },
    /// A value that is neither one of the names nor a decimal of the fact's scale.
    #[error("`{got}` is no value of {fact}: {source}")]
    Value {
        /// Fact.
        fact: String,
        /// Found.
        got: String,
        /// Why it is no decimal.
        source: DecimalError,
    },
    /// A value that no observation can report.
    #[error("{got} is outside the range of {fact}, {min} to {max}")]
    FeatureRange {
        /// Fact.
        fact: String,
        /// Found.
        got: String,
        /// Lowest.
        min: String,
        /// Highest.
        max: String,
    },
    /// A time, number or output that is not a whole number in range.
    #[error("`{got}` is no whole number from {lowest} to {highest}")]
    Whole {
        /// Found.
        got: String,
        /// Lowest.
        lowest: i64,
        /// Highest.
        highest: i64,
    },
    /// A rule, or a register, looks at a feature or output that the case does not state.
    #[error("rules or registers look at {fact}; state it")]
    Unstated {
        /// Fact.
        fact: String,
    },
    /// The times of a statement are given, but no value.
    #[error("evidence.{slot} has no value; state one, or leave its times out")]
    Valueless {
        /// Slot.
        slot: String,
    },
    /// The case does not fit the program.
    #[error("{source}")]
    Decision {
        /// Why.
        source: DecisionError,
    },
}

fn meant(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cases: Vec<Spanned<Entry>>,
}

type Facts = BTreeMap<String, Spanned<Literal>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    action: Spanned<String>,
    time: Spanned<Literal>,
    /// Time of the last record; without it the decision's own, so that no window begins in between.
    last_record: Option<Spanned<Literal>>,
    sequence: Option<Spanned<Literal>>,
    #[serde(default)]
    feature: Facts,
    #[serde(default)]
    output: Facts,
    #[serde(default)]
    state: Facts,
    #[serde(default)]
    evidence: Facts,
    #[serde(default)]
    issued: Facts,
    #[serde(default)]
    expires: Facts,
    expect: Expected,
    rule: Option<Spanned<String>>,
    reason: Option<Spanned<String>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Permitted,
    Denied,
    Abstained,
}

/// The cases of a file, every name of which the card knows.
///
/// Errors: line, and what is wrong. A case states every feature and output that rules or registers look at; registers that
/// it does not state are at their initial value, and slots that it does not state have no statement.
pub fn read_cases(card: &Card, text: &str) -> Result<Vec<Case>, CaseError> {
    let reader = Reader { card, vocabulary: Vocabulary::of(card), text };
    let file: File = toml::from_str(text).map_err(|error| {
        let message = error.message().to_owned();
        reader.error(error.span().unwrap_or(0..0), CaseErrorKind::Syntax { message })
    })?;
    if file.cases.len() > CASES {
        return Err(CaseError {
            line: 1,
            kind: CaseErrorKind::TooMany { limit: CASES, got: file.cases.len() },
        });
    }
    file.cases.into_iter().map(|entry| reader.case(entry)).collect()
}

/// Judges every case.
///
/// Owes: cases of this card.
#[must_use]
pub fn test(card: &Card, cases: Vec<Case>) -> Tested {
    let mut tested = Tested::default();
    let mut decided = BTreeSet::new();
    for case in cases {
        let Ok(assessment) = case.request.assess(card) else { continue };
        let verdict = assessment.verdict;
        decided.extend(verdict.rule);
        let rule = verdict.rule.and_then(|rule| card.policy.rules.get(usize::from(rule)));
        let passed = verdict.outcome == case.expect
            && case.rule.as_ref().is_none_or(|name| rule.is_some_and(|rule| rule.name == *name))
            && case.reason.as_ref().is_none_or(|name| card.policy.reason_name(verdict.reason) == *name);
        tested.results.push(CaseResult { case, assessment, passed });
    }
    let rules = card.policy.rules.len().min(limits::RULES) as u8;
    tested.uncovered = (0..rules).filter(|rule| !decided.contains(rule)).collect();
    tested
}

struct Reader<'a> {
    card: &'a Card,
    vocabulary: Vocabulary,
    text: &'a str,
}

impl Reader<'_> {
    fn error(&self, span: Range<usize>, kind: CaseErrorKind) -> CaseError {
        let before = self.text.as_bytes().iter().take(span.start);
        CaseError { line: 1 + before.filter(|byte| **byte == b'\n').count(), kind }
    }

    fn unknown<'n>(&self, got: &Spanned<String>, known: impl Iterator<Item = &'n str> + Clone) -> CaseError {
        let suggestion = crate::nearest::nearest(got.get_ref(), known.clone());
        let known = known.collect::<Vec<_>>().join(", ");
        self.error(got.span(), CaseErrorKind::Unknown { got: got.get_ref().clone(), suggestion, known })
    }

    fn case(&self, entry: Spanned<Entry>) -> Result<Case, CaseError> {
        let span = entry.span();
        let line = self.error(span.clone(), CaseErrorKind::Syntax { message: String::new() }).line;
        let entry = entry.into_inner();
        let names = self.card.head.actions().iter().map(|action| action.name.as_str());
        let code = names.clone().position(|name| name == entry.action.get_ref());
        let action = code.and_then(|code| self.card.head.action(code));
        let action = action.ok_or_else(|| self.unknown(&entry.action, names))?;
        let time = self.time(&entry.time)?;
        let whole = |literal: &Option<Spanned<Literal>>, default: u64| {
            literal.as_ref().map_or(Ok(default), |literal| self.time(literal))
        };
        let last_record = whole(&entry.last_record, time)?;
        let sequence = whole(&entry.sequence, 0)?;
        let request = Request {
            action,
            features: self.features(&span, &entry)?,
            outputs: self.outputs(&span, &entry)?,
            state: State { time: last_record, registers: self.registers(&entry)? },
            evidence: self.evidence(&entry, time)?,
            time,
            sequence,
        };
        request
            .assess(self.card)
            .map_err(|source| self.error(span.clone(), CaseErrorKind::Decision { source }))?;
        let rules = self.card.policy.rules.iter().map(|rule| rule.name.as_str());
        if let Some(rule) = &entry.rule
            && !rules.clone().any(|name| name == rule.get_ref())
        {
            return Err(self.unknown(rule, rules));
        }
        let reserved = (0..candor_program::policy::reason::FIRST_FREE)
            .take(3)
            .map(|code| self.card.policy.reason_name(code));
        let reasons = self.card.policy.reasons.iter().map(|reason| reason.name.as_str()).chain(reserved);
        if let Some(reason) = &entry.reason
            && !reasons.clone().any(|name| name == reason.get_ref())
        {
            return Err(self.unknown(reason, reasons));
        }
        Ok(Case {
            name: entry.name,
            line,
            request,
            expect: match entry.expect {
                Expected::Permitted => Outcome::Permitted,
                Expected::Denied => Outcome::Denied,
                Expected::Abstained => Outcome::Abstained,
            },
            rule: entry.rule.map(Spanned::into_inner),
            reason: entry.reason.map(Spanned::into_inner),
        })
    }

    /// A fact of a kind by its name.
    fn fact(&self, kind: &str, name: &str, value: &Spanned<Literal>) -> Result<Fact, CaseError> {
        let got = format!("{kind}.{name}");
        self.vocabulary.fact(&got).ok_or_else(|| {
            let suggestion = self.vocabulary.meant(&got);
            let known = self.vocabulary.known();
            self.error(value.span(), CaseErrorKind::Unknown { got, suggestion, known })
        })
    }

    fn value(&self, fact: Fact, literal: &Spanned<Literal>) -> Result<i64, CaseError> {
        let got = &literal.get_ref().0;
        if let Some(value) = self.vocabulary.value(fact, got) {
            return Ok(value);
        }
        self.vocabulary.constant(fact, got).map_err(|source| {
            let (fact, got) = (self.vocabulary.name(fact), got.clone());
            self.error(literal.span(), CaseErrorKind::Value { fact, got, source })
        })
    }

    fn whole(&self, literal: &Spanned<Literal>, lowest: i64, highest: i64) -> Result<i64, CaseError> {
        let got = literal.get_ref().0.parse().ok().filter(|value| (lowest..=highest).contains(value));
        got.ok_or_else(|| {
            let got = literal.get_ref().0.clone();
            self.error(literal.span(), CaseErrorKind::Whole { got, lowest, highest })
        })
    }

    fn time(&self, literal: &Spanned<Literal>) -> Result<u64, CaseError> {
        // Not negative.
        self.whole(literal, 0, limits::TIME as i64 - 1).map(i64::cast_unsigned)
    }

    /// Values by index, of those facts of a kind that are stated.
    fn stated(&self, kind: &str, facts: &Facts) -> Result<BTreeMap<Fact, i64>, CaseError> {
        facts
            .iter()
            .map(|(name, literal)| {
                let fact = self.fact(kind, name, literal)?;
                Ok((fact, self.value(fact, literal)?))
            })
            .collect()
    }

    fn features(&self, span: &Range<usize>, entry: &Entry) -> Result<Vec<u16>, CaseError> {
        let mut stated = self.stated("feature", &entry.feature)?;
        let used = self.looked_at();
        let features = (0_u16..).zip(&self.card.features).map(|(index, feature)| {
            let fact = Fact::Feature(index);
            let value = match stated.remove(&fact) {
                Some(value) => value,
                None if used.contains(&fact) => {
                    let fact = self.vocabulary.name(fact);
                    return Err(self.error(span.clone(), CaseErrorKind::Unstated { fact }));
                }
                None => feature.min,
            };
            let above = value.checked_sub(feature.min).filter(|_| value <= feature.max);
            above.and_then(|above| u16::try_from(above).ok()).ok_or_else(|| {
                let show = |value| self.vocabulary.show(fact, value);
                let (got, min, max) = (show(value), show(feature.min), show(feature.max));
                let literal = entry.feature.get(&feature.name).map_or(span.clone(), Spanned::span);
                let fact = self.vocabulary.name(fact);
                self.error(literal, CaseErrorKind::FeatureRange { fact, got, min, max })
            })
        });
        features.collect()
    }

    fn outputs(&self, span: &Range<usize>, entry: &Entry) -> Result<Vec<i32>, CaseError> {
        for (name, literal) in &entry.output {
            self.fact("output", name, literal)?;
        }
        let used = self.looked_at();
        let outputs = (0_u16..).zip(self.card.head.actions()).map(|(index, action)| {
            let fact = Fact::Output(index);
            match entry.output.get(&action.name) {
                Some(literal) => {
                    let value = self.whole(literal, i32::MIN.into(), i32::MAX.into())?;
                    Ok(i32::try_from(value).unwrap_or_default())
                }
                None if used.contains(&fact) => {
                    let fact = self.vocabulary.name(fact);
                    Err(self.error(span.clone(), CaseErrorKind::Unstated { fact }))
                }
                None => Ok(0),
            }
        });
        outputs.collect()
    }

    fn registers(&self, entry: &Entry) -> Result<Vec<i64>, CaseError> {
        let stated = self.stated("state", &entry.state)?;
        let registers = (0_u16..).zip(&self.card.registers);
        let value = |(index, initial)| stated.get(&Fact::Register(index)).copied().unwrap_or(initial);
        Ok(registers.map(|(index, register)| value((index, register.initial))).collect())
    }

    fn evidence(&self, entry: &Entry, time: u64) -> Result<Evidence, CaseError> {
        let stated = self.stated("evidence", &entry.evidence)?;
        let mut times = [BTreeMap::new(), BTreeMap::new()];
        for (times, facts) in times.iter_mut().zip([&entry.issued, &entry.expires]) {
            for (name, literal) in facts {
                let fact = self.fact("evidence", name, literal)?;
                if !stated.contains_key(&fact) {
                    let slot = name.clone();
                    return Err(self.error(literal.span(), CaseErrorKind::Valueless { slot }));
                }
                times.insert(fact, self.time(literal)?);
            }
        }
        let [issued, expires] = times;
        let slots = 0..self.card.evidence.len() as u16;
        let statement = |slot| {
            let fact = Fact::Evidence(slot);
            Some(Statement {
                value: *stated.get(&fact)?,
                issued: issued.get(&fact).copied().unwrap_or(time),
                expires: expires.get(&fact).copied().unwrap_or(limits::TIME - 1),
            })
        };
        Ok(Evidence(slots.map(statement).collect()))
    }

    /// Facts that rules, and registers, look at.
    fn looked_at(&self) -> BTreeSet<Fact> {
        let rules = self.card.policy.rules.iter().take(limits::RULES);
        let mut used = rules.fold(0, |used, rule| used | rule.all_of | rule.none_of);
        for when in self.card.registers.iter().filter_map(|register| register.when) {
            used |= 1_u64.checked_shl(when.into()).unwrap_or(0);
        }
        let predicates = bits(used).filter_map(|index| self.card.policy.predicates.get(usize::from(index)));
        let sources = self.card.registers.iter().filter_map(|register| register.source.fact());
        predicates.flat_map(Predicate::facts).chain(sources).collect()
    }
}
