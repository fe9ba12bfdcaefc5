"""Which runtime a model needs, told from the versions of its builtin ops.

Versions of runtimes are those of TensorFlow Lite, which the converter writes as `min_runtime_version`. LiteRT counts
from 1.0 again; `LITERT` says which of these numbers a LiteRT release amounts to.
"""

from collections.abc import Iterator

from tflint.analysis.runtime_table import RUNTIMES
from tflint.model import Model, Op

__all__ = ["LITERT", "first_runtime", "known_versions", "litert_hint", "needed_runtime", "parsed", "short"]

LITERT = {
    "1.0": "2.16", "1.1": "2.19", "1.2": "2.19", "1.3": "2.19", "1.4": "2.19",
    "2.0": "2.20", "2.1": "2.20", "2.2": "2.23",
}  # fmt: skip
"""LiteRT release -> the newest runtime version whose ops its first patch release has.

Source: ai-edge-litert 1.0.1, 1.1.2, 1.4.0 and 2.1.0 loading each op in each version, and
tflite/core/kernels/register.cc of LiteRT v1.1.0 to v2.2.0.
"""

_AS_RELEASED = {"2.21": "LiteRT 2.1.3", "2.22": "LiteRT 2.1.6", "2.23": "LiteRT 2.2"}
"""The numbers that only LiteRT's own releases reach. Source: register.cc of LiteRT v2.1.2 to v2.2.0."""


def known_versions(kind: str) -> tuple[int, ...]:
    """The versions of a builtin op that LiteRT registers; none where it has no kernel for it."""
    runtimes = RUNTIMES.get(kind, "").split()
    return tuple(number for number, runtime in enumerate(runtimes, 1) if runtime != "-")


def first_runtime(op: Op) -> str | None:
    """The first runtime that has an op in its version; None where that is not known."""
    if op.is_custom or op.version not in known_versions(op.kind):
        return None
    return RUNTIMES[op.kind].split()[op.version - 1]


def needed_runtime(model: Model) -> str | None:
    """The oldest runtime that has all builtin ops of a model in their versions; None where one of them is in none.

    Custom ops are left out. Source: LiteRT f67457790, tflite/converter/tools/versioning/runtime_version.cc.
    """
    ops = {(op.kind, op.version): op for graph in model.graphs for op in graph.ops if not op.is_custom}
    runtimes = [first_runtime(op) for op in ops.values()]
    known = [runtime for runtime in runtimes if runtime is not None]
    return max(known, key=lambda runtime: parsed(runtime) or ()) if known and len(known) == len(runtimes) else None


def parsed(text: str | None) -> tuple[int, ...] | None:
    """A version as numbers that compare, so that 2.9 < 2.14 = 2.14.0; None where it is not one."""
    parts = (text or "").strip().split(".")
    if not all(part.isascii() and part.isdecimal() and len(part) < 9 for part in parts):
        return None
    numbers = [int(part) for part in parts]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def short(runtime: str) -> str:
    """A runtime version as a message names it: `2.17`, `2.14.4`, `2.23 (LiteRT 2.2)`."""
    text = runtime.removesuffix(".0")
    return f"{text} ({_AS_RELEASED[text]})" if text in _AS_RELEASED else text


def litert_hint(runtime: str) -> Iterator[str]:
    """Yield a sentence where a runtime version may have been meant as LiteRT's."""
    release = ".".join(runtime.split(".")[:2])
    if release in LITERT:
        yield f"If {runtime} is a version of LiteRT, give {LITERT[release]}: LiteRT counts from 1.0 again."
