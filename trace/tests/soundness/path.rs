use crate::agent::{program, run};
use candor_trace::{Bundle, PathError, Selection, select};

#[test]
fn selections_that_are_no_path_are_refused() {
    let run = run();
    for sequence in [0, 2, 3, 5] {
        let error = PathError::NothingExecuted { sequence };
        assert_eq!(select(&run, Selection::Transaction { sequence }), Err(error));
    }
    for selection in [
        Selection::Record { sequence: 7 },
        Selection::Transaction { sequence: 7 },
        Selection::Range { first: 3, last: 7 },
    ] {
        let error = PathError::NotAvailable { sequence: 7, first: 0, end: 7 };
        assert_eq!(select(&run, selection), Err(error));
    }
    assert_eq!(
        select(&run[2..], Selection::Range { first: 1, last: 3 }),
        Err(PathError::NotAvailable { sequence: 1, first: 2, end: 7 })
    );
    assert_eq!(
        select(&run, Selection::Range { first: 4, last: 3 }),
        Err(PathError::Reversed { first: 4, last: 3 })
    );
    assert_eq!(
        select(&[], Selection::Record { sequence: 0 }),
        Err(PathError::NotAvailable { sequence: 0, first: 0, end: 0 })
    );
    assert_eq!(
        select(&run, Selection::Record { sequence: u64::MAX }),
        Err(PathError::NotAvailable { sequence: u64::MAX, first: 0, end: 7 })
    );
}

/// Records 2 and 3 abstained or were denied: whether the path begins at 2 cannot be seen from them.
#[test]
fn a_path_whose_beginning_is_not_at_hand_is_refused() {
    let run = run();
    let result = select(&run[2..], Selection::Transaction { sequence: 4 });
    assert_eq!(result, Err(PathError::StartMissing { sequence: 4, first: 2 }));
}

#[test]
fn a_run_with_a_hole_is_refused() {
    let mut run = run();
    run.remove(2);
    let result = select(&run, Selection::Record { sequence: 0 });
    assert_eq!(result, Err(PathError::NotConsecutive { expected: 2, got: 3 }));
}

#[test]
fn numbers_at_the_end_of_the_range_do_not_overflow() {
    let mut record = run().remove(1);
    record.header.sequence = u64::MAX;
    let run = [record.clone(), record];
    assert!(select(&run, Selection::Record { sequence: u64::MAX }).is_err());
    let result = Selection::Record { sequence: u64::MAX }.resolve(0..u64::MAX, |_| Ok::<_, PathError>(true));
    assert!(matches!(result, Err(PathError::NotAvailable { .. })));
}

#[test]
fn a_bundle_needs_the_record_before_it() {
    let (card, run) = (program().card, run());
    let result = Bundle::select(card, &run[3..], Selection::Record { sequence: 3 });
    assert_eq!(result, Err(PathError::PreviousMissing { sequence: 2 }));
}
