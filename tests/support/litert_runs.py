"""Runs models on the interpreter of `ai-edge-litert`, in a process that may die of one of them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Run", "runs"]


@dataclass(frozen=True, eq=False)
class Run:
    """What became of a model: the real values of its outputs and the scale of each, or why there are none."""

    outputs: tuple[NDArray[Any], ...] = ()
    steps: tuple[float, ...] = ()
    refusal: str = ""
    """The message of the runtime; empty where the model ran, `died` where the process ended."""


def runs(models: Sequence[tuple[bytes, bool]]) -> list[Run]:
    """Run each model, True with the built-in kernels alone, on the same real inputs between -1 and 1."""
    found: list[Run] = []
    while len(found) < len(models):
        done = subprocess.run(
            [sys.executable, __file__], input=pickle.dumps(list(models[len(found) :])), capture_output=True, check=False
        )
        printed = done.stdout
        while printed:
            size = int.from_bytes(printed[:4], "little")
            if len(printed) < 4 + size:
                break
            found.append(Run(*pickle.loads(printed[4 : 4 + size])))
            printed = printed[4 + size :]
        if done.returncode:
            found.append(Run(refusal=f"died ({done.returncode})"))
    return found


def _run(content: bytes, builtin: bool) -> tuple[Any, ...]:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kind = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if builtin else OpResolverType.AUTO
    try:
        interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kind)
        interpreter.allocate_tensors()
        for number, each in enumerate(interpreter.get_input_details()):
            interpreter.set_tensor(each["index"], _fed(each, number))
        interpreter.invoke()
        details = interpreter.get_output_details()
        outputs = tuple(_real(interpreter.get_tensor(each["index"]), each) for each in details)
    except (RuntimeError, ValueError) as error:
        return (), (), str(error) or "refused"
    return outputs, tuple(_affine(each)[0] for each in details), ""


def _affine(detail: dict[str, Any]) -> tuple[float, int]:
    found = detail["quantization_parameters"]
    if len(found["scales"]) != 1:
        return 1.0, 0
    return float(found["scales"][0]), int(found["zero_points"][0])


def _fed(detail: dict[str, Any], number: int) -> NDArray[Any]:
    shape, dtype = tuple(detail["shape"]), np.dtype(detail["dtype"])
    real = np.sin(0.7 * np.arange(np.prod(shape, dtype=int)) + number + 0.5).reshape(shape)
    if dtype.kind == "f":
        return real.astype(dtype)
    if dtype.kind not in "iu":
        return real > 0
    scale, zero_point = _affine(detail)
    limits = np.iinfo(dtype)
    return np.clip(np.round(real / scale) + zero_point, limits.min, limits.max).astype(dtype)


def _real(values: NDArray[Any], detail: dict[str, Any]) -> NDArray[Any]:
    scale, zero_point = _affine(detail)
    return (values.astype(np.float64) - zero_point) * scale


def _main() -> None:
    for content, builtin in pickle.loads(sys.stdin.buffer.read()):
        data = pickle.dumps(_run(content, builtin))
        sys.stdout.buffer.write(len(data).to_bytes(4, "little") + data)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parent))
    _main()
