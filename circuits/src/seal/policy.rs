//! The decision table: default deny, forbid overrides, could-not-evaluate denies (docs/spec/program.md, "Policy").

use super::gadget::{bits, constant, first, inner, is_zero, less, not, or, pick, power, select, sum, zero};
use super::head::ActionWire;
use super::program::{PredicateWires, ProgramWires, RuleWires};
use super::system::{System, Wire};
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::policy::{Fact, reason};

/// Raw values of every fact, by place.
pub(super) struct FactWires {
    values: Vec<Wire>,
    /// Whether the entry is missing; only elapsed times can be.
    missing: Vec<Wire>,
}

/// Inputs of the facts of one decision.
pub(super) struct Facts<'a> {
    pub(super) action: &'a ActionWire,
    pub(super) time: &'a Wire,
    pub(super) sequence: &'a Wire,
    /// Above their minima.
    pub(super) features: &'a [Wire],
    pub(super) registers: &'a [Wire],
}

/// The verdict and what follows from it.
pub(super) struct VerdictWires {
    /// Whether the action is permitted.
    pub(super) permitted: Wire,
    /// The record's word.
    pub(super) word: Wire,
}

impl FactWires {
    /// Facts in the order of their places; where a constant stands, zero.
    pub(super) fn of(system: &System, places: &[Option<Fact>], facts: &Facts<'_>) -> Self {
        system.enter("facts");
        let entry = |fact: &Option<Fact>| match *fact {
            Some(Fact::ActionCode) => (facts.action.code.clone(), zero()),
            Some(Fact::ActionAmount) => (facts.action.amount.clone(), zero()),
            Some(Fact::Time) => (facts.time.clone(), zero()),
            Some(Fact::Sequence) => (facts.sequence.clone(), zero()),
            Some(Fact::Feature(index)) => (facts.features[usize::from(index)].clone(), zero()),
            Some(Fact::Register(index)) => (facts.registers[usize::from(index)].clone(), zero()),
            Some(Fact::Elapsed(index)) => elapsed(system, facts.time, &facts.registers[usize::from(index)]),
            None => (zero(), zero()),
        };
        let (values, missing) = places.iter().map(entry).unzip();
        Self { values, missing }
    }

    /// Value and missing flag of the fact at a place, given by its bits.
    fn look_up(&self, place: &[Wire]) -> (Wire, Wire) {
        (pick(place, &self.values), pick(place, &self.missing))
    }
}

/// Time minus a register, and whether that is missing: negative, or beyond 2^63 - 1.
///
/// Shapes: time below 2^62 and a signed 64-bit register, so that the value lies above -2^63 and below 2^64.
fn elapsed(system: &System, time: &Wire, register: &Wire) -> (Wire, Wire) {
    let elapsed = time.minus(register);
    let lifted = bits(system, &elapsed.offset(power(64)), 65);
    // present: 2^64 <= value + 2^64 < 2^64 + 2^63
    let present = lifted[64].times(&not(&lifted[63]));
    (elapsed, not(&present))
}

/// Truth and missing flag of a predicate.
fn evaluate(system: &System, facts: &FactWires, predicate: &PredicateWires) -> (Wire, Wire) {
    let (left, left_missing) = facts.look_up(&predicate.left);
    let (right, right_missing) = facts.look_up(&predicate.right);
    let right = right.plus(&predicate.difference);
    let missing = or(&left_missing, &right_missing);
    // raw values are within 2^64, the difference of bases of a card within 2^66: the 69 bits always suffice, and no other
    // difference has them whose magnitude is 2^69 or more
    let equal = is_zero(system, &left.minus(&right));
    let below = less(system, &left, &right, 68);
    let [less, or_equal, inverted] = std::array::from_fn(|i| &predicate.comparison[i]);
    let holds = less.times(&below).plus(&or_equal.times(&equal));
    (select(inverted, &not(&holds), &holds), missing)
}

/// The verdict about a requested action, `blocked` being an overflow that an execution would cause.
pub(super) fn verdict(
    system: &System,
    program: &ProgramWires,
    facts: &FactWires,
    action: &ActionWire,
    blocked: &Wire,
) -> VerdictWires {
    system.enter("predicates");
    let (truths, missing): (Vec<Wire>, Vec<Wire>) =
        program.predicates.iter().map(|predicate| evaluate(system, facts, predicate)).unzip();
    system.enter("rules");
    let (mut unevaluable, mut forbids, mut permits) = (Vec::new(), Vec::new(), Vec::new());
    for rule in &program.rules {
        let (lacks, matches) = rule_state(system, rule, &truths, &missing);
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
fn rule_state(system: &System, rule: &RuleWires, truths: &[Wire], missing: &[Wire]) -> (Wire, Wire) {
    let (mut lacks, mut violations) = (zero(), zero());
    for ((all, none), (truth, missing)) in
        rule.all_of.iter().zip(&rule.none_of).zip(truths.iter().zip(missing))
    {
        lacks = lacks.plus(&all.plus(none).times(missing));
        violations = violations.plus(all).plus(&truth.times(&none.minus(all)));
    }
    (not(&is_zero(system, &lacks)), is_zero(system, &violations))
}
