//! When statements count.

use crate::sample;
use candor_program::evidence::{Defect, Evidence, Standing, Statement};

const REVOKED_BEFORE: usize = 0;
const APPROVAL: usize = 1;

fn statement(value: i64, issued: u64, expires: u64) -> Option<Statement> {
    Some(Statement { value, issued, expires })
}

fn standing(slot: usize, statements: [Option<Statement>; 2], time: u64) -> Standing {
    let slots = sample::witnessed().evidence;
    Evidence(statements.to_vec()).standings(&slots, time)[slot]
}

#[test]
fn a_statement_counts_from_its_issue_until_it_expires() {
    let at = |time| standing(REVOKED_BEFORE, [statement(7, 10, 20), None], time);
    for time in [10, 11, 19] {
        assert_eq!(at(time), Standing { value: Some(7), issued: Some(10), defect: None });
    }
    for (time, defect) in
        [(0, Defect::NotYet), (9, Defect::NotYet), (20, Defect::Expired), (u64::MAX, Defect::Expired)]
    {
        assert_eq!(at(time), Standing { value: None, issued: None, defect: Some(defect) });
    }
    let absent = Standing { value: None, issued: None, defect: Some(Defect::Absent) };
    assert_eq!(standing(REVOKED_BEFORE, [None, None], 15), absent);
    // Never.
    let never = standing(REVOKED_BEFORE, [statement(7, 10, 10), None], 10);
    assert_eq!(never.defect, Some(Defect::Expired));
}

#[test]
fn a_default_stands_where_no_statement_counts() {
    let nothing = |defect| Standing { value: Some(0), issued: None, defect: Some(defect) };
    let revoker = statement(0, 0, 100);
    assert_eq!(standing(APPROVAL, [revoker, None], 15), nothing(Defect::Absent));
    assert_eq!(standing(APPROVAL, [revoker, statement(9, 16, 20)], 15), nothing(Defect::NotYet));
    assert_eq!(standing(APPROVAL, [revoker, statement(9, 0, 15)], 15), nothing(Defect::Expired));
    let counted = Standing { value: Some(9), issued: Some(0), defect: None };
    assert_eq!(standing(APPROVAL, [revoker, statement(9, 0, 16)], 15), counted);
}

#[test]
fn what_was_issued_before_the_time_of_revocation_is_revoked() {
    let defect = |revoker, issued| standing(APPROVAL, [revoker, statement(9, issued, 100)], 50).defect;
    assert_eq!(defect(statement(30, 0, 100), 30), None);
    assert_eq!(defect(statement(30, 0, 100), 29), Some(Defect::Revoked));
    assert_eq!(defect(statement(i64::MIN, 0, 100), 0), None);
    assert_eq!(defect(statement(i64::MAX, 0, 100), 50), Some(Defect::Revoked));
    // Where nobody says what is revoked, everything is.
    for revoker in [None, statement(0, 51, 100), statement(0, 0, 50)] {
        assert_eq!(defect(revoker, 50), Some(Defect::Revoked));
    }
}

#[test]
fn a_revoking_slot_can_have_a_default() {
    let mut slots = sample::witnessed().evidence;
    slots[REVOKED_BEFORE].default = Some(40);
    let defect =
        |issued| Evidence(vec![None, statement(9, issued, 100)]).standings(&slots, 50)[APPROVAL].defect;
    assert_eq!((defect(39), defect(40)), (Some(Defect::Revoked), None));
}

#[test]
fn missing_entries_are_absent() {
    let slots = sample::witnessed().evidence;
    assert_eq!(Evidence(vec![]).standings(&slots, 5), Evidence::none(&slots).standings(&slots, 5));
}
