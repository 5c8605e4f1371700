//! What the reader of a verdict demands.

use crate::assumption::{Assumption, AssumptionName};
use crate::publication::Publication;
use candor_program::card::{Card, Domain, SetupSource, SignerKey};
use candor_program::digest::setup_digest;
use thiserror::Error;

/// The ids that everything is checked against. There is no default: whoever verifies knows whom and what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expected {
    /// The program that must have decided.
    pub program_id: [u8; 32],
    /// The agent that must have signed.
    pub agent: [u8; 20],
    /// The domain that the records must be signed in.
    pub domain: Domain,
    /// Digest of the reference string that the program must be committed with. `None`: whatever ceremony the card names is
    /// its author's word, and refused as [`AssumptionName::DeclaredSetup`].
    pub setup_digest: Option<[u8; 32]>,
    /// Ids of the keys that a seal may be made with. None: whatever ceremony a key names is its maker's word, and refused
    /// as [`AssumptionName::DeclaredSealKey`].
    pub seal_keys: Vec<[u8; 32]>,
    /// Whether the word of author and maker about a ceremony is good enough.
    pub allow_declared_ceremony: bool,
    /// Whether a development reference string or seal key, with which its maker can forge every proof, is good enough.
    pub allow_development_setup: bool,
    /// Further assumptions that are refused.
    pub refused: Vec<AssumptionName>,
    /// Whose word about times counts. `None`: nobody's, so that no record is late or dated ahead.
    pub publication: Option<Publication>,
    /// Keys whose word is refused: of plugins, attesters, and owners of mandates.
    pub refused_signers: Vec<SignerKey>,
}

impl Expected {
    /// Pins no setup; refuses what is made for development, what is only declared, and nothing else.
    #[must_use]
    pub fn new(program_id: [u8; 32], agent: [u8; 20], domain: Domain) -> Self {
        Self {
            program_id,
            agent,
            domain,
            setup_digest: None,
            seal_keys: Vec::new(),
            allow_declared_ceremony: false,
            allow_development_setup: false,
            refused: Vec::new(),
            publication: None,
            refused_signers: Vec::new(),
        }
    }

    /// Whether a verdict that rests on this assumption is of no use to the reader.
    #[must_use]
    pub fn refuses(&self, assumption: AssumptionName) -> bool {
        let development = [AssumptionName::DevelopmentSetup, AssumptionName::DevelopmentSealKey];
        let declared = [AssumptionName::DeclaredSetup, AssumptionName::DeclaredSealKey];
        development.contains(&assumption) && !self.allow_development_setup
            || declared.contains(&assumption) && !self.allow_declared_ceremony
            || self.refused.contains(&assumption)
    }

    /// Of what a verdict rests on, the first that makes it of no use to the reader: by its name, or by whose word it takes.
    pub(crate) fn refused_of(&self, assumptions: &[Assumption]) -> Option<Refused> {
        let signer = |assumption: &Assumption| {
            let signer = assumption.signer().filter(|signer| self.refused_signers.contains(signer))?;
            Some(Refused::Signer { assumption: assumption.name(), signer })
        };
        let name = |assumption: &Assumption| {
            self.refuses(assumption.name()).then(|| Refused::Name { assumption: assumption.name() })
        };
        assumptions.iter().find_map(|assumption| name(assumption).or_else(|| signer(assumption)))
    }

    /// The card's reference string is the pinned one, if one is pinned.
    ///
    /// Errors: it is another.
    pub fn check_setup(&self, card: &Card) -> Result<(), OtherSetup> {
        let got = setup_digest(&card.setup);
        match self.setup_digest {
            Some(expected) if expected != got => Err(OtherSetup { expected, got }),
            _ => Ok(()),
        }
    }

    /// Whether the card's reference string is a development string.
    pub(crate) fn is_development(card: &Card) -> bool {
        card.setup.source == SetupSource::Development
    }
}

/// What a reader refuses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// An assumption.
    Name { assumption: AssumptionName },
    /// The word of a key, in an assumption that is not refused as such.
    Signer { assumption: AssumptionName, signer: SignerKey },
}

/// The card is committed with another reference string than the reader pinned.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the card's reference string has digest 0x{}, pinned is 0x{}", hex::encode(.got), hex::encode(.expected))]
pub struct OtherSetup {
    /// Pinned.
    pub expected: [u8; 32],
    /// Of the card.
    pub got: [u8; 32],
}
