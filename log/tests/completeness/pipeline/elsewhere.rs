//! The public objects may lie elsewhere than in the log's folder: here in memory, as in an object store.

use crate::fleet::damage::files;
use crate::fleet::{Agent, LONG, append, create, open, own_policy, refused, settings};
use candor_log::pipeline::{FileDamage, LogSettings, PipelineError};
use candor_log::{ObjectError, Objects};
use candor_trace::tlog::{ReadTiles, TileHashes, TileId, prove_inclusion, verify_inclusion};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Objects by name; what is in it is durable.
#[derive(Clone, Debug, Default)]
struct Bucket(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Objects for Bucket {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, ObjectError> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }
    fn put_new(&self, objects: &[(String, Vec<u8>)]) -> Result<(), ObjectError> {
        for (name, bytes) in objects {
            let mut all = self.0.lock().unwrap();
            let there = all.entry(name.clone()).or_insert_with(|| bytes.clone());
            if there != bytes {
                return Err(ObjectError::OtherBytes { name: name.clone() });
            }
        }
        Ok(())
    }
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), ObjectError> {
        self.0.lock().unwrap().insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
    fn remove(&self, name: &str) -> Result<bool, ObjectError> {
        Ok(self.0.lock().unwrap().remove(name).is_some())
    }
    fn list(&self, folder: &str) -> Result<Vec<String>, ObjectError> {
        let all = self.0.lock().unwrap();
        let below = all.keys().filter_map(|name| name.strip_prefix(folder)?.strip_prefix('/'));
        Ok(below.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }
}

impl ReadTiles for Bucket {
    type Error = ObjectError;
    fn read_tile(&self, id: &TileId) -> Result<Vec<u8>, ObjectError> {
        self.get(&id.path()).map(Option::unwrap)
    }
}

#[test]
fn tiles_and_checkpoints_lie_in_an_object_store() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::default();
    let elsewhere = || LogSettings { objects: Some(Arc::new(bucket.clone())), ..settings() };
    let log = create(folder.path(), elsewhere());
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    append(&log, &mut agent, 300);
    assert!(log.wait_published(299, LONG).unwrap());
    log.shut_down().unwrap();
    drop(log);
    assert!(files(folder.path()).iter().all(|name| !name.starts_with("public/")));
    let (log, report) = open(folder.path(), elsewhere());
    assert_eq!((report.sequenced, report.published), (300, Some(300)));
    append(&log, &mut agent, 1);
    assert!(log.wait_published(300, LONG).unwrap());
    // Somebody who reads nothing but the store.
    let signed = own_policy().check_bytes(&bucket.get("checkpoint").unwrap().unwrap()).unwrap();
    let (size, root) = (signed.checkpoint().size(), *signed.checkpoint().root());
    for index in [0, 255, 256, size - 1] {
        let leaf = log.entry(index).unwrap().leaf_hash();
        let path = prove_inclusion(&TileHashes::new(&bucket, size), index, size).unwrap();
        verify_inclusion(&leaf, index, size, &path, &root).unwrap();
    }
    drop(log);
    bucket.0.lock().unwrap().get_mut("tile/0/000").unwrap()[9] ^= 1;
    let error = refused(folder.path(), elsewhere());
    assert!(
        matches!(&error, PipelineError::Damaged { file, damage: FileDamage::TileMismatch, .. }
            if file == "public/tile/0/000"),
        "{error:?}"
    );
}
