//! The committed header is the one that cbindgen makes of the source.

use std::path::Path;

fn generated(root: &Path) -> String {
    let config = cbindgen::Config {
        language: cbindgen::Language::C,
        include_guard: Some("CANDOR_H".into()),
        cpp_compat: true,
        documentation_style: cbindgen::DocumentationStyle::C99,
        header: Some("/* Made by `CANDOR_HEADER=write cargo test -p candor-ffi --test header`. */".into()),
        enumeration: cbindgen::EnumConfig {
            rename_variants: cbindgen::RenameRule::QualifiedScreamingSnakeCase,
            ..cbindgen::EnumConfig::default()
        },
        ..cbindgen::Config::default()
    };
    let source = root.join("src/lib.rs");
    let bindings = cbindgen::Builder::new().with_config(config).with_src(source).generate().unwrap();
    let mut bytes = Vec::new();
    bindings.write(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_header_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (path, text) = (root.join("include/candor.h"), generated(root));
    if std::env::var("CANDOR_HEADER").is_ok_and(|value| value == "write") {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), text, "remake it with CANDOR_HEADER=write");
}
