//! One input moves and everything else stays: where does the verdict change?
//!
//! Every fact is a piecewise linear function of the input that moves. The input's range falls into intervals on which no
//! predicate changes and no register begins or ceases to be told, so the verdict is the same throughout each.

use super::Request;
use super::curve::Curve;
use crate::card::Card;
use crate::evidence::{Standing, Statement};
use crate::limits;
use crate::policy::{Fact, Facts, Operand, Predicate};
use crate::state::{Register, Update};

/// The input that moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Variable {
    /// The time, from the request's on.
    Time,
    /// A feature, by index.
    Feature(u16),
    /// Value of the statement that the request has for a slot.
    Value(u16),
    /// When that statement was issued.
    Issued(u16),
}

/// Where intervals of the same verdict begin, in ascending order; the first at the range's lowest point. `None`: the
/// variable does not exist in the request.
///
/// Owes: [`Card::validate`], by which a transaction can always be built where the policy permits.
pub(super) fn cells(card: &Card, request: &Request, variable: Variable) -> Option<Vec<i64>> {
    let sweep = Sweep::new(card, request, variable)?;
    let mut cuts = vec![sweep.low];
    for predicate in card.policy.predicates.iter().take(limits::RULES) {
        cuts.extend(sweep.predicate(predicate).starts());
    }
    for index in 0..card.registers.len() {
        cuts.extend(sweep.fact(Fact::After(index as u16)).presence().starts());
    }
    cuts.sort_unstable();
    cuts.dedup();
    Some(cuts)
}

/// Where intervals begin in which a predicate neither changes nor begins or ceases to be told, as the time passes.
pub(super) fn predicate_cells(card: &Card, request: &Request, predicate: &Predicate) -> Vec<i64> {
    Sweep::new(card, request, Variable::Time)
        .map_or_else(Vec::new, |sweep| sweep.predicate(predicate).starts().collect())
}

/// The facts along the variable.
struct Sweep<'a> {
    card: &'a Card,
    request: &'a Request,
    variable: Variable,
    low: i64,
    high: i64,
    /// One for every register: it changes where its window begins anew.
    registers: Vec<Curve>,
    /// One for every slot.
    standings: Vec<SlotCurves>,
}

struct SlotCurves {
    value: Curve,
    present: Curve,
    issued: Curve,
}

impl<'a> Sweep<'a> {
    fn new(card: &'a Card, request: &'a Request, variable: Variable) -> Option<Self> {
        let (low, high) = range(card, request, variable)?;
        let mut starts = steps(card, request, variable);
        starts.retain(|start| (low..=high).contains(start));
        starts.push(low);
        starts.sort_unstable();
        starts.dedup();
        let at: Vec<(i64, Request)> = starts
            .iter()
            .map(|start| Some((*start, moved(card, request, variable, *start)?)))
            .collect::<Option<_>>()?;
        let registers: Vec<(i64, Vec<i64>)> = at
            .iter()
            .map(|(start, request)| {
                (*start, request.state.begin(&card.registers, &card.windows, request.time))
            })
            .collect();
        let standings: Vec<(i64, Vec<Standing>)> = at
            .iter()
            .map(|(start, request)| (*start, request.evidence.standings(&card.evidence, request.time)))
            .collect();
        let register = |index: usize| {
            let values = registers.iter().map(|(start, values)| (*start, values.get(index).copied()));
            Curve::steps(high, values)
        };
        let slot = |index: usize| {
            let of = |read: &dyn Fn(&Standing) -> Option<i64>| {
                let values = standings.iter().map(|(start, slots)| (*start, slots.get(index).and_then(read)));
                Curve::steps(high, values)
            };
            let valid = of(&|standing| standing.issued.map(|_| 1));
            let moving = |moves: bool, still: Curve| {
                if moves { valid.or_else_identity(&still) } else { still }
            };
            let value = of(&|standing| standing.value);
            let issued = of(&|standing| i64::try_from(standing.issued?).ok());
            SlotCurves {
                value: moving(variable == Variable::Value(index as u16), value),
                present: of(&|standing| Some(standing.issued.is_some().into())),
                issued: moving(variable == Variable::Issued(index as u16), issued),
            }
        };
        Some(Self {
            card,
            request,
            variable,
            low,
            high,
            registers: (0..card.registers.len()).map(register).collect(),
            standings: (0..card.evidence.len()).map(slot).collect(),
        })
    }

    fn constant(&self, value: Option<i64>) -> Curve {
        Curve::constant(self.low, self.high, value.map(i128::from))
    }

    fn moving(&self) -> Curve {
        Curve::identity(&self.constant(Some(0)))
    }

    fn fact(&self, fact: Fact) -> Curve {
        let missing = || self.constant(None);
        let register = |index: u16| self.registers.get(usize::from(index));
        let slot = |index: u16| self.standings.get(usize::from(index));
        match fact {
            Fact::Time if self.variable == Variable::Time => self.moving(),
            Fact::Feature(index) if self.variable == Variable::Feature(index) => self.moving(),
            Fact::Feature(index) => {
                let feature = self.card.features.get(usize::from(index));
                let above = self.request.features.get(usize::from(index));
                let value =
                    feature.zip(above).and_then(|(feature, above)| feature.min.checked_add((*above).into()));
                self.constant(value)
            }
            Fact::Register(index) => register(index).cloned().unwrap_or_else(missing),
            Fact::After(index) => self.after(index),
            Fact::Change(index) => match register(index) {
                Some(before) => self.after(index).minus(before).magnitude().within(0, i64::MAX),
                None => missing(),
            },
            Fact::Elapsed(index) => match register(index) {
                Some(since) => self.fact(Fact::Time).minus(since).within(0, i64::MAX),
                None => missing(),
            },
            Fact::Evidence(index) => slot(index).map_or_else(missing, |slot| slot.value.clone()),
            Fact::Present(index) => slot(index).map_or_else(missing, |slot| slot.present.clone()),
            Fact::Issued(index) => slot(index).map_or_else(missing, |slot| slot.issued.clone()),
            Fact::ActionCode
            | Fact::ActionAmount
            | Fact::ActionMagnitude
            | Fact::ActionAsset
            | Fact::ActionVenue
            | Fact::Time
            | Fact::Sequence
            | Fact::Output(_) => self.constant(self.still(fact)),
        }
    }

    /// A fact that does not move.
    fn still(&self, fact: Fact) -> Option<i64> {
        let Request { action, outputs, time, sequence, .. } = self.request;
        let (features, registers, after, evidence) = (&[], &[], &[], &[]);
        let (action, time, sequence) = (*action, *time, *sequence);
        Facts { action, time, sequence, features, outputs, registers, after, evidence }.get(fact)
    }

    fn operand(&self, operand: Operand) -> Curve {
        match operand {
            Operand::Constant(value) => self.constant(Some(value)),
            Operand::Fact { fact, offset } => self.fact(fact).plus(offset.into()),
        }
    }

    fn predicate(&self, predicate: &Predicate) -> Curve {
        self.fact(predicate.fact).compare(predicate.comparison, &self.operand(predicate.operand))
    }

    /// The register as an execution leaves it.
    fn after(&self, index: u16) -> Curve {
        let entry = self.card.registers.get(usize::from(index));
        let (Some(register), Some(before)) = (entry, self.registers.get(usize::from(index))) else {
            return self.constant(None);
        };
        let changed = self.changed(register, before);
        let Some(when) = register.when else { return changed };
        let mut predicates = self.card.policy.predicates.iter().take(limits::RULES);
        match predicates.nth(when.into()).filter(|predicate| !circular(predicate)) {
            Some(predicate) => Curve::choose(&self.predicate(predicate), &changed, before),
            None => self.constant(None),
        }
    }

    fn changed(&self, register: &Register, before: &Curve) -> Curve {
        let source = || {
            let circular = register.source.fact().is_some_and(Fact::follows_update);
            if circular { self.constant(None) } else { self.operand(register.source) }
        };
        match register.on_execute {
            Update::Keep => before.clone(),
            Update::Reset => self.constant(Some(register.initial)),
            Update::Set => source().within(i64::MIN, i64::MAX),
            Update::Add => before.sum(&source()).within(i64::MIN, i64::MAX),
        }
    }
}

fn circular(predicate: &Predicate) -> bool {
    predicate.facts().any(Fact::follows_update)
}

fn range(card: &Card, request: &Request, variable: Variable) -> Option<(i64, i64)> {
    let time = i64::try_from(request.time).ok()?;
    let statement = |slot: u16| request.evidence.0.get(usize::from(slot)).copied().flatten();
    match variable {
        Variable::Time => {
            Some((time, i64::try_from(limits::TIME).ok()? - 1)).filter(|(low, high)| low <= high)
        }
        Variable::Feature(index) => {
            let feature = card.features.get(usize::from(index))?;
            Some((feature.min, feature.max))
        }
        Variable::Value(slot) => statement(slot).map(|_| (i64::MIN, i64::MAX)),
        Variable::Issued(slot) => statement(slot).map(|_| (0, time)),
    }
}

/// Points at which registers begin anew, or a statement begins or ceases to count.
fn steps(card: &Card, request: &Request, variable: Variable) -> Vec<i64> {
    let integer = |value: u64| i64::try_from(value).ok();
    let statements = request.evidence.0.iter().zip(&card.evidence);
    let statements = statements.filter_map(|(statement, slot)| Some((statement.as_ref()?, slot)));
    match variable {
        Variable::Time => {
            let windows = card.windows.iter().filter_map(|window| integer(window.next(request.state.time)));
            let counts =
                |(statement, _): (&Statement, _)| [integer(statement.issued), integer(statement.expires)];
            windows.chain(statements.flat_map(counts).flatten()).collect()
        }
        Variable::Feature(_) => Vec::new(),
        Variable::Value(by) => statements
            .filter(|(_, slot)| slot.revoked_by.map(u16::from) == Some(by))
            .filter_map(|(statement, _)| integer(statement.issued)?.checked_add(1))
            .collect(),
        Variable::Issued(slot) => {
            let by = card.evidence.get(usize::from(slot)).and_then(|slot| slot.revoked_by);
            let by = by.map(usize::from);
            let stated = by.and_then(|by| request.evidence.0.get(by).copied().flatten());
            let default = by.and_then(|by| card.evidence.get(by)?.default);
            stated.map(|statement| statement.value).into_iter().chain(default).collect()
        }
    }
}

/// The request with the variable at a point.
fn moved(card: &Card, request: &Request, variable: Variable, point: i64) -> Option<Request> {
    let mut moved = request.clone();
    match variable {
        Variable::Time => moved.time = u64::try_from(point).ok()?,
        Variable::Feature(index) => {
            return request.with(card, &super::Change::Feature { index, value: point });
        }
        Variable::Value(slot) => moved.evidence.0.get_mut(usize::from(slot))?.as_mut()?.value = point,
        Variable::Issued(slot) => {
            moved.evidence.0.get_mut(usize::from(slot))?.as_mut()?.issued = u64::try_from(point).ok()?;
        }
    }
    Some(moved)
}
