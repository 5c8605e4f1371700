// A small node in JavaScript: verifies the files named on its command line and exits with the status.
//
//   node examples/wasm/verify.mjs candor_wasm.wasm expected.json proof BUNDLE PROOF
//   node examples/wasm/verify.mjs candor_wasm.wasm expected.json seal CARD KEY SEAL
//
// ALLOW_DEVELOPMENT_SETUP=1 accepts development strings and keys, with which their maker can forge everything.
import { readFileSync } from "node:fs";
import { Candor, CandorError } from "../../verifier/wasm/js/candor.mjs";

const [wasm, expectedFile, what, ...files] = process.argv.slice(2);
if (files.length !== (what === "seal" ? 3 : 2)) {
  console.error("usage: verify.mjs WASM EXPECTED proof BUNDLE PROOF | seal CARD KEY SEAL");
  process.exit(2);
}
const candor = await Candor.load(readFileSync(wasm));
const expected = {
  ...JSON.parse(readFileSync(expectedFile, "utf8")),
  allowDevelopmentSetup: process.env.ALLOW_DEVELOPMENT_SETUP === "1",
};
const bytes = files.map((file) => readFileSync(file));
try {
  const report = what === "seal" ? candor.verifySeal(expected, ...bytes) : candor.verify(expected, ...bytes);
  console.log(`${report.verdict}: ${report.decisions.length} record(s) from ${report.firstSequence} of agent ${report.agent}`);
  for (const { name, text } of report.assumptions) console.log(`  rests on ${text ?? name}`);
} catch (error) {
  if (!(error instanceof CandorError)) throw error;
  console.error(`${error.class}: ${error.message}`);
  process.exitCode = error.exitCode;
}
