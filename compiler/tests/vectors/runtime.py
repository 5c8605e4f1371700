"""What onnxruntime computes for recurrent and quantised nodes: one case a line in runtime.jsonl.

    pip install onnx onnxruntime
    python compiler/tests/vectors/runtime.py > compiler/tests/vectors/runtime.jsonl
"""

import json
import sys

import numpy
import onnxruntime
from onnx import TensorProto, helper

random = numpy.random.default_rng(6)
TYPES = {
    "float32": ("FLOAT", TensorProto.FLOAT),
    "int8": ("INT8", TensorProto.INT8),
    "uint8": ("UINT8", TensorProto.UINT8),
    "int32": ("INT32", TensorProto.INT32),
}


def tensor(array):
    if array is None:
        return None
    name, _ = TYPES[array.dtype.name]
    return {"type": name, "shape": list(array.shape), "data": array.ravel().tolist()}


def case(operator, inputs, attributes, outputs=1, opset=17):
    """One node in a session of its own, with onnxruntime's rewriting of graphs switched off."""
    names = [f"input{index}" if array is not None else "" for index, array in enumerate(inputs)]
    results = [f"output{index}" for index in range(outputs)]
    present = {name: array for name, array in zip(names, inputs) if array is not None}
    declared = [
        helper.make_tensor_value_info(name, TYPES[array.dtype.name][1], list(array.shape))
        for name, array in present.items()
    ]
    untyped = [helper.make_empty_tensor_value_info(name) for name in results]
    node = helper.make_node(operator, names, results, **attributes)
    graph = helper.make_graph([node], "case", declared, untyped)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    got = session.run(None, present)
    line = {
        "operator": operator,
        "opset": opset,
        "attributes": attributes,
        "inputs": [tensor(array) for array in inputs],
        "outputs": [tensor(array) for array in got],
    }
    json.dump(line, sys.stdout, separators=(",", ":"))
    print()


def floats(*shape, size=1.0):
    """Numbers of few digits, so that the file stays small."""
    return (numpy.round(random.normal(size=shape) * size * 64) / 64).astype(numpy.float32)


def recurrent(operator, steps=4, batch=2, inputs=2, hidden=3, lengths=None, initial=False, peepholes=False, **attributes):
    gates, states = {"RNN": (1, 1), "GRU": (3, 1), "LSTM": (4, 2)}[operator]
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    state = lambda size: floats(directions, batch, hidden, size=size) if initial else None
    values = [
        floats(steps, batch, inputs, size=2.0),
        floats(directions, gates * hidden, inputs),
        floats(directions, gates * hidden, hidden),
        floats(directions, 2 * gates * hidden),
        None if lengths is None else numpy.array(lengths, numpy.int32),
        state(0.5),
    ]
    if operator == "LSTM":
        values += [state(2.0), floats(directions, 3 * hidden) if peepholes else None]
    while values[-1] is None:
        values.pop()
    case(operator, values, {"hidden_size": hidden, **attributes}, outputs=1 + states)


def all_recurrent():
    for operator in ("RNN", "GRU", "LSTM"):
        for direction in ("forward", "reverse", "bidirectional"):
            recurrent(operator, direction=direction)
        recurrent(operator, direction="bidirectional", initial=True, lengths=[4, 2])
        recurrent(operator, direction="reverse", lengths=[0, 3])
        recurrent(operator, clip=0.25, initial=True)
    for before in (0, 1):
        recurrent("GRU", linear_before_reset=before, initial=True, direction="bidirectional")
    recurrent("LSTM", peepholes=True, initial=True)
    recurrent("LSTM", peepholes=True, direction="bidirectional", lengths=[1, 4])
    recurrent("LSTM", input_forget=1, initial=True)
    for function, alphas, betas in (
        ("Affine", [0.5], [0.25]),
        ("Elu", [], []),
        ("Elu", [0.5], []),
        ("HardSigmoid", [], []),
        ("HardSigmoid", [0.25], [0.375]),
        ("LeakyRelu", [], []),
        ("LeakyRelu", [0.125], []),
        ("Relu", [], []),
        ("ScaledTanh", [0.75], [0.5]),
        ("Softplus", [], []),
        ("Softsign", [], []),
        ("ThresholdedRelu", [0.5], []),
    ):
        parameters = {"activation_alpha": alphas, "activation_beta": betas}
        given = {name: values for name, values in parameters.items() if values}
        recurrent("RNN", batch=1, activations=[function], **given)
    recurrent("LSTM", activations=["HardSigmoid", "Relu", "LeakyRelu"], activation_alpha=[0.25, 0.5], activation_beta=[0.5])
    recurrent("GRU", activations=["sigmoid", "Softsign"], linear_before_reset=1)


def bytes_of(kind, *shape):
    limits = numpy.iinfo(kind)
    return random.integers(limits.min, limits.max, size=shape, dtype=kind, endpoint=True)


def scale(value):
    return numpy.array(value, numpy.float32)


def quantised():
    for kind, zero in ((numpy.uint8, 128), (numpy.int8, -3), (numpy.uint8, 0), (numpy.int8, 0)):
        point = numpy.array(zero, kind)
        # Halves, and what lies just beside them once it is divided.
        numbers = numpy.concatenate([
            (numpy.arange(-40, 40) / 2).astype(numpy.float32) * numpy.float32(0.3),
            numpy.nextafter((numpy.arange(-20, 20) / 2).astype(numpy.float32) * numpy.float32(0.3), numpy.float32(9)),
            floats(40, size=20.0),
            numpy.array([1e30, -1e30, 0.0, -0.0], numpy.float32),
        ])
        case("QuantizeLinear", [numbers, scale(0.3), point], {}, opset=13)
        case("QuantizeLinear", [numbers, scale(0.0371), point], {}, opset=13)
        case("DequantizeLinear", [bytes_of(kind, 60), scale(0.0371), point], {}, opset=13)
    axis = [floats(2, 3, 4, size=10.0), scale([0.1, 0.3, 0.7]), numpy.array([0, 100, 255], numpy.uint8)]
    case("QuantizeLinear", axis, {"axis": 1}, opset=13)
    case("DequantizeLinear", [bytes_of(numpy.int8, 2, 3, 4), scale([0.1, 0.3, 0.7]), None], {"axis": -2}, opset=13)
    case("DequantizeLinear", [random.integers(-(2**31), 2**31, 40).astype(numpy.int32), scale(1.7e-4), None], {}, opset=13)
    for left, right in ((numpy.uint8, numpy.uint8), (numpy.uint8, numpy.int8), (numpy.int8, numpy.int8)):
        a, b = bytes_of(left, 3, 8), bytes_of(right, 8, 4)
        points = [numpy.array(bytes_of(kind, 1)[0], kind) for kind in (left, right)]
        case("MatMulInteger", [a, b, *points], {}, opset=13)
        for size in (0.002, 0.00037):
            values = [a, scale(0.031), points[0], b, scale(0.017), points[1]]
            case("QLinearMatMul", [*values, scale(0.031 * 0.017 / size), numpy.array(100 if left == numpy.uint8 else -7, left)], {}, opset=13)
        x, w = bytes_of(left, 1, 2, 4, 4), bytes_of(right, 3, 2, 3, 3)
        shape = {"pads": [1, 1, 1, 1], "strides": [2, 1]}
        if left == numpy.uint8 and right == numpy.uint8:
            case("ConvInteger", [x, w, *points], shape, opset=13)
        bias = random.integers(-5000, 5000, 3).astype(numpy.int32)
        zero = numpy.array(0, right) if right == numpy.int8 else points[1]
        values = [x, scale(0.02), points[0], w, scale(0.01), zero, scale(0.09), numpy.array(7, left), bias]
        case("QLinearConv", values, shape, opset=13)
        if right == numpy.int8:
            values[4], values[5] = scale([0.01, 0.02, 0.037]), numpy.zeros(3, numpy.int8)
            case("QLinearConv", values, shape, opset=13)


all_recurrent()
quantised()
