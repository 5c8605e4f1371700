//! Damaging the files of a log that is not open.

use crate::fleet::{refused, slow};
use candor_log::pipeline::{FileDamage, LogSettings, PipelineError};
use std::path::{Path, PathBuf};

/// All files below a folder, by name, sorted.
pub(crate) fn files(place: &Path) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::from(place)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(place).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Copies a log that is not open.
pub(crate) fn copy(from: &Path, to: &Path) {
    for name in files(from) {
        let target = to.join(&name);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(from.join(&name), target).unwrap();
    }
}

/// Changes one file, looks why the log cannot be opened, and puts the file back.
pub(crate) fn with_changed(
    place: &Path,
    name: &str,
    settings: LogSettings,
    change: impl FnOnce(&mut Vec<u8>),
) -> PipelineError {
    let path = place.join(name);
    let intact = std::fs::read(&path).unwrap();
    let mut bytes = intact.clone();
    change(&mut bytes);
    assert_ne!(bytes, intact, "{name} is to be changed");
    std::fs::write(&path, &bytes).unwrap();
    let error = refused(place, settings);
    std::fs::write(&path, intact).unwrap();
    error
}

/// The damage, which must be said of this file.
pub(crate) fn damage(error: PipelineError, name: &str) -> FileDamage {
    match error {
        PipelineError::Damaged { file, damage, .. } if file == name => damage,
        other => panic!("{name}: {other:?}"),
    }
}

/// The damage that is said of a changed file.
pub(crate) fn damage_of(place: &Path, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> FileDamage {
    damage(with_changed(place, name, slow(), change), name)
}

/// The damage that is said of a file that is gone.
pub(crate) fn damage_of_missing(place: &Path, name: &str) -> FileDamage {
    let path = place.join(name);
    let intact = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let error = refused(place, slow());
    std::fs::write(&path, intact).unwrap();
    damage(error, name)
}
