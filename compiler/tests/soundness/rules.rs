//! Every defect of rules, registers, evidence and limits, with its line and field. Nothing misspelt becomes no rule.

use crate::support::{manifest, model, node, setup, source, trading, variant};
use candor_compiler::{CompileError, ManifestCause, ManifestError, lower};

fn compile(text: &str) -> Result<candor_compiler::Lowered, CompileError> {
    lower(&source(text, model(2, 2, vec![node("Relu", &["x"], "y")], vec![])), &setup())
}

fn refused(text: &str) -> ManifestError {
    match compile(text) {
        Err(CompileError::Manifest { source, .. }) => *source,
        other => panic!("{:?}\n{text}", other.map(|_| ())),
    }
}

/// The trading agent with limits.
fn limited(limits: &str) -> String {
    trading().replace("[[policy.rules]]", &format!("[limits]\n{limits}\n[[policy.rules]]"))
}

/// (text to replace, its replacement, field, cause, a part of the message)
const DEFECTS: &[(&str, &str, &str, &str, &str)] = &[
    ("decimals = 2\nassets", "decimals = 19\nassets", "head.decimals", "Decimals", "at most 18"),
    ("decimals = 2\nassets", "decimls = 2\nassets", "file", "UnknownKey", "did you mean `decimals`?"),
    ("\"-100.50\"", "\"-100.505\"", "head.actions[0].amount", "Decimal", "at most 2 digits"),
    ("\"-100.50\"", "-100.50", "file", "Syntax", "write decimals in quotes"),
    ("\"-100.50\"", "\"1e2\"", "head.actions[0].amount", "Decimal", "plain decimal"),
    ("\"-100.50\"", "\"\"", "head.actions[0].amount", "Decimal", "plain decimal"),
    (
        "\"-100.50\"",
        "\"100000000000000000000\"",
        "head.actions[0].amount",
        "Decimal",
        "too large for a 64-bit integer with 2 decimals",
    ),
    (
        "\"-100.50\"",
        "\"-92233720368547758.08\"",
        "head.actions[0].amount",
        "WholeNumber",
        "-9223372036854775807",
    ),
    (
        "asset = \"SPX\"",
        "asset = \"SPY\"",
        "head.actions[0].asset",
        "UnknownInstrument",
        "did you mean `SPX`?",
    ),
    ("asset = \"SPX\"\n", "", "head.actions[0].asset", "InstrumentMissing", "SPX, NDX"),
    ("venue = \"X2\"\n", "", "head.actions[1].venue", "InstrumentMissing", "X1, X2"),
    ("[\"SPX\", \"NDX\"]", "[\"SPX\", \"SPX\"]", "head.assets[1]", "DuplicateName", "twice"),
    ("length = \"8h\"", "length = \"8 hours\"", "windows[0].length", "Duration", "such as 3d"),
    ("length = \"8h\"", "length = 0", "windows[0].length", "WholeNumber", "from 1 to 4294967295"),
    ("length = \"8h\"", "length = \"4294967296s\"", "windows[0].length", "WholeNumber", "4294967296"),
    ("offset = \"30m\"", "offset = \"8h\"", "windows[0].offset", "WholeNumber", "from 0 to 28799"),
    ("window = \"shift\"", "window = \"shft\"", "state[0].window", "UnknownWindow", "did you mean `shift`?"),
    ("source = \"action.amount\"\n", "", "state[0].source", "SourceMissing", "add source"),
    ("on_execute = \"add\"", "on_execute = \"time\"", "state[0].source", "SourceTwice", "two sources"),
    ("on_execute = \"add\"", "on_exectue = \"add\"", "file", "UnknownKey", "did you mean `on_execute`?"),
    (
        "source = \"action.amount\"",
        "source = \"after.position\"",
        "state[0].source",
        "FollowsUpdate",
        "after.position",
    ),
    (
        "action.asset == \\\"SPX\\\"",
        "change.high_water > 0",
        "state[0].when",
        "FollowsUpdate",
        "change.high_water",
    ),
    (
        "source = \"action.amount\"",
        "source = \"action.amont\"",
        "state[0].source",
        "UnknownFact",
        "`action.amount`",
    ),
    ("feature.f0 - 0.5", "feature.f0 - 0.50001", "state[1].source", "Decimal", "4"),
    ("initial = \"0.50\"", "initial = \"0.505\"", "state[0].initial", "Decimal", "2 digits"),
    (
        "attester = \"0x0000000000000000000000000000000000000009\"\n",
        "",
        "evidence[0].attester",
        "Authority",
        "either attester",
    ),
    ("limit = \"order\", ", "", "file", "Syntax", "missing field `limit`"),
    ("\"at-most\"", "\"less\"", "file", "Syntax", "unknown variant"),
    ("subject = \"0x00", "subject = \"0x0", "evidence[1].subject", "Subject", "neither agent nor"),
    ("attester = \"ed25519:", "attester = \"", "evidence[1].attester", "Signer", "no key"),
    (
        "\"epoch\"\nvalues",
        "\"epch\"\nvalues",
        "evidence[0].revoked_by",
        "UnknownSlot",
        "did you mean `epoch`?",
    ),
    ("\"epoch\"\nvalues", "\"jurisdiction\"\nvalues", "evidence[0].revoked_by", "Revoker", "cannot revoke"),
    ("\"epoch\"\nvalues", "\"approval\"\nvalues", "evidence[0].revoked_by", "Revoker", "without decimals"),
    ("US = 840", "US = 276", "evidence[0].values.US", "ValueTwice", "`DE`"),
    ("US = 840", "1US = 840", "evidence[0].values.1US", "BadName", "1US"),
    ("US = 840", "US = \"8.4\"", "evidence[0].values.US", "Decimal", "8.4"),
    ("default = \"0\"", "default = \"\"", "evidence[2].default", "Decimal", "plain decimal"),
    ("default = \"0\"", "default = \"0.001\"", "evidence[2].default", "Decimal", "2"),
    ("decimals = 2\ndefault", "decimals = 20\ndefault", "evidence[2].decimals", "Decimals", "18"),
    ("jurisdiction == DE", "jurisdiction == FR", "policy.rules[0].all_of", "UnknownValue", "DE, US"),
    ("jurisdiction == DE", "jurisdiction == 'de'", "policy.rules[0].all_of", "UnknownValue", "`DE`"),
    ("jurisdiction == DE", "jurisdiction < DE", "policy.rules[0].all_of", "NamesHaveNoOrder", "=="),
    (
        "jurisdiction == DE",
        "jursdiction == DE",
        "policy.rules[0].all_of",
        "UnknownFact",
        "`evidence.jurisdiction`",
    ),
    // Amounts compared as texts, as floats, and beyond their scale or 64 bits.
    (
        "evidence.jurisdiction == DE",
        "action.amount <= '9'",
        "policy.rules[0].all_of",
        "Quoted",
        "without quotes",
    ),
    ("evidence.jurisdiction == DE", "action.amount <= 9.999", "policy.rules[0].all_of", "Decimal", "2"),
    ("evidence.jurisdiction == DE", "action.amount <= 1e5", "policy.rules[0].all_of", "Decimal", "plain"),
    ("evidence.jurisdiction == DE", "action.amount <= +9", "policy.rules[0].all_of", "Decimal", "plain"),
    (
        "evidence.jurisdiction == DE",
        "action.amount <= 92233720368547758.08",
        "policy.rules[0].all_of",
        "Decimal",
        "64-bit",
    ),
    ("evidence.jurisdiction == DE", "action.amount <=", "policy.rules[0].all_of", "UnknownFact", "``"),
    (
        "evidence.jurisdiction == DE",
        "action.amount < time",
        "policy.rules[0].all_of",
        "ScaleMismatch",
        "2 and 0",
    ),
    (
        "evidence.jurisdiction == DE",
        "feature.f0 < feature.f1 - -1",
        "policy.rules[0].all_of",
        "Condition",
        "`-1`",
    ),
    (
        "evidence.jurisdiction == DE",
        "action.asset == 2",
        "policy.rules[0].all_of",
        "WholeNumber",
        "from 0 to 1",
    ),
    (
        "evidence.jurisdiction == DE",
        "action.code == 2",
        "policy.rules[0].all_of",
        "WholeNumber",
        "from 0 to 1",
    ),
    (
        "evidence.jurisdiction == DE",
        "present.epoch == 2",
        "policy.rules[0].all_of",
        "WholeNumber",
        "from 0 to 1",
    ),
];

#[test]
fn defects_are_named_with_line_field_and_what_was_meant() {
    let good = trading();
    assert!(compile(&good).is_ok());
    for (from, to, field, cause, part) in DEFECTS {
        assert!(good.contains(from), "{from}");
        let error = refused(&good.replacen(from, to, 1));
        assert_eq!((error.field.as_str(), variant(&error.cause).as_str()), (*field, *cause), "{to}: {error}");
        assert!(error.to_string().contains(part), "{to}: {error}");
        let changed = 1 + good[..good.find(from).unwrap()].matches('\n').count();
        assert!(error.line.abs_diff(changed) <= 6, "{to}: line {}, changed was {changed}", error.line);
    }
}

/// (limits, field, cause, a part of the message)
const LIMITS: &[(&str, &str, &str, &str)] = &[
    // Misspelt names of limits are no limits elsewhere.
    ("max_oder = \"100\"", "file", "UnknownKey", "did you mean `max_order`?"),
    ("max_notional_per_dya = \"100\"", "file", "UnknownKey", "`max_notional_per_day`"),
    ("maxOrder = \"100\"", "file", "UnknownKey", "`max_order`"),
    ("max_order_size = \"100\"", "file", "UnknownKey", "there are: allowed_assets"),
    ("", "limits", "NoLimit", "no limit is set"),
    ("max_order = \"\"", "limits.max_order", "Decimal", "plain decimal"),
    ("max_order = \" \"", "limits.max_order", "Decimal", "plain decimal"),
    ("max_order = \"unlimited\"", "limits.max_order", "Decimal", "plain decimal"),
    ("max_order = \"250,000.00\"", "limits.max_order", "Decimal", "plain decimal"),
    ("max_order = \"1_000\"", "limits.max_order", "Decimal", "plain decimal"),
    ("max_order = \"100.505\"", "limits.max_order", "Decimal", "2 digits"),
    ("max_order = 100.5", "file", "Syntax", "floating point"),
    ("max_order = inf", "file", "Syntax", "floating point"),
    ("max_order = true", "limits.max_order", "Decimal", "true"),
    ("max_order = [\"100\"]", "file", "Syntax", "sequence"),
    ("max_order = \"0\"", "limits.max_order", "NotPositive", "allow nothing"),
    ("max_order = -1", "limits.max_order", "NotPositive", "allow nothing"),
    ("max_order = \"92233720368547758.08\"", "limits.max_order", "Decimal", "64-bit"),
    ("max_order = 9223372036854775808", "file", "Syntax", ""),
    ("max_order = \"1\"\nmax_order = \"2\"", "file", "Syntax", "duplicate"),
    ("max_actions_per_day = \"1.5\"", "limits.max_actions_per_day", "Decimal", "0"),
    ("min_interval = \"3 days\"", "limits.min_interval", "Duration", "such as 3d"),
    ("min_interval = \"0s\"", "limits.min_interval", "NotPositive", "allow nothing"),
    ("allowed_assets = []", "limits.allowed_assets", "Empty", "add one"),
    ("allowed_assets = [\"SPY\"]", "limits.allowed_assets", "UnknownInstrument", "`SPX`"),
    ("allowed_venues = [\"x1\"]", "limits.allowed_venues", "UnknownInstrument", "`X1`"),
    ("max_position = {}", "limits.max_position", "Empty", "add one"),
    ("max_position = { SPX = 1 }", "limits.max_position", "PositionMissing", "`NDX`"),
    ("max_position = { SPX = 1, NDQ = 1 }", "limits.max_position", "UnknownInstrument", "`NDX`"),
    ("max_position = { SPX = 1, NDX = \"\" }", "limits.max_position.NDX", "Decimal", "plain"),
    ("approval = { single_use = true }", "limits.approval", "ApprovalAlone", "add require_approval_above"),
    (
        "require_approval_above = 1\napproval = { evidence = \"aproval\" }",
        "limits.require_approval_above",
        "UnknownSlot",
        "`approval`",
    ),
    (
        "require_approval_above = 1\napproval = { evidence = \"epoch\" }",
        "limits.require_approval_above",
        "ApprovalSlot",
        "default = \"0\"",
    ),
    (
        "circuit_breaker = { when = \"feature.f9 < 0\", for = \"5d\" }",
        "limits.circuit_breaker.when",
        "UnknownFact",
        "`feature.f0`",
    ),
    (
        "circuit_breaker = { when = \"after.position < 0\", for = \"5d\" }",
        "limits.circuit_breaker.when",
        "FollowsUpdate",
        "after.position",
    ),
    (
        "circuit_breaker = { when = \"feature.f0 < 0\", for = \"\" }",
        "limits.circuit_breaker.for",
        "Duration",
        "such as 3d",
    ),
    ("circuit_breaker = { when = \"feature.f0 < 0\" }", "file", "Syntax", "missing field `for`"),
    ("dead_band = { signal = \"time\", by = 1 }", "limits.dead_band.signal", "Signal", "feature.<name>"),
    (
        "dead_band = { signal = \"outptu.buy\", by = 1 }",
        "limits.dead_band.signal",
        "UnknownFact",
        "`output.buy`",
    ),
    (
        "dead_band = { signal = \"output.buy\", by = \"0.05\" }",
        "limits.dead_band.by",
        "Decimal",
        "whole number",
    ),
    (
        "dead_band = { signal = \"output.buy\", by = 0 }",
        "limits.dead_band.by",
        "NotPositive",
        "allow nothing",
    ),
    (
        "dead_band = { signal = \"output.buy\", by = 9223372036854775807 }",
        "limits.dead_band.by",
        "NotPositive",
        "",
    ),
];

#[test]
fn limits_that_are_none_are_refused() {
    for (limits, field, cause, part) in LIMITS {
        let text = limited(limits);
        let error = refused(&text);
        assert_eq!(
            (error.field.as_str(), variant(&error.cause).as_str()),
            (*field, *cause),
            "{limits}: {error}"
        );
        assert!(error.to_string().contains(part), "{limits}: {error}");
        let start = 1 + text[..text.find("[limits]").unwrap()].matches('\n').count();
        assert!((start..=start + 2).contains(&error.line), "{limits}: line {}, not {start}", error.line);
    }
}

#[test]
fn neither_rules_nor_limits_are_refused() {
    let text = manifest(2, 2).replace("[[policy.rules]]\nname = \"all\"\neffect = \"permit\"\n", "");
    assert_eq!(refused(&text).cause, ManifestCause::PolicyMissing);
    // A misspelt section is no section.
    let error = refused(&text.replace("[transaction]", "[limit]\nmax_order = 1\n[transaction]"));
    assert!(
        matches!(error.cause, ManifestCause::UnknownKey { ref meant, .. } if meant.as_deref() == Some("limits"))
    );
}

#[test]
fn what_limits_add_counts() {
    let windows = |count: usize| {
        let windows: String =
            (2..count + 2).map(|n| format!("[[windows]]\nname = \"w{n}\"\nlength = {n}\n")).collect();
        limited("max_actions_per_day = 1").replace("[[windows]]", &format!("{windows}[[windows]]"))
    };
    assert!(compile(&windows(2)).is_ok());
    assert_eq!(refused(&windows(3)).cause, ManifestCause::TooManyWindows { got: 5, limit: 4 });
    let registers = |count: usize| {
        let one = |n| format!("[[state]]\nname = \"r{n}\"\ninitial = 0\n");
        let registers: String = (0..count).map(one).collect();
        limited("min_interval = 1")
            .replace("[[evidence]]\nname = \"j", &format!("{registers}[[evidence]]\nname = \"j"))
    };
    assert!(compile(&registers(13)).is_ok());
    assert_eq!(refused(&registers(14)).cause, ManifestCause::TooManyRegisters { got: 17, limit: 16 });
    let rules = |count: usize| {
        let one = |n| format!("[[policy.rules]]\nname = \"r{n}\"\neffect = \"permit\"\n");
        limited("max_order = 1") + &(0..count).map(one).collect::<String>()
    };
    assert!(compile(&rules(62)).is_ok());
    assert_eq!(refused(&rules(63)).cause, ManifestCause::TooManyRules { got: 65, limit: 64 });
    let conditions = |count: usize| {
        let list: Vec<_> = (0..count).map(|n| format!("\"time > {n}\"")).collect();
        let all = format!("all_of = [{}]", list.join(", "));
        limited("max_order = 1").replace("all_of = [\"evidence.jurisdiction == DE\"]", &all)
    };
    // Two belong to registers, one to the limit.
    assert!(compile(&conditions(61)).is_ok());
    assert_eq!(refused(&conditions(62)).cause, ManifestCause::TooManyConditions { got: 65, limit: 64 });
    let lists = |count: usize| {
        let one = |n| format!("[[windows]]\nname = \"w{n}\"\nlength = {n}\n");
        trading().replace("[[windows]]", &((2..count + 1).map(one).collect::<String>() + "[[windows]]"))
    };
    assert!(compile(&lists(4)).is_ok());
    assert_eq!(refused(&lists(5)).cause, ManifestCause::TooMany { got: 5, limit: 4 });
}

#[test]
fn names_of_rules_and_registers_of_limits_are_taken() {
    let text = limited("min_interval = 1").replace("name = \"all\"", "name = \"min-interval\"");
    let error = refused(&text);
    assert_eq!(error.cause, ManifestCause::DuplicateName { name: "min-interval".into() });
    assert_eq!(error.field, "limits.min_interval");
    let text = limited("min_interval = 1").replace("name = \"position\"", "name = \"last_execution\"");
    assert_eq!(refused(&text).cause, ManifestCause::DuplicateName { name: "last_execution".into() });
    let text = limited("max_actions_per_day = 1").replace("\"shift\"", "\"day\"");
    assert_eq!(refused(&text).cause, ManifestCause::DuplicateName { name: "day".into() });
    let long = "A".repeat(120);
    let text = limited("max_position = { LONG = 1, NDX = 1 }").replace("SPX", "LONG").replace("LONG", &long);
    assert_eq!(refused(&text).cause, ManifestCause::BadName { got: format!("position_{long}"), limit: 128 });
}
