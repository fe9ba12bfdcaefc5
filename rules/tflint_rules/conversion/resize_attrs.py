"""TFL223 resize-attrs."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count
from tflint.analysis.served import served

_OF_TENSORFLOW = frozenset({"ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic"})
_FIXED, _OPEN, _NEAREST, _SOURCE = (
    "its own kernel does not load {it}, and XNNPACK takes {it} for align_corners alone",
    "the kernel aligns the corners and then shifts the image by part of a pixel",
    "TensorFlow refuses to run {it}, and LiteRT's kernel aligns the corners and then shifts the image",
    "TensorFlow refuses to run {it}, and the converter hands both on",
)


class ResizeAttributes(Rule):
    """An image is resized with align_corners and half_pixel_centers at once, which exclude each other.

    ## What it does

    Looks at the resize ops of `.tflite` files, and of what the signatures of a SavedModel run. Nearest-neighbor ops
    of a `.tflite` file are a warning, the others an error. Ops with neither attribute are left alone: many a model
    was trained with them.

    ## Why it is bad

    `align_corners` puts the outer pixels of the two images on each other, `half_pixel_centers` their edges; there is no
    image with both. "If half_pixel_centers is True, align_corners must be False", says TensorFlow, and so does LiteRT
    where it loads a RESIZE_BILINEAR. XNNPACK, where it is on, takes such an op and aligns the corners: the same file
    runs on one device and stops on another. Where the size is computed as the model runs, nobody looks, and the result
    is neither of the two.

    ## Example

    ```text
    error TFL223 resize-attrs: op 0 RESIZE_BILINEAR, 'y0'
      1 RESIZE_BILINEAR op has both align_corners and half_pixel_centers; its own kernel does not load
      it, and XNNPACK takes it for align_corners alone.
      help: Resize with one of the two: half_pixel_centers as tf.image.resize does, or align_corners.
    ```

    ## Fix

    Resize with one of them: `tf.image.resize` and Keras take half_pixel_centers, PyTorch's
    `interpolate(align_corners=True)` is align_corners alone. A converter that writes both has a bug: update it.

    ## References

    - LiteRT f67457790, tflite/kernels/resize_bilinear.cc, Prepare; internal/reference/resize_nearest_neighbor.h
    - LiteRT f67457790, tflite/delegates/xnnpack/xnnpack_delegate.cc, VisitResizeBilinearNode
    - TensorFlow v2.21.0, tensorflow/core/util/image_resizer_state.h
    - https://github.com/google-ai-edge/litert-torch/issues/158
    - tried with ai-edge-litert 2.3.0: all four settings, with and without XNNPACK
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL223", "resize-attrs", Severity.ERROR, formats=frozenset({Format.TFLITE, Format.SAVED_MODEL})
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        found: dict[tuple[str, str], list[Op]] = {}
        for graph in served(ctx.model) if ctx.model.format is Format.SAVED_MODEL else ctx.graphs:
            for op in graph.ops if graph.intact else ():
                effect = _effect(op)
                if effect and op.options.get("align_corners") and op.options.get("half_pixel_centers"):
                    found.setdefault((op.kind, effect), []).append(op)
        for (kind, effect), ops in found.items():
            one = len(ops) == 1
            yield self.finding(
                ops[0],
                f"{count(len(ops), f'{kind} op')} {'has' if one else 'have'} both align_corners and "
                f"half_pixel_centers; {effect.format(it='it' if one else 'them')}.",
                help="Resize with one of the two: half_pixel_centers as tf.image.resize does, or align_corners.",
                related=ops[1:],
                severity=Severity.WARNING if effect == _NEAREST else None,
                evidence={"ops": len(ops)},
            )


def _effect(op: Op) -> str:
    """What comes of both attributes; empty for an op that does not resize."""
    if op.is_custom:
        return ""
    if op.kind == "RESIZE_BILINEAR":
        size = op.input(1)
        return _FIXED if size is not None and size.is_constant else _OPEN
    if op.kind == "RESIZE_NEAREST_NEIGHBOR":
        return _NEAREST
    return _SOURCE if op.kind in _OF_TENSORFLOW else ""
