"""Writes the ONNX project's backend node tests into a folder, one `test_*` folder for each.

    pip install onnx
    python node_tests.py FOLDER

Releases of onnx up to 1.18 ship the same folders as `onnx/backend/test/data/node`; newer ones make them on demand.
"""

import pathlib
import sys

import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests


def message(value, name):
    if isinstance(value, onnx.TensorProto):
        return value
    if isinstance(value, list):
        return numpy_helper.from_list(value, name)
    if isinstance(value, dict):
        return numpy_helper.from_dict(value, name)
    if value is None:
        return numpy_helper.from_optional(value, name)
    return numpy_helper.from_array(value, name)


def main(folder):
    written = skipped = 0
    for case in load_model_tests(kind="node"):
        target = folder / case.name
        try:
            for number, (inputs, outputs) in enumerate(case.data_sets):
                data = target / f"test_data_set_{number}"
                data.mkdir(parents=True, exist_ok=True)
                for kind, values, declared in (
                    ("input", inputs, case.model.graph.input),
                    ("output", outputs, case.model.graph.output),
                ):
                    for index, value in enumerate(values):
                        content = message(value, declared[index].name).SerializeToString()
                        (data / f"{kind}_{index}.pb").write_bytes(content)
            (target / "model.onnx").write_bytes(case.model.SerializeToString())
            written += 1
        except Exception as error:  # One case that cannot be written must not hide the others.
            skipped += 1
            print(f"{case.name}: {error}", file=sys.stderr)
    print(f"{written} tests written, {skipped} skipped")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
