"""The shapes that the layers of Keras give, told from their configuration and the shapes that they are given.

Source: Keras 3.15.1, keras/src/layers (compute_output_shape and call) and keras/src/ops/operation_utils.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tflint.forecast.layers.trace import Call, Cannot, broadcast, product, total
from tflint.forecast.layers.windows import WINDOWS
from tflint.forecast.status import Status
from tflint.model import DType, Shape

__all__ = ["UNCHANGED", "inner", "output_dtype", "output_shapes"]

Shapes = tuple[Shape | None, ...]
"""One for each output."""


def output_shapes(call: Call) -> Shapes:
    """The shapes of a layer's outputs; None, or nothing at all, where they are not known."""
    rule = _RULES.get(call.kind)
    if rule is None or not call.inputs or call.inputs[0].shape is None:
        return ()
    try:
        return rule(call)
    except (Cannot, ValueError, IndexError, ZeroDivisionError, TypeError, KeyError):
        return ()


def output_dtype(call: Call) -> DType:
    """The element type of a layer's outputs; UNKNOWN where it is not known."""
    if call.kind in _KEEPS_TYPE:
        return call.first.dtype
    if call.kind in _LOOKUPS and call.config.get("output_mode", "int") == "int":
        return DType.INT64
    named = _dtype_name(call.config.get("dtype", "float32"))
    return {"float32": DType.FLOAT32, "float16": DType.FLOAT16, "mixed_float16": DType.FLOAT16,
            "bfloat16": DType.BFLOAT16, "mixed_bfloat16": DType.BFLOAT16, "float64": DType.FLOAT64,
            "int32": DType.INT32, "int64": DType.INT64, "uint8": DType.UINT8}.get(named, DType.UNKNOWN)  # fmt: skip


def _dtype_name(value: Any) -> str:
    """The name of a dtype or a policy, as configurations have it."""
    if isinstance(value, Mapping):
        config = value.get("config")
        value = config.get("name") if isinstance(config, Mapping) else None
        if value is None:
            return "float32"
    return value if isinstance(value, str) else "float32"


def inner(call: Call, key: str = "layer") -> Call:
    """The layer that a wrapper holds, called with the same.

    Raises:
        Cannot: there is none.
    """
    held = call.config.get(key)
    if not isinstance(held, Mapping) or not isinstance(held.get("config"), Mapping):
        raise Cannot(Status.UNKNOWN, "the layer that it wraps is not told")
    kind = str(held.get("class_name")).rpartition(">")[2]
    module = held.get("module")
    if (isinstance(module, str) and not module.startswith(("keras", "tf_keras"))) or ">" in str(held.get("class_name")):
        raise Cannot(Status.UNKNOWN, f"the layer that it wraps, {kind}, is somebody's own")
    return Call(kind, held["config"], call.inputs, call.arguments)


def _same(call: Call) -> Shapes:
    return (call.first.sizes,)


def _last(key: str) -> Callable[[Call], Shapes]:
    """The last size is a setting."""

    def rule(call: Call) -> Shapes:
        return ((*call.first.sizes[:-1], call.number(key, 0)),)

    return rule


def _embedding(call: Call) -> Shapes:
    return ((*call.first.sizes, call.number("output_dim", 0)),)


def _flatten(call: Call) -> Shapes:
    batch, *rest = call.first.sizes
    return ((batch, product(rest)),)


def _reshape(call: Call) -> Shapes:
    target = call.config.get("target_shape")
    if not isinstance(target, list | tuple):
        return ()
    batch, *given = call.first.sizes
    sizes = [int(size) if size is not None else -1 for size in target]
    whole = product(given)
    if -1 in sizes:
        rest = product(size for size in sizes if size != -1)
        place = sizes.index(-1)
        if whole is None or not rest:
            return ((batch, *(None if size == -1 else size for size in sizes)),)
        sizes[place] = whole // rest
    return ((batch, *sizes),)


def _permute(call: Call) -> Shapes:
    sizes = call.first.sizes
    order = call.numbers("dims", len(sizes) - 1)
    return ((sizes[0], *(sizes[place] for place in order)),)


def _repeat(call: Call) -> Shapes:
    batch, size = call.first.sizes
    return ((batch, call.number("n", 1), size),)


def _merge(call: Call) -> Shapes:
    shape: Shape | None = call.first.sizes
    for value in call.inputs[1:]:
        if value.shape is not None and shape is not None and len(value.shape) != len(shape):
            return ()
        shape = broadcast(shape, value.shape)
    return (shape,)


def _concatenate(call: Call) -> Shapes:
    axis = call.number("axis", -1)
    sizes = list(call.first.sizes)
    axis %= len(sizes)
    for place in range(len(sizes)):
        alike = [value.sizes[place] for value in call.inputs]
        sizes[place] = total(alike) if place == axis else next((size for size in alike if size is not None), None)
    return (tuple(sizes),)


def dot_axes(call: Call) -> tuple[int, int]:
    """The dimensions over which Dot sums, counted from the batch."""
    given = call.config.get("axes")
    one, other = given if isinstance(given, list | tuple) else (given, given)
    return int(one) % call.inputs[0].rank, int(other) % call.inputs[1].rank


def _dot(call: Call) -> Shapes:
    one, other = call.inputs[0].sizes, call.inputs[1].sizes
    left, right = dot_axes(call)
    rest = [size for place, size in enumerate(one) if place != left]
    rest += [size for place, size in enumerate(other) if place not in (0, right)]
    return ((*rest, 1) if len(rest) == 1 else tuple(rest),)


def _einsum(call: Call) -> Shapes:
    equation = call.config.get("equation")
    given = call.config.get("output_shape")
    if not isinstance(equation, str):
        return ()
    left, _, right = equation.replace(" ", "").partition("->")
    source = left.partition(",")[0]
    sizes = call.first.sizes
    wanted = [given] if isinstance(given, int) else list(given or [])
    if "..." in source:
        free = len(sizes) - len(source.replace("...", ""))
        filler = "".join(chr(0x100 + number) for number in range(free))
        source, right = source.replace("...", filler), right.replace("...", filler)
        wanted = wanted[-len(right) :] if len(wanted) > len(right) else wanted
    known = dict(zip(source, sizes, strict=True))
    tail = right[-len(wanted) :] if wanted else ""
    said = dict(zip(tail, wanted, strict=True))
    return (tuple(known.get(letter) if said.get(letter) is None else said[letter] for letter in right),)


def _recurrent(call: Call) -> Shapes:
    return _of_rnn(call, call.number("units", 0), [call.number("units", 0)] * (2 if call.kind == "LSTM" else 1))


def _of_rnn(call: Call, units: int, states: Sequence[int]) -> Shapes:
    batch, time, *_ = call.first.sizes
    sequence = (batch, time, units) if call.config.get("return_sequences") else (batch, units)
    if not call.config.get("return_state"):
        return (sequence,)
    return (sequence, *((batch, size) for size in states))


def cells_of(call: Call) -> list[Call]:
    """The cells of an RNN layer, one after the other."""
    cell = inner(call, "cell")
    if cell.kind != "StackedRNNCells":
        return [cell]
    held = cell.config.get("cells")
    if not isinstance(held, list):
        raise Cannot(Status.UNKNOWN, "its cells are not told")
    return [inner(Call("", {"cell": each}, call.inputs), "cell") for each in held]


def _cells(call: Call) -> Shapes:
    cells = cells_of(call)
    if any(not cell.kind.endswith("Cell") or "units" not in cell.config for cell in cells):
        return ()
    states = [cell.number("units", 0) for cell in cells for _ in range(2 if cell.kind == "LSTMCell" else 1)]
    return _of_rnn(call, cells[-1].number("units", 0), states)


def _bidirectional(call: Call) -> Shapes:
    wrapped = inner(call)
    found = output_shapes(wrapped)
    if not found or found[0] is None:
        return ()
    mode = call.config.get("merge_mode", "concat")
    first = found[0]
    if mode is None:
        return (first, first, *found[1:], *found[1:])
    if mode == "concat":
        first = (*first[:-1], None if first[-1] is None else 2 * first[-1])
    return (first, *found[1:], *found[1:])


def _time_distributed(call: Call) -> Shapes:
    wrapped = inner(call)
    batch, time, *rest = call.first.sizes
    from tflint.forecast.layers.trace import Value

    one = Call(wrapped.kind, wrapped.config, (Value((batch, *rest), call.first.dtype),))
    found = output_shapes(one)
    return tuple(None if shape is None else (shape[0], time, *shape[1:]) for shape in found)


def _conv_lstm(call: Call) -> Shapes:
    from tflint.forecast.layers.trace import Value

    sizes = call.first.sizes
    rank = len(sizes) - 3
    step = Call(f"Conv{rank}D", call.config, (Value((sizes[0], *sizes[2:])),))
    frame = WINDOWS[f"Conv{rank}D"](step)[0]
    if frame is None:
        return ()
    sequence = (frame[0], sizes[1], *frame[1:]) if call.config.get("return_sequences") else frame
    return (sequence, frame, frame) if call.config.get("return_state") else (sequence,)


def _attention(call: Call) -> Shapes:
    query, value = call.inputs[0].sizes, call.inputs[1].sizes
    scores = (*query[:-1], call.inputs[-1].sizes[1] if len(call.inputs) > 2 else value[1])
    output = (*query[:-1], value[-1])
    return (output, scores) if call.arguments.get("return_attention_scores") else (output,)


def _multi_head(call: Call) -> Shapes:
    query, value = call.inputs[0].sizes, call.inputs[1].sizes
    given = call.config.get("output_shape")
    heads = call.number("num_heads" if call.kind == "MultiHeadAttention" else "num_query_heads", 1)
    if given is None:
        output: Shape = query
    else:
        output = (*query[:-1], *([given] if isinstance(given, int) else given))
    if not call.arguments.get("return_attention_scores"):
        return (output,)
    return (output, (query[0], heads, *query[1:-1], *value[1:-1]))


def _encoding(call: Call) -> Shapes:
    """Layers that count, or hash, or look up."""
    mode = call.config.get("output_mode", "int")
    sizes = call.first.sizes
    if call.kind == "HashedCrossing":
        sizes = sizes if mode == "int" else sizes[:-1] if sizes[-1:] == (1,) else sizes
    if mode == "int":
        return (sizes,)
    depth = {
        "CategoryEncoding": lambda: call.number("num_tokens", 0),
        "Hashing": lambda: call.number("num_bins", 0),
        "HashedCrossing": lambda: call.number("num_bins", 0),
        "Discretization": lambda: len(call.config["bin_boundaries"]) + 1,
    }.get(call.kind)
    if depth is None:
        return ()
    if call.kind == "HashedCrossing":
        return ((*sizes, depth()),)
    if mode == "one_hot":
        return ((*(sizes[:-1] if sizes[-1] == 1 else sizes), depth()),)
    return ((*sizes[:-1], depth()),)


def _lookup(call: Call) -> Shapes:
    mode = call.config.get("output_mode", "int")
    if mode == "int":
        return (call.first.sizes,)
    words = call.config.get("vocabulary")
    if not isinstance(words, list) or call.config.get("pad_to_max_tokens"):
        return ()
    depth = len(words) + call.number("num_oov_indices", 1)
    sizes = call.first.sizes
    if mode == "one_hot":
        return ((*(sizes[:-1] if sizes[-1] == 1 else sizes), depth),)
    return ((*sizes[:-1], depth),)


def _text(call: Call) -> Shapes:
    if call.config.get("output_mode", "int") != "int":
        return ()
    length = call.config.get("output_sequence_length")
    return ((call.first.sizes[0], length if isinstance(length, int) else None),)


def _wrapped(call: Call) -> Shapes:
    return output_shapes(inner(call))


UNCHANGED = frozenset(
    """
    Activation ActivityRegularization AlphaDropout AutoContrast AugMix BatchNormalization CutMix Dropout ELU
    Equalization GaussianDropout GaussianNoise GroupNormalization Identity LayerNormalization LeakyReLU Masking MixUp
    Normalization PReLU RMSNormalization RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter
    RandomContrast RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue
    RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear
    RandomCrop RandomTranslation RandomZoom ReLU Rescaling Softmax Solarization SpatialDropout1D SpatialDropout2D
    SpatialDropout3D SyncBatchNormalization ThresholdedReLU UnitNormalization
    """.split()
)
"""Layers that give the shape that they are given."""
_KEEPS_TYPE = frozenset({"Flatten", "Reshape", "Permute", "Identity", "Dropout"})
_LOOKUPS = frozenset(
    {"IntegerLookup", "StringLookup", "TextVectorization", "Hashing", "HashedCrossing", "Discretization"}
)
_RULES: Mapping[str, Callable[[Call], Shapes]] = {
    **dict.fromkeys(UNCHANGED, _same),
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), _merge),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), _recurrent),
    **dict.fromkeys(("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), _conv_lstm),
    **dict.fromkeys(("Attention", "AdditiveAttention"), _attention),
    **dict.fromkeys(("MultiHeadAttention", "GroupQueryAttention"), _multi_head),
    **dict.fromkeys(("CategoryEncoding", "Hashing", "HashedCrossing", "Discretization"), _encoding),
    **dict.fromkeys(("IntegerLookup", "StringLookup"), _lookup),
    **{kind: rule for kind, rule in WINDOWS.items() if kind != "RandomCrop"},
    "Bidirectional": _bidirectional,
    "Concatenate": _concatenate,
    "Dense": _last("units"),
    "Dot": _dot,
    "EinsumDense": _einsum,
    "Embedding": _embedding,
    "Flatten": _flatten,
    "Permute": _permute,
    "RNN": _cells,
    "RepeatVector": _repeat,
    "Reshape": _reshape,
    "ReversibleEmbedding": _embedding,
    "SpectralNormalization": _wrapped,
    "TextVectorization": _text,
    "TimeDistributed": _time_distributed,
}
