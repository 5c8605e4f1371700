// How long verification takes here, beside what the command line took on the same files: medians, milliseconds.
//
//   STORE=folder of .ci/wasm.sh WASM=candor_wasm.wasm node verifier/wasm/js/time.mjs
import { readFileSync } from "node:fs";
import { Candor } from "./candor.mjs";

const file = (name) => new Uint8Array(readFileSync(`${process.env.STORE}/${name}`));
const json = (name) => JSON.parse(readFileSync(`${process.env.STORE}/${name}`, "utf8"));
const candor = await Candor.load(readFileSync(process.env.WASM));
const expected = { ...json("expected.json"), allowDevelopmentSetup: true };
const [bundle, proof] = [file("bundle.candor"), file("proof.candor")];
const [card, key, seal] = [file("card.candor"), file("seal-key-1.candor"), file("seal.candor")];

for (const [name, native, call] of [
  ["proof", "verified.json", () => candor.verify(expected, bundle, proof)],
  ["seal", "sealed.json", () => candor.verifySeal(expected, card, key, seal)],
]) {
  const times = Array.from({ length: 41 }, () => {
    const started = performance.now();
    call();
    return performance.now() - started;
  });
  const [first] = times;
  const median = times.sort((left, right) => left - right)[20];
  console.log(
    `${name}: wasm32 ${median.toFixed(1)} ms (first call ${first.toFixed(0)} ms), native ${json(native).milliseconds.toFixed(1)} ms`,
  );
}
