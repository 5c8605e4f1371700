//! What a verdict rests on, what would change it, when it will change, and what is left of every budget.
//!
//! All of it is found by judging requests with the evaluator itself ([`crate::decision::assess`]); nothing is recorded.
//! Source: docs/explain.md.

mod budget;
mod curve;
mod reading;
mod remedy;
mod request;
mod sweep;
mod when;

pub use budget::{Budget, Extent, Side, budgets};
pub use reading::{Absence, Condition, Reading, RuleReading, readings};
pub use remedy::{ASSESSMENTS, REMEDIES, Remedies, Remedy, remedies};
pub use request::{Change, Request};
pub use when::{When, when};

use crate::card::Card;
use crate::decision::{Assessment, DecisionError};
use crate::policy::Outcome;

/// A verdict with everything that it rests on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// Facts, predicates, verdict, next state.
    pub assessment: Assessment,
    /// The deciding rule; without one, every rule that would have permitted.
    pub rules: Vec<RuleReading>,
    /// What the rules above look at.
    pub facts: Vec<Reading>,
    /// Registers that an execution cannot leave with a value, which denies what a rule would have permitted.
    pub untold: Vec<(u16, Absence)>,
    /// What would make the action permitted; nothing is searched where it is, or where the agent abstains.
    pub remedies: Remedies,
    /// When it is permitted; `None` where the agent abstains.
    pub when: Option<When>,
}

/// Explains the verdict about a request.
///
/// Errors: what does not fit the card. Owes: [`Card::validate`], and see [`crate::decision::decide`].
pub fn explain(card: &Card, request: &Request) -> Result<Explanation, DecisionError> {
    let assessment = request.assess(card)?;
    let acts = assessment.verdict.outcome != Outcome::Abstained;
    let denied = assessment.verdict.outcome == Outcome::Denied;
    let rules = reading::rules(card, &assessment);
    Ok(Explanation {
        facts: readings(card, &assessment, reading::facts_of(card, &rules)),
        untold: reading::untold(card, &assessment),
        remedies: if denied { remedies(card, request) } else { Remedies::default() },
        when: acts.then(|| when(card, request)),
        rules,
        assessment,
    })
}
