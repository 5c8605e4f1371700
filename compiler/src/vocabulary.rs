//! Names of facts for people: agent.toml, Cedar policies, cases and explanations all say the same words.
//!
//! Source: docs/policy.md, "Facts".

use crate::nearest::nearest;
use candor_program::card::Card;
use candor_program::decimal::{DecimalError, format_decimal, parse_decimal};
use candor_program::evidence::Slot;
use candor_program::feature::Feature;
use candor_program::head::Head;
use candor_program::limits;
use candor_program::operator::Operator;
use candor_program::operator::rescale::SPAN;
use candor_program::policy::{Comparison, Fact, Operand, Predicate};
use candor_program::scale::Scales;
use candor_program::state::Register;

/// The facts of one program: what each is called, its scale, its range, and what its values are called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vocabulary {
    features: Vec<Feature>,
    /// Name of an action, and its amount where it acts.
    actions: Vec<(String, Option<i64>)>,
    assets: Vec<String>,
    venues: Vec<String>,
    amount_decimals: u8,
    outputs: (i64, i64),
    /// Name and digits after the point.
    registers: Vec<(String, u8)>,
    evidence: Vec<Slot>,
}

/// What values a fact can have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    /// No value is lower.
    pub lowest: i64,
    /// No value is higher.
    pub highest: i64,
    /// Whether there can be no value at all.
    pub may_be_missing: bool,
}

/// A part of the program's face that a vocabulary is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) features: &'a [Feature],
    pub(crate) head: &'a Head,
    pub(crate) amount_decimals: u8,
    pub(crate) registers: &'a [Register],
    pub(crate) evidence: &'a [Slot],
}

impl Vocabulary {
    /// The words of a program.
    #[must_use]
    pub fn of(card: &Card) -> Self {
        let parts = Parts {
            features: &card.features,
            head: &card.head,
            amount_decimals: card.amount_decimals,
            registers: &card.registers,
            evidence: &card.evidence,
        };
        let mut vocabulary = Self::new(parts);
        if let Some(Operator::Affine(last)) = card.operators.last() {
            let low = i64::from(last.rescale.low);
            vocabulary.outputs = (low, low.saturating_add(SPAN));
        }
        vocabulary
    }

    /// The words of a program whose model is not known.
    pub(crate) fn new(parts: Parts<'_>) -> Self {
        let actions = parts.head.actions().iter();
        let scales = Scales {
            features: parts.features,
            amount_decimals: parts.amount_decimals,
            registers: parts.registers,
            evidence: parts.evidence,
        };
        let registers = parts.registers.iter().enumerate();
        let registers = registers.map(|(index, register)| (register.name.clone(), scales.register(index)));
        Self {
            features: parts.features.to_vec(),
            actions: actions
                .map(|action| (action.name.clone(), (!action.abstain).then_some(action.amount)))
                .collect(),
            assets: parts.head.assets().to_vec(),
            venues: parts.head.venues().to_vec(),
            amount_decimals: parts.amount_decimals,
            // What `Card::validate` allows any output.
            outputs: (-SPAN, SPAN),
            registers: registers.collect(),
            evidence: parts.evidence.to_vec(),
        }
    }

    /// Every fact, in a fixed order.
    pub fn facts(&self) -> impl Iterator<Item = Fact> + '_ {
        // Lists of a program are shorter than 2^16.
        let indices = |length: usize| 0..length.min(usize::from(u16::MAX)) as u16;
        let single = [
            Fact::ActionCode,
            Fact::ActionAmount,
            Fact::ActionMagnitude,
            Fact::ActionAsset,
            Fact::ActionVenue,
            Fact::Time,
            Fact::Sequence,
        ];
        let registers = indices(self.registers.len());
        let evidence = indices(self.evidence.len());
        let register =
            |index| [Fact::Register(index), Fact::After(index), Fact::Change(index), Fact::Elapsed(index)];
        let slot = |index| [Fact::Evidence(index), Fact::Present(index), Fact::Issued(index)];
        single
            .into_iter()
            .chain(indices(self.features.len()).map(Fact::Feature))
            .chain(indices(self.actions.len()).map(Fact::Output))
            .chain(registers.flat_map(register))
            .chain(evidence.flat_map(slot))
    }

    /// Name, code and amount of every action that acts.
    pub fn acting(&self) -> impl Iterator<Item = (&str, u16, i64)> {
        let actions = (0_u16..).zip(&self.actions);
        actions.filter_map(|(code, (name, amount))| Some((name.as_str(), code, (*amount)?)))
    }

    /// A fact by its name, such as `action.amount` or `elapsed.last_trade`.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<Fact> {
        let single = match name {
            "action.code" => Some(Fact::ActionCode),
            "action.amount" => Some(Fact::ActionAmount),
            "action.magnitude" => Some(Fact::ActionMagnitude),
            "action.asset" => Some(Fact::ActionAsset),
            "action.venue" => Some(Fact::ActionVenue),
            "time" => Some(Fact::Time),
            "sequence" => Some(Fact::Sequence),
            _ => None,
        };
        if single.is_some() {
            return single;
        }
        let (kind, name) = name.split_once('.')?;
        let index = match kind {
            "feature" => self.features.iter().position(|feature| feature.name == name),
            "output" => self.actions.iter().position(|(action, _)| action == name),
            "state" | "register" | "after" | "change" | "elapsed" => {
                self.registers.iter().position(|(register, _)| register == name)
            }
            "evidence" | "present" | "issued" => self.evidence.iter().position(|slot| slot.name == name),
            _ => None,
        };
        let index = u16::try_from(index?).ok()?;
        Some(match kind {
            "feature" => Fact::Feature(index),
            "output" => Fact::Output(index),
            "after" => Fact::After(index),
            "change" => Fact::Change(index),
            "elapsed" => Fact::Elapsed(index),
            "evidence" => Fact::Evidence(index),
            "present" => Fact::Present(index),
            "issued" => Fact::Issued(index),
            _ => Fact::Register(index),
        })
    }

    /// What a fact is called; a fact that the program does not have is called by its number.
    #[must_use]
    pub fn name(&self, fact: Fact) -> String {
        let named = |kind: &str, index: u16, name: Option<&str>| match name {
            Some(name) => format!("{kind}.{name}"),
            None => format!("{kind}.#{index}"),
        };
        let register = |kind: &str, index: u16| {
            named(kind, index, self.registers.get(usize::from(index)).map(|(name, _)| name.as_str()))
        };
        let slot = |kind: &str, index: u16| {
            named(kind, index, self.evidence.get(usize::from(index)).map(|slot| slot.name.as_str()))
        };
        match fact {
            Fact::ActionCode => "action.code".into(),
            Fact::ActionAmount => "action.amount".into(),
            Fact::ActionMagnitude => "action.magnitude".into(),
            Fact::ActionAsset => "action.asset".into(),
            Fact::ActionVenue => "action.venue".into(),
            Fact::Time => "time".into(),
            Fact::Sequence => "sequence".into(),
            Fact::Feature(index) => {
                let feature = self.features.get(usize::from(index));
                named("feature", index, feature.map(|feature| feature.name.as_str()))
            }
            Fact::Output(index) => {
                let action = self.actions.get(usize::from(index));
                named("output", index, action.map(|(name, _)| name.as_str()))
            }
            Fact::Register(index) => register("state", index),
            Fact::After(index) => register("after", index),
            Fact::Change(index) => register("change", index),
            Fact::Elapsed(index) => register("elapsed", index),
            Fact::Evidence(index) => slot("evidence", index),
            Fact::Present(index) => slot("present", index),
            Fact::Issued(index) => slot("issued", index),
        }
    }

    /// Digits after the decimal point of a fact's integer.
    #[must_use]
    pub fn decimals(&self, fact: Fact) -> u8 {
        match fact {
            Fact::ActionAmount | Fact::ActionMagnitude => self.amount_decimals,
            Fact::Feature(index) => {
                self.features.get(usize::from(index)).map_or(0, |feature| feature.decimals)
            }
            Fact::Register(index) | Fact::After(index) | Fact::Change(index) => {
                self.registers.get(usize::from(index)).map_or(0, |(_, decimals)| *decimals)
            }
            Fact::Evidence(index) => self.evidence.get(usize::from(index)).map_or(0, |slot| slot.decimals),
            _ => 0,
        }
    }

    /// What values of a fact are called, each with its integer.
    #[must_use]
    pub fn values(&self, fact: Fact) -> Vec<(&str, i64)> {
        match fact {
            Fact::ActionCode => self.actions.iter().map(|(name, _)| name.as_str()).zip(0..).collect(),
            Fact::ActionAsset => self.assets.iter().map(String::as_str).zip(0..).collect(),
            Fact::ActionVenue => self.venues.iter().map(String::as_str).zip(0..).collect(),
            Fact::Evidence(index) => match self.evidence.get(usize::from(index)) {
                Some(slot) => slot.values.iter().map(|value| (value.name.as_str(), value.value)).collect(),
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The integer that a value's name stands for.
    #[must_use]
    pub fn value(&self, fact: Fact, name: &str) -> Option<i64> {
        self.values(fact).into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// A decimal in a fact's scale as the fact's integer, exactly.
    pub fn constant(&self, fact: Fact, decimal: &str) -> Result<i64, DecimalError> {
        parse_decimal(decimal, self.decimals(fact))
    }

    /// A value as people write it: by its name where it has one, else as a decimal in the fact's scale.
    #[must_use]
    pub fn show(&self, fact: Fact, value: i64) -> String {
        match self.values(fact).into_iter().find(|(_, known)| *known == value) {
            Some((name, _)) => name.to_owned(),
            None => format_decimal(value, self.decimals(fact)),
        }
    }

    /// A predicate as agent.toml writes it.
    #[must_use]
    pub fn condition(&self, predicate: &Predicate) -> String {
        let Predicate { fact, comparison, operand } = *predicate;
        let by_size = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let right = match operand {
            Operand::Constant(value) if by_size => format_decimal(value, self.decimals(fact)),
            Operand::Constant(value) => self.show(fact, value),
            Operand::Fact { .. } => self.operand(operand),
        };
        let spelling = match comparison {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        };
        format!("{} {spelling} {right}", self.name(fact))
    }

    /// A register's source as agent.toml writes it.
    #[must_use]
    pub fn operand(&self, operand: Operand) -> String {
        match operand {
            Operand::Constant(value) => value.to_string(),
            Operand::Fact { fact, offset: 0 } => self.name(fact),
            Operand::Fact { fact, offset } => {
                let sign = if offset < 0 { '-' } else { '+' };
                let shown = format_decimal(offset, self.decimals(fact));
                format!("{} {sign} {}", self.name(fact), shown.trim_start_matches('-'))
            }
        }
    }

    /// What values a fact can have; of a register any integer.
    #[must_use]
    pub fn range(&self, fact: Fact) -> Range {
        let between = |lowest, highest| Range { lowest, highest, may_be_missing: false };
        let or_missing = |lowest| Range { lowest, highest: i64::MAX, may_be_missing: true };
        let last = |length: usize| between(0, length.saturating_sub(1) as i64);
        let amounts = || self.actions.iter().filter_map(|(_, amount)| *amount);
        let span = |of: fn(i64) -> i64| {
            let values = || amounts().map(of);
            between(values().min().unwrap_or(0), values().max().unwrap_or(0))
        };
        let latest = limits::TIME as i64 - 1;
        match fact {
            Fact::ActionCode => last(self.actions.len()),
            Fact::ActionAmount => span(|amount| amount),
            // No amount is the lowest integer (`ProgramError::ActionMagnitude`).
            Fact::ActionMagnitude => span(i64::saturating_abs),
            Fact::ActionAsset => last(self.assets.len()),
            Fact::ActionVenue => last(self.venues.len()),
            Fact::Time | Fact::Sequence => between(0, latest),
            Fact::Feature(index) => match self.features.get(usize::from(index)) {
                Some(feature) => between(feature.min, feature.max),
                None => or_missing(i64::MIN),
            },
            Fact::Output(_) => between(self.outputs.0, self.outputs.1),
            Fact::Register(_) => between(i64::MIN, i64::MAX),
            Fact::After(_) => or_missing(i64::MIN),
            Fact::Change(_) | Fact::Elapsed(_) => or_missing(0),
            Fact::Evidence(index) => {
                let slot = self.evidence.get(usize::from(index));
                let may_be_missing = slot.is_none_or(|slot| slot.default.is_none());
                Range { lowest: i64::MIN, highest: i64::MAX, may_be_missing }
            }
            Fact::Present(_) => between(0, 1),
            Fact::Issued(_) => Range { lowest: 0, highest: latest, may_be_missing: true },
        }
    }

    /// The name of a fact that somebody probably meant.
    #[must_use]
    pub fn meant(&self, got: &str) -> Option<String> {
        let known: Vec<String> = self.facts().map(|fact| self.name(fact)).collect();
        nearest(got, known.iter().map(String::as_str))
    }

    /// Names of facts, those of features left out: what an error lists.
    #[must_use]
    pub fn known(&self) -> String {
        let feature = |fact: &Fact| matches!(fact, Fact::Feature(_));
        let named = self.facts().filter(|fact| !feature(fact)).map(|fact| self.name(fact));
        named.chain(["feature.<name>".to_owned()]).collect::<Vec<_>>().join(", ")
    }
}
