"""TFL215 tf-op-no-lowering."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count, listed
from tflint.forecast import forecast
from tflint_rules.conversion.layer_walk import KERAS, SOURCES, named_layer
from tflint_rules.conversion.rnn_dynamic_batch import is_open_loop

if TYPE_CHECKING:  # start-up is a feature
    from tflint.forecast import Forecast, OpForecast


class TfOpNoLowering(Rule):
    """The converter has nothing for a layer or an op of the source, or TensorFlow's own kernel alone.

    ## What it does

    Works out what the converter makes of each layer of a Keras model, or each op of a SavedModel, with their types,
    shapes and settings. What becomes nothing, even with `SELECT_TF_OPS`, is an error: the model does not convert. What
    needs `SELECT_TF_OPS` is a warning, an error where `expect.ops` is `builtin`, and nothing where it is `select` or
    `any`. What is not known, as a layer of somebody's own, is not reported.

    ## Why it is bad

    A conversion takes minutes, and ends with *op is neither a custom op nor a flex op*, or with an error of Keras that
    does not name the layer. A model with Select TF ops runs only where TensorFlow's kernels are linked in: the runtime
    grows by some 22 MB, and there is none for microcontrollers.

    ## Example

    ```text
    warning TFL215 tf-op-no-lowering: layer 'maxpooling3d', layers/maxpooling3d, 'maxpooling3d'
      1 layer converts with SELECT_TF_OPS only: MaxPooling3D 'maxpooling3d': pooling over three
      dimensions needs FlexMaxPool3D.
      help: Write it with layers that convert to builtin ops, or convert with SELECT_TF_OPS and link
            the Select TF ops library.
    ```

    ## Fix

    The reason says what the converter stumbles over. Most often another setting will do: no dilation, the channels
    last, interpolation 'bilinear', a fixed size of the input. Else write the layer with others.

    ## References

    - LiteRT f67457790, tflite/converter/transforms and tflite/converter/delegates/flex/allowlisted_flex_ops.cc
    - Tried with TensorFlow 2.21.0 and Keras 3.15.1
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL215", "tf-op-no-lowering", Severity.ERROR, formats=SOURCES)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found = ctx.once(forecast, ctx.model)
        if found is None or any(problem.fatal for problem in ctx.model.problems):
            return  # that it cannot be read is told by unreadable-model
        failing = [each for each in found.ops if each.status == "fails"]
        if failing or found.verdict == "fails":
            yield self._fails(ctx, found, failing)
            return
        flex = [each for each in found.ops if each.status == "flex" and not _is_told_elsewhere(each)]
        if flex and ctx.expectations.ops not in ("select", "any"):
            yield self._flex(ctx, flex)

    def _fails(self, ctx: Context, found: Forecast, failing: list[OpForecast]) -> Finding:
        reasons = list(dict.fromkeys(each.reason for each in failing)) or list(found.reasons)
        return self.finding(
            failing[0].op if failing else ctx.model,
            f"The model does not convert: {_listed(reasons)}.",
            help="Write it with layers that convert to builtin ops.",
            related=[each.op for each in failing[1:]],
            evidence={"ops": _kinds(failing)},
        )

    def _flex(self, ctx: Context, flex: list[OpForecast]) -> Finding:
        expected = ctx.expectations.ops == "builtin"
        what = "layer" if ctx.model.format in KERAS else "op"
        reasons = list(dict.fromkeys(each.reason for each in flex))
        return self.finding(
            flex[0].op,
            f"{count(len(flex), what)} {'converts' if len(flex) == 1 else 'convert'} with SELECT_TF_OPS only"
            f"{'; only builtin ops were expected' if expected else ''}: {_listed(reasons)}.",
            help="Write it with layers that convert to builtin ops, or convert with SELECT_TF_OPS and link the Select "
            "TF ops library.",
            related=[each.op for each in flex[1:]],
            severity=Severity.ERROR if expected else Severity.WARNING,
            evidence={"ops": _kinds(flex)},
        )


def _is_told_elsewhere(each: OpForecast) -> bool:
    """Whether rnn-dynamic-batch or training-mode-layer has a finding on it."""
    return is_open_loop(each) or "training=True" in each.reason


def _listed(reasons: list[str]) -> str:
    return listed((reason.rstrip(".") for reason in reasons), 3)


def _kinds(found: list[OpForecast]) -> list[str]:
    return sorted({_name(each.op) for each in found})


def _name(op: Op) -> str:
    return named_layer(op) if op.layer else op.kind
