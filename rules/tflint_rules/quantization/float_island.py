"""TFL302 float-island."""

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.islands import Island
from tflint.analysis.phrases import listed, share, size
from tflint.analysis.precision import Precision, mac_share, profile
from tflint.analysis.quantizable import INT8_KINDS, INT16_GAPS
from tflint_rules.quantization.cures import cure
from tflint_rules.quantization.left_in_float import judged_islands, layers_of


class FloatIsland(Rule):
    """Ops in the middle of a quantized model compute in float, because one of them has no integer form.

    ## What it does

    Finds the float ops that stand between integer ops: what they read is dequantized for them, and what they write
    is quantized again. Names the op that forced it, the bytes that cross, and the share of the multiply-accumulates
    that stays in float. Islands that the same kind of op forced are one finding. The float head and tail of a model
    are no islands. A model with more float ops than integer ones that does not claim to be integer is left alone: it
    is mixed on purpose.

    ## Why it is bad

    The converter leaves such ops in float without a word, even when it is told to use integers only. An integer-only
    chip or delegate cannot run them: the model fails there, or falls apart into pieces with a copy at each border.
    On a CPU each border costs a pass over the values, and rounds them.

    ## Example

    ```text
    warning TFL302 float-island: op 2 NEG, 'model/layer_normalization/Neg'
      2 NEG between integer ops, of the layers 'layer_normalization' and 'layer_normalization_1',
      compute in float because the converter has no int8 form of NEG; each run dequantizes 2.0 KiB for
      them and quantizes 2.0 KiB again.
      help: Write 0.0 - x or -1.0 * x instead of -x; instead of LayerNormalization or
            GroupNormalization use a layer that computes (x - mean) * rsqrt(variance + epsilon) *
            gamma + beta, or BatchNormalization.
      also: op 5 NEG, 'model/layer_normalization_1/Neg'
    ```

    ## Fix

    | op | comes from | write instead |
    |---|---|---|
    | NEG | LayerNormalization, GroupNormalization, -x | (x - mean) * rsqrt(variance + epsilon), 0.0 - x |
    | SQUARE | RMSNormalization, UnitNormalization, tf.square | x * x, tf.math.l2_normalize |
    | ELU | activation='elu' | activation='celu' (the same function), 'relu', 'gelu' |
    | POW | tf.pow | x * x * x |
    | CUMSUM | tf.cumsum | tf.matmul with a triangular matrix |
    | ADD_N | tf.add_n | a + b + c |
    | CAST | tf.cast(x > 0, tf.float32) | tf.where(x > 0, 1.0, 0.0) |
    | READ_VARIABLE | tf.Variable that the model assigns | converter._experimental_variable_quantization = True |

    FLOOR, CEIL, ROUND, SIGN, SIN, COS, FLOOR_DIV, FLOOR_MOD and ATAN2 have no integer form at all: move them out of
    the model, or do without.

    ## References

    - LiteRT f67457790, tflite/converter/ir/tfl_ops.td and tflite/converter/tools/optimize/operator_property.cc
    - every row of the table converted with TensorFlow 2.21.0 and Keras 3.15, TFLITE_BUILTINS_INT8
    - https://github.com/tensorflow/tensorflow/issues/48074
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL302", "float-island", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found: dict[tuple[str, ...], list[Island]] = {}
        for island in judged_islands(ctx):
            found.setdefault(_forcing(island), []).append(island)
        for kinds, places in found.items():
            yield self._island(ctx, kinds, places)

    def _island(self, ctx: Context, kinds: tuple[str, ...], places: list[Island]) -> Finding:
        inside = [op for island in places for op in island.ops]
        first = next(op for op in inside if not kinds or op.kind in kinds)
        scheme = places[0].scheme
        enter = sum(tensor.nbytes or 0 for island in places for tensor in island.entering)
        leave = sum(tensor.nbytes or 0 for island in places for tensor in island.leaving)
        part = mac_share(inside, ctx.once(profile, ctx.model).all_ops)
        macs = "" if part is None else f", and {share(part, 1)} of the multiply-accumulates are in float"
        why = (
            f"because the converter has no {scheme} form of {' or '.join(kinds[:3])}" if kinds else "though it need not"
        )
        many = len(inside) > 1
        layers = layers_of(ctx, inside)
        of = f", of the layer{'s' if len(layers) > 1 else ''} {listed(layers)}," if layers else ""
        return self.finding(
            first,
            f"{_kinds(inside)} between integer ops{of} {'compute' if many else 'computes'} in float {why}; each run "
            f"dequantizes {size(enter)} for {'them' if many else 'it'} and quantizes {size(leave)} again{macs}.",
            help=cure(kinds) or _help(kinds),
            related=[op for op in inside if op is not first],
            evidence={
                "kinds": list(kinds),
                "ops": len(inside),
                "islands": len(places),
                "bytes_dequantized": enter,
                "bytes_quantized": leave,
                "macs_share": part,
            },
        )


def _forcing(island: Island) -> tuple[str, ...]:
    """The kinds of the ops that the converter cannot quantize; empty where it could have quantized each."""
    gaps = INT16_GAPS if island.scheme is Precision.INT16 else frozenset()
    forced = (op.kind for op in island.ops if op.is_custom or op.kind not in INT8_KINDS or op.kind in gaps)
    return tuple(dict.fromkeys(forced))


def _kinds(ops: list[Op]) -> str:
    """`2 NEG and 1 SQUARE`, `NEG and SQUARE` where there is one of each: the most frequent first."""
    kinds = Counter(op.kind for op in ops).most_common()
    return listed(kind if kinds[0][1] == 1 else f"{number:,} {kind}" for kind, number in kinds)


def _help(kinds: tuple[str, ...]) -> str:
    if not kinds:
        return "Convert again with ranges for all of these ops, and none of them on the list of ops not to quantize."
    return f"Do without {listed(kinds)} in the quantized part, or move it before the input or behind the output."
