//! The example node, run on files.

#[path = "../../examples/node.rs"]
#[allow(dead_code, reason = "its main is for the binary")]
mod program;

use crate::agent::cheat::Cheat;
use crate::agent::{HONEST, expected};
use candor_verifier::Expected;
use std::path::{Path, PathBuf};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        Self(folder)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("written");
        path.to_str().expect("a readable path").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn arguments(bundle: String, proof: String, expected: &Expected) -> Vec<String> {
    let Expected { program_id, agent, domain, .. } = expected;
    let contract = format!("0x{}", hexadecimal(&domain.verifying_contract));
    vec![bundle, proof, hexadecimal(program_id), hexadecimal(agent), domain.chain_id.to_string(), contract]
}

#[test]
fn node_decides() {
    let folder = Folder::new("node");
    let (honest, proof) = &*HONEST;
    let bundle = folder.write("honest.bundle", &honest.to_bytes());
    let proof_path = folder.write("honest.proof", &proof.to_bytes());
    let mut run = arguments(bundle.clone(), proof_path.clone(), &expected());
    let (code, report) = program::decide(&run).expect("decided");
    assert_eq!(code, 8, "{report}");
    run.push("--allow-development-setup".into());
    let (code, report) = program::decide(&run).expect("decided");
    assert_eq!(code, 0, "{report}");
    assert!(report.starts_with("honest: records 0 to 4") && report.contains("DEVELOPMENT"), "{report}");

    let with = |index: usize, value: String| {
        let mut changed = run.clone();
        changed[index] = value;
        program::decide(&changed)
    };
    let cheated = folder.write("cheated.bundle", &Cheat::named("transaction").bundle().to_bytes());
    assert!(matches!(with(0, cheated), Ok((7, report)) if report.starts_with("fraud: transaction-mismatch")));
    let cheated = folder.write("output.bundle", &Cheat::named("output").bundle().to_bytes());
    assert!(matches!(with(0, cheated), Ok((4, _))), "only a proof of true values shows it");
    assert!(matches!(with(3, "00".repeat(20)), Ok((4, _))));
    assert!(matches!(with(2, "00".repeat(32)), Ok((6, _))));
    assert!(matches!(with(1, bundle), Err((3, _))));
    assert!(matches!(with(1, "no such file".into()), Err((2, _))));
    assert!(matches!(with(2, "0x1".into()), Err((2, _))));
    assert!(matches!(with(6, "--please".into()), Err((2, _))));
    assert!(matches!(program::decide(&run[..5]), Err((2, _))));
}
