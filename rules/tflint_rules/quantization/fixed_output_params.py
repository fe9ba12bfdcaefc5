"""TFL307 fixed-output-params."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, NamedTuple

from tflint import Context, DType, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count, named, typed
from tflint_rules.quantization.same_scale import one
from tflint_rules.quantization.told import told

_REFUSED = (Severity.ERROR, "so the runtime refuses the model")
_UNREAD = (Severity.ERROR, "and the kernel writes those whatever the file says, so its values are shifted")
_MICRO_REFUSES = (Severity.WARNING, "which LiteRT does not insist on and TensorFlow Lite Micro does")
_MICRO_WRITES = (
    Severity.WARNING,
    "which LiteRT does not insist on and TensorFlow Lite Micro writes whatever the file says",
)
_ARM_WRITES = (
    Severity.WARNING,
    "which LiteRT does not insist on, except that its kernel for 64-bit ARM writes them whatever the file says",
)
_Consequence = tuple[Severity, str]


class Fixed(NamedTuple):
    """The parameters that an op's output has to have, and what another scale or zero point leads to, None for naught.

    `tolerance` is the relative difference of scales that the kernel accepts.
    """

    scale: float
    zero_point: int
    scale_fault: _Consequence | None = _REFUSED
    point_fault: _Consequence | None = _REFUSED
    tolerance: float = 0.0


_LOG2 = 2**1e-3 - 1
_FIXED: Mapping[tuple[str, DType], Fixed] = {
    ("SOFTMAX", DType.INT8): Fixed(1 / 256, -128, tolerance=1e-3),
    ("SOFTMAX", DType.UINT8): Fixed(1 / 256, 0, _ARM_WRITES, _UNREAD),
    ("SOFTMAX", DType.INT16): Fixed(1 / 32768, 0, point_fault=None, tolerance=1e-3),
    ("LOGISTIC", DType.INT8): Fixed(1 / 256, -128, point_fault=_MICRO_REFUSES),
    ("LOGISTIC", DType.UINT8): Fixed(1 / 256, 0, point_fault=None),
    ("LOGISTIC", DType.INT16): Fixed(1 / 32768, 0, point_fault=None),
    ("TANH", DType.INT8): Fixed(1 / 128, 0, _MICRO_WRITES, _MICRO_WRITES),
    ("TANH", DType.INT16): Fixed(1 / 32768, 0, point_fault=None, tolerance=_LOG2),
    ("LOG_SOFTMAX", DType.INT8): Fixed(16 / 256, 127),
    ("LOG_SOFTMAX", DType.UINT8): Fixed(16 / 256, 255),
    ("L2_NORMALIZATION", DType.INT8): Fixed(1 / 128, 0),
    ("L2_NORMALIZATION", DType.UINT8): Fixed(1 / 128, 128),
}
"""What the 8-bit specification and the kernels fix. Zero points of INT16 are for int16-asymmetric.

Source: LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md, tflite/kernels/activations.cc (SigmoidPrepare,
TanhPrepare, SoftmaxPrepare, LogSoftmaxPrepare), tflite/kernels/l2norm.cc, tflite/kernels/internal/quantization_util.cc
(CheckedLog2), tflite/kernels/internal/optimized/optimized_ops.h (SoftmaxInt8LUT); tflite-micro 90b983c2,
tensorflow/lite/micro/kernels/{logistic_common,tanh}.cc. Each was run with ai-edge-litert 2.3.0 on x86-64.
"""


class FixedOutputParams(Rule):
    """The output of SOFTMAX, LOGISTIC, TANH, … has not the scale and zero point that its kernel is made for.

    ## What it does

    Compares the parameters of quantized outputs with the only ones that the specification allows: 1/256 and -128 for
    SOFTMAX and LOGISTIC on INT8, 1/128 and 0 for TANH and L2_NORMALIZATION, 16/256 and 127 for LOG_SOFTMAX, 1/32768 on
    INT16, and their like on UINT8. Differences that the kernel accepts, up to a thousandth, are let pass.

    ## Why it is bad

    Most of these kernels check what they are made for and refuse the model. Those that do not check either follow
    the file, as TANH does in LiteRT, or write their own scale whatever the file says, as it does in TensorFlow Lite
    Micro: then the same model computes different values on each.

    ## Example

    ```text
    error TFL307 fixed-output-params: op 0 SOFTMAX, 'scores'
      The output 'scores' INT8[1, 8] of SOFTMAX has scale 0.0078125 and zero point 0; the
      specification fixes 1/256 and -128, so the runtime refuses the model.
      help: Write scale 0.00390625 and zero point -128, with a QUANTIZE behind it where other
            parameters are needed.
      also: tensor 1, 'scores'
    ```

    ## Fix

    Convert the model again: the converter writes these parameters whatever the calibration saw. A tool of your own has
    to write them too. Where the next op needs another scale, put a QUANTIZE behind the op.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md
    - LiteRT f67457790, tflite/kernels/activations.cc and l2norm.cc; tflite-micro 90b983c2, logistic_common.cc, tanh.cc
    - each case run with ai-edge-litert 2.3.0, with and without XNNPACK
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL307", "fixed-output-params", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found: dict[tuple[str, DType, _Consequence], list[Op]] = {}
        for graph in ctx.graphs:
            for op in graph.ops:
                consequence = None if op.is_custom else _fault(op)
                if consequence is not None:
                    found.setdefault((op.kind, op.outputs[0].dtype, consequence), []).append(op)
        others = told(ctx) if found else frozenset()
        for (kind, dtype, (severity, effect)), ops in found.items():
            own = [op for op in ops if op.outputs[0] not in others]
            if own:
                yield self._finding(own, _FIXED[kind, dtype], severity, effect)

    def _finding(self, ops: list[Op], fixed: Fixed, severity: Severity, effect: str) -> Finding:
        import numpy as np

        op, output = ops[0], ops[0].outputs[0]
        scale, point = one(output.quant) or (0.0, 0)
        more = f" The same is wrong with {count(len(ops) - 1, f'more {op.kind}')}." if len(ops) > 1 else ""
        return self.finding(
            op,
            f"The output {named(output)} {typed(output)} of {op.kind} has scale {np.float32(scale)!s} and zero point "
            f"{point}; the specification fixes 1/{1 / fixed.scale:g} and {fixed.zero_point}, {effect}.{more}",
            help=f"Write scale {fixed.scale:.9g} and zero point {fixed.zero_point}, with a QUANTIZE behind it where "
            "other parameters are needed.",
            related=[*ops[1:], output],
            severity=severity,
            evidence={
                "scale": scale,
                "zero_point": point,
                "fixed_scale": fixed.scale,
                "fixed_zero_point": fixed.zero_point,
                "ops": len(ops),
            },
        )


def _fault(op: Op) -> _Consequence | None:
    """What the output's parameters lead to; None where they are those that are fixed, or nothing comes of it."""
    source, output = op.input(0), op.outputs[0] if op.outputs else None
    if source is None or output is None or source.dtype is not output.dtype:
        return None
    fixed, found = _FIXED.get((op.kind, output.dtype)), one(output.quant)
    if fixed is None or found is None:
        return None
    scale, point = found
    faults = []
    if not abs(scale / fixed.scale - 1) <= fixed.tolerance:
        faults.append(fixed.scale_fault)
    if point != fixed.zero_point:
        faults.append(fixed.point_fault)
    return max((each for each in faults if each is not None), key=lambda each: each[0], default=None)
