"""TFL506 flash-budget."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, DType, Finding, Need, Rule, RuleMeta, Severity
from tflint.analysis.phrases import listed, named, share, size


class FlashBudget(Rule):
    """The file is larger than the memory that the device has for it.

    ## What it does

    Compares the size of the file with `flash_kib` of `[tool.tflint.expect]`, in units of 1024 bytes. Says nothing where
    that is not set. The code of the runtime and of its kernels comes on top.

    ## Why it is bad

    On a microcontroller the model is an array in the program: the linker fails, or the model takes the place of what
    else has to be there.

    ## Example

    ```text
    error TFL506 flash-budget
      The file takes 129.6 KiB; the device has 64 KiB for it. The largest constants are 'dense/kernel'
      (128.0 KiB, 99 %) and 'dense/bias' (1.0 KiB, 0.8 %).
      help: Quantize the weights to int8, or raise flash_kib.
      also: tensor 0, 'dense/kernel'; tensor 1, 'dense/bias'
    ```

    ## Fix

    Quantize the weights to int8: `converter.optimizations = [tf.lite.Optimize.DEFAULT]` with a representative dataset.
    Or make the layers with the largest weights narrower. `tflint inspect` lists the constants.

    ## References

    - LiteRT f67457790, tflite/converter/schema/schema.fbs: constants are stored as they are, without compression
    - https://ai.google.dev/edge/litert/microcontrollers/build_convert
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL506", "flash-budget", Severity.ERROR, needs=frozenset({Need.EXPECT}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        limit = ctx.expectations.flash_kib
        found = ctx.model.byte_size
        if limit is None or found <= limit * 1024:
            return
        constants = {tensor.byte_offset: tensor for graph in ctx.graphs for tensor in graph.tensors if tensor.data}
        sizes = {tensor: len(tensor.data or b"") for tensor in constants.values()}
        largest = sorted(sizes, key=lambda tensor: -sizes[tensor])[:3]
        names = listed(f"{named(each)} ({size(sizes[each])}, {share(sizes[each], found)})" for each in largest)
        most = f" The largest constants are {names}." if names else ""
        floats = sum(stored for tensor, stored in sizes.items() if tensor.dtype is DType.FLOAT32)
        cure = "Quantize the weights to int8" if 2 * floats > found else "Make the largest layers narrower"
        yield self.finding(
            ctx.model,
            f"The file takes {found / 1024:,.1f} KiB; the device has {limit:,.10g} KiB for it.{most}",
            help=f"{cure}, or raise flash_kib.",
            related=largest,
            evidence={"bytes": found, "max_bytes": int(limit * 1024)},
        )
