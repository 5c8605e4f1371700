//! One record with a fixed key, written down: whoever changes a format changes these lines, and the version with them.

use crate::agent::golden;

const GOLDEN: &str = include_str!("../golden/record.txt");

#[test]
fn golden_record_of_version_1_has_these_bytes() {
    let got = golden::record_of_version_1();
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
