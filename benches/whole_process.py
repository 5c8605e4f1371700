"""Times the `candor` binary's commands as whole processes: start, files, work, end.

    cargo build --release
    python3 benches/whole_process.py target/release/candor
    python3 benches/whole_process.py target/release/candor --runs 20 --observations 200

Every command runs on the agent of fixtures/sp500 in a temporary folder, with a development string. Prints the median
wall time, the median processor time and the largest peak memory of the runs, as the kernel accounts them (`wait4`).
Peaks below about 12 MB are this script's own, which a process inherits until it is replaced.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIXTURE = Path(__file__).resolve().parent.parent / "fixtures/sp500"


def run(command, folder):
    """One run: wall seconds, processor seconds, peak MB."""
    start = time.perf_counter()
    output = open(os.path.join(folder, "output"), "w+b")
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        output.seek(0)
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n{output.read().decode()}")
    output.close()
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def report(name, measurements):
    """One row of the table."""
    wall, processor, peak = zip(*measurements)
    wall, processor = (1e3 * statistics.median(values) for values in (wall, processor))
    print(f"| {name} | {len(measurements)} | {wall:.1f} | {1e3 * min(w for w, _, _ in measurements):.1f} | {processor:.1f} | {max(peak):.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("candor", type=Path)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--observations", type=int, default=256)
    arguments = parser.parse_args()
    candor = str(arguments.candor.resolve())
    folder = tempfile.mkdtemp(prefix="candor-", dir=arguments.candor.resolve().parent)
    try:
        measure(candor, folder, arguments)
    finally:
        shutil.rmtree(folder)


def measure(candor, folder, arguments):
    """Runs the commands in the order of the data path."""
    runs = arguments.runs
    with open(FIXTURE / "observations.jsonl", encoding="utf-8") as file:
        lines = [next(file) for _ in range(arguments.observations)]
    observations = os.path.join(folder, "observations.jsonl")
    with open(observations, "w", encoding="utf-8") as file:
        file.writelines(lines)

    print("| command | runs | wall ms, median | fastest | processor ms | peak MB |\n|---|---|---|---|---|---|")
    report("setup --development", [run([candor, "setup", "--development"], folder)])
    run([candor, "agent-key"], folder)
    report("compile", [run([candor, "compile", str(FIXTURE / "agent.toml")], folder)])
    report(f"record, {len(lines)} observations", [run([candor, "record", observations], folder)])
    last = len(lines) - 1
    for name, selection in [("1", f"{last}..{last}"), ("16", f"{last - 15}..{last}")]:
        prove = [candor, "prove", "--range", selection]
        report(f"prove {name}", [run(prove, folder) for _ in range(runs)])
        proof = os.path.join(folder, ".candor/proof.candor")
        print(f"| - proof file {os.path.getsize(proof)} bytes | | | | | |")
        verify = [candor, "verify", "--expect", ".candor/expected.json", "--allow-development-setup"]
        report(f"verify {name}", [run(verify, folder) for _ in range(runs)])
    replay = [candor, "replay", "--expect", ".candor/expected.json", "--allow-development-setup"]
    report(f"replay {len(lines)}", [run(replay, folder) for _ in range(runs)])


if __name__ == "__main__":
    main()
