//! Small random cards and requests, on which everything can be tried out.

use super::Numbers;
use candor_program::card::{Card, Domain, SetupCard, SetupSource, SignerKey};
use candor_program::class::{Class, FORMAT_VERSION, Input};
use candor_program::evidence::{Authority, Evidence, Slot, Statement, Subject, ValueName};
use candor_program::explain::Request;
use candor_program::feature::Feature;
use candor_program::head::{ActionTemplate, Head};
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate, ReasonText, Rule, Table};
use candor_program::state::{Register, State, Update, Window};
use candor_program::transaction::Template;

/// Times, values and features are within this, so that all of them can be tried.
pub(super) const SMALL: i64 = 40;
const ACTIONS: u16 = 4;
const FEATURES: u16 = 2;
const REGISTERS: u16 = 4;
const SLOTS: u16 = 3;
/// Predicates that registers may wait for: they look at nothing that follows from a register's update.
const GUARDS: usize = 2;

const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
];

pub(super) fn pick<T: Copy>(numbers: &mut Numbers, of: &[T]) -> T {
    of[(numbers.next() % of.len() as u64) as usize]
}

fn index(numbers: &mut Numbers, below: u16) -> u16 {
    (numbers.next() % u64::from(below)) as u16
}

fn fact(numbers: &mut Numbers, before: bool) -> Fact {
    let (register, slot) = (index(numbers, REGISTERS), index(numbers, SLOTS));
    let kinds = if before { 13 } else { 17 };
    match numbers.next() % kinds {
        0 => Fact::ActionCode,
        1 => Fact::ActionAmount,
        2 => Fact::ActionMagnitude,
        3 => Fact::ActionAsset,
        4 => Fact::Sequence,
        5 => Fact::Time,
        6 => Fact::Output(index(numbers, ACTIONS)),
        7 => Fact::Feature(index(numbers, FEATURES)),
        8 => Fact::Evidence(slot),
        9 => Fact::Present(slot),
        10 => Fact::Issued(slot),
        11 => Fact::Register(register),
        12 => Fact::Elapsed(register),
        13 | 14 => Fact::After(register),
        _ => Fact::Change(register),
    }
}

fn operand(numbers: &mut Numbers, before: bool) -> Operand {
    if numbers.chance(3) {
        Operand::Fact { fact: fact(numbers, before), offset: numbers.between(-9, 9) }
    } else {
        Operand::Constant(numbers.between(-5, SMALL))
    }
}

fn update(numbers: &mut Numbers) -> Update {
    pick(numbers, &[Update::Keep, Update::Set, Update::Add, Update::Add, Update::Reset])
}

fn extreme(numbers: &mut Numbers) -> i64 {
    match numbers.next() % 24 {
        0 => i64::MAX - numbers.between(0, 9),
        1 => i64::MIN + numbers.between(0, 9),
        _ => numbers.between(-3, SMALL),
    }
}

fn register(numbers: &mut Numbers, at: u16) -> Register {
    let windowed = numbers.chance(3);
    let guarded = numbers.chance(3);
    Register {
        name: format!("register{at}"),
        initial: numbers.between(0, 9),
        window: windowed.then(|| (numbers.next() % 2) as u8),
        source: operand(numbers, true),
        when: guarded.then(|| (numbers.next() % GUARDS as u64) as u8),
        on_execute: update(numbers),
        on_deny: update(numbers),
        on_abstain: update(numbers),
    }
}

fn slot(numbers: &mut Numbers, at: u16) -> Slot {
    let named = numbers.chance(3);
    let defaulted = numbers.chance(3);
    let value = |value: i64| ValueName { value, name: format!("value{value}") };
    Slot {
        name: format!("slot{at}"),
        authority: Authority::Attester { key: SignerKey::Secp256k1 { address: [1; 20] } },
        subject: Subject::Agent,
        decimals: 0,
        default: defaulted.then(|| numbers.between(0, 9)),
        // The last one revokes the first.
        revoked_by: (at == 0 && numbers.chance(2)).then_some(SLOTS as u8 - 1),
        values: if named { [1, 7, 20].map(value).into() } else { Vec::new() },
    }
}

/// A card whose predicates flip easily.
pub(super) fn card(numbers: &mut Numbers) -> Card {
    let count = 3 + numbers.next() as usize % 6;
    let predicate = |at: usize, numbers: &mut Numbers| Predicate {
        fact: fact(numbers, at < GUARDS),
        comparison: pick(numbers, &COMPARISONS),
        operand: operand(numbers, at < GUARDS),
    };
    let predicates: Vec<Predicate> = (0..count).map(|at| predicate(at, numbers)).collect();
    let mask = |numbers: &mut Numbers| numbers.next() & numbers.next() & ((1 << count) - 1);
    let rules = 1 + numbers.next() % 5;
    let rules = (0..rules).map(|at| {
        let forbids = at > 0 && numbers.chance(2);
        Rule {
            name: format!("rule{at}"),
            effect: if forbids { Effect::Forbid } else { Effect::Permit },
            all_of: mask(numbers),
            none_of: mask(numbers) & mask(numbers),
            reason: 16,
        }
    });
    let rules = rules.collect();
    let action = |(at, amount): (usize, i64)| ActionTemplate {
        name: format!("action{at}"),
        abstain: amount == 0,
        amount,
        asset: at as u16 % 2,
        venue: 0,
    };
    let feature = |at: u16| Feature {
        name: format!("feature{at}"),
        plugin: 0,
        pointer: format!("/{at}"),
        decimals: 0,
        min: -SMALL,
        max: SMALL,
    };
    let window = |numbers: &mut Numbers, at: usize| Window {
        name: format!("window{at}"),
        seconds: numbers.between(3, 30) as u32,
        offset: numbers.between(0, 2) as u32,
    };
    Card {
        name: "random".into(),
        agent_version: "1".into(),
        class: Class {
            version: FORMAT_VERSION,
            input: Input::Vector { log2: 1 },
            operators: Vec::new(),
            tables: 0,
            row_log2: 9,
            policy_size: 16,
            state_size: 4,
            evidence_size: 4,
        },
        features: (0..FEATURES).map(feature).collect(),
        operators: Vec::new(),
        head: Head::ArgMax {
            actions: [-9, 0, 5, 20].into_iter().enumerate().map(action).collect(),
            assets: vec!["one".into(), "two".into()],
            venues: Vec::new(),
        },
        amount_decimals: 0,
        windows: (0..2).map(|at| window(numbers, at)).collect(),
        registers: (0..REGISTERS).map(|at| register(numbers, at)).collect(),
        evidence: (0..SLOTS).map(|at| slot(numbers, at)).collect(),
        policy: Table {
            predicates,
            rules,
            reasons: vec![ReasonText { code: 16, name: "a reason".into(), remedy: String::new() }],
        },
        transaction: Template { to: [0; 20], value: 0, function: "act".into(), arguments: Vec::new() },
        plugins: Vec::new(),
        domain: Domain { chain_id: 1, verifying_contract: [0; 20] },
        setup: SetupCard {
            source: SetupSource::Development,
            powers_log2: 12,
            powers_digest: [0; 32],
            tau_g2: [0; 128],
        },
        weight_rows: Vec::new(),
    }
}

/// A request that fits such a card.
pub(super) fn request(numbers: &mut Numbers, card: &Card) -> Request {
    let last = numbers.between(0, SMALL) as u64;
    let statement = |numbers: &mut Numbers| {
        let issued = numbers.between(0, SMALL) as u64;
        let expires = issued + numbers.between(0, 2 * SMALL) as u64;
        Statement { value: numbers.between(0, SMALL), issued, expires }
    };
    Request {
        action: card.head.action(pick(numbers, &[0, 2, 3])).unwrap(),
        features: (0..FEATURES).map(|_| numbers.between(0, 2 * SMALL) as u16).collect(),
        outputs: (0..ACTIONS).map(|_| numbers.between(0, SMALL) as i32).collect(),
        state: State { time: last, registers: (0..REGISTERS).map(|_| extreme(numbers)).collect() },
        evidence: Evidence((0..SLOTS).map(|_| (!numbers.chance(3)).then(|| statement(numbers))).collect()),
        time: last + numbers.between(0, SMALL) as u64,
        sequence: numbers.between(0, 9) as u64,
    }
}
