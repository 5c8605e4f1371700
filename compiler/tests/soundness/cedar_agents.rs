//! Cedar files of an agent that are refused when it is compiled.

use crate::support::{manifest, setup, source};
use candor_compiler::cedar::{CedarCause, Compiled, compile};
use candor_compiler::{AgentSource, Category, CompileError, SourceFile, lower};
use candor_program::policy::{Fact, Table};
use std::path::PathBuf;

fn agent(policy: Option<&[u8]>) -> AgentSource {
    let text = manifest(2, 2)
        .replace("[[policy.rules]]\n", "[policy]\ncedar = \"rules/policy.cedar\"\n[[policy.rules]]\n");
    let file = |bytes: &[u8]| SourceFile { path: "rules/policy.cedar".into(), bytes: bytes.into() };
    AgentSource { policy: policy.map(file), ..source(&text, Vec::new()) }
}

fn refused(policy: Option<&[u8]>) -> CompileError {
    lower(&agent(policy), &setup()).unwrap_err()
}

#[test]
fn a_refusal_names_file_line_and_reason() {
    let error = refused(Some(b"permit (principal, action, resource)\nwhen {\n  context.tiem > 3 };"));
    assert_eq!(error.category(), Category::Usage);
    let text = error.to_string();
    assert!(text.starts_with("rules/policy.cedar:3:3: policy `policy0`: "), "{text}");
    assert!(text.contains("did you mean `time`"), "{text}");
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_refused() {
    match refused(None) {
        CompileError::CedarAbsent { path, policy } => {
            assert_eq!((path, policy.as_str()), (PathBuf::from("agent.toml"), "rules/policy.cedar"));
        }
        other => panic!("{other}"),
    }
    match refused(Some(b"\n\n// \xff")) {
        CompileError::NotUtf8 { path, line } => assert_eq!((path, line), ("rules/policy.cedar".into(), 3)),
        other => panic!("{other}"),
    }
}

#[test]
fn a_name_of_another_rule_is_refused() {
    match refused(Some(b"\n@id(\"all\")\npermit (principal, action, resource);")) {
        CompileError::Cedar { source, .. } => {
            assert_eq!(source.cause, CedarCause::NameTaken { name: "all".into() });
            assert_eq!(source.line, 2);
        }
        other => panic!("{other}"),
    }
}

/// So many rules, each of a predicate that no other has.
fn rules(count: usize, name: &str, fact: &str) -> Compiled {
    let policies: String = (0..count)
        .map(|rule| {
            format!(
                "@id(\"{name}{rule}\") @reason(\"{name}\") @remedy(\"{fact}\")\n\
                 permit (principal, action, resource) when {{ context.{fact} == {} }};\n",
                3 * rule
            )
        })
        .collect();
    compile(&policies, &crate::support::cedar::schema(true), 64).unwrap()
}

#[test]
fn two_tables_make_one_as_long_as_it_has_room() {
    let joined = rules(40, "a", "time").before(&rules(24, "b", "sequence").table).unwrap();
    assert_eq!((joined.rules.len(), joined.predicates.len(), joined.reasons.len()), (64, 64, 2));
    // The other table's predicates keep their places, which its registers may name.
    assert!(joined.predicates[..24].iter().all(|predicate| predicate.fact == Fact::Sequence));
    let error = rules(41, "a", "time").before(&rules(24, "b", "sequence").table).unwrap_err();
    assert_eq!((error.line, error.cause), (1, CedarCause::TooManyRules { needed: 65, capacity: 64 }));
    // Predicates of registers are in the table without any rule.
    let registers = Table { rules: Vec::new(), ..rules(24, "b", "sequence").table };
    rules(40, "a", "time").before(&registers).unwrap();
    let error = rules(41, "a", "time").before(&registers).unwrap_err();
    assert_eq!(error.cause, CedarCause::TooManyPredicates { needed: 65, capacity: 64 });
    assert_eq!(error.line, 81);
    // One reason, two remedies.
    let mut other = rules(2, "b", "sequence").table;
    other.reasons[0].name = "a".into();
    let error = rules(2, "a", "time").before(&other).unwrap_err();
    assert_eq!((error.line, error.cause), (1, CedarCause::RemedyConflict { reason: "a".into() }));
    other.reasons[0].remedy = "time".into();
    let joined = rules(2, "a", "time").before(&other).unwrap();
    assert!(joined.rules.iter().all(|rule| rule.reason == 16) && joined.reasons.len() == 1);
}
