//! What is explained is true: it is tried out on small random cards.

mod generate;

use crate::sample::Numbers;
use candor_program::card::Card;
use candor_program::evidence::Statement;
use candor_program::explain::{Budget, Change, Request, Side, When, budgets, explain, when};
use candor_program::limits;
use candor_program::policy::{Fact, Outcome, reason};
use generate::SMALL;

/// Every time of a small request's future up to here is tried.
const HORIZON: u64 = 300;
const CARDS: u64 = 6_000;

fn sample(seed: u64) -> (Card, Request) {
    let mut numbers = Numbers(seed);
    let card = generate::card(&mut numbers);
    let request = generate::request(&mut numbers, &card);
    (card, request)
}

fn at(request: &Request, time: u64) -> Request {
    Request { time, ..request.clone() }
}

/// Every change of one thing that a small card allows, times aside.
fn single_changes(card: &Card, request: &Request) -> Vec<Change> {
    let mut changes = Vec::new();
    for (code, action) in (0..).zip(card.head.actions()) {
        if !action.abstain && code != request.action.code {
            changes.push(Change::Action { code });
        }
    }
    for (slot, declared) in (0..).zip(&card.evidence) {
        let named: Vec<i64> = declared.values.iter().map(|value| value.value).collect();
        let values = if named.is_empty() { (-2 * SMALL..3 * SMALL).collect() } else { named };
        for value in values {
            for issued in 0..=request.time {
                let statement = Some(Statement { value, issued, expires: limits::TIME - 1 });
                changes.push(Change::Statement { slot, statement });
            }
        }
        changes.push(Change::Statement { slot, statement: None });
    }
    changes
}

#[test]
fn the_earliest_time_is_the_earliest() {
    let (mut found, mut never, mut ends) = (0, 0, 0);
    for seed in 0..CARDS {
        let (card, request) = sample(seed);
        let judged = |time| at(&request, time).is_permitted(&card);
        let all = request.time..request.time + HORIZON;
        match when(&card, &request) {
            When::Now { until } => {
                assert!(judged(request.time), "seed {seed}");
                let first = all.clone().find(|time| !judged(*time));
                assert_eq!(until.filter(|time| all.contains(time)), first, "seed {seed}");
                assert!(until.is_none_or(|time| !judged(time) && judged(time - 1)), "seed {seed}");
                ends += u64::from(until.is_some());
            }
            When::At { time } => {
                assert!(judged(time) && !judged(time - 1), "seed {seed}");
                assert!(all.clone().all(|earlier| earlier >= time || !judged(earlier)), "seed {seed}");
                found += 1;
            }
            When::Never => {
                assert!(all.clone().all(|time| !judged(time)), "seed {seed}");
                never += 1;
            }
        }
    }
    assert!(found > 200 && never > 200 && ends > 50, "{found} {never} {ends}");
}

#[test]
fn every_remedy_flips_the_verdict_and_none_of_it_can_be_left_out() {
    let (mut told, mut sizes) = (0, [0; 4]);
    for seed in 0..CARDS {
        let (card, request) = sample(seed);
        let explanation = explain(&card, &request).unwrap();
        if explanation.assessment.verdict.outcome != Outcome::Denied {
            assert!(explanation.remedies.found.is_empty());
            continue;
        }
        for remedy in &explanation.remedies.found {
            told += 1;
            sizes[remedy.len()] += 1;
            assert!(request.with_all(&card, remedy).unwrap().is_permitted(&card), "seed {seed}");
            for left_out in 0..remedy.len() {
                let mut fewer = remedy.clone();
                fewer.remove(left_out);
                assert!(!request.with_all(&card, &fewer).unwrap().is_permitted(&card), "seed {seed}");
            }
        }
    }
    assert!(told > 1_000 && sizes[2] > 100 && sizes[3] > 10, "{told} {sizes:?}");
}

#[test]
fn where_one_change_is_enough_it_is_found_and_the_nearest() {
    let mut found = 0;
    for seed in 0..CARDS / 20 {
        let (card, request) = sample(seed);
        if request.is_permitted(&card) {
            continue;
        }
        let remedies = explain(&card, &request).unwrap().remedies.found;
        let flips =
            |change: &Change| request.with(&card, change).is_some_and(|changed| changed.is_permitted(&card));
        let handle = |change: &Change| match change {
            Change::Action { .. } => 0,
            Change::Time { .. } => 1,
            Change::Statement { slot, .. } => 2 + usize::from(*slot),
            Change::Feature { .. } => 9,
        };
        let mut enough: Vec<usize> =
            single_changes(&card, &request).iter().filter(|change| flips(change)).map(handle).collect();
        let later = (request.time..request.time + HORIZON).map(|time| Change::Time { time });
        enough.extend(later.filter(flips).map(|change| handle(&change)));
        enough.sort_unstable();
        enough.dedup();
        let mut told: Vec<usize> = match remedies.first() {
            Some(remedy) if remedy.len() == 1 => remedies.iter().map(|remedy| handle(&remedy[0])).collect(),
            _ => Vec::new(),
        };
        told.retain(|handle| *handle != 9);
        // A time beyond what is tried here is told all the same.
        told.retain(|handle| *handle != 1 || enough.contains(&1));
        told.sort_unstable();
        assert_eq!(told, enough, "seed {seed}");
        found += enough.len();
        if !enough.is_empty() {
            continue;
        }
        // Features only where nothing else is enough, and then the nearest value.
        for index in 0..card.features.len() as u16 {
            let now = i64::from(request.features[usize::from(index)]) - SMALL;
            let values = (-SMALL..=SMALL).filter(|value| flips(&Change::Feature { index, value: *value }));
            let nearest = values.map(|value| value.abs_diff(now)).min();
            let told = remedies.iter().find_map(|remedy| match remedy[..] {
                [Change::Feature { index: told, value }] if told == index => Some(value.abs_diff(now)),
                _ => None,
            });
            assert_eq!(told, nearest, "seed {seed}");
        }
    }
    assert!(found > 50, "{found}");
}

#[test]
fn readings_are_those_of_the_deciding_rule() {
    let (mut missing, mut denied) = (0, 0);
    for seed in 0..CARDS {
        let (card, request) = sample(seed);
        let explanation = explain(&card, &request).unwrap();
        let verdict = explanation.assessment.verdict;
        if let Some(rule) = verdict.rule {
            assert_eq!(explanation.rules.len(), 1);
            assert_eq!(explanation.rules[0].rule, rule);
            let absent = explanation.facts.iter().any(|reading| reading.value.is_err());
            assert_eq!(absent, verdict.reason == reason::COULD_NOT_EVALUATE, "seed {seed}");
            assert_eq!(explanation.rules[0].matches(), !absent, "seed {seed}");
            missing += u64::from(absent);
        } else if verdict.reason == reason::DEFAULT_DENY {
            assert!(explanation.rules.iter().all(|rule| !rule.matches()));
            denied += 1;
        } else if verdict.reason == reason::COULD_NOT_EVALUATE {
            assert!(!explanation.untold.is_empty() && explanation.rules.iter().all(|rule| rule.matches()));
        }
        for reading in &explanation.facts {
            assert_eq!(reading.value.ok(), explanation.assessment.facts().get(reading.fact), "seed {seed}");
        }
    }
    assert!(missing > 100 && denied > 100, "{missing} {denied}");
}

/// A condition changes exactly when it is said to, and what is left is what is left.
#[test]
fn budgets_are_what_is_left() {
    let (mut changing, mut left, mut renewed) = (0, 0, 0);
    for seed in 0..CARDS / 4 {
        let (card, request) = sample(seed);
        let told = budgets(&card, &request.state, &request.evidence, request.time);
        for Budget { register, predicate, fact, side, used, extent, renews, changes, .. } in told {
            let predicate = card.policy.predicates[usize::from(predicate)];
            let holds = |time| predicate.holds(&at(&request, time).assess(&card).unwrap().facts());
            if let Some(time) = changes {
                changing += 1;
                assert!(holds(time) != holds(request.time) && holds(time - 1) == holds(request.time));
            }
            let known = predicate.facts().all(|fact| {
                !matches!(
                    fact,
                    Fact::ActionCode
                        | Fact::ActionAmount
                        | Fact::ActionMagnitude
                        | Fact::ActionAsset
                        | Fact::Feature(_)
                        | Fact::Output(_)
                        | Fact::Sequence
                        | Fact::After(_)
                        | Fact::Change(_)
                )
            });
            if known && changes.is_none() {
                let now = holds(request.time);
                assert!((request.time..request.time + HORIZON).all(|time| holds(time) == now), "seed {seed}");
            }
            if let Some(time) = renews {
                renewed += 1;
                let window =
                    &card.windows[usize::from(card.registers[usize::from(register)].window.unwrap())];
                assert_eq!(window.number(time), window.number(request.time) + 1);
                assert_eq!(window.number(time - 1), window.number(request.time));
            }
            let Some((used, extent)) = used.zip(extent) else { continue };
            if let (Some(distance), Fact::Register(_) | Fact::Elapsed(_)) = (extent.left, fact) {
                left += 1;
                let within = match side {
                    Side::AtMost => i128::from(used) <= extent.bound,
                    Side::AtLeast => i128::from(used) >= extent.bound,
                    Side::Exactly | Side::Except => unreachable!("has no distance"),
                };
                assert_eq!(within, distance >= 0, "seed {seed}");
            }
        }
    }
    assert!(changing > 100 && left > 500 && renewed > 100, "{changing} {left} {renewed}");
}
