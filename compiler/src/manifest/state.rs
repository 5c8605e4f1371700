//! `[[windows]]` and `[[state]]`, and what limits add to them.

use super::source::{File, Literal, Update as Written, Window as SourceWindow};
use super::{ManifestCause, ManifestError, Place, Text, duration, expression};
use crate::nearest::nearest;
use crate::vocabulary::{Parts, Vocabulary};
use candor_program::limits;
use candor_program::policy::{Fact, Operand, Predicate};
use candor_program::state::{Register, Update, Window};
use std::collections::BTreeSet;
use toml::Spanned;

/// A condition of a register that becomes one of the table's predicates.
#[derive(Clone, Debug)]
pub(super) enum When {
    /// As written, and its place.
    Text(String, Place),
    /// Made by a limit.
    Is(Predicate),
}

/// What an agent remembers.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) windows: Vec<Window>,
    /// Their `when` is not set yet.
    pub(super) registers: Vec<Register>,
    pub(super) when: Vec<Option<When>>,
}

impl Memory {
    /// The declared windows and registers. The registers of `parts` are not looked at.
    pub(super) fn declared(text: Text<'_>, file: &File, parts: Parts<'_>) -> Result<Self, ManifestError> {
        let windows = windows(text, &file.windows)?;
        text.count(&file.state, "state", limits::REGISTERS)?;
        let mut names = BTreeSet::new();
        let mut registers = Vec::with_capacity(file.state.len());
        let mut when = Vec::with_capacity(file.state.len());
        for (index, entry) in file.state.iter().enumerate() {
            let field = |key: &str| format!("state[{index}].{key}");
            let register = entry.get_ref();
            let window = match &register.window {
                None => None,
                Some(name) => Some(window_index(text, &windows, name, field("window"))?),
            };
            registers.push(Register {
                name: text.unique(&mut names, &register.name, field("name"))?,
                initial: 0,
                window,
                source: Operand::Constant(0),
                when: None,
                on_execute: update(register.on_execute),
                on_deny: update(register.on_deny),
                on_abstain: update(register.on_abstain),
            });
            when.push(register.when.as_ref().map(|condition| {
                When::Text(condition.get_ref().clone(), Place::new(condition.span(), field("when")))
            }));
        }
        let mut memory = Self { windows, registers, when };
        memory.sources(text, file, parts)?;
        Ok(memory)
    }

    /// What the registers take, then, in the scale that follows, their constants.
    fn sources(&mut self, text: Text<'_>, file: &File, parts: Parts<'_>) -> Result<(), ManifestError> {
        let named = Vocabulary::new(Parts { registers: &self.registers, ..parts });
        for (index, entry) in file.state.iter().enumerate() {
            let field = |key: &str| format!("state[{index}].{key}");
            let register = entry.get_ref();
            let mut implied = [register.on_execute, register.on_deny, register.on_abstain]
                .into_iter()
                .filter_map(implied_source);
            let first = implied.next();
            if first.is_some_and(|first| implied.any(|other| other != first))
                || (first.is_some() && register.source.is_some())
            {
                return Err(text.error(entry.span(), field("source"), ManifestCause::SourceTwice));
            }
            let source = match (&register.source, first) {
                (None, Some(implied)) => implied,
                (None, None) => Operand::Constant(0),
                (Some(written), _) => {
                    let error = |cause| text.error(written.span(), field("source"), cause);
                    let fact = expression::source_fact(&written.get_ref().0, &named).map_err(error)?;
                    if let Some(fact) = fact.filter(|fact| fact.follows_update()) {
                        let cause = ManifestCause::FollowsUpdate { fact: named.name(fact) };
                        return Err(text.error(written.span(), field("source"), cause));
                    }
                    fact.map_or(Operand::Constant(0), Operand::from)
                }
            };
            if first.is_none() && register.source.is_none() && changes(register) {
                return Err(text.error(entry.span(), field("source"), ManifestCause::SourceMissing));
            }
            self.registers[index].source = source;
        }
        let scaled = Vocabulary::new(Parts { registers: &self.registers, ..parts });
        for (index, entry) in file.state.iter().enumerate() {
            let field = |key: &str| format!("state[{index}].{key}");
            let register = entry.get_ref();
            if let Some(written) = &register.source {
                let error = |cause| text.error(written.span(), field("source"), cause);
                self.registers[index].source =
                    expression::source(&written.get_ref().0, &scaled).map_err(error)?;
            }
            // At most 16 registers.
            let fact = Fact::Register(index as u16);
            self.registers[index].initial =
                text.constant(&register.initial, field("initial"), fact, &scaled)?;
        }
        Ok(())
    }

    /// The window of this length and offset: one that is there, or a new one.
    pub(super) fn window(
        &mut self,
        text: Text<'_>,
        wanted: &Window,
        place: &Place,
    ) -> Result<u8, ManifestError> {
        let same = |window: &Window| (window.seconds, window.offset) == (wanted.seconds, wanted.offset);
        let index = match self.windows.iter().position(same) {
            Some(index) => index,
            None => {
                if self.windows.iter().any(|window| window.name == wanted.name) {
                    let cause = ManifestCause::DuplicateName { name: wanted.name.clone() };
                    return Err(text.at(place, cause));
                }
                let (got, limit) = (self.windows.len() + 1, limits::WINDOWS);
                if got > limit {
                    return Err(text.at(place, ManifestCause::TooManyWindows { got, limit }));
                }
                self.windows.push(wanted.clone());
                self.windows.len() - 1
            }
        };
        // At most four windows.
        Ok(index as u8)
    }

    /// The register: one that is there with the same rules, or a new one.
    pub(super) fn register(
        &mut self,
        text: Text<'_>,
        wanted: Register,
        when: Option<When>,
        place: &Place,
    ) -> Result<u16, ManifestError> {
        if let Some(index) = self.registers.iter().position(|register| register.name == wanted.name) {
            if self.registers[index] == wanted && self.when[index].is_none() && when.is_none() {
                // At most 16 registers.
                return Ok(index as u16);
            }
            return Err(text.at(place, ManifestCause::DuplicateName { name: wanted.name }));
        }
        if wanted.name.len() > limits::NAME_BYTES {
            let cause = ManifestCause::BadName { got: wanted.name, limit: limits::NAME_BYTES };
            return Err(text.at(place, cause));
        }
        let (got, limit) = (self.registers.len() + 1, limits::REGISTERS);
        if got > limit {
            return Err(text.at(place, ManifestCause::TooManyRegisters { got, limit }));
        }
        self.registers.push(wanted);
        self.when.push(when);
        Ok(got as u16 - 1)
    }
}

fn windows(text: Text<'_>, declared: &[Spanned<SourceWindow>]) -> Result<Vec<Window>, ManifestError> {
    text.count(declared, "windows", limits::WINDOWS)?;
    let mut names = BTreeSet::new();
    let mut windows = Vec::with_capacity(declared.len());
    for (index, entry) in declared.iter().enumerate() {
        let field = |key: &str| format!("windows[{index}].{key}");
        let window = entry.get_ref();
        let name = text.unique(&mut names, &window.name, field("name"))?;
        let seconds = length(text, &window.length, field("length"), 1, u32::MAX)?;
        let offset = match &window.offset {
            None => 0,
            Some(offset) => length(text, offset, field("offset"), 0, seconds - 1)?,
        };
        windows.push(Window { name, seconds, offset });
    }
    Ok(windows)
}

fn length(
    text: Text<'_>,
    literal: &Spanned<Literal>,
    field: String,
    lowest: u32,
    highest: u32,
) -> Result<u32, ManifestError> {
    let seconds = text.duration(literal, field.clone())?;
    let fitting = u32::try_from(seconds).ok().filter(|seconds| (lowest..=highest).contains(seconds));
    fitting.ok_or_else(|| {
        let (lowest, highest) = (lowest.to_string(), highest.to_string());
        let cause = ManifestCause::WholeNumber { got: seconds.to_string(), lowest, highest };
        text.error(literal.span(), field, cause)
    })
}

impl Text<'_> {
    /// Seconds of a length of time.
    pub(super) fn duration(self, literal: &Spanned<Literal>, field: String) -> Result<i64, ManifestError> {
        duration::seconds(&literal.get_ref().0).ok_or_else(|| {
            let cause = ManifestCause::Duration { got: literal.get_ref().0.clone() };
            self.error(literal.span(), field, cause)
        })
    }

    /// A constant in the scale of a fact.
    pub(super) fn constant(
        self,
        literal: &Spanned<Literal>,
        field: String,
        fact: Fact,
        vocabulary: &Vocabulary,
    ) -> Result<i64, ManifestError> {
        expression::constant(fact, &literal.get_ref().0, vocabulary)
            .map_err(|cause| self.error(literal.span(), field, cause))
    }
}

fn window_index(
    text: Text<'_>,
    windows: &[Window],
    name: &Spanned<String>,
    field: String,
) -> Result<u8, ManifestError> {
    let names = || windows.iter().map(|window| window.name.as_str());
    match names().position(|known| known == name.get_ref()) {
        // At most four windows.
        Some(index) => Ok(index as u8),
        None => {
            let got = name.get_ref().clone();
            let known = names().collect::<Vec<_>>().join(", ");
            let cause = ManifestCause::UnknownWindow { meant: nearest(&got, names()), got, known };
            Err(text.error(name.span(), field, cause))
        }
    }
}

fn update(written: Written) -> Update {
    match written {
        Written::Keep => Update::Keep,
        Written::Set | Written::Time => Update::Set,
        Written::Add | Written::AddAmount | Written::Increment => Update::Add,
        Written::Reset => Update::Reset,
    }
}

fn implied_source(written: Written) -> Option<Operand> {
    match written {
        Written::Time => Some(Fact::Time.into()),
        Written::AddAmount => Some(Fact::ActionAmount.into()),
        Written::Increment => Some(Operand::Constant(1)),
        Written::Keep | Written::Set | Written::Add | Written::Reset => None,
    }
}

/// Whether some update takes the source.
fn changes(register: &super::source::Register) -> bool {
    [register.on_execute, register.on_deny, register.on_abstain]
        .into_iter()
        .any(|written| matches!(update(written), Update::Set | Update::Add))
}
