//! What no table can say is refused, with its line and the reason.

use crate::support::cedar::{card, schema};
use crate::support::variant;
use candor_compiler::Vocabulary;
use candor_compiler::cedar::{CedarCause, CedarError, DEPTH, SOURCE_BYTES, Schema, TOKENS, compile};
use candor_program::limits;

fn refused(source: &str) -> CedarError {
    match compile(source, &schema(false), 64) {
        Err(error) => error,
        Ok(compiled) => panic!("{source}\nis {compiled:?}"),
    }
}

/// A policy in lines 3 to 7, its condition in line 6.
fn when(condition: &str) -> String {
    format!("// rules\n\n@id(\"rule\")\npermit (principal, action, resource)\nwhen {{\n  {condition}\n}};\n")
}

#[test]
fn every_refusal_has_its_line() {
    let cases = [
        ("context.time <", 7, "Syntax"),
        ("context.time < 9223372036854775808", 6, "Syntax"),
        ("1.5 < 2", 6, "Syntax"),
        ("ip(\"127.0.0.1\").isLoopback()", 6, "Inexpressible"),
        ("datetime(\"2026-01-01\") < datetime(\"2027-01-01\")", 6, "Inexpressible"),
        ("principal == ?principal", 6, "Syntax"),
        // Misspelled names.
        ("context.tiem < 3", 6, "Validation"),
        ("context.action.ammount < decimal(\"3.0\")", 6, "Validation"),
        ("context.feature.signals < 3", 6, "Validation"),
        ("context.state.positions.lessThan(decimal(\"3.0\"))", 6, "Validation"),
        ("action == Action::\"bye\"", 6, "Validation"),
        ("resource == Asset::\"SPY\"", 6, "Validation"),
        ("principal == Agent::\"somebody\"", 6, "Validation"),
        ("context.action.venue == Venue::\"Xnys\"", 6, "Validation"),
        // An action that abstains is no request.
        ("action == Action::\"hold\"", 6, "Validation"),
        // Amounts compared as strings, or without their point.
        ("context.action.amount == \"100\"", 6, "Validation"),
        ("context.action.amount <= 100", 6, "Validation"),
        ("context.time == \"now\"", 6, "Validation"),
        ("context.feature.price.lessThan(decimal(\"1.00000\"))", 6, "Validation"),
        ("context.feature.price.lessThan(decimal(\"many\"))", 6, "Validation"),
        // Policies that can fail: evidence that may be missing is not asked for first.
        ("context.evidence.kyc >= 2", 6, "Validation"),
        ("context.evidence.kyc >= 2 && context.evidence has kyc", 6, "Validation"),
        ("context.issued.approval > 5", 6, "Validation"),
        ("context.evidence has kyc && context.evidence.jurisdiction == \"DE\"", 6, "Validation"),
        // Nothing is known of entities but their names.
        ("resource.owner == principal", 6, "Validation"),
        ("resource.getTag(\"owner\") == \"me\"", 6, "Validation"),
        ("resource in principal", 6, "Inexpressible"),
        ("[].contains(context.time)", 6, "Validation"),
        // Comparisons that a table does not have.
        ("context.evidence has jurisdiction && context.evidence.jurisdiction like \"D*\"", 6, "Like"),
        ("[context.time, 5].contains(context.sequence)", 6, "UnboundedSet"),
        ("[1, 2].containsAll([1])", 6, "Inexpressible"),
        ("[1, 2].containsAny([1])", 6, "Inexpressible"),
        ("[1, 2] == [2, 1]", 6, "Inexpressible"),
        ("{a: 1}.a == 1", 6, "Inexpressible"),
        ("(if context.time > 3 then 1 else 2) < context.sequence", 6, "Inexpressible"),
        ("context.evidence.tier == context.evidence.tier", 6, "Inexpressible"),
        ("context.time * 2 > 10", 6, "NotOneFact"),
        ("context.time + context.sequence > 10", 6, "NotOneFact"),
        ("context.time + context.time > 10", 6, "NotOneFact"),
        ("context.state.count + 1 > 10", 6, "Overflow"),
        ("context.time - context.state.count > 10", 6, "Overflow"),
        ("-context.state.count < 9", 6, "Overflow"),
        ("9223372036854775807 + 1 > 0", 6, "Overflow"),
        ("3037000500 * 3037000500 > 0", 6, "Overflow"),
        ("context.feature.price.lessThan(context.feature.ratio)", 6, "ScaleMismatch"),
        ("context.feature.return_1d_e5 < context.feature.signal", 6, "ScaleMismatch"),
        ("context.feature.return_1d_e5 + context.feature.signal < 2", 6, "ScaleMismatch"),
        ("context.feature.price.lessThan(decimal(\"1.005\"))", 6, "Inexact"),
        ("context.feature.price == decimal(\"1.0001\")", 6, "Inexact"),
        ("context.time + 4611686018427387904 < context.sequence + -9223372036854775807", 6, "OffsetTooLarge"),
        ("context.evidence has jurisdiction && context.evidence.jurisdiction == \"GER\"", 6, "UnknownValue"),
        ("[\"basic\", \"ful\"].contains(context.evidence.tier)", 6, "UnknownValue"),
        ("false", 3, "NeverMatches"),
        ("context.time < 3 && context.time > 3", 3, "NeverMatches"),
        ("resource is Agent", 3, "NeverMatches"),
        ("context.state has positions", 3, "NeverMatches"),
    ];
    for (condition, line, expected) in cases {
        let error = refused(&when(condition));
        assert_eq!((error.line, variant(&error.cause)), (line, expected.to_owned()), "{condition}: {error}");
        let known = !matches!(error.cause, CedarCause::Syntax { .. });
        assert_eq!(error.policy.as_deref(), known.then_some("rule"), "{condition}");
    }
}

#[test]
fn a_column_leads_to_the_expression() {
    let error = refused(&when("context.time > 3 && context.state.count + 1 > 10"));
    assert_eq!((error.line, error.column), (6, 23));
    assert_eq!(
        error.cause,
        CedarCause::Overflow {
            expression: "context.state.count + 1".into(),
            lowest: i128::from(i64::MIN) + 1,
            highest: i128::from(i64::MAX) + 1,
        }
    );
}

#[test]
fn what_surrounds_a_policy_is_read_strictly() {
    let plain = "permit (principal, action, resource);\n";
    let annotated = |annotation: &str| format!("{plain}\n@id(\"b\")\n{annotation}\n{plain}");
    let cases = [
        ("".to_owned(), 1, "Empty"),
        ("// nothing\n".to_owned(), 1, "Empty"),
        (format!("{plain}\npermit (principal == ?principal, action, resource);"), 3, "Template"),
        (format!("{plain}\npermit (principal, action, resource in ?resource);"), 3, "Template"),
        (annotated("@reson(\"x\")"), 4, "UnknownAnnotation"),
        (annotated("@reason(\"two words\")"), 4, "BadName"),
        (annotated("@reason"), 4, "BadName"),
        (format!("@id(\"\")\n{plain}"), 1, "BadName"),
        (format!("{plain}@id(\"policy0\")\n{plain}"), 2, "DuplicateName"),
        (format!("@id(\"a\")\n{plain}\n@id(\"a\")\n{plain}"), 4, "DuplicateName"),
        (
            format!("@reason(\"r\") @remedy(\"wait\")\n{plain}\n@reason(\"r\") @remedy(\"run\")\n{plain}"),
            4,
            "RemedyConflict",
        ),
        (format!("{plain}\n// \u{202e}\n"), 3, "Invisible"),
        (format!("{plain}\npermit (principal, action, resource\u{200b});"), 3, "Invisible"),
        (plain.replace("action,", "action == Action::\"act\","), 1, "NeverMatches"),
        (plain.replace("action,", "action == Action::\"hold\","), 1, "Validation"),
        (plain.replace("action,", "action in [Action::\"sell\", Action::\"bye\"],"), 1, "Validation"),
        (plain.replace("resource)", "resource == Asset::\"SPY\")"), 1, "Validation"),
        (plain.replace("resource)", "resource is Venue)"), 1, "NeverMatches"),
        (plain.replace("principal,", "principal is Person,"), 1, "Validation"),
        (plain.replace(';', " when context.time > 3;"), 1, "Syntax"),
    ];
    for (source, line, expected) in cases {
        let error = refused(&source);
        assert_eq!((error.line, variant(&error.cause)), (line, expected.to_owned()), "{source}: {error}");
    }
    // A rule's number can make a name that somebody else has.
    let numbered = "@id(\"a#2\")\npermit (principal, action, resource);\n@id(\"a\")\n\
        forbid (principal, action, resource) when { context.time < 3 || context.sequence < 3 };";
    let error = refused(numbered);
    assert_eq!(error.cause, CedarCause::DuplicateName { name: "a#2".into(), first_line: 1 });
    assert_eq!(error.line, 3);
}

#[test]
fn evidence_that_may_be_missing_must_then_deny() {
    let permit = "@id(\"all\")\npermit (principal, action, resource);\n";
    let cases = [
        // Without the statement Cedar would permit, and a rule that uses its value denies.
        (
            "forbid (principal, action, resource) when { context.evidence has kyc && context.evidence.kyc < 2 };",
            "kyc",
        ),
        (
            "forbid (principal, action, resource) when { context.time > 3 }\n\
             unless { context.evidence has jurisdiction && context.evidence.jurisdiction == \"DE\" };",
            "jurisdiction",
        ),
        (
            "forbid (principal, action == Action::\"buy\", resource)\n\
             unless { context.evidence has kyc && context.evidence.kyc > 2 };",
            "kyc",
        ),
        (
            "permit (principal, action, resource) when { context.issued has approval && context.issued.approval > 2 };",
            "approval",
        ),
    ];
    for (policy, slot) in cases {
        let error = refused(&format!("{permit}\n{policy}"));
        assert_eq!(
            error.cause,
            CedarCause::MissingPermits { slot: slot.into(), permit: "all".into() },
            "{policy}"
        );
        assert_eq!(error.line, 4, "{policy}");
        // The fix that the message names.
        let fixed = format!(
            "{permit}\n{policy}\nforbid (principal, action, resource) unless {{ context.issued has {slot} }};"
        );
        compile(&fixed, &schema(false), 64).unwrap();
    }
}

#[test]
fn a_table_is_filled_to_its_size_and_no_further() {
    let file = |rules: i64| {
        (0..rules)
            .map(|rule| {
                format!("permit (principal, action, resource) when {{ context.time == {rule} && context.sequence == {rule} }};\n")
            })
            .collect::<String>()
    };
    let one = |values: i64, predicate: &str| {
        let tests =
            (0..values).map(|value| predicate.replace('#', &(3 * value).to_string())).collect::<Vec<_>>();
        format!(
            "permit (principal, action, resource);\nforbid (principal, action, resource) when {{\n{} }};",
            tests.join(" && ")
        )
    };
    let schema = schema(false);
    for capacity in [16, 64] {
        let half = capacity as i64 / 2;
        compile(&file(half), &schema, capacity).unwrap();
        let error = compile(&file(half + 1), &schema, capacity).unwrap_err();
        assert_eq!(error.cause, CedarCause::TooManyPredicates { needed: capacity + 2, capacity });
        assert_eq!(error.line, half as usize + 1);
        // One rule with many predicates, and many rules with few.
        compile(&one(capacity as i64, "context.time != #"), &schema, capacity).unwrap();
        let error = compile(&one(capacity as i64 + 1, "context.time != #"), &schema, capacity).unwrap_err();
        assert_eq!(error.cause, CedarCause::TooManyPredicates { needed: capacity + 1, capacity });
        assert_eq!(error.line, 2);
        let many = |rules: usize| {
            (0..rules)
                .map(|rule| {
                    let bits = (0..7).map(|bit| {
                        format!(
                            "context.time {} {}",
                            if rule >> bit & 1 == 1 { "==" } else { "!=" },
                            10 * bit
                        )
                    });
                    format!(
                        "permit (principal, action, resource) when {{ {} }};\n",
                        bits.take(1).collect::<String>()
                    )
                })
                .collect::<String>()
        };
        compile(&many(capacity), &schema, capacity).unwrap();
        let error = compile(&many(capacity + 1), &schema, capacity).unwrap_err();
        assert_eq!(error.cause, CedarCause::TooManyRules { needed: capacity + 1, capacity });
        assert_eq!(error.line, capacity + 1);
    }
}

#[test]
fn an_expansion_that_explodes_is_refused() {
    let alternatives = |pairs: i64| {
        let pairs: Vec<String> = (0..pairs)
            .map(|pair| format!("(context.time == {} || context.sequence == {})", 3 * pair, 3 * pair))
            .collect();
        // Negated, so that few of the alternatives exclude each other.
        format!(
            "permit (principal, action, resource) when {{ !({}) }};",
            pairs.join(" || ").replace("==", "!=").replace("||", "&&").replace(") && (", ") || (")
        )
    };
    // Each pair doubles the alternatives, but for those that contradict each other.
    let error = refused(&alternatives(40));
    assert!(matches!(error.cause, CedarCause::NeverMatches), "{error}");
    let facts = [
        "time",
        "sequence",
        "state.count",
        "after.count",
        "elapsed.count",
        "elapsed.position",
        "feature.signal",
        "change.count",
        "output.buy",
    ];
    let independent = |facts: &[&str]| {
        let pairs: Vec<String> =
            facts.iter().map(|fact| format!("(context.{fact} < 1 || context.{fact} > 5)")).collect();
        format!("permit (principal, action, resource) when {{ {} }};", pairs.join(" && "))
    };
    compile(&independent(&facts[..6]), &schema(false), 64).unwrap();
    let error = refused(&independent(&facts));
    assert_eq!(error.cause, CedarCause::TooManyClauses { needed: 512, limit: 256 });
}

#[test]
fn long_and_deep_files_are_refused_before_they_are_parsed() {
    let plain = "permit (principal, action, resource);";
    let padded = |bytes: usize| format!("{plain}{}", " ".repeat(bytes - plain.len()));
    compile(&padded(SOURCE_BYTES), &schema(false), 64).unwrap();
    let error = refused(&padded(SOURCE_BYTES + 1));
    assert_eq!(error.cause, CedarCause::TooLarge { got: SOURCE_BYTES + 1, limit: SOURCE_BYTES });

    // permit ( principal , action , resource ) when { } and 1362 times `true`, joined by two signs each: 4095.
    let chain = |more: &str| {
        let terms = vec!["true"; (TOKENS - 10) / 3].join("&&");
        format!("{plain}\npermit (principal, action, resource) when {{{more}{terms}}};")
    };
    // Full, and no longer: it is read, and is false.
    let error = refused(&chain("!"));
    assert_eq!(error.cause, CedarCause::NeverMatches);
    let error = refused(&chain("!!"));
    assert_eq!((error.line, error.cause), (2, CedarCause::TooLong { limit: TOKENS }));

    let nested = |depth: usize| {
        let depth = depth - 1;
        format!(
            "{plain}\npermit (principal, action, resource) when {{{}true{}}};",
            "(".repeat(depth),
            ")".repeat(depth)
        )
    };
    compile(&nested(DEPTH), &schema(false), 64).unwrap();
    let error = refused(&nested(DEPTH + 1));
    assert_eq!((error.line, error.cause), (2, CedarCause::TooDeep { limit: DEPTH }));
    let conditionals = |depth: usize| {
        let depth = depth - 1;
        format!(
            "{plain}\npermit (principal, action, resource) when {{{}true}};",
            "if context.time < 3 then true else ".repeat(depth)
        )
    };
    compile(&conditionals(DEPTH), &schema(false), 64).unwrap();
    let error = refused(&conditionals(DEPTH + 1));
    assert_eq!((error.line, error.cause), (2, CedarCause::TooDeep { limit: DEPTH }));
}

/// Where its stack ends, Cedar's validator returns no error: what is behind must not slip through.
#[test]
fn the_deepest_policies_are_validated_to_their_end() {
    let chain = |last: &str| {
        format!(
            "permit (principal, action, resource) when {{ {last} && {} }};",
            vec!["true"; 1300].join(" && ")
        )
    };
    compile(&chain("context.time < 3"), &schema(false), 64).unwrap();
    let error = refused(&chain("context.time < \"3\""));
    assert_eq!(variant(&error.cause), "Validation");
    let attributes =
        format!("permit (principal, action, resource) when {{ context{} }};", ".time".repeat(2000));
    assert_eq!(variant(&refused(&attributes).cause), "Validation");
    // Brackets that a string or a comment seems to hide.
    for hidden in ["// \"\n", "\"\\\"\n\" == \"", "// \t\"\n", "//\r\""] {
        let deep = format!("permit (principal, action, resource) when {{ {hidden}{} }};", "(".repeat(3000));
        assert!(["TooDeep", "Syntax"].contains(&variant(&refused(&deep).cause).as_str()), "{hidden}");
    }
}

#[test]
fn names_and_remedies_have_their_limits() {
    let annotated = |annotation: &str, value: &str| {
        format!(
            "permit (principal, action, resource);\n@{annotation}(\"{value}\")\nforbid (principal, action, resource);"
        )
    };
    for (annotation, limit) in [("id", limits::NAME_BYTES - 3), ("reason", limits::NAME_BYTES)] {
        let accepted = compile(&annotated(annotation, &"n".repeat(limit)), &schema(false), 64).unwrap();
        assert!(accepted.table.reasons.iter().any(|reason| reason.name.len() == limit));
        let error = refused(&annotated(annotation, &"n".repeat(limit + 1)));
        let got = "n".repeat(limit + 1);
        let annotation = if annotation == "id" { "id" } else { "reason" };
        assert_eq!((error.line, error.cause), (2, CedarCause::BadName { annotation, got, limit }));
    }
    compile(&annotated("remedy", &"r".repeat(limits::TEXT_BYTES)), &schema(false), 64).unwrap();
    let error = refused(&annotated("remedy", &"r".repeat(limits::TEXT_BYTES + 1)));
    assert_eq!((error.line, error.cause), (2, CedarCause::BadRemedy { limit: limits::TEXT_BYTES }));
    let error = refused(&annotated("remedy", "a\\u{202e}b"));
    assert_eq!(error.cause, CedarCause::BadRemedy { limit: limits::TEXT_BYTES });
}

#[test]
fn two_facts_are_not_one_attribute() {
    let mut card = card(false);
    card.features[0].name = "return_1d_e5".into();
    let error = Schema::new("trader", &Vocabulary::of(&card)).unwrap_err();
    assert_eq!(
        error.cause,
        CedarCause::AttributeCollision { attribute: "context.feature.return_1d_e5".into() }
    );
}
