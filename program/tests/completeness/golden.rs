//! Known answers of every digest.

use crate::sample;
use ark_ff::Field;
use candor_program::card::{Card, SignerKey};
use candor_program::digest::{self, AccInput, ProgramIds, fields};
use candor_program::encoding::{encode, fr_to_bytes, keccak256};
use candor_program::evidence::{Authority, Evidence, Slot, Statement, Subject};
use candor_program::execution::{leaf, root};
use candor_program::head::{ActionTemplate, Head};
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate};
use candor_program::state::{Register, State, Update, Window};
use candor_program::{Fr, poseidon};

const GOLDEN: &str = include_str!("../golden/digests.txt");
#[test]
fn golden_digests_are_unchanged() {
    let digests = sample::digests::digests();
    if std::env::var("CANDOR_GOLDEN").is_ok_and(|golden| golden == "write") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/digests.txt");
        std::fs::write(path, digests).unwrap();
        return;
    }
    for (got, expected) in digests.lines().zip(GOLDEN.lines()) {
        assert_eq!(got, expected);
    }
    assert_eq!(digests, GOLDEN);
}

#[test]
fn golden_preimages_are_those_of_the_specification() {
    let card = sample::program().card;
    let ids = ProgramIds::of(&card);
    let borsh = |tag: &[u8], body: Vec<u8>| keccak256(&[tag, &body]);
    let class = borsh(b"candor/class/v1", encode(&card.class));
    let setup = borsh(b"candor/setup/v1", encode(&card.setup));
    let body = encode(&(
        (&card.name, &card.agent_version, &card.features, &card.head, &card.amount_decimals),
        (&card.windows, &card.registers, &card.evidence),
        (&card.policy, &card.transaction, &card.plugins, &card.domain),
    ));
    let manifest = borsh(b"candor/manifest/v1", body);
    let rows = card.weight_rows.iter().flat_map(|row| row.0).collect::<Vec<u8>>();
    let model = keccak256(&[b"candor/model/v1", &class, &setup, &[0, 0, 0, 2], &rows]);
    assert_eq!((ids.class_digest, ids.model_id, digest::manifest_digest(&card)), (class, model, manifest));
    let fr = fr_to_bytes(&ids.program_fr);
    assert_eq!(ids.program_id, keccak256(&[b"candor/program/v1", &model, &fr, &manifest, &class]));
    let execution = [leaf(0, &[5]), leaf(1, &[-2, 3]), leaf(2, &[])];
    assert_eq!(execution[1], keccak256(&[&[0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 3]]));
    let node = |left: &[u8; 32], right: &[u8; 32]| keccak256(&[&[1], left, right]);
    assert_eq!(root(&execution), node(&node(&execution[0], &execution[1]), &execution[2]));
    assert_eq!(root(&execution[..1]), execution[0]);
    assert_eq!(root(&[]), keccak256(&[]));
    let five = [[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]];
    let four = node(&node(&five[0], &five[1]), &node(&five[2], &five[3]));
    assert_eq!((root(&five), root(&five[..4])), (node(&four, &five[4]), four));
}

fn fr(value: u128) -> Fr {
    Fr::from(value)
}

/// `v + 2^63`
fn u(value: i64) -> u128 {
    (i128::from(value) + (1 << 63)) as u128
}

fn power(bits: u32) -> Fr {
    Fr::from(2_u64).pow([u64::from(bits)])
}

/// Fields of so many bits, one after the other, none across the end of an element of 250 bits.
fn elements(fields: &[(u128, u32)]) -> Vec<Fr> {
    let (mut elements, mut used) = (vec![fr(0)], 0);
    for (field, bits) in fields {
        if used + bits > 250 {
            elements.push(fr(0));
            used = 0;
        }
        *elements.last_mut().unwrap() += fr(*field) * power(used);
        used += bits;
    }
    elements
}

#[test]
fn golden_program_fr_takes_the_items_of_the_specification() {
    // Extents of both outputs, of what the two matrices sum over; then counts.
    let extents_and_counts = [4, 3, 3, 4, 3, 0, 4, 0, 5].map(fr);
    let mut list = vec![poseidon::hash("cd.rest", &extents_and_counts)];
    list.push(fr(10_000 + (65_535 << 17) + (1_100 << 34)));
    list.extend([-250, 0, 250, 0].map(|amount| fr(u(amount))));
    // The feature of the last is held above its minimum of -100.
    let differences = [-250, 250, 259_200, 0, 999 + 100];
    // The 17th to 20th are of the registers' sources.
    let difference =
        |index: usize| if index == 18 { 1 } else { differences.get(index).copied().unwrap_or(0) };
    for first in (0..20).step_by(3) {
        let lifted = |i: usize| fr(((1_i128 << 70) + difference(i)) as u128) * power(72 * (i - first) as u32);
        list.push((first..20.min(first + 3)).map(lifted).sum());
    }
    let mut fields = vec![(40_000, 32), (0, 16), (21_845, 32), (32_768, 16), ((1 << 31) - 3, 32)];
    fields.push((3, 16));
    for abstains in [0, 1, 0, 0] {
        fields.extend([(abstains, 1), (0, 16), (0, 16)]);
    }
    fields.extend([(1, 32), (0, 32)].repeat(4));
    // 4 features, 4 outputs, 4 registers, 4 after, 4 changes, 4 elapsed times; code, amount, magnitude, asset, venue, time,
    // sequence from 24; constant: 32 places, 5 bits
    let (set, add) = (1, 2);
    for (initial, source, update) in [(0, 29, set), (10, 25, add), (0, 31, add), (500, 31, 0)] {
        fields.extend([(u(initial), 64), (0, 3), (0, 7), (source, 5), (update, 2), (0, 2), (0, 2)]);
    }
    let (less, equal, not) = (1, 2, 4);
    for (comparison, left, right) in [
        (less + not, 25, 31),
        (less + equal, 25, 31),
        (less, 20, 31),
        (less + equal + not, 9, 11),
        (equal, 2, 31),
    ] {
        fields.extend([(comparison, 3), (left, 5), (right, 5)]);
    }
    fields.extend([(0, 3), (0, 5), (0, 5)].repeat(11));
    fields.push((3, 16));
    for (forbid, reason, all_of, none_of) in [(0, 16, 0b11, 0b1000), (1, 17, 0b100, 0), (1, 18, 0b1_0000, 0)]
    {
        fields.extend([(forbid, 1), (reason, 16), (all_of, 16), (none_of, 16)]);
    }
    fields.extend([(0, 1), (0, 16), (0, 16), (0, 16)].repeat(13));
    list.extend(elements(&fields));
    let card = sample::program().card;
    assert_eq!(digest::program_fr(&card), poseidon::hash("cd.prog", &list));
}

type Change = Box<dyn Fn(&mut Card)>;

/// One change of every field of windows, registers, slots and actions that a seal reads.
fn changes_of_state_and_evidence() -> Vec<(String, Change)> {
    let mut changes: Vec<(String, Change)> = Vec::new();
    let mut add = |name: &str, change: Change| changes.push((name.to_owned(), change));
    type Place = fn(&mut Register) -> &mut Update;
    let places: [(&str, Place); 3] = [
        ("execute", |register| &mut register.on_execute),
        ("deny", |register| &mut register.on_deny),
        ("abstain", |register| &mut register.on_abstain),
    ];
    for (name, place) in places {
        for update in [Update::Keep, Update::Set, Update::Add, Update::Reset] {
            let known = if name == "execute" { Update::Set } else { Update::Keep };
            if update != known {
                let name = format!("on {name}: {update:?}");
                add(&name, Box::new(move |card| *place(&mut card.registers[0]) = update));
            }
        }
    }
    add("initial", Box::new(|card| card.registers[0].initial = 1));
    add("window", Box::new(|card| card.registers[0].window = Some(0)));
    add("last window", Box::new(|card| card.registers[0].window = Some(3)));
    add("when", Box::new(|card| card.registers[0].when = Some(0)));
    add("last when", Box::new(|card| card.registers[0].when = Some(63)));
    add("source", Box::new(|card| card.registers[0].source = Fact::Sequence.into()));
    add("constant", Box::new(|card| card.registers[0].source = Operand::Constant(0)));
    add("offset", Box::new(|card| card.registers[0].source = Operand::Fact { fact: Fact::Time, offset: -1 }));
    let window = |seconds, offset| {
        move |card: &mut Card| card.windows = vec![Window { name: String::new(), seconds, offset }]
    };
    for (seconds, offset) in [(1, 0), (2, 0), (2, 1), (u32::MAX, 0), (u32::MAX, u32::MAX - 1)] {
        add(&format!("window {seconds} {offset}"), Box::new(window(seconds, offset)));
    }
    let slot = |default, revoked_by| {
        let authority = Authority::Attester { key: SignerKey::Secp256k1 { address: [1; 20] } };
        let slot = Slot {
            name: String::new(),
            authority,
            subject: Subject::Agent,
            default,
            revoked_by,
            decimals: 0,
            values: vec![],
        };
        move |card: &mut Card| {
            (card.class.evidence_size, card.evidence) = (4, vec![slot.clone()]);
        }
    };
    for (default, revoked_by) in
        [(None, None), (Some(0), None), (Some(i64::MIN), None), (None, Some(0)), (None, Some(15))]
    {
        add(&format!("slot {default:?} {revoked_by:?}"), Box::new(slot(default, revoked_by)));
    }
    add("asset", Box::new(|card| acting(card).asset = 1));
    add("venue", Box::new(|card| acting(card).venue = 1));
    add("amount", Box::new(|card| acting(card).amount = 1));
    changes
}

fn acting(card: &mut Card) -> &mut ActionTemplate {
    let Head::ArgMax { actions, .. } = &mut card.head;
    &mut actions[0]
}

/// Every kind of fact, comparison, update and effect has its own code.
#[test]
fn golden_program_fr_tells_all_variants_apart() {
    let mut seen = std::collections::HashSet::new();
    let card = sample::program().card;
    let mut insert = |what: String, card: &Card| {
        assert!(seen.insert(fr_to_bytes(&digest::program_fr(card))), "{what}");
    };
    insert("as it is".to_owned(), &card);
    let predicate = &card.policy.predicates[0];
    let mut changed = Vec::new();
    for comparison in [Comparison::Equal, Comparison::NotEqual, Comparison::Less, Comparison::LessOrEqual] {
        changed.push(Predicate { comparison, ..*predicate });
    }
    changed.push(Predicate { comparison: Comparison::Greater, ..*predicate });
    for (index, fact) in fields::facts(&card.class).into_iter().enumerate() {
        let Some(fact) = fact else { continue };
        if fact != predicate.fact && index != 3 {
            changed.push(Predicate { fact, ..*predicate });
        }
        changed.push(Predicate { operand: fact.into(), ..*predicate });
        changed.push(Predicate { operand: Operand::Fact { fact, offset: 5 }, ..*predicate });
    }
    changed.push(Predicate { operand: Operand::Constant(i64::MIN), ..*predicate });
    changed.push(Predicate { operand: Operand::Constant(i64::MAX), ..*predicate });
    for predicate in changed {
        let mut other = card.clone();
        other.policy.predicates[0] = predicate;
        insert(format!("{predicate:?}"), &other);
    }
    for (name, change) in changes_of_state_and_evidence() {
        let mut other = card.clone();
        change(&mut other);
        insert(name, &other);
    }
    let mut other = card.clone();
    other.policy.rules[0].effect = Effect::Forbid;
    insert("effect".to_owned(), &other);
    other.operators.clear();
    insert("operators".to_owned(), &other);
}

#[test]
fn golden_poseidon_digests_take_the_items_of_the_specification() {
    let payloads = [[1; 32], [2; 32]];
    let all = keccak256(&[&payloads.concat()]);
    let half = |bytes: &[u8]| fr(u128::from_be_bytes(bytes.try_into().unwrap()));
    let packed = fr(5 + (6 << 16) + (7 << 32));
    let feed = |count| poseidon::hash("cd.feed", &[fr(9), fr(count), half(&all[..16]), half(&all[16..])]);
    let observed = [feed(3), packed];
    assert_eq!(digest::observations(9, &[5, 6, 7], &payloads), poseidon::hash("cd.obs", &observed));
    // Nine features are filled up to sixteen, which take two elements.
    let observed = [feed(9), fr(8) * power(128), fr(0)];
    let nine = [0, 0, 0, 0, 0, 0, 0, 0, 8];
    assert_eq!(digest::observations(9, &nine, &payloads), poseidon::hash("cd.obs", &observed));
    assert_eq!(digest::evidence(9, &Evidence(vec![])), poseidon::hash("cd.evid", &[fr(9)]));
    let statement = Statement { value: -2, issued: 3, expires: 4 };
    let element = fr(1) + fr(u(-2)) * power(1) + fr(3) * power(65) + fr(4) * power(127);
    for (slots, size) in [(1, 4), (4, 4), (5, 16), (16, 16)] {
        let mut list = vec![fr(0); size + 1];
        (list[0], list[slots]) = (fr(9), element);
        let mut evidence = vec![None; slots];
        evidence[slots - 1] = Some(statement);
        assert_eq!(digest::evidence(9, &Evidence(evidence)), poseidon::hash("cd.evid", &list), "{slots}");
    }
    let three = |[a, b, c]: [i64; 3]| fr(u(a)) + fr(u(b)) * power(64) + fr(u(c)) * power(128);
    let timed = |time: u128, [a, b]: [i64; 2]| fr(time) + fr(u(a)) * power(64) + fr(u(b)) * power(128);
    let two = fr(u(0)) + fr(u(0)) * power(64);
    assert_eq!(
        digest::state(&State { time: 7, registers: vec![4, -4] }),
        poseidon::hash("cd.state", &[timed(7, [4, -4]), two])
    );
    let sixteen = [timed(9, [1; 2]), three([1; 3]), three([0; 3]), three([0; 3]), three([0; 3]), two];
    let state = State { time: 9, registers: vec![1; 5] };
    assert_eq!(digest::state(&state), poseidon::hash("cd.state", &sixteen));
    let input = AccInput {
        previous: fr(1),
        sequence: 2,
        time: 3,
        program_fr: fr(4),
        observations: fr(5),
        evidence: fr(6),
        state_before: fr(7),
        requested: u128::MAX,
        verdict: 9,
        executed: 10,
        state_after: fr(11),
    };
    let words = fr(9) + fr(u128::MAX) * power(64);
    let list = [fr(1), fr(2 + (3 << 64)), fr(4), fr(5), fr(6), fr(7), words, fr(10), fr(11)];
    assert_eq!(digest::acc(&input), poseidon::hash("cd.acc", &list));
    let mut agent = [0; 20];
    (agent[0], agent[3], agent[4], agent[19]) = (1, 2, 3, 4);
    let two_to_32 = fr(1 << 32);
    // 2^152 + 2 * 2^128 + 3 * 2^120 + 4
    let number = fr(1 << 120) * two_to_32 + fr(1 << 97) * two_to_32 + fr(3 << 120) + fr(4);
    assert_eq!(digest::acc_genesis(fr(8), &agent), poseidon::hash("cd.acc0", &[fr(8), number]));
}
