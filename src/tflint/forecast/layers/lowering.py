"""A Keras model, layer by layer, as the ops that the converter makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tflint.forecast.layers.activations import ACTIVATION_LAYERS
from tflint.forecast.layers.attention import ATTENTION
from tflint.forecast.layers.convolution import CONVOLUTIONS
from tflint.forecast.layers.dense import DENSE
from tflint.forecast.layers.fusing import fuse
from tflint.forecast.layers.merging import MERGING
from tflint.forecast.layers.operations import operation
from tflint.forecast.layers.pooling import POOLINGS
from tflint.forecast.layers.preprocessing import PREPROCESSING
from tflint.forecast.layers.recurrent import RECURRENT
from tflint.forecast.layers.shapes import inner, output_dtype, output_shapes
from tflint.forecast.layers.space import SPACE
from tflint.forecast.layers.trace import HOLE, Call, Cannot, Layers, Node, Trace, Value
from tflint.forecast.layers.training import TRAINING, VANISHING, in_training
from tflint.forecast.status import Status
from tflint.model import DType, Graph, Op, Tensor

__all__ = ["HOLE", "LAYERS", "Layers", "lower"]

_Lowering = Callable[[Trace, Call], Value | tuple[Value, ...]]


def lower(graph: Graph, major: int = 3) -> Layers:
    """What the converter makes of a graph of layers. `major` is the version of Keras that wrote it."""
    trace = Trace()
    trace.major = major
    found = Layers(trace)
    values: dict[Tensor, Value] = {}
    for tensor in graph.inputs:
        dtype = DType.FLOAT32 if tensor.dtype is DType.UNKNOWN else tensor.dtype
        values[tensor] = Value(tensor.shape if tensor.has_rank else None, dtype)
    trace.inputs = [values[tensor] for tensor in graph.inputs]
    for op in graph.ops:
        inputs = tuple(_given(tensor, values) for tensor in op.inputs if tensor is not None)
        outputs = _layer(trace, op, inputs, found, major)
        values.update(zip(op.outputs, outputs, strict=True))
    trace.outputs = [_given(tensor, values) for tensor in graph.outputs]
    for each in trace.graphs:
        fuse(each)
    found.collect()
    return found


def _given(tensor: Tensor, values: dict[Tensor, Value]) -> Value:
    if tensor not in values:
        values[tensor] = Value(tensor.shape if tensor.has_rank else None, tensor.dtype)
    return values[tensor]


def _layer(trace: Trace, op: Op, inputs: tuple[Value, ...], found: Layers, major: int) -> list[Value]:
    """The values that a layer gives."""
    trace.layer = op
    before, graphs = len(trace.nodes), len(trace.graphs)
    call = call_of(op, inputs)
    try:
        made = _lowered(trace, op, call, major)
        outputs = list(made) if isinstance(made, tuple) else [made]
        found.said[op] = max(trace.told.get(op, ()), key=lambda told: told[0].rank, default=(Status.BUILTIN, ""))
    except Cannot as reason:
        del trace.nodes[before:], trace.graphs[graphs:]
        found.said[op] = (reason.status, f"{_called(op)}: {reason.reason}")
        return _hole(trace, op, call)
    except (ValueError, IndexError, KeyError, TypeError, ZeroDivisionError, AttributeError, OverflowError):
        del trace.nodes[before:], trace.graphs[graphs:]  # a configuration that Keras would not take
        found.said[op] = (Status.UNKNOWN, f"{_called(op)}: its configuration does not fit what it reads")
        return _hole(trace, op, call)
    status, reason_ = found.said[op]
    found.said[op] = (status, f"{_called(op)}: {reason_}" if reason_ else "")
    if len(outputs) < len(op.outputs):
        outputs += [Value(None) for _ in op.outputs[len(outputs) :]]
    masked = any(value.is_masked for value in inputs) and op.kind not in _UNMASKS
    for value in outputs:
        if value not in inputs:
            value.is_masked = value.is_masked or masked
    return outputs[: len(op.outputs)]


def _called(op: Op) -> str:
    return f"{op.kind} '{op.layer or op.name}'"


_UNMASKS = frozenset({"Flatten", "GlobalAveragePooling1D", "GlobalMaxPooling1D", "Reshape", "Dot"})
_OPEN = 1 << 20
"""So much of a configuration is looked at."""


def call_of(op: Op, inputs: tuple[Value, ...]) -> Call:
    """The call of a layer that an op of a Keras file is."""
    options = op.options
    arguments = options.get("call_arguments")
    config = {key: _plain(value) for key, value in options.items()}
    return Call(op.kind, config, inputs, arguments if isinstance(arguments, Mapping) else {})


def _plain(value: Any) -> Any:
    """A tuple of Keras 3 as a list."""
    if isinstance(value, Mapping) and value.get("class_name") == "__tuple__":
        return value.get("items")
    return value


def _hole(trace: Trace, op: Op, call: Call) -> list[Value]:
    """An op of which nothing is known but what it reads and gives."""
    shapes = list(output_shapes(call))
    dtype = output_dtype(call) if call.inputs else DType.UNKNOWN
    outputs = []
    for place, tensor in enumerate(op.outputs):
        shape = shapes[place] if place < len(shapes) else tensor.shape if tensor.has_rank else None
        outputs.append(Value(shape, dtype if tensor.dtype is DType.UNKNOWN else tensor.dtype))
    kind = f"KERAS_{op.kind.upper()}"
    trace.nodes.append(Node(kind, list(call.inputs), outputs, {HOLE: op.kind}, op, is_custom=True))
    return outputs


def _lowered(trace: Trace, op: Op, call: Call, major: int) -> Value | tuple[Value, ...]:
    """What a layer becomes.

    Raises:
        Cannot: it is not known, or becomes nothing.
    """
    if op.is_custom:
        raise Cannot(Status.UNKNOWN, "it is somebody's own class, and only its code tells what it does")
    policy = output_dtype(call) if call.inputs else DType.FLOAT32
    module = str(op.options.get("module", ""))
    if ".ops" in module:
        return operation(trace, call)
    lowering = LAYERS.get(op.kind)
    if lowering is None:
        raise Cannot(Status.UNKNOWN, _WHY.get(op.kind, "it is no layer that is known"))
    if policy in (DType.FLOAT16, DType.BFLOAT16, DType.FLOAT64) and op.kind not in VANISHING:
        return _other_width(trace, op, call, policy)
    if in_training(call, major):
        training = TRAINING.get(op.kind)
        if training is not None:
            return training(trace, call)
    return lowering(trace, call)


_WHY = {
    "Lambda": "only its Python code tells what it does",
    "TorchModuleWrapper": "it runs PyTorch",
    "JaxLayer": "it runs JAX",
    "FlaxLayer": "it runs JAX",
    "TFSMLayer": "it runs another SavedModel",
}


def _other_width(trace: Trace, op: Op, call: Call, policy: DType) -> Value | tuple[Value, ...]:
    """A layer that does not compute in float32: what has a kernel in TensorFlow alone needs Flex."""
    shapes = output_shapes(call)
    names = _WIDE_FLEX.get(op.kind)
    if names is None or not shapes:
        raise Cannot(Status.UNKNOWN, f"it computes in {policy.value}")
    y = call.first
    for name in names:
        y = trace.flex(
            name,
            [y],
            shapes[0],
            f"it computes in {policy.value}, for which {name} has a kernel in TensorFlow alone",
            policy,
        )
    return y


_WIDE_FLEX: Mapping[str, Sequence[str]] = {
    "Conv1D": ("Conv2D",),
    "Conv2D": ("Conv2D",),
    "Conv2DTranspose": ("Conv2DBackpropInput",),
    "Conv3D": ("Conv3D",),
    "Dense": ("MatMul",),
    "DepthwiseConv2D": ("DepthwiseConv2dNative",),
    "SeparableConv2D": ("DepthwiseConv2dNative", "Conv2D"),
}


def _nothing(_trace: Trace, call: Call) -> Value | tuple[Value, ...]:
    return call.inputs if len(call.inputs) > 1 else call.first


def _wrapped(trace: Trace, call: Call) -> Value | tuple[Value, ...]:
    """A wrapper that adds nothing to its layer when the model runs."""
    return _known(trace, inner(call))


def _known(trace: Trace, call: Call) -> Value | tuple[Value, ...]:
    lowering = LAYERS.get(call.kind)
    if lowering is None:
        raise Cannot(Status.UNKNOWN, f"{call.kind[:60]}, which it wraps, is not known")
    return lowering(trace, call)


def _time_distributed(trace: Trace, call: Call) -> Value:
    """The layer once for each step."""
    x = call.first
    batch, time, *rest = x.sizes
    wrapped = inner(call)
    if time is None:
        raise Cannot(Status.UNKNOWN, "it runs its layer for an open number of steps")
    if time > _MOST_STEPS:
        raise Cannot(Status.BUILTIN, f"its layer is there {time} times")
    major = trace.transpose(x, [1, 0, *range(2, x.rank)])
    outputs = []
    for step in range(time):
        part = trace.strided(
            major,
            (batch, *rest),
            shrink=1,
            begin=[step, *[0] * (x.rank - 1)],
            end=[step + 1, *[0] * (x.rank - 1)],
            end_mask=(1 << x.rank) - 2,
        )
        made = _known(trace, Call(wrapped.kind, wrapped.config, (part,)))
        outputs.append(made[0] if isinstance(made, tuple) else made)
    packed = trace.emit("PACK", outputs, (time, *outputs[0].sizes), outputs[0].dtype, values_count=time, axis=0)
    return trace.transpose(packed, [1, 0, *range(2, packed.rank)])


_MOST_STEPS = 512


def _pipeline(trace: Trace, call: Call) -> Value | tuple[Value, ...]:
    held = call.config.get("layers")
    made: Value | tuple[Value, ...] = call.first
    for each in held if isinstance(held, Iterable) else ():
        values = made if isinstance(made, tuple) else (made,)
        made = _known(trace, inner(Call("", {"layer": each}, values)))
    return made


LAYERS: Mapping[str, _Lowering] = {
    **ACTIVATION_LAYERS,
    **ATTENTION,
    **CONVOLUTIONS,
    **DENSE,
    **MERGING,
    **POOLINGS,
    **RECURRENT,
    **SPACE,
    **dict.fromkeys(VANISHING, _nothing),
    **PREPROCESSING,
    "Pipeline": _pipeline,
    "SpectralNormalization": _wrapped,
    "TimeDistributed": _time_distributed,
}
"""Class of a layer -> what it becomes."""
