// An agent that lets Candor decide, and acts on what it answers: npx tsx agent.ts observations.jsonl
// Before: candor setup --development; candor agent-key; candor compile agent.toml
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

const { CANDOR = "candor", CANDOR_DIR = ".candor" } = process.env;
const candor = spawn(CANDOR, ["record", "--stdio", "--dir", CANDOR_DIR], { stdio: ["pipe", "pipe", "inherit"] });
const answers = createInterface({ input: candor.stdout })[Symbol.asyncIterator]();

async function act(path: string): Promise<void> {
  for await (const observation of createInterface({ input: createReadStream(path) })) { // yours come from a market, a sensor
    candor.stdin.write(observation + "\n");
    const { value, done } = await answers.next(); // by now the decision is signed and durable
    if (done) break;
    const { error, transaction, requested, verdict, remedy } = JSON.parse(value);
    if (error) console.error("refused:", error.message);
    else if (transaction) console.log("send", transaction.calldata, "to", transaction.to); // with your wallet
    else console.log("wait:", requested.name, verdict, remedy ?? "");
  }
  candor.stdin.end();
}

candor.on("close", (code) => process.exit(code ?? 1));
act(process.argv[2]);
