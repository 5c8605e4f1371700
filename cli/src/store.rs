//! The folder of a project, `./.candor`, and files that are either whole or not there.

use crate::exit::{ExitClass, Failure};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Paths of everything that the commands keep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    directory: PathBuf,
}

/// Whether a file may take the place of one that is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Existing {
    /// Keep it and fail.
    Keep,
    /// Replace it.
    Replace,
}

impl Store {
    /// The store in a directory, which need not be there yet.
    #[must_use]
    pub fn at(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }
    /// Its directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }
    /// Reference string.
    #[must_use]
    pub fn setup(&self) -> PathBuf {
        self.directory.join("setup.candor")
    }
    /// Secret key of the agent.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.directory.join("agent.key")
    }
    /// Compiled program, with weights.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.directory.join("program.candor")
    }
    /// Its public part.
    #[must_use]
    pub fn card(&self) -> PathBuf {
        self.directory.join("card.candor")
    }
    /// What the compiler found.
    #[must_use]
    pub fn compile_report(&self) -> PathBuf {
        self.directory.join("report.json")
    }
    /// Ids that a verifier is to expect.
    #[must_use]
    pub fn expected(&self) -> PathBuf {
        self.directory.join("expected.json")
    }
    /// Directory of the log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.directory.join("log")
    }
    /// Bundle of the last `prove`.
    #[must_use]
    pub fn bundle(&self) -> PathBuf {
        self.directory.join("bundle.candor")
    }
    /// Proof of the last `prove`.
    #[must_use]
    pub fn proof(&self) -> PathBuf {
        self.directory.join("proof.candor")
    }
    /// Seal of the last `seal`.
    #[must_use]
    pub fn seal(&self) -> PathBuf {
        self.directory.join("seal.candor")
    }
    /// Keys that make seals of up to 2^batch_log2 records.
    #[must_use]
    pub fn seal_keys(&self, batch_log2: u8) -> PathBuf {
        self.directory.join(format!("seal-keys-{}.candor", 1u32 << batch_log2.min(31)))
    }
    /// Key that verifies them.
    #[must_use]
    pub fn seal_key(&self, batch_log2: u8) -> PathBuf {
        self.directory.join(format!("seal-key-{}.candor", 1u32 << batch_log2.min(31)))
    }
    /// Ceremony that their secrets come from.
    #[must_use]
    pub fn ceremony(&self, batch_log2: u8) -> PathBuf {
        self.directory.join(format!("ceremony-{}.candor", 1u32 << batch_log2.min(31)))
    }
    /// Bundle of the last `challenge`.
    #[must_use]
    pub fn disputed(&self) -> PathBuf {
        self.directory.join("disputed.candor")
    }
    /// Challenge of the last `challenge`.
    #[must_use]
    pub fn challenge(&self) -> PathBuf {
        self.directory.join("challenge.candor")
    }
}

/// Reads a file of at most so many bytes; a longer one is refused before it is read.
pub fn read(path: &Path, limit_bytes: u64) -> Result<Vec<u8>, Failure> {
    let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
    if metadata.is_dir() {
        return Err(Failure::usage("a directory where a file is expected").at(path.display()));
    }
    let too_long = |got: u64| {
        let message = format!("the file has {got} bytes or more, at most {limit_bytes} are allowed");
        Failure::new(ExitClass::Limit, message).at(path.display())
    };
    if metadata.len() > limit_bytes {
        return Err(too_long(metadata.len()));
    }
    // In one piece, so that no copy of a secret is left behind by growing; the length is below the limit here.
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0).saturating_add(1));
    let mut limited = (&mut file).take(limit_bytes.saturating_add(1));
    limited.read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    // The file may have grown, or be no regular file and so have no length.
    if bytes.len() as u64 > limit_bytes { Err(too_long(bytes.len() as u64)) } else { Ok(bytes) }
}

/// Creates a directory that only its owner may enter, and those above it, where missing.
pub fn create_private_directory(path: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| {
        Failure::new(ExitClass::Unexpected, format!("could not create the directory: {error}"))
            .at(path.display())
            .fix("check permissions and free space")
    })
}

/// A file or directory that could not be opened or read.
pub fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let failure = if error.kind() == io::ErrorKind::NotFound {
        Failure::usage("there is no such file").fix(maker(path))
    } else {
        Failure::new(ExitClass::Unexpected, format!("could not read the file: {error}"))
    };
    failure.at(path.display())
}

/// Which command makes a file of this name.
fn maker(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let command = match name.as_str() {
        "setup.candor" => "candor setup",
        "agent.key" => "candor agent-key",
        "program.candor" | "card.candor" => "candor compile",
        "expected.json" => "candor compile and candor agent-key",
        "log" => "candor record",
        "bundle.candor" | "proof.candor" => "candor prove",
        "disputed.candor" | "challenge.candor" => "candor challenge",
        "agent.toml" => "candor init",
        _ => return "check the path".to_owned(),
    };
    format!("make it with {command}, or check the path and --dir")
}

/// Writes a file so that under its name there is always the whole old content or the whole new one.
pub fn write(path: &Path, bytes: &[u8], existing: Existing) -> Result<(), Failure> {
    write_with_mode(path, bytes, existing, 0o644)
}

/// [`fn@write`], readable by the owner alone from the first byte on.
pub fn write_secret(path: &Path, bytes: &[u8], existing: Existing) -> Result<(), Failure> {
    write_with_mode(path, bytes, existing, 0o600)
}

/// Fails where [`Existing::Keep`] would: asked before long work, so that it is not in vain.
pub fn check_absent(path: &Path, existing: Existing) -> Result<(), Failure> {
    if existing == Existing::Keep && path.symlink_metadata().is_ok() {
        return Err(Failure::usage("the file is there already; nothing was written").at(path.display()));
    }
    Ok(())
}

fn write_with_mode(path: &Path, bytes: &[u8], existing: Existing, mode: u32) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::new(ExitClass::Unexpected, format!("could not write the file: {error}"))
            .at(path.display())
            .fix("check permissions and free space; what was there before is unchanged")
    };
    check_absent(path, existing)?;
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(failed)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let draft = parent.join(format!(".{name}.{}.draft", std::process::id()));
    let written = write_draft(&draft, bytes, mode).and_then(|()| publish(&draft, path, existing));
    if let Err(error) = written {
        // The draft has no meaning to anybody; if it cannot be removed either, that is the lesser news.
        let _ = fs::remove_file(&draft);
        return Err(match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::usage("the file is there already; nothing was written").at(path.display())
            }
            _ => failed(error),
        });
    }
    File::open(parent).and_then(|directory| directory.sync_all()).map_err(failed)
}

fn write_draft(draft: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // Left over from a process of this number that was killed.
    match fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    set_mode(&mut options, mode);
    let mut file = options.open(draft)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn publish(draft: &Path, path: &Path, existing: Existing) -> io::Result<()> {
    match existing {
        Existing::Replace => fs::rename(draft, path),
        // A hard link fails where the name is taken, so that no race can overwrite.
        Existing::Keep => fs::hard_link(draft, path).and_then(|()| fs::remove_file(draft)),
    }
}

#[cfg(unix)]
fn set_mode(options: &mut OpenOptions, mode: u32) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(mode);
}

#[cfg(not(unix))]
fn set_mode(_options: &mut OpenOptions, _mode: u32) {}
