#!/bin/sh
# The verifier is built for wasm32 and run by Node.js on a bundle, proof and seal of the command line: its reports are
# the native ones, and its digests the golden ones.
# Usage: .ci/wasm.sh [path of the candor binary]. Needs Node.js 18 or newer.
#
# Built by rustup's toolchain where it has the target (`rustup target add wasm32-unknown-unknown`). Otherwise, on Debian, by
# its packages rustc-web, rust-web-src and lld, which are installed: they bring a compiler for the target, and the standard
# library as source.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
candor=${1:-$target/release/candor}
case $candor in /*) ;; *) candor=$PWD/$candor ;; esac
triple=wasm32-unknown-unknown

skip() {
    echo "wasm32 is not checked: $1"
    exit 0
}

command -v node > /dev/null || skip "there is no node here"

cd "$root"
set -- cargo build --release --locked -p candor-wasm --lib --example digests --target $triple
if test -d "$(rustc --print sysroot)/lib/rustlib/$triple/lib"; then
    "$@"
else
    minimum=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    present() {
        test -d /usr/lib/rustlib/src/rust/library && command -v wasm-ld > /dev/null &&
            printf '%s\n' "$minimum" "$(/usr/bin/rustc --version | cut -d ' ' -f 2)" | sort -VC
    }
    if ! present; then
        command -v apt-get > /dev/null || skip "the target is not installed, and there is no apt-get"
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends rustc-web rust-web-src lld; } > /dev/null ||
            skip "the target is not installed, and neither can Debian's packages be"
        present || skip "the target is not installed, and Debian's compiler is older than $minimum"
    fi
    # rustup's cargo, Debian's compiler; the standard library is an unstable flag's matter.
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld \
        "$@" -Z build-std=std,panic_abort
fi
built=$target/$triple/release
echo "candor_wasm.wasm: $(wc -c < "$built/candor_wasm.wasm") bytes"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
store=$work/.candor
"$candor" setup --development --powers 10
"$candor" agent-key
"$candor" compile "$root/fixtures/sp500/agent.toml" > /dev/null
head -n 400 "$root/fixtures/sp500/observations.jsonl" > observations.jsonl
"$candor" record observations.jsonl > /dev/null
expect="--expect $store/expected.json --allow-development-setup"
# All decisions in one bundle, then one decision, proven and sealed.
"$candor" prove --range 0..399 --bundle "$store/all.candor" --proof all-proof.candor
"$candor" prove --record 7
"$candor" setup seal --development
"$candor" seal
"$candor" verify $expect --json > "$store/verified.json"
"$candor" verify --seal "$store/seal.candor" $expect --json > "$store/sealed.json"
"$candor" replay --bundle "$store/bundle.candor" $expect --json > "$store/replayed.json"
# A record whose outputs are not the model's, as it is disputed.
"$candor" tamper --record 7 --cheat output --operator 2 --into cheated > /dev/null
"$candor" challenge --log cheated $expect > /dev/null
"$candor" replay --bundle "$store/disputed.candor" $expect --json > "$store/differs.json" || test $? -eq 7
# Graphs with convolutions, products of activations and tables: evaluated, proven and verified there as here.
for graph in convolutional attention; do
    graph_store=$store/$graph
    "$candor" init "$root/fixtures/graphs/$graph.onnx" --output "$graph.toml" > /dev/null
    awk 'BEGIN {
        for (line = 0; line < 20; line++) {
            printf "{\"time\": %d, \"plugins\": {\"data\": {\"features\": {", 1700000000 + 3600 * line
            for (feature = 0; feature < 64; feature++) {
                value = (feature * 7919 + line * 104729 + feature * feature * 31) % 60001 - 30000
                printf "%s\"feature_%d\": \"%.4f\"", feature ? ", " : "", feature, value / 10000
            }
            print "}}}}"
        }
    }' > "$graph.jsonl"
    "$candor" setup --development --powers 14 --dir "$graph_store" > /dev/null
    "$candor" agent-key --dir "$graph_store" > /dev/null
    "$candor" compile "$graph.toml" --dir "$graph_store" > /dev/null
    "$candor" record "$graph.jsonl" --dir "$graph_store" > /dev/null
    "$candor" prove --range 0..19 --bundle "$graph_store/all.candor" --proof "$graph_store/all-proof.candor" --dir "$graph_store" > /dev/null
    "$candor" prove --record 3 --dir "$graph_store" > /dev/null
    graph_expect="--expect $graph_store/expected.json --allow-development-setup"
    "$candor" verify $graph_expect --json --dir "$graph_store" > "$graph_store/verified.json"
    "$candor" replay --bundle "$graph_store/all.candor" $graph_expect --json --dir "$graph_store" > "$graph_store/replayed.json"
done

STORE=$store WASM=$built/candor_wasm.wasm DIGESTS=$built/examples/digests.wasm \
    node --test "$root/verifier/wasm/js/test.mjs"
STORE=$store WASM=$built/candor_wasm.wasm node "$root/verifier/wasm/js/time.mjs"

# The example, as docs/embedding.md shows it.
example() { node "$root/examples/wasm/verify.mjs" "$built/candor_wasm.wasm" "$store/expected.json" "$@"; }
ALLOW_DEVELOPMENT_SETUP=1 example proof "$store/bundle.candor" "$store/proof.candor"
ALLOW_DEVELOPMENT_SETUP=1 example seal "$store/card.candor" "$store/seal-key-1.candor" "$store/seal.candor"
code=0
example seal "$store/card.candor" "$store/seal-key-1.candor" "$store/seal.candor" || code=$?
test "$code" -eq 8
echo "wasm32 agrees"
