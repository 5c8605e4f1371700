//! Where people put the decimal point of a fact: for reports and messages, never for a decision.

use crate::card::Card;
use crate::evidence::Slot;
use crate::feature::Feature;
use crate::policy::{Fact, Operand};
use crate::state::Register;

/// What the scales of facts follow from.
#[derive(Clone, Copy, Debug)]
pub struct Scales<'a> {
    /// Features, each with its decimals.
    pub features: &'a [Feature],
    /// Decimals of amounts.
    pub amount_decimals: u8,
    /// Registers, each with the scale of its source.
    pub registers: &'a [Register],
    /// Slots, each with its decimals.
    pub evidence: &'a [Slot],
}

impl<'a> Scales<'a> {
    /// The scales of a program's facts.
    #[must_use]
    pub fn of(card: &'a Card) -> Self {
        Self {
            features: &card.features,
            amount_decimals: card.amount_decimals,
            registers: &card.registers,
            evidence: &card.evidence,
        }
    }

    /// Digits after the decimal point of a fact's integer; 0 for a fact that the program does not have.
    #[must_use]
    pub fn decimals(&self, fact: Fact) -> u8 {
        let mut fact = fact;
        // A register has the scale of what it is set to or grows by, through other registers; a circle has none.
        for _ in 0..=self.registers.len() {
            let register = match fact {
                Fact::ActionAmount | Fact::ActionMagnitude => return self.amount_decimals,
                Fact::Feature(index) => {
                    return self.features.get(usize::from(index)).map_or(0, |feature| feature.decimals);
                }
                Fact::Evidence(index) => {
                    return self.evidence.get(usize::from(index)).map_or(0, |slot| slot.decimals);
                }
                Fact::Register(index) | Fact::After(index) | Fact::Change(index) => usize::from(index),
                _ => return 0,
            };
            match self.registers.get(register).map(|register| register.source) {
                Some(Operand::Fact { fact: source, .. }) => fact = source,
                _ => return 0,
            }
        }
        0
    }

    /// Digits after the decimal point of a register, by its index.
    #[must_use]
    pub fn register(&self, index: usize) -> u8 {
        u16::try_from(index).map_or(0, |index| self.decimals(Fact::Register(index)))
    }
}
