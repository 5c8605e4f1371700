//! Every defect of agent.toml, with its line and field.

use crate::support::{manifest, model, node, setup, source, variant};
use candor_compiler::{CompileError, ManifestCause, ManifestError, lower};

fn refused(text: &str) -> ManifestError {
    let model = model(2, 2, vec![node("Relu", &["x"], "y")], vec![]);
    match lower(&source(text, model), &setup()) {
        Err(CompileError::Manifest { source, .. }) => *source,
        other => panic!("{:?}\n{text}", other.map(|_| ())),
    }
}

/// (text to replace, its replacement, field, cause)
const DEFECTS: &[(&str, &str, &str, &str)] = &[
    ("[agent]", "[agent]\ncolour = 1", "file", "UnknownKey"),
    ("name = \"test\"", "name = 7", "file", "Syntax"),
    ("kind = \"argmax\"", "kind = \"softmax\"", "file", "Syntax"),
    ("on_execute = \"time\"", "on_execute = \"never\"", "file", "Syntax"),
    ("min = \"-3.0000\"", "min = -3.0", "file", "Syntax"),
    ("name = \"test\"", "name = \"\"", "agent.name", "BadName"),
    ("name = \"f0\"", "name = \"f 0\"", "features[0].name", "BadName"),
    ("name = \"f0\"", "name = \"f\\u202e0\"", "features[0].name", "BadName"),
    ("name = \"f1\"", "name = \"f0\"", "features[1].name", "DuplicateName"),
    ("plugin = \"p\"", "plugin = \"q\"", "features[0].plugin", "UnknownPlugin"),
    ("id = \"p\"", "id = \"p\"\nsigner = \"0x01\"\nmax_age_seconds = 1", "plugins[0].signer", "Signer"),
    (
        "id = \"p\"",
        "id = \"p\"\nsigner = \"ed25519:0x0000000000000000000000000000000000000003\"\nmax_age_seconds = 1",
        "plugins[0].signer",
        "Signer",
    ),
    (
        "id = \"p\"",
        "id = \"p\"\nsigner = \"0x0000000000000000000000000000000000000003\"",
        "plugins[0].max_age_seconds",
        "MaxAgeMissing",
    ),
    ("id = \"p\"", "id = \"p\"\nmax_age_seconds = 1", "plugins[0].max_age_seconds", "MaxAgeAlone"),
    ("id = \"p\"", "id = \"p\"\nmax_age_seconds = -1", "file", "Syntax"),
    ("pointer = \"/0\"", "pointer = \"0\"", "features[0].pointer", "Pointer"),
    ("pointer = \"/0\"", "pointer = \"/a~2\"", "features[0].pointer", "Pointer"),
    ("pointer = \"/0\"", "pointer = \"/////////////////\"", "features[0].pointer", "Pointer"),
    ("decimals = 4", "decimals = 19", "features[0].decimals", "Decimals"),
    ("min = \"-3.0000\"", "min = \"-3.00001\"", "features[0].min", "Decimal"),
    ("min = \"-3.0000\"", "min = \"3.0001\"", "features[0].min", "RangeReversed"),
    ("max = \"3.0000\"", "max = \"30\"", "features[0].max", "RangeTooWide"),
    ("amount = 1\n", "", "head.actions[0].amount", "AmountMissing"),
    ("amount = 1\n", "amount = 0\n", "head.actions[0].amount", "AmountZero"),
    ("amount = 1\n", "amount = 1\nabstain = true\n", "head.actions[0].amount", "AmountOfAbstention"),
    ("amount = 1\n", "amount = \"1.5\"\n", "head.actions[0].amount", "Decimal"),
    ("initial = 0", "initial = \"9223372036854775808\"", "state[0].initial", "Decimal"),
    ("value = 0", "value = -1", "transaction.value", "WholeNumber"),
    ("to = \"0x0000000000000000000000000000000000000003\"", "to = \"0x03\"", "transaction.to", "Hexadecimal"),
    ("verifying_contract = \"0x0", "verifying_contract = \"0xg", "domain.verifying_contract", "Hexadecimal"),
    (
        "effect = \"permit\"",
        "effect = \"permit\"\nall_of = [\"time\"]",
        "policy.rules[0].all_of",
        "Condition",
    ),
    (
        "effect = \"permit\"",
        "effect = \"permit\"\nall_of = [\"time = 3\"]",
        "policy.rules[0].all_of",
        "Condition",
    ),
    (
        "effect = \"permit\"",
        "effect = \"permit\"\nnone_of = [\"tme < 3\"]",
        "policy.rules[0].none_of",
        "UnknownFact",
    ),
    (
        "effect = \"permit\"",
        "effect = \"permit\"\nall_of = [\"time < state.lost\"]",
        "policy.rules[0].all_of",
        "UnknownFact",
    ),
    (
        "effect = \"permit\"",
        "effect = \"permit\"\nall_of = [\"time < 1.5\"]",
        "policy.rules[0].all_of",
        "Decimal",
    ),
    (
        "effect = \"permit\"",
        "effect = \"permit\"\nall_of = [\"feature.f0 < time\"]",
        "policy.rules[0].all_of",
        "ScaleMismatch",
    ),
    (
        "effect = \"permit\"",
        "effect = \"permit\"\nremedy = \"\"\"a\nb\"\"\"",
        "policy.rules[0].remedy",
        "ControlCharacter",
    ),
    ("function = \"act(int256 amount)\"", "function = \"act\"", "transaction.function", "Function"),
    (
        "function = \"act(int256 amount)\"",
        "function = \"act(string amount)\"",
        "transaction.function",
        "AbiType",
    ),
    ("amount = \"action.amount\"", "", "transaction.args.amount", "ArgumentMissing"),
    ("amount = \"action.amount\"", "amount = 1\nother = 2", "transaction.args.other", "ArgumentUnknown"),
    ("amount = \"action.amount\"", "amount = \"action.amount * 2\"", "transaction.args.amount", "Argument"),
    ("act(int256 amount)", "act(address amount)", "transaction.args.amount", "ArgumentType"),
];

#[test]
fn defects_are_named_with_line_and_field() {
    let good = manifest(2, 2);
    for (from, to, field, cause) in DEFECTS {
        assert!(good.contains(from), "{from}");
        let text = good.replacen(from, to, 1);
        let error = refused(&text);
        assert_eq!((error.field.as_str(), variant(&error.cause).as_str()), (*field, *cause), "{to}: {error}");
        let changed = 1 + good[..good.find(from).unwrap()].matches('\n').count();
        let near = error.line.abs_diff(changed) <= 2 || *cause == "ArgumentMissing";
        assert!(near, "{to}: line {}, changed was {changed}", error.line);
    }
}

/// An amount with more digits than amounts have: the message says where their digits are declared.
#[test]
fn a_number_that_does_not_fit_is_told_what_does() {
    let limited = |head: &str| {
        let text = manifest(2, 2).replacen("[head]\n", &format!("[head]\n{head}"), 1);
        refused(&format!("{text}\n[limits]\nmax_order = \"1.005\"\n")).to_string()
    };
    let whole = limited("");
    assert!(
        whole.ends_with(
            "write a whole number; amounts have as many digits after the point as `decimals` of [head] says"
        ),
        "{whole}"
    );
    let one = limited("decimals = 1\n");
    assert!(one.ends_with("write a decimal with at most 1 digit after the point"), "{one}");
    let two = limited("decimals = 2\n");
    assert!(two.ends_with("write a decimal with at most 2 digits after the point"), "{two}");
}

#[test]
fn texts_and_lists_have_limits() {
    let good = manifest(2, 2);
    let rule = "[[policy.rules]]\nname = \"all\"\neffect = \"permit\"\n";
    let rules = |count: usize| {
        let rules: String = (0..count).map(|i| rule.replace("all", &format!("r{i}"))).collect();
        good.replace(rule, &rules)
    };
    let compiles = |text: &str| {
        let model = model(2, 2, vec![node("Relu", &["x"], "y")], vec![]);
        lower(&source(text, model), &setup()).map(|lowered| lowered.card)
    };
    let card = compiles(&rules(64)).unwrap();
    assert_eq!((card.policy.rules.len(), card.class.policy_size), (64, 64));
    assert_eq!(compiles(&rules(16)).unwrap().class.policy_size, 16);
    assert_eq!(refused(&rules(65)).cause, ManifestCause::TooMany { got: 65, limit: 64 });
    let remedy =
        |length: usize| good.replace("effect", &format!("remedy = \"{}\"\neffect", "a".repeat(length)));
    assert!(compiles(&remedy(1024)).is_ok());
    assert_eq!(refused(&remedy(1025)).cause, ManifestCause::LongText { got: 1025, limit: 1024 });
    let name = |length: usize| good.replace("\"test\"", &format!("\"{}\"", "n".repeat(length)));
    assert!(compiles(&name(128)).is_ok());
    assert!(matches!(refused(&name(129)).cause, ManifestCause::BadName { limit: 128, .. }));
    let conditions = |count: usize| {
        let list: Vec<_> = (0..count).map(|i| format!("\"time > {i}\"")).collect();
        good.replace("effect", &format!("all_of = [{}]\neffect", list.join(", ")))
    };
    assert_eq!(compiles(&conditions(64)).unwrap().policy.predicates.len(), 64);
    assert_eq!(refused(&conditions(65)).cause, ManifestCause::TooManyConditions { got: 65, limit: 64 });
}

#[test]
fn widths_fit_the_model() {
    assert_eq!(refused(&manifest(3, 2)).cause, ManifestCause::FeatureCount { expected: 2, got: 3 });
    assert_eq!(refused(&manifest(2, 1)).cause, ManifestCause::ActionCount { expected: 2, got: 1 });
    let good = manifest(2, 2);
    let start = good.find("[head]").unwrap();
    let end = good.find("[[state]]").unwrap();
    let no_actions = format!("{}[head]\nkind = \"argmax\"\nactions = []\n{}", &good[..start], &good[end..]);
    assert_eq!(refused(&no_actions).cause, ManifestCause::Empty);
}

#[test]
fn a_reason_has_one_remedy() {
    let rule = "[[policy.rules]]\nname = \"all\"\neffect = \"permit\"\n";
    let two = format!(
        "{rule}reason = \"r\"\nremedy = \"wait\"\n{}reason = \"r\"\nremedy = \"run\"\n",
        rule.replace("all", "more")
    );
    let text = manifest(2, 2).replace(rule, &two);
    assert_eq!(refused(&text).cause, ManifestCause::RemedyConflict { reason: "r".into() });
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let mut agent = source("", Vec::new());
    agent.manifest.bytes = b"[agent]\n\xff".to_vec();
    match lower(&agent, &setup()) {
        Err(CompileError::Manifest { source, .. }) => {
            assert_eq!((source.cause, source.line), (ManifestCause::NotUtf8, 2));
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}
