//! Arg-max and the words of actions.

use crate::sample;
use candor_program::head::{Action, ActionTemplate};

#[test]
fn the_largest_output_wins_and_the_first_of_equals() {
    let traded = ActionTemplate { asset: 5, venue: 6, ..sample::action("c", 2) };
    let head = sample::head(vec![sample::action("a", -1), sample::action("b", 0), traded]);
    for (outputs, code) in [
        ([0, 0, 0], 0),
        ([1, 2, 2], 1),
        ([2, 1, 2], 0),
        ([-3, -2, -1], 2),
        ([i32::MIN, i32::MIN, i32::MIN], 0),
        ([i32::MIN, i32::MAX, i32::MAX], 1),
        ([i32::MIN, i32::MIN, i32::MIN + 1], 2),
    ] {
        let action = head.request(&outputs).unwrap();
        let &ActionTemplate { abstain, amount, asset, venue, .. } = &head.actions()[usize::from(code)];
        assert_eq!(action, Action { code, abstain, amount, asset, venue }, "{outputs:?}");
        assert_eq!(head.action(code.into()), Some(action));
    }
}

#[test]
fn another_number_of_outputs_requests_nothing() {
    let head = sample::head(vec![sample::action("a", -1), sample::action("b", 0)]);
    assert_eq!(head.action(2), None);
    assert_eq!(head.request(&[1]), None);
    assert_eq!(head.request(&[1, 2, 3]), None);
    assert_eq!(sample::head(vec![]).request(&[]), None);
}

#[test]
fn words_hold_code_and_amount() {
    let word = |code, amount| Action { code, abstain: amount == 0, amount, asset: 3, venue: 4 }.word();
    assert_eq!(word(0, 0), (1 << 64) + (1 << 63));
    assert_eq!(word(0, i64::MIN), 1 << 64);
    assert_eq!(word(2, -250), 3 * (1 << 64) + (1 << 63) - 250);
    assert_eq!(word(u16::MAX, i64::MAX), 65_536 * (1 << 64) + u128::from(u64::MAX));
    assert_eq!(Action::executed_word(None), 0);
    assert_eq!(
        Action::executed_word(Some(&Action { code: 1, abstain: false, amount: 5, asset: 0, venue: 0 })),
        word(1, 5)
    );
}
