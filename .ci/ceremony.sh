#!/bin/sh
# A ceremony of the S&P 500 class on a Powers-of-Tau file made by snarkjs; its keys seal, verify, and satisfy snarkjs.
# Usage: .ci/ceremony.sh [path of the candor binary]. Takes some minutes; needs Node.js 18 or newer and npm; installs
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
# For this test only: secrets that follow from a public beacon.
snarkjs powersoftau new bn128 16 0.ptau
snarkjs powersoftau beacon 0.ptau 16.ptau \
    0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20 10 -n="test"

"$candor" setup --development --powers 10
"$candor" agent-key
"$candor" compile "$root/fixtures/sp500/agent.toml"
head -n 16 "$root/fixtures/sp500/observations.jsonl" > observations.jsonl
"$candor" record observations.jsonl > /dev/null
"$candor" prove --record 7

"$candor" setup seal --ptau 16.ptau
"$candor" setup contribute .candor/ceremony-1.candor 1.candor --name Ada
"$candor" setup contribute 1.candor 2.candor --name Grace
"$candor" setup beacon 2.candor final.candor --value 0xabcdef --iterations-log2 16
"$candor" setup verify final.candor --ptau 16.ptau --write
"$candor" setup verify final.candor --ptau 16.ptau --seal-key .candor/seal-key-1.candor > /dev/null
"$candor" setup lint .candor/seal-key-1.candor
"$candor" seal
# The reference string under the proof is a development one; the seal's key is not.
"$candor" verify --seal .candor/seal.candor --expect .candor/expected.json --allow-development-setup
"$candor" export --snarkjs exported
cd exported
snarkjs groth16 verify verification_key.json public.json proof.json
