// The verifier in wasm32 gives the reports of the native one, refuses what was changed, and computes the same digests.
//
//   STORE=folder of .ci/wasm.sh WASM=candor_wasm.wasm DIGESTS=digests.wasm node --test verifier/wasm/js/test.mjs
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Candor, CandorError } from "./candor.mjs";

const root = new URL("../../../", import.meta.url);
const file = (name) => new Uint8Array(readFileSync(`${process.env.STORE}/${name}`));
const json = (name) => JSON.parse(readFileSync(`${process.env.STORE}/${name}`, "utf8"));
const wasm = readFileSync(process.env.WASM);
const candor = await Candor.load(wasm);
const ids = json("expected.json");
const expected = { ...ids, allowDevelopmentSetup: true };
const [bundle, proof] = [file("bundle.candor"), file("proof.candor")];
const [card, key, seal] = [file("card.candor"), file("seal-key-1.candor"), file("seal.candor")];
const program = file("program.candor");

/** What the command line printed, without what depends on the run. */
const native = (name) => {
  const { milliseconds, expected, ...report } = json(name);
  return report;
};

const refused = (classes, call, message) => {
  assert.throws(call, (error) => {
    assert.ok(error instanceof CandorError, `${error}`);
    assert.ok(classes.includes(error.class), `${error.class}: ${error.message}`);
    if (message) assert.match(error.message, message);
    return true;
  });
};

test("the reports are the native ones, field by field", () => {
  assert.deepEqual(candor.verify(expected, bundle, proof), native("verified.json"));
  assert.deepEqual(candor.verifySeal(expected, card, key, seal), native("sealed.json"));
  assert.deepEqual(candor.replay(expected, program, bundle), native("replayed.json"));
  const differs = native("differs.json");
  assert.deepEqual([differs.outcome, differs.operator.tensor], ["differs", 2]);
  assert.deepEqual(candor.replay(expected, program, file("disputed.candor")), differs);
});

test("four hundred decisions of the S&P 500 agent have the same digests here", () => {
  const replayed = candor.replay(expected, program, file("all.candor"));
  assert.deepEqual([replayed.outcome, replayed.records], ["agrees", 400]);
});

for (const graph of ["convolutional", "attention"]) {
  test(`${graph}: twenty decisions have the same digests here, and the proof is judged alike`, () => {
    const here = (name) => file(`${graph}/${name}`);
    const graphExpected = { ...json(`${graph}/expected.json`), allowDevelopmentSetup: true };
    const replayed = candor.replay(graphExpected, here("program.candor"), here("all.candor"));
    assert.deepEqual([replayed.outcome, replayed.records], ["agrees", 20]);
    assert.deepEqual(replayed, native(`${graph}/replayed.json`));
    const verified = candor.verify(graphExpected, here("bundle.candor"), here("proof.candor"));
    assert.deepEqual(verified, native(`${graph}/verified.json`));
    assert.equal(verified.verdict, "honest");
  });
}

test("the golden digests of program and trace are computed anew", async () => {
  const { exports } = new WebAssembly.Instance(await WebAssembly.compile(readFileSync(process.env.DIGESTS)), {});
  for (const [number, path] of ["program/tests/golden/digests.txt", "trace/tests/golden/record.txt"].entries()) {
    const length = exports.digests_of(number);
    const text = new TextDecoder().decode(new Uint8Array(exports.memory.buffer, exports.digests_address(), length));
    assert.equal(text, readFileSync(new URL(path, root), "utf8"));
  }
});

test("whatever is not expected is refused", () => {
  refused(["refused-assumption"], () => candor.verify(ids, bundle, proof), /development-setup/);
  refused(["refused-assumption"], () => candor.verifySeal(ids, card, key, seal), /development-seal-key/);
  refused(["refused-assumption"], () => candor.verify({ ...expected, refuse: ["bn254"] }, bundle, proof), /bn254/);
  const other = { programId: `0x${"11".repeat(32)}`, agent: `0x${"11".repeat(20)}`, chainId: 1n << 60n, verifyingContract: `0x${"22".repeat(20)}` };
  other.setupDigest = other.programId;
  for (const name of Object.keys(other)) {
    const changed = { ...expected, [name]: other[name] };
    refused(["rejected"], () => candor.verify(changed, bundle, proof));
    refused(["rejected"], () => candor.verifySeal(changed, card, key, seal));
  }
  refused(["rejected"], () => candor.verifySeal({ ...expected, sealKeys: [other.programId] }, card, key, seal));
});

test("an expectation that cannot be used is a usage error", () => {
  for (const [changed, message] of [
    [{ programId: "0x12" }, /programId.*64 hexadecimal digits/],
    [{ agent: ids.agent.slice(2) }, /agent.*40 hexadecimal digits/],
    [{ chainId: undefined }, /chainId and verifyingContract/],
    [{ chainId: 2 ** 60 }, /bigint/],
    [{ refuse: ["gravity"] }, /gravity/],
    [{ allowDevelopmentSetups: true }, /allowDevelopmentSetups/],
  ]) {
    refused(["usage"], () => candor.verify({ ...expected, ...changed }, bundle, proof), message);
  }
  refused(["usage"], () => candor.verify(expected, "bundle", proof), /Uint8Array/);
  // Without a domain, it is the one that the program id commits to.
  const { chainId, verifyingContract, ...rest } = expected;
  assert.equal(candor.verify(rest, bundle, proof).verdict, "honest");
});

test("one changed bit anywhere is refused, and never traps", () => {
  const classes = ["malformed", "rejected", "limit"];
  const calls = [
    [bundle, (bytes) => candor.verify(expected, bytes, proof)],
    [proof, (bytes) => candor.verify(expected, bundle, bytes)],
    [seal, (bytes) => candor.verifySeal(expected, card, key, bytes)],
    [card, (bytes) => candor.verifySeal(expected, bytes, key, seal)],
    [key, (bytes) => candor.verifySeal(expected, card, bytes, seal)],
  ];
  for (const [honest, call] of calls) {
    for (let sample = 0; sample < 48; sample += 1) {
      const at = Math.floor((sample * (honest.length - 1)) / 47);
      const changed = honest.slice();
      changed[at] ^= 1 << (sample % 8);
      refused(classes, () => call(changed));
    }
    for (const bytes of [new Uint8Array(), honest.slice(0, -1), new Uint8Array([...honest, 0]), honest.slice().fill(0xff, 10)]) {
      refused(["malformed"], () => call(bytes));
    }
  }
  refused(["malformed"], () => candor.verify(expected, proof, bundle), /bundle/);
  refused(["malformed"], () => candor.verifySeal(expected, card, seal, key), /seal key/);
  refused(["malformed"], () => candor.replay(expected, bundle, program), /program/);
});

test("handles that are none are a usage error, and limits hold at N and N + 1", () => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), {});
  const text = (handle) => {
    const [address, length] = [exports.candor_address(handle), exports.candor_length(handle)];
    return new TextDecoder().decode(new Uint8Array(exports.memory.buffer, address, length));
  };
  for (const handles of [[0, 0, 0], [1, 2, 3], [0xffffffff, 7, 7]]) {
    const report = exports.candor_verify(...handles);
    assert.equal(JSON.parse(text(report)).error.class, "usage");
    assert.equal(exports.candor_free(report), 1);
    assert.equal(exports.candor_free(report), 0);
  }
  assert.deepEqual([exports.candor_address(99), exports.candor_length(99)], [0, 0]);
  assert.equal(exports.candor_allocate(2 ** 28 + 1), 0);
  const long = exports.candor_allocate(2 ** 28);
  assert.equal(exports.candor_length(long), 2 ** 28);
  assert.equal(exports.candor_free(long), 1);
  const lent = Array.from({ length: 10 }, () => exports.candor_allocate(1));
  assert.equal(new Set(lent).size, 10);
  assert.ok(!lent.includes(0));
  assert.equal(exports.candor_allocate(1), 0);
  assert.equal(exports.candor_verify(...lent.slice(0, 3)), 0);
  exports.candor_free(lent[9]);
  const report = exports.candor_verify(...lent.slice(0, 3));
  assert.equal(JSON.parse(text(report)).error.class, "usage");
});

test("memory does not grow from call to call", () => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), {});
  const lend = (bytes) => {
    const handle = exports.candor_allocate(bytes.length);
    new Uint8Array(exports.memory.buffer, exports.candor_address(handle), bytes.length).set(bytes);
    return handle;
  };
  const verify = () => {
    const handles = [new TextEncoder().encode(JSON.stringify(expected)), bundle, proof].map(lend);
    for (const handle of [...handles, exports.candor_verify(...handles)]) assert.equal(exports.candor_free(handle), 1);
    return exports.memory.buffer.byteLength;
  };
  for (let warm = 0; warm < 3; warm += 1) verify();
  const before = verify();
  for (let call = 0; call < 20; call += 1) assert.equal(verify(), before);
});

/** A module whose interface has this number, and whose candor_allocate traps. */
const trapping = (version) => {
  const name = (text) => [text.length, ...new TextEncoder().encode(text)];
  const exported = [2, ...name("candor_interface"), 0, 0, ...name("candor_allocate"), 0, 1];
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 10, 2, 0x60, 0, 1, 0x7f, 0x60, 1, 0x7f, 1, 0x7f],
    ...[3, 3, 2, 0, 1],
    ...[7, exported.length, ...exported],
    ...[10, 10, 2, 4, 0, 0x41, version, 0x0b, 3, 0, 0, 0x0b],
  ]);
};

test("a trap is an error of ours and no verdict; another interface is refused", async () => {
  const broken = await Candor.load(trapping(1));
  refused(["unexpected"], () => broken.verify(expected, bundle, proof), /report this input/);
  const newer = await Candor.load(trapping(2));
  refused(["usage"], () => newer.verify(expected, bundle, proof), /interface 2/);
});
