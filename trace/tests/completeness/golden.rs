//! One record with a fixed key, written down: whoever changes a format changes these lines, and the version with them.

use crate::agent::{key, program, run};
use candor_program::encoding::keccak256;
use candor_trace::{Bundle, Chain, Selection, domain_separator};

const GOLDEN: &str = include_str!("../golden/record.txt");
const HEADER: &str = "\
# One record of a fixed program with a fixed key. A changed line is a change of format.
# Remade by `CANDOR_GOLDEN=write cargo test -p candor-trace --test completeness golden`, and by nothing else.
";

fn record_of_version_1() -> String {
    let card = program().card;
    let record = &run()[1];
    let keccak = |bytes: &[u8]| hex::encode(keccak256(&[bytes]));
    let lines = [
        ("agent", hex::encode(key().address())),
        ("domain", hex::encode(domain_separator(&card.domain))),
        ("program", hex::encode(Chain::of(&card).ids.program_id)),
        ("acc", hex::encode(record.header.acc.0)),
        ("execution", hex::encode(record.header.execution)),
        ("transaction", hex::encode(record.header.transaction)),
        ("record hash", hex::encode(record.record_hash(&card.domain))),
        ("signature", hex::encode(record.signature.0)),
        ("header", keccak(&borsh::to_vec(&record.header).unwrap())),
        ("record", keccak(&borsh::to_vec(record).unwrap())),
        ("bundle", {
            let bundle = Bundle::select(card, &run(), Selection::Transaction { sequence: 4 }).unwrap();
            keccak(&bundle.to_bytes())
        }),
    ];
    HEADER.to_owned() + &lines.map(|(name, value)| format!("{name} = {value}\n")).concat()
}

#[test]
fn golden_record_of_version_1_has_these_bytes() {
    let got = record_of_version_1();
    if std::env::var("CANDOR_GOLDEN").is_ok_and(|golden| golden == "write") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/record.txt");
        std::fs::write(path, got).unwrap();
        return;
    }
    for (got, expected) in got.lines().zip(GOLDEN.lines()) {
        assert_eq!(got, expected);
    }
    assert_eq!(got, GOLDEN);
}
