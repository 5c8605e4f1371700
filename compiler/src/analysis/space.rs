//! All requests of a program, as integers with bounds: what facts are made of, and when a predicate holds.
//!
//! Every way in which a fact can come about is a case: conditions, and a value. Conditions that differences of two
//! integers cannot express are left out, so that there are more cases than there really are and never fewer: what is shown
//! to have no case has none, and a case that is found is judged by the evaluator before anybody is told.

use super::difference::{Alternative, Atom, Clause, Variable};
use crate::Vocabulary;
use candor_program::card::Card;
use candor_program::evidence::{Evidence, Statement};
use candor_program::explain::Request;
use candor_program::limits;
use candor_program::policy::{Comparison, Fact, Operand, Predicate};
use candor_program::state::{State, Update};
use std::collections::BTreeMap;

/// Time of examples where any will do: 2026-01-01.
const TIME: i128 = 1_767_225_600;
/// Outputs are told apart up to this number of actions.
const OUTPUTS: usize = 64;
const I64: (i128, i128) = (i64::MIN as i128, i64::MAX as i128);

/// The integers that requests are made of, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Space {
    names: BTreeMap<String, usize>,
    pub(super) variables: Vec<Variable>,
}

impl Space {
    /// A variable, new or known; a known one keeps the values that both ranges have.
    fn variable(&mut self, name: String, range: (i128, i128), preferred: Vec<i128>) -> usize {
        let next = self.variables.len();
        let index = *self.names.entry(name).or_insert(next);
        match self.variables.get_mut(index) {
            Some(known) => known.range = (known.range.0.max(range.0), known.range.1.min(range.1)),
            None => self.variables.push(Variable { range, preferred }),
        }
        index
    }
}

/// A fact's value in a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Value {
    Known(Term),
    /// There is one, but it is not a difference of two variables.
    Some,
    Missing,
}

/// `plus - minus + constant`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Term {
    plus: Option<usize>,
    minus: Option<usize>,
    constant: i128,
}

#[derive(Clone, Debug)]
struct Case {
    atoms: Alternative,
    value: Value,
}

/// What a predicate is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Wanted {
    Holds,
    Fails,
    Missing,
    Present,
}

/// One program, one action, and the facts that are fixed for it.
pub(super) struct Side<'a> {
    pub(super) card: &'a Card,
    vocabulary: Vocabulary,
    /// Code of the action.
    pub(super) action: u16,
    /// Facts that are fixed, with their value; `None`: missing.
    fixed: &'a BTreeMap<Fact, Option<i64>>,
    /// Sets fixed facts apart from those of another side.
    label: &'static str,
    literals: BTreeMap<(u8, Wanted), Clause>,
}

impl Term {
    fn constant(constant: i128) -> Self {
        Self { plus: None, minus: None, constant }
    }

    fn of(variable: usize) -> Self {
        Self { plus: Some(variable), ..Self::default() }
    }

    fn negative(self) -> Self {
        Self { plus: self.minus, minus: self.plus, constant: -self.constant }
    }

    /// The sum; `None` where it is of more than one variable on a side.
    fn sum(self, other: Self) -> Option<Self> {
        let mut plus = vec![self.plus, other.plus];
        let mut minus = vec![self.minus, other.minus];
        plus.retain(Option::is_some);
        minus.retain(Option::is_some);
        for side in plus.clone() {
            let at = |sides: &[Option<usize>]| sides.iter().position(|other| *other == side);
            if let (Some(plus_at), Some(minus_at)) = (at(&plus), at(&minus)) {
                plus.remove(plus_at);
                minus.remove(minus_at);
            }
        }
        let one = |sides: &[Option<usize>]| match sides {
            [] => Some(None),
            [side] => Some(*side),
            _ => None,
        };
        Some(Self { plus: one(&plus)?, minus: one(&minus)?, constant: self.constant + other.constant })
    }

    /// `self <= bound`
    fn at_most(self, bound: i128) -> Atom {
        Atom { plus: self.plus, minus: self.minus, bound: bound - self.constant }
    }

    fn at_least(self, bound: i128) -> Atom {
        self.negative().at_most(-bound)
    }
}

impl Case {
    fn always(term: Term) -> Vec<Self> {
        vec![Self { atoms: Vec::new(), value: Value::Known(term) }]
    }

    fn and(&self, atoms: impl IntoIterator<Item = Atom>, value: Value) -> Self {
        Self { atoms: self.atoms.iter().copied().chain(atoms).collect(), value }
    }

    /// The term between two values, and missing outside.
    fn within(&self, term: Term, (low, high): (i128, i128)) -> Vec<Self> {
        vec![
            self.and([term.at_least(low), term.at_most(high)], Value::Known(term)),
            self.and([term.at_most(low - 1)], Value::Missing),
            self.and([term.at_least(high + 1)], Value::Missing),
        ]
    }

    /// A value that cannot be told, or none.
    fn untold(&self) -> Vec<Self> {
        vec![self.and([], Value::Some), self.and([], Value::Missing)]
    }
}

impl<'a> Side<'a> {
    pub(super) fn new(
        card: &'a Card,
        action: u16,
        fixed: &'a BTreeMap<Fact, Option<i64>>,
        label: &'static str,
    ) -> Self {
        let (vocabulary, literals) = (Vocabulary::of(card), BTreeMap::new());
        Self { card, vocabulary, action, fixed, label, literals }
    }

    pub(super) fn predicates(&self) -> &'a [Predicate] {
        let all = &self.card.policy.predicates;
        all.get(..limits::RULES).unwrap_or(all)
    }

    /// What every request satisfies: the model asks for the action.
    pub(super) fn given(&self, space: &mut Space) -> Vec<Clause> {
        let actions = self.card.head.actions().len();
        let sources = self.card.registers.iter().filter_map(|register| register.source.fact());
        let used = self.predicates().iter().flat_map(Predicate::facts).chain(sources);
        let outputs = used.into_iter().any(|fact| matches!(fact, Fact::Output(_)));
        if !outputs || actions > OUTPUTS {
            return Vec::new();
        }
        let chosen = Term::of(self.variable(space, Fact::Output(self.action)));
        let others = (0..actions as u16).filter(|code| *code != self.action).collect::<Vec<_>>();
        let others = others.into_iter().filter_map(|code| {
            let other = Term::of(self.variable(space, Fact::Output(code)));
            // The lowest index wins a tie.
            let bound = if code < self.action { -1 } else { 0 };
            Some(vec![vec![other.sum(chosen.negative())?.at_most(bound)]])
        });
        others.collect()
    }

    /// The ways in which a predicate is as wanted.
    pub(super) fn literal(&mut self, space: &mut Space, index: u8, wanted: Wanted) -> Clause {
        if let Some(known) = self.literals.get(&(index, wanted)) {
            return known.clone();
        }
        let predicate = self.predicates().get(usize::from(index)).copied();
        let clause = predicate.map_or_else(Vec::new, |predicate| self.ways(space, &predicate, wanted));
        self.literals.insert((index, wanted), clause.clone());
        clause
    }

    /// The ways in which a register is left with a value by an execution, or without one.
    pub(super) fn after_is(&mut self, space: &mut Space, register: u16, wanted: Wanted) -> Clause {
        let cases = self.cases(space, Fact::After(register));
        let missing = wanted == Wanted::Missing;
        let cases = cases.into_iter().filter(|case| (case.value == Value::Missing) == missing);
        cases.map(|case| case.atoms).collect()
    }

    /// The ways in which a fact is missing.
    pub(super) fn missing(&self, space: &mut Space, fact: Fact) -> Clause {
        let cases = self.cases(space, fact).into_iter();
        cases.filter(|case| case.value == Value::Missing).map(|case| case.atoms).collect()
    }

    fn ways(&self, space: &mut Space, predicate: &Predicate, wanted: Wanted) -> Clause {
        let mut ways = Vec::new();
        let right = self.operand(space, predicate.operand);
        for left in self.cases(space, predicate.fact) {
            for right in &right {
                let both = left.and(right.atoms.iter().copied(), Value::Some).atoms;
                let missing = left.value == Value::Missing || right.value == Value::Missing;
                match (wanted, missing) {
                    (Wanted::Missing, true) | (Wanted::Present, false) => ways.push(both),
                    (Wanted::Holds | Wanted::Fails, false) => {
                        let holds = wanted == Wanted::Holds;
                        for way in compared(left.value, predicate.comparison, right.value, holds) {
                            ways.push(both.iter().copied().chain(way).collect());
                        }
                    }
                    _ => {}
                }
            }
        }
        // A case without a condition that varies holds always or never.
        let constant = |atom: &Atom| atom.plus.is_none() && atom.minus.is_none();
        ways.retain(|way: &Alternative| way.iter().all(|atom| !constant(atom) || atom.bound >= 0));
        ways
    }

    fn operand(&self, space: &mut Space, operand: Operand) -> Vec<Case> {
        match operand {
            Operand::Constant(value) => Case::always(Term::constant(value.into())),
            Operand::Fact { fact, offset } => {
                let mut cases = self.cases(space, fact);
                for case in &mut cases {
                    if let Value::Known(term) = &mut case.value {
                        term.constant += i128::from(offset);
                    }
                }
                cases
            }
        }
    }

    fn variable(&self, space: &mut Space, fact: Fact) -> usize {
        let range = self.vocabulary.range(fact);
        let mut range = (i128::from(range.lowest), i128::from(range.highest));
        // A statement of an example counts for one second more.
        if fact == Fact::Time {
            range.1 -= 1;
        }
        let mut preferred: Vec<i128> = match fact {
            Fact::Time => vec![TIME],
            Fact::Register(index) => {
                let register = self.card.registers.get(usize::from(index));
                vec![register.map_or(0, |register| register.initial.into())]
            }
            _ => self.vocabulary.values(fact).into_iter().map(|(_, value)| value.into()).collect(),
        };
        preferred.push(0);
        let mut name = self.vocabulary.name(fact);
        if let Some(value) = self.fixed.get(&fact) {
            name = format!("{} {name}", self.label);
            if let Some(value) = value {
                range = ((*value).into(), (*value).into());
            }
        }
        // What was stated, and since when, belongs together.
        if let Fact::Evidence(slot) | Fact::Present(slot) | Fact::Issued(slot) = fact
            && let Some(value) = self.fixed.get(&Fact::Evidence(slot))
        {
            name = format!("{} {}", self.label, self.vocabulary.name(fact));
            if matches!(fact, Fact::Present(_)) {
                let present = i128::from(value.is_some());
                range = (present, present);
            }
        }
        space.variable(name, range, preferred)
    }

    fn term(&self, space: &mut Space, fact: Fact) -> Term {
        Term::of(self.variable(space, fact))
    }

    /// The ways in which a slot has a valid statement.
    fn valid(&self, space: &mut Space, slot: u16) -> Clause {
        let (issued, time) = (self.term(space, Fact::Issued(slot)), self.term(space, Fact::Time));
        let mut atoms = vec![self.term(space, Fact::Present(slot)).at_least(1)];
        atoms.extend(issued.sum(time.negative()).map(|age| age.at_most(0)));
        let by = self.card.evidence.get(usize::from(slot)).and_then(|slot| slot.revoked_by);
        let Some(by) = by.map(u16::from) else { return vec![atoms] };
        let bounds = self.cases(space, Fact::Evidence(by)).into_iter();
        let ways = bounds.filter_map(|bound| {
            let Value::Known(term) = bound.value else { return None };
            let since = term.sum(issued.negative()).map(|earlier| earlier.at_most(0));
            Some(atoms.iter().copied().chain(bound.atoms).chain(since).collect())
        });
        ways.collect()
    }

    /// Every way in which a fact can come about.
    fn cases(&self, space: &mut Space, fact: Fact) -> Vec<Case> {
        let action = self.card.head.action(self.action.into());
        let number = |value: Option<i64>| match value {
            Some(value) => Case::always(Term::constant(value.into())),
            None => vec![Case { atoms: Vec::new(), value: Value::Missing }],
        };
        let empty = Case { atoms: Vec::new(), value: Value::Missing };
        match fact {
            Fact::ActionCode => number(Some(self.action.into())),
            Fact::ActionAmount => number(action.map(|action| action.amount)),
            Fact::ActionMagnitude => number(action.and_then(|action| action.amount.checked_abs())),
            Fact::ActionAsset => number(action.map(|action| action.asset.into())),
            Fact::ActionVenue => number(action.map(|action| action.venue.into())),
            Fact::Time | Fact::Sequence | Fact::Feature(_) | Fact::Output(_) | Fact::Register(_) => {
                Case::always(self.term(space, fact))
            }
            Fact::Elapsed(register) => {
                let since = self.term(space, Fact::Register(register));
                match self.term(space, Fact::Time).sum(since.negative()) {
                    Some(elapsed) => empty.within(elapsed, (0, I64.1)),
                    None => empty.untold(),
                }
            }
            Fact::Present(slot) => self.slot(space, slot, Value::Known(Term::constant(1)), Some(0)),
            Fact::Issued(slot) => {
                let issued = self.term(space, fact);
                self.slot(space, slot, Value::Known(issued), None)
            }
            Fact::Evidence(slot) => {
                let value = self.term(space, fact);
                let default = self.card.evidence.get(usize::from(slot)).and_then(|slot| slot.default);
                self.slot(space, slot, Value::Known(value), default)
            }
            Fact::After(register) => self.after(space, register),
            Fact::Change(register) => self.change(space, register),
        }
    }

    /// One value where a slot has a valid statement, and another, or none, where not.
    fn slot(&self, space: &mut Space, slot: u16, valid: Value, default: Option<i64>) -> Vec<Case> {
        let ways = self.valid(space, slot);
        let mut cases: Vec<Case> = ways.into_iter().map(|atoms| Case { atoms, value: valid }).collect();
        let default = default.map_or(Value::Missing, |value| Value::Known(Term::constant(value.into())));
        let absent = self.term(space, Fact::Present(slot)).at_most(0);
        cases.push(Case { atoms: vec![absent], value: default });
        cases
    }

    /// A register as an execution leaves it.
    fn after(&self, space: &mut Space, index: u16) -> Vec<Case> {
        let Some(register) = self.card.registers.get(usize::from(index)) else { return Vec::new() };
        let before = self.term(space, Fact::Register(index));
        let empty = Case { atoms: Vec::new(), value: Value::Missing };
        let changed: Vec<Case> = match register.on_execute {
            Update::Keep => Case::always(before),
            Update::Reset => Case::always(Term::constant(register.initial.into())),
            Update::Set | Update::Add => {
                let sources = self.operand(space, register.source);
                let set = register.on_execute == Update::Set;
                sources
                    .into_iter()
                    .flat_map(|source| match source.value {
                        Value::Known(term) => match if set { Some(term) } else { before.sum(term) } {
                            Some(sum) => source.within(sum, I64),
                            None => source.untold(),
                        },
                        Value::Some => source.untold(),
                        Value::Missing => vec![source],
                    })
                    .collect()
            }
        };
        let Some(when) = register.when else { return changed };
        let Some(condition) = self.predicates().get(usize::from(when)) else { return vec![empty] };
        let mut cases = Vec::new();
        for way in self.ways(space, condition, Wanted::Holds) {
            cases.extend(changed.iter().map(|case| case.and(way.iter().copied(), case.value)));
        }
        for way in self.ways(space, condition, Wanted::Fails) {
            cases.push(Case { atoms: way, value: Value::Known(before) });
        }
        for way in self.ways(space, condition, Wanted::Missing) {
            cases.push(Case { atoms: way, value: Value::Missing });
        }
        cases
    }

    fn change(&self, space: &mut Space, index: u16) -> Vec<Case> {
        let before = self.term(space, Fact::Register(index));
        let after = self.after(space, index).into_iter();
        after
            .flat_map(|case| match case.value {
                Value::Missing => vec![case],
                Value::Some => case.untold(),
                Value::Known(term) => match term.sum(before.negative()) {
                    None => case.untold(),
                    Some(up) => {
                        let mut cases = Vec::new();
                        for (term, low) in [(up, 0), (up.negative(), 1)] {
                            cases.push(
                                case.and([term.at_least(low), term.at_most(I64.1)], Value::Known(term)),
                            );
                            cases.push(case.and([term.at_least(I64.1 + 1)], Value::Missing));
                        }
                        cases
                    }
                },
            })
            .collect()
    }

    /// The request that a solution stands for.
    pub(super) fn request(&self, space: &mut Space, values: &[i128]) -> Option<Request> {
        let card = self.card;
        let outputs_told = space.names.contains_key(&self.vocabulary.name(Fact::Output(self.action)));
        let mut read = |fact: Fact| self.read(space, values, fact);
        let time = u64::try_from(read(Fact::Time)?).ok()?;
        let features = (0_u16..).zip(&card.features).map(|(index, feature)| {
            u16::try_from(read(Fact::Feature(index))?.checked_sub(feature.min)?).ok()
        });
        let features = features.collect::<Option<_>>()?;
        let registers = (0..card.registers.len() as u16).map(|index| read(Fact::Register(index)));
        let registers = registers.collect::<Option<_>>()?;
        let outputs = (0..card.head.actions().len() as u16).map(|code| {
            let told = if outputs_told { read(Fact::Output(code)) } else { None };
            told.map_or(Some(i32::from(code == self.action)), |output| i32::try_from(output).ok())
        });
        let outputs = outputs.collect::<Option<_>>()?;
        let statements = (0..card.evidence.len() as u16).map(|slot| {
            if read(Fact::Present(slot))? == 0 {
                return Some(None);
            }
            let (value, issued) = (read(Fact::Evidence(slot))?, read(Fact::Issued(slot))?);
            Some(Some(Statement { value, issued: u64::try_from(issued).ok()?, expires: time + 1 }))
        });
        let evidence = Evidence(statements.collect::<Option<_>>()?);
        let sequence = u64::try_from(read(Fact::Sequence)?).ok()?;
        let state = State { time, registers };
        let action = card.head.action(self.action.into())?;
        Some(Request { action, features, outputs, state, evidence, time, sequence })
    }

    /// A fact in a solution; one that the solution is not about has a value that it prefers.
    fn read(&self, space: &mut Space, values: &[i128], fact: Fact) -> Option<i64> {
        let index = self.variable(space, fact);
        let value = values.get(index).copied().or_else(|| {
            let Variable { range, preferred } = space.variables.get(index)?;
            Some(preferred.first().copied().unwrap_or(0).clamp(range.0, range.1))
        });
        i64::try_from(value?).ok()
    }
}

/// The ways in which a comparison comes out as wanted.
fn compared(left: Value, comparison: Comparison, right: Value, wanted: bool) -> Clause {
    let (Value::Known(left), Value::Known(right)) = (left, right) else { return vec![Vec::new()] };
    let Some(difference) = left.sum(right.negative()) else { return vec![Vec::new()] };
    let comparison = if wanted { comparison } else { negated(comparison) };
    let (below, above) = (difference.at_most(-1), difference.at_least(1));
    match comparison {
        Comparison::Equal => vec![vec![difference.at_most(0), difference.at_least(0)]],
        Comparison::NotEqual => vec![vec![below], vec![above]],
        Comparison::Less => vec![vec![below]],
        Comparison::LessOrEqual => vec![vec![difference.at_most(0)]],
        Comparison::Greater => vec![vec![above]],
        Comparison::GreaterOrEqual => vec![vec![difference.at_least(0)]],
    }
}

fn negated(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    }
}
