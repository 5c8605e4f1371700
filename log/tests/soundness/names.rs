//! No name leads out of a log's folder.

use candor_log::disk::{InvalidName, MAX_NAME_BYTES};
use candor_log::{Access, Disk, FileSystem};
use std::io;

fn refused<T>(result: io::Result<T>) -> Option<InvalidName> {
    let error = result.err()?;
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    error.into_inner()?.downcast::<InvalidName>().ok().map(|error| *error)
}

#[test]
fn what_is_not_a_name_is_refused_by_every_call() {
    let place = tempfile::tempdir().unwrap();
    let disk = FileSystem::at(&place.path().join("log"));
    disk.create_folder("").unwrap();
    let long = "a".repeat(MAX_NAME_BYTES + 1);
    let names = [
        "/etc/passwd",
        "..",
        ".",
        "../x",
        "a/../../x",
        "a//b",
        "a/",
        "/",
        "a/./b",
        "a\\b",
        "a\0b",
        "a b",
        "ä",
        "a:b",
        "~",
        &long,
    ];
    for name in names {
        let expected = Some(InvalidName { name: name.to_owned() });
        assert_eq!(refused(disk.lock(name)), expected);
        assert_eq!(refused(disk.open(name, Access::Read)), expected);
        assert_eq!(refused(disk.create(name)), expected);
        assert_eq!(refused(disk.rename(name, "b")), expected);
        assert_eq!(refused(disk.remove(name)), expected);
        assert_eq!(refused(disk.list(name)), expected);
        assert_eq!(refused(disk.create_folder(name)), expected);
        assert_eq!(refused(disk.sync_folder(name)), expected);
        disk.create("b").unwrap();
        assert_eq!(refused(disk.rename("b", name)), expected);
    }
    for name in ["", "b/"] {
        assert!(refused(disk.create(name)).is_some() && refused(disk.remove(name)).is_some());
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    disk.create(&"a".repeat(MAX_NAME_BYTES)).unwrap();
}

#[test]
fn names_that_are_none_are_not_listed() {
    let place = tempfile::tempdir().unwrap();
    for name in ["b", "a", "c d", "ä"] {
        std::fs::write(place.path().join(name), "").unwrap();
    }
    std::fs::create_dir(place.path().join("a.p")).unwrap();
    assert_eq!(FileSystem::at(place.path()).list("").unwrap(), ["a", "a.p/", "b"]);
}

#[cfg(unix)]
#[test]
fn no_link_is_followed() {
    let place = tempfile::tempdir().unwrap();
    let outside = place.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret"), "secret").unwrap();
    let disk = FileSystem::at(&place.path().join("log"));
    disk.create_folder("private").unwrap();
    disk.create("file").unwrap();
    let inside = place.path().join("log");
    std::os::unix::fs::symlink(&outside, inside.join("public")).unwrap();
    std::os::unix::fs::symlink(outside.join("secret"), inside.join("private/key")).unwrap();
    std::os::unix::fs::symlink(outside.join("nothing"), inside.join("private/new")).unwrap();
    for name in ["public", "public/secret", "private/key", "private/new"] {
        let kinds = [
            disk.lock(name).err(),
            disk.open(name, Access::Read).err(),
            disk.create(name).err(),
            disk.rename(name, "b").err(),
            disk.rename("file", name).err(),
            disk.remove(name).err(),
            disk.list(name).err(),
            disk.create_folder(name).err(),
            disk.sync_folder(name).err(),
        ];
        for error in kinds {
            let error = error.expect("refused");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains("is a symbolic link"), "{error}");
        }
    }
    assert_eq!(std::fs::read(outside.join("secret")).unwrap(), b"secret");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    // The log's folder itself may be reached through one.
    std::os::unix::fs::symlink(&inside, place.path().join("link")).unwrap();
    let linked = FileSystem::at(&place.path().join("link"));
    assert!(linked.open("file", Access::Read).unwrap().is_some());
    linked.create_folder("private").unwrap();
}
