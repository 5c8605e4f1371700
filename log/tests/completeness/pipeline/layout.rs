//! What lies on the disk at every size is what C2SP tlog-tiles says, and only that.

use crate::fleet::damage::files;
use crate::fleet::{Agent, LONG, append, create, open, own_policy, settings, signer, slow};
use candor_log::FileSystem;
use candor_log::pipeline::{Cosign, CosignRequest, Log, LogSettings, Submission};
use candor_program::encoding::FrBytes;
use candor_trace::tlog::{Hash, SignatureLine, leaf_hash, node_hash};
use candor_trace::{Header, Link, SignedHeader};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

/// Names of groups of three digits.
fn groups(index: u64) -> String {
    if index < 1000 {
        format!("{index:03}")
    } else {
        format!("x{}/{:03}", groups(index / 1000), index % 1000).replace("xx", "x")
    }
}

/// What the specification says a log of this size has, full ones and the last partial ones.
fn expected(size: u64) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut hashes = size;
    for level in 0..4 {
        for (kind, wanted) in [(level.to_string(), true), ("entries".to_owned(), level == 0)] {
            if !wanted {
                continue;
            }
            names.extend((0..hashes / 256).map(|index| format!("public/tile/{kind}/{}", groups(index))));
            if !hashes.is_multiple_of(256) {
                names.insert(format!("public/tile/{kind}/{}.p/{}", groups(hashes / 256), hashes % 256));
            }
        }
        hashes /= 256;
    }
    names
}

/// What is there, without the partial ones of smaller sizes.
fn there(place: &Path, size: u64) -> BTreeSet<String> {
    let expected = expected(size);
    let names = files(place).into_iter().filter(|name| name.starts_with("public/tile/"));
    names.filter(|name| expected.contains(name) || !name.contains(".p/")).collect()
}

/// The root by the definition of RFC 6962.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&root(left), &root(right))
        }
    }
}

/// Names, lengths and hashes of everything on the disk.
fn check(place: &Path, size: u64) {
    assert_eq!(there(place, size), expected(size), "{size}");
    let mut leaves = Vec::new();
    for name in (0..size.div_ceil(256)).map(|index| {
        let width = (size - index * 256).min(256);
        if width == 256 { groups(index) } else { format!("{}.p/{width}", groups(index)) }
    }) {
        let bundle = std::fs::read(place.join("public/tile/entries").join(&name)).unwrap();
        let tile = std::fs::read(place.join("public/tile/0").join(&name)).unwrap();
        let (mut rest, first) = (bundle.as_slice(), leaves.len());
        while let [high, low, entries @ ..] = rest {
            let (entry, after) = entries.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            leaves.push(leaf_hash(entry));
            rest = after;
        }
        assert_eq!(leaves[first..].iter().flat_map(|leaf| leaf.0).collect::<Vec<u8>>(), tile, "{name}");
    }
    assert_eq!(leaves.len() as u64, size);
    for level in 1..3_u32 {
        let width = 256_usize.pow(level);
        let hashes: Vec<u8> = leaves.chunks_exact(width).flat_map(|below| root(below).0).collect();
        let mut stored = Vec::new();
        for name in expected(size).iter().filter(|name| name.starts_with(&format!("public/tile/{level}/"))) {
            stored.extend(std::fs::read(place.join(name)).unwrap());
        }
        assert_eq!(stored, hashes, "level {level} of {size}");
    }
    let signed = own_policy().check_bytes(&std::fs::read(place.join("public/checkpoint")).unwrap()).unwrap();
    assert_eq!(signed.checkpoint().size(), size);
    if size > 0 {
        assert_eq!(*signed.checkpoint().root(), root(&leaves));
    }
}

#[test]
fn small_logs() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let log = create(place, slow());
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    log.shut_down().unwrap();
    drop(log);
    let mut size = 0;
    for target in [0, 1, 2, 255, 256, 257, 513] {
        let (log, _) = open(place, slow());
        append(&log, &mut agent, target - size);
        size = target;
        log.shut_down().unwrap();
        drop(log);
        check(place, size as u64);
    }
}

/// Partial tiles stay until the full one is published, and are gone then.
#[test]
fn partial_tiles_go_when_they_are_full() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), settings());
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    for size in [3, 100, 256, 300] {
        append(&log, &mut agent, size - log.status().sizes.sequenced as usize);
        assert!(log.wait_published(size as u64 - 1, LONG).unwrap());
        if size == 100 {
            let names = files(folder.path());
            for name in ["public/tile/0/000.p/100", "public/tile/entries/000.p/100"] {
                assert!(names.iter().any(|there| there == name), "{names:?}");
            }
        }
    }
    log.shut_down().unwrap();
    let names = files(folder.path());
    let partial: Vec<&String> = names.iter().filter(|name| name.contains(".p/")).collect();
    assert!(partial.iter().all(|name| name.contains("/001.p/") || name.contains("/tile/1/")), "{partial:?}");
    assert!(!folder.path().join("public/tile/0/000.p").exists());
    assert!(names.iter().all(|name| !name.ends_with(".new")), "{names:?}");
}

/// A witness that notes the sizes it is asked about, and keeps the log waiting while the gate is closed.
#[derive(Clone, Default)]
struct Asked(Arc<AskedAbout>);

#[derive(Default)]
struct AskedAbout {
    sizes: Mutex<Vec<u64>>,
    closed: Mutex<bool>,
    changed: Condvar,
}

impl Asked {
    fn close(&self) {
        *self.0.closed.lock().unwrap() = true;
    }
    fn open(&self) {
        *self.0.closed.lock().unwrap() = false;
        self.0.changed.notify_all();
    }
    fn sizes(&self) -> Vec<u64> {
        self.0.sizes.lock().unwrap().clone()
    }
    /// Waits until the log asked more often.
    fn wait_for_more(&self, than: usize) {
        while self.sizes().len() <= than {
            std::thread::yield_now();
        }
    }
}

impl Cosign for Asked {
    fn cosign(&self, request: &CosignRequest<'_>) -> Vec<SignatureLine> {
        self.0.sizes.lock().unwrap().push(request.checkpoint.size());
        let closed = self.0.closed.lock().unwrap();
        drop(self.0.changed.wait_while(closed, |closed| *closed).unwrap());
        Vec::new()
    }
}

fn widths(place: &Path, folder: &str) -> BTreeSet<u64> {
    let names = files(place);
    names.iter().filter_map(|name| name.strip_prefix(folder)?.parse().ok()).collect()
}

/// C2SP tlog-tiles asks for the partial tiles of every size that had a checkpoint, until the full ones are there, and for no
/// others.
#[test]
fn partial_tiles_of_sizes_without_a_checkpoint_go() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let asked = Asked::default();
    let settings = LogSettings { policy: Some(own_policy()), ..settings() };
    let log = Log::create_with(FileSystem::at(place), settings, signer(), Box::new(asked.clone())).unwrap();
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    let grow = |agent: &mut Agent, size: u64| {
        append(&log, agent, (size - log.status().sizes.sequenced) as usize);
        assert!(log.wait_integrated(size - 1, LONG).unwrap());
    };
    grow(&mut agent, 10);
    assert!(log.wait_published(9, LONG).unwrap());
    let before = asked.sizes().len();
    asked.close();
    grow(&mut agent, 20);
    asked.wait_for_more(before);
    // While the log waits for its witness, the tree grows.
    for size in [30, 40, 50] {
        grow(&mut agent, size);
    }
    for kind in ["0", "entries"] {
        let there = widths(place, &format!("public/tile/{kind}/000.p/"));
        assert!(there.is_superset(&[10, 30, 40, 50].into()), "{kind}: {there:?}");
    }
    let (through, root) = (log.consistency(10, 30).unwrap(), log.consistency(30, 50).unwrap());
    asked.open();
    assert!(log.wait_published(49, LONG).unwrap());
    let signed: BTreeSet<u64> = asked.sizes().into_iter().filter(|size| *size > 0).collect();
    assert!(signed.contains(&50) && !signed.contains(&30) && !signed.contains(&40), "{signed:?}");
    for kind in ["0", "entries"] {
        assert_eq!(widths(place, &format!("public/tile/{kind}/000.p/")), signed, "{kind}");
    }
    // What was of a size in between is read from what is wider.
    assert_eq!((log.consistency(10, 30).unwrap(), log.consistency(30, 50).unwrap()), (through, root));
    // Over the end of a tile: those of the tile that is full go with it.
    let before = asked.sizes().len();
    asked.close();
    grow(&mut agent, 60);
    asked.wait_for_more(before);
    for size in [200, 256, 270, 280] {
        grow(&mut agent, size);
    }
    assert!(widths(place, "public/tile/0/001.p/").is_superset(&[14, 24].into()));
    asked.open();
    assert!(log.wait_published(279, LONG).unwrap());
    log.shut_down().unwrap();
    for (folder, left) in
        [("0/000.p/", vec![]), ("entries/000.p/", vec![]), ("0/001.p/", vec![24]), ("1/000.p/", vec![1])]
    {
        assert_eq!(widths(place, &format!("public/tile/{folder}")), left.into_iter().collect(), "{folder}");
    }
    assert_eq!(widths(place, "public/tile/entries/001.p/"), [24].into());
    drop(log);
    let (log, report) = open(place, slow());
    assert_eq!(report.published, Some(280));
    drop(log);
}

/// Headers without bodies, made as cheaply as they can be.
struct Cheap {
    link: Link,
    agent: Agent,
}

impl Cheap {
    fn new(number: u8) -> Self {
        let agent = Agent::new(number);
        Self { link: agent.registration.first_link(), agent }
    }
    fn next(&mut self) -> Submission {
        let link = &self.link;
        let mut header = Header {
            program_id: link.program_id(),
            agent: link.agent(),
            sequence: link.sequence(),
            time: link.time(),
            previous_record: link.previous_record(),
            state_before: link.state(),
            observations: FrBytes([0; 32]),
            evidence: FrBytes([0; 32]),
            requested: 0,
            verdict: 0,
            executed: 0,
            state_after: link.state(),
            transaction: [0; 32],
            execution: [0; 32],
            acc: FrBytes([0; 32]),
        };
        header.acc = link.next_acc(&header);
        let domain = self.agent.registration.domain;
        let record_hash = header.record_hash(&domain);
        let signature = crate::fleet::key(0).sign(&record_hash);
        self.link = link.next(&header, record_hash);
        Submission { domain, signed: SignedHeader { header, signature }, body_hash: [0; 32], body: None }
    }
    fn append(&mut self, log: &Log<FileSystem>, count: u64) {
        let mut last = None;
        for _ in 0..count {
            last = Some(log.submit(self.next()).unwrap());
        }
        if let Some(last) = last {
            last.wait().unwrap();
        }
    }
}

/// Around the first full tile of level 1. Half a minute in a release build:
/// `cargo test --release -p candor-log --test pipeline-completeness -- --ignored large_logs`.
#[test]
#[ignore = "signs and checks 70,000 records"]
fn large_logs() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let settings = || LogSettings { queue_limit_records: 100_000, ..slow() };
    let log = create(place, settings());
    let mut cheap = Cheap::new(0);
    log.register(cheap.agent.registration.clone()).unwrap();
    let mut log = Some(log);
    let mut size = 0;
    for target in [65_535, 65_536, 65_537, 70_000] {
        let writer = log.take().unwrap_or_else(|| open(place, settings()).0);
        cheap.append(&writer, target - size);
        size = target;
        writer.shut_down().unwrap();
        for index in [0, 255, 256, 65_535, target - 1].into_iter().filter(|index| *index < target) {
            let proof = writer.inclusion(index).unwrap();
            proof.verify(&writer.entry(index).unwrap().leaf_hash(), &own_policy()).unwrap();
        }
        drop(writer);
        check(place, size);
    }
}
