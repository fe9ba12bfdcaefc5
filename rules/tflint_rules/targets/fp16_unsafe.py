"""TFL423 fp16-unsafe."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, DType, Finding, Graph, Need, Op, Rule, RuleMeta, Severity, Tensor, option
from tflint.analysis.phrases import count, listed, named
from tflint.analysis.weights import readable, statistics

_HALF = frozenset({"coreml", "gpu", "gpu-compat", "gpu-mldrift"})
"""The targets that compute in float16 by default, or by that of one of their APIs."""
_INFINITE = 65520.0
"""The least number that float16 rounds to infinity; its largest is 65504."""
_NOTHING = 2.0**-25
"""The largest number that float16 rounds to 0. Source of both: IEEE 754-2019, binary16, ties to even."""
_WEIGHTED = frozenset({"BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MUL", "TRANSPOSE_CONV"})
_GUARDING = frozenset({"ADD", "MAXIMUM"})


@dataclass(frozen=True)
class _Fault:
    op: Op
    constant: Tensor
    value: float
    reader: str = ""
    """The op that has to be kept from 0."""


@dataclass(frozen=True)
class Fp16Unsafe(Rule):
    """A constant does not survive float16, in which a GPU or Core ML computes.

    ## What it does

    Where a GPU target or `coreml` was named, looks at the float32 constants of the ops that it takes: factors and
    weights that float16 rounds to infinity (over 65504), factors that it rounds to 0, and an epsilon that it rounds to
    0, where ADD or MAXIMUM puts it in front of RSQRT, LOG, SQRT and DIV, or of the divisor of a DIV.

    ## Why it is bad

    The same file gives NaN, infinity or zeros on the GPU and the right numbers on the CPU. A mask that is multiplied by
    -1e9 makes NaN of each 0. Without its epsilon, a normalization divides by 0 where all its inputs are alike. LiteRT's
    GPU accelerator computes in float16 by default, the GPU delegate does from Java and Kotlin (from C when it is asked
    to), and so does Apple's Neural Engine.

    ## Example

    ```text
    warning TFL423 fp16-unsafe: op 0 MUL, 'penalty'
      'factor' holds -1e+09, and float16 makes infinity of it; where gpu computes in float16, MUL
      gives infinity or NaN.
      help: Keep the constant within 65504 (-1e4 for a mask), or let the target compute in float32.
    ```

    ## Fix

    Take constants that float16 holds: -1e4 for masks, an epsilon of 1e-4 or more. Or let the GPU compute in float32:
    `setPrecisionLossAllowed(false)`, `inference_priority1` MAX_PRECISION, or `GpuOptions` with precision FP32. That
    costs about half of the speed.

    ## References

    - LiteRT f67457790, ml_drift_delegate/delegate/precision.h, kDefault; litert/cc/options/litert_gpu_options.h,
      SetPrecision; tflite/delegates/gpu/java/src/main/java/org/tensorflow/lite/gpu/GpuDelegateFactory.java,
      precisionLossAllowed (the C API's TfLiteGpuDelegateOptionsV2Default asks for float32)
    - https://apple.github.io/coremltools/docs-guides/source/typed-execution.html
    - https://github.com/tensorflow/tensorflow/issues/43719
    - https://github.com/tensorflow/tensorflow/issues/48671
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL423", "fp16-unsafe", Severity.WARNING, needs=frozenset({Need.TARGET}))
    max_epsilon: float = option(
        _NOTHING, "Largest epsilon that is reported; 6.1e-5 where the GPU makes 0 of subnormal numbers too."
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        huge, factors, guards = list[_Fault](), list[_Fault](), list[_Fault]()
        names: dict[str, None] = {}
        for graph in ctx.graphs:
            for op, targets in _in_half(ctx, graph):
                for constant, value in _constants(ctx, op):
                    reader = _guarded(graph, op) if op.kind in _GUARDING else ""
                    if op.kind in _WEIGHTED and abs(value) >= _INFINITE:
                        huge.append(_Fault(op, constant, value))
                    elif op.kind == "MUL" and abs(value) <= _NOTHING:
                        factors.append(_Fault(op, constant, value))
                    elif reader and abs(value) <= self.max_epsilon:
                        guards.append(_Fault(op, constant, value, reader))
                    else:
                        continue
                    names |= dict.fromkeys(targets)
        half = f"where {listed(names, 4)} {'computes' if len(names) == 1 else 'compute'} in float16"
        for faults, effect, cure in (
            (huge, "{op} gives infinity or NaN", "Keep the constant within 65504 (-1e4 for a mask)"),
            (factors, "all that {op} makes is 0", "Fold the factor into the weights before it"),
            (guards, "{reader} gives infinity or NaN of zeros in front", "Take an epsilon of 1e-4 or more"),
        ):
            if faults:
                first = faults[0]
                yield self._finding(faults, f"{half}, {effect.format(op=first.op.kind, reader=first.reader)}", cure)

    def _finding(self, faults: list[_Fault], effect: str, cure: str) -> Finding:
        first, *others = faults
        made = "infinity" if abs(first.value) >= _INFINITE else "0"
        makes = "makes" if made != "0" or abs(first.value) <= _NOTHING else "may make"
        purpose = f" to keep {first.reader} from 0" if first.reader else ""
        more = f" So it is with {count(len(others), 'more constant')}." if others else ""
        return self.finding(
            first.op,
            f"{named(first.constant)} holds {first.value:.3g}{purpose}, and float16 {makes} {made} of it; "
            f"{effect}.{more}",
            help=f"{cure}, or let the target compute in float32.",
            related=[fault.op for fault in others],
            evidence={"value": first.value, "constants": len(faults)},
        )


def _in_half(ctx: Context, graph: Graph) -> Iterator[tuple[Op, list[str]]]:
    """The ops that end up on targets which compute in float16, with the names of those."""
    placed = {
        target.name: ctx.placement(target, graph).placed
        for target in ctx.targets
        if target.name in _HALF and not target.refusal(ctx.model)
    }
    for index, op in enumerate(graph.ops if placed else ()):
        if op.is_custom or (op.kind not in _WEIGHTED and op.kind not in _GUARDING):
            continue
        targets = [name for name, ops in placed.items() if ops[index] is True]
        if targets:
            yield op, targets


def _constants(ctx: Context, op: Op) -> Iterator[tuple[Tensor, float]]:
    """The float32 constants that an op reads, each with its value that is farthest from 0, where that is not 0."""
    for tensor in op.inputs:
        if tensor is None or tensor.dtype is not DType.FLOAT32:
            continue
        constant = ctx.once(readable, ctx.model).get(tensor)
        figures = None if constant is None else ctx.once(statistics, constant)
        if figures is not None and figures.minimum is not None and figures.maximum is not None:
            value = max(figures.minimum, figures.maximum, key=abs)
            if value:
                yield tensor, value


def _guarded(graph: Graph, op: Op) -> str:
    """What reads the result of an op and must not be given 0."""
    made = op.outputs[0] if op.outputs else None
    for reader in () if made is None else graph.consumers(made):
        if reader.kind in ("LOG", "RSQRT") or (reader.kind == "DIV" and reader.input(1) is made):
            return reader.kind
        if reader.kind == "SQRT" and reader.outputs:
            root = reader.outputs[0]
            if any(each.kind == "DIV" and each.input(1) is root for each in graph.consumers(root)):
                return "DIV"
    return ""
