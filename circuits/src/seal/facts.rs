//! Facts by place: raw values and whether they are missing (docs/spec/digests.md).

use super::evidence::StandingWires;
use super::gadget::{bits, not, one, pick, power, zero};
use super::head::ActionWire;
use super::system::{System, Wire};
use candor_program::arith::Arith;
use candor_program::policy::Fact;

/// What a missing left side adds to its value, as a power of two: above every difference of a comparison.
pub(super) const MISSING_LEFT: u32 = 68;
/// What a missing right side takes off.
pub(super) const MISSING_RIGHT: u32 = 69;

/// A fact's raw value, and whether it is missing.
#[derive(Clone)]
pub(super) struct FactWire {
    value: Wire,
    missing: Wire,
}

/// Inputs of the facts of one decision that do not follow from an update.
pub(super) struct Facts<'a> {
    pub(super) action: &'a ActionWire,
    pub(super) time: &'a Wire,
    pub(super) sequence: &'a Wire,
    /// Above their minima.
    pub(super) features: &'a [Wire],
    pub(super) outputs: &'a [Wire],
    /// Windows begun.
    pub(super) registers: &'a [Wire],
    /// Time minus each register.
    pub(super) elapsed: &'a [FactWire],
    pub(super) evidence: &'a [StandingWires],
}

/// What follows from the updates on execution: registers after, and their changes.
pub(super) struct Following {
    pub(super) after: Vec<FactWire>,
    pub(super) change: Vec<FactWire>,
}

/// The facts of one decision as tables that places point into.
pub(super) struct FactWires {
    /// A value, with 2^[`MISSING_LEFT`] where it is missing.
    left: Vec<Wire>,
    /// A value, less 2^[`MISSING_RIGHT`] where it is missing.
    right: Vec<Wire>,
}

impl FactWire {
    pub(super) fn new(value: Wire, missing: Wire) -> Self {
        Self { value, missing }
    }

    fn present(value: &Wire) -> Self {
        Self { value: value.clone(), missing: zero() }
    }
}

impl FactWires {
    /// Facts in the order of their places; where a constant stands, zero. Without what follows from the updates, that is missing.
    pub(super) fn of(places: &[Option<Fact>], facts: &Facts<'_>, following: Option<&Following>) -> Self {
        let evidence = |index: u16| &facts.evidence[usize::from(index)];
        let follows = |pick: fn(&Following) -> &Vec<FactWire>, index: u16| match following {
            Some(following) => pick(following)[usize::from(index)].clone(),
            None => FactWire::new(zero(), one()),
        };
        let entry = |fact: &Option<Fact>| match *fact {
            Some(Fact::ActionCode) => FactWire::present(&facts.action.code),
            Some(Fact::ActionAmount) => FactWire::present(&facts.action.amount),
            Some(Fact::ActionMagnitude) => FactWire::present(&facts.action.magnitude),
            Some(Fact::ActionAsset) => FactWire::present(&facts.action.asset),
            Some(Fact::ActionVenue) => FactWire::present(&facts.action.venue),
            Some(Fact::Time) => FactWire::present(facts.time),
            Some(Fact::Sequence) => FactWire::present(facts.sequence),
            Some(Fact::Feature(index)) => FactWire::present(&facts.features[usize::from(index)]),
            Some(Fact::Output(index)) => FactWire::present(&facts.outputs[usize::from(index)]),
            Some(Fact::Register(index)) => FactWire::present(&facts.registers[usize::from(index)]),
            Some(Fact::After(index)) => follows(|following| &following.after, index),
            Some(Fact::Change(index)) => follows(|following| &following.change, index),
            Some(Fact::Elapsed(index)) => facts.elapsed[usize::from(index)].clone(),
            Some(Fact::Evidence(index)) => {
                FactWire::new(evidence(index).value.clone(), evidence(index).missing.clone())
            }
            Some(Fact::Present(index)) => FactWire::present(&evidence(index).present),
            Some(Fact::Issued(index)) => {
                FactWire::new(evidence(index).issued.clone(), not(&evidence(index).present))
            }
            None => FactWire::new(zero(), zero()),
        };
        let entries: Vec<FactWire> = places.iter().map(entry).collect();
        let with = |flag: &dyn Fn(&Wire) -> Wire| -> Vec<Wire> {
            entries.iter().map(|entry| entry.value.plus(&flag(&entry.missing))).collect()
        };
        Self {
            left: with(&|missing| missing.scale(power(MISSING_LEFT))),
            right: with(&|missing| zero().minus(&missing.scale(power(MISSING_RIGHT)))),
        }
    }

    /// The fact at a place given by its bits, with 2^[`MISSING_LEFT`] where it is missing.
    pub(super) fn left(&self, place: &[Wire]) -> Wire {
        pick(place, &self.left)
    }

    /// The fact at a place given by its bits, less 2^[`MISSING_RIGHT`] where it is missing.
    pub(super) fn right(&self, place: &[Wire]) -> Wire {
        pick(place, &self.right)
    }

    /// Both sides at places, as they are known to the prover.
    pub(super) fn known(&self, left: usize, right: usize) -> Option<(&Wire, &Wire)> {
        Some((self.left.get(left)?, self.right.get(right)?))
    }
}

/// Time minus a register, missing where negative or beyond 2^63 - 1.
///
/// Shapes: time below 2^62 and a signed 64-bit register, so that the value lies above -2^63 and below 2^64.
pub(super) fn elapsed(system: &System, time: &Wire, register: &Wire) -> FactWire {
    let elapsed = time.minus(register);
    let lifted = bits(system, &elapsed.offset(power(64)), 65);
    // present: 2^64 <= value + 2^64 < 2^64 + 2^63
    let present = lifted[64].times(&not(&lifted[63]));
    FactWire::new(elapsed, not(&present))
}
