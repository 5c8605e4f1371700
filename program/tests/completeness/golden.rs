//! Known answers of every digest.

use crate::sample::{self, LINE};
use candor_program::card::{Card, PluginSigner, SignerKey};
use candor_program::digest::{self, AccInput, ProgramIds};
use candor_program::encoding::{encode, fr_to_bytes, keccak256};
use candor_program::evaluate::execute;
use candor_program::execution::{leaf, leaves, root};
use candor_program::observation::Observation;
use candor_program::state::State;
use candor_program::transaction::Transaction;
use candor_program::{Fr, poseidon};

const GOLDEN: &str = include_str!("../golden/digests.txt");
const HEADER: &str = "\
# Every digest of a fixed sample program. A changed line is a change of format.
# Remade by `CANDOR_GOLDEN=write cargo test -p candor-program --test completeness golden`, and by nothing else.
";

fn digests() -> String {
    let program = sample::program();
    let card = &program.card;
    let ids = ProgramIds::of(card);
    let agent = [0xa6; 20];
    let observation = Observation::from_json(LINE, card).unwrap();
    let features = observation.features(card).unwrap();
    let execution = execute(&program, &features).unwrap();
    let observed = digest::observations(0x1234, &features, &observation.payload_digests());
    let state = digest::state(&State(vec![1, -1, i64::MIN, i64::MAX]));
    let acc_genesis = digest::acc_genesis(ids.program_fr, &agent);
    let acc = digest::acc(&AccInput {
        previous: acc_genesis,
        sequence: 1,
        time: 1_357_160_400,
        program_fr: ids.program_fr,
        observations: observed,
        evidence: digest::evidence(u128::MAX),
        state_before: state,
        requested: 1 << 80,
        verdict: 0x0100_1001,
        executed: (1 << 80) + 1,
        state_after: state + Fr::from(1_u64),
    });
    let transaction = Transaction { to: [0x55; 20], value: 3, calldata: vec![1, 2, 3, 4, 5] };
    let element = |value: Fr| fr_to_bytes(&value);
    let lines = [
        ("class", digest::class_digest(&card.class)),
        ("setup", digest::setup_digest(&card.setup)),
        ("manifest", digest::manifest_digest(card)),
        ("manifest with signers", digest::manifest_digest(&signing(card))),
        ("model_id", ids.model_id),
        ("program_fr", element(ids.program_fr)),
        ("program_id", ids.program_id),
        ("card file", keccak256(&[&card.to_bytes()])),
        ("program file", keccak256(&[&program.to_bytes()])),
        ("observation", keccak256(&[&encode(&observation)])),
        ("observations", element(observed)),
        ("evidence", element(digest::evidence(u128::MAX))),
        ("state", element(state)),
        ("state of nothing", element(digest::state(&State(vec![])))),
        ("acc genesis", element(acc_genesis)),
        ("acc", element(acc)),
        ("execution leaf", leaf(1, &[1, -1, i32::MIN, i32::MAX])),
        ("execution root", root(&leaves(&execution))),
        ("genesis record", digest::genesis_record(&ids.program_id, &agent)),
        ("no transaction", digest::no_transaction()),
        ("transaction", digest::transaction_word(&card.domain, &agent, 7, Some(&transaction))),
    ];
    let line = |(name, digest): (&str, [u8; 32])| format!("{name} = {}\n", hex::encode(digest));
    HEADER.to_owned() + &lines.map(line).concat()
}

/// The card with plugins that sign.
fn signing(card: &Card) -> Card {
    let mut card = card.clone();
    let keys = [SignerKey::Secp256k1 { address: [3; 20] }, SignerKey::Ed25519 { public_key: [4; 32] }];
    for (plugin, key) in card.plugins.iter_mut().zip(keys) {
        plugin.signer = Some(PluginSigner { key, max_age_seconds: 60 });
    }
    card
}

#[test]
fn golden_digests_are_unchanged() {
    let digests = digests();
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
        (&card.name, &card.agent_version, &card.features, &card.head, &card.registers),
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

fn padded(list: &[u128], length: usize) -> Vec<Fr> {
    let mut list: Vec<Fr> = list.iter().map(|value| fr(*value)).collect();
    list.resize(length, fr(0));
    list
}

#[test]
fn golden_program_fr_takes_the_items_of_the_specification() {
    let (two_to_64, two_to_96) = (fr(1 << 64), fr(1 << 96));
    let operators = [fr(4), fr(40_000), fr(0), fr(3), fr(21_845), -fr(32_768), -fr(3)];
    let spans = [fr(3), fr(10_000 + (65_535 << 16) + (1_100 << 32))];
    let head = padded(&[3, 2 * u(-250), 1 + 2 * u(0), 2 * u(250)], 5);
    let registers = padded(&[4, 1 + 4 * u(0), 2 + 4 * u(10), 3 + 4 * u(0), 4 * u(500)], 5);
    let code = |comparison, fact: u128, index: u128| comparison + (fact << 16) + (index << 24);
    let other = |fact: u128, index: u128| (1 << 8) + (fact << 40) + (index << 48);
    let predicate = |(code, k): (u128, i128)| fr(code) + two_to_64 * fr((k + (1 << 66)) as u128);
    let predicates = [
        (code(5, 1, 0), -250),
        (code(3, 1, 0), 250),
        (code(2, 6, 0), 259_200),
        (code(4, 5, 1) + other(5, 3), 0),
        // The feature is held above its minimum of -100.
        (code(0, 4, 2), 999 + 100),
    ];
    let mut predicates: Vec<Fr> = [fr(5)].into_iter().chain(predicates.map(predicate)).collect();
    predicates.resize(17, fr(0));
    let rules = [(0, 16, 0b11, 0b1000_u128), (1, 17, 0b100, 0), (1, 18, 0b1_0000, 0)];
    let rule = |(forbid, reason, all_of, none_of): (u128, u128, u128, u128)| {
        fr(forbid + (reason << 8) + (all_of << 32)) + fr(none_of) * two_to_96
    };
    let mut rules: Vec<Fr> = [fr(3)].into_iter().chain(rules.map(rule)).collect();
    rules.resize(17, fr(0));
    let parts = [
        poseidon::hash("cd.oper", &operators),
        poseidon::hash("cd.span", &spans),
        poseidon::hash("cd.head", &head),
        poseidon::hash("cd.regs", &registers),
        poseidon::hash("cd.pred", &predicates),
        poseidon::hash("cd.rule", &rules),
    ];
    let card = sample::program().card;
    assert_eq!(digest::program_parts(&card), parts);
    assert_eq!(digest::program_fr(&card), poseidon::hash("cd.prog", &parts));
}

#[test]
fn golden_poseidon_digests_take_the_items_of_the_specification() {
    let payloads = [[1; 32], [2; 32]];
    let all = keccak256(&[&payloads.concat()]);
    let half = |bytes: &[u8]| fr(u128::from_be_bytes(bytes.try_into().unwrap()));
    let packed = fr(5 + (6 << 16) + (7 << 32));
    let observed = [fr(9), fr(3), packed, half(&all[..16]), half(&all[16..])];
    assert_eq!(digest::observations(9, &[5, 6, 7], &payloads), poseidon::hash("cd.obs", &observed));
    // Nine features are filled up to sixteen, which take two elements.
    let observed = [fr(9), fr(9), fr(0), fr(0), half(&all[..16]), half(&all[16..])];
    assert_eq!(digest::observations(9, &[0; 9], &payloads), poseidon::hash("cd.obs", &observed));
    assert_eq!(digest::evidence(9), poseidon::hash("cd.evid", &[fr(9), fr(0)]));
    assert_eq!(
        digest::state(&State(vec![4, -4])),
        poseidon::hash("cd.state", &[fr(4), -fr(4), fr(0), fr(0)])
    );
    assert_eq!(digest::state(&State(vec![1; 5])), poseidon::hash("cd.state", &padded(&[1; 5], 16)));
    let mut agent = [0; 20];
    (agent[0], agent[3], agent[4], agent[19]) = (1, 2, 3, 4);
    let two_to_32 = fr(1 << 32);
    // 2^152 + 2 * 2^128 + 3 * 2^120 + 4
    let number = fr(1 << 120) * two_to_32 + fr(1 << 97) * two_to_32 + fr(3 << 120) + fr(4);
    assert_eq!(digest::acc_genesis(fr(8), &agent), poseidon::hash("cd.acc0", &[fr(8), number]));
}
