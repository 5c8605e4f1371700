//! Windows, guarded registers, evidence and conditions of agent.toml, and the words they are said in.

use crate::support::{model, node, setup, source, trading};
use candor_compiler::{Lowered, Vocabulary, lower};
use candor_program::card::SignerKey;
use candor_program::evidence::{Authority, Direction, Subject};
use candor_program::policy::{Comparison, Fact, Operand, Predicate};
use candor_program::state::{Update, Window};

fn compile(text: &str) -> Lowered {
    let model = model(2, 2, vec![node("Relu", &["x"], "y")], vec![]);
    lower(&source(text, model), &setup()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The predicate of one condition.
fn predicate(condition: &str) -> Predicate {
    let text = trading().replace("\"evidence.jurisdiction == DE\"", &format!("'{condition}'"));
    compile(&text).card.policy.predicates[0]
}

#[test]
fn sections_become_the_card() {
    let card = compile(&trading()).card;
    assert_eq!((card.head.assets(), card.amount_decimals), (&["SPX".into(), "NDX".into()][..], 2));
    let actions: Vec<_> = card.head.actions().iter().map(|a| (a.amount, a.asset, a.venue)).collect();
    assert_eq!(actions, [(-10_050, 0, 0), (10_050, 1, 1)]);
    assert_eq!(card.windows, [Window { name: "shift".into(), seconds: 28_800, offset: 1800 }]);
    let position = &card.registers[0];
    assert_eq!(
        (position.initial, position.window, position.source),
        (50, Some(0), Fact::ActionAmount.into())
    );
    let updates = (position.on_execute, position.on_deny, position.on_abstain);
    assert_eq!(updates, (Update::Add, Update::Reset, Update::Keep));
    let when = |index: usize| card.policy.predicates[usize::from(card.registers[index].when.unwrap())];
    let spx =
        Predicate { fact: Fact::ActionAsset, comparison: Comparison::Equal, operand: Operand::Constant(0) };
    assert_eq!(when(0), spx);
    let high_water = &card.registers[1];
    assert_eq!(high_water.source, Operand::Fact { fact: Fact::Feature(0), offset: -5000 });
    assert_eq!((high_water.initial, when(1).operand), (-30_000, Fact::Register(1).into()));
    let [jurisdiction, epoch, approval] = &card.evidence[..] else { panic!() };
    let secp256k1 = SignerKey::Secp256k1 { address: *b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09" };
    assert_eq!(jurisdiction.authority, Authority::Attester { key: secp256k1 });
    assert_eq!((jurisdiction.subject, jurisdiction.default), (Subject::Agent, None));
    assert_eq!(jurisdiction.revoked_by, Some(1));
    let values: Vec<_> = jurisdiction.values.iter().map(|v| (v.name.as_str(), v.value)).collect();
    assert_eq!(values, [("DE", 276), ("US", 840)]);
    assert!(matches!(epoch.subject, Subject::Principal { id } if id[31] == 10 && id[..31] == [0; 31]));
    assert!(matches!(&epoch.authority, Authority::Attester { key: SignerKey::Ed25519 { .. } }));
    let Authority::Mandate { limit, direction, .. } = &approval.authority else { panic!() };
    assert_eq!((limit.as_str(), *direction), ("order", Direction::AtMost));
    assert_eq!((approval.decimals, approval.default), (2, Some(0)));
    assert_eq!((card.class.state_size, card.class.evidence_size), (4, 4));
}

#[test]
fn conditions_compare_facts_with_constants_names_and_facts() {
    use Comparison::{Equal, GreaterOrEqual, Less, NotEqual};
    let constant = |value| Operand::Constant(value);
    let cases = [
        ("action.magnitude >= 100", Fact::ActionMagnitude, GreaterOrEqual, constant(10_000)),
        ("action.amount < -0.5", Fact::ActionAmount, Less, constant(-50)),
        ("action.code == buy", Fact::ActionCode, Equal, constant(1)),
        ("action.asset != \"NDX\"", Fact::ActionAsset, NotEqual, constant(1)),
        ("action.venue == 1", Fact::ActionVenue, Equal, constant(1)),
        ("evidence.jurisdiction == US", Fact::Evidence(0), Equal, constant(840)),
        ("present.approval == 0", Fact::Present(2), Equal, constant(0)),
        ("elapsed.position < 3d", Fact::Elapsed(0), Less, constant(259_200)),
        ("output.buy >= 7", Fact::Output(1), GreaterOrEqual, constant(7)),
        (
            "evidence.approval >= action.magnitude",
            Fact::Evidence(2),
            GreaterOrEqual,
            Fact::ActionMagnitude.into(),
        ),
        (
            "feature.f0 < state.high_water - 0.0005",
            Fact::Feature(0),
            Less,
            Operand::Fact { fact: Fact::Register(1), offset: -5 },
        ),
        (
            "issued.approval >= time + 60",
            Fact::Issued(2),
            GreaterOrEqual,
            Operand::Fact { fact: Fact::Time, offset: 60 },
        ),
        ("change.position < 1.25", Fact::Change(0), Less, constant(125)),
        ("after.position < 0", Fact::After(0), Less, constant(0)),
    ];
    for (condition, fact, comparison, operand) in cases {
        assert_eq!(predicate(condition), Predicate { fact, comparison, operand }, "{condition}");
    }
}

#[test]
fn every_fact_has_one_name_and_says_what_it_can_be() {
    let card = compile(&trading()).card;
    let words = Vocabulary::of(&card);
    let facts: Vec<Fact> = words.facts().collect();
    assert_eq!(facts.len(), 7 + 2 + 2 + 4 * 2 + 3 * 3);
    for fact in facts {
        let name = words.name(fact);
        assert_eq!(words.fact(&name), Some(fact), "{name}");
        let range = words.range(fact);
        assert!(range.lowest <= range.highest, "{name}");
        for (value, integer) in words.values(fact) {
            assert_eq!((words.value(fact, value), words.show(fact, integer)), (Some(integer), value.into()));
        }
    }
    assert_eq!(words.fact("register.position"), Some(Fact::Register(0)));
    assert_eq!(words.name(Fact::Feature(9)), "feature.#9");
    let missing = |fact| words.range(fact).may_be_missing;
    assert!(missing(Fact::Evidence(0)) && !missing(Fact::Evidence(2)) && missing(Fact::Issued(2)));
    assert!(missing(Fact::After(0)) && missing(Fact::Elapsed(0)) && !missing(Fact::Register(0)));
    let range = words.range(Fact::ActionAmount);
    assert_eq!((range.lowest, range.highest), (-10_050, 10_050));
    // The output's range is the last operator's: a ReLU's is from 0.
    assert_eq!(words.range(Fact::Output(0)).lowest, 0);
    let decimals = [Fact::Register(0), Fact::After(1), Fact::Elapsed(0), Fact::Evidence(2), Fact::Time];
    assert_eq!(decimals.map(|fact| words.decimals(fact)), [2, 4, 0, 2, 0]);
    assert_eq!(words.show(Fact::ActionAmount, -5), "-0.05");
    assert_eq!(words.constant(Fact::ActionAmount, "1.5"), Ok(150));
    assert_eq!(words.meant("action.ammount").as_deref(), Some("action.amount"));
}

#[test]
fn predicates_are_shown_as_they_are_written() {
    let card = compile(&trading()).card;
    let words = Vocabulary::of(&card);
    for condition in [
        "action.magnitude >= 100.00",
        "action.asset == SPX",
        "evidence.jurisdiction != US",
        "feature.f0 < state.high_water - 0.0005",
        "issued.approval >= time + 60",
        "evidence.approval >= action.magnitude",
    ] {
        assert_eq!(words.condition(&predicate(condition)), condition);
    }
}

#[test]
fn what_a_register_changes_by_may_be_implied() {
    let text = trading().replace(
        "[[evidence]]\nname = \"jurisdiction\"",
        "[[state]]\nname = \"denials\"\ninitial = 0\non_deny = \"increment\"\non_execute = \"reset\"\n\
         [[state]]\nname = \"idle\"\ninitial = 0\non_abstain = \"time\"\n\
         [[evidence]]\nname = \"jurisdiction\"",
    );
    let card = compile(&text).card;
    let denials = &card.registers[2];
    let updates = (denials.on_execute, denials.on_deny, denials.on_abstain);
    assert_eq!((denials.source, updates), (Operand::Constant(1), (Update::Reset, Update::Add, Update::Keep)));
    assert_eq!((card.registers[3].source, card.registers[3].on_abstain), (Fact::Time.into(), Update::Set));
}
