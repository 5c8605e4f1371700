//! A request: all that a verdict depends on, apart from the card, and the changes that somebody can make to it.

use crate::card::Card;
use crate::decision::{Assessment, DecisionError, DecisionInput, assess};
use crate::evidence::{Evidence, Statement};
use crate::head::Action;
use crate::policy::Outcome;
use crate::state::State;

/// An action, asked for at a time in a state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The action, the model's or a hypothetical one.
    pub action: Action,
    /// Features, offset by their minimum.
    pub features: Vec<u16>,
    /// Outputs of the model.
    pub outputs: Vec<i32>,
    /// State before.
    pub state: State,
    /// Statements, one entry a slot.
    pub evidence: Evidence,
    /// Unix seconds.
    pub time: u64,
    /// Sequence number of the record.
    pub sequence: u64,
}

/// Something about a request that somebody can change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Another action.
    Action {
        /// Its code.
        code: u16,
    },
    /// The same later.
    Time {
        /// Unix seconds.
        time: u64,
    },
    /// Another statement, or none.
    Statement {
        /// Slot.
        slot: u16,
        /// What it states; `None`: none is given.
        statement: Option<Statement>,
    },
    /// Another observation.
    Feature {
        /// Index.
        index: u16,
        /// The feature's integer.
        value: i64,
    },
}

impl Request {
    /// What the policy says about it.
    ///
    /// Errors: what does not fit the card. Owes: see [`crate::decision::decide`].
    pub fn assess(&self, card: &Card) -> Result<Assessment, DecisionError> {
        let input = DecisionInput {
            card,
            features: &self.features,
            outputs: &self.outputs,
            state: &self.state,
            evidence: &self.evidence,
            time: self.time,
            sequence: self.sequence,
        };
        assess(&input, Some(self.action))
    }

    /// Whether the action would be executed.
    #[must_use]
    pub fn is_permitted(&self, card: &Card) -> bool {
        self.assess(card).is_ok_and(|assessment| assessment.verdict.outcome == Outcome::Permitted)
    }

    /// The request with a change; `None` where the card has no such action, slot or value of a feature.
    #[must_use]
    pub fn with(&self, card: &Card, change: &Change) -> Option<Self> {
        let mut changed = self.clone();
        match *change {
            Change::Action { code } => changed.action = card.head.action(code.into())?,
            Change::Time { time } => changed.time = time,
            Change::Statement { slot, statement } => {
                *changed.evidence.0.get_mut(usize::from(slot))? = statement;
            }
            Change::Feature { index, value } => {
                let feature = card.features.get(usize::from(index))?;
                let above = value.checked_sub(feature.min).filter(|_| value <= feature.max)?;
                *changed.features.get_mut(usize::from(index))? = u16::try_from(above).ok()?;
            }
        }
        Some(changed)
    }

    /// The request with several changes.
    #[must_use]
    pub fn with_all(&self, card: &Card, changes: &[Change]) -> Option<Self> {
        changes.iter().try_fold(self.clone(), |request, change| request.with(card, change))
    }
}
