//! One record with a fixed key, as its golden file writes it down.

use super::{key, program, run};
use candor_program::encoding::keccak256;
use candor_trace::{Bundle, Chain, Selection, domain_separator};

const HEADER: &str = "\
# One record of a fixed program with a fixed key. A changed line is a change of format.
# Remade by `CANDOR_GOLDEN=write cargo test -p candor-trace --test completeness golden`, and by nothing else.
";

/// The golden file, computed anew.
pub(crate) fn record_of_version_1() -> String {
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
