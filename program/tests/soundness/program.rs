//! Cards that are refused: each error exactly, each limit at its end and one beyond.

use crate::sample::{self, action, argument, dense, feature, log2, predicate, reason, rule};
use candor_program::card::{Plugin, PointBytes};
use candor_program::class::{Input, OperatorClass, TermClass};
use candor_program::head::{ActionTemplate, Head};
use candor_program::interval::{NameDefect, Part, ProgramError};
use candor_program::operator::{Affine, Operator, Rescale, Term};
use candor_program::policy::{Comparison, Effect, Fact, Operand};
use candor_program::state::Update;
use candor_program::transaction::{AbiType, ArgumentSource};
use candor_program::{Card, limits};

fn validated(change: impl FnOnce(&mut Card)) -> Result<(), ProgramError> {
    let mut card = sample::program().card;
    change(&mut card);
    card.validate()
}

fn refused(change: impl FnOnce(&mut Card)) -> ProgramError {
    validated(change).unwrap_err()
}

fn affine(card: &mut Card, operator: usize) -> &mut Affine {
    match &mut card.operators[operator] {
        Operator::Affine(affine) => affine,
        Operator::Lookup(_) => panic!("a lookup"),
    }
}

/// The shapes of an operator's terms.
fn terms(card: &mut Card, operator: usize) -> &mut Vec<TermClass> {
    match &mut card.class.operators[operator] {
        OperatorClass::Affine { terms, .. } => terms,
        OperatorClass::Lookup { .. } => panic!("a lookup"),
    }
}

/// The padded extents of an operator's output.
fn axes(card: &mut Card, operator: usize) -> &mut Vec<u8> {
    match &mut card.class.operators[operator] {
        OperatorClass::Affine { axes, .. } => axes,
        OperatorClass::Lookup { .. } => panic!("a lookup"),
    }
}

/// Replaces the model by one with these widths; the class follows.
fn widths(card: &mut Card, widths: &[u32]) {
    let input = card.features.len() as u32;
    let sources = [input].into_iter().chain(widths.iter().copied());
    let operator = |((index, width), source): ((usize, &u32), u32)| {
        sample::affine(&[*width], vec![dense(index as u16, source)], Rescale { multiplier: 1, low: 0 })
    };
    let operators = widths.iter().enumerate().zip(sources).map(operator).collect();
    sample::set_model(card, &[input], operators);
}

fn actions(card: &mut Card, count: usize) {
    let actions = (0..count).map(|index| action(&format!("a{index}"), index as i64)).collect();
    card.head = sample::head(actions);
}

/// The list's last allowed length is accepted, the next is not.
fn count_limit(part: Part, minimum: usize, limit: usize, resize: impl Fn(&mut Card, usize)) {
    assert_eq!(validated(|card| resize(card, limit)), Ok(()));
    assert_eq!(validated(|card| resize(card, minimum)), Ok(()));
    let error = |got| ProgramError::Count { part, minimum, limit, got };
    assert_eq!(refused(|card| resize(card, limit + 1)), error(limit + 1));
    if minimum > 0 {
        assert_eq!(refused(|card| resize(card, 0)), error(0));
    }
}

#[test]
fn the_sample_is_valid() {
    assert_eq!(validated(|_| ()), Ok(()));
}

#[test]
fn version() {
    assert_eq!(refused(|card| card.class.version = 2), ProgramError::Version { expected: 1, got: 2 });
}

#[test]
fn count() {
    count_limit(Part::Features, 1, limits::FEATURES, |card, count| {
        card.features = (0..count).map(|index| feature(&format!("f{index}"), 1, "/x", 0, 0, 1)).collect();
        card.policy.rules.clear();
        card.policy.predicates.clear();
        widths(card, &[4, 3]);
    });
    count_limit(Part::Operators, 1, limits::OPERATORS, |card, count| widths(card, &vec![3; count]));
    count_limit(Part::Terms, 1, limits::TERMS, |card, count| {
        affine(card, 0).terms = vec![Term::dense(3); count];
        *terms(card, 0) = vec![dense(0, 3).0; count];
    });
    count_limit(Part::Actions, 1, limits::ACTIONS, |card, count| {
        widths(card, &[4, count.max(1) as u32]);
        actions(card, count);
    });
    count_limit(Part::Plugins, 1, limits::PLUGINS, |card, count| {
        let plugin =
            |index| Plugin { id: format!("p{index}"), version: "1".into(), code_hash: [0; 32], signer: None };
        card.plugins = (0..count).map(plugin).collect();
        card.features.iter_mut().for_each(|feature| feature.plugin = 0);
    });
    count_limit(Part::Reasons, 0, limits::REASONS, |card, count| {
        card.policy.reasons =
            (0..count).map(|index| reason(16 + index as u16, &format!("r{index}"), "")).collect();
        card.policy.rules.truncate(count);
    });
    count_limit(Part::Registers, 0, limits::REGISTERS, resize_registers);
    count_limit(Part::Arguments, 0, limits::ARGUMENTS, |card, count| {
        let source = ArgumentSource::Constant([0; 32]);
        let argument = |index| argument(&format!("a{index}"), AbiType::Bool, source.clone());
        card.transaction.arguments = (0..count).map(argument).collect();
    });
    let limit = limits::WEIGHT_ROWS;
    let error = ProgramError::Count { part: Part::WeightRows, minimum: 0, limit, got: limit + 1 };
    assert_eq!(refused(|card| card.weight_rows = vec![PointBytes([0; 64]); limit + 1]), error);
}

/// Every name of a card.
type NameOf = fn(&mut Card) -> &mut String;
const NAMES: [(Part, usize, NameOf); 12] = [
    (Part::Agent, 0, |card| &mut card.name),
    (Part::Agent, 1, |card| &mut card.agent_version),
    (Part::Features, 1, |card| &mut card.features[1].name),
    (Part::Plugins, 1, |card| &mut card.plugins[1].id),
    (Part::Plugins, 1, |card| &mut card.plugins[1].version),
    (Part::Registers, 2, |card| &mut card.registers[2].name),
    (Part::Rules, 1, |card| &mut card.policy.rules[1].name),
    (Part::Reasons, 1, |card| &mut card.policy.reasons[1].name),
    (Part::Reasons, 0, |card| &mut card.policy.reasons[0].remedy),
    (Part::Function, 0, |card| &mut card.transaction.function),
    (Part::Arguments, 1, |card| &mut card.transaction.arguments[1].name),
    (Part::Actions, 0, |card| match &mut card.head {
        Head::ArgMax { actions, .. } => &mut actions[0].name,
    }),
];

#[test]
fn name() {
    for (place, (part, index, of)) in NAMES.into_iter().enumerate() {
        let remedy = place == 8;
        let limit = if remedy { limits::TEXT_BYTES } else { limits::NAME_BYTES };
        let error = |defect| ProgramError::Name { part, index, defect };
        assert_eq!(validated(|card| *of(card) = "x".repeat(limit)), Ok(()), "{part}");
        let too_long = error(NameDefect::TooLong { limit, got: limit + 1 });
        assert_eq!(refused(|card| *of(card) = "x".repeat(limit + 1)), too_long);
        if remedy {
            assert_eq!(validated(|card| of(card).clear()), Ok(()));
        } else {
            assert_eq!(refused(|card| of(card).clear()), error(NameDefect::Empty));
        }
        for text in ["\u{1b}[2J", "a\nb", "a\u{202e}b", "a\u{200b}", "\u{feff}a", "\u{2066}a", "a\0"] {
            assert_eq!(
                refused(|card| *of(card) = text.into()),
                error(NameDefect::ControlCharacter),
                "{text:?}"
            );
        }
        let identifier = matches!(part, Part::Function | Part::Arguments);
        for text in ["a b", "9a", "a(", "é", "a,b"] {
            let expected = if identifier { Err(error(NameDefect::NotIdentifier)) } else { Ok(()) };
            assert_eq!(validated(|card| *of(card) = text.into()), expected, "{text}");
        }
    }
    assert_eq!(validated(|card| card.transaction.function = "_$a9Z".into()), Ok(()));
}

#[test]
fn duplicate_name() {
    let error = |part, index| ProgramError::DuplicateName { part, index };
    assert_eq!(refused(|card| card.features[2].name = "momentum".into()), error(Part::Features, 2));
    assert_eq!(refused(|card| card.plugins[1].id = "market".into()), error(Part::Plugins, 1));
    assert_eq!(refused(|card| card.registers[3].name = "exposure".into()), error(Part::Registers, 3));
    assert_eq!(refused(|card| card.policy.rules[1].name = "mandate".into()), error(Part::Rules, 1));
    assert_eq!(refused(|card| card.policy.reasons[2].name = "interval".into()), error(Part::Reasons, 2));
    assert_eq!(
        refused(|card| card.transaction.arguments[2].name = "asset".into()),
        error(Part::Arguments, 2)
    );
    let Head::ArgMax { mut actions, .. } = sample::program().card.head;
    actions[2].name = "sell".into();
    assert_eq!(refused(|card| card.head = sample::head(actions)), error(Part::Actions, 2));
}

#[test]
fn row_length() {
    for got in [0, 8, 15, 255] {
        assert_eq!(refused(|card| card.class.row_log2 = got), ProgramError::RowLength { got });
    }
    for row_log2 in [9, 14] {
        let change = |card: &mut Card| (card.class.row_log2, card.setup.powers_log2) = (row_log2, row_log2);
        assert_eq!(validated(change), Ok(()));
    }
}

#[test]
fn setup_powers() {
    for powers_log2 in [0, 8, 29, 255] {
        let error = ProgramError::SetupPowers { row_log2: 9, powers_log2 };
        assert_eq!(refused(|card| card.setup.powers_log2 = powers_log2), error);
    }
    assert_eq!(validated(|card| card.setup.powers_log2 = 28), Ok(()));
}

#[test]
fn policy_size() {
    for got in [0, 15, 17, 32, 128] {
        assert_eq!(refused(|card| card.class.policy_size = got), ProgramError::PolicySize { got });
    }
}

#[test]
fn state_size() {
    for (registers, expected, others) in
        [(0, 4, [0, 16]), (4, 4, [5, 16]), (5, 16, [4, 5]), (16, 16, [4, 64])]
    {
        let resized = |size| {
            validated(|card| {
                resize_registers(card, registers);
                card.class.state_size = size;
            })
        };
        assert_eq!(resized(expected as u8), Ok(()));
        for got in others {
            assert_eq!(resized(got), Err(ProgramError::StateSize { expected, got }));
        }
    }
}

fn resize_registers(card: &mut Card, count: usize) {
    let register = |index| sample::register(&format!("r{index}"), 0, Update::Keep, Operand::Constant(0));
    card.registers = (0..count).map(register).collect();
    card.class.state_size = if count <= 4 { 4 } else { 16 };
    card.policy.rules.clear();
    card.policy.predicates.clear();
}

#[test]
fn capacity() {
    for capacity in [16, 64] {
        let error = |part| Err(ProgramError::Capacity { part, capacity, got: usize::from(capacity) + 1 });
        for beyond in [0, 1] {
            let count = usize::from(capacity) + beyond;
            let predicates = validated(|card| {
                card.class.policy_size = capacity;
                let always = predicate(Fact::Time, Comparison::Greater, Operand::Constant(0));
                card.policy.predicates.resize(count, always);
            });
            assert_eq!(predicates, if beyond == 0 { Ok(()) } else { error(Part::Predicates) });
            let rules = validated(|card| {
                card.class.policy_size = capacity;
                let permit = |index| rule(&format!("r{index}"), Effect::Permit, 0, 0, 16);
                card.policy.rules = (0..count).map(permit).collect();
            });
            assert_eq!(rules, if beyond == 0 { Ok(()) } else { error(Part::Rules) });
        }
    }
}

#[test]
fn operator_count() {
    let error = ProgramError::OperatorCount { class: 1, card: 2 };
    assert_eq!(refused(|card| card.class.operators.truncate(1)), error);
}

#[test]
fn padded_length() {
    let error = |tensor, expected, got| ProgramError::PaddedLength { tensor, axis: 0, expected, got };
    assert_eq!(refused(|card| card.class.input = Input::Vector { log2: 3 }), error(0, 2, 3));
    assert_eq!(refused(|card| card.class.input = Input::Vector { log2: 1 }), error(0, 2, 1));
    assert_eq!(refused(|card| axes(card, 0)[0] = 3), error(1, 2, 3));
    assert_eq!(refused(|card| axes(card, 0)[0] = 255), error(1, 2, 255));
    for width in [1, 2, 3, 4, 5, 127, 128, 129, 65_535, 65_536] {
        assert_eq!(
            validated(|card| widths(card, &[width, 3])),
            Ok(()),
            "{width} to 2^{}",
            log2(width as usize)
        );
    }
}

#[test]
fn terms_of_class_and_card() {
    let error = ProgramError::Terms { operator: 1 };
    assert_eq!(refused(|card| affine(card, 1).terms.truncate(1)), error);
    assert_eq!(refused(|card| terms(card, 1).truncate(1)), error);
    assert_eq!(refused(|card| card.operators[1] = sample::lookup(1, 0, 0).1), error);
    assert_eq!(refused(|card| card.class.operators[1] = sample::lookup(1, 0, 0).0), error);
}

#[test]
fn wiring() {
    for (operator, tensor) in [(0, 1), (1, 2), (1, 3), (0, u16::MAX)] {
        let error = ProgramError::Wiring { operator, term: 0, tensor };
        assert_eq!(refused(|card| terms(card, operator)[0] = dense(tensor, 4).0), error);
    }
}

#[test]
fn multiplier() {
    assert_eq!(
        refused(|card| affine(card, 1).rescale.multiplier = 0),
        ProgramError::Multiplier { operator: 1 }
    );
}

#[test]
fn low() {
    for got in [1, -65_536, i32::MIN, i32::MAX] {
        assert_eq!(refused(|card| affine(card, 0).rescale.low = got), ProgramError::Low { operator: 0, got });
    }
    assert_eq!(validated(|card| affine(card, 0).rescale.low = -65_535), Ok(()));
}

#[test]
fn parameters() {
    // From 5 features over widths a, b to 3: (a + 4)(b + 6) - 21 parameters.
    let five = |widths: [u32; 3]| {
        move |card: &mut Card| {
            card.features.extend(["fourth", "fifth"].map(|name| feature(name, 0, "/x", 0, 0, 1)));
            self::widths(card, &widths);
        }
    };
    assert_eq!(validated(five([3_091, 21_677, 3])), Ok(()));
    let got = limits::PARAMETERS + 1;
    assert_eq!(refused(five([1_078, 62_017, 3])), ProgramError::Parameters { got });
    let mut card = sample::program().card;
    five([3_091, 21_677, 3])(&mut card);
    assert_eq!(card.parameters(), limits::PARAMETERS);
}

#[test]
fn outputs() {
    assert_eq!(refused(|card| actions(card, 4)), ProgramError::Outputs { outputs: 3, actions: 4 });
    assert_eq!(refused(|card| actions(card, 2)), ProgramError::Outputs { outputs: 3, actions: 2 });
}

#[test]
fn feature_range() {
    for (min, max) in [(1, 0), (0, 65_536), (i64::MIN, i64::MAX), (i64::MAX, i64::MIN)] {
        let error = ProgramError::FeatureRange { feature: 1, min, max };
        assert_eq!(refused(|card| (card.features[1].min, card.features[1].max) = (min, max)), error);
    }
    for (min, max) in [(0, 0), (i64::MIN, i64::MIN + 65_535), (i64::MAX - 65_535, i64::MAX)] {
        assert_eq!(validated(|card| (card.features[1].min, card.features[1].max) = (min, max)), Ok(()));
    }
}

#[test]
fn feature_decimals() {
    let error = ProgramError::FeatureDecimals { feature: 1, got: 19 };
    assert_eq!(refused(|card| card.features[1].decimals = 19), error);
    assert_eq!(validated(|card| card.features[1].decimals = 18), Ok(()));
}

#[test]
fn amount_decimals() {
    assert_eq!(refused(|card| card.amount_decimals = 19), ProgramError::AmountDecimals { got: 19 });
    assert_eq!(validated(|card| card.amount_decimals = 18), Ok(()));
}

#[test]
fn feature_pointer() {
    let long = |length: usize| format!("/{}", "a".repeat(length - 1));
    let deep = |depth| "/a".repeat(depth);
    for pointer in [
        "a".to_owned(),
        "#/a".to_owned(),
        "/~".to_owned(),
        "/~2".to_owned(),
        "/a~".to_owned(),
        "/a\nb".to_owned(),
        long(limits::POINTER_BYTES + 1),
        deep(limits::POINTER_DEPTH + 1),
    ] {
        let error = ProgramError::FeaturePointer { feature: 2 };
        assert_eq!(refused(|card| card.features[2].pointer = pointer), error);
    }
    for pointer in [
        String::new(),
        "/".into(),
        "/~0~1/é".into(),
        long(limits::POINTER_BYTES),
        deep(limits::POINTER_DEPTH),
    ] {
        assert_eq!(validated(|card| card.features[2].pointer = pointer), Ok(()));
    }
}

#[test]
fn feature_plugin() {
    let error = ProgramError::FeaturePlugin { feature: 0, plugin: 2 };
    assert_eq!(refused(|card| card.features[0].plugin = 2), error);
}

#[test]
fn action_amount() {
    for (abstain, amount) in [(true, 1), (true, i64::MIN), (false, 0)] {
        let Head::ArgMax { mut actions, .. } = sample::program().card.head;
        (actions[1].abstain, actions[1].amount) = (abstain, amount);
        let change = |card: &mut Card| card.head = sample::head(actions);
        assert_eq!(refused(change), ProgramError::ActionAmount { action: 1 });
    }
}

#[test]
fn action_magnitude() {
    let change = |card: &mut Card| acting(card, 0).amount = i64::MIN;
    assert_eq!(refused(change), ProgramError::ActionMagnitude { action: 0 });
    assert_eq!(validated(|card| acting(card, 0).amount = i64::MIN + 1), Ok(()));
}

fn acting(card: &mut Card, index: usize) -> &mut ActionTemplate {
    let Head::ArgMax { actions, .. } = &mut card.head;
    &mut actions[index]
}

/// Without names there is number 0 alone.
#[test]
fn action_instrument() {
    type Place = fn(&mut Card) -> &mut u16;
    let places: [(Part, Place); 2] = [
        (Part::Assets, |card| &mut acting(card, 2).asset),
        (Part::Venues, |card| &mut acting(card, 2).venue),
    ];
    for (part, place) in places {
        for (names, last) in [(0, 0), (1, 0), (2, 1), (limits::INSTRUMENTS, 1_023)] {
            let changed = |index| {
                move |card: &mut Card| {
                    let Head::ArgMax { assets, venues, .. } = &mut card.head;
                    let list = if part == Part::Assets { assets } else { venues };
                    *list = (0..names).map(|name| format!("n{name}")).collect();
                    *place(card) = index;
                }
            };
            assert_eq!(validated(changed(last)), Ok(()));
            let error = ProgramError::ActionInstrument { action: 2, part };
            assert_eq!(validated(changed(last + 1)), Err(error));
        }
        let many = |card: &mut Card| {
            let Head::ArgMax { assets, venues, .. } = &mut card.head;
            let list = if part == Part::Assets { assets } else { venues };
            *list = (0..=limits::INSTRUMENTS).map(|name| format!("n{name}")).collect();
        };
        let got = limits::INSTRUMENTS + 1;
        assert_eq!(refused(many), ProgramError::Count { part, minimum: 0, limit: limits::INSTRUMENTS, got });
    }
}

#[test]
fn fact_index() {
    for fact in [
        Fact::Feature(3),
        Fact::Output(3),
        Fact::Register(4),
        Fact::After(4),
        Fact::Change(4),
        Fact::Elapsed(4),
        Fact::Evidence(0),
        Fact::Present(0),
        Fact::Issued(0),
        Fact::Feature(u16::MAX),
    ] {
        let error = |part, index| ProgramError::FactIndex { part, index, fact };
        assert_eq!(refused(|card| card.policy.predicates[1].fact = fact), error(Part::Predicates, 1));
        let change = |card: &mut Card| card.policy.predicates[4].operand = fact.into();
        assert_eq!(refused(change), error(Part::Predicates, 4));
        let source = ArgumentSource::Fact { fact, offset: 0 };
        let change = |card: &mut Card| card.transaction.arguments[2].source = source;
        assert_eq!(refused(change), error(Part::Arguments, 2));
    }
}

#[test]
fn rule_mask() {
    for bit in [5, 63] {
        let error = ProgramError::RuleMask { rule: 1 };
        assert_eq!(refused(|card| card.policy.rules[1].all_of |= 1 << bit), error);
        assert_eq!(refused(|card| card.policy.rules[1].none_of |= 1 << bit), error);
    }
    // With 64 predicates every bit is one.
    let all = validated(|card| {
        card.class.policy_size = 64;
        let first = card.policy.predicates[0];
        card.policy.predicates.resize(64, first);
        card.policy.rules[1].all_of = u64::MAX;
    });
    assert_eq!(all, Ok(()));
}

#[test]
fn reason_reserved() {
    let error = |code| ProgramError::ReasonReserved { code };
    assert_eq!(refused(|card| card.policy.rules[0].reason = 15), error(15));
    assert_eq!(refused(|card| card.policy.reasons[0].code = 2), error(2));
}

#[test]
fn reason_duplicate() {
    let error = ProgramError::ReasonDuplicate { code: 17 };
    assert_eq!(refused(|card| card.policy.reasons[2].code = 17), error);
}

#[test]
fn reason_unknown() {
    let error = ProgramError::ReasonUnknown { rule: 2, code: 19 };
    assert_eq!(refused(|card| card.policy.rules[2].reason = 19), error);
}

#[test]
fn argument_type() {
    for abi_type in [AbiType::Uint(0), AbiType::Uint(7), AbiType::Int(264), AbiType::Int(u16::MAX)] {
        let error = ProgramError::ArgumentType { argument: 1 };
        assert_eq!(refused(|card| card.transaction.arguments[1].abi_type = abi_type), error);
    }
    // Amounts of -250 to 250 need 16 bits.
    for bits in (16..=256).step_by(8) {
        assert_eq!(validated(|card| card.transaction.arguments[1].abi_type = AbiType::Int(bits)), Ok(()));
    }
}

#[test]
fn argument_constant() {
    let word = |first: u8, middle: u8, last: u8| {
        let mut word = [0; 32];
        (word[0], word[12], word[31]) = (first, middle, last);
        word
    };
    let constant = |abi_type, word| {
        validated(|card| {
            card.transaction.arguments[0] = argument("asset", abi_type, ArgumentSource::Constant(word));
        })
    };
    for (abi_type, word) in [
        (AbiType::Uint(248), word(1, 0, 0)),
        (AbiType::Uint(8), word(0, 1, 0)),
        (AbiType::Int(8), word(0, 0, 128)),
        (AbiType::Int(8), word(0xff, 0, 128)),
        (AbiType::Address, word(1, 0, 0)),
        (AbiType::Bool, word(0, 0, 2)),
        (AbiType::Bool, word(1, 0, 1)),
    ] {
        assert_eq!(constant(abi_type, word), Err(ProgramError::ArgumentConstant { argument: 0 }));
    }
    let mut negative = [0xff; 32];
    negative[31] = 0x80;
    for (abi_type, word) in [
        (AbiType::Uint(256), [0xff; 32]),
        (AbiType::Uint(8), word(0, 0, 255)),
        (AbiType::Int(8), word(0, 0, 127)),
        (AbiType::Int(8), negative),
        (AbiType::Address, word(0, 0xff, 0)),
        (AbiType::Bool, word(0, 0, 1)),
        (AbiType::Bytes32, [0xff; 32]),
    ] {
        assert_eq!(constant(abi_type, word), Ok(()));
    }
}

#[test]
fn argument_fact() {
    for abi_type in [AbiType::Address, AbiType::Bytes32] {
        let error = ProgramError::ArgumentFact { argument: 1 };
        assert_eq!(refused(|card| card.transaction.arguments[1].abi_type = abi_type), error);
    }
}
