"""An agent that lets Candor decide, and acts on what it answers: python3 agent.py observations.jsonl

Before: candor setup --development; candor agent-key; candor compile agent.toml
"""
import json, os, subprocess, sys

command = [os.environ.get("CANDOR", "candor"), "record", "--stdio", "--dir", os.environ.get("CANDOR_DIR", ".candor")]
candor = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

for observation in open(sys.argv[1]):  # yours comes from a market, a sensor, a queue
    candor.stdin.write(observation.rstrip("\n") + "\n")
    candor.stdin.flush()
    answer = json.loads(candor.stdout.readline())  # by now the decision is signed and durable
    if "error" in answer:
        print("refused:", answer["error"]["message"], file=sys.stderr)
    elif answer["transaction"]:
        print("send", answer["transaction"]["calldata"], "to", answer["transaction"]["to"])  # with your wallet
    else:
        print("wait:", answer["requested"]["name"], answer["verdict"], answer["remedy"] or "")

candor.stdin.close()
sys.exit(candor.wait())
