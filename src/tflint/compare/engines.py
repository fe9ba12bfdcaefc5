"""What the engines of LiteRT show of a model by itself: what is inside, where they disagree, whether runs repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tflint.compare.feeds import decoded
from tflint.compare.metrics import figures, relative
from tflint.compare.runs import Clock, Limits, Ran, Wanted, run
from tflint.compare.values import step_of
from tflint.comparison import Disagreement, Figures, Inside
from tflint.convert.words import line
from tflint.formats.tflite.piece import piece
from tflint.model import DType, Graph, Op, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["delegated", "disagreement", "facts", "inside", "outside", "readable", "run_pieces", "unchanging"]

_CLAMPED = frozenset({"RELU6", "RELU_N1_TO_1", "RELU_0_TO_1"})
"""Fused activations that end at the end of the range."""
_ENDING = frozenset(
    """
    LOGISTIC TANH SOFTMAX LOG_SOFTMAX HARD_SWISH GELU ELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 MINIMUM MAXIMUM QUANTIZE
    """.split()
)
"""Ops whose values end somewhere by themselves: there the range ends as well."""
_MOVING = frozenset(
    """
    RESHAPE TRANSPOSE SQUEEZE EXPAND_DIMS PAD PADV2 CONCATENATION SLICE STRIDED_SLICE SPLIT SPLIT_V GATHER PACK UNPACK
    MAX_POOL_2D AVERAGE_POOL_2D MEAN REDUCE_MAX REDUCE_MIN SPACE_TO_DEPTH DEPTH_TO_SPACE REVERSE_V2 TILE QUANTIZE
    """.split()
)
"""Ops that pass values on as they are, or their mean."""
_SAME_FLOAT = 1e-3
"""Kernels add in another order; nothing of this size comes of it."""
_SAME_HYBRID = 0.1
"""Engines round the values of a hybrid op each in its own way."""
_SAME_STEPS = 1.0
_FAR = 0.1
"""The error, relative to the value, that no rounding of other ops adds up to."""
_BOTH = ("xnnpack", "builtin")
_OUTPUT_STEPS = 4.0
"""Steps of single ops add up to as many at the outputs."""
_MOST_PIECES = 400
_SEVERAL = 4
_FEW = 256
"""A few values at the end of their range are of no weight where there are no more than these."""
_READABLE = frozenset(dtype for dtype in DType if dtype.is_float or dtype.is_integer or dtype is DType.BOOL)

Pieces = Callable[..., "Sequence[list[NDArray[Any]] | None]"]


def readable(graph: Graph) -> list[int]:
    """The numbers of the tensors whose values can be read while a model runs: no texts, no handles."""
    return [tensor.index for op in graph.ops for tensor in op.outputs if tensor.dtype in _READABLE]


def inside(graph: Graph, ran: Ran, feeds: Sequence[int]) -> tuple[Inside, ...]:
    """What is to be noticed of the values inside a model: each once a kind, with the input that shows it most."""
    if not ran.is_done:
        return ()
    by_number = {tensor.index: tensor for op in graph.ops for tensor in op.outputs}
    found: dict[tuple[int, str], Inside] = {}
    constant: dict[int, int] = {}
    for feed in feeds:
        for number, (infinite, low, high, same) in ran.seen(feed).items():
            tensor = by_number.get(number)
            if tensor is None:
                continue
            constant[number] = constant.get(number, 0) + bool(same)
            ends = max(low if _has_low_end(tensor) else 0.0, high)
            for kind, share in (("not-finite", infinite), ("saturated", ends if tensor.quant is not None else 0.0)):
                known = found.get((number, kind))
                if share > 0 and (known is None or share > known.share):
                    found[number, kind] = Inside(tensor.location.address, kind, share, feed)
    for number, times in constant.items():
        if times == len(feeds) > 1:
            found[number, "constant"] = Inside(by_number[number].location.address, "constant", 1.0)
    return tuple(found.values())


def unchanging(graph: Graph, ran: Ran, feeds: Sequence[int]) -> tuple[Inside, ...]:
    """The outputs that are the same for each of several inputs."""
    import numpy as np

    if len(feeds) < _SEVERAL or not graph.inputs:
        return ()
    held = [ran.outputs(feed) for feed in feeds]
    return tuple(
        Inside(tensor.location.address, "unchanging", 1.0)
        for number, tensor in enumerate(graph.outputs)
        if all(np.array_equal(each[number], held[0][number]) for each in held[1:])
    )


def outside(graph: Graph, ran: Ran, feeds: Sequence[int]) -> Mapping[int, float]:
    """For each input the largest share of a value inside that lies at the end of its range without reason."""
    if not ran.is_done:
        return {}
    natural = _ending(graph)
    by_number = {tensor.index: tensor for op in graph.ops for tensor in op.outputs}
    shares: dict[int, float] = {}
    for feed in feeds:
        worst = 0.0
        for number, (_, low, high, _) in ran.seen(feed).items():
            tensor = by_number.get(number)
            if tensor is None or tensor.quant is None or not tensor.dtype.is_integer or number in natural:
                continue
            share = max(high, low if _has_low_end(tensor) else 0.0)
            worst = max(worst, share * min(1.0, tensor.elements / _FEW))
        shares[feed] = worst
    return shares


def _has_low_end(tensor: Tensor) -> bool:
    """Whether the low end of a range is no natural end, as zero behind RELU is."""
    limits = tensor.dtype.integer_range
    if limits is None or tensor.quant is None or not tensor.quant.zero_point.size:
        return False
    return int(tensor.quant.zero_point[0]) > limits[0] + 2


def _ending(graph: Graph) -> frozenset[int]:
    """The tensors whose values end at the ends of their range, and those that only pass such values on."""
    found: set[int] = set()
    for op in graph.ops:
        ends = op.kind in _ENDING or op.options.get("fused_activation_function") in _CLAMPED
        if ends or (_keeps_ends(op) and any(each is not None and each.index in found for each in op.inputs)):
            found.update(tensor.index for tensor in op.outputs)
    return frozenset(found)


def _is_hybrid(op: Op) -> bool:
    """Whether an op has integer weights and no integer values."""
    weights = op.input(1)
    return weights is not None and weights.is_constant and weights.dtype.is_integer and op.outputs[0].dtype.is_float


def _keeps_ends(op: Op) -> bool:
    """Whether an op passes values on, or only scales them."""
    is_scaling = op.kind in {"MUL", "ADD", "SUB"} and any(
        each is not None and each.is_constant and each.elements == 1 for each in op.inputs
    )
    return op.kind in _MOVING or is_scaling


def delegated(graph: Graph, ran: Ran) -> int | None:
    """So many ops of a graph a delegate took; None where that cannot be told.

    The runtime lists the graph's own ops, and behind them one for each piece that was taken: what stands between the
    inputs and the outputs of a piece belongs to it.
    """
    listed = ran.answer.get("ops")
    if not isinstance(listed, list) or len(listed) < len(graph.ops):
        return None
    makers = {tensor.index: op for op in graph.ops for tensor in op.outputs}
    taken: set[Op] = set()
    for _, inputs, outputs in listed[len(graph.ops) :]:
        waiting = [number for number in outputs if number not in inputs]
        while waiting:
            op = makers.get(waiting.pop())
            if op is None or op in taken:
                continue
            taken.add(op)
            waiting += [each.index for each in op.inputs if each is not None and each.index not in inputs]
    return len(taken)


def facts(graph: Graph, mine: Mapping[str, Ran]) -> Mapping[str, str]:
    """What came of running an input again, through the signature, and twice in one batch."""
    found: dict[str, str] = {}
    first, batch = mine["xnnpack"], mine.get("batch")
    if not first.is_done:
        return found
    for name in ("repeat", "signature"):
        feed = _first_of(first)
        if first.has(name) and first.has(feed):
            again, values = (decoded(first.outputs(each), graph.outputs) for each in (name, feed))
            different = [place for place, (own, other) in enumerate(zip(again, values, strict=False))
                         if not _equal(own, other)]  # fmt: skip
            found[name] = ",".join(map(str, different))
    if first.answer.get("signature"):
        found["signature"] = f"failed: {line('', str(first.answer['signature'])).removeprefix(': ')}"
    if batch is None:
        return found
    if batch.told.words:
        found["batch"] = f"{batch.told.stage}: {batch.told.words}"
    elif batch.is_done and first.has(_first_of(batch)):
        found["batch"] = _of_batch(graph, batch, decoded(first.outputs(_first_of(batch)), graph.outputs))
    return found


def _first_of(ran: Ran) -> int:
    """The first input that a model ran on."""
    told = ran.answer.get("again")
    return told if isinstance(told, int) else 0


def _equal(own: NDArray[Any], other: NDArray[Any]) -> bool:
    import numpy as np

    return own.shape == other.shape and bool(np.array_equal(own, other, equal_nan=own.dtype.kind == "f"))


def _of_batch(graph: Graph, batch: Ran, values: Sequence[NDArray[Any]]) -> str:
    """What differs where an input is given twice in one batch."""
    import numpy as np

    for place, (two, one) in enumerate(
        zip(decoded(batch.outputs(_first_of(batch)), graph.outputs), values, strict=False)
    ):
        if one.ndim == 0 or two.ndim != one.ndim:
            return f"output {place} has {two.ndim} dimensions instead of {one.ndim}"
        if two.shape[0] != 2 * one.shape[0]:
            return f"output {place} has the shape {list(two.shape)}, for one {list(one.shape)}"
        if two.dtype.kind == "f" and not np.allclose(two[: one.shape[0]], one, rtol=0.01, atol=0.01 * _size(one)):
            return f"output {place} has other values for the same input"
    return ""


def _size(value: NDArray[Any]) -> float:
    import numpy as np

    return float(np.max(np.abs(value), initial=1e-6))


def disagreement(graph: Graph, mine: Mapping[str, Ran], feeds: Sequence[int], pieces: Pieces) -> Disagreement | None:
    """The first op that XNNPACK computes otherwise than the builtin kernels do; None where they agree."""
    fast, plain = mine["xnnpack"], mine["builtin"]
    if not (fast.is_done and plain.is_done):
        return None
    for feed in feeds:
        ours, theirs = decoded(fast.outputs(feed), graph.outputs), decoded(plain.outputs(feed), graph.outputs)
        for tensor, own, other in zip(graph.outputs, ours, theirs, strict=True):
            error = _apart(tensor, own, other, _OUTPUT_STEPS)
            if error is None:
                continue
            found, untried = _first(graph, plain, pieces)
            is_one_kind = len({op.kind for op in untried}) == 1
            if found is None and is_one_kind and (not error.finite or relative(error) > _FAR):
                found = Disagreement(_BOTH, untried[0].location.address, tensor.location.address, error)
            if found is None and not error.finite:  # else rounding, which has added up
                found = Disagreement(_BOTH, "", tensor.location.address, error)
            return found
    return None


def _apart(
    tensor: Tensor, own: NDArray[Any], other: NDArray[Any], steps: float, share: float = _SAME_FLOAT
) -> Figures | None:
    """The figures of two results that should be the same; None where they are, as far as kernels have to be."""
    if own.dtype.kind != "f" or own.size != other.size:
        return None
    step = step_of(tensor)
    error = figures([own], [other], step=step)
    if not error.finite:
        return error
    if step is not None:
        return error if (error.steps or 0.0) > steps + 0.01 else None
    return error if relative(error) > share and error.max_abs > 1e-5 else None


def _first(graph: Graph, plain: Ran, pieces: Pieces) -> tuple[Disagreement | None, Sequence[Op]]:
    """The first op that gives something else on XNNPACK than on the builtin kernels, for the same values.

    Behind it the ops that could not be run by themselves.
    """
    if not plain.wanted.inside:
        return None, ()
    feed = plain.wanted.inside[0]
    values = dict(plain.tensors(feed))
    held = plain.outputs(feed)
    values |= {tensor.index: value for tensor, value in zip(graph.outputs, held, strict=True)}
    tried: list[tuple[Op, bytes, list[NDArray[Any]]]] = []
    got: list[NDArray[Any]]
    fed = _fed(plain, graph)
    for op in graph.ops[:_MOST_PIECES]:
        inputs = [each for each in dict.fromkeys(op.inputs) if each is not None and not each.is_constant]
        got = [each for one in inputs if (each := fed.get(one.index, values.get(one.index))) is not None]
        content = piece([op], inputs, op.outputs)
        if content is not None and len(got) == len(inputs):
            tried.append((op, content, got))
    known = {op for op, _, _ in tried}
    untried = [op for op in graph.ops if op not in known]
    runs = {engine: pieces([(content, got) for _, content, got in tried], engine) for engine in _BOTH}
    for place, (op, content, got) in enumerate(tried):
        ours, theirs = runs["xnnpack"][place], runs["builtin"][place]
        if ours is None or theirs is None:
            untried.append(op)
            continue
        for tensor, own, other in zip(op.outputs, decoded(ours, op.outputs), decoded(theirs, op.outputs), strict=True):
            error = _apart(tensor, own, other, _SAME_STEPS, _SAME_HYBRID if _is_hybrid(op) else _SAME_FLOAT)
            if error is None:
                continue
            third = pieces([(content, got)], "reference")[0]
            alone = "" if third is None else _alone(tensor, op, own, other, third)
            return Disagreement(_BOTH, op.location.address, tensor.location.address, error, alone), untried
    return None, untried


def _fed(plain: Ran, graph: Graph) -> Mapping[int, NDArray[Any]]:
    """The values that the model was fed with, by the numbers of the tensors."""
    import numpy as np

    feed = plain.wanted.inside[0]
    with np.load(plain.folder / "feeds.npz", allow_pickle=False) as held:
        return {tensor.index: held[f"{feed}_{place}"] for place, tensor in enumerate(graph.inputs)}


def _alone(tensor: Tensor, op: Op, own: NDArray[Any], other: NDArray[Any], third: list[NDArray[Any]]) -> str:
    """Which of the two engines the plain kernels do not agree with, empty where that does not tell."""
    plain = decoded(third, op.outputs)[op.outputs.index(tensor)]
    fits = [_apart(tensor, each, plain, _SAME_STEPS) is None for each in (own, other)]
    return "" if fits[0] == fits[1] else "builtin" if fits[0] else "xnnpack"


def run_pieces(
    pieces: Sequence[tuple[bytes, Sequence[NDArray[Any]]]], engine: str, folder: Path, clock: Clock, limits: Limits
) -> list[list[NDArray[Any]] | None]:
    """Run files on their inputs: what each gives, None where it does not run."""
    wanted: list[Wanted] = []
    feeds: list[Sequence[NDArray[Any]]] = []
    for place, (content, fed) in enumerate(pieces):
        path = folder / f"piece-{place}.tflite"
        path.write_bytes(content)
        wanted.append(Wanted(engine, str(path), (place,)))
        feeds.append(fed)
    found = run("litert", wanted, feeds, folder, clock, limits)
    return [each.outputs(place) if each.is_done else None for place, each in enumerate(found)]
