//! The auditor's rules once more, as plainly as they can be written, each of which can be left out: to show what it is for.

use crate::published::{Published, policy};
use candor_log::retention::PublishedPolicy;
use candor_program::Card;
use candor_program::encoding::{FrBytes, decode_exact, keccak256};
use candor_trace::tlog::{Checkpoint, Note, VerifierKey};
use candor_trace::{Body, Chain, Entry, Header, Link, SignedRecord, check_body};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A rule of docs/spec/log.md, "Auditing".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Rule {
    /// The log's key signed the checkpoint.
    Signed,
    /// The checkpoint names this log.
    Origin,
    /// As many cosigned as must.
    Quorum,
    /// Those who cosigned are the policy's.
    Witness,
    /// A line of a witness of the policy holds.
    Cosignature,
    /// The kept checkpoint is signed by the log's key.
    Kept,
    /// The log is no smaller than the kept checkpoint.
    Shrunk,
    /// The minimum index is not above the size.
    Minimum,
    /// A minimum index needs a retention policy.
    Retention,
    /// No chain is listed twice.
    Repeated,
    /// Listed chains are as the card says.
    Card,
    /// A bundle above the minimum index is there.
    Bundle,
    /// Its tile is there.
    Tile,
    /// A tile has the hashes that the entries give.
    TileHashes,
    /// The chain of an entry is listed.
    Listed,
    /// Its domain is that of the chain.
    Domain,
    /// Sequence numbers have no gap.
    Sequence,
    /// A record names the one before it.
    Previous,
    /// Times do not go back.
    Time,
    /// The state before is the state after the record before.
    State,
    /// Acc follows.
    Acc,
    /// The agent signed it.
    Signature,
    /// The kept checkpoint's root is that of the first entries.
    Forked,
    /// The checkpoint's root is that of all entries.
    Root,
    /// A body has the hash that its entry names.
    BodyHash,
    /// A body is what the agent signed.
    BodyContent,
}

/// All of them.
pub(crate) const RULES: [Rule; 26] = [
    Rule::Signed,
    Rule::Origin,
    Rule::Quorum,
    Rule::Witness,
    Rule::Cosignature,
    Rule::Kept,
    Rule::Shrunk,
    Rule::Minimum,
    Rule::Retention,
    Rule::Repeated,
    Rule::Card,
    Rule::Bundle,
    Rule::Tile,
    Rule::TileHashes,
    Rule::Listed,
    Rule::Domain,
    Rule::Sequence,
    Rule::Previous,
    Rule::Time,
    Rule::State,
    Rule::Acc,
    Rule::Signature,
    Rule::Forked,
    Rule::Root,
    Rule::BodyHash,
    Rule::BodyContent,
];

/// What an auditor is given.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) log: Published,
    pub(crate) remembered: Option<Vec<u8>>,
    pub(crate) card: Option<Card>,
    /// Bodies by the hash under which they were handed over.
    pub(crate) bodies: BTreeMap<[u8; 32], Vec<u8>>,
}

/// A chain as `agents.json` lists it, and what its next record continues: nothing is known after pruned entries.
struct Listed {
    chain_id: u64,
    contract: String,
    first: Link,
    before: Option<Link>,
}

/// The first rule that is broken, in the order of the specification.
pub(crate) fn audit(given: &Given, without: Option<Rule>) -> Result<(), Rule> {
    Model { given, without }.audit()
}

struct Model<'a> {
    given: &'a Given,
    without: Option<Rule>,
}

impl Model<'_> {
    fn keep(&self, rule: Rule, holds: bool) -> Result<(), Rule> {
        if holds || self.without == Some(rule) { Ok(()) } else { Err(rule) }
    }
    fn file(&self, name: &str) -> Option<&Vec<u8>> {
        self.given.log.files.get(name)
    }
    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(self.file(name).expect("there")).expect("JSON")
    }
    /// Whether the first line that names a key was made by it.
    fn is_signed(note: &Note, key: &VerifierKey) -> bool {
        note.verify(&[key]).is_ok()
    }
    fn checkpoint(&self) -> Result<Checkpoint, Rule> {
        let note = Note::parse(self.file("checkpoint").expect("there")).expect("a note");
        let policy = policy(1);
        let [witness] = policy.witnesses() else { panic!("one witness") };
        let theirs = note.signatures().iter().any(|line| line.is_by(witness));
        self.keep(Rule::Cosignature, !theirs || Self::is_signed(&note, witness))?;
        self.keep(Rule::Signed, Self::is_signed(&note, policy.log()))?;
        let checkpoint = Checkpoint::parse(note.text()).expect("a checkpoint");
        self.keep(Rule::Origin, checkpoint.origin() == policy.log().name())?;
        // Somebody cosigned; a witness of the policy did.
        let others = note.signatures().iter().filter(|line| !line.is_by(policy.log())).count();
        self.keep(Rule::Quorum, others >= policy.needed())?;
        self.keep(Rule::Witness, theirs || others == 0)?;
        Ok(checkpoint)
    }
    fn audit(&self) -> Result<(), Rule> {
        let checkpoint = self.checkpoint()?;
        let size = checkpoint.size() as usize;
        let kept = self.given.remembered.as_ref().map(|bytes| Note::parse(bytes).expect("a note"));
        if let Some(note) = &kept {
            self.keep(Rule::Kept, Self::is_signed(note, policy(0).log()))?;
        }
        let kept = kept.map(|note| Checkpoint::parse(note.text()).expect("a checkpoint"));
        let kept_size = kept.as_ref().map_or(0, Checkpoint::size) as usize;
        self.keep(Rule::Shrunk, kept_size <= size)?;
        let policy = PublishedPolicy::from_bytes(self.file("policy.json").expect("there")).expect("a policy");
        let minimum = policy.minimum_index as usize;
        self.keep(Rule::Minimum, minimum <= size)?;
        self.keep(Rule::Retention, minimum == 0 || policy.retention.is_some())?;
        let mut chains = self.chains()?;
        let (mut leaves, mut bodies) = (Vec::new(), Vec::new());
        for index in 0..size {
            let Some(bytes) = self.entry(index, size, minimum)? else {
                leaves.push(self.tile(0, index / 256, size)?.as_chunks::<32>().0[index % 256]);
                chains.values_mut().for_each(|chain| chain.before = None);
                continue;
            };
            leaves.push(hash(&[&[0], &bytes]));
            if leaves.len() == kept_size {
                self.keep(Rule::Forked, kept.as_ref().is_none_or(|kept| kept.root().0 == root(&leaves)))?;
            }
            if leaves.len() % 256 == 0 {
                self.compare(0, index / 256, size, &leaves[index - 255..])?;
            }
            let entry = Entry::from_bytes(&bytes).expect("an entry");
            self.in_chain(&mut chains, &entry)?;
            bodies.push(entry);
        }
        let full = size / 256 * 256;
        self.compare(0, size / 256, size, &leaves[full..])?;
        let above: Vec<[u8; 32]> = leaves.as_chunks::<256>().0.iter().map(|leaves| root(leaves)).collect();
        self.compare(1, 0, size, &above)?;
        self.keep(Rule::Root, checkpoint.root().0 == root(&leaves))?;
        bodies.iter().try_for_each(|entry| self.body(entry))
    }
    fn chains(&self) -> Result<BTreeMap<(String, String), Listed>, Rule> {
        let listed = self.json("agents.json");
        let own = self.given.card.as_ref().map(Chain::of);
        let mut chains = BTreeMap::new();
        for line in listed.as_array().expect("a list") {
            let text = |name: &str| line[name].as_str().expect("text").to_owned();
            let word = |name: &str| FrBytes(bytes(&text(name)));
            let (agent, program_id): ([u8; 20], [u8; 32]) =
                (bytes(&text("agent")), bytes(&text("programId")));
            let first = Link::first(program_id, word("programFr"), word("initialState"), agent);
            let own = own.as_ref().filter(|own| own.ids.program_id == program_id);
            let as_card = own.is_none_or(|own| first == Link::genesis(own, agent));
            let (chain_id, contract) =
                (line["chainId"].as_u64().expect("a number"), text("verifyingContract"));
            let listed = Listed { chain_id, contract, before: Some(first.clone()), first };
            let twice = chains.insert((text("agent"), text("programId")), listed).is_some();
            self.keep(Rule::Repeated, !twice)?;
            self.keep(Rule::Card, as_card)?;
        }
        Ok(chains)
    }
    /// An entry's bytes; `None` where they may be gone.
    fn entry(&self, index: usize, size: usize, minimum: usize) -> Result<Option<Vec<u8>>, Rule> {
        let name = format!("tile/entries/{}", place(index / 256, size));
        let Some(mut rest) = self.file(&name).map(Vec::as_slice) else {
            self.keep(Rule::Bundle, (index / 256 + 1) * 256 <= minimum)?;
            return Ok(None);
        };
        for _ in 0..index % 256 {
            rest = &rest[2 + length(rest)..];
        }
        Ok(Some(rest[2..2 + length(rest)].to_vec()))
    }
    fn tile(&self, level: u8, number: usize, size: usize) -> Result<Vec<u8>, Rule> {
        let count = if level == 0 { size } else { size / 256 };
        let found = self.file(&format!("tile/{level}/{}", place(number, count)));
        self.keep(Rule::Tile, found.is_some())?;
        Ok(found.cloned().unwrap_or_default())
    }
    fn compare(&self, level: u8, number: usize, size: usize, hashes: &[[u8; 32]]) -> Result<(), Rule> {
        if hashes.is_empty() {
            return Ok(());
        }
        let tile = self.tile(level, number, size)?;
        self.keep(Rule::TileHashes, tile.is_empty() || tile == hashes.as_flattened())
    }
    fn in_chain(&self, chains: &mut BTreeMap<(String, String), Listed>, entry: &Entry) -> Result<(), Rule> {
        let header = &entry.signed.header;
        let name =
            (format!("0x{}", hex::encode(header.agent)), format!("0x{}", hex::encode(header.program_id)));
        let Some(chain) = chains.get_mut(&name) else { return self.keep(Rule::Listed, false) };
        let contract = format!("0x{}", hex::encode(entry.domain.verifying_contract));
        self.keep(
            Rule::Domain,
            (entry.domain.chain_id, contract) == (chain.chain_id, chain.contract.clone()),
        )?;
        if let Some(before) = &chain.before {
            self.continues(before, header)?;
        }
        let before = chain.before.as_ref().unwrap_or(&chain.first);
        chain.before = Some(before.next(header, entry.record_hash()));
        self.keep(Rule::Signature, entry.check_signature().is_ok())
    }
    fn continues(&self, before: &Link, header: &Header) -> Result<(), Rule> {
        self.keep(Rule::Sequence, header.sequence == before.sequence())?;
        self.keep(Rule::Previous, header.previous_record == before.previous_record())?;
        self.keep(Rule::Time, header.time >= before.time())?;
        self.keep(Rule::State, header.state_before == before.state())?;
        self.keep(Rule::Acc, header.acc == before.next_acc(header))
    }
    fn body(&self, entry: &Entry) -> Result<(), Rule> {
        let Some(bytes) = self.given.bodies.get(&entry.body) else { return Ok(()) };
        self.keep(Rule::BodyHash, keccak256(&[bytes]) == entry.body)?;
        let Some(card) = &self.given.card else { return Ok(()) };
        let (header, signature) = (entry.signed.header.clone(), entry.signed.signature);
        let record = |body| SignedRecord { header, signature, body };
        let opens = decode_exact::<Body>(bytes).is_ok_and(|body| check_body(card, &record(body)).is_ok());
        self.keep(Rule::BodyContent, opens)
    }
}

/// Name of the n-th tile or bundle of a row of so many.
fn place(number: usize, count: usize) -> String {
    match count - number * 256 {
        256.. => format!("{number:03}"),
        width => format!("{number:03}.p/{width}"),
    }
}

fn length(bundle: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([bundle[0], bundle[1]]))
}

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(&text[2..]).expect("hexadecimal").try_into().expect("as many digits")
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}

/// RFC 6962, section 2.1.
fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => hash(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            hash(&[&[1], &root(left), &root(right)])
        }
    }
}
