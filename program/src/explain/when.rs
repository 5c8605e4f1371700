//! The times at which the same request would be judged differently.

use super::Request;
use super::sweep::{Variable, cells};
use crate::card::Card;
use crate::policy::Outcome;

/// When an action is permitted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// It is now.
    Now {
        /// First later time at which it no longer is; `None`: none below 2^62.
        until: Option<u64>,
    },
    /// Not now, but at this time, and not earlier.
    At {
        /// Unix seconds.
        time: u64,
    },
    /// At no time below 2^62.
    Never,
}

/// The first time, from the request's on, at which the same request has an outcome other than its present one.
///
/// Exact: between two candidates no predicate changes, and every candidate is judged. The state is the request's at all
/// times: records that are made meanwhile are not foreseen.
/// Owes: [`Card::validate`].
#[must_use]
pub fn when(card: &Card, request: &Request) -> When {
    let mut permitted = times(card, request).into_iter().map(|time| {
        let later = Request { time, ..request.clone() };
        (time, later.assess(card).is_ok_and(|later| later.verdict.outcome == Outcome::Permitted))
    });
    match permitted.next() {
        None => When::Never,
        Some((_, true)) => {
            When::Now { until: permitted.find(|(_, permitted)| !permitted).map(|(time, _)| time) }
        }
        Some((_, false)) => match permitted.find(|(_, permitted)| *permitted) {
            Some((time, _)) => When::At { time },
            None => When::Never,
        },
    }
}

/// Candidates in ascending order, the first of them the request's own time.
pub(super) fn times(card: &Card, request: &Request) -> Vec<u64> {
    let cells = cells(card, request, Variable::Time).unwrap_or_default();
    cells.into_iter().filter_map(|time| u64::try_from(time).ok()).collect()
}
