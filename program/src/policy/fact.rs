//! Facts: the integers that rules look at.

use crate::evidence::Standing;
use crate::head::Action;
use borsh::{BorshDeserialize, BorshSerialize};

/// A value that a rule may look at: an integer in i64, or missing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, BorshSerialize, BorshDeserialize)]
pub enum Fact {
    /// Code of the requested action.
    ActionCode,
    /// Amount of the requested action.
    ActionAmount,
    /// Magnitude of the amount.
    ActionMagnitude,
    /// Asset of the requested action, by index.
    ActionAsset,
    /// Venue of the requested action, by index.
    ActionVenue,
    /// Time of the decision, Unix seconds.
    Time,
    /// Sequence number of the record.
    Sequence,
    /// A feature's integer (decimal times 10^decimals), by index.
    Feature(u16),
    /// An output of the model, by index.
    Output(u16),
    /// A state register before the decision, its window's beginning taken into account, by index.
    Register(u16),
    /// The register as it would be if the action were executed; missing where that overflows or cannot be told.
    After(u16),
    /// Magnitude of the difference between the two above; missing where the second is, or where it overflows.
    Change(u16),
    /// Time minus a state register, by index; missing where negative or overflowing.
    Elapsed(u16),
    /// Value of an evidence slot, by index; its default, or else missing, where no valid statement is there.
    Evidence(u16),
    /// 1 where a slot has a valid statement, 0 where not.
    Present(u16),
    /// When a slot's statement was issued; missing where no valid statement is there.
    Issued(u16),
}

impl Fact {
    /// Whether it follows from the update of a register, so that no update can depend on it.
    #[must_use]
    pub fn follows_update(self) -> bool {
        matches!(self, Self::After(_) | Self::Change(_))
    }
}

/// What facts are read from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Requested action.
    pub action: Action,
    /// Unix seconds.
    pub time: u64,
    /// Sequence number of the record.
    pub sequence: u64,
    /// Features as integers (with their minimum added back).
    pub features: &'a [i64],
    /// Outputs of the model.
    pub outputs: &'a [i32],
    /// Registers before the decision, windows begun ([`crate::state::State::begin`]).
    pub registers: &'a [i64],
    /// Registers as an execution would leave them ([`crate::state::Change::executed`]); empty where that is not known yet.
    pub after: &'a [Option<i64>],
    /// Evidence, judged at the decision's time.
    pub evidence: &'a [Standing],
}

impl Facts<'_> {
    /// The fact's value; `None` where it is missing.
    #[must_use]
    pub fn get(&self, fact: Fact) -> Option<i64> {
        let register = |index: u16| self.registers.get(usize::from(index)).copied();
        let after = |index: u16| self.after.get(usize::from(index)).copied().flatten();
        let evidence = |index: u16| self.evidence.get(usize::from(index));
        match fact {
            Fact::ActionCode => Some(self.action.code.into()),
            Fact::ActionAmount => Some(self.action.amount),
            Fact::ActionMagnitude => self.action.amount.checked_abs(),
            Fact::ActionAsset => Some(self.action.asset.into()),
            Fact::ActionVenue => Some(self.action.venue.into()),
            Fact::Time => i64::try_from(self.time).ok(),
            Fact::Sequence => i64::try_from(self.sequence).ok(),
            Fact::Feature(index) => self.features.get(usize::from(index)).copied(),
            Fact::Output(index) => self.outputs.get(usize::from(index)).copied().map(i64::from),
            Fact::Register(index) => register(index),
            Fact::After(index) => after(index),
            Fact::Change(index) => i64::try_from(after(index)?.abs_diff(register(index)?)).ok(),
            Fact::Elapsed(index) => {
                let elapsed = i64::try_from(self.time).ok()?.checked_sub(register(index)?)?;
                (elapsed >= 0).then_some(elapsed)
            }
            Fact::Evidence(index) => evidence(index)?.value,
            Fact::Present(index) => Some(evidence(index)?.issued.is_some().into()),
            Fact::Issued(index) => i64::try_from(evidence(index)?.issued?).ok(),
        }
    }
}
