"""Times ezkl on a multilayer perceptron of the size of the fixture's agent, stage by stage.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python ezkl_mlp.py                        # 64-128-128-64-3, one decision
    venv/bin/python ezkl_mlp.py 256-512-512-256-3

The reference string is generated here (`gen_srs`), which costs nothing that matters: it is made once and is not timed
as setup. Prints one line a stage: wall seconds, processor seconds, peak memory of the process so far.
"""

import asyncio
import inspect
import json
import os
import resource
import sys
import tempfile
import time

import ezkl
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def perceptron(widths, path):
    """An ONNX perceptron with ReLU between layers and weights of ordinary size."""
    random = np.random.default_rng(9)
    nodes, initializers, source = [], [], "features"
    for layer, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        weight = random.normal(0, 1 / np.sqrt(inputs), (inputs, outputs)).astype(np.float32)
        bias = random.normal(0, 0.1, outputs).astype(np.float32)
        initializers += [numpy_helper.from_array(weight, f"w{layer}"), numpy_helper.from_array(bias, f"b{layer}")]
        last = layer + 2 == len(widths)
        target = "logits" if last else f"sum{layer}"
        nodes.append(helper.make_node("Gemm", [source, f"w{layer}", f"b{layer}"], [target]))
        if not last:
            nodes.append(helper.make_node("Relu", [target], [f"x{layer}"]))
            source = f"x{layer}"
    graph = helper.make_graph(
        nodes,
        "perceptron",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, widths[0]])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, widths[-1]])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, path)


def stage(name, call):
    """Runs one stage, sync or async, and prints what it took."""
    start, processor = time.perf_counter(), time.process_time()

    async def run():
        result = call()
        return await result if inspect.isawaitable(result) else result

    result = asyncio.run(run())
    wall, processor = time.perf_counter() - start, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:14} {wall:9.3f} s wall {processor:9.3f} s processor   peak so far {peak:8.0f} MiB", flush=True)
    return result


def main():
    widths = [int(width) for width in (sys.argv[1] if len(sys.argv) > 1 else "64-128-128-64-3").split("-")]
    parameters = sum(a * b + b for a, b in zip(widths, widths[1:]))
    print(f"ezkl {ezkl.__version__}, {parameters} parameters, {os.cpu_count()} processors", flush=True)
    os.chdir(tempfile.mkdtemp(prefix="ezkl-"))
    perceptron(widths, "model.onnx")
    values = np.random.default_rng(1).normal(0, 1, widths[0]).tolist()
    with open("input.json", "w", encoding="ascii") as file:
        json.dump({"input_data": [values]}, file)

    arguments = ezkl.PyRunArgs()
    arguments.input_visibility = "public"
    arguments.output_visibility = "public"
    arguments.param_visibility = "fixed"
    stage("gen-settings", lambda: ezkl.gen_settings("model.onnx", "settings.json", py_run_args=arguments))
    stage("calibrate", lambda: ezkl.calibrate_settings("input.json", "model.onnx", "settings.json", "resources"))
    stage("compile", lambda: ezkl.compile_circuit("model.onnx", "model.compiled", "settings.json"))
    with open("settings.json", encoding="ascii") as file:
        rows_log2 = json.load(file)["run_args"]["logrows"]
    print(f"rows 2^{rows_log2}")
    stage("gen-srs", lambda: ezkl.gen_srs("kzg.srs", rows_log2))
    stage("witness", lambda: ezkl.gen_witness("input.json", "model.compiled", "witness.json"))
    stage("setup", lambda: ezkl.setup("model.compiled", "vk.key", "pk.key", "kzg.srs"))
    stage("prove", lambda: ezkl.prove("witness.json", "model.compiled", "pk.key", "proof.json", "kzg.srs"))
    for _ in range(3):
        accepted = stage("verify", lambda: ezkl.verify("proof.json", "settings.json", "vk.key", "kzg.srs"))
    with open("proof.json", encoding="ascii") as file:
        proof = json.load(file)["proof"]
    length = len(proof) if isinstance(proof, list) else (len(proof) - 2) // 2
    print(f"accepted {accepted}, proof {length} bytes, proving key {os.path.getsize('pk.key') / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
