//! Time to record a decision: the recorder alone, with the log's group commit, and one synced append beside a raw
//! write and sync of the same bytes.

use crate::agent::{Agent, salts};
use candor_log::FileLog;
use candor_program::encoding::encode;
use candor_trace::SignedRecord;
use criterion::{Criterion, Throughput};
use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

const BATCH: usize = 64;

/// A folder on the disk that holds the build: a temporary file system would make syncs free.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the build folder is writable")
}

fn recorder(criterion: &mut Criterion) {
    let agent = Agent::sp500();
    let mut group = criterion.benchmark_group("record/sp500");
    group.throughput(Throughput::Elements(1));
    group.bench_function("recorder", |bencher| {
        let (mut recorder, mut observations) = (agent.recorder(), agent.observations());
        bencher.iter(|| recorder.record(observations.next().expect("a circle"), salts()).expect("valid"));
    });
    group.throughput(Throughput::Elements(BATCH as u64));
    group.sample_size(30);
    group.bench_function("recorder and log, one sync for 64", |bencher| {
        let folder = folder();
        let mut log = FileLog::create(folder.path()).expect("an empty folder");
        let (mut recorder, mut observations) = (agent.recorder(), agent.observations());
        bencher.iter(|| {
            let mut record = |observation| recorder.record(observation, salts()).expect("valid").record;
            let records: Vec<SignedRecord> = observations.by_ref().take(BATCH).map(&mut record).collect();
            log.append(&records).expect("durable")
        });
    });
}

/// Alternates both operations and times one, so that both see the same disk.
fn sync(criterion: &mut Criterion) {
    let agent = Agent::sp500();
    let records = agent.records(BATCH);
    let mut group = criterion.benchmark_group("record/durability");
    group.sample_size(20).measurement_time(Duration::from_secs(8));
    for (name, count) in [("1 record", 1), ("64 records", BATCH)] {
        let records = &records[..count];
        let bytes: Vec<u8> = records.iter().flat_map(encode).collect();
        for timed in ["append", "raw write and sync"] {
            group.bench_function(format!("{timed}, {name}"), |bencher| {
                let folder = folder();
                let mut log = FileLog::create(folder.path()).expect("an empty folder");
                let mut file = File::create(folder.path().join("raw")).expect("a writable folder");
                bencher.iter_custom(|iterations| {
                    let mut spent = [Duration::ZERO; 2];
                    for _ in 0..iterations {
                        let start = Instant::now();
                        log.append(records).expect("durable");
                        spent[0] += start.elapsed();
                        let start = Instant::now();
                        file.write_all(&bytes).and_then(|()| file.sync_data()).expect("durable");
                        spent[1] += start.elapsed();
                    }
                    spent[usize::from(timed != "append")]
                });
            });
        }
    }
}

criterion::criterion_group!(benches, recorder, sync);
