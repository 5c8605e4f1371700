#!/bin/sh
# A seal of the S&P 500 agent, exported, is accepted by snarkjs itself, and refused once a public input is changed.
# Usage: .ci/snarkjs.sh [path of the candor binary]. Needs Node.js 18 or newer and npm; installs outside the repository.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
candor=${1:-$root/target/release/candor}
case $candor in /*) ;; *) candor=$PWD/$candor ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" snarkjs@0.7.6
snarkjs() { node "$work/node_modules/.bin/snarkjs" "$@"; }

cd "$work"
"$candor" setup --development --powers 10
"$candor" agent-key
"$candor" compile "$root/fixtures/sp500/agent.toml"
head -n 16 "$root/fixtures/sp500/observations.jsonl" > observations.jsonl
"$candor" record observations.jsonl > /dev/null
"$candor" prove --record 7
"$candor" setup seal --development
"$candor" seal
"$candor" export --snarkjs exported

cd exported
snarkjs groth16 verify verification_key.json public.json proof.json

node -e '
const fs = require("fs");
const inputs = JSON.parse(fs.readFileSync("public.json"));
inputs[1] = (BigInt(inputs[1]) + 1n).toString();
fs.writeFileSync("other.json", JSON.stringify(inputs));'
if snarkjs groth16 verify verification_key.json other.json proof.json; then
    echo "snarkjs accepted another public input" >&2
    exit 1
fi

# The words for a Solidity verifier are those that snarkjs makes of the same files.
snarkjs zkey export soliditycalldata public.json proof.json > solidity.txt
node -e '
const fs = require("fs");
const theirs = JSON.parse("[" + fs.readFileSync("solidity.txt", "utf8") + "]");
const ours = JSON.parse(fs.readFileSync("calldata.json"));
require("assert").deepStrictEqual([ours.a, ours.b, ours.c, ours.input], theirs);'
echo "snarkjs agrees"
