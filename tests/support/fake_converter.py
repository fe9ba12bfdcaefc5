"""Stands in for the converter's worker process: what the name of the model says, it does."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

REFUSED = """Could not translate MLIR to FlatBuffer.<unknown>:0: error: loc(callsite(fused["Erf:", \
"sequential_1/dense_1/Erf@__inference_1"] at fused["X:", "Y_1"])): 'tf.Erf' op is neither a custom op nor a flex op
<unknown>:0: error: failed while converting: 'main':
TF Select ops: Erf
"""
ERRORS = {
    "unloadable": ("load", "TypeError", "Could not locate class 'Net'. Make sure it is. Full object config: {}"),
    "failing": ("convert", "ConverterError", REFUSED),
    "starved": ("convert", "MemoryError", ""),
}
folder = Path(sys.argv[1])
request = json.loads((folder / "request.json").read_text())
name = Path(request["path"]).stem


def tell(stage: str, **more: object) -> None:
    told = {"stage": stage, "tensorflow": "2.21.0", "keras": "3.15.1", **more}
    (folder / "result.json").write_text(json.dumps(told))


def converted() -> bytes:
    from tflint.testing import GraphBuilder

    g = GraphBuilder()
    x = g.input("x", [1, 4])
    g.op("NEG", [x], g.tensor("unused", [1, 4]))
    g.output(g.op("RELU", [x], g.tensor("y", [1, 4])))
    return g.to_bytes()


tell("convert")
if name == "crash":
    os.kill(os.getpid(), 11)
elif name == "hang":
    time.sleep(600)
elif name == "fork":
    os.fork()
    time.sleep(600)
elif name == "eat":
    held = []
    while True:
        held.append(bytearray(64 << 20))
elif name == "abort":
    sys.stdout.write("terminate called after throwing an instance of 'std::bad_alloc'\n")
    sys.stdout.flush()
    os.abort()
elif name == "garbage":
    (folder / "result.json").write_bytes(b"\xff{not json")
elif name == "list":
    (folder / "result.json").write_text("[1]")
elif name == "nothing":
    (folder / "result.json").unlink()
elif name == "large":
    os.truncate(folder / "result.json", 1 << 30)
elif name == "missing":
    sys.exit(70)
elif name in ERRORS:
    stage, kind, text = ERRORS[name]
    tell(stage, error={"type": kind, "text": text, "errors": ["no mapping", {"op": "tf.Erf", "calls": 5}]})
else:
    if name == "chatter":
        sys.stdout.write("x" * 3_000_000)
    (folder / "model.tflite").write_bytes(converted())
    tell("done")
