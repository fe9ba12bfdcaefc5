"""Ask LiteRT's built-in kernels which element types they take, and write what they say as a table.

    python tools/probe_cpu.py [OP]... [--jobs N]

Every op of single_ops.py is built with each element type in each of its tensors, and run without delegates by
ai-edge-litert in a process of its own, which may stop: a kernel that refuses when it is prepared, when it runs, or by
stopping the program does not take the types. Ops whose types another place decides (control flow, hash tables,
variables) are not asked. The table goes to rules/tflint_rules/targets/tables/cpu_types.py.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.metadata import version
from itertools import product
from pathlib import Path

from single_ops import CODES, TEMPLATES, Slot, Template, build, parse, typed
from tflint.analysis.runtime_table import RUNTIMES

TABLE = Path(__file__).parent.parent / "rules/tflint_rules/targets/tables/cpu_types.py"
CHANNELS = tuple(f"q{each}c" for each in ("i2", "i4", "i8", "i16", "i32", "i64", "u8"))
ALL = (*CODES, "qi64", *CHANNELS)
WORKER = """
import os
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def run(path):
    interpreter = Interpreter(
        path, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, num_threads=1
    )
    interpreter.allocate_tensors()
    for each in interpreter.get_input_details():
        if each["dtype"] in (np.bytes_, np.object_, bytes):
            interpreter.set_tensor(each["index"], np.full(each["shape"], b"a", dtype=object))
            continue
        try:
            interpreter.set_tensor(each["index"], np.ones(each["shape"], each["dtype"]))
        except ValueError:
            pass  # numpy has no such type: whatever stands there will do
    interpreter.invoke()


def work():
    while line := os.read(0, 4096):
        try:
            run(line.decode().rstrip())
        except Exception:
            os.write(1, b"0\\n")
        else:
            os.write(1, b"1\\n")
    os._exit(0)


while True:
    child = os.fork()
    if not child:
        work()
    if os.waitpid(child, 0)[1] == 0:
        break
    os.write(1, b"0\\n")  # the model stopped the child
"""
SCALES = {
    "LOGISTIC": {"qi8": (1 / 256, -128), "qu8": (1 / 256, 0), "qi16": (1 / 32768, 0)},
    "SOFTMAX": {"qi8": (1 / 256, -128), "qu8": (1 / 256, 0), "qi16": (1 / 32768, 0)},
    "TANH": {"qi8": (1 / 128, 0), "qu8": (1 / 128, 128), "qi16": (1 / 32768, 0)},
    "LOG_SOFTMAX": {"qi8": (1 / 16, 127), "qu8": (1 / 16, 255)},
    "L2_NORMALIZATION": {"qi8": (1 / 128, 0), "qu8": (1 / 128, 128)},
}
"""The scale and zero point that the output of an op needs."""
GUESSES = {
    "i": ("i32", "i64"),
    "j": ("i32", "i64"),
    "k": ("f32",),
    "c": ("bool",),
    "r": ("u64",),
    "b": ("=", "qi32", "qi64", "qi16", "f32"),
    "o": ("=", "i32", "f32", "qi8", "bool", "i64"),
}
"""What to try first for a role: indices, floats, conditions, biases, outputs; `=` is the first tensor's type."""
FILTERS = {"f32": ("f32", "i4", "i8", "u8"), "qi8": ("i4", "i8"), "qi16": ("i4", "i8"), "qu8": ("u8",)}
"""The filters that kernels of convolutions look for; they read others as one of these."""
NOT_ASKED = frozenset(
    "BIDIRECTIONAL_SEQUENCE_RNN LSTM RNN SVDF UNIDIRECTIONAL_SEQUENCE_LSTM UNIDIRECTIONAL_SEQUENCE_RNN".split()
)
"""Ops with so many tensors that their kernels' rules are shorter to write down than to find."""


class Runtime:
    """A worker process, which runs models in a child, and makes another where a model stops it."""

    def __init__(self) -> None:
        self.worker: subprocess.Popen[bytes] | None = None
        self.file = Path(tempfile.mkstemp(suffix=".tflite")[1])
        self.known: dict[bytes, bool] = {}

    def runs(self, model: bytes) -> bool:
        """True where the model loads, is prepared, and runs."""
        if model not in self.known:
            self.file.write_bytes(model)
            self.known[model] = self._ask()
        return self.known[model]

    def close(self) -> None:
        """End the worker, and forget the file."""
        if self.worker is not None:
            self.worker.communicate()
        self.file.unlink()

    def _ask(self) -> bool:
        if self.worker is None:
            command = [sys.executable, "-c", WORKER]
            self.worker = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        assert self.worker.stdin is not None
        assert self.worker.stdout is not None
        self.worker.stdin.write(f"{self.file}\n".encode())
        self.worker.stdin.flush()
        return self.worker.stdout.readline() == b"1\n"


Place = str
"""`in0`, `out1`: a side of the op, and the number of the tensor there."""
Typing = dict[Place, str]


def places(template: Template) -> list[tuple[Place, Slot]]:
    """The tensors of a template whose types are asked for, the first one first."""
    ins = [(f"in{number}", slot) for number, slot in enumerate(template.inputs) if slot is not None]
    outs = [(f"out{number}", slot) for number, slot in enumerate(template.outputs)]
    return [(place, slot) for place, slot in (*ins, *outs) if not slot.role.isupper()]


def with_types(template: Template, types: Typing) -> bytes | None:
    """The model with these types; None where it cannot be built."""

    def one(side: str, number: int, slot: Slot | None) -> Slot | None:
        code = types.get(f"{side}{number}", "")
        if slot is None or code == "-":
            return None
        if not code:
            return replace(slot, code=slot.role.rstrip("_"))
        made = typed(slot, code)
        wanted = SCALES.get(template.kind, {}).get(code) if side == "out" else None
        if wanted is not None:
            made = replace(made, scale=wanted[0], zero=wanted[1])
        if slot.role == "b" and made.scale:
            made = replace(made, scale=tuple(0.0625 for _ in made.scale) if isinstance(made.scale, tuple) else 0.0625)
        return made

    inputs = tuple(one("in", number, slot) for number, slot in enumerate(template.inputs))
    outputs = tuple(slot for n, each in enumerate(template.outputs) if (slot := one("out", n, each)) is not None)
    try:
        return build(replace(template, inputs=inputs, outputs=outputs), version=newest(template.kind))
    except (TypeError, ValueError, AssertionError):
        return None


def newest(kind: str) -> int:
    """The newest version of an op that the runtime has."""
    return len(RUNTIMES[kind].split()) if kind in RUNTIMES else 1


def guesses(first: str, role: str, *, main: str) -> tuple[str, ...]:
    """What to try for a role where the first tensor has this type."""
    if role == main:
        return (first,)
    return tuple(dict.fromkeys(first if each == "=" else each for each in GUESSES.get(role, ("=", "i32", "f32"))))


def answers(kind: str, runtime: Runtime) -> dict[str, dict[Place, list[str]]]:
    """For each type of the first tensor, and of a filter, the types that each other tensor may have beside them."""
    template = parse(kind, TEMPLATES[kind])
    slots = places(template)
    if not slots:
        return {}
    lead = lead_of(template)
    main = dict(slots)[lead].role
    heavy = [place for place, slot in slots if slot.role == "w"]
    found: dict[str, dict[Place, list[str]]] = {}
    for first in ALL:
        for weight in ALL if heavy else ("",):
            types = base(template, slots, main, first, weight, runtime)
            if types is None:
                continue
            rows: dict[Place, list[str]] = {}
            for place, slot in slots:
                if place == lead or (slot.role == "w" and weight):
                    continue
                left_out = ["-"] if slot.role == "b" else []
                rows[place] = [code for code in (*ALL, *left_out) if runs(template, {**types, place: code}, runtime)]
            found[f"{first} {weight}".strip()] = rows
    return found


def base(
    template: Template, slots: list[tuple[Place, Slot]], main: str, first: str, weight: str, runtime: Runtime
) -> Typing | None:
    """A typing that runs, with these types of the first tensor and the filter; None where none is found."""
    roles = list(dict.fromkeys((slot.role, place.startswith("in")) for place, slot in slots))
    made = lead_of(template).startswith("out")
    options = [
        (weight,) if role == "w" else guesses(first, role, main=main if is_input or made else "")
        for role, is_input in roles
    ]
    for choice in product(*options):
        chosen = dict(zip(roles, choice, strict=True))
        types = {place: chosen[slot.role, place.startswith("in")] for place, slot in slots}
        if runs(template, types, runtime):
            return types
    return None


def runs(template: Template, types: Typing, runtime: Runtime) -> bool:
    """True where the model of these types runs."""
    model = with_types(template, types)
    return model is not None and runtime.runs(model)


def lead_of(template: Template) -> Place:
    """The first tensor of an op: the one whose type is the kernel's."""
    slots = places(template)
    main = "x" if any(slot.role == "x" for _, slot in slots) else slots[0][1].role
    return next(place for place, slot in slots if slot.role == main)


def lines(kind: str, found: dict[str, dict[Place, list[str]]]) -> Iterator[str]:
    """The rows of an op: types by input, `>`, types by output."""
    template = parse(kind, TEMPLATES[kind])
    lead = lead_of(template)
    grouped: dict[tuple[str, ...], list[str]] = {}
    for key, rows in found.items():
        first, _, weight = key.partition(" ")
        if weight and not meant(kind, "w", first, weight):
            continue
        ins = [_written(kind, slot, first, rows.get(f"in{n}")) for n, slot in enumerate(template.inputs)]
        outs = [_written(kind, slot, first, rows.get(f"out{n}")) for n, slot in enumerate(template.outputs)]
        if "" not in (*ins, *outs):
            grouped.setdefault((weight, *ins, ">", *outs), []).append(first)
    merged: dict[tuple[str, ...], list[str]] = {}
    for (weight, *cells), firsts in grouped.items():
        merged.setdefault((short(firsts), *cells), []).append(weight)
    for (firsts_text, *cells), weights in merged.items():
        marked = firsts_text if lead == "in0" else f"^{firsts_text}"
        yield " ".join(marked if cell == "FIRST" else short(weights) if cell == "W" else cell for cell in cells)


def _written(kind: str, slot: Slot | None, first: str, codes: list[str] | None) -> str:
    """The cell of a tensor, or what stands for it until it is known."""
    if slot is None or slot.role.isupper():
        return "-" if slot is None else "*"
    if codes is None:
        return "W" if slot.role == "w" else "FIRST"
    codes = [code for code in codes if meant(kind, slot.role, first, code)]
    return short(codes) if slot.role in "ijkrc" else _cell(codes, first)


def meant(kind: str, role: str, first: str, code: str) -> bool:
    """False where the kernel reads a tensor as of another type, without looking: an answer that is luck."""
    plain = code.removeprefix("q").removesuffix("c")
    if role in ("i", "j") and kind != "RESHAPE":
        return plain in ("i8", "i16", "i32", "i64", "bool")
    if kind == "MUL":
        return code in _kin(first) or ("i16" in first and plain in ("i8", "u8"))
    return role != "w" or not kind.endswith("CONV_2D") or plain in FILTERS.get(first.removesuffix("c"), ())


def short(codes: list[str]) -> str:
    """The codes with `|` between them: `~i8` is INT8 with and without scales, `q` all with one, `!` all but those."""
    others = [code for code in ALL if code not in codes]
    return min(_joined(codes), f"!{_joined(others)}", key=len)


def _kin(code: str) -> list[str]:
    """The codes of an element type, with and without scales."""
    plain = code.removeprefix("q").removesuffix("c")
    return [each for each in ALL if each in (plain, f"q{plain}", f"q{plain}c")]


def _joined(codes: list[str]) -> str:
    left = list(codes)
    for plain in codes:
        kin = _kin(plain)
        if len(kin) > 1 and set(kin) <= set(left):
            left = [f"~{plain}" if each == plain else each for each in left if each == plain or each not in kin]
    scaled = [each for each in ALL if each.startswith("q") and not each.endswith("c")]
    if set(scaled) <= set(left):
        left = ["q" if each == scaled[0] else each for each in left if each == scaled[0] or each not in scaled]
    return "|".join(left)


def _cell(codes: list[str], first: str) -> str:
    """The types of a tensor: `=` is the first one's, whatever its scales, `==` with the same, `*` any."""
    if codes in (_kin(first), [first]):
        return "=" if codes == _kin(first) else "=="
    return "*" if len(codes) >= len(ALL) - 4 else short(codes)


def main() -> None:
    """Ask about the named ops, or all, and write the table or print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ops", nargs="*")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--raw", type=Path, help="a file that keeps the answers: it is read where it is there")
    arguments = parser.parse_args()
    kinds = arguments.ops or sorted(set(TEMPLATES) - NOT_ASKED)
    known: dict[str, dict[str, dict[str, list[str]]]] = {}
    if arguments.raw and arguments.raw.exists():
        known = json.loads(arguments.raw.read_text())
    runtimes = [Runtime() for _ in range(arguments.jobs)]

    def ask(kind: str) -> None:
        runtime = runtimes.pop()
        known[kind] = answers(kind, runtime)
        runtimes.append(runtime)
        if arguments.raw:
            arguments.raw.write_text(json.dumps(dict(known)))

    with ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(ask, [kind for kind in kinds if kind not in known]))
    for runtime in runtimes:
        runtime.close()
    table = {kind: tuple(lines(kind, known[kind])) for kind in kinds}
    if arguments.ops:
        for kind, rows in table.items():
            print(kind, *rows, sep="\n    ")
        return
    TABLE.write_text(render(table))


def render(table: dict[str, tuple[str, ...]]) -> str:
    """The module that holds the table."""
    head = (
        '"""The element types that LiteRT\'s built-in kernels take, as the kernels themselves say.\n\n'
        f"Written by tools/probe_cpu.py from ai-edge-litert {version('ai-edge-litert')}; not edited by hand.\n"
        '"""\n\n__all__ = ["TYPES"]\n\nTYPES: dict[str, tuple[str, ...]] = {\n'
    )
    body = ""
    for kind, rows in table.items():
        cells = "".join(f"        {json.dumps(row)},\n" for row in rows)
        line = f"    {json.dumps(kind)}: ({', '.join(map(json.dumps, rows))}{',' if len(rows) == 1 else ''}),\n"
        body += "" if not rows else line if len(line) < 122 else f"    {json.dumps(kind)}: (\n{cells}    ),\n"
    return f'{head}{body}}}\n"""Op -> rows of types by input, `>`, and by output."""\n'


if __name__ == "__main__":
    main()
