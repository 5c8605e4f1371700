//! A compiled project, made once for a test binary and copied for each test, and the command to run in it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use tempfile::TempDir;

/// A folder of fixtures/.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name)
}

/// One folder with setup, key, program, and a log once something is recorded.
pub(crate) struct Project {
    folder: TempDir,
}

/// What a command did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

static COMPILED: LazyLock<Project> = LazyLock::new(|| {
    let project = Project::empty();
    project.run(&["setup", "--development", "--powers", "10"]).ok();
    project.run(&["agent-key"]).ok();
    let toml = fixture("sp500/agent.toml");
    project.run(&["compile", toml.to_str().unwrap()]).ok();
    project
});

impl Project {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }
    /// A compiled agent with an empty log.
    pub(crate) fn compiled() -> Self {
        let project = Self::empty();
        for entry in fs::read_dir(COMPILED.store()).unwrap() {
            let entry = entry.unwrap();
            // `copy` keeps the mode: the key stays private.
            fs::create_dir_all(project.store()).unwrap();
            fs::copy(entry.path(), project.store().join(entry.file_name())).unwrap();
        }
        project
    }
    /// A compiled agent with so many real days in its log.
    pub(crate) fn recorded(days: usize) -> Self {
        let project = Self::compiled();
        let observations = project.write("observations.jsonl", observations(0..days));
        project.run(&["record", &observations]).ok();
        project
    }
    /// The same agent, but its plugin signs what it reports, with the key `plugin.key`.
    pub(crate) fn signing() -> Self {
        let project = Self::empty();
        let key = project.file("plugin.key");
        project.run(&["setup", "--development", "--powers", "10"]).ok();
        project.run(&["agent-key"]).ok();
        let (_, made) = project.json(&["plugin", "key", "--output", &key]);
        let signer = format!("signer = {}\nmax_age_seconds = 60\n", made["signer"]);
        for name in ["model.onnx", "calibration.jsonl", "reference.jsonl", "observations.jsonl"] {
            fs::copy(fixture("sp500").join(name), project.folder().join(name)).unwrap();
        }
        let toml = fs::read_to_string(fixture("sp500/agent.toml")).unwrap();
        let toml = toml.replacen("id = \"market-data\"\n", &format!("id = \"market-data\"\n{signer}"), 1);
        let toml = project.write("agent.toml", toml);
        project.run(&["compile", &toml]).ok();
        project
    }
    /// A path outside the store, as an argument.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder().join(name).to_str().unwrap().to_owned()
    }
    /// What the plugin reported on a day, signed for a time; the path of the envelope.
    pub(crate) fn envelope(&self, day: usize, time: u64) -> String {
        let line: Value = serde_json::from_str(&observations(day..day + 1)).unwrap();
        let payload = self.write("payload.json", line["plugins"]["market-data"].to_string());
        let (key, time) = (self.file("plugin.key"), time.to_string());
        let sign = ["plugin", "sign", &payload, "--plugin", "market-data", "--key", &key, "--time", &time];
        self.write("envelope.json", self.run(&sign).ok())
    }
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
    pub(crate) fn store(&self) -> PathBuf {
        self.folder().join("store")
    }
    /// A path in the store, as an argument.
    pub(crate) fn path(&self, name: &str) -> String {
        self.store().join(name).to_str().unwrap().to_owned()
    }
    /// A file outside the store, as an argument.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_candor"));
        command.args(arguments).arg("--dir").arg(self.store()).stdin(Stdio::null());
        command
    }
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().unwrap())
    }
    /// The command's JSON object.
    pub(crate) fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let ran = self.run(&[arguments, &["--json"]].concat());
        let value = serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{}\n{}", ran.stdout, ran.stderr));
        (ran.code, value)
    }
    /// The ids that compile and agent-key wrote, and consent to the development string.
    pub(crate) fn trusting<'a>(&self, arguments: &[&'a str], expected: &'a str) -> Vec<&'a str> {
        [arguments, &["--expect", expected, "--allow-development-setup"]].concat()
    }
    /// Every file and its content.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.store()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(path.clone(), fs::read(path).unwrap());
                }
            }
        }
        files
    }
    /// Runs a command that must fail in this class, name these places, and leave every file as it was.
    #[track_caller]
    pub(crate) fn refuses(&self, arguments: &[&str], code: i32, names: &[&str]) -> Ran {
        let before = self.files();
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}\n{}\n{}", ran.stdout, ran.stderr);
        for name in names {
            assert!(ran.stderr.contains(name), "{arguments:?} does not name `{name}`:\n{}", ran.stderr);
        }
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        assert!(self.files() == before, "{arguments:?} changed files");
        ran
    }
    /// Number of records in a log.
    pub(crate) fn records(&self, log: &str) -> u64 {
        let (code, value) = self.json(&["inspect", &self.path(log)]);
        assert_eq!(code, 0, "{value}");
        value["records"].as_u64().unwrap()
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.stdout, self.stderr);
        self.stdout
    }
}

/// Real days of fixtures/sp500, one a line.
pub(crate) fn observations(days: std::ops::Range<usize>) -> String {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| fs::read_to_string(fixture("sp500/observations.jsonl")).unwrap());
    let lines: Vec<&str> = TEXT.lines().skip(days.start).take(days.len()).collect();
    lines.join("\n") + "\n"
}
