//! The fewest changes that turn a denial into a permission, each found by judging the changed request.

use super::sweep::{Variable, cells};
use super::when::times;
use super::{Change, Request};
use crate::card::Card;
use crate::evidence::Statement;
use crate::limits;
use crate::policy::{Fact, Operand};

/// Changes that are tried together.
const TOGETHER: usize = 3;
/// Requests that are judged, at most.
pub const ASSESSMENTS: usize = 20_000;
/// Remedies that are told, at most.
pub const REMEDIES: usize = 8;

/// Changes that together make the action permitted.
pub type Remedy = Vec<Change>;

/// What a search found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Remedies {
    /// Remedies of the smallest number of changes for which there is one. Those without another observation come first, and
    /// one with another observation is told only where no remedy of this size does without.
    pub found: Vec<Remedy>,
    /// Requests that were judged.
    pub assessed: usize,
    /// Whether the search ended because [`ASSESSMENTS`] or [`REMEDIES`] was reached.
    pub cut_short: bool,
}

/// What is changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Handle {
    Action,
    Statement(u16),
    Feature(u16),
    Time,
}

/// Searches the other actions, statements (renewed, another value, none), later times and, last, other features.
///
/// Every remedy was judged: with its changes the action is permitted, and without any one of them it is not. That there is none in
/// the result does not mean that there is none at all: at most three inputs are changed together, and where two are, the
/// second is searched exactly and the first at one point of each interval in which it alone would change anything.
/// Owes: [`Card::validate`].
#[must_use]
pub fn remedies(card: &Card, request: &Request) -> Remedies {
    let mut search = Search { card, result: Remedies::default() };
    let slots = (0..card.evidence.len()).map(|slot| Handle::Statement(slot as u16));
    let handles: Vec<Handle> = [Handle::Action].into_iter().chain(slots).chain([Handle::Time]).collect();
    let features: Vec<Handle> = looked_at(card)
        .filter_map(|fact| match fact {
            Fact::Feature(index) => Some(index),
            _ => None,
        })
        .collect::<std::collections::BTreeSet<u16>>()
        .into_iter()
        .map(Handle::Feature)
        .collect();
    // The time is changed last: a later time is found for the request as it is changed otherwise.
    let with_features: Vec<Handle> = features.iter().chain(&handles).copied().collect();
    for size in 1..=TOGETHER {
        for (pool, needs_feature) in [(&handles, false), (&with_features, true)] {
            search.choose(request, pool, size, needs_feature, &mut Vec::new());
            if !search.result.found.is_empty() || search.is_over() {
                return search.result;
            }
        }
    }
    search.result
}

struct Search<'a> {
    card: &'a Card,
    result: Remedies,
}

impl Search<'_> {
    fn is_over(&mut self) -> bool {
        let over = self.result.assessed >= ASSESSMENTS || self.result.found.len() >= REMEDIES;
        self.result.cut_short |= over;
        over
    }

    /// Changes `size` more of the handles; of each choice of handles the first remedy that is found counts.
    fn choose(
        &mut self,
        request: &Request,
        pool: &[Handle],
        size: usize,
        needs_feature: bool,
        chosen: &mut Vec<Handle>,
    ) {
        if size == 0 {
            let wanted = !needs_feature || chosen.iter().any(|handle| matches!(handle, Handle::Feature(_)));
            if wanted && let Some(remedy) = self.attempt(request, chosen, &mut Vec::new()) {
                let remedy = self.needed(request, remedy);
                if !self.result.found.contains(&remedy) {
                    self.result.found.push(remedy);
                }
            }
            return;
        }
        for (index, handle) in pool.iter().enumerate() {
            if self.is_over() {
                return;
            }
            chosen.push(*handle);
            self.choose(request, pool.get(index + 1..).unwrap_or_default(), size - 1, needs_feature, chosen);
            chosen.pop();
        }
    }

    /// The remedy without changes that can be left out.
    fn needed(&mut self, request: &Request, mut remedy: Remedy) -> Remedy {
        let mut index = 0;
        while index < remedy.len() && remedy.len() > 1 {
            let mut fewer = remedy.clone();
            fewer.remove(index);
            self.result.assessed += 1;
            match request.with_all(self.card, &fewer) {
                Some(changed) if changed.is_permitted(self.card) => remedy = fewer,
                _ => index += 1,
            }
        }
        remedy
    }

    /// The first way of changing all these handles after which the action is permitted.
    fn attempt(&mut self, request: &Request, handles: &[Handle], made: &mut Remedy) -> Option<Remedy> {
        let Some((handle, rest)) = handles.split_first() else {
            self.result.assessed += 1;
            return request.is_permitted(self.card).then(|| made.clone());
        };
        for change in changes(self.card, request, *handle) {
            if self.result.assessed >= ASSESSMENTS {
                return None;
            }
            let Some(changed) = request.with(self.card, &change) else { continue };
            made.push(change);
            let remedy = self.attempt(&changed, rest, made);
            made.pop();
            if remedy.is_some() {
                return remedy;
            }
        }
        None
    }
}

/// The ways of changing one thing, the nearest first.
fn changes(card: &Card, request: &Request, handle: Handle) -> Vec<Change> {
    match handle {
        Handle::Action => actions(card, request),
        Handle::Time => times(card, request).into_iter().skip(1).map(|time| Change::Time { time }).collect(),
        Handle::Feature(index) => {
            let feature = card.features.get(usize::from(index));
            let above = request.features.get(usize::from(index));
            let Some(now) = feature.zip(above).map(|(feature, above)| feature.min + i64::from(*above)) else {
                return Vec::new();
            };
            let highest = feature.map_or(now, |feature| feature.max);
            let cells = cells(card, request, Variable::Feature(index)).unwrap_or_default();
            let values = nearest(&cells, highest, now);
            values.into_iter().map(|value| Change::Feature { index, value }).collect()
        }
        Handle::Statement(slot) => statements(card, request, slot)
            .into_iter()
            .map(|statement| Change::Statement { slot, statement })
            .collect(),
    }
}

/// The other actions that act, those of a similar amount first.
fn actions(card: &Card, request: &Request) -> Vec<Change> {
    let actions = (0_u16..).zip(card.head.actions());
    let others = actions.filter(|(code, action)| *code != request.action.code && !action.abstain);
    let mut others: Vec<(u64, u16)> =
        others.map(|(code, action)| (action.amount.abs_diff(request.action.amount), code)).collect();
    others.sort_unstable();
    others.into_iter().map(|(_, code)| Change::Action { code }).collect()
}

/// Other statements for a slot: issued now, issued at another time where that matters, and none at all.
fn statements(card: &Card, request: &Request, slot: u16) -> Vec<Option<Statement>> {
    let Some(declared) = card.evidence.get(usize::from(slot)) else { return Vec::new() };
    let present = request.evidence.0.get(usize::from(slot)).copied().flatten();
    let now = present.map(|statement| statement.value).or(declared.default).unwrap_or(0);
    let renewed = |value, issued| Statement { value, issued, expires: limits::TIME - 1 };
    let stated = |statement| {
        let change = Change::Statement { slot, statement: Some(statement) };
        request.with(card, &change)
    };
    let cells_of = |statement, variable| {
        stated(statement).and_then(|stated| cells(card, &stated, variable)).unwrap_or_default()
    };
    let values = if declared.values.is_empty() {
        let cells = cells_of(renewed(now, request.time), Variable::Value(slot));
        let mut values = nearest(&cells, i64::MAX, now);
        values.insert(0, now);
        values
    } else {
        let mut values: Vec<i64> = declared.values.iter().map(|named| named.value).collect();
        // The value that it has is renewed before another is tried.
        values.sort_by_key(|value| *value != now);
        values
    };
    let mut statements: Vec<Option<Statement>> =
        values.iter().map(|value| Some(renewed(*value, request.time))).collect();
    let dated = declared.revoked_by.is_some() || looked_at(card).any(|fact| fact == Fact::Issued(slot));
    if dated {
        let time = i64::try_from(request.time).unwrap_or(i64::MAX);
        for value in &values {
            let cells = cells_of(renewed(*value, request.time), Variable::Issued(slot));
            let issued = nearest(&cells, time, time).into_iter().filter_map(|time| u64::try_from(time).ok());
            statements.extend(issued.map(|issued| Some(renewed(*value, issued))));
        }
    }
    if present.is_some() {
        statements.push(None);
    }
    statements.retain(|statement| *statement != present);
    statements
}

/// Of every cell but that of `now` the point nearest to it, the nearest cell first.
fn nearest(starts: &[i64], high: i64, now: i64) -> Vec<i64> {
    let ends = starts.iter().skip(1).map(|start| start - 1).chain([high]);
    let cells = starts.iter().zip(ends).filter(|(start, end)| !(**start..=*end).contains(&now));
    let mut points: Vec<i64> = cells.map(|(start, end)| now.clamp(*start, end)).collect();
    points.sort_by_key(|point| (point.abs_diff(now), *point));
    points
}

/// Facts that predicates and registers look at.
pub(super) fn looked_at(card: &Card) -> impl Iterator<Item = Fact> {
    let predicates = card.policy.predicates.iter().flat_map(|predicate| predicate.facts());
    predicates.chain(card.registers.iter().filter_map(|register| Operand::fact(register.source)))
}
