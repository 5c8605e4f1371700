//! The action head: arg-max, the lowest index on a tie.

use super::gadget::{inner, magnitude, not, one_hot, power, range, sum, zero};
use super::program::ActionWires;
use super::system::{System, Wire};
use candor_program::Fr;
use candor_program::arith::Arith;

/// A requested action.
pub(super) struct ActionWire {
    pub(super) code: Wire,
    pub(super) abstain: Wire,
    /// Amount, signed.
    pub(super) amount: Wire,
    pub(super) magnitude: Wire,
    pub(super) asset: Wire,
    pub(super) venue: Wire,
    /// The record's word.
    pub(super) word: Wire,
}

/// The action that the outputs request. Shapes: one output an action, padded ones invalid.
///
/// `winner` is the prover's index; every other valid output is at most the winner's, and smaller before it.
pub(super) fn request(
    system: &System,
    actions: &[ActionWires],
    outputs: &[Wire],
    winner: usize,
) -> ActionWire {
    system.enter("head");
    let chosen = one_hot(system, actions.len(), winner);
    let highest = inner(&chosen, outputs);
    for (index, (action, output)) in actions.iter().zip(outputs).enumerate() {
        // a padded output cannot win
        system.enforce(&chosen[index], &not(&action.valid), &zero());
        let before = sum(&chosen[index + 1..]);
        let margin = highest.minus(output).minus(&before);
        range(system, &action.valid.times(&margin), 16);
    }
    let pick = |field: fn(&ActionWires) -> &Wire| {
        chosen.iter().zip(actions).fold(zero(), |sum, (bit, action)| sum.plus(&bit.times(field(action))))
    };
    let code =
        chosen.iter().enumerate().fold(zero(), |sum, (i, bit)| sum.plus(&bit.scale(Fr::from(i as u64))));
    let (abstain, shifted) = (pick(|action| &action.abstain), pick(|action| &action.amount));
    let amount = shifted.offset(-power(63));
    let (magnitude, _) = magnitude(system, &amount, 63);
    let (asset, venue) = (pick(|action| &action.asset), pick(|action| &action.venue));
    let word = code.offset(Fr::from(1u64)).scale(power(64)).plus(&shifted);
    ActionWire { code, abstain, amount, magnitude, asset, venue, word }
}
