//! One record with a fixed key, written down: whoever changes a format changes these lines, and the version with them.

use crate::agent::{key, program, run};
use candor_program::encoding::keccak256;
use candor_trace::{Bundle, Chain, Selection, domain_separator};

#[test]
fn the_record_of_version_1_has_these_bytes() {
    let card = program().card;
    let record = &run()[1];
    let got = [
        ("agent", hex::encode(key().address())),
        ("domain", hex::encode(domain_separator(&card.domain))),
        ("program", hex::encode(Chain::of(&card).ids.program_id)),
        ("acc", hex::encode(record.header.acc.0)),
        ("execution", hex::encode(record.header.execution)),
        ("transaction", hex::encode(record.header.transaction)),
        ("record hash", hex::encode(record.record_hash(&card.domain))),
        ("signature", hex::encode(record.signature.0)),
        ("header", hex::encode(keccak256(&[&borsh::to_vec(&record.header).unwrap()]))),
        ("record", hex::encode(keccak256(&[&borsh::to_vec(record).unwrap()]))),
        ("bundle", {
            let bundle = Bundle::select(card, &run(), Selection::Transaction { sequence: 4 }).unwrap();
            hex::encode(keccak256(&[&bundle.to_bytes()]))
        }),
    ];
    let expected = [
        ("agent", "19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"),
        ("domain", "560d440cdabc6c36055e20223e1a28c2ff12c9a2d3feb7af7100fa5d072d099d"),
        ("program", "64d9002cc5dcd772875b3402234f4d79d91547035840ef4e2feffefd985b9b1d"),
        ("acc", "09c8123e74155b56f5058a52b08d353f4dbf3ea44945ee84dc3d73840f4c794d"),
        ("execution", "e87553b7e8b3cc6e6d30831709295b4c51c5da21c0cdd06ab0f29f167387c473"),
        ("transaction", "9a88e60491aa8b6da120c278fc004d9fb78a52d6021f98317e079b0bd9be0975"),
        ("record hash", "94b15d756de4238c4782abbb34cfd1a67ce57adac552ed77246bfac4e33cd146"),
        (
            "signature",
            "cef7f0760fcf9ded9c2b778dd826fdb66ea2e27836601d1537e03ea46da2d9ce74bce344e4f08562c04241d2a3e93d017555fbdb4cbca701ece24d7099e50fcc1c",
        ),
        ("header", "f6d021eefe093b176d57155ae49c26eb6fab038574df749cd6b5a03f37054ceb"),
        ("record", "75c409f532742c4447811483b8e306467505eacc031b4566a66dd2515ad8a081"),
        ("bundle", "4592e802804b6f69ea9e731e691bb7bc31b201e128c5e404a258d65f761d9164"),
    ];
    assert_eq!(got.each_ref().map(|(name, value)| (*name, value.as_str())).to_vec(), expected.to_vec());
}
