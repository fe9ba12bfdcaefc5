"""What a model is said to be: by the configuration, by the converter, by the file's name."""

from collections.abc import Iterator
from typing import NamedTuple

from tflint import Context, DType, Severity
from tflint.analysis.flow import entry_graphs
from tflint_rules.quantization.file_names import promise

__all__ = ["Claim", "claims"]

_MODES = {
    "PTQ_FULL_INTEGER": ("int8", "to full integer"),
    "PTQ_INT16": ("int16x8", "to 16-bit activations"),
    "PTQ_FLOAT16": ("float16", "to float16"),
    "PTQ_DYNAMIC_RANGE": ("dynamic", "with dynamic range"),
    "QUANTIZATION_AWARE_TRAINING": ("trained", "from quantization-aware training"),
}
"""What the converter writes of a conversion -> the precision that it promises, and the words for it."""
_RENAME = " Or give the file another name."


class Claim(NamedTuple):
    """A promised precision, who promises it, how bad it is to break it, and what else than converting would help."""

    precision: str
    by: str
    severity: Severity
    also: str = ""


def claims(ctx: Context) -> Iterator[Claim]:
    """What is promised of the precision: by the configuration; else by the converter, and by the file's name."""
    expected = ctx.expectations.precision
    if expected is not None:
        yield Claim(expected, f"the configuration expects {expected}", Severity.ERROR)
        return
    modes = ctx.model.conversion.modes if ctx.model.conversion is not None else ()
    mode = next((mode for mode in _MODES if mode in modes), None)
    if mode is not None:
        precision, words = _MODES[mode]
        ends = [tensor for graph in entry_graphs(ctx.model) for tensor in (*graph.inputs, *graph.outputs)]
        may_fall_back = precision in {"int8", "int16x8"} and any(tensor.dtype is DType.FLOAT32 for tensor in ends)
        severity = Severity.WARNING if may_fall_back else Severity.ERROR
        yield Claim(precision, f"the file says that it was converted {words} ({mode})", severity)
    named = promise(ctx.model.path)
    if named is not None:
        precision, words = named
        yield Claim(precision, f"the file's name says '{words}'", Severity.WARNING, _RENAME)
