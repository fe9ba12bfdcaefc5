"""TFL305 fp16-dequantize."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, DType, Finding, Op, Rule, RuleMeta, Severity, option
from tflint.analysis.phrases import count, size


@dataclass(frozen=True)
class Fp16Dequantize(Rule):
    """Weights are float16 in the file and float32 in memory: the CPU widens them when the model runs.

    ## What it does

    Counts the float16 constants that a DEQUANTIZE turns into float32, in one finding a model. Silent where
    `precision = "float16"` is in `[tool.tflint.expect]`, and where the model is checked for GPUs alone, which compute
    in float16.

    ## Why it is bad

    Half the file is saved, and no memory: each constant is widened once, in the first run or when XNNPACK takes the
    model, and the copy stays as long as the model is loaded. The built-in kernels read float32 weights from the mapped
    file, and need no memory for them at all. TFLite Micro cannot widen float16.

    ## Example

    ```text
    note TFL305 fp16-dequantize: op 0 DEQUANTIZE, 'dense_0/kernel/real'
      2 float16 constants of 256.0 KiB become float32 when the model runs on a CPU, and the copies
      stay: 512.0 KiB of memory; float16 makes the file smaller, and not the model in memory.
      help: Quantize the weights to 8 bits for a CPU, or say precision = 'float16' in
            [tool.tflint.expect].
      also: op 2 DEQUANTIZE, 'dense_1/kernel/real'
    ```

    ## Fix

    For a GPU nothing: say `precision = "float16"` in `[tool.tflint.expect]`. For a CPU weights of 8 bits make the file
    smaller still, and stay as they are: keep `Optimize.DEFAULT` and leave `target_spec.supported_types` alone.

    ```python
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    ```

    ## References

    - LiteRT f67457790, tflite/kernels/dequantize.cc and tflite/delegates/xnnpack/xnnpack_delegate.cc
    - LiteRT f67457790, tflite/g3doc/performance/post_training_quantization.md: float16 quantization
    - measured with ai-edge-litert 2.3.0: 32 MiB of float16 weights took 64 MiB of memory, with and without XNNPACK
    - https://github.com/tensorflow/tflite-micro/issues/2587
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL305", "fp16-dequantize", Severity.NOTE)
    min_bytes: int = option(64 * 1024, "Copies that take fewer bytes in all pass.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        if ctx.expectations.precision == "float16" or _is_for_gpus(ctx):
            return
        found = {op.outputs[0]: op for graph in ctx.graphs for op in graph.ops if _is_widened(op)}
        copies = sum(tensor.nbytes or 0 for tensor in found)
        if copies < max(self.min_bytes, 1):
            return
        ops = list(found.values())
        stored = sum(given.nbytes or 0 for given in dict.fromkeys(op.input(0) for op in ops) if given is not None)
        become = "becomes" if len(ops) == 1 else "become"
        yield self.finding(
            ops[0],
            f"{count(len(ops), 'float16 constant')} of {size(stored)} {become} float32 when the model runs on a CPU, "
            f"and the copies stay: {size(copies)} of memory; float16 makes the file smaller, and not the model in "
            "memory.",
            help="Quantize the weights to 8 bits for a CPU, or say precision = 'float16' in [tool.tflint.expect].",
            related=ops[1:],
            evidence={"constants": len(ops), "bytes_stored": stored, "bytes_copied": copies},
        )


def _is_for_gpus(ctx: Context) -> bool:
    return bool(ctx.targets) and all(target.name.startswith("gpu") for target in ctx.targets)


def _is_widened(op: Op) -> bool:
    """True of an op that widens a float16 constant."""
    given = op.input(0)
    return (
        op.kind == "DEQUANTIZE"
        and bool(op.outputs)
        and given is not None
        and given.is_constant
        and given.dtype is DType.FLOAT16
    )
