//! The credentials that an agent has at hand, and which of them it presents at a time.

use super::credential::{Credential, CredentialError, Holder};
use super::mandate::MandateError;
use candor_program::Card;
use candor_program::evidence::{Evidence, Statement};

/// Credentials that hold, by slot. Their signatures were checked when they were put in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wallet {
    slots: Vec<Vec<Held>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Held {
    credential: Credential,
    statement: Statement,
    /// When the last mandate was issued.
    complete: u64,
}

/// A credential that holds for no slot of the program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unusable {
    /// Its place in the list, from 0.
    pub index: usize,
    /// Slot and defect, for every slot of its kind that it may have been meant for.
    pub defects: Vec<(String, CredentialError)>,
}

/// What goes into a record.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Presented {
    /// One statement, or none, a slot.
    pub evidence: Evidence,
    /// One credential, or none, a slot.
    pub credentials: Vec<Option<Credential>>,
}

impl Wallet {
    /// Sorts credentials into the slots that they hold for; those that hold for none are told apart.
    #[must_use]
    pub fn of(
        card: &Card,
        agent: [u8; 20],
        program_id: [u8; 32],
        credentials: Vec<Credential>,
    ) -> (Self, Vec<Unusable>) {
        // A chain that is completed later is kept for later.
        let holder = Holder { agent, program_id, time: u64::MAX };
        let mut slots: Vec<Vec<Held>> = vec![Vec::new(); card.evidence.len()];
        let mut unusable = Vec::new();
        for (index, credential) in credentials.into_iter().enumerate() {
            let (mut held, mut defects) = (false, Vec::new());
            for (slot, place) in card.evidence.iter().zip(&mut slots) {
                match credential.statement(slot, &holder) {
                    Ok(statement) => {
                        held = true;
                        let complete = match &credential {
                            Credential::Attestation(_) => statement.issued,
                            Credential::Mandates(chain) => {
                                chain.last().map_or(statement.issued, |last| last.mandate.issued)
                            }
                        };
                        place.push(Held { credential: credential.clone(), statement, complete });
                    }
                    Err(defect) => defects.push((slot.name.clone(), defect)),
                }
            }
            if !held {
                unusable.push(Unusable { index, defects: telling(defects) });
            }
        }
        (Self { slots }, unusable)
    }

    /// The credentials for a record of this time: in every slot, of those within their time the one issued last.
    #[must_use]
    pub fn at(&self, card: &Card, time: u64) -> Presented {
        let mut presented = Presented {
            evidence: Evidence::none(&card.evidence),
            credentials: vec![None; card.evidence.len()],
        };
        let places = presented.evidence.0.iter_mut().zip(&mut presented.credentials);
        for (held, (statement, credential)) in self.slots.iter().zip(places) {
            let current = held.iter().filter(|held| {
                held.statement.issued <= time && held.complete <= time && time < held.statement.expires
            });
            // Of several equal ones the first.
            let best = current.rev().max_by_key(|held| (held.statement.issued, held.complete));
            *statement = best.map(|held| held.statement);
            *credential = best.map(|held| held.credential.clone());
        }
        presented
    }

    /// Slots, by index, that have credentials, none of which is within its time.
    #[must_use]
    pub fn lapsed(&self, card: &Card, time: u64) -> Vec<usize> {
        let presented = self.at(card, time);
        let lapsed = |(index, held): (usize, &Vec<Held>)| {
            (!held.is_empty() && presented.credentials.get(index).is_some_and(Option::is_none))
                .then_some(index)
        };
        self.slots.iter().enumerate().filter_map(lapsed).collect()
    }
}

/// The defects for slots that it was meant for: those of its own name or owner; where there are none, all.
fn telling(defects: Vec<(String, CredentialError)>) -> Vec<(String, CredentialError)> {
    use super::attestation::AttestationError;
    let is_meant = |(_, defect): &&(String, CredentialError)| {
        !matches!(
            defect,
            CredentialError::Kind { .. }
                | CredentialError::Attestation(AttestationError::Slot { .. })
                | CredentialError::Mandates(
                    MandateError::Owner { .. } | MandateError::NoLimit { .. } | MandateError::Subject
                )
        )
    };
    let meant: Vec<_> = defects.iter().filter(is_meant).cloned().collect();
    if meant.is_empty() { defects } else { meant }
}
