//! Known answers of every digest.

use super::{LINE, program};
use candor_program::Fr;
use candor_program::card::{Card, PluginSigner, SignerKey};
use candor_program::digest::{self, AccInput, ProgramIds};
use candor_program::encoding::{encode, fr_to_bytes, keccak256};
use candor_program::evaluate::execute;
use candor_program::evidence::{Evidence, Statement};
use candor_program::execution::{leaf, leaves, root};
use candor_program::limits;
use candor_program::observation::Observation;
use candor_program::state::State;
use candor_program::transaction::Transaction;

const HEADER: &str = "\
# Every digest of a fixed sample program. A changed line is a change of format.
# Remade by `CANDOR_GOLDEN=write cargo test -p candor-program --test completeness golden`, and by nothing else.
";

/// The golden file, computed anew.
pub fn digests() -> String {
    let program = program();
    let card = &program.card;
    let ids = ProgramIds::of(card);
    let agent = [0xa6; 20];
    let observation = Observation::from_json(LINE, card).unwrap();
    let features = observation.features(card).unwrap();
    let execution = execute(&program, &features).unwrap();
    let observed = digest::observations(0x1234, &features, &observation.payload_digests());
    let state = digest::state(&State { time: 9, registers: vec![1, -1, i64::MIN, i64::MAX] });
    let statement = Statement { value: -1, issued: 2, expires: limits::TIME - 1 };
    let evidence = digest::evidence(u128::MAX, &Evidence(vec![None, Some(statement)]));
    let acc_genesis = digest::acc_genesis(ids.program_fr, &agent);
    let acc = digest::acc(&AccInput {
        previous: acc_genesis,
        sequence: 1,
        time: 1_357_160_400,
        program_fr: ids.program_fr,
        observations: observed,
        evidence,
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
        ("evidence", element(evidence)),
        ("evidence of nothing", element(digest::evidence(u128::MAX, &Evidence(vec![])))),
        ("state", element(state)),
        ("state of nothing", element(digest::state(&State::initial(&[])))),
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
