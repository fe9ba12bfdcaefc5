"""What came of running a model, written by hand, and real runs of two small models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tflint.compare.comparing import Settings, compare
from tflint.compare.runs import Clock
from tflint.comparison import Blame, Comparison, Ended, EngineRun, Feed, Figures, OutputDifference
from tflint.formats import read
from tflint.rule import Context
from tflint.testing import GraphBuilder

__all__ = ["BLAME", "DONE", "EXACT", "compared", "dense", "feeds", "figures", "normal", "output", "real"]

EXACT = Figures(0.0, 0.0, 0.0, float("inf"), 1.0)
DONE = (EngineRun("xnnpack", Ended.DONE, "LiteRT 2.3.0"), EngineRun("builtin", Ended.DONE, "LiteRT 2.3.0"))


def figures(snr_db: float | None, size: float = 1.0, **more: Any) -> Figures:
    """The figures of a value of this size, by root mean squares, with a normally distributed error."""
    rmse = size if snr_db is None else size * 10 ** (-snr_db / 20)
    return Figures(
        **{"max_abs": 3 * rmse, "mean_abs": 0.8 * rmse, "rmse": rmse, "snr_db": snr_db, "cosine": None} | more
    )


def feeds(randoms: int = 4, edges: Sequence[str] = ("zeros", "high"), given: int = 0) -> tuple[Feed, ...]:
    found = [Feed(f"random {number + 1} (normal)", "random") for number in range(randoms)]
    found += [Feed(f"sample {number + 1}", "given") for number in range(given)]
    return (*found, *(Feed(f"all {kind}", kind) for kind in edges))


def output(
    snr_db: float | None, by_feed: Sequence[Figures] | None = None, count: int = 6, **more: Any
) -> OutputDifference:
    """An output that is so far from the source's, on each input alike unless they are told."""
    own = more.pop("figures", figures(snr_db))
    known: dict[str, Any] = {
        "place": 0,
        "name": "probs",
        "reference_place": 0,
        "reference_name": "softmax",
        "matched_by": "name",
    }
    known |= {"dtype": "FLOAT32", "worst": 2, "span": (-3.0, 3.0)}
    held = tuple(by_feed) if by_feed is not None else (own,) * count
    return OutputDifference(**known | {"figures": own, "by_feed": held} | more)


def compared(*outputs: OutputDifference, **more: Any) -> Comparison:
    """A comparison with 'model.keras' on four random inputs and two edge cases."""
    held = more.get("feeds", feeds())
    known = {
        "feeds": held,
        "counted": tuple(range(len(held))),
        "runs": DONE,
        "reference": "model.keras",
        "outputs": outputs,
    }
    return Comparison(
        **known | {"inputs_by": "name", "inputs_from": "4 random inputs in the range of the bytes of 'x'"} | more
    )


BLAME = Blame(
    op="0/0:FULLY_CONNECTED",
    tensor="0/t3",
    reference="dense_1",
    figures=figures(9.1),
    allowed=0.012,
)


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def dense(first: Any = None, *, last: str = "FULLY_CONNECTED", outputs: int = 1) -> GraphBuilder:
    """Two layers of eight units, in float."""
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    weights = [
        g.constant("w1", normal(8, 8, seed=1) if first is None else first),
        g.constant("w2", normal(8, 8, seed=2)),
    ]
    h = g.op("FULLY_CONNECTED", [x, weights[0], -1], g.tensor("dense_1", [1, 8]), {})
    if last == "FULLY_CONNECTED":
        y = g.op(last, [h, weights[1], -1], g.tensor("probs", [1, 8]), {})
    else:
        y = g.op(last, [h], g.tensor("probs", [1, 8]), {"beta": 1.0} if last == "SOFTMAX" else None)
    g.output(y, *([h] if outputs > 1 else []))
    return g


def real(folder: Path, built: GraphBuilder, of: GraphBuilder | None = None, *, seconds: float = 60.0) -> Context:
    """A context of a model that was run, beside its source where there is one."""
    source = None if of is None else read(of.save(folder / "source.tflite"))
    ctx = Context(read(built.save(folder / "model.tflite")), source=source)
    return replace(ctx, comparison=compare(ctx, Settings(), Clock(seconds)))
