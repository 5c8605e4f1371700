use crate::agent::run;
use candor_trace::{PathError, Selection, select};

#[test]
fn a_path_begins_after_the_last_executed_action() {
    let run = run();
    // Executed: 1, 4, 6.
    for (sequence, expected) in [(1, 0..2), (4, 2..5), (6, 5..7)] {
        assert_eq!(select(&run, Selection::Transaction { sequence }), Ok(expected));
    }
    assert_eq!(select(&run, Selection::Record { sequence: 3 }), Ok(3..4));
    assert_eq!(select(&run, Selection::Range { first: 0, last: 6 }), Ok(0..7));
    assert_eq!(select(&run, Selection::Range { first: 5, last: 5 }), Ok(5..6));
}

#[test]
fn a_run_may_begin_anywhere_if_the_path_is_in_it() {
    let run = run();
    // Record 1 executed, so the path to the transaction of record 4 is whole.
    assert_eq!(select(&run[1..], Selection::Transaction { sequence: 4 }), Ok(1..4));
}

#[test]
fn a_log_is_read_only_as_far_back_as_the_path_reaches() {
    let mut asked = Vec::new();
    let path = Selection::Transaction { sequence: 900 }.resolve(0..1000, |sequence| {
        asked.push(sequence);
        Ok::<_, PathError>(sequence % 100 == 0)
    });
    assert_eq!(path, Ok(801..901));
    assert_eq!(asked.len(), 101);
}
