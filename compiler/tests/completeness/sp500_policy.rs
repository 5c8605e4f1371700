//! The S&P 500 agent under rules: denials with reasons, abstentions, and a principal who moves.

use crate::support::fixture;
use crate::support::sp500_policy::{
    ARRIVES_IN_US, BEGIN, END, LAPSES, LEAVES_DE, RENEWED, SERIES, Series, attestation, credentials,
    credentials_text, series,
};
use candor_compiler::{AgentSource, SourceFile, Vocabulary, analysis};
use candor_program::decision::Assessment;
use candor_program::evidence::Evidence;
use candor_program::policy::{Fact, Outcome};
use candor_trace::evidence::credentials_from_json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

/// A golden file of the fixture. Remade by `CANDOR_GOLDEN=write cargo test -p candor-compiler --test completeness sp500_policy`.
fn golden(name: &str, text: &str) {
    let path = fixture("sp500-policy").join(name);
    if std::env::var("CANDOR_GOLDEN").is_ok_and(|golden| golden == "write") {
        fs::write(&path, text).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), text, "{name}");
}

#[test]
fn the_attestations_are_the_attesters() {
    let path = fixture("sp500-policy/attestations.json");
    if std::env::var("CANDOR_GOLDEN").is_ok_and(|golden| golden == "write") {
        fs::write(&path, credentials_text()).unwrap();
    }
    // The order of a JSON object's keys says nothing.
    let read = credentials_from_json(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(read, credentials());
}

/// What make.py wrote: ten days of the data, half an hour and two hours later; and the features of ../sp500/agent.toml.
#[test]
fn the_files_are_those_of_the_data() {
    let read = |file: &str| fs::read_to_string(fixture(file)).unwrap();
    let time_of = |line: &str| line[r#"{"time":"#.len()..].split(',').next().unwrap().parse::<u64>().unwrap();
    let (days, again) = (read("sp500/observations.jsonl"), read("sp500-policy/again.jsonl"));
    let lines: Vec<&str> = again.lines().collect();
    assert_eq!(lines.len(), 20);
    for pair in lines.chunks(2) {
        let close = time_of(pair[0]) - 1_800;
        let day = days.lines().find(|line| time_of(line) == close).unwrap();
        let later = |by: u64| day.replacen(&close.to_string(), &(close + by).to_string(), 1);
        assert_eq!(pair, [later(1_800), later(7_200)]);
    }
    let features = |file: &str| {
        let text = read(file);
        let (from, to) = ("# EIP-712 domain of the records", "# What the model's outputs mean");
        text[text.find(from).unwrap()..text.find(to).unwrap()].to_owned()
    };
    assert_eq!(features("sp500-policy/agent.toml"), features("sp500/agent.toml"));
}

/// Year, jurisdiction, verdict and reason, and how many records.
#[test]
fn the_days_are_decided_as_ever() {
    let card = &SERIES.program.card;
    let words = Vocabulary::of(card);
    let mut counts: BTreeMap<(u64, String, String), usize> = BTreeMap::new();
    for (_, _, assessment) in SERIES.run() {
        let jurisdiction = assessment.evidence[0].value.map(|value| words.show(Fact::Evidence(0), value));
        let verdict = assessment.verdict;
        let outcome = format!("{:?}", verdict.outcome).to_lowercase();
        let reason = card.policy.reason_name(verdict.reason);
        let verdict = if outcome == reason { outcome } else { format!("{outcome}: {reason}") };
        // Days of a year of 365.2425.
        let year = 1970 + assessment.time / 31_556_952;
        *counts.entry((year, jurisdiction.unwrap_or("none".into()), verdict)).or_default() += 1;
    }
    let mut text = String::from("year  jurisdiction  verdict                          records\n");
    for ((year, jurisdiction, verdict), records) in counts {
        writeln!(text, "{year}  {jurisdiction:<12}  {verdict:<32} {records:>7}").unwrap();
    }
    golden("days.txt", &text);
}

#[test]
fn records_show_every_kind_of_verdict() {
    let card = &SERIES.program.card;
    let records = SERIES.run();
    let seen = |name: &str| {
        let reason = |(_, _, a): &&(_, _, Assessment)| card.policy.reason_name(a.verdict.reason) == name;
        records.iter().filter(reason).count()
    };
    for reason in [
        "abstained",
        "could not evaluate",
        "permitted-in-DE",
        "permitted-in-US",
        "exposure-in-DE",
        "order-size-in-DE",
        "no-short-sale-in-DE",
        "min-interval",
        "max-notional-per-day",
        "dead-band",
        "max-position-SPX",
    ] {
        assert!(seen(reason) > 0, "{reason}");
    }
    // Nothing is executed while it is not known where the principal is.
    for (_, evidence, assessment) in &records {
        let gaps = [LEAVES_DE..ARRIVES_IN_US, LAPSES..RENEWED];
        let between = gaps.iter().any(|gap| gap.contains(&assessment.time));
        assert_eq!(evidence.0[0].is_none(), between);
        assert!(!between || assessment.verdict.outcome != Outcome::Permitted);
    }
    assert!(records.iter().all(|(_, _, a)| (BEGIN..END).contains(&a.time)));
    // Every executed amount stands in the position, and the position within its limits.
    let mut position = 0;
    for (_, _, assessment) in &records {
        if assessment.verdict.outcome == Outcome::Permitted {
            position += assessment.requested.amount;
        }
        let held = SERIES.program.card.registers.iter().position(|register| register.name == "position_SPX");
        assert_eq!(assessment.state_after.registers[held.unwrap()], position);
        assert!((-100_000_000..=100_000_000).contains(&position));
        assert!(assessment.time >= LEAVES_DE || (0..=50_000_000).contains(&position));
    }
}

/// The evening of the move: three times the same request on the same registers and the same market, and three verdicts.
#[test]
fn a_permission_changes_in_the_series_without_anything_else() {
    let card = &SERIES.program.card;
    let day = LEAVES_DE - LEAVES_DE % 86_400;
    let records = SERIES.run().into_iter().zip(&SERIES.days);
    let evening: Vec<_> = records.filter(|(_, asked)| (day..day + 86_400).contains(&asked.time)).collect();
    let reasons: Vec<&str> =
        evening.iter().map(|((_, _, a), _)| card.policy.reason_name(a.verdict.reason)).collect();
    assert_eq!(reasons, ["exposure-in-DE", "could not evaluate", "permitted-in-US"]);
    let ((state, _, first), asked) = &evening[0];
    for ((before, _, assessment), again) in &evening {
        assert_eq!((assessment.requested, &before.registers), (first.requested, &state.registers));
        assert_eq!((&again.input, &again.outputs), (&asked.input, &asked.outputs));
    }
    // Neither is it the time: with the first statement still there, the last is denied as the first was.
    let stays = attestation("jurisdiction", 276, "DE", BEGIN, END);
    let revocation = attestation("revocation", BEGIN as i64, "", BEGIN, END);
    let ((state, _, last), asked) = &evening[2];
    let stays = SERIES.wallet(vec![stays, revocation]).at(card, asked.time).evidence;
    let verdict = SERIES.assess(asked, state, &stays, last.sequence).verdict;
    assert_eq!(card.policy.reason_name(verdict.reason), "exposure-in-DE");
}

#[test]
fn moving_changes_the_permission_and_nothing_else() {
    let card = &SERIES.program.card;
    let elsewhere = |time| {
        let us = attestation("jurisdiction", 840, "US", BEGIN, END);
        let revocation = attestation("revocation", BEGIN as i64, "", BEGIN, END);
        SERIES.wallet(vec![us, revocation]).at(card, time).evidence
    };
    let mut changed = BTreeMap::<&str, usize>::new();
    for ((state, evidence, assessment), day) in SERIES.run().into_iter().zip(&SERIES.days) {
        let reason = card.policy.reason_name(assessment.verdict.reason);
        if !["exposure-in-DE", "order-size-in-DE", "no-short-sale-in-DE"].contains(&reason) {
            continue;
        }
        let there = SERIES.assess(day, &state, &elsewhere(day.time), assessment.sequence);
        if there.verdict.outcome == Outcome::Permitted {
            *changed.entry(reason).or_default() += 1;
            assert_eq!(card.policy.reason_name(there.verdict.reason), "permitted-in-US");
            assert_eq!((there.requested, there.registers), (assessment.requested, assessment.registers));
            // And back again.
            let here = SERIES.assess(day, &state, &evidence, assessment.sequence);
            assert_eq!(here.verdict, assessment.verdict);
        }
        let nowhere = SERIES.assess(day, &state, &Evidence::none(&card.evidence), assessment.sequence);
        assert_eq!(card.policy.reason_name(nowhere.verdict.reason), "could not evaluate");
    }
    // Exposure, order size and short sales: in each the two jurisdictions permit something else.
    assert_eq!(changed.len(), 3, "{changed:?}");
}

#[test]
fn the_report_lists_what_limits_became() {
    for line in [
        "forbid max-order: action.magnitude > 250000.00 (limits.max_order)",
        "forbid order-size-in-DE: evidence.jurisdiction == DE, action.magnitude > 200000.00, feature.volatility_20d > 0.010000",
        "forbid min-interval: elapsed.last_execution < 3600 (limits.min_interval)",
        "forbid max-notional-per-day: after.notional_in_day > 250000.00 (limits.max_notional_per_day)",
        "forbid max-position-SPX-long: after.position_SPX > 1000000.00 (limits.max_position.SPX)",
        "forbid dead-band: change.last_signal < 800 (limits.dead_band)",
        "permit may-trade-in-DE: evidence.jurisdiction == DE\n",
        "evidence jurisdiction: attester ed25519:0x3ef08959",
    ] {
        assert!(SERIES.report.contains(line), "{line}\n{}", SERIES.report);
    }
    let class = &SERIES.program.card.class;
    assert_eq!((class.policy_size, class.state_size, class.evidence_size), (16, 4, 4));
}

#[test]
fn the_same_rules_in_cedar_decide_every_day_alike() {
    let mut source = AgentSource::read(&fixture("sp500-policy/agent.toml")).unwrap();
    let text = String::from_utf8(source.manifest.bytes).unwrap();
    let (rules, rest) = (text.find("[[policy.rules]]").unwrap(), text.find("[transaction]").unwrap());
    let text = format!("{}[policy]\ncedar = \"policy.cedar\"\n{}", &text[..rules], &text[rest..]);
    source.manifest.bytes = text.into();
    let bytes = fs::read(fixture("sp500-policy/policy.cedar")).unwrap();
    source.policy = Some(SourceFile { path: "policy.cedar".into(), bytes });
    let cedar = series(&source);
    assert!(cedar.report.contains("(policy.cedar:"), "{}", cedar.report);
    let names = |series: &Series| {
        let policy = &series.program.card.policy;
        let verdict = |(_, _, assessment): (_, _, Assessment)| {
            let rule = assessment.verdict.rule.map(|rule| policy.rules[usize::from(rule)].name.clone());
            let reason = policy.reason_name(assessment.verdict.reason).to_owned();
            (assessment.verdict.outcome, rule, reason, assessment.state_after)
        };
        series.run().into_iter().map(verdict).collect::<Vec<_>>()
    };
    assert_eq!(names(&cedar), names(&SERIES));
}

#[test]
fn every_case_gets_the_verdict_that_it_must() {
    let card = &SERIES.program.card;
    let text = fs::read_to_string(fixture("sp500-policy/cases.toml")).unwrap();
    let tested = analysis::test(card, analysis::read_cases(card, &text).unwrap());
    for result in &tested.results {
        let reason = card.policy.reason_name(result.assessment.verdict.reason);
        assert!(result.passed, "{}: {reason}", result.case.name);
    }
    assert_eq!(tested.results.len(), text.matches("[[cases]]").count());
    // No action of this agent is above its largest order.
    let uncovered: Vec<_> =
        tested.uncovered.iter().map(|rule| card.policy.rules[usize::from(*rule)].name.as_str()).collect();
    assert_eq!(uncovered, ["max-order"]);
}
