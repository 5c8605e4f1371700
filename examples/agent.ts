// An agent that lets Candor decide, and acts on what it answers: npx tsx agent.ts observations.jsonl
// Before: candor setup --development; candor agent-key; candor compile agent.toml
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

const { CANDOR = "candor", CANDOR_DIR = ".candor" } = process.env;
const candor = spawn(CANDOR, ["record", "--stdio", "--dir", CANDOR_DIR], { stdio: ["pipe", "pipe", "inherit"] });
const answers = createInterface({ input: candor.stdout })[Symbol.asyncIterator]();

// Yours come from a market, a sensor, a queue.
for await (const observation of createInterface({ input: createReadStream(process.argv[2]) })) {
  candor.stdin.write(observation + "\n");
  const { value, done } = await answers.next(); // by now the decision is signed and durable
  if (done) break;
  const answer = JSON.parse(value);
  if (answer.error) console.error("refused:", answer.error.message);
  else if (answer.transaction) console.log("send", answer.transaction.calldata, "to", answer.transaction.to); // with your wallet
  else console.log("wait:", answer.requested.name, answer.verdict, answer.remedy ?? "");
}

candor.stdin.end();
candor.on("close", (code) => process.exit(code ?? 1));
