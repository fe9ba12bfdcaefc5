"""TFL312 per-axis-dim."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from tflint import Context, Finding, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import count, named, typed
from tflint.analysis.quantized import ScaleRead, parameters, scale_reads
from tflint_rules.quantization.weight_uses import WeightUse, uses

_CELLS = ("SVDF", "RNN", "LSTM")
_HELP = "Convert the model again, or write the scales anew with the tool that quantized it."


class PerAxisDimension(Rule):
    """Scales per channel run along a dimension that is not there, is of another size, or is not the kernel's.

    ## What it does

    Compares the quantized dimension and the number of scales of every tensor with its shape, as the runtime does
    when it loads a file. Of weights it also compares the dimension with the one along which the kernel takes its
    scales: 0 of CONV_2D, TRANSPOSE_CONV, FULLY_CONNECTED and EMBEDDING_LOOKUP, 3 of DEPTHWISE_CONV_2D. Where a
    kernel reads one scale for the whole tensor, as SVDF, RNN and LSTM do of their weights, several are reported too.

    ## Why it is bad

    LiteRT refuses to load a file with a dimension that does not exist, even where a single scale makes it
    meaningless, and one whose scales do not fit it. Weights whose scales run along the wrong dimension load where two
    dimensions have the same size, and compute with the wrong scales. A kernel that reads one scale takes several for
    none, or takes the first for all: its results are zeros, or wrong, or it ends the process.

    ## Example

    ```text
    error TFL312 per-axis-dim: tensor 1, 'kernel'
      'kernel' INT8[4, 3, 3, 4] has 4 scales along dimension 3; CONV_2D takes them along dimension 0.
      help: Convert the model again, or write the scales anew with the tool that quantized it.
      also: op 0 CONV_2D, 'y'
    ```

    ## Fix

    Convert again with a current converter. A file made by hand or by another tool needs `quantized_dimension` 0 on
    the weights of CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED, 3 on those of DEPTHWISE_CONV_2D, 0 on every bias, and
    as many scales as that dimension is long, or one.

    ## References

    - LiteRT f67457790, tflite/core/interpreter_builder.cc, ParseQuantization
    - LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,transpose_conv,fully_connected,embedding_lookup}.cc
    - LiteRT f67457790, tflite/kernels/{svdf,basic_rnn,lstm,lstm_eval}.cc
    - https://github.com/tensorflow/tensorflow/issues/66081
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL312", "per-axis-dim", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        outside: dict[tuple[int, int], list[Tensor]] = {}
        unfit: list[Tensor] = []
        for tensor in ctx.once(parameters, ctx.model).tensors:
            quant, sizes = tensor.quant, tensor.default_shape
            assert quant is not None
            if quant.stored_axis < 0 or 0 < len(sizes) <= quant.stored_axis:
                outside.setdefault((len(sizes), quant.stored_axis), []).append(tensor)
            elif quant.axis is not None and sizes and quant.scale.size != sizes[quant.axis]:
                unfit.append(tensor)
        for (rank, axis), tensors in outside.items():
            yield self._outside(rank, axis, tensors)
        if unfit:
            yield self._unfit(unfit, ctx)
        broken = {*unfit, *(tensor for tensors in outside.values() for tensor in tensors)}
        reads = [read for graph in ctx.graphs for read in _misreads(ctx.once(scale_reads, graph))]
        reads += [ScaleRead(use.op, use.weights, None) for use in ctx.once(uses, ctx.model) if _is_cell(use)]
        yield from self._misread([read for read in reads if read.tensor not in broken])

    def _outside(self, rank: int, axis: int, tensors: list[Tensor]) -> Finding:
        first = tensors[0]
        several = _scales(first) > 1
        scales = f"The {_scales(first):,} scales of" if several else "The scale of"
        has = "it has no dimensions" if not rank else "it has dimension 0 only"
        has = f"it has dimensions 0 to {rank - 1}" if rank > 1 else has
        return self.finding(
            first,
            f"{scales} {named(first)} {typed(first)} {'run' if several else 'runs'} along dimension {axis}; {has}, so "
            f"the runtime refuses to load the file.{_also(tensors)}",
            help=_HELP,
            related=tensors[1:],
            evidence={"axis": axis, "rank": rank, "tensors": len(tensors)},
        )

    def _unfit(self, tensors: list[Tensor], ctx: Context) -> Finding:
        first = tensors[0]
        axis, scales = _axis(first), _scales(first)
        misreads = (
            read
            for read in _misreads(ctx.once(scale_reads, ctx.model.graphs[first.graph_index]))
            if read.axis is not None
        )
        wanted = next((read for read in misreads if read.tensor is first), None)
        better = "" if wanted is None else f" {wanted.op.kind} takes them along dimension {wanted.axis}."
        return self.finding(
            first,
            f"{named(first)} {typed(first)} has {count(scales, 'scale')} along dimension {axis}, which is "
            f"{first.default_shape[axis]:,} long; as many are needed, or one, and the runtime refuses to load the "
            f"file.{better}{_also(tensors)}",
            help=_HELP,
            related=tensors[1:],
            evidence={"axis": axis, "scales": scales, "size": first.default_shape[axis], "tensors": len(tensors)},
        )

    def _misread(self, reads: list[ScaleRead]) -> Iterator[Finding]:
        wrong: dict[tuple[str, int | None], list[ScaleRead]] = {}
        for read in reads:
            wrong.setdefault((read.op.kind, read.axis), []).append(read)
        for (kind, axis), found in wrong.items():
            tensors = list(dict.fromkeys(read.tensor for read in found))
            first = tensors[0]
            reads_it = f"takes them along dimension {axis}" if axis is not None else "reads one for the whole tensor"
            yield self.finding(
                first,
                f"{named(first)} {typed(first)} has {count(_scales(first), 'scale')} along dimension {_axis(first)}; "
                f"{kind} {reads_it}.{_also(tensors)}",
                help=_HELP if axis is not None else "Quantize the tensor with one scale, per tensor.",
                related=[*tensors[1:], found[0].op],
                evidence={"axis": _axis(first), "expected": axis, "tensors": len(tensors)},
            )


def _also(tensors: list[Tensor]) -> str:
    return f" The same is wrong with {count(len(tensors) - 1, 'more tensor')}." if len(tensors) > 1 else ""


def _misreads(reads: Iterable[ScaleRead]) -> Iterator[ScaleRead]:
    """The reads of several scales along another dimension than the kernel's, or where it reads one."""
    for read in reads:
        quant = read.tensor.quant
        if quant is not None and quant.axis is not None and quant.axis != read.axis and quant.details is None:
            yield read


def _is_cell(use: WeightUse) -> bool:
    """True where several scales meet a recurrent cell, which reads one for all of the weights."""
    quant = use.weights.quant
    return use.op.kind.endswith(_CELLS) and quant is not None and quant.axis is not None and quant.details is None


def _axis(tensor: Tensor) -> int:
    return tensor.quant.stored_axis if tensor.quant is not None else 0


def _scales(tensor: Tensor) -> int:
    return tensor.quant.scale.size if tensor.quant is not None else 0
