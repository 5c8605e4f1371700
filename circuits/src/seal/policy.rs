//! The decision table: default deny, forbid overrides, could-not-evaluate denies (docs/spec/program.md, "Policy").

use super::gadget::{constant, first, inner, is_zero, less, not, or, pick, power, sum, zero};
use super::head::ActionWire;
use super::program::{PredicateWires, ProgramWires, RuleWires};
use super::system::{System, Wire};
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::policy::reason;

/// Raw values of every fact, in the order of their codes.
pub(super) struct FactWires {
    /// `kind + 2^8 index` of every entry: constants.
    codes: Vec<Wire>,
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
    pub(super) fn of(system: &System, facts: &Facts<'_>) -> Self {
        system.enter("facts");
        let mut table = Self { codes: Vec::new(), values: Vec::new(), missing: Vec::new() };
        let single = [&facts.action.code, &facts.action.amount, facts.time, facts.sequence];
        for (kind, value) in single.into_iter().enumerate() {
            table.push(kind as u64, 0, value, zero());
        }
        for (index, feature) in facts.features.iter().enumerate() {
            table.push(4, index, feature, zero());
        }
        for (index, register) in facts.registers.iter().enumerate() {
            table.push(5, index, register, zero());
        }
        for (index, register) in facts.registers.iter().enumerate() {
            // missing where negative, or beyond 2^63 - 1
            let elapsed = facts.time.minus(register);
            let negative = less(system, &elapsed, &zero(), 64);
            let large = less(system, &Wire::constant(power(63)).offset(-Fr::from(1u64)), &elapsed, 64);
            table.push(6, index, &elapsed, or(&negative, &large));
        }
        table
    }

    fn push(&mut self, kind: u64, index: usize, value: &Wire, missing: Wire) {
        self.codes.push(constant(kind + ((index as u64) << 8)));
        self.values.push(value.clone());
        self.missing.push(missing);
    }

    /// Value and missing flag of the fact with a code; codes that no entry has leave no witness.
    fn look_up(&self, system: &System, code: &Wire) -> (Wire, Wire) {
        let position = self.codes.iter().position(|entry| entry.value() == code.value()).unwrap_or(0);
        let log2 = self.codes.len().next_power_of_two().trailing_zeros() as usize;
        let bits: Vec<Wire> =
            (0..log2).map(|i| super::gadget::hinted_bit(system, position >> i & 1 == 1)).collect();
        system.equal(&pick(&bits, &self.codes), code);
        (pick(&bits, &self.values), pick(&bits, &self.missing))
    }
}

/// Truth and missing flag of a predicate.
fn evaluate(system: &System, facts: &FactWires, predicate: &PredicateWires) -> (Wire, Wire) {
    let (left, left_missing) = facts.look_up(system, &predicate.left);
    let (right, right_missing) = facts.look_up(system, &predicate.right);
    let right = predicate.is_fact.times(&right).plus(&predicate.difference);
    let missing = or(&left_missing, &predicate.is_fact.times(&right_missing));
    // raw values are within 2^65, the difference of bases within 2^66
    let equal = is_zero(system, &left.minus(&right));
    let below = less(system, &left, &right, 68);
    let at_most = below.plus(&equal);
    let outcomes = [equal.clone(), not(&equal), below.clone(), at_most.clone(), not(&at_most), not(&below)];
    (inner(&predicate.comparison, &outcomes), missing)
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
