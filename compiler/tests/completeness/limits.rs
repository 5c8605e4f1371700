//! `[limits]`: what each becomes, and that it forbids at one step beyond and not before.

use crate::support::{model, node, setup, source, trading};
use candor_compiler::{Lowered, Vocabulary, lower};
use candor_program::card::Card;
use candor_program::decision::{DecisionInput, decide};
use candor_program::evidence::{Evidence, Statement};
use candor_program::policy::Outcome;
use candor_program::state::State;

/// The trading agent with limits and nothing else: 100.50 a sale of SPX at X1 or a purchase of NDX at X2.
fn limited(limits: &str) -> Lowered {
    let text = trading();
    let (state, evidence) = (text.find("[[windows]]").unwrap(), text.find("[[evidence]]").unwrap());
    let (policy, rest) = (text.find("[[policy.rules]]").unwrap(), text.find("[transaction]").unwrap());
    let text = format!("{}{}[limits]\n{limits}\n{}", &text[..state], &text[evidence..policy], &text[rest..]);
    let model = model(2, 2, vec![node("Identity", &["x"], "y")], vec![]);
    lower(&source(&text, model), &setup()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Decisions one after another.
struct Agent {
    card: Card,
    state: State,
    sequence: u64,
    evidence: Evidence,
}

const SELL: [i32; 2] = [1, 0];
const BUY: [i32; 2] = [0, 1];

impl Agent {
    fn new(limits: &str) -> Self {
        let card = limited(limits).card;
        let (state, evidence) = (State::initial(&card.registers), Evidence::none(&card.evidence));
        Self { card, state, sequence: 0, evidence }
    }

    /// Name of the verdict's reason.
    fn decide(&mut self, outputs: [i32; 2], features: [u16; 2], time: u64) -> String {
        let input = DecisionInput {
            card: &self.card,
            features: &features,
            outputs: &outputs,
            state: &self.state,
            evidence: &self.evidence,
            time,
            sequence: self.sequence,
        };
        let decision = decide(&input).unwrap();
        self.sequence += 1;
        self.state = decision.state_after;
        let permitted = decision.verdict.outcome == Outcome::Permitted;
        assert_eq!(permitted, decision.transaction.is_some());
        self.card.policy.reason_name(decision.verdict.reason).to_owned()
    }

    fn sell(&mut self, time: u64) -> String {
        self.decide(SELL, [0, 0], time)
    }

    fn buy(&mut self, time: u64) -> String {
        self.decide(BUY, [0, 0], time)
    }
}

const DAY: u64 = 86_400;
/// A Monday, 0:00 UTC.
const MONDAY: u64 = 19_996 * DAY;
const OK: &str = "within-limits";

#[test]
fn orders() {
    assert_eq!(Agent::new("max_order = \"100.50\"").sell(DAY), OK);
    assert_eq!(Agent::new("max_order = \"100.49\"").sell(DAY), "max-order");
    assert_eq!(Agent::new("max_order = 100").buy(DAY), "max-order");
}

#[test]
fn assets_and_venues() {
    let mut agent = Agent::new("allowed_assets = [\"NDX\"]");
    assert_eq!((agent.sell(DAY).as_str(), agent.buy(DAY).as_str()), ("allowed-assets", OK));
    let mut agent = Agent::new("allowed_venues = [\"X1\"]");
    assert_eq!((agent.sell(DAY).as_str(), agent.buy(DAY).as_str()), (OK, "allowed-venues"));
    let mut both = Agent::new("allowed_assets = [\"NDX\", \"SPX\"]");
    assert_eq!((both.sell(DAY).as_str(), both.buy(DAY).as_str()), (OK, OK));
}

#[test]
fn intervals() {
    let mut agent = Agent::new("min_interval = \"3d\"");
    let at = [10 * DAY, 13 * DAY - 1, 13 * DAY, 13 * DAY].map(|time| agent.sell(time));
    assert_eq!(at, [OK, "min-interval", OK, "min-interval"]);
}

#[test]
fn actions_and_amounts_in_a_window() {
    let mut agent = Agent::new("max_actions_per_day = 2");
    let at = [MONDAY, MONDAY + 1, MONDAY + DAY - 1, MONDAY + DAY].map(|time| agent.sell(time));
    assert_eq!(at, [OK, OK, "max-actions-per-day", OK]);
    let mut agent = Agent::new("max_notional_per_hour = \"201.00\"");
    let at = [MONDAY, MONDAY, MONDAY + 3599, MONDAY + 3600].map(|time| agent.buy(time));
    assert_eq!(at, [OK, OK, "max-notional-per-hour", OK]);
    // One cent less, and the second does not fit.
    let mut agent = Agent::new("max_notional_per_day = \"200.99\"");
    assert_eq!([agent.sell(MONDAY), agent.buy(MONDAY)], [OK, "max-notional-per-day"]);
    // Weeks begin on Monday.
    let mut agent = Agent::new("max_turnover_per_week = \"100.50\"\nmax_notional_per_week = \"1000\"");
    let at = [MONDAY, MONDAY + 7 * DAY - 1, MONDAY + 7 * DAY].map(|time| agent.sell(time));
    assert_eq!(at, [OK, "max-turnover-per-week", OK]);
    assert_eq!(agent.card.windows.len(), 1);
    let mut agent = Agent::new("max_actions_per_hour = 1\nmax_actions_per_week = 1");
    let at = [MONDAY, MONDAY, MONDAY + DAY].map(|time| agent.sell(time));
    assert_eq!(at, [OK, "max-actions-per-hour", "max-actions-per-week"]);
}

#[test]
fn positions() {
    let mut agent = Agent::new("max_position = { SPX = \"201.00\", NDX = \"100.50\" }");
    let sold = [DAY, DAY, DAY].map(|time| agent.sell(time));
    assert_eq!(sold, [OK, OK, "max-position-SPX"]);
    assert_eq!([agent.buy(DAY), agent.buy(DAY)], [OK, "max-position-NDX"]);
    assert_eq!(agent.state.registers, [-20_100, 10_050]);
}

#[test]
fn dead_bands() {
    let mut agent = Agent::new("dead_band = { signal = \"feature.f0\", by = \"0.5\" }");
    // The first execution has nothing to be near to, not even at the lowest signal.
    let signals = [0, 4999, 5000, 1, 0].map(|signal| agent.decide(SELL, [signal, 0], DAY));
    assert_eq!(signals, [OK, "dead-band", OK, "dead-band", OK]);
    let mut agent = Agent::new("dead_band = { signal = \"output.sell\", by = 3 }");
    let outputs = [1, 3, 4].map(|output| agent.decide([output, 0], [0, 0], DAY));
    assert_eq!(outputs, [OK, "dead-band", OK]);
}

#[test]
fn approvals() {
    let mut agent = Agent::new("require_approval_above = \"100.49\"");
    let approve =
        |value, issued| Evidence(vec![None, None, Some(Statement { value, issued, expires: issued + 100 })]);
    assert_eq!(agent.sell(DAY), "approval-required");
    agent.evidence = approve(10_049, DAY);
    assert_eq!(agent.sell(DAY), "approval-required");
    agent.evidence = approve(10_050, DAY);
    assert_eq!([agent.sell(DAY), agent.sell(DAY + 99), agent.sell(DAY + 100)], [OK, OK, "approval-required"]);
    assert_eq!(Agent::new("require_approval_above = \"100.50\"").sell(DAY), OK);
    let mut once =
        Agent::new("require_approval_above = 100\napproval = { evidence = \"approval\", single_use = true }");
    once.evidence = approve(10_050, DAY);
    assert_eq!([once.sell(DAY), once.sell(DAY)], [OK, "approval-used"]);
    once.evidence = approve(10_050, DAY + 1);
    assert_eq!(once.sell(DAY + 1), OK);
    // Without any statement the single use cannot be told.
    once.evidence = Evidence::none(&once.card.evidence);
    assert_eq!(once.sell(DAY + 2), "could not evaluate");
    let mut small = Agent::new("require_approval_above = 101\napproval = { single_use = true }");
    assert_eq!([small.sell(DAY), small.sell(DAY)], [OK, OK]);
}

#[test]
fn circuit_breakers() {
    let mut agent = Agent::new("circuit_breaker = { when = \"feature.f0 <= -2.5\", for = \"5d\" }");
    // -2.5 is 5000 steps above -3.
    assert_eq!(agent.decide(SELL, [5001, 0], 10 * DAY), OK);
    assert_eq!(agent.decide(SELL, [5000, 0], 11 * DAY), "circuit-breaker");
    assert_eq!(agent.decide(SELL, [5001, 0], 16 * DAY - 1), "circuit-breaker");
    assert_eq!(agent.decide(SELL, [5001, 0], 16 * DAY), OK);
}

#[test]
fn limits_join_rules_and_stand_in_the_report() {
    let limits = "[limits]\nmax_order = \"100.49\"\nmin_interval = \"1h\"\n";
    let text = trading().replace("[[policy.rules]]", &format!("{limits}[[policy.rules]]"));
    let model = model(2, 2, vec![node("Identity", &["x"], "y")], vec![]);
    let lowered = lower(&source(&text, model), &setup()).unwrap();
    let rules: Vec<_> =
        lowered.report.policy.rules.iter().map(|r| (r.name.as_str(), r.from.as_deref())).collect();
    // The rules permit: no rule that permits everything joins them.
    let expected = [
        ("all", None),
        ("max-order", Some("limits.max_order")),
        ("min-interval", Some("limits.min_interval")),
    ];
    assert_eq!(rules, expected);
    let shown = lowered.report.to_string();
    for line in [
        "forbid max-order: action.magnitude > 100.49 (limits.max_order)",
        "forbid min-interval: elapsed.last_execution < 3600 (limits.min_interval)",
        "permit all: evidence.jurisdiction == DE\n",
        "state position: 0.50; executed: add action.amount; denied: reset; when action.asset == SPX; anew every shift",
        "evidence approval: mandate of 0x0000000000000000000000000000000000000009 (order, at most) about agent, else 0.00",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    let remedy = lowered.report.policy.rules[1].remedy.as_deref();
    assert_eq!(remedy, Some("ask for at most 100.49"));
    let last = Vocabulary::of(&lowered.card).fact("elapsed.last_execution");
    assert!(last.is_some());
}

#[test]
fn a_register_of_the_same_rules_is_shared() {
    let limits = "[limits]\nmin_interval = \"1h\"\n";
    let same = "[[state]]\nname = \"last_execution\"\ninitial = 0\non_execute = \"time\"\n";
    let text = trading().replace("[[policy.rules]]", &format!("{same}{limits}[[policy.rules]]"));
    let model = model(2, 2, vec![node("Identity", &["x"], "y")], vec![]);
    assert_eq!(lower(&source(&text, model), &setup()).unwrap().card.registers.len(), 3);
}

/// The indented block that follows a heading of docs/policy.md.
fn example(page: &str, heading: &str) -> String {
    let after = &page[page.find(heading).unwrap()..];
    let block = after.lines().skip_while(|line| !line.starts_with("    "));
    block
        .take_while(|line| line.starts_with("    ") || line.is_empty())
        .map(|line| format!("{}\n", line.trim()))
        .collect()
}

#[test]
fn examples_of_the_page_compile() {
    let page = std::fs::read_to_string(crate::support::fixture("../docs/policy.md")).unwrap();
    let limits = example(&page, "## Limits")
        .replace("XNYS", "X1")
        .replace("feature.drawdown_250d", "feature.f0")
        .replace("{ SPX = ", "{ NDX = \"1.00\", SPX = ");
    let keys = limits.lines().filter(|line| line.contains(" = ")).count();
    let state = example(&page, "## State");
    let rule = example(&page, "## Rules").replace("position_SPX", "bought_today");
    let text = trading().replacen("[[state]]", &format!("{state}[[state]]"), 1);
    let text = text.replacen("[[windows]]\nname = \"shift\"\nlength = \"8h\"\noffset = \"30m\"\n", "", 1);
    let text = text.replace("window = \"shift\"", "window = \"day\"");
    let text = text.replace("[[policy.rules]]", &format!("{limits}{rule}[[policy.rules]]"));
    let model = model(2, 2, vec![node("Identity", &["x"], "y")], vec![]);
    let lowered = lower(&source(&text, model), &setup()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let from: std::collections::BTreeSet<_> =
        lowered.report.policy.rules.iter().filter_map(|rule| rule.from.clone()).collect();
    // `approval` belongs to another key; `max_position` has two assets.
    assert_eq!(from.len(), keys - 1 + 1, "{from:?}");
    // A budget of a day renews with the window of a day that is there.
    assert_eq!(lowered.card.windows.len(), 2);
}

#[test]
fn limits_join_rules_in_cedar() {
    let text = trading();
    let (rules, rest) = (text.find("[[policy.rules]]").unwrap(), text.find("[transaction]").unwrap());
    let limits =
        "[policy]\ncedar = \"policy.cedar\"\n[limits]\nmax_position = { SPX = 1, NDX = \"100.50\" }\n";
    let text = format!("{}{limits}{}", &text[..rules], &text[rest..]);
    let mut agent = source(&text, model(2, 2, vec![node("Identity", &["x"], "y")], vec![]));
    let policy = "@id(\"early\") forbid (principal, action, resource) when { context.time < 5 };\n\
                  @id(\"all\") permit (principal, action, resource);\n";
    agent.policy = Some(candor_compiler::SourceFile { path: "policy.cedar".into(), bytes: policy.into() });
    let lowered = lower(&agent, &setup()).unwrap();
    let from: Vec<_> = lowered.report.policy.rules.iter().map(|rule| rule.from.as_deref().unwrap()).collect();
    let limits = ["limits.max_position.SPX", "limits.max_position.NDX"];
    assert_eq!(from, ["policy.cedar:1", "policy.cedar:2", limits[0], limits[0], limits[1], limits[1]]);
    // Conditions of registers keep their places beside those of the policy.
    let when: Vec<_> =
        lowered.report.policy.registers.iter().map(|register| register.when.as_deref().unwrap()).collect();
    let expected = [
        "action.asset == SPX",
        "feature.f0 > state.high_water",
        "action.asset == SPX",
        "action.asset == NDX",
    ];
    assert_eq!(when, expected);
    let card = lowered.card;
    let state = State::initial(&card.registers);
    let evidence = Evidence::none(&card.evidence);
    let mut agent = Agent { card, state, sequence: 0, evidence };
    assert_eq!([agent.sell(4), agent.sell(5)], ["early", "max-position-SPX"]);
    assert_eq!([agent.buy(5), agent.buy(6)], ["all", "max-position-NDX"]);
}
