//! State registers carried from record to record.

use crate::limits;
use crate::policy::{Facts, Operand, Predicate};
use borsh::{BorshDeserialize, BorshSerialize};

/// How a register changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Update {
    /// Stays.
    Keep,
    /// Becomes its source.
    Set,
    /// Grows by its source.
    Add,
    /// Becomes its initial value.
    Reset,
}

/// A period of time after which registers begin anew.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Window {
    /// Name, unique in the program.
    pub name: String,
    /// Length in seconds, at least 1. Window number `floor((time + offset) / seconds)`.
    pub seconds: u32,
    /// Seconds by which windows begin earlier, below the length.
    pub offset: u32,
}

/// One register.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Register {
    /// Name, unique in the program.
    pub name: String,
    /// Value before the first record, and at the beginning of every window.
    pub initial: i64,
    /// Window after which it begins anew, by index; `None`: never.
    pub window: Option<u8>,
    /// What `Set` sets and `Add` adds.
    pub source: Operand,
    /// Predicate that must hold for a change, by index; `None`: always.
    pub when: Option<u8>,
    /// Change when the action is executed.
    pub on_execute: Update,
    /// Change when the action is denied.
    pub on_deny: Update,
    /// Change when the agent abstains.
    pub on_abstain: Update,
}

/// Time of the last record, and values of all registers, in order.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct State {
    /// Unix seconds of the last record; 0 before the first.
    pub time: u64,
    /// Registers.
    pub registers: Vec<i64>,
}

impl Window {
    /// Number of the window that a time lies in; length 0 counts as 1.
    #[must_use]
    pub fn number(&self, time: u64) -> u64 {
        (time.saturating_add(self.offset.into())) / u64::from(self.seconds.max(1))
    }

    /// The first time of the window after the one that a time lies in.
    #[must_use]
    pub fn next(&self, time: u64) -> u64 {
        let start = (self.number(time).saturating_add(1)).saturating_mul(self.seconds.max(1).into());
        start.saturating_sub(self.offset.into())
    }
}

impl State {
    /// The state before the first record.
    #[must_use]
    pub fn initial(registers: &[Register]) -> Self {
        Self { time: 0, registers: registers.iter().map(|register| register.initial).collect() }
    }

    /// The registers at the beginning of a decision: those whose window ended are at their initial value.
    ///
    /// Owes: as many registers as the state has, and a time not before the state's.
    #[must_use]
    pub fn begin(&self, registers: &[Register], windows: &[Window], time: u64) -> Vec<i64> {
        let value = |(value, register): (&i64, &Register)| {
            let window = register.window.and_then(|index| windows.get(usize::from(index)));
            let ended = window.is_some_and(|window| window.number(time) != window.number(self.time));
            if ended { register.initial } else { *value }
        };
        self.registers.iter().zip(registers).map(value).collect()
    }
}

/// What changes a register, apart from the outcome.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The registers' rules.
    pub registers: &'a [Register],
    /// The policy's predicates.
    pub predicates: &'a [Predicate],
    /// Facts before the decision.
    pub facts: &'a Facts<'a>,
}

impl Change<'_> {
    /// The registers as an execution leaves them; `None` for one that overflows, whose predicate lacks a fact (even if it
    /// would stay), or whose source does where it is used: then nothing can be executed.
    #[must_use]
    pub fn executed(&self) -> Vec<Option<i64>> {
        self.each(|register| register.on_execute)
    }

    /// The registers as a denial leaves them. One that overflows, or whose predicate or source is missing, stays.
    #[must_use]
    pub fn denied(&self) -> Vec<i64> {
        self.or_stay(|register| register.on_deny)
    }

    /// The registers as an abstention leaves them. One that overflows, or whose predicate or source is missing, stays.
    #[must_use]
    pub fn abstained(&self) -> Vec<i64> {
        self.or_stay(|register| register.on_abstain)
    }

    fn or_stay(&self, update: impl Fn(&Register) -> Update) -> Vec<i64> {
        self.each(update)
            .into_iter()
            .zip(self.facts.registers)
            .map(|(new, old)| new.unwrap_or(*old))
            .collect()
    }

    fn each(&self, update: impl Fn(&Register) -> Update) -> Vec<Option<i64>> {
        let pairs = self.facts.registers.iter().zip(self.registers);
        pairs.map(|(value, register)| self.one(*value, register, update(register))).collect()
    }

    fn one(&self, value: i64, register: &Register, update: Update) -> Option<i64> {
        let applies = match register.when {
            None => true,
            Some(index) => {
                let predicate =
                    self.predicates.get(usize::from(index)).filter(|_| usize::from(index) < limits::RULES);
                predicate?.holds(self.facts)?
            }
        };
        match (applies, update) {
            (false, _) | (_, Update::Keep) => Some(value),
            (_, Update::Reset) => Some(register.initial),
            (_, Update::Set) => i64::try_from(register.source.value(self.facts)?).ok(),
            (_, Update::Add) => i64::try_from(i128::from(value) + register.source.value(self.facts)?).ok(),
        }
    }
}
