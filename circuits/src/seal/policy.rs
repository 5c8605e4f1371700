//! The decision table: default deny, forbid overrides, could-not-evaluate denies (docs/spec/program.md, "Policy").

use super::facts::{FactWires, MISSING_LEFT, MISSING_RIGHT};
use super::gadget::{
    compose, constant, first, flagged_bits, inner, is_zero, not, or, power, select, sum, zero,
};
use super::head::ActionWire;
use super::program::{PredicateWires, ProgramWires, RuleWires};
use super::system::{System, Wire};
use ark_ff::{BigInteger, Field, PrimeField};
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::policy::reason;

/// The verdict and what follows from it.
pub(super) struct VerdictWires {
    /// Whether the action is permitted.
    pub(super) permitted: Wire,
    /// The record's word.
    pub(super) word: Wire,
}

/// A predicate: whether it holds, zero where it lacks a fact, and whether it does.
pub(super) struct TruthWires {
    pub(super) holds: Wire,
    pub(super) missing: Wire,
}

/// What a comparison's difference is lifted by: raw values are within 1.5 * 2^63 and differences of a card's bases within
/// 1.5 * 2^64, and whatever fits into the bits has a difference below 2^70.
const DIFFERENCE_LIFT: u32 = 66;

/// Every predicate.
pub(super) fn predicates(
    system: &System,
    predicates: &[PredicateWires],
    facts: &FactWires,
) -> Vec<TruthWires> {
    system.enter("predicates");
    predicates.iter().map(|predicate| evaluate(system, facts, predicate)).collect()
}

fn evaluate(system: &System, facts: &FactWires, predicate: &PredicateWires) -> TruthWires {
    let (left, right) = (facts.left(&predicate.left), facts.right(&predicate.right));
    let lifted = left.minus(&right).minus(&predicate.difference).offset(power(DIFFERENCE_LIFT));
    let count = DIFFERENCE_LIFT as usize + 1;
    let (bits, [left, right]) = flagged_bits(system, &lifted, count, [MISSING_LEFT, MISSING_RIGHT]);
    let missing = or(&left, &right);
    let equal = is_zero(system, &compose(&bits).offset(-power(DIFFERENCE_LIFT)));
    let below = not(&bits[count - 1]);
    let [less, or_equal, inverted] = std::array::from_fn(|i| &predicate.comparison[i]);
    let compared = less.times(&below).plus(&or_equal.times(&equal));
    let holds = select(inverted, &not(&compared), &compared).times(&not(&missing));
    TruthWires { holds, missing }
}

/// What a predicate is on these facts, as the prover knows it; `None` where it lacks a fact, or does not exist. No. 0 holds.
pub(super) fn known(predicates: &[PredicateWires], facts: &FactWires, number: &[Wire]) -> Option<bool> {
    let index = |bits: &[Wire]| bits.iter().rev().fold(0, |sum, bit| 2 * sum + usize::from(is_one(bit)));
    let Some(predicate) = index(number).checked_sub(1) else { return Some(true) };
    let predicate = predicates.get(predicate)?;
    let (left, right) = facts.known(index(&predicate.left), index(&predicate.right))?;
    let lifted = left.value() - right.value() - predicate.difference.value() + power(DIFFERENCE_LIFT);
    let bits = lifted.into_bigint();
    let [less, or_equal, inverted] = std::array::from_fn(|i| is_one(&predicate.comparison[i]));
    let (below, equal) = (!bits.get_bit(DIFFERENCE_LIFT as usize), lifted == power(DIFFERENCE_LIFT));
    let missing = bits.get_bit(MISSING_LEFT as usize) || bits.get_bit(MISSING_RIGHT as usize);
    (!missing).then_some(((less && below) || (or_equal && equal)) != inverted)
}

fn is_one(bit: &Wire) -> bool {
    bit.value() == Fr::ONE
}

/// The verdict about a requested action, `blocked` being an overflow that an execution would cause.
pub(super) fn verdict(
    system: &System,
    program: &ProgramWires,
    truths: &[TruthWires],
    action: &ActionWire,
    blocked: &Wire,
) -> VerdictWires {
    system.enter("rules");
    let (mut unevaluable, mut forbids, mut permits) = (Vec::new(), Vec::new(), Vec::new());
    for rule in &program.rules {
        let (lacks, matches) = rule_state(system, rule, truths);
        unevaluable.push(rule.valid.times(&lacks));
        let matching = rule.valid.times(&matches);
        let forbidding = rule.forbid.times(&matching);
        permits.push(matching.minus(&forbidding));
        forbids.push(forbidding);
    }
    let (lacking, forbidding, permitting) = (first(&unevaluable), first(&forbids), first(&permits));
    let (any_lacks, any_forbids, any_permits) = (sum(&lacking), sum(&forbidding), sum(&permitting));
    // which of the four cases decides
    let forbidden = not(&any_lacks).times(&any_forbids);
    let open = not(&any_lacks).minus(&forbidden);
    let allowed = open.times(&any_permits);
    let by_default = open.minus(&allowed);
    let acts = not(&action.abstain);
    let would_act = acts.times(&allowed);
    let blocked = would_act.times(blocked);
    let permitted = would_act.minus(&blocked);

    let index = |flags: &[Wire]| {
        flags.iter().enumerate().fold(zero(), |sum, (i, flag)| sum.plus(&flag.scale(Fr::from(i as u64 + 1))))
    };
    let reasons: Vec<Wire> = program.rules.iter().map(|rule| rule.reason.clone()).collect();
    let could_not = constant(u64::from(reason::COULD_NOT_EVALUATE));
    let default = constant(u64::from(reason::DEFAULT_DENY));
    let case_reason = any_lacks
        .times(&could_not)
        .plus(&forbidden.times(&inner(&forbidding, &reasons)))
        .plus(&allowed.times(&inner(&permitting, &reasons)))
        .plus(&by_default.times(&default));
    let case_rule = any_lacks
        .times(&index(&lacking))
        .plus(&forbidden.times(&index(&forbidding)))
        .plus(&allowed.times(&index(&permitting)));
    // outcome: 0 abstained, 1 permitted, 2 denied; a blocked action has reason 2 and no rule
    let unblocked = acts.minus(&blocked);
    let reason = unblocked.times(&case_reason).plus(&blocked.times(&could_not));
    let rule = unblocked.times(&case_rule);
    let outcome = acts.plus(&acts).minus(&permitted);
    let word = outcome.plus(&reason.scale(power(8))).plus(&rule.scale(power(24)));
    VerdictWires { permitted, word }
}

/// Whether a rule uses a missing fact, and whether it matches.
fn rule_state(system: &System, rule: &RuleWires, truths: &[TruthWires]) -> (Wire, Wire) {
    let (mut lacks, mut violations) = (zero(), zero());
    for ((all, none), TruthWires { holds: truth, missing }) in
        rule.all_of.iter().zip(&rule.none_of).zip(truths)
    {
        lacks = lacks.plus(&all.plus(none).times(missing));
        violations = violations.plus(all).plus(&truth.times(&none.minus(all)));
    }
    (not(&is_zero(system, &lacks)), is_zero(system, &violations))
}
