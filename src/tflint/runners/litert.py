"""Runs a `.tflite` on LiteRT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tflint.runners.run import LONGEST, MOST_CALLS, Feeds, Run, Values, is_too_much, plain

__all__ = ["run_model", "version"]


def version() -> str:
    """The runtime and its version. Raises ImportError where it is not installed."""
    from importlib.metadata import version

    import ai_edge_litert.interpreter  # noqa: F401

    return f"LiteRT {version('ai-edge-litert')}"


def run_model(run: Run, feeds: Feeds) -> None:
    """Run a `.tflite` on one of LiteRT's engines."""
    import warnings

    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    warnings.simplefilter("ignore")
    kernels = {"xnnpack": OpResolverType.BUILTIN, "reference": OpResolverType.BUILTIN_REF}
    run.stage("load")
    interpreter = Interpreter(
        run.path,
        experimental_op_resolver_type=kernels.get(
            run.request.get("kernels", run.engine), OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        ),
        experimental_preserve_all_tensors=bool(run.request.get("watch")),
        num_threads=1,
    )
    details = interpreter.get_input_details()
    batch = run.request.get("batch")
    run.stage("allocate")
    if run.feeds:
        _resize(interpreter, details, feeds[run.feeds[0]], batch)
    interpreter.allocate_tensors()
    run.tell(ops=_ops(interpreter))

    def work(number: int) -> None:
        _set(interpreter, details, feeds[number], batch)
        interpreter.invoke()
        values = _outputs(interpreter)
        if run.request.get("watch"):
            values |= _watched(interpreter, run, number)
        run.save(str(number), values)

    done = run.each(work)
    if done:
        run.tell(again=done[0])
        _again(run, interpreter, details, feeds[done[0]])


def _set(interpreter: Any, details: Sequence[Any], feed: Sequence[Any], batch: int | None = None) -> None:
    """Give the inputs, and forget what was kept of the last ones: each input stands for itself."""
    interpreter.reset_all_variables()
    for detail, value in zip(details, feed, strict=True):
        interpreter.set_tensor(detail["index"], _repeated(value, batch, detail))


def _outputs(interpreter: Any) -> Values:
    details = interpreter.get_output_details()
    return {f"out_{place}": plain(interpreter.get_tensor(each["index"])) for place, each in enumerate(details)}


def _again(run: Run, interpreter: Any, details: Sequence[Any], feed: Sequence[Any]) -> None:
    """Run an input a second time, and through the signature."""
    if run.request.get("repeat"):
        run.stage("repeat")
        _set(interpreter, details, feed)
        interpreter.invoke()
        run.save("repeat", _outputs(interpreter))
    signature = run.request.get("signature")
    if signature:
        run.stage("signature")
        try:
            interpreter.reset_all_variables()
            runner = interpreter.get_signature_runner(signature["key"])
            found = runner(**{name: feed[place] for name, place in signature["inputs"].items()})
        except Exception as reason:  # by position it runs
            run.tell(signature=str(reason)[:LONGEST])
            return
        places = {name: place for place, name in enumerate(signature["outputs"])}
        run.save("signature", {f"out_{places[name]}": plain(each) for name, each in found.items() if name in places})


def _resize(interpreter: Any, details: Sequence[Any], feed: Sequence[Any], batch: int | None) -> None:
    for detail, value in zip(details, feed, strict=True):
        shape = list(_repeated(value, batch, detail).shape)
        if list(detail["shape"]) != shape:
            interpreter.resize_tensor_input(detail["index"], shape, strict=False)


def _repeated(value: Any, batch: int | None, detail: Mapping[str, Any]) -> Any:
    """An input several times, where the model leaves its first dimension open."""
    import numpy

    open_sizes = detail["shape_signature"]
    if not batch or not value.shape or not len(open_sizes) or open_sizes[0] != -1:
        return value
    return numpy.concatenate([value] * batch)


def _watched(interpreter: Any, run: Run, feed: int) -> Values:
    """What is to be known of the values inside: how many are at the ends of their type, and the values themselves."""
    import numpy

    numbers, seen = [], []
    found: Values = {}
    total = 0
    for number in run.request.get("watch", ()):
        try:
            value = interpreter.get_tensor(number)
        except (ValueError, IndexError):  # it has no memory of its own
            continue
        if value.dtype.kind not in "fiub" or not value.size:
            continue
        numbers.append(number)
        seen.append(_seen(value))
        total += value.nbytes
        if feed in run.inside and not is_too_much(total):
            found[f"t_{number}"] = value
    return found | {"watched": numpy.array(numbers, numpy.int64), "seen": numpy.array(seen, float).reshape(-1, 4)}


def _seen(value: Any) -> tuple[float, float, float, float]:
    """Of a value the shares that are not finite, at the low end of their type, at the high end; 1 where all are one."""
    import numpy

    first = value.flat[0]
    constant = float(value.size > 1 and bool((value == first).all()))
    if value.dtype.kind == "f":
        return float(1 - numpy.isfinite(value).mean()), 0.0, 0.0, constant
    if value.dtype.kind == "b":
        return 0.0, 0.0, 0.0, constant
    ends = numpy.iinfo(value.dtype)
    return 0.0, float((value == ends.min).mean()), float((value == ends.max).mean()), constant


def _ops(interpreter: Any) -> list[Any]:
    """The ops of the first graph, and behind them the pieces that a delegate took, with what they read and write."""
    details = getattr(interpreter, "_get_ops_details", None)
    if details is None:
        return []
    listed = [[str(each["op_name"]), _numbers(each["inputs"]), _numbers(each["outputs"])] for each in details()]
    return listed if len(listed) <= MOST_CALLS else []


def _numbers(tensors: Any) -> list[int]:
    return [int(each) for each in tensors]
