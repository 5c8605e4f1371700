//! What a log publishes, made here file by file, so that an operator can be honest or not.

use crate::agent;
use candor_log::audit::{AuditError, AuditReport, AuditSettings, Source, SourceError, audit};
use candor_log::retention::{
    BodyDigest, ContentDigest, Mark, Pins, PrunedRange, PublishedPolicy, RetentionPolicy, Runs,
    SignedTombstone, Tombstone, TombstoneContent, content_path, tombstone_path,
};
use candor_program::Program;
use candor_trace::tlog::{
    Checkpoint, CosignatureSigner, Frontier, Hash, NoteSigner, QuorumPolicy, StoredHash, bundles_for_growth,
    encode_bundle, encode_tile, leaf_hash, tiles_for_growth,
};
use candor_trace::{AgentKey, Chain, Entry, Recorder, SignedRecord};
use std::collections::BTreeMap;

pub(crate) const ORIGIN: &str = "log.example/audited";

pub(crate) fn signer() -> NoteSigner {
    NoteSigner::new(ORIGIN, &[7; 32]).unwrap()
}

pub(crate) fn witness() -> CosignatureSigner {
    CosignatureSigner::new("witness.example", &[8; 32]).unwrap()
}

/// The log's key and one witness, which must have cosigned or not.
pub(crate) fn policy(needed: usize) -> QuorumPolicy {
    let (log, witness) = (signer().verifier_key().clone(), witness().verifier_key().clone());
    QuorumPolicy::new(log, vec![witness], needed).unwrap()
}

/// Agents that take turns, and all that they recorded.
pub(crate) struct Fleet {
    pub(crate) program: Program,
    recorders: Vec<Recorder>,
    pub(crate) records: Vec<SignedRecord>,
}

impl Fleet {
    pub(crate) fn key(number: u8) -> AgentKey {
        AgentKey::from_bytes(&[number + 1; 32]).unwrap()
    }
    /// So many agents with so many records together.
    pub(crate) fn new(agents: u8, records: usize) -> Self {
        let program = agent::program();
        let recorder = |number| Recorder::resume(program.clone(), Self::key(number), None).unwrap();
        let mut fleet = Self { recorders: (0..agents).map(recorder).collect(), records: Vec::new(), program };
        for index in 0..records {
            let number = index % usize::from(agents);
            let recorder = &mut fleet.recorders[number];
            let observation = agent::observation(agent::START + index as u64, agent::Want::Hold);
            let record = recorder.record(observation, agent::salts(index as u64)).unwrap().record;
            fleet.records.push(record);
        }
        fleet
    }
    pub(crate) fn entries(&self) -> Vec<Vec<u8>> {
        let domain = self.program.card.domain;
        self.records.iter().map(|record| Entry::of(record, &domain).to_bytes()).collect()
    }
    /// `agents.json`, a line each.
    pub(crate) fn agents(&self) -> String {
        let chain = Chain::of(&self.program.card);
        let line = |number: usize| {
            serde_json::json!({
                "agent": format!("0x{}", hex::encode(Self::key(number as u8).address())),
                "chainId": chain.domain.chain_id,
                "verifyingContract": format!("0x{}", hex::encode(chain.domain.verifying_contract)),
                "programId": format!("0x{}", hex::encode(chain.ids.program_id)),
                "programFr": format!("0x{}", hex::encode(candor_program::encoding::FrBytes::from(chain.ids.program_fr).0)),
                "initialState": format!("0x{}", hex::encode(chain.initial_state.0)),
            })
        };
        serde_json::Value::Array((0..self.recorders.len()).map(line).collect()).to_string()
    }
    pub(crate) fn published(&self) -> Published {
        Published::of(&self.entries(), &self.agents())
    }
}

/// When the tests' logs say that their entries were published.
pub(crate) const MARKED: u64 = 1_700_000_000;

/// The content of a tombstone with which nothing went.
pub(crate) fn nothing_went() -> TombstoneContent {
    TombstoneContent {
        entries: Runs::default(),
        bodies: Runs::default(),
        bodies_sha256: BodyDigest::default().finish(),
        kept_bodies: Vec::new(),
        evidence: Vec::new(),
        pins: Pins::default(),
    }
}

/// The published files of a log, in memory.
#[derive(Clone)]
pub(crate) struct Published {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// The checkpoint over entries, cosigned.
pub(crate) fn checkpoint(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut frontier = Frontier::new();
    for entry in entries {
        frontier.push_entry(entry).unwrap();
    }
    signed(entries.len() as u64, frontier.root())
}

/// A checkpoint of any size and root, cosigned.
pub(crate) fn signed(size: u64, root: Hash) -> Vec<u8> {
    let mut note = Checkpoint::new(ORIGIN, size, root).unwrap().sign(&signer()).unwrap();
    let line = witness().cosign(note.text(), 1_700_000_000);
    note.add(line).unwrap();
    note.to_bytes()
}

impl Published {
    /// Everything that a log of these entries publishes.
    pub(crate) fn of(entries: &[Vec<u8>], agents: &str) -> Self {
        let size = entries.len() as u64;
        let mut stored = BTreeMap::new();
        let mut frontier = Frontier::new();
        for entry in entries {
            let keep = |place, hash| assert_eq!(stored.insert(place, hash), None);
            frontier.push_with(leaf_hash(entry), keep).unwrap();
        }
        let mut files = BTreeMap::new();
        for tile in tiles_for_growth(0, size) {
            let first = tile.index() * 256;
            let places = (first..first + u64::from(tile.width()))
                .map(|index| stored[&StoredHash { level: 8 * tile.level(), index }]);
            files.insert(tile.path(), encode_tile(&places.collect::<Vec<_>>()));
        }
        for bundle in bundles_for_growth(0, size) {
            let first = bundle.start_index() as usize;
            let entries = &entries[first..first + usize::from(bundle.width())];
            files.insert(bundle.path(), encode_bundle(entries).unwrap());
        }
        files.insert("checkpoint".into(), checkpoint(entries));
        files.insert("agents.json".into(), agents.into());
        files.insert("log.vkey".into(), format!("{}\n", signer().verifier_key()).into());
        files.insert("policy.json".into(), PublishedPolicy::default().to_bytes().unwrap());
        Self { files }
    }
    /// Declares entries below an index as pruned.
    pub(crate) fn promise(&mut self, minimum_index: u64) {
        let retention = Some(RetentionPolicy::default());
        let policy = PublishedPolicy { minimum_index, retention, ..PublishedPolicy::default() };
        self.files.insert("policy.json".into(), policy.to_bytes().unwrap());
    }
    /// What a tombstone of the first pruning says, with which these runs of entries went, at a time at which they may.
    pub(crate) fn tombstone(&self, entries_to: u64, bodies_to: u64) -> Tombstone {
        let retention = RetentionPolicy::default();
        let range = |to| PrunedRange {
            from: 0,
            to,
            dropped: 0,
            mark: if to > 0 { Mark { time: MARKED, size: to } } else { Mark::default() },
        };
        let (tree_size, root) = self.tree();
        Tombstone {
            number: 0,
            previous: Hash([0; 32]),
            time: MARKED + retention.entries_seconds(),
            tree_size,
            root,
            retention,
            entries: range(entries_to),
            bodies: range(bodies_to),
            content: ContentDigest { bytes: 0, sha256: Hash([0; 32]) },
        }
    }
    /// Size and root of the checkpoint.
    pub(crate) fn tree(&self) -> (u64, Hash) {
        let note = candor_trace::tlog::Note::parse(&self.files["checkpoint"]).unwrap();
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        (checkpoint.size(), *checkpoint.root())
    }
    /// Publishes a tombstone with its content, signed.
    pub(crate) fn bury(&mut self, tombstone: Tombstone, content: &TombstoneContent) -> SignedTombstone {
        let (bytes, digest) = content.to_bytes();
        let mut tombstone = Tombstone { content: digest, ..tombstone };
        tombstone.entries.dropped = content.entries.count();
        tombstone.bodies.dropped = content.bodies.count();
        let signed = tombstone.sign(&signer()).unwrap();
        self.files.insert(content_path(&digest), bytes);
        self.files.insert(tombstone_path(tombstone.number), signed.to_bytes());
        signed
    }
    /// Prunes entries as an honest log does: promise, tombstone, then they go.
    pub(crate) fn prune(&mut self, bundles: &[u64], minimum_index: u64) {
        self.promise(minimum_index);
        let mut content = nothing_went();
        bundles.iter().for_each(|bundle| content.entries.push(bundle * 256, 256));
        self.bury(self.tombstone(minimum_index / 256 * 256, 0), &content);
        for bundle in bundles {
            let name = candor_trace::tlog::BundleId::new(*bundle, 256).unwrap().path();
            self.files.remove(&name).unwrap();
        }
    }
    pub(crate) fn audit(&self) -> Result<AuditReport, AuditError> {
        self.audit_with(None)
    }
    pub(crate) fn audit_with(&self, remembered: Option<&[u8]>) -> Result<AuditReport, AuditError> {
        let whom = policy(1);
        let settings = AuditSettings { remembered, ..AuditSettings::new(&whom) };
        audit(self, &settings, |_, _| ())
    }
}

impl Source for Published {
    fn get(&self, file: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, SourceError> {
        match self.files.get(file) {
            Some(bytes) if bytes.len() as u64 > limit_bytes => {
                Err(SourceError::TooLong { file: file.to_owned(), limit: limit_bytes })
            }
            found => Ok(found.cloned()),
        }
    }
}
