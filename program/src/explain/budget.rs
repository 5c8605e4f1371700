//! Budgets: registers that rules compare with something, what is left of each, and when that changes.

use super::Request;
use super::sweep::predicate_cells;
use crate::card::Card;
use crate::evidence::Evidence;
use crate::head::Action;
use crate::limits;
use crate::policy::{Comparison, Effect, Fact, Facts, Operand, Predicate};
use crate::state::State;

/// Which values of a register's fact a rule allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Up to the bound.
    AtMost,
    /// From the bound on.
    AtLeast,
    /// The bound alone.
    Exactly,
    /// All but the bound.
    Except,
}

/// A bound and what is left to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// The bound, inclusive.
    pub bound: i128,
    /// How far the present value is from the bound, on the allowed side; negative: beyond it. `None` where that is no
    /// question: for [`Side::Exactly`], [`Side::Except`], or a value that is not known without an action.
    pub left: Option<i128>,
}

/// A condition that a rule puts on a register.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Budget {
    /// The register.
    pub register: u16,
    /// What of it is compared: [`Fact::Register`], [`Fact::After`], [`Fact::Change`] or [`Fact::Elapsed`].
    pub fact: Fact,
    /// Index of the predicate.
    pub predicate: u8,
    /// Index of the rule.
    pub rule: u8,
    /// The values that are allowed.
    pub side: Side,
    /// The register's present value (for [`Fact::Elapsed`] the seconds since then); `None` where there is none yet.
    pub used: Option<i64>,
    /// The bound; `None` where it depends on the action or the observation, or is missing.
    pub extent: Option<Extent>,
    /// When the register's window begins anew; `None`: it has none.
    pub renews: Option<u64>,
    /// First later time at which the condition changes, if nothing is recorded; `None`: at none, or it depends on the action
    /// or the observation.
    pub changes: Option<u64>,
}

/// Every condition on a register in every rule, in the order of registers, in a state and at a time.
///
/// Owes: [`Card::validate`], a state of this card, and a time not before the state's.
#[must_use]
pub fn budgets(card: &Card, state: &State, evidence: &Evidence, time: u64) -> Vec<Budget> {
    let request = Request {
        action: Action { code: 0, abstain: true, amount: 0, asset: 0, venue: 0 },
        features: vec![0; card.features.len()],
        outputs: Vec::new(),
        state: state.clone(),
        evidence: evidence.clone(),
        time,
        sequence: 0,
    };
    let mut budgets = Vec::new();
    for (rule, declared) in (0_u8..).zip(&card.policy.rules).take(limits::RULES) {
        for (index, predicate) in (0_u8..).zip(&card.policy.predicates).take(limits::RULES) {
            for (mask, required) in [(declared.all_of, true), (declared.none_of, false)] {
                if mask >> index & 1 == 0 {
                    continue;
                }
                // A forbid denies where its conditions are met, a permit where they are not.
                let allowed = required == (declared.effect == Effect::Permit);
                let of = |(fact, comparison, operand)| {
                    let place = Place { rule, predicate: index, condition: predicate, allowed };
                    budget(card, &request, &place, fact, comparison, operand)
                };
                budgets.extend(both_ways(predicate).into_iter().filter_map(of));
            }
        }
    }
    budgets.sort_by_key(|budget| (budget.register, budget.rule, budget.predicate));
    budgets
}

struct Place<'a> {
    rule: u8,
    predicate: u8,
    condition: &'a Predicate,
    /// Whether the action is allowed where the predicate holds.
    allowed: bool,
}

/// The predicate, and read from right to left where both sides are facts.
fn both_ways(predicate: &Predicate) -> Vec<(Fact, Comparison, Operand)> {
    let mut ways = vec![(predicate.fact, predicate.comparison, predicate.operand)];
    if let Operand::Fact { fact, offset } = predicate.operand
        && let Some(offset) = offset.checked_neg()
    {
        ways.push((fact, mirrored(predicate.comparison), Operand::Fact { fact: predicate.fact, offset }));
    }
    ways
}

/// `a < b` is `b > a`.
fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

fn budget(
    card: &Card,
    request: &Request,
    place: &Place<'_>,
    fact: Fact,
    comparison: Comparison,
    operand: Operand,
) -> Option<Budget> {
    let (Fact::Register(register) | Fact::After(register) | Fact::Change(register) | Fact::Elapsed(register)) =
        fact
    else {
        return None;
    };
    let declared = card.registers.get(usize::from(register))?;
    let registers = request.state.begin(&card.registers, &card.windows, request.time);
    let standings = request.evidence.standings(&card.evidence, request.time);
    let facts = Facts {
        action: request.action,
        time: request.time,
        sequence: request.sequence,
        features: &[],
        outputs: &[],
        registers: &registers,
        after: &[],
        evidence: &standings,
    };
    let known = |fact: Fact| is_known(fact).then(|| facts.get(fact)).flatten();
    // Before an action is chosen, what it would leave is what is there.
    let used = match fact {
        Fact::After(register) => known(Fact::Register(register)),
        Fact::Change(_) => None,
        other => known(other),
    };
    let bound = match operand {
        Operand::Constant(value) => Some(i128::from(value)),
        Operand::Fact { fact, offset } => known(fact).map(|value| i128::from(value) + i128::from(offset)),
    };
    let (side, inward) = side(comparison, place.allowed);
    let extent = bound.map(|bound| {
        let bound = bound + inward;
        let left = used.map(i128::from).and_then(|used| match side {
            Side::AtMost => Some(bound - used),
            Side::AtLeast => Some(used - bound),
            Side::Exactly | Side::Except => None,
        });
        Extent { bound, left }
    });
    let window = declared.window.and_then(|window| card.windows.get(usize::from(window)));
    let told = place.condition.facts().all(is_known);
    let changes = told
        .then(|| predicate_cells(card, request, place.condition))
        .and_then(|cells| cells.get(1).and_then(|time| u64::try_from(*time).ok()));
    Some(Budget {
        register,
        fact,
        predicate: place.predicate,
        rule: place.rule,
        side,
        used,
        extent,
        renews: window.map(|window| window.next(request.time)),
        changes,
    })
}

/// Whether a fact is known before an action and an observation are.
fn is_known(fact: Fact) -> bool {
    matches!(
        fact,
        Fact::Time
            | Fact::Register(_)
            | Fact::Elapsed(_)
            | Fact::Evidence(_)
            | Fact::Present(_)
            | Fact::Issued(_)
    )
}

/// The allowed side, and what is added to the operand to make the bound inclusive.
fn side(comparison: Comparison, allowed: bool) -> (Side, i128) {
    match (comparison, allowed) {
        (Comparison::Equal, true) | (Comparison::NotEqual, false) => (Side::Exactly, 0),
        (Comparison::Equal, false) | (Comparison::NotEqual, true) => (Side::Except, 0),
        (Comparison::Less, true) | (Comparison::GreaterOrEqual, false) => (Side::AtMost, -1),
        (Comparison::LessOrEqual, true) | (Comparison::Greater, false) => (Side::AtMost, 0),
        (Comparison::Greater, true) | (Comparison::LessOrEqual, false) => (Side::AtLeast, 1),
        (Comparison::GreaterOrEqual, true) | (Comparison::Less, false) => (Side::AtLeast, 0),
    }
}
