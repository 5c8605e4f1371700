//! A log with three witnesses and the run's records among other entries, made here so that everybody in it can cheat.

use super::{PROGRAM, START, key, run};
use candor_verifier::trace::tlog::{
    Checkpoint, CosignatureSigner, Frontier, Hash, Note, NoteSigner, Promise, QuorumPolicy, ReadHashes,
    StoredHash, TlogProof, leaf_hash, prove_consistency, prove_inclusion,
};
use candor_verifier::trace::{Entry, SignedRecord, body_hash};
use candor_verifier::{Challenge, LateRecord, Publication, PublishedRecord};
use std::collections::BTreeMap;

pub(crate) const ORIGIN: &str = "log.example/public";
/// The disputed record, its time, and the last moments of its bounds.
pub(crate) const DISPUTED: usize = 2;
pub(crate) const TIME: u64 = START + 20;
pub(crate) const DELIVERED: u64 = TIME + 100;
pub(crate) const LIMIT: u64 = DELIVERED + 50;
pub(crate) const CLOCK: u64 = 10;
/// Index of the disputed record's entry, and how many entries there are.
pub(crate) const INDEX: u64 = 7;
pub(crate) const SIZE: u64 = 12;

pub(crate) fn signer() -> NoteSigner {
    NoteSigner::new(ORIGIN, &[7; 32]).expect("a name")
}

pub(crate) fn witness(number: u8) -> CosignatureSigner {
    CosignatureSigner::new(&format!("witness.example/{number}"), &[100 + number; 32]).expect("a name")
}

/// So many of three witnesses are believed together.
pub(crate) fn policy(needed: usize) -> QuorumPolicy {
    let witnesses = (0..3).map(|number| witness(number).verifier_key().clone()).collect();
    QuorumPolicy::new(signer().verifier_key().clone(), witnesses, needed).expect("distinct keys")
}

pub(crate) fn publication(needed: usize) -> Publication {
    Publication {
        policy: policy(needed),
        delivery_seconds: DELIVERED - TIME,
        publication_seconds: LIMIT - DELIVERED,
        clock_seconds: CLOCK,
    }
}

/// A tree in memory.
pub(crate) struct PublicLog {
    pub(crate) leaves: Vec<Hash>,
    stored: BTreeMap<StoredHash, Hash>,
    roots: Vec<Hash>,
}

impl ReadHashes for PublicLog {
    type Error = StoredHash;
    fn read(&self, wanted: &[StoredHash]) -> Result<Vec<Hash>, StoredHash> {
        wanted.iter().map(|place| self.stored.get(place).copied().ok_or(*place)).collect()
    }
}

/// The leaf of one of the run's records.
pub(crate) fn leaf(record: &SignedRecord) -> Hash {
    Entry::of(record, &PROGRAM.card.domain).leaf_hash()
}

/// Somebody else's entry.
pub(crate) fn stranger(number: u64) -> Hash {
    leaf_hash(&number.to_be_bytes())
}

impl PublicLog {
    pub(crate) fn of(leaves: Vec<Hash>) -> Self {
        let (mut frontier, mut stored) = (Frontier::new(), BTreeMap::new());
        let mut roots = vec![frontier.root()];
        for leaf in &leaves {
            let keep = |place, hash| assert_eq!(stored.insert(place, hash), None);
            frontier.push_with(*leaf, keep).expect("small");
            roots.push(frontier.root());
        }
        Self { leaves, stored, roots }
    }
    /// Strangers, and the run's records at 3, 4, 7, 9 and 10.
    pub(crate) fn honest() -> Self {
        let mut leaves: Vec<Hash> = (0..SIZE).map(stranger).collect();
        for (record, index) in run().iter().zip([3, 4, INDEX as usize, 9, 10]) {
            leaves[index] = leaf(record);
        }
        Self::of(leaves)
    }
    /// The checkpoint of a size, cosigned by witnesses at times.
    pub(crate) fn checkpoint(&self, size: u64, cosigned: &[(u8, u64)]) -> Note {
        self.checkpoint_by(&signer(), size, cosigned)
    }
    pub(crate) fn checkpoint_by(&self, signer: &NoteSigner, size: u64, cosigned: &[(u8, u64)]) -> Note {
        let checkpoint = Checkpoint::new(signer.verifier_key().name(), size, self.roots[size as usize]);
        let mut note = checkpoint.expect("in range").sign(signer).expect("its own name");
        for (number, time) in cosigned {
            let line = witness(*number).cosign(note.text(), *time);
            note.add(line).expect("few");
        }
        note
    }
    /// The entry of a record at an index under a checkpoint of a size.
    pub(crate) fn published(
        &self,
        record: &SignedRecord,
        (index, size): (u64, u64),
        cosigned: &[(u8, u64)],
    ) -> PublishedRecord {
        let path = prove_inclusion(self, index, size).expect("in range");
        let proof = TlogProof { extra: None, index, path, checkpoint: self.checkpoint(size, cosigned) };
        PublishedRecord {
            signed: record.signed_header(),
            body: body_hash(&record.body),
            proof: proof.to_bytes(),
        }
    }
    /// The disputed record, and a checkpoint of an earlier size that witnesses cosigned at these times.
    pub(crate) fn late(&self, old: u64, cosigned: &[(u8, u64)]) -> LateRecord {
        let after = [(0, LIMIT + 900), (1, LIMIT + 900)];
        LateRecord {
            published: self.published(&run()[DISPUTED], (INDEX, SIZE), &after),
            earlier: self.checkpoint(old, cosigned).to_bytes(),
            consistency: prove_consistency(self, old, SIZE).expect("in range"),
        }
    }
}

/// Two witnesses saw the log without the disputed record until a time.
pub(crate) fn late_at(time: u64) -> LateRecord {
    PublicLog::honest().late(INDEX, &[(0, time), (1, time)])
}

/// Two witnesses had seen the disputed record by a time.
pub(crate) fn published_at(time: u64) -> PublishedRecord {
    PublicLog::honest().published(&run()[DISPUTED], (INDEX, SIZE), &[(0, time), (1, time)])
}

/// The log's promise about the disputed record.
pub(crate) fn promise() -> Promise {
    let record = &run()[DISPUTED];
    Promise {
        agent: key().address(),
        program_id: record.header.program_id,
        sequence: record.header.sequence,
        record_hash: record.record_hash(&PROGRAM.card.domain),
        leaf: leaf(record),
        index: INDEX,
        time: DELIVERED,
    }
}

/// A promise as its note.
pub(crate) fn note(promise: Promise) -> Vec<u8> {
    promise.sign(&signer()).to_note(signer().verifier_key()).to_bytes()
}

/// Late evidence as a challenge.
pub(crate) fn accuse(late: LateRecord) -> Challenge {
    Challenge::late(late)
}
