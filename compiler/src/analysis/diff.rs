//! Which requests two policies judge differently, with examples; and one policy with two values of a fact.

use super::STEPS;
use super::difference::{Answer, solve};
use super::space::{Side, Space};
use super::verdict::{Ending, Found};
use crate::Vocabulary;
use candor_program::card::Card;
use candor_program::explain::Request;
use candor_program::policy::Fact;
use std::collections::BTreeMap;
use thiserror::Error;

/// Facts that are fixed, with their integer; `None`: the fact is missing.
pub type Fixed = BTreeMap<Fact, Option<i64>>;

/// One of two policies, and what is fixed for it.
#[derive(Clone, Copy, Debug)]
pub struct Variant<'a> {
    /// The program.
    pub card: &'a Card,
    /// Facts that are fixed; all others are the same for both.
    pub fixed: &'a Fixed,
}

/// A way in which requests for one action are judged differently.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    /// Name of the action.
    pub action: String,
    /// How the first policy judges.
    pub before: Ending,
    /// How the second policy judges.
    pub after: Ending,
    /// The same request for both, judged.
    pub example: (Request, Request),
}

/// What a comparison found.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Differences {
    /// One entry for every action and pair of endings of which one permits and the other does not.
    pub found: Vec<Difference>,
    /// Actions and pairs of endings of which neither was shown that they occur together nor that they do not.
    pub open: Vec<(String, Ending, Ending)>,
    /// Actions that only one of the policies has.
    pub unmatched: Vec<String>,
}

impl Differences {
    /// Whether every pair of endings that is not told was proven not to occur.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.open.is_empty()
    }
}

/// Why two policies cannot be compared.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum DiffError {
    /// The same name at another scale.
    #[error("{fact} has {before} digits after the point in one program and {after} in the other")]
    Scale {
        /// Name of the fact.
        fact: String,
        /// Digits in the first.
        before: u8,
        /// Digits in the second.
        after: u8,
    },
}

/// Requests that one policy permits and the other denies, per action. Actions, features, registers and slots are the same
/// where they have the same name.
///
/// Requests are all those that both models can make at any time in any state, whether records reach that state or not.
/// Owes: [`Card::validate`] of both.
pub fn diff(before: Variant<'_>, after: Variant<'_>) -> Result<Differences, DiffError> {
    check_scales(before.card, after.card)?;
    let mut result = Differences::default();
    let codes = |card: &Card| -> BTreeMap<String, u16> {
        let actions = (0_u16..).zip(card.head.actions());
        actions
            .filter(|(_, action)| !action.abstain)
            .map(|(code, action)| (action.name.clone(), code))
            .collect()
    };
    let (first, second) = (codes(before.card), codes(after.card));
    for (action, code) in &first {
        match second.get(action) {
            Some(other) => Pair::new(before, *code, after, *other).compare(action, &mut result),
            None => result.unmatched.push(action.clone()),
        }
    }
    result.unmatched.extend(second.into_keys().filter(|action| !first.contains_key(action)));
    Ok(result)
}

/// Facts of the same name are of the same scale.
fn check_scales(before: &Card, after: &Card) -> Result<(), DiffError> {
    let (first, second) = (Vocabulary::of(before), Vocabulary::of(after));
    for fact in first.facts() {
        let name = first.name(fact);
        if let Some(other) = second.fact(&name) {
            let (before, after) = (first.decimals(fact), second.decimals(other));
            if before != after {
                return Err(DiffError::Scale { fact: name, before, after });
            }
        }
    }
    Ok(())
}

struct Pair<'a> {
    before: Side<'a>,
    after: Side<'a>,
    space: Space,
}

impl<'a> Pair<'a> {
    fn new(before: Variant<'a>, code: u16, after: Variant<'a>, other: u16) -> Self {
        // A fact that is fixed for one side only varies on the other on its own.
        let (before, after) = (
            Side::new(before.card, code, before.fixed, "before"),
            Side::new(after.card, other, after.fixed, "after"),
        );
        Self { before, after, space: Space::default() }
    }

    fn compare(mut self, action: &str, result: &mut Differences) {
        let (first, second) = (self.before.endings(), self.after.endings());
        for before in &first {
            // An ending that does not occur at all needs no partner.
            let mut steps = STEPS;
            if self.before.ends(&mut self.space, *before, &mut steps) == Found::Nothing {
                continue;
            }
            for after in second.iter().filter(|after| after.permits() != before.permits()) {
                match self.both(*before, *after) {
                    Found::Example(example) => result.found.push(Difference {
                        action: action.to_owned(),
                        before: *before,
                        after: *after,
                        example,
                    }),
                    Found::Unknown => result.open.push((action.to_owned(), *before, *after)),
                    Found::Nothing => {}
                }
            }
        }
    }

    /// A request that ends so for both.
    fn both(&mut self, before: Ending, after: Ending) -> Found<(Request, Request)> {
        let mut unknown = false;
        for first in self.before.clauses(&mut self.space, before) {
            for second in self.after.clauses(&mut self.space, after) {
                let clauses: Vec<_> = first.iter().chain(&second).cloned().collect();
                let solutions = match solve(&self.space.variables, &clauses, &mut STEPS.clone()) {
                    Answer::Nothing => continue,
                    Answer::Exhausted => Vec::new(),
                    Answer::Values(solutions) => solutions,
                };
                let mut examples = solutions.iter().filter_map(|values| {
                    let one = judged(&self.before, &mut self.space, values, before)?;
                    Some((one, judged(&self.after, &mut self.space, values, after)?))
                });
                match examples.next() {
                    Some(example) => return Found::Example(example),
                    None => unknown = true,
                }
            }
        }
        if unknown { Found::Unknown } else { Found::Nothing }
    }
}

/// The request of a solution, if it really ends so.
fn judged(side: &Side<'_>, space: &mut Space, values: &[i128], ending: Ending) -> Option<Request> {
    let request = side.request(space, values)?;
    let assessment = request.assess(side.card).ok()?;
    (Ending::of(&assessment) == Some(ending)).then_some(request)
}
