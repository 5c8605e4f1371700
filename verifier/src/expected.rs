//! What the reader of a verdict demands.

use crate::assumption::AssumptionName;
use candor_program::card::{Card, Domain, SetupSource};

/// The ids that everything is checked against. There is no default: whoever verifies knows whom and what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expected {
    /// The program that must have decided.
    pub program_id: [u8; 32],
    /// The agent that must have signed.
    pub agent: [u8; 20],
    /// The domain that the records must be signed in.
    pub domain: Domain,
    /// Whether a development reference string or seal key, with which its maker can forge every proof, is good enough.
    pub allow_development_setup: bool,
    /// Further assumptions that are refused.
    pub refused: Vec<AssumptionName>,
}

impl Expected {
    /// Refuses a development setup and nothing else.
    #[must_use]
    pub fn new(program_id: [u8; 32], agent: [u8; 20], domain: Domain) -> Self {
        Self { program_id, agent, domain, allow_development_setup: false, refused: Vec::new() }
    }

    /// Whether a verdict that rests on this assumption is of no use to the reader.
    #[must_use]
    pub fn refuses(&self, assumption: AssumptionName) -> bool {
        let names = [AssumptionName::DevelopmentSetup, AssumptionName::DevelopmentSealKey];
        let development = names.contains(&assumption) && !self.allow_development_setup;
        development || self.refused.contains(&assumption)
    }

    /// Whether the card's reference string is a development string.
    pub(crate) fn is_development(card: &Card) -> bool {
        card.setup.source == SetupSource::Development
    }
}
