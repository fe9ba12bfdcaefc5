"""TFL201 select-tf-op."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count, listed
from tflint_rules.conversion.tally import tallied, tally

_PREFIX = "Flex"
_FROM_TEXT = frozenset(
    """
    CaseFoldUTF8 ConstrainedSequence MaxSpanningTree NormalizeUTF8 NormalizeUTF8WithOffsetsMap RegexSplitWithOffsets
    RougeL SentenceFragments SentencepieceDetokenizeOp SentencepieceOp SentencepieceTokenizeOp
    SentencepieceTokenizeWithOffsetsOp SentencepieceVocabSizeOp SplitMergeTokenizeWithOffsets TFText>NgramsStringJoin
    TFText>WhitespaceTokenizeWithOffsetsV2 TokenizerFromLogits UnicodeScriptTokenizeWithOffsets
    WhitespaceTokenizeWithOffsets WordpieceTokenizeWithOffsets
    """.split()
)
"""Ops that TensorFlow itself lacks. Source: LiteRT f67457790, converter/delegates/flex/allowlisted_flex_ops.cc."""


class SelectTfOp(Rule):
    """Ops run on TensorFlow's own kernels, which a plain LiteRT does not have.

    ## What it does

    Lists the ops whose custom code begins with `Flex`, in one finding a model. Only a conversion with `SELECT_TF_OPS`
    writes them, so the finding is a warning. With `expect.ops = "builtin"` it is an error; with `"select"` or `"any"`,
    which say that the ops are wanted, there is none.

    ## Why it is bad

    A plain runtime stops with "Select TensorFlow op(s), included in the given model, is(are) not supported by this
    interpreter". The library that has the kernels takes the runtime on Android from 0.8 to 23 MB, does not exist for
    microcontrollers, and no accelerator takes the ops. Ops of TensorFlow Text have to be linked in besides.

    ## Example

    ```text
    warning TFL201 select-tf-op: op 1 FlexErf, 'head/1'
      3 of 4 ops need TensorFlow's own kernels: FlexErf (2) and FlexCumprod; the model runs only where
      the Select TF ops library is linked in, and not on microcontrollers.
      help: Write the layers with ops that have a builtin kernel, or link the Select TF ops library,
            which makes the runtime some 22 MB larger.
      also: op 2 FlexErf, 'head/2'; op 3 FlexCumprod, 'head/3'
    ```

    ## Fix

    Write the layer with ops that have a builtin kernel; without `SELECT_TF_OPS` the converter says where each of them
    comes from. `FlexTensorList…` goes away with a fixed batch (`keras.Input(shape, batch_size=1)`),
    `FlexFusedBatchNorm…` with `training=False`. Or add the library: `tensorflow-lite-select-tf-ops` on Android,
    `TensorFlowLiteSelectTfOps` on iOS, the `tensorflow` package in Python.

    ## References

    - LiteRT f67457790, tflite/core/interpreter_builder.cc and tflite/delegates/flex/delegate.cc
    - LiteRT f67457790, tflite/g3doc/guide/ops_select.md: the sizes, for Android on 32-bit Arm
    - https://github.com/tensorflow/tensorflow/issues/40157
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL201", "select-tf-op", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        if ctx.expectations.ops in ("select", "any"):
            return
        found = [op for graph in ctx.graphs for op in graph.ops if is_flex(op)]
        if not found:
            return
        expected = ctx.expectations.ops == "builtin"
        total = sum(len(graph.ops) for graph in ctx.graphs)
        kinds = tally(found)
        text = [kind for kind in kinds if kind.removeprefix(_PREFIX) in _FROM_TEXT]
        more = f"; {listed(text)} {'need' if len(text) > 1 else 'needs'} TensorFlow Text as well" if text else ""
        verb = "needs" if len(found) == 1 else "need"
        yield self.finding(
            found[0],
            f"{len(found):,} of {count(total, 'op')} {verb} TensorFlow's own kernels: {tallied(found)}; the model runs "
            f"only where the Select TF ops library is linked in, and not on microcontrollers{more}"
            f"{'; only builtin ops were expected' if expected else ''}.",
            help=" ".join([*_cures(kinds), _CURE]),
            related=found[1:],
            severity=Severity.ERROR if expected else None,
            evidence={"ops": kinds, "tensorflow_text": text},
        )


_CURE = (
    "Write the layers with ops that have a builtin kernel, or link the Select TF ops library, which makes the runtime "
    "some 22 MB larger."
)
_CURES = {
    "FlexTensorList": "Fix the batch of the recurrent layer, keras.Input(shape, batch_size=1).",
    "FlexFusedBatchNorm": "Call batch normalization with training=False.",
}
"""Ops that go away with one change. Source: TensorFlow 2.21's converter, on an LSTM and on a model in training mode."""


def _cures(kinds: dict[str, int]) -> list[str]:
    return [cure for prefix, cure in _CURES.items() if any(kind.startswith(prefix) for kind in kinds)]


def is_flex(op: Op) -> bool:
    """True for a TensorFlow op. Source: LiteRT f67457790, tflite/util.cc, IsFlexOp."""
    return op.is_custom and op.kind.startswith(_PREFIX)
