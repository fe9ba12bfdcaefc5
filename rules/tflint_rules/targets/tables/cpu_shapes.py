"""What LiteRT's built-in kernels ask of numbers of tensors, ranks, axes and options.

Source: LiteRT f67457790, tflite/kernels: the Prepare function of each kernel; numbers of dimensions as ai-edge-litert
2.3.0 took them.
"""

from __future__ import annotations

from tflint import Condition, Graph, Op
from tflint_rules.targets.tables.tflm_conditions import integers, one_of

__all__ = [
    "RANKS",
    "axis",
    "block_size",
    "listed",
    "no_activation",
    "numbered",
    "one_shape",
    "option",
    "other_dimension",
    "ranks",
    "strides",
]

RANKS: dict[str, tuple[int, int, int]] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "RESIZE_BILINEAR"), (0, 4, 4)),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D", "RESIZE_NEAREST_NEIGHBOR"), (0, 4, 4)),
    **dict.fromkeys(("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"), (0, 3, 4)),
    **dict.fromkeys(("PAD", "PADV2"), (0, 0, 5)),
    **dict.fromkeys(("SQUEEZE", "DYNAMIC_UPDATE_SLICE", "TRANSPOSE"), (0, 0, 8)),
    "BATCH_MATMUL": (0, 2, 5),
    "BIDIRECTIONAL_SEQUENCE_RNN": (0, 3, 3),
    "CONV_3D": (0, 5, 5),
    "CONV_3D_TRANSPOSE": (2, 5, 5),
    "EMBEDDING_LOOKUP": (1, 2, 99),
    "LOCAL_RESPONSE_NORMALIZATION": (0, 4, 4),
    "MATRIX_SET_DIAG": (0, 2, 99),
    "MULTINOMIAL": (0, 2, 2),
    "REVERSE_V2": (0, 1, 8),
    "RFFT2D": (0, 2, 99),
    "TRANSPOSE_CONV": (2, 4, 4),
    "UNIDIRECTIONAL_SEQUENCE_RNN": (0, 3, 3),
    "UNIQUE": (0, 1, 1),
    **dict.fromkeys(
        "ARG_MAX ARG_MIN CONCATENATION CUMSUM GATHER GATHER_ND L2_NORMALIZATION LOG_SOFTMAX MATRIX_DIAG SEGMENT_SUM "
        "SOFTMAX SPLIT_V TOPK_V2 UNPACK WHERE".split(),
        (0, 1, 99),
    ),
    "SPLIT": (1, 1, 99),
}
"""Op -> the slot of an input, and the least and the largest number of dimensions that it may have."""


def ranks(slot: int, lowest: int, highest: int) -> Condition:
    """An input has between so many dimensions."""
    wanted = f"at least {lowest}" if highest == 99 else str(lowest) if lowest == highest else f"{lowest} to {highest}"

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is None or lowest <= len(tensor.default_shape) <= highest:
            return ""
        return f"input {slot} has {len(tensor.default_shape)} dimensions; {wanted} are supported"

    return check


def numbered(name: str, *, outputs: bool) -> Condition:
    """The op has as many outputs, or inputs, as its option says."""
    what = "outputs" if outputs else "inputs"

    def check(op: Op, graph: Graph) -> str:
        found, said = len(op.outputs if outputs else op.inputs), op.options.get(name, 0)
        return "" if found == said else f"it has {found} {what}; its option {name} is {said}"

    return check


def option(name: str, *allowed: str) -> Condition:
    """An option, FLOAT32 where it is left out, is one of these."""

    def check(op: Op, graph: Graph) -> str:
        found = op.options.get(name, "FLOAT32")
        return "" if found in allowed else f"{name} is {found}; {one_of(allowed)} is supported"

    return check


def listed(name: str) -> Condition:
    """An option holds numbers: the runtime does not load the model otherwise. Source: flatbuffer_conversions.cc."""

    def check(op: Op, graph: Graph) -> str:
        return "" if op.options.get(name) else f"its option {name} holds nothing"

    return check


def strides(op: Op, graph: Graph) -> str:
    """Strides are above 0."""
    for name in ("stride_w", "stride_h"):
        if op.options.get(name, 0) <= 0:
            return f"{name} is {op.options.get(name, 0)}; more than 0 is supported"
    return ""


def block_size(op: Op, graph: Graph) -> str:
    """The size of blocks is above 0."""
    found = op.options.get("block_size", 0)
    return "" if found > 0 else f"block_size is {found}; more than 0 is supported"


def other_dimension(op: Op, graph: Graph) -> str:
    """What is reversed, and what it is reversed for, are two dimensions."""
    same = op.options.get("seq_dim", 0) == op.options.get("batch_dim", 0)
    return "seq_dim and batch_dim are one dimension; two are supported" if same else ""


def no_activation(op: Op, graph: Graph) -> str:
    """There is no fused activation."""
    found = op.options.get("fused_activation_function", "NONE")
    return "" if found == "NONE" else f"fused_activation_function is {found}; NONE is supported"


def axis(of: int, where: int | str) -> Condition:
    """The axis, an option or a constant input, is a dimension of input `of`."""

    def check(op: Op, graph: Graph) -> str:
        source = op.input(of)
        found = [int(op.options.get(where, 0))] if isinstance(where, str) else integers(op.input(where))
        rank = 0 if source is None else len(source.default_shape)
        wrong = next((each for each in found or () if not -rank <= each < rank), None)
        return "" if wrong is None else f"axis is {wrong}; input {of} has {rank} dimensions"

    return check


def one_shape(op: Op, graph: Graph) -> str:
    """Both inputs have one shape."""
    first, second = op.input(0), op.input(1)
    if first is None or second is None or len(first.default_shape) == len(second.default_shape):
        return ""
    return f"inputs have {len(first.default_shape)} and {len(second.default_shape)} dimensions; as many are supported"
