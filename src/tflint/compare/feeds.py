"""The inputs that a model and its source are run on: made up, or given in files.

Each made-up value comes from a generator of its own, seeded with the number of the input, so that the same model gets
the same inputs wherever it is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from tflint.analysis.phrases import count as counted
from tflint.analysis.phrases import cut, listed, size
from tflint.compare.given import given
from tflint.compare.matching import End, ends, match
from tflint.compare.noise import images, is_grid, normals, uniforms
from tflint.compare.picks import limit_of
from tflint.compare.ranges import span_of
from tflint.compare.spans import Span
from tflint.compare.values import Fed, affine, decoded, encoded, on_grid
from tflint.comparison import Feed
from tflint.errors import RunError
from tflint.model import DType, Graph, Model, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Fed", "decoded", "encoded", "given", "made_up", "on_grid"]

_MOST_BYTES = 256 << 20
"""All inputs together take no more."""
_HIGHEST_RANK = 32
_OPEN = 32
"""The size of an open dimension behind the first one, where nothing tells it."""
_TEXT_BYTES = 32
_TEXTS = 256
"""So many different texts an input gets at most."""
_WORDS = "a the cat dog red blue runs sees good bad time day yes no hello world".split()

_IMAGE = ("smooth", "uniform", "smooth", "uniform", "smooth", "uniform", "smooth", "half amplitude")
_COLOURS = ("smooth", "normal", "uniform", "normal", "smooth", "normal", "smooth", "half amplitude")
_GRID = ("normal", "smooth", "normal", "half amplitude", "normal", "smooth", "normal", "uniform")
_EVEN = ("uniform", "normal", "uniform", "half amplitude")
_PLAIN = ("normal", "half amplitude", "normal", "uniform")
_FREE = ("normal", "normal", "half amplitude", "normal")
"""What the made-up inputs are like, one after the other, for each sort of range."""

_EDGES = {"zeros": "all zeros", "low": "low end", "high": "high end", "middle": "middle of the range"}
_EDGES_OF_NONE = {"zeros": "all zeros", "low": "all minus ones", "high": "all ones"}

_PLAIN_SORTS = {DType.BOOL: "truth", DType.STRING: "text"}
_WHOLE_FLOATS = {DType.FLOAT16: 1 << 11, DType.FLOAT32: 1 << 24, DType.FLOAT64: 1 << 24}
"""Up to these all whole numbers are floats, made as float32."""

_TOLD = {
    "rescaled": "in the range{s} that the source rescales {} from",
    "normalized": "in the range{s} that the source normalizes {} from",
    "source": "in the range{s} that the first ops of the source rescale {} from",
    "quantized": "in the range{s} that {} {was} quantized for",
    "metadata": "in the range{s} that the metadata normalizes {} to",
    "ops": "in the range{s} that the first ops rescale {} from",
    "bytes": "in the range of the bytes of {}",
}


@dataclass(frozen=True, eq=False)
class _Input:
    """An input of a model and what it is filled with.

    `sort` is `real`, `whole` (integers of a range), `ids` (below `limit`), `flags` (0 and 1), `truth`, `text`.
    `span` is None where its range is not known.
    """

    tensor: Tensor
    names: tuple[str, ...]
    """What it may be called, the best first."""
    shape: tuple[int, ...]
    is_made_up: bool
    """Whether its size is one that nobody said."""
    sort: str
    span: Span | None = None
    limit: int = 0

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def nbytes(self) -> int:
        width = _TEXT_BYTES if self.sort == "text" else max(4, (self.tensor.dtype.bits or 8) // 8)
        return prod(self.shape) * width

    @property
    def dtype(self) -> Any:
        """The numpy type of its values: float32 for what is floating point or quantized."""
        import numpy as np

        plain = np.dtype(self.tensor.dtype.numpy_name or "<f4")
        return plain if self.sort in ("whole", "ids", "flags") and plain.kind in "iu" else np.dtype("<f4")

    @property
    def kinds(self) -> Sequence[str]:
        """What its values are like, for one made-up input after the other."""
        if self.span is None:
            return _GRID if is_grid(self.shape) else _FREE
        if is_grid(self.shape):
            if self.span.is_image:
                return _IMAGE
            return _COLOURS if _is_image(self.span, self.shape) else _GRID
        return _EVEN if self.span.is_image or self.span.is_one_sided else _PLAIN


def made_up(
    model: Model,
    source: Model | None,
    sizes: Mapping[str, Sequence[int]],
    *,
    count: int = 8,
    seed: int = 2021,
) -> tuple[tuple[Fed, ...], str]:
    """Random inputs and edge cases for the first graph of a model, and the words that say where they come from.

    Args:
        model: the model.
        source: what it was converted from, which may tell ranges and sizes.
        sizes: the shapes of inputs whose dimensions are open, by the name of the input.
        count: how many random inputs; fewer are made where they would take too much memory.
        seed: another one gives other inputs.

    Raises:
        RunError: an input cannot be made up, or a size cannot be used.
    """
    if not model.graphs or not model.graphs[0].intact:
        raise RunError("The model has no graph that could be given inputs.")
    inputs = _inputs(model, source, sizes)
    if not inputs:
        return (Fed(Feed("no input", "given"), ()),), "the model takes no inputs"
    total = sum(each.nbytes for each in inputs)
    if total > _MOST_BYTES:
        largest = max(inputs, key=lambda each: each.nbytes)
        raise RunError(
            f"The inputs take {size(total)}, '{cut(largest.name)}' alone {size(largest.nbytes)}; no more than "
            f"{size(_MOST_BYTES)} are made up."
        )
    room = _MOST_BYTES // max(total, 1)
    randoms = [_random(inputs, number, seed) for number in range(max(1, min(count, room * 2 // 3)))]
    edges = list(_edges(inputs))[: max(0, room - len(randoms))]
    return (*randoms, *edges), _words(inputs, len(randoms), len(edges), sizes)


def _inputs(model: Model, source: Model | None, sizes: Mapping[str, Sequence[int]]) -> list[_Input]:
    graph = model.graphs[0]
    own = ends(model, graph, of_inputs=True)
    return [
        _input(model, place, end, origin, sizes)
        for place, (end, origin) in enumerate(zip(own, _origins(own, source), strict=True))
    ]


def _origins(own: Sequence[End], source: Model | None) -> Sequence[tuple[Graph, Tensor] | None]:
    """For each input the same of the source: of the first of its graphs that has all of them."""
    if source is None or not source.graphs:
        return [None] * len(own)
    numbers = dict.fromkeys([signature.graph_index for signature in source.signatures] or [source.graphs[0].index])
    graphs = [graph for graph in source.graphs if graph.index in numbers and graph.intact]
    for graph in graphs:
        theirs = ends(source, graph, of_inputs=True)
        places = match(own, theirs).places
        if None not in places and len(theirs) == len(own):
            return [None if place is None else (graph, graph.inputs[place]) for place in places]
    return [None] * len(own)


def _input(
    model: Model, place: int, end: End, origin: tuple[Graph, Tensor] | None, sizes: Mapping[str, Sequence[int]]
) -> _Input:
    tensor, dtype = end.tensor, end.tensor.dtype
    names = tuple(each for each in (end.alias, end.plain, tensor.name) if each) or (f"input {place}",)
    asked = next((sizes[each] for each in names if each in sizes), None)
    held = (tensor, names, *_shape(names[0], tensor, origin[1] if origin else None, asked))
    if dtype in _PLAIN_SORTS:
        return _Input(*held, _PLAIN_SORTS[dtype])
    is_real = dtype.is_float or affine(tensor) is not None
    if dtype.numpy_name is None or not (is_real or dtype.is_integer):
        raise RunError(f"The input '{cut(names[0])}' is {dtype.value}; such values cannot be made up.")
    if affine(tensor) is None:
        limits = [limit_of(model.graphs[0], tensor), limit_of(*origin) if origin else None]
        limit = min((each for each in limits if each is not None), default=0)
        most = dtype.integer_range[1] if dtype.integer_range else _WHOLE_FLOATS[dtype]
        if limit:
            return _Input(*held, "ids", limit=min(limit, most))
    span = span_of(model, place, origin)
    return _Input(*held, "real" if is_real else "flags" if span is None else "whole", span)


def _shape(
    name: str, tensor: Tensor, origin: Tensor | None, asked: Sequence[int] | None
) -> tuple[tuple[int, ...], bool]:
    """The shape that an input gets, and whether a part of it is neither in the model nor asked for."""
    declared = tensor.shape
    if not tensor.has_rank and origin is not None and origin.has_rank:
        declared = origin.shape
    if asked is not None:
        _check_asked(name, tensor, asked)
        return tuple(map(int, asked)), False
    if len(declared) > _HIGHEST_RANK or any(each is not None and each < 0 for each in declared):
        raise RunError(f"The input '{cut(name)}' has a shape that no array can have: {_by(declared)}.")
    theirs: Sequence[int | None] = ()
    if origin is not None and origin.has_rank and len(origin.shape) == len(declared):
        theirs = origin.shape
    found: list[int] = []
    is_made_up = not tensor.has_rank and tensor.shape == declared
    for place, known in enumerate(declared):
        told = known if known is not None else (theirs[place] if theirs else None)
        if told is None and place < len(tensor.default_shape) and tensor.default_shape[place] > 1:
            told = tensor.default_shape[place]
        is_made_up |= told is None and place > 0
        found.append(told if told is not None else (_OPEN if place else 1))
    return tuple(found), is_made_up


def _check_asked(name: str, tensor: Tensor, asked: Sequence[int]) -> None:
    """Raise a RunError where an input cannot have the shape that is asked for."""
    text = _by(asked)
    if any(not 0 < each < 1 << 31 for each in asked):
        raise RunError(f"The shape {text} for the input '{cut(name)}' is none; each size is a number from 1 on.")
    if len(asked) > _HIGHEST_RANK or (tensor.has_rank and len(asked) != len(tensor.shape)):
        raise RunError(
            f"The shape {text} for the input '{cut(name)}' has {counted(len(asked), 'dimension')}; "
            f"the model has {len(tensor.shape)}, {_by(tensor.shape)}."
        )
    if tensor.has_rank and any(
        known is not None and known != each for known, each in zip(tensor.shape, asked, strict=True)
    ):
        raise RunError(f"The shape {text} for the input '{cut(name)}' does not fit; the model has {_by(tensor.shape)}.")


def _by(shape: Sequence[Any]) -> str:
    text = ", ".join("?" if each is None else str(each) for each in shape[:_HIGHEST_RANK])
    return f"[{text}{', …' if len(shape) > _HIGHEST_RANK else ''}]"


def _random(inputs: Sequence[_Input], number: int, seed: int) -> Fed:
    """The random input of this number, from 0 on."""
    import numpy as np

    first = next((each for each in inputs if each.sort in ("real", "whole")), None)
    kind = f" ({first.kinds[number % len(first.kinds)]})" if first is not None else ""
    drawn = (_drawn(each, number, [seed, number, place]) for place, each in enumerate(inputs))
    values = tuple(np.asarray(each) for each in drawn)  # what has no dimensions is no array otherwise
    return Fed(Feed(f"random {number + 1}{kind}", "random"), values)


def _drawn(each: _Input, number: int, seed: Sequence[int]) -> NDArray[Any]:
    import numpy as np

    random = np.random.default_rng(list(seed))
    if each.sort == "truth":
        return random.integers(0, 2, each.shape).astype(bool)
    if each.sort == "text":
        return _texts(each.shape, random)
    if each.sort in ("ids", "flags"):
        return random.integers(0, each.limit if each.sort == "ids" else 2, each.shape).astype(each.dtype)
    kind = each.kinds[number % len(each.kinds)]
    if each.span is None:
        return _unbounded(each.shape, kind, random)
    found = _within(each.span, each.shape, kind, random)
    return found if each.sort == "real" else encoded([found], [each.tensor])[0]


def _texts(shape: tuple[int, ...], random: Any) -> NDArray[Any]:
    import numpy as np

    words = random.integers(0, len(_WORDS), (_TEXTS, 3))
    texts = np.array([" ".join(_WORDS[word] for word in row).encode() for row in words.tolist()], f"S{_TEXT_BYTES}")
    return np.asarray(texts[random.integers(0, _TEXTS, shape)])


def _unbounded(shape: tuple[int, ...], kind: str, random: Any) -> NDArray[Any]:
    """Values of mean 0 and deviation 1, or about that."""
    import numpy as np

    if kind == "smooth":
        return (images(shape, random) - np.float32(0.5)) * np.float32(4)
    if kind == "uniform":
        return uniforms(shape, random) * np.float32(2) - np.float32(1)
    return normals(shape, random) * np.float32(0.5 if kind == "half amplitude" else 1)


def _within(span: Span, shape: tuple[int, ...], kind: str, random: Any) -> NDArray[Any]:
    """Values of a kind within a range, as float32."""
    import numpy as np

    low, high = span.low.astype(np.float32), span.high.astype(np.float32)
    if low.ndim and (not shape or low.size != shape[-1]):
        low, high = low.min(), high.max()
    width = high - low
    half = np.float32(0.5)
    is_image = is_grid(shape) and _is_image(span, shape)
    if kind == "smooth":
        part = images(shape, random) if is_image else (images(shape, random) - half) * np.float32(0.6) + half
    elif kind == "uniform":
        part = uniforms(shape, random)
    elif kind == "half amplitude" and (is_image or span.is_image):
        part = (images(shape, random) if is_image else uniforms(shape, random)) * half + half * half
    else:
        amplitude = (0.5 if kind == "half amplitude" else 1.0) / (2 * span.deviations)
        part = normals(shape, random) * np.float32(amplitude)
        part = abs(part) * np.float32(2) if span.is_one_sided and not span.is_image else part + half
    return np.clip(low + width * part, low, high).astype(np.float32)


def _is_image(span: Span, shape: tuple[int, ...]) -> bool:
    """Whether what is laid out like an image is one: by its range, or because it has colours."""
    return span.is_image or (3 in (shape[1], shape[3]) and span.deviations > 3)


def _edges(inputs: Sequence[_Input]) -> Iterator[Fed]:
    """The edge cases of all inputs, those left out that are the same for the model as an earlier one."""
    import numpy as np

    reals = [each for each in inputs if each.sort in ("real", "whole")]
    is_free = bool(reals) and all(each.span is None for each in reals)
    seen: list[list[NDArray[Any]]] = []
    for kind, label in (_EDGES_OF_NONE if is_free else _EDGES).items():
        if kind == "middle" and not any(each.span is not None for each in reals):
            continue
        values = tuple(_edge(each, kind) for each in inputs)
        codes = encoded(values, [each.tensor for each in inputs])
        if any(all(map(np.array_equal, codes, earlier)) for earlier in seen):
            continue
        seen.append(codes)
        yield Fed(Feed(label, kind), values)


def _edge(each: _Input, kind: str) -> NDArray[Any]:
    import numpy as np

    if each.sort == "truth":
        return np.full(each.shape, kind == "high")
    if each.sort == "text":
        return np.full(each.shape, b"z" * 8 if kind == "high" else b"", f"S{_TEXT_BYTES}")
    if kind == "zeros":
        return np.zeros(each.shape, each.dtype)
    if each.span is None:
        least, most = (0, each.limit - 1) if each.sort == "ids" else (0, 1) if each.sort == "flags" else (-1, 1)
        return np.full(each.shape, {"low": least, "high": most, "middle": 0}[kind], each.dtype)
    low, high = each.span.low, each.span.high
    if low.ndim and (not each.shape or low.size != each.shape[-1]):
        low, high = low.min(), high.max()
    value = {"low": low, "high": high, "middle": low + (high - low) / 2}[kind].astype(np.float32)
    full = np.broadcast_to(value, each.shape).copy()
    return full if each.sort == "real" else encoded([full], [each.tensor])[0]


def _words(inputs: Sequence[_Input], randoms: int, edges: int, sizes: Mapping[str, Sequence[int]]) -> str:
    """Where the inputs come from, for a sentence."""
    sorts: dict[str, list[tuple[str, str]]] = {}
    for each in inputs:
        ends = " ({} to {})".format(*map(_number, each.span.ends)) if each.span is not None else ""
        sorts.setdefault(_phrase(each), []).append((f"'{cut(each.name)}'", ends))
    phrases = []
    for phrase, held in sorts.items():
        number = {"s": "s" if len(held) > 1 else "", "was": "were" if len(held) > 1 else "was"}
        names = held[0][0] if len(held) == 1 else listed("".join(each) for each in held)
        phrases.append(phrase.format(names, **number) + (held[0][1] if len(held) == 1 else ""))
    text = f"{counted(randoms, 'random input')} {listed(phrases)}"
    text += f", and {counted(edges, 'edge case')}" if edges else ""
    made = [f"'{cut(each.name)}' {_by(each.shape)}" for each in inputs if each.is_made_up]
    text += f"; the sizes of {listed(made)} are made up" if made else ""
    unused = [f"'{cut(name)}'" for name in sizes if not any(name in each.names for each in inputs)]
    return text + (f"; no input is called {listed(unused)}" if unused else "")


def _phrase(each: _Input) -> str:
    """What the random values of an input are, its name left out."""
    if each.span is not None:
        return _TOLD[each.span.by]
    if each.sort == "ids":
        return f"of numbers below {each.limit:,} for {{}}"
    return {
        "real": "of standard normal values for {} (no range is known)",
        "flags": "of zeros and ones for {}",
        "truth": "of truth values for {}",
        "text": "of short texts for {}",
    }[each.sort]


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}" if abs(value) < 1e6 else f"{value:.2e}"
