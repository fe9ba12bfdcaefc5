"""TFL115 degenerate-weights."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, Finding, Format, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import count, cut, listed, typed
from tflint.analysis.served import served
from tflint.analysis.weights import Statistics, readable, statistics

_KERNELS = frozenset({"kernel", "depthwise_kernel", "pointwise_kernel", "recurrent_kernel", "embeddings", "weights"})
_FRESH: Mapping[str, float] = {"gamma": 1.0, "beta": 0.0, "moving_mean": 0.0, "moving_variance": 1.0}
"""How a batch normalization begins. Source: Keras 3.15.1, src/layers/normalization/batch_normalization.py."""
_STATISTICS = frozenset({"moving_mean", "moving_variance"})
_LEAST = 8
"""A kernel of fewer elements may be one value by chance, or on purpose."""
_ENOUGH = 2
"""So many batch normalizations, all untouched, tell that nobody trained the model."""
_NUMBER = re.compile(r"(_\d+)?(:\d+)?$")
"""What TensorFlow appends to the name of a variable."""


@dataclass(frozen=True)
class _Weight:
    tensor: Tensor
    figures: Statistics
    owner: str
    """What holds it: a layer, or the scope of a variable."""
    role: str
    op: Op | None = None

    @property
    def label(self) -> str:
        return f"'{cut(self.tensor.address or self.tensor.name)}'"

    @property
    def value(self) -> float | None:
        """What all its elements are; None where they differ, or are not finite."""
        figures = self.figures
        if figures.nans or figures.infinities or figures.minimum != figures.maximum:
            return None
        return figures.minimum

    @property
    def is_kernel(self) -> bool:
        return self.role in _KERNELS and len(self.tensor.default_shape) > 1 and self.figures.elements >= _LEAST

    @property
    def may_be_meant(self) -> bool:
        """True of a kernel that adds up or blurs: it has one output, works on each channel by itself, or is fixed."""
        kind = "" if self.op is None else self.op.kind
        if self.op is not None and self.op.options.get("trainable") is False:
            return True
        outputs = self.tensor.default_shape[-2 if "Transpose" in kind else -1]
        return outputs == 1 or "Depthwise" in kind or self.role in ("depthwise_kernel", "recurrent_kernel")


class DegenerateWeights(Rule):
    """Kernels hold one value throughout, or the model has never been trained.

    ## What it does

    Looks in Keras models and SavedModels for kernels and embeddings that are all zeros, or all another value where the
    layer has several outputs. Kernels of fewer than 8 elements are left out; so are sums and blurs: kernels of one
    output, of depthwise convolutions, and of layers that are not to be trained. Where every batch normalization of a
    model is as it was made (two at least), and no bias differs from zero, a note says that the model looks as if it
    was never trained.

    ## Why it is bad

    A layer whose kernel is zero forgets its input. One whose kernel is a single value learns one feature many times
    over. Either comes from an initializer that was not replaced, a checkpoint that was not loaded (`expect_partial`
    and `by_name=True` say nothing of what they miss, `skip_mismatch=True` only warns), or a training that collapsed.
    The model converts and runs, and its answers are worthless.

    ## Example

    ```text
    warning TFL115 degenerate-weights: layers/head/kernel, 'kernel'
      'layers/head/kernel' FLOAT32[16, 4] is all zeros; what is multiplied by it is lost.
      help: Look how the weights of the layer are initialized and loaded, and save the model again.
    ```

    ## Fix

    Load the weights into the model before it is saved, and look what was loaded:
    `model.load_weights(path)` without `by_name` and `skip_mismatch`, `checkpoint.restore(path).assert_consumed()`.

    ## References

    - Keras 3.15.1, src/layers/normalization/batch_normalization.py, BatchNormalization: the initializers
    - Keras 3.15.1, src/models/model.py, load_weights
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL115",
        "degenerate-weights",
        Severity.WARNING,
        formats=frozenset({Format.KERAS, Format.KERAS_H5, Format.SAVED_MODEL}),
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        weights = list(_weights(ctx))
        constant = [(each, each.value) for each in weights if each.is_kernel and each.value is not None]
        zeros = [each for each, value in constant if not value]
        same = [each for each, value in constant if value and not each.may_be_meant]
        if zeros:
            yield self._told(zeros, "all zeros", "what is multiplied by them is lost")
        if same:
            yield self._told(same, f"{same[0].value:.6g} throughout", "their inputs and outputs cannot be told apart")
        fresh = _untouched(weights)
        if fresh:
            yield self.finding(
                ctx.model,
                f"All {len(fresh)} batch normalizations are as they were made (gamma 1, beta 0, mean 0, variance 1), "
                f"and no bias differs from 0; the model looks as if it was never trained.",
                help="Train the model, or load its weights, before it is saved.",
                severity=Severity.NOTE,
                evidence={"batch_normalizations": len(fresh)},
            )

    def _told(self, found: list[_Weight], what: str, effect: str) -> Finding:
        first = found[0]
        if len(found) == 1:
            effect = effect.replace("them", "it").replace("their", "its")
            subject = f"{first.label} {typed(first.tensor)} is {what}"
        else:
            subject = f"{count(len(found), 'kernel')} ({listed(each.label for each in found)}) are {what}"
            subject = subject.replace(what, "each one value throughout") if first.value else subject
        return self.finding(
            first.tensor,
            f"{subject}; {effect}.",
            help="Look how the weights of the layer are initialized and loaded, and save the model again.",
            related=[each.tensor for each in found[1:]],
            evidence={"kernels": [each.tensor.address or each.tensor.name for each in found[:50]]},
        )


def _weights(ctx: Context) -> Iterator[_Weight]:
    """The weights that the layers of a Keras model hold, or that what a SavedModel runs reads, each once."""
    holders = {weight: op for graph in ctx.graphs for op in graph.ops for weight in op.weights}
    for weight, op in holders.items():
        figures = ctx.once(statistics, weight) if weight.dtype.is_float else None
        if figures is not None:
            scope, _, role = weight.name.rpartition("/")
            yield _Weight(weight, figures, f"{op.address}/{scope}", role, op)
    if ctx.model.format is not Format.SAVED_MODEL:
        return
    seen: set[tuple[str, int | None, tuple[int, ...]]] = set()
    for graph in served(ctx.model):
        for tensor in graph.tensors:
            key = (tensor.name, tensor.byte_offset, tensor.default_shape)
            stands_for = ctx.once(readable, ctx.model).get(tensor)
            if key in seen or stands_for is None or not tensor.dtype.is_float or not graph.consumers(tensor):
                continue
            seen.add(key)
            figures = ctx.once(statistics, stands_for if _share(tensor, stands_for) else tensor)
            if figures is not None:
                scope, _, name = tensor.name.rpartition("/")
                yield _Weight(tensor, figures, scope, _NUMBER.sub("", name))


def _share(tensor: Tensor, other: Tensor) -> bool:
    """True where two constants stand in the same file of a SavedModel: their offsets are of that file."""
    return tensor.data is not None and other.data is not None and tensor.data.obj is other.data.obj


def _untouched(weights: list[_Weight]) -> list[str]:
    """The batch normalizations of a model, where none of them and no bias has been trained; else none."""
    owners: dict[str, dict[str, _Weight]] = {}
    for each in weights:
        owners.setdefault(each.owner, {})[each.role] = each
    found = []
    for owner, held in owners.items():
        if held.keys() >= _STATISTICS:
            if any(held[role].value != value for role, value in _FRESH.items() if role in held):
                return []
            found.append(owner)
        elif "bias" in held and "recurrent_kernel" not in held and held["bias"].value != 0:
            return []
    return found if len(found) >= _ENOUGH else []
