"""How the time and memory of `tflint check` grow with the model.

python benchmarks/scale.py [--check] [--runs N] [--folder DIR]

Checks chains of 10,000, 20,000 and 100,000 CONV_2D, each with three quantized tensors of its own, and a model whose
one constant is a float32 matrix of 1 GiB with NaN in its last element, with all rules; the floor is a process that
imports numpy, networkx and flatbuffers. Peaks are of resident memory, the pages of mapped files included. With --check
the exit code is 1 where a bar is missed. The models are made once and kept in --folder.
"""

from __future__ import annotations

import argparse
import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

from measure import FLOOR, TFLINT, Run, compile_all, run

SIZES = (10_000, 20_000, 100_000)
MB = 1_000_000
GIB = 1 << 30


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="Exit with 1 where a bar is missed.")
    parser.add_argument("--runs", type=int, default=5, help="How often each model is checked; the median counts.")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "tflint-scale")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    compile_all()
    commands = {"floor": FLOOR}
    for ops in SIZES:
        path = _made(arguments.folder / f"chain_{ops}.tflite", chain, ops)
        commands[f"{ops // 1000}k ops"] = _command(path)
    large = _command(_made(arguments.folder / "one_gib.tflite", one_tensor, GIB))
    commands["1 GiB constant"] = large
    assert "TFL114" in subprocess.run(large, capture_output=True, text=True, check=True).stdout, "NaN is not found"

    times, peaks = _measured(commands, arguments.runs)
    beyond = max(peaks["1 GiB constant"]) - median(peaks["floor"])
    bars = [
        ("t(20k) / t(10k)", _ratio(times["20k ops"], times["10k ops"]), 2.2, ""),
        ("t(10k) / floor", _ratio(times["10k ops"], times["floor"]), 8, ""),
        ("t(100k)", median(times["100k ops"]), 20, " s"),
        ("1 GiB constant: peak beyond the floor's", beyond / MB, 100, " MB"),
    ]
    print()
    for name, value, bar, unit in bars:
        print(f"{name:42} {value:7.2f}{unit}, at most {bar}{unit}: {'met' if value <= bar else 'MISSED'}")
    return int(arguments.check and any(value > bar for _, value, bar, _ in bars))


def _command(path: Path) -> tuple[str, ...]:
    return (*TFLINT, "check", "--exit-zero", str(path))


def _measured(commands: Mapping[str, Sequence[str]], runs: int) -> tuple[dict[str, list[float]], dict[str, list[int]]]:
    """Print what each command takes; return the seconds and the peaks of all its runs."""
    found: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(runs):  # turn by turn, so that what else the machine does meets all alike
        for name, command in commands.items():
            found[name].append(run(command, watch=name == "1 GiB constant"))
            assert found[name][-1].code == 0, f"{name} ended with {found[name][-1].code}"
    for name, took in found.items():
        seconds, processor = median(each.seconds for each in took), median(each.processor for each in took)
        peak, anonymous = (
            max(values) / MB for values in zip(*((each.peak, each.anonymous) for each in took), strict=True)
        )
        private = f", at most {anonymous:.0f} MB of it of no file" if anonymous else ""
        print(f"{name:16} {seconds:7.2f} s ({processor:.2f} s of processor time), at most {peak:.0f} MB{private}")
    times = {name: [each.seconds for each in took] for name, took in found.items()}
    return times, {name: [each.peak for each in took] for name, took in found.items()}


def _ratio(slow: list[float], fast: list[float]) -> float:
    return median(a / b for a, b in zip(slow, fast, strict=True))


def _made(path: Path, make: Callable[[Path, int], None], size: int) -> Path:
    """The model at a path, made by a process of its own where it is not there yet: its memory is not ours."""
    if not path.exists():
        print(f"making {path} …", flush=True)
        partial = path.with_suffix(".part")
        process = get_context("spawn").Process(target=make, args=(partial, size))
        process.start()
        process.join()
        assert process.exitcode == 0, f"{path} could not be made"
        partial.rename(path)
    return path


def chain(path: Path, ops: int) -> None:
    """Convolutions in a row: int8 weights quantized per channel, an int32 bias, an int8 result."""
    import numpy as np

    from tflint.testing import GraphBuilder

    random = np.random.default_rng(0)
    weights = random.integers(-127, 128, (ops, 8, 1, 1, 8), np.int8)
    weights[..., 0] = 127  # each channel uses the range that its scale gives it
    scales = random.uniform(0.001, 0.002, (ops, 8)).astype(np.float32)
    steps = random.uniform(0.02, 0.1, ops + 1).astype(np.float32)  # the scales of what flows between them
    biases = random.integers(-1000, 1000, (ops, 8), np.int32)
    options: dict[str, Any] = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    g = GraphBuilder()
    first = x = g.input("image", [1, 8, 8, 8], "INT8", scale=float(steps[0]))
    for index in range(ops):
        kernel = g.constant(f"conv_{index}/kernel", weights[index], scale=scales[index])
        bias = g.constant(f"conv_{index}/bias", biases[index], scale=scales[index] * steps[index])
        result = g.tensor(f"conv_{index}", [1, 8, 8, 8], "INT8", scale=float(steps[index + 1]))
        x = g.op("CONV_2D", [x, kernel, bias], result, options, version=3)
    g.output(x)
    g.signature("serving_default", {"image": first}, {"result": x})
    g.metadata("min_runtime_version", b"1.14.0")
    g.converted("PTQ_FULL_INTEGER")
    g.save(path)


def one_tensor(path: Path, size: int) -> None:
    """A matrix of so many bytes, all 0 but a NaN at the end: most of it the file system need not store."""
    import numpy as np

    from tflint.testing import GraphBuilder

    marker = b"this vector is moved to the end."
    columns = 1 << 14
    g = GraphBuilder()
    x = g.input("x", [1, columns])
    rows = size // 4 // columns
    w = g.constant("w", np.frombuffer(marker, np.float32), shape=[rows, columns])
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, rows]), {}))
    data = bytearray(g.to_bytes())
    start = data.index(marker) - 4
    offset = struct.Struct("<I")
    field = next(at for at in range(0, start, 4) if at + offset.unpack_from(data, at)[0] == start)
    data.extend(bytes(-(len(data) + 4) % 16))  # the items are aligned to 16 bytes
    offset.pack_into(data, field, len(data) - field)
    with open(path, "wb") as file:
        file.write(data + offset.pack(size))
        file.seek(size - 4, os.SEEK_CUR)
        file.write(np.float32(np.nan).tobytes())


if __name__ == "__main__":
    sys.exit(main())
