use crate::agent::{program, run};
use candor_trace::{Bundle, BundleView, HeaderView, RecordView, Selection, SignedHeaderView};

#[test]
fn records_read_as_people_speak_of_them() {
    let (card, run) = (program().card, run());
    let views: Vec<RecordView> = run.iter().map(|record| RecordView::of(record, &card)).collect();
    let denied = &views[2];
    assert_eq!(denied.policy.outcome, "denied");
    assert_eq!(denied.policy.reason, "minimum-interval");
    assert_eq!(denied.policy.rule.as_deref(), Some("too-soon"));
    assert!(denied.policy.remedy.as_deref().unwrap().starts_with("wait"));
    assert_eq!(denied.requested.as_ref().unwrap().name.as_deref(), Some("sell"));
    assert_eq!(denied.requested.as_ref().unwrap().amount, "-1");
    assert_eq!(denied.executed, None);
    assert_eq!(views[1].executed.as_ref().unwrap().name.as_deref(), Some("buy"));
    assert_eq!(views[0].policy.outcome, "abstained");
    assert_eq!(views[0].body.payloads[1], "\"a remark\"");
    assert_eq!(views[0].body.observations_salt.len(), 34);
}

#[test]
fn views_are_json_with_hexadecimal_strings() {
    let (card, run) = (program().card, run());
    let header = serde_json::to_value(HeaderView::from(&run[1].header)).unwrap();
    assert_eq!(header["agent"], format!("0x{}", hex::encode(run[1].header.agent)));
    assert_eq!(header["sequence"], 1);
    assert_eq!(header.as_object().unwrap().len(), 15);
    let record = serde_json::to_value(RecordView::of(&run[1], &card)).unwrap();
    assert_eq!(record["header"], header);
    assert_eq!(record["recordHash"], format!("0x{}", hex::encode(run[1].record_hash(&card.domain))));
    let bundle = Bundle::select(card.clone(), &run, Selection::Record { sequence: 1 }).unwrap();
    let bundle = serde_json::to_value(BundleView::of(&bundle)).unwrap();
    assert_eq!(bundle["records"][0], record);
    let before = serde_json::to_value(SignedHeaderView::of(&run[0].signed_header(), &card.domain)).unwrap();
    assert_eq!(bundle["after"], before);
}

/// The digits after the point are the card's; a register has those of what it grows by.
#[test]
fn amounts_and_registers_are_decimals() {
    let (mut card, run) = (program().card, run());
    card.amount_decimals = 2;
    let view = RecordView::of(&run[1], &card);
    assert_eq!(view.executed.as_ref().unwrap().amount, "0.01");
    let shown: Vec<[&str; 3]> = view
        .registers
        .iter()
        .map(|one| [one.name.as_str(), one.before.as_deref().unwrap(), one.after.as_deref().unwrap()])
        .collect();
    let time = run[1].header.time.to_string();
    assert_eq!(shown, [["last_trade", "0", &time], ["position", "0.00", "0.01"], ["trades", "0", "1"]]);
    // A body with fewer registers than the card is shown all the same.
    let mut short = run[1].clone();
    short.body.state_after.registers.pop();
    assert_eq!(RecordView::of(&short, &card).registers[2].after, None);
}

/// Words that no honest record holds are shown without a panic.
#[test]
fn foreign_words_are_shown_as_unknown() {
    let card = program().card;
    let mut record = run().remove(1);
    for word in [1, u128::from(u64::MAX), 77 << 64, u128::MAX] {
        record.header.requested = word;
        let view = RecordView::of(&record, &card);
        assert_eq!(view.requested.unwrap().name, None);
    }
    record.header.verdict = u64::MAX;
    record.body.observation.payloads = vec![vec![0xff, 0xfe]];
    let view = RecordView::of(&record, &card);
    assert_eq!((view.policy.outcome, view.policy.rule), ("unknown", None));
    assert_eq!(view.body.payloads, ["0xfffe"]);
}
