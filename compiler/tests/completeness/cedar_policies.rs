//! Cedar policies that are tables, written out.

use crate::support::Numbers;
use crate::support::cedar::{Judge, Values, card, schema};
use candor_compiler::Vocabulary;
use candor_compiler::cedar::{Compiled, Schema, compile};
use candor_program::policy::{Comparison, Effect, Operand, Outcome, reason};

fn compiled(source: &str) -> Compiled {
    compile(source, &schema(false), 64).unwrap_or_else(|error| panic!("{error}\n{source}"))
}

/// The table in words: each rule with what must and what must not hold.
fn shown(compiled: &Compiled) -> Vec<String> {
    let vocabulary = Vocabulary::of(&card(false));
    let predicate = |index: usize| {
        let predicate = compiled.table.predicates[index];
        let comparison = match predicate.comparison {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        };
        let right = match predicate.operand {
            Operand::Constant(value) => vocabulary.show(predicate.fact, value),
            Operand::Fact { fact, offset: 0 } => vocabulary.name(fact),
            Operand::Fact { fact, offset } => format!("{} + {offset}", vocabulary.name(fact)),
        };
        format!("{} {comparison} {right}", vocabulary.name(predicate.fact))
    };
    let bits = |mask: u64| (0..64).filter(move |bit| mask >> bit & 1 == 1);
    let rules = compiled.table.rules.iter().map(|rule| {
        let effect = if rule.effect == Effect::Permit { "permit" } else { "forbid" };
        let mut parts: Vec<String> = bits(rule.all_of).map(predicate).collect();
        parts.extend(bits(rule.none_of).map(|bit| format!("not {}", predicate(bit))));
        format!("{} {effect} {}", rule.name, parts.join(", ")).trim_end().to_owned()
    });
    rules.collect()
}

fn expand(source: &str) -> Vec<String> {
    shown(&compiled(source))
}

#[test]
fn policies_become_the_rules_that_one_would_write() {
    let cases: [(&str, &[&str]); 16] = [
        ("@id(\"all\") permit (principal, action, resource);", &["all permit"]),
        (
            "@id(\"a\") permit (principal == Agent::\"trader\", action == Action::\"buy\", resource is Asset);",
            &["a permit action.code == buy"],
        ),
        // Every action that acts.
        ("@id(\"a\") permit (principal, action in Action::\"act\", resource);", &["a permit"]),
        // Abstaining actions between them are never asked about.
        (
            "@id(\"a\") permit (principal, action in [Action::\"sell\", Action::\"buy\"], resource);",
            &["a permit action.code <= buy"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { resource in [Asset::\"SPX\", Asset::\"NDX\", Asset::\"RUT\", Asset::\"VIX\"] };",
            &["a permit action.asset != DJI"],
        ),
        (
            "@id(\"a\") forbid (principal, action, resource) unless { context.time >= 5 && context.sequence > 2 && 9 > context.time };",
            &["a#1 forbid time < 5", "a#2 forbid sequence <= 2", "a#3 forbid time >= 9"],
        ),
        (
            "@id(\"a\") forbid (principal, action, resource) when { context.time < 5 || context.time > 5 };",
            &["a forbid time != 5"],
        ),
        (
            "@id(\"a\") forbid (principal, action, resource) when { context.time < 5 || context.time < 7 };",
            &["a forbid time < 7"],
        ),
        // One predicate for a comparison and its opposite.
        (
            "@id(\"a\") permit (principal, action, resource) when { context.time < 5 };\n\
             @id(\"b\") forbid (principal, action, resource) when { 5 <= context.time };",
            &["a permit time < 5", "b forbid not time < 5"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { context.time - 2 < context.sequence + 3 };",
            &["a permit time < sequence + 5"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { if context.present.kyc then context.time > 1 else context.time > 5 };",
            &["a#1 permit time > 1, present.kyc == 1", "a#2 permit time > 5, not present.kyc == 1"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { context.feature.price.greaterThan(decimal(\"-1.5\")) };",
            &["a permit feature.price > -1.50"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { context.feature.return_1d_e5 > -1 };",
            &["a permit feature.return_1d > -0.00001"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { context.feature[\"odd-name in \\\"quotes\\\"\"] == 1 };",
            &["a permit feature.odd-name in \"quotes\" == 1"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { [\"full\", \"basic\"].contains(context.evidence.tier) && context.number.tier > 1 };",
            &["a permit evidence.tier == full"],
        ),
        // Evidence that is required: where it is missing, rules that use its value deny.
        (
            "@id(\"a\") permit (principal, action, resource);\n@id(\"b\") forbid (principal, action, resource)\n\
             unless { context.evidence has jurisdiction && context.evidence.jurisdiction == \"DE\" };",
            &["a permit", "b forbid evidence.jurisdiction != DE"],
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(expand(source), expected, "{source}");
    }
}

#[test]
fn annotations_become_names_reasons_and_remedies() {
    let compiled = compiled(
        "permit (principal, action, resource);\n\n\
         @id(\"slow\")\n@reason(\"too-soon\")\n@remedy(\"wait\")\nforbid (principal, action, resource)\n\
         when { context.time < 5 || context.sequence < 2 };\n\
         @reason(\"too-soon\")\nforbid (principal, action, resource) when { context.time == 8 };\n",
    );
    let names: Vec<&str> = compiled.table.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["policy0", "slow#1", "slow#2", "policy2"]);
    let reasons: Vec<u16> = compiled.table.rules.iter().map(|rule| rule.reason).collect();
    assert_eq!(reasons, [16, 17, 17, 17]);
    let texts: Vec<(&str, &str)> =
        compiled.table.reasons.iter().map(|text| (text.name.as_str(), text.remedy.as_str())).collect();
    assert_eq!(texts, [("policy0", ""), ("too-soon", "wait")]);
    assert!(compiled.table.reasons.iter().all(|text| text.code >= reason::FIRST_FREE));
    let lines: Vec<(&str, usize)> =
        compiled.sources.iter().map(|source| (source.policy.as_str(), source.line)).collect();
    assert_eq!(lines, [("policy0", 1), ("slow", 3), ("slow", 3), ("policy2", 8)]);
}

/// Tests for presence are left out of rules only while another rule still looks at the value.
#[test]
fn a_rule_keeps_its_test_for_evidence_that_no_other_rule_looks_at() {
    let source = "@id(\"a\") permit (principal, action, resource) when {\n\
        (context.evidence has kyc && context.time < 5) ||\n\
        (context.evidence has kyc && context.evidence.kyc > 3 && context.time < 5)\n};";
    assert_eq!(expand(source), ["a permit time < 5, present.kyc == 1"]);
    let apart = "@id(\"a\") permit (principal, action, resource) when { context.evidence has kyc && context.time < 5 };\n\
        @id(\"b\") permit (principal, action, resource) when {\n\
        context.evidence has kyc && context.evidence.kyc > 3 && context.time < 4\n};\n\
        @id(\"c\") forbid (principal, action, resource) unless { context.evidence has kyc };";
    assert_eq!(
        expand(apart),
        ["a permit time < 5", "b permit time < 4, evidence.kyc > 3", "c forbid present.kyc == 0"]
    );
    // Without its tests the permit would be `time < 5` alone and the forbid `time > 6`: nobody would look at the value, and
    // nothing would deny where it is missing.
    let absorbed = "@id(\"a\") permit (principal, action, resource) when {\n\
        (context.evidence has kyc && context.time < 5) ||\n\
        (!(context.evidence has kyc && context.evidence.kyc <= 3) && context.time < 3)\n};\n\
        @id(\"b\") forbid (principal, action, resource) when { !(context.evidence has kyc) || context.time > 6 };";
    let compiled = compiled(absorbed);
    let card = card(false);
    let judge = Judge::new(absorbed, &schema(false));
    let mut numbers = Numbers(3);
    for _ in 0..200 {
        let values = Values::draw(&card, &mut numbers);
        let permitted = compiled.table.verdict(&values.facts()).outcome == Outcome::Permitted;
        assert_eq!(permitted, judge.ask(&card, &schema(false), &values, 0).permitted, "{values:?}");
    }
}

#[test]
fn the_schema_names_what_there_is() {
    let text = schema(false).text().to_owned();
    for line in [
        "entity Agent enum [\"trader\"];",
        "entity Asset enum [\"SPX\", \"NDX\", \"DJI\", \"RUT\", \"VIX\"];",
        "entity Venue enum [\"XNYS\", \"XNAS\"];",
        "    \"kyc\"?: Long,",
        "    \"approval\": decimal, // 2 digits after the point",
        "    \"jurisdiction\"?: String, // \"DE\", \"FR\", \"US\"",
        "    \"price\": decimal, // from -3.00 to 3.00",
        "    \"return_1d_e5\": Long, // in units of 10^-5, from -3 to 3",
        "  \"time\": Long, // Unix seconds",
        "action \"act\";",
        "action \"buy \\\"more\\\"\" in [\"act\", \"positive\"] appliesTo { principal: Agent, resource: Asset, context: Context };",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
    // Actions that abstain are no requests.
    assert!(!text.contains("action \"hold\""), "{text}");
    let plain = schema(true).text().to_owned();
    assert!(plain.contains("entity Asset enum [\"0\"];") && !plain.contains("Venue"), "{plain}");
}

/// Names that people may give, and that mean something to Cedar or to a terminal.
#[test]
fn any_names_make_a_schema() {
    let mut card = card(false);
    for (index, name) in ["in", "__cedar", "a::b", "\\u{41}", "caf\u{e9} \u{301}"].into_iter().enumerate() {
        card.features[index].name = name.into();
    }
    card.name = "the \"agent\" \\ \u{65e5}\u{672c}".into();
    card.registers[0].name = "if".into();
    let vocabulary = Vocabulary::of(&card);
    let schema = Schema::new(&card.name, &vocabulary).unwrap();
    let source = "permit (principal == Agent::\"the \\\"agent\\\" \\\\ \u{65e5}\u{672c}\", action, resource)\n\
        when { context.feature[\"in\"] > 0 && context.feature[\"\\\\u{41}_e5\"] > 0 && context.state[\"if\"] > 0 };";
    compile(source, &schema, 16).unwrap_or_else(|error| panic!("{error}"));
    // A user's action by a group's name stands for itself.
    let mut card = crate::support::cedar::card(true);
    let candor_program::head::Head::ArgMax { actions, .. } = &mut card.head;
    actions[2].name = "act".into();
    let schema = Schema::new(&card.name, &Vocabulary::of(&card)).unwrap();
    let compiled = compile("permit (principal, action in Action::\"act\", resource);", &schema, 16).unwrap();
    assert_eq!(compiled.table.predicates.len(), 1);
    assert_eq!(compiled.table.predicates[0].operand, Operand::Constant(2));
}

/// The policies of docs/cedar.md.
#[test]
fn the_documents_policies_compile() {
    let mut card = card(false);
    card.registers[0].name = "last_execution".into();
    let schema = Schema::new("trader", &Vocabulary::of(&card)).unwrap();
    let document = include_str!("../../../docs/cedar.md");
    let (_, block) = document.split_once("```cedar\n").unwrap();
    let (block, rest) = block.split_once("```").unwrap();
    let compiled =
        compile(block, &schema, 16).unwrap_or_else(|error| panic!("{error} in line {}", error.line));
    assert_eq!(
        compiled.sources.iter().map(|source| source.policy.as_str()).collect::<Vec<_>>(),
        ["may-rebalance", "minimum-interval", "exposure", "residents"]
    );
    // Those inside a sentence.
    let inline: Vec<&str> =
        rest.split('`').filter(|part| part.starts_with("forbid (") && part.ends_with(';')).collect();
    assert_eq!(inline.len(), 2);
    for policy in inline {
        let source = format!("permit (principal, action, resource);\n{policy}");
        compile(&source, &schema, 16).unwrap_or_else(|error| panic!("{error}: {policy}"));
    }
}
