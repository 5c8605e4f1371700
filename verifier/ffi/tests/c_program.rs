//! A C program that links the library verifies what Rust proved and sealed, and refuses what was changed.

use candor_benches::synthetic::{Random, Shape, perceptron};
use candor_circuits::seal::key::FILE_MAGIC;
use candor_program::Fr;
use candor_program::decimal::format_decimal;
use candor_program::digest::ProgramIds;
use candor_program::encoding::encode_file;
use candor_program::observation::Observation;
use candor_prover::seal::{SealKeys, seal};
use candor_prover::{Prover, ReferenceString, commit_program};
use candor_trace::{AgentKey, Bundle, Recorder, Salts, Selection};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folder that holds the static library of this build, and the library.
fn library() -> PathBuf {
    let executable = std::env::current_exe().unwrap();
    let deps = executable.parent().unwrap();
    let is_library = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("libcandor_ffi") && name.ends_with(".a")
    };
    let newest = [deps, deps.parent().unwrap()]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(is_library)
        .max_by_key(|path| path.metadata().and_then(|data| data.modified()).unwrap());
    newest.expect("cargo builds the static library with the tests")
}

fn compile(folder: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = folder.join("node");
    let compiled = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(root.join("include"))
        .arg(root.join("tests/node.c"))
        .arg(library())
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program)
        .output()
        .expect("a C compiler, which Rust's linker needs as well");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    program
}

#[test]
fn a_c_program_reaches_the_same_verdicts() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let reference = ReferenceString::development(9, &[1; 32]).unwrap();
    let shape = Shape { widths: &[4, 3], row_log2: 9, residual: false, gain: 1 };
    let mut program = perceptron(&shape, reference.card(), 5);
    program.card.weight_rows = commit_program(&reference, &program.card, &program.weights).unwrap();
    let key = AgentKey::from_bytes(&[9; 32]).unwrap();
    let agent = key.address();
    let mut recorder = Recorder::resume(program.clone(), key, None).unwrap();
    let mut random = Random(1);
    let mut value = || format!("\"{}\"", format_decimal((random.next_u64() % 60_000) as i64 - 30_000, 2));
    let values = [value(), value(), value(), value()].join(",");
    let line = format!("{{\"time\":1000,\"plugins\":{{\"feed\":[{values}]}}}}");
    let observation = Observation::from_json(&line, &program.card).unwrap();
    let record = recorder.record(observation, Salts { observations: 1, evidence: 2 }).unwrap().record;
    let bundle = Bundle::select(program.card.clone(), &[record], Selection::Record { sequence: 0 }).unwrap();
    let prover = Prover::new(&program, &reference).unwrap();
    let proof = prover.prove_path(&bundle, [0; 20], &mut |_, _| ()).unwrap();
    let keys = SealKeys::development(&program.card, 0, &[2; 32]).unwrap();
    let sealed = seal(&keys, &bundle, &proof, [Fr::from(1u64), Fr::from(2u64)]).unwrap();

    let domain = program.card.domain;
    let mut ids = ProgramIds::of(&program.card).program_id.to_vec();
    ids.extend_from_slice(&agent);
    ids.extend_from_slice(&domain.verifying_contract);
    ids.extend_from_slice(&domain.chain_id.to_be_bytes());
    let write = |name: &str, bytes: &[u8]| std::fs::write(path(name), bytes).unwrap();
    write("ids", &ids);
    write("bundle", &bundle.to_bytes());
    write("proof", &proof.to_bytes());
    write("card", &program.card.to_bytes());
    write("key", &encode_file(&FILE_MAGIC, &keys.verifying));
    write("seal", &sealed.to_bytes());
    ids[0] ^= 1;
    write("other-ids", &ids);
    let mut changed = proof.to_bytes();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    write("changed-proof", &changed);
    write("empty", &[]);

    let node = compile(folder.path());
    let run = |arguments: &[&str], allowed: bool| {
        let mut command = Command::new(&node);
        command.arg(path(arguments[0])).arg(arguments[1]);
        command.args(arguments[2..].iter().map(|name| path(name)));
        command.env_remove("ALLOW_DEVELOPMENT_SETUP");
        if allowed {
            command.env("ALLOW_DEVELOPMENT_SETUP", "1");
        }
        let output = command.output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let expect = |arguments: &[&str], allowed: bool, status: i32, text: &str| {
        let (got, said) = run(arguments, allowed);
        assert_eq!(got, status, "{arguments:?}: {said}");
        assert!(said.contains(text), "{arguments:?}: {said}");
    };
    expect(&["ids", "proof", "bundle", "proof"], true, 0, "honest");
    expect(&["ids", "seal", "card", "key", "seal"], true, 0, "sealed");
    expect(&["ids", "proof", "bundle", "proof"], false, 8, "development-setup");
    expect(&["ids", "seal", "card", "key", "seal"], false, 8, "development-seal-key");
    expect(&["other-ids", "proof", "bundle", "proof"], true, 4, "program");
    expect(&["other-ids", "seal", "card", "key", "seal"], true, 4, "program");
    expect(&["ids", "proof", "bundle", "changed-proof"], true, 3, "");
    expect(&["ids", "proof", "bundle", "empty"], true, 3, "");
    expect(&["ids", "proof", "proof", "bundle"], true, 3, "");
    expect(&["ids", "seal", "card", "seal", "key"], true, 3, "");
}

#[test]
fn null_pointers_are_a_usage_error() {
    use candor_ffi::{CandorBytes, CandorStatus, CandorText, candor_verify};
    let none = CandorBytes { data: std::ptr::null(), length: 0 };
    let bad = CandorBytes { data: std::ptr::null(), length: 5 };
    let silent = CandorText { data: std::ptr::null_mut(), capacity: 0 };
    let mut room = [1u8; 8];
    let short = CandorText { data: room.as_mut_ptr(), capacity: room.len() };
    // SAFETY: null pointers are what is tested; the buffer is as long as it says.
    unsafe {
        assert_eq!(candor_verify(std::ptr::null(), none, none, silent), CandorStatus::Usage);
        assert_eq!(candor_verify(std::ptr::null(), bad, none, short), CandorStatus::Usage);
    }
    assert_eq!(room[7], 0);
    assert_eq!(&room[..7], b"a point");
}
