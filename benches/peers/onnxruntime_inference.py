"""Times onnxruntime's float inference of the fixture's model, one thread, one decision a call.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 onnxruntime==1.31.1
    venv/bin/python onnxruntime_inference.py

What a decision costs before anything is provable: the figure beside `replay/sp500/execute`. Prints the median and the
fastest of many runs, for one row a call and for rows in one batch.
"""

import statistics
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime

MODEL = Path(__file__).parent / "../../fixtures/sp500/model.onnx"


def microseconds(session, rows, calls):
    """Median and least time of one call, divided by its rows."""
    values = np.random.default_rng(1).normal(0, 1, (rows, 64)).astype(np.float32)
    for _ in range(calls // 10):
        session.run(None, {"features": values})
    spent = []
    for _ in range(calls):
        start = time.perf_counter_ns()
        session.run(None, {"features": values})
        spent.append((time.perf_counter_ns() - start) / 1e3 / rows)
    return statistics.median(spent), min(spent)


def main():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    path = sys.argv[1] if len(sys.argv) > 1 else str(MODEL.resolve())
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    print(f"onnxruntime {onnxruntime.__version__}, one thread")
    for rows, calls in [(1, 5000), (256, 500)]:
        median, least = microseconds(session, rows, calls)
        print(f"{rows:4} rows a call: median {median:7.2f} us, fastest {least:7.2f} us a decision")


if __name__ == "__main__":
    main()
