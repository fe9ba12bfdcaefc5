"""LiteRT's own kernels: what the TFLite and LiteRT interpreters run on a CPU without any delegate.

Source: LiteRT f67457790, tflite/core/kernels/register.cc for the ops and their versions; element types as
tools/probe_cpu.py found them with the interpreter itself; tflite/core/interpreter_builder.cc for whole models.
"""

from __future__ import annotations

from dataclasses import replace

from tflint import Condition, Graph, Kind, Source, Support, Target, Verdict
from tflint_rules.conversion.custom_ops import IN_EVERY_RUNTIME, runs_with
from tflint_rules.conversion.runtime_table import RUNTIMES
from tflint_rules.targets.tables import cpu_conditions as ask
from tflint_rules.targets.tables.cpu_types import TYPES

__all__ = ["TARGET"]

_BY_HAND: dict[str, Condition] = {
    "SVDF": ask.svdf,
    **dict.fromkeys(("RNN", "UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN"), ask.rnn),
    **dict.fromkeys(("LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM"), ask.lstm),
}
"""Ops whose types are a rule of their own."""
_SHAPED: dict[str, tuple[Condition, ...]] = {
    "FULLY_CONNECTED": (ask.fully_connected,),
    "CONV_2D": (ask.convolution(0, 2, 0),),
    "DEPTHWISE_CONV_2D": (ask.convolution(0, 2, 3),),
    "TRANSPOSE_CONV": (ask.convolution(2, 3, 0),),
    "ADD": (ask.sum_scales, ask.activation_range),
    "SUB": (ask.sum_scales, ask.activation_range),
    **dict.fromkeys(("DIV", "MUL", "AVERAGE_POOL_2D", "MAX_POOL_2D"), (ask.activation_range,)),
}


def _support(kind: str) -> Support:
    versions = RUNTIMES[kind].split()
    first = next(number for number, runtime in enumerate(versions, 1) if runtime != "-")
    typed = _BY_HAND.get(kind, ask.kernel_types if kind in TYPES else None)
    return Support((first, len(versions)), (typed,) if typed is not None else (), _SHAPED.get(kind, ()))


def _revise(graph: Graph, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """Say what a custom op needs that the runtime does not have."""
    return tuple(
        replace(verdict, reason=_foreign(op.kind)) if op.is_custom and verdict.supported is False else verdict
        for op, verdict in zip(graph.ops, verdicts, strict=True)
    )


def _foreign(kind: str) -> str:
    if kind.startswith("Flex"):
        return f"{kind} needs TensorFlow's own kernels: the Select TF ops library"
    known = runs_with(kind)
    return f"{kind} needs {known}" if known else f"{kind} needs a kernel that the program registers itself"


TARGET = Target(
    name="cpu",
    summary="the kernels that LiteRT and TFLite themselves have, on a CPU and without delegates",
    kind=Kind.RUNTIME,
    source=Source(
        "LiteRT f67457790, tflite/core/kernels/register.cc, and ai-edge-litert 2.3.0, asked about each element type",
        "2026-08-21",
        "Ops, versions, and the element types of 150 ops by running them; scales that convolutions, matrix products and "
        "sums stop at; what stops a model when it is loaded. Not checked: shapes, which change when an input is resized,"
        " and values that are known only when the model runs.",
    ),
    ops={**{kind: _support(kind) for kind in RUNTIMES}, **dict.fromkeys(IN_EVERY_RUNTIME, Support())},
    refuses=(ask.schema_version, ask.quantization_fits, ask.constants_fit),
    revise=_revise,
)
