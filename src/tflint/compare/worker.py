"""Runs a model on given inputs, in a process of its own: nothing else imports TensorFlow or LiteRT.

Run as a script, with a folder that holds `request.json` and `feeds.npz`. It writes `result.json` there, with what is
being done while it is done, and one `.npz` for each run and input, so that what came before a crash is not lost.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["NO_LIBRARY", "main"]

NO_LIBRARY = 70
"""The exit status that says that the runtime cannot be imported."""
_LONGEST = 20_000
_MOST_KEPT = 256 << 20
"""Values inside a model are kept up to so many bytes for each input."""
_MOST_CALLS = 20_000
_CALLS = re.compile(r"^(?:(?:Stateful)?PartitionedCall(?:_\d+)?/)+")
"""What calling functions puts before the names in them; the converter leaves it out."""
_ARENA = re.compile(r"Arena allocation total (\d+) bytes")

Values = dict[str, Any]
Tell = Callable[..., None]


class _Run:
    """One run of the request: a model, how it is run, and where its values go."""

    def __init__(self, folder: Path, number: int, request: Mapping[str, Any], tell: Tell) -> None:
        self.folder, self.number, self.tell = folder, number, tell
        self.path: str = request["path"]
        self.engine: str = request.get("engine", "")
        self.feeds: Sequence[int] = request["feeds"]
        self.inside: frozenset[int] = frozenset(request.get("inside", ()))
        """The inputs for which the values inside the model are kept."""
        self.request = request

    def save(self, feed: str, values: Values) -> None:
        import numpy

        numpy.savez(self.folder / f"{self.number}-{feed}.npz", **values)

    def each(self, work: Callable[[int], None]) -> list[int]:
        """Do something for each input, and return those that it went well for.

        An input that fails is passed over where another one does not.

        Raises:
            Exception: all of them failed; the first error.
        """
        done: list[int] = []
        first: Exception | None = None
        for number in self.feeds:
            self.stage("invoke", number)
            try:
                work(number)
            except Exception as reason:  # libraries fail in every way there is
                first = first or reason
            else:
                done.append(number)
        if first is not None and not done:
            self.stage("invoke", self.feeds[0])
            raise first
        return done

    def stage(self, stage: str, feed: int | None = None) -> None:
        self.tell(stage=stage, feed=feed)


def _feeds(folder: Path) -> list[list[Any]]:
    """The inputs: for each the values of the model's inputs, in its order."""
    import numpy

    with numpy.load(folder / "feeds.npz", allow_pickle=False) as held:
        found: list[list[Any]] = []
        for name in sorted(held.files, key=lambda each: tuple(map(int, each.split("_")))):
            feed = int(name.split("_")[0])
            while len(found) <= feed:
                found.append([])
            found[feed].append(held[name])
        return found


def _litert(run: _Run, feeds: Sequence[Sequence[Any]]) -> None:
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
    return {f"out_{place}": _plain(interpreter.get_tensor(each["index"])) for place, each in enumerate(details)}


def _again(run: _Run, interpreter: Any, details: Sequence[Any], feed: Sequence[Any]) -> None:
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
            run.tell(signature=str(reason)[:_LONGEST])
            return
        places = {name: place for place, name in enumerate(signature["outputs"])}
        run.save("signature", {f"out_{places[name]}": _plain(each) for name, each in found.items() if name in places})


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


def _watched(interpreter: Any, run: _Run, feed: int) -> Values:
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
        if feed in run.inside and total <= _MOST_KEPT:
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
    return listed if len(listed) <= _MOST_CALLS else []


def _numbers(tensors: Any) -> list[int]:
    return [int(each) for each in tensors]


def _micro(run: _Run, feeds: Sequence[Sequence[Any]]) -> None:  # noqa: ARG001 - called as the others are
    """Load a `.tflite` into TFLite Micro, and tell the arena that it takes."""
    from tflite_micro.python.tflite_micro import runtime

    run.stage("allocate")
    interpreter = runtime.Interpreter.from_file(run.path)
    printed = run.folder / "allocations.txt"
    with printed.open("wb") as file:  # it prints, and returns nothing
        kept = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            interpreter.print_allocations()
        finally:
            os.dup2(kept, 1)
            os.close(kept)
    found = _ARENA.search(printed.read_text(errors="replace"))
    run.tell(arena=None if found is None else int(found[1]))


def _tensorflow(run: _Run, feeds: Sequence[Sequence[Any]]) -> None:
    """Run a SavedModel's signature."""
    import tensorflow as tf

    run.tell(runtime=f"TensorFlow {tf.__version__}")
    run.stage("load")
    loaded = tf.saved_model.load(run.path)
    signature = loaded.signatures[run.request["signature"]]
    names: Sequence[str] = run.request["inputs"]
    outputs: Sequence[str] = run.request["outputs"]
    inside = _pruned(signature, run.request["nodes"]) if run.inside else None
    specs = signature.structured_input_signature[1]

    def work(number: int) -> None:
        fed = {name: tf.constant(value, specs[name].dtype) for name, value in zip(names, feeds[number], strict=True)}
        found = signature(**fed)
        values: Values = {f"out_{place}": _plain(found[name]) for place, name in enumerate(outputs)}
        if number in run.inside and inside is not None:
            values |= inside(fed)
        run.save(str(number), values)

    run.each(work)


def _pruned(signature: Any, nodes: Sequence[str]) -> Callable[[Mapping[str, Any]], Values] | None:
    """What gives the values of these nodes of a signature, its functions inlined and its variables frozen."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    try:
        frozen = convert_variables_to_constants_v2(signature)
    except Exception:  # tables and other state cannot be frozen: its outputs are still compared
        return None
    there: dict[str, Any] = {}
    for op in frozen.graph.get_operations():
        if op.outputs:
            there.setdefault(_CALLS.sub("", op.name), op)
    found = {name: there.get(name) or there.get(name.rstrip("0123456789")) for name in nodes}
    wanted = [name for name, op in found.items() if op is not None]
    fetched = [op.outputs[0] for op in found.values() if op is not None]
    captured = frozen.prune(frozen.inputs, fetched) if fetched else None

    def values(fed: Mapping[str, Any]) -> Values:
        if captured is None:
            return {}
        computed = captured(*[fed[name] for name in _in_order(frozen, fed)])
        return {f"node_{place}": _plain(each) for place, each in enumerate(computed)} | {"names": _names(wanted)}

    return values


def _in_order(frozen: Any, fed: Mapping[str, Any]) -> list[str]:
    """The inputs' names in the order of a frozen function's inputs."""
    left = list(fed)
    found = []
    for tensor in frozen.inputs:
        name = tensor.op.name
        fitting = next((each for each in left if name in (each, f"serving_default_{each}")), None) or left[0]
        left.remove(fitting)
        found.append(fitting)
    return found


def _keras(run: _Run, feeds: Sequence[Sequence[Any]]) -> None:
    """Run a Keras model."""
    if run.request["is_legacy"]:
        import tf_keras as keras

        operations = [keras.layers.Layer]
    else:
        import keras
        from keras.src.ops.operation import Operation

        operations = [Operation, keras.layers.Layer]
    run.tell(runtime=f"Keras {keras.__version__}")
    run.stage("load")
    model = keras.models.load_model(run.path, compile=False, safe_mode=not run.request["allow_code"])
    capture = _Capture()
    for operation in operations if run.inside else ():
        capture.watch(operation)

    def work(number: int) -> None:
        capture.calls = [] if number in run.inside else None
        found = model(_structured(model, feeds[number]), training=False)
        flat = [_plain(each) for each in _flat(found)]
        values: Values = {f"out_{place}": each for place, each in enumerate(flat)}
        if capture.calls is not None:
            values |= capture.values()
        run.save(str(number), values)

    run.each(work)


def _structured(model: Any, values: Sequence[Any]) -> Any:
    """The inputs as a model takes them: one alone, or in the structure that it was built with."""
    import tensorflow as tf

    tensors = getattr(model, "inputs", None) or []
    fed = [
        tf.constant(value, dtype=getattr(tensors[place], "dtype", None) if place < len(tensors) else None)
        for place, value in enumerate(values)
    ]
    structure = getattr(model, "_inputs_struct", None)
    if structure is None:
        structure = getattr(model, "_nested_inputs", None)
    if isinstance(structure, dict) and len(structure) == len(fed):
        names = [getattr(each, "name", "").partition(":")[0] for each in tensors]
        keys = {getattr(each, "name", "").partition(":")[0]: key for key, each in structure.items()}
        return {keys.get(name, name): value for name, value in zip(names, fed, strict=False)}
    return fed[0] if len(fed) == 1 and not isinstance(structure, list) else fed


def _flat(found: Any) -> Iterator[Any]:
    """The tensors of a structure, those of a dictionary in the order of its keys."""
    if isinstance(found, Mapping):
        for key in sorted(found):
            yield from _flat(found[key])
    elif isinstance(found, list | tuple):
        for each in found:
            yield from _flat(each)
    else:
        yield found


class _Capture:
    """What the layers of a model give, in the order of the calls that end."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] | None = None

    def watch(self, kind: Any) -> None:
        """Listen to what a class's `__call__` returns."""
        inner = kind.__call__

        def call(layer: Any, *arguments: Any, **options: Any) -> Any:
            found = inner(layer, *arguments, **options)
            if self.calls is not None and len(self.calls) < _MOST_CALLS:
                self.calls.append((str(layer.name), found))
            return found

        kind.__call__ = call

    def values(self) -> Values:
        names: list[str] = []
        values: Values = {}
        total = 0
        last: Any = None
        for name, found in self.calls or ():
            for each in _flat(found):
                if each is last or not hasattr(each, "shape") or not hasattr(each, "numpy"):
                    continue  # a layer that is an operation, too, is heard twice
                value = _plain(each)
                total += value.nbytes
                if total > _MOST_KEPT or value.dtype.kind not in "fiub":
                    continue
                values[f"node_{len(names)}"] = value
                names.append(name)
                last = each
        return values | {"names": _names(names)}


def _names(names: Sequence[str]) -> Any:
    import numpy

    return numpy.array(json.dumps(list(names)))


def _plain(value: Any) -> Any:
    """A tensor as numpy has it; a ragged or sparse one as a dense one, a type that numpy lacks as float32."""
    import numpy

    if hasattr(value, "to_tensor"):
        value = value.to_tensor()
    if type(value).__name__ == "SparseTensor":
        import tensorflow as tf

        value = tf.sparse.to_dense(value)
    array = numpy.asarray(value.numpy() if hasattr(value, "numpy") else value)
    if array.dtype.kind == "V":  # bfloat16
        return array.astype(numpy.float32)
    if array.dtype.kind == "O":
        return numpy.char.encode(numpy.vectorize(_text, otypes=[str])(array), "utf-8")
    return array


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def main(folder: Path) -> int:
    """Run what the request asks for, and return the exit status."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    told: dict[str, Any] = {"run": request["first"], "stage": "import", "runs": {}}

    def tell(**more: Any) -> None:
        told.update({key: value for key, value in more.items() if key in ("run", "stage", "feed", "done")})
        rest = {key: value for key, value in more.items() if key not in ("run", "stage", "feed", "done")}
        told["runs"].setdefault(str(told["run"]), {}).update(rest)
        target = folder / "result.json"
        target.with_suffix(".new").write_text(json.dumps(told), encoding="utf-8")
        target.with_suffix(".new").replace(target)

    tell()
    kinds = {"litert": _litert, "keras": _keras, "tensorflow": _tensorflow, "tflm": _micro}
    run_with = kinds[request["runtime"]]
    try:
        if request["runtime"] == "litert":
            from importlib.metadata import version

            import ai_edge_litert.interpreter  # noqa: F401

            tell(runtime=f"LiteRT {version('ai-edge-litert')}")
        elif request["runtime"] == "tflm":
            from importlib.metadata import version

            tell(runtime=f"TFLite Micro {version('tflite_micro')}")
        else:
            import tensorflow  # noqa: F401
    except ImportError as reason:
        tell(error={"type": type(reason).__name__, "text": str(reason)[:_LONGEST]})
        return NO_LIBRARY
    feeds = _feeds(folder)
    most = max((feed for each in request["runs"] for feed in each["feeds"]), default=-1)
    feeds += [[] for _ in range(len(feeds), most + 1)]  # of a model that takes no inputs
    for number in range(request["first"], len(request["runs"])):
        tell(run=number, stage="load", feed=None)
        try:
            run_with(_Run(folder, number, request["runs"][number], tell), feeds)
        except Exception as reason:  # libraries fail in every way there is
            tell(
                error={"type": type(reason).__name__, "text": str(reason)[:_LONGEST]},
                failed=told["stage"],
                at=told["feed"],
            )
        tell(ended=True)
    tell(done=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
