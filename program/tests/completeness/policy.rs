//! The decision table, rule by rule and against a slower reading of its specification.

use crate::sample::{self, Numbers, predicate, rule};
use candor_program::evidence::{Defect, Standing};
use candor_program::head::Action;
use candor_program::policy::{
    Comparison, Effect, Fact, Facts, Operand, Outcome, PolicyVerdict, Predicate, Rule, Table,
};

const ACT: Action = Action { code: 2, abstain: false, amount: -250, asset: 7, venue: 9 };
const FEATURES: [i64; 2] = [5, -5];
const OUTPUTS: [i32; 2] = [i32::MIN, 8];
const REGISTERS: [i64; 2] = [100, 2_000];
const AFTER: [Option<i64>; 2] = [Some(40), None];
const EVIDENCE: [Standing; 3] = [
    Standing { value: Some(276), issued: Some(900), defect: None },
    Standing { value: Some(-1), issued: None, defect: Some(Defect::Expired) },
    Standing { value: None, issued: None, defect: Some(Defect::Absent) },
];

fn facts() -> Facts<'static> {
    Facts {
        action: ACT,
        time: 1_000,
        sequence: 3,
        features: &FEATURES,
        outputs: &OUTPUTS,
        registers: &REGISTERS,
        after: &AFTER,
        evidence: &EVIDENCE,
    }
}

fn table(predicates: Vec<Predicate>, rules: Vec<Rule>) -> Table {
    Table {
        predicates,
        rules,
        reasons: vec![sample::reason(16, "sixteen", "do this"), sample::reason(17, "other", "")],
    }
}

fn always() -> Predicate {
    predicate(Fact::Sequence, Comparison::Equal, Operand::Constant(3))
}

fn never() -> Predicate {
    predicate(Fact::Sequence, Comparison::NotEqual, Operand::Constant(3))
}

fn verdict(outcome: Outcome, reason: u16, rule: Option<u8>) -> PolicyVerdict {
    PolicyVerdict { outcome, reason, rule }
}

#[test]
fn facts_are_what_they_name() {
    for (fact, expected) in [
        (Fact::ActionCode, Some(2)),
        (Fact::ActionAmount, Some(-250)),
        (Fact::ActionMagnitude, Some(250)),
        (Fact::ActionAsset, Some(7)),
        (Fact::ActionVenue, Some(9)),
        (Fact::Time, Some(1_000)),
        (Fact::Sequence, Some(3)),
        (Fact::Feature(1), Some(-5)),
        (Fact::Feature(2), None),
        (Fact::Register(0), Some(100)),
        (Fact::Register(2), None),
        (Fact::Elapsed(0), Some(900)),
        (Fact::Elapsed(1), None),
        (Fact::Elapsed(2), None),
        (Fact::Output(0), Some(i32::MIN.into())),
        (Fact::Output(1), Some(8)),
        (Fact::Output(2), None),
        (Fact::After(0), Some(40)),
        (Fact::After(1), None),
        (Fact::After(2), None),
        (Fact::Change(0), Some(60)),
        (Fact::Change(1), None),
        (Fact::Evidence(0), Some(276)),
        (Fact::Evidence(1), Some(-1)),
        (Fact::Evidence(2), None),
        (Fact::Evidence(3), None),
        (Fact::Present(0), Some(1)),
        (Fact::Present(1), Some(0)),
        (Fact::Present(2), Some(0)),
        (Fact::Present(3), None),
        (Fact::Issued(0), Some(900)),
        (Fact::Issued(1), None),
    ] {
        assert_eq!(facts().get(fact), expected, "{fact:?}");
    }
    let late = Facts { time: u64::MAX, sequence: u64::MAX, registers: &[i64::MIN], ..facts() };
    assert_eq!([Fact::Time, Fact::Sequence, Fact::Elapsed(0)].map(|fact| late.get(fact)), [None; 3]);
    let overflowing = Facts { time: 1, registers: &[i64::MIN], ..facts() };
    assert_eq!(overflowing.get(Fact::Elapsed(0)), None);
    let far = Facts { registers: &[i64::MIN, -1], after: &[Some(0), Some(i64::MAX - 1)], ..facts() };
    assert_eq!([Fact::Change(0), Fact::Change(1)].map(|fact| far.get(fact)), [None, Some(i64::MAX)]);
    let lowest = Action { amount: i64::MIN, ..ACT };
    assert_eq!(Facts { action: lowest, ..facts() }.get(Fact::ActionMagnitude), None);
    let equal = Facts { time: 100, ..facts() };
    assert_eq!(equal.get(Fact::Elapsed(0)), Some(0));
}

#[test]
fn comparisons_are_the_usual_ones() {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let all = [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
    let holds = |left, right| all.map(|comparison| comparison.holds(left, right));
    assert_eq!(holds(1, 1), [true, false, false, true, false, true]);
    assert_eq!(holds(i64::MIN.into(), i64::MAX.into()), [false, true, true, true, false, false]);
    assert_eq!(holds(2, -1), [false, true, false, false, true, true]);
}

#[test]
fn nothing_matches_is_denied() {
    assert_eq!(table(vec![], vec![]).verdict(&facts()), verdict(Outcome::Denied, 1, None));
    let rules = vec![rule("p", Effect::Permit, 1, 0, 16), rule("f", Effect::Forbid, 1, 0, 17)];
    assert_eq!(table(vec![never()], rules).verdict(&facts()), verdict(Outcome::Denied, 1, None));
}

#[test]
fn a_forbid_overrides_every_permit() {
    let rules = vec![rule("p", Effect::Permit, 1, 0, 16), rule("f", Effect::Forbid, 1, 0, 17)];
    assert_eq!(table(vec![always()], rules).verdict(&facts()), verdict(Outcome::Denied, 17, Some(1)));
}

#[test]
fn the_first_of_an_effect_decides() {
    let rules = vec![
        rule("no", Effect::Permit, 0b10, 0, 17),
        rule("first", Effect::Permit, 0b01, 0b10, 16),
        rule("second", Effect::Permit, 0, 0, 17),
    ];
    let table = table(vec![always(), never()], rules);
    assert_eq!(table.verdict(&facts()), verdict(Outcome::Permitted, 16, Some(1)));
}

#[test]
fn a_rule_without_predicates_matches() {
    let table = table(vec![], vec![rule("p", Effect::Permit, 0, 0, 16)]);
    assert_eq!(table.verdict(&facts()), verdict(Outcome::Permitted, 16, Some(0)));
}

#[test]
fn contradictory_masks_never_match() {
    let table = table(vec![always()], vec![rule("p", Effect::Permit, 1, 1, 16)]);
    assert_eq!(table.verdict(&facts()), verdict(Outcome::Denied, 1, None));
}

#[test]
fn abstaining_asks_no_rule() {
    let facts = Facts { action: Action { code: 1, abstain: true, amount: 0, asset: 0, venue: 0 }, ..facts() };
    let forbid = table(vec![always()], vec![rule("f", Effect::Forbid, 1, 0, 17)]);
    assert_eq!(forbid.verdict(&facts), verdict(Outcome::Abstained, 0, None));
    let missing = predicate(Fact::Feature(9), Comparison::Equal, Operand::Constant(0));
    let missing = table(vec![missing], vec![rule("f", Effect::Forbid, 1, 0, 17)]);
    assert_eq!(missing.verdict(&facts), verdict(Outcome::Abstained, 0, None));
}

#[test]
fn every_missing_fact_denies() {
    let missing =
        [Fact::Feature(2), Fact::Register(2), Fact::Elapsed(1), Fact::Elapsed(2), Fact::Time, Fact::Sequence];
    let facts = Facts { time: u64::MAX, sequence: u64::MAX, ..facts() };
    let present = Fact::ActionCode;
    for fact in missing {
        let left = predicate(fact, Comparison::Equal, Operand::Constant(0));
        let right = predicate(present, Comparison::Equal, fact.into());
        let code = predicate(present, Comparison::Equal, Operand::Constant(2));
        for lacking in [left, right] {
            for (all_of, none_of) in [(0b10, 0), (0, 0b10), (0b11, 0)] {
                for effect in [Effect::Permit, Effect::Forbid] {
                    // The lacking rule comes after a matching forbid and permit: nothing hides it.
                    let rules = vec![
                        rule("f", Effect::Forbid, 1, 0, 17),
                        rule("p", Effect::Permit, 0, 0, 16),
                        rule("lacking", effect, all_of, none_of, 16),
                        rule("lacking too", effect, all_of, none_of, 16),
                    ];
                    let table = table(vec![code, lacking], rules);
                    assert_eq!(table.verdict(&facts), verdict(Outcome::Denied, 2, Some(2)), "{fact:?}");
                }
            }
        }
    }
}

#[test]
fn a_missing_fact_that_no_rule_uses_does_not_matter() {
    let missing = predicate(Fact::Feature(9), Comparison::Equal, Operand::Constant(0));
    let table = table(vec![missing, always()], vec![rule("p", Effect::Permit, 0b10, 0, 16)]);
    assert_eq!(table.verdict(&facts()), verdict(Outcome::Permitted, 16, Some(0)));
}

#[test]
fn a_bit_without_a_predicate_denies() {
    let table = table(vec![always()], vec![rule("p", Effect::Permit, 1 << 63, 0, 16)]);
    assert_eq!(table.verdict(&facts()), verdict(Outcome::Denied, 2, Some(0)));
}

#[test]
fn reasons_are_named() {
    let table = table(vec![], vec![]);
    assert_eq!(
        [0, 1, 2, 16, 40].map(|code| table.reason_name(code)),
        ["abstained", "no rule permits it", "could not evaluate", "sixteen", "unknown reason"]
    );
    assert_eq!(table.remedy(16), Some("do this"));
    assert_eq!([0, 17, 40].map(|code| table.remedy(code)), [None; 3]);
    assert!(table.remedy(1).is_some() && table.remedy(2).is_some());
}

#[test]
fn words_hold_outcome_reason_and_rule() {
    assert_eq!(verdict(Outcome::Abstained, 0, None).word(), 0);
    assert_eq!(verdict(Outcome::Denied, 1, None).word(), 0x102);
    assert_eq!(verdict(Outcome::Permitted, 16, Some(0)).word(), 0x0100_1001);
    assert_eq!(verdict(Outcome::Denied, u16::MAX, Some(63)).word(), 0x40ff_ff02);
}

/// The specification read word by word: three lists instead of masks.
fn slowly(table: &Table, facts: &Facts<'_>) -> PolicyVerdict {
    if facts.action.abstain {
        return verdict(Outcome::Abstained, 0, None);
    }
    let value = |index: usize| table.predicates.get(index).and_then(|predicate| predicate.holds(facts));
    let uses =
        |rule: &Rule| (0..64).filter(|bit| (rule.all_of | rule.none_of) >> bit & 1 == 1).collect::<Vec<_>>();
    let position = |wanted: &dyn Fn(&Rule) -> bool| table.rules.iter().position(wanted);
    if let Some(rule) = position(&|rule| uses(rule).iter().any(|bit| value(*bit).is_none())) {
        return verdict(Outcome::Denied, 2, Some(rule as u8));
    }
    let matching = |rule: &Rule| {
        (0..64).all(|bit| rule.all_of >> bit & 1 == 0 || value(bit) == Some(true))
            && (0..64).all(|bit| rule.none_of >> bit & 1 == 0 || value(bit) == Some(false))
    };
    if let Some(rule) = position(&|rule| rule.effect == Effect::Forbid && matching(rule)) {
        return verdict(Outcome::Denied, table.rules[rule].reason, Some(rule as u8));
    }
    if let Some(rule) = position(&|rule| rule.effect == Effect::Permit && matching(rule)) {
        return verdict(Outcome::Permitted, table.rules[rule].reason, Some(rule as u8));
    }
    verdict(Outcome::Denied, 1, None)
}

fn random_fact(numbers: &mut Numbers) -> Fact {
    match numbers.next() % 20 {
        0 => Fact::ActionCode,
        1 => Fact::ActionAmount,
        2 => Fact::Time,
        3 => Fact::Sequence,
        n @ 4..=7 => Fact::Feature((n % 2) as u16),
        n @ 8..=10 => Fact::Register((n % 2) as u16),
        11 => Fact::Elapsed(0),
        12 => Fact::After((numbers.next() % 8 / 7) as u16),
        13 => Fact::Change(0),
        14 => Fact::Evidence((numbers.next() % 17 / 8) as u16),
        15 => Fact::Present((numbers.next() % 3) as u16),
        16 => Fact::Issued(0),
        17 => Fact::Output((numbers.next() % 2) as u16),
        18 => Fact::Elapsed((numbers.next() % 2) as u16),
        _ => Fact::Feature((numbers.next() % 3) as u16),
    }
}

#[test]
fn random_tables_are_read_as_specified() {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let mut numbers = Numbers(5);
    let mut seen = std::collections::BTreeMap::<u16, u32>::new();
    for _ in 0..50_000 {
        let size = if numbers.chance(10) { 64 } else { numbers.between(1, 6) };
        let mask =
            |numbers: &mut Numbers| (0..3).fold(0, |mask, _| mask | 1_u64 << numbers.between(0, size - 1));
        let predicates = (0..size).map(|_| {
            let fact = random_fact(&mut numbers);
            let comparison =
                [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual][(numbers.next() % 6) as usize];
            let operand = match numbers.chance(3) {
                true => Operand::Fact { fact: random_fact(&mut numbers), offset: numbers.between(-2, 2) },
                false => Operand::Constant([5, -5, 0, 3, 1_000, i64::MIN][(numbers.next() % 6) as usize]),
            };
            predicate(fact, comparison, operand)
        });
        let predicates: Vec<_> = predicates.collect();
        let rules: Vec<_> = (0..numbers.between(0, 6))
            .map(|index| {
                let effect = if numbers.chance(3) { Effect::Forbid } else { Effect::Permit };
                let all_of = if numbers.chance(4) { 0 } else { mask(&mut numbers) };
                let none_of = if numbers.chance(2) { 0 } else { mask(&mut numbers) };
                rule("rule", effect, all_of, none_of, 16 + index as u16)
            })
            .collect();
        let table = table(predicates, rules);
        let expected = slowly(&table, &facts());
        assert_eq!(table.verdict(&facts()), expected, "{table:?}");
        *seen.entry(expected.reason).or_default() += 1;
    }
    assert!(
        (1..=2).chain(16..=20).all(|reason| seen.get(&reason).is_some_and(|count| *count > 100)),
        "{seen:?}"
    );
}
