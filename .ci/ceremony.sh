#!/bin/sh
# A ceremony of the S&P 500 class on a Powers-of-Tau file made by snarkjs; its keys seal, verify, and satisfy snarkjs.
# Usage: .ci/ceremony.sh [path of the candor binary]. Takes minutes; needs Node.js 18 or newer and npm; installs
# outside the repository.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
candor=${1:-$root/target/release/candor}
case $candor in /*) ;; *) candor=$PWD/$candor ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" snarkjs@0.7.6
snarkjs() { node "$work/node_modules/.bin/snarkjs" "$@"; }

cd "$work"
# The class has 27,666 constraints (prover/tests/golden/seal_constraints.txt): 2^15 rows. For this test only: secrets that follow from a public beacon.
powers=15
snarkjs powersoftau new bn128 $powers 0.ptau > snarkjs.log
snarkjs powersoftau beacon 0.ptau pot.ptau \
    0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20 10 -n="test" >> snarkjs.log

# The reference string is of the same file: nothing here is a development setup.
"$candor" setup --ptau pot.ptau --powers 10
"$candor" agent-key
"$candor" compile "$root/fixtures/sp500/agent.toml" > /dev/null
head -n 16 "$root/fixtures/sp500/observations.jsonl" > observations.jsonl
"$candor" record observations.jsonl > /dev/null
"$candor" prove --record 7

"$candor" setup seal --ptau pot.ptau
"$candor" setup contribute .candor/ceremony-1.candor 1.candor --name Ada
"$candor" setup contribute 1.candor 2.candor --name Grace
"$candor" setup beacon 2.candor final.candor --value 0xabcdef --iterations-log2 16
"$candor" setup verify final.candor --ptau pot.ptau --write --json > verified.json
"$candor" setup verify final.candor --ptau pot.ptau --seal-key .candor/seal-key-1.candor
"$candor" setup lint .candor/seal-key-1.candor > /dev/null
"$candor" inspect final.candor --json > inspected.json

# What programs rely on in the verdict, and that inspect shows the same contributions.
node -e '
const { readFileSync } = require("fs");
const assert = require("assert");
const [verified, inspected] = ["verified.json", "inspected.json"].map((name) => JSON.parse(readFileSync(name)));
assert.deepStrictEqual(Object.keys(verified).sort(), [
  "ceremony", "closed", "contributions", "key", "keys", "powersOfTau", "records", "transcript", "verifyingKey",
]);
assert.deepStrictEqual(Object.keys(verified.key).sort(), ["classDigest", "constraints", "development", "keyId", "records"]);
assert.deepStrictEqual([verified.closed, verified.key.development], [true, false]);
assert.deepStrictEqual(verified.contributions.map(({ name }) => name), ["Ada", "Grace", ""]);
assert.deepStrictEqual(inspected.contributions, verified.contributions);'

"$candor" seal
"$candor" verify --seal .candor/seal.candor --expect .candor/expected.json
"$candor" export --snarkjs exported
snarkjs groth16 verify exported/verification_key.json exported/public.json exported/proof.json
echo "the ceremony's keys seal, and snarkjs agrees"
