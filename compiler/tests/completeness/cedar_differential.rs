//! Tables made of Cedar policies against Cedar's own authorizer, on random policies and requests.
//!
//! `CANDOR_CAMPAIGN=full cargo test -p candor-compiler --test completeness cedar_differential` judges more than 10^5 requests.

use crate::support::Numbers;
use crate::support::cedar::{Judge, Values, card, schema};
use crate::support::cedar_generator::Generator;
use candor_compiler::cedar::{Compiled, compile};
use candor_program::policy::{Effect, Outcome, Table, reason};
use std::collections::BTreeMap;

/// Requests asked of one policy file.
const REQUESTS: usize = 20;

/// Makes a table wrong; whether it could.
type Change<'c> = &'c dyn Fn(&mut Table) -> bool;

/// What a campaign saw.
#[derive(Debug, Default)]
struct Tally {
    files: usize,
    refused: BTreeMap<String, usize>,
    requests: usize,
    permitted: usize,
    forbidden: usize,
    missing: usize,
    disagreements: Vec<String>,
}

/// Policy files until so many were compiled, each with requests; `change` is done to every table before.
fn campaign(files: usize, seed: u64, change: impl Fn(&mut Table) -> bool) -> Tally {
    let mut tally = Tally::default();
    let mut numbers = Numbers(seed);
    while tally.files < files {
        let plain = numbers.below(3) == 0;
        let (card, schema) = (card(plain), schema(plain));
        let source = Generator { schema: &schema, numbers: &mut numbers, plain }.file();
        let compiled = match compile(&source, &schema, 64) {
            Ok(compiled) => compiled,
            Err(error) => {
                *tally.refused.entry(crate::support::variant(&error.cause)).or_default() += 1;
                assert!(crate::support::variant(&error.cause) != "Syntax", "{error}\n{source}");
                continue;
            }
        };
        let Compiled { mut table, sources } = compiled;
        assert_eq!(table.rules.len(), sources.len());
        if !change(&mut table) {
            continue;
        }
        tally.files += 1;
        let judge = Judge::new(&source, &schema);
        for _ in 0..REQUESTS {
            let values = Values::draw(&card, &mut numbers);
            if let Err(difference) = compare(&table, &judge, &card, &schema, &values, &mut tally) {
                tally.disagreements.push(format!("{difference}\n{source}\n{table:?}\n{values:?}"));
            }
        }
    }
    tally
}

/// The table's verdict is Cedar's decision, for a reason of the first policy that determines it; where a fact that the table
/// uses is missing it denies, and where Cedar can be asked, Cedar does too.
fn compare(
    table: &Table,
    judge: &Judge,
    card: &candor_program::card::Card,
    schema: &candor_compiler::cedar::Schema,
    values: &Values,
    tally: &mut Tally,
) -> Result<(), String> {
    tally.requests += 1;
    let facts = values.facts();
    let verdict = table.verdict(&facts);
    let permitted = verdict.outcome == Outcome::Permitted;
    let answer = judge.ask(card, schema, values, 1);
    if answer.errors > 0 {
        return Err(format!("Cedar passed over a policy: {answer:?}"));
    }
    if verdict.reason == reason::COULD_NOT_EVALUATE {
        tally.missing += 1;
        // Attributes that must be there could be anything, and Cedar is not asked about such a request.
        let used = table.predicates.iter().flat_map(|predicate| predicate.facts());
        let must = |fact| {
            schema.attributes().any(|attribute| attribute.fact == fact && attribute.optional.is_none())
        };
        let mut missing = used.filter(|fact| facts.get(*fact).is_none()).peekable();
        if missing.peek().is_none() {
            return Err("could not evaluate, but every fact is there".into());
        }
        return if answer.permitted && !missing.any(must) {
            Err(format!("Cedar permits without the evidence: {answer:?}"))
        } else {
            Ok(())
        };
    }
    if permitted != answer.permitted {
        return Err(format!("table {verdict:?}, Cedar {answer:?}"));
    }
    let expected = answer.determining.first().map(|policy| judge.reason(*policy));
    let got = (verdict.reason != reason::DEFAULT_DENY).then(|| table.reason_name(verdict.reason).to_owned());
    tally.permitted += usize::from(permitted);
    tally.forbidden += usize::from(!permitted && got.is_some());
    if expected != got { Err(format!("reason {got:?}, Cedar's {expected:?}")) } else { Ok(()) }
}

fn files() -> usize {
    if std::env::var("CANDOR_CAMPAIGN").is_ok_and(|campaign| campaign == "full") { 6000 } else { 150 }
}

#[test]
fn a_table_answers_as_cedar_does() {
    let tally = campaign(files(), 1, |_| true);
    println!(
        "{} files, {} requests: {} permitted, {} forbidden by a policy, {} with a fact missing; refused: {:?}",
        tally.files, tally.requests, tally.permitted, tally.forbidden, tally.missing, tally.refused
    );
    assert_eq!(tally.disagreements.first(), None);
    // Every kind of answer is common.
    assert!(tally.requests == files() * REQUESTS);
    for kind in [tally.permitted, tally.forbidden, tally.missing] {
        assert!(kind * 40 > tally.requests, "{tally:?}");
    }
}

#[test]
fn a_changed_table_is_noticed() {
    let swapped = |table: &mut Table| {
        use candor_program::policy::Comparison::{Greater, GreaterOrEqual, Less, LessOrEqual};
        let mut changed = false;
        for predicate in &mut table.predicates {
            let other = match predicate.comparison {
                Less => LessOrEqual,
                LessOrEqual => Less,
                Greater => GreaterOrEqual,
                GreaterOrEqual => Greater,
                _ => continue,
            };
            (predicate.comparison, changed) = (other, true);
        }
        changed
    };
    let lost_forbid = |table: &mut Table| {
        let forbid = table.rules.iter().position(|rule| rule.effect == Effect::Forbid);
        forbid.map(|index| table.rules.remove(index)).is_some()
    };
    let turned = |table: &mut Table| {
        let rule = table.rules.iter_mut().find(|rule| rule.all_of != rule.none_of);
        rule.map(|rule| std::mem::swap(&mut rule.all_of, &mut rule.none_of)).is_some()
    };
    let reversed = |table: &mut Table| {
        table.rules.reverse();
        table.rules.len() > 1
    };
    let changes: [(&str, Change<'_>); 4] = [
        ("swapped comparison", &swapped),
        ("lost forbid", &lost_forbid),
        ("turned literals", &turned),
        ("reversed rules", &reversed),
    ];
    for (name, change) in changes {
        let tally = campaign(40, 2, change);
        assert!(!tally.disagreements.is_empty(), "{name} is not noticed");
    }
}
