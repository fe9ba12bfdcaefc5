"""Runs a signature of a SavedModel on TensorFlow."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tflint.runners.run import Feeds, Run, Values, names, plain

__all__ = ["run_model", "version"]

_CALLS = re.compile(r"^(?:(?:Stateful)?PartitionedCall(?:_\d+)?/)+")
"""What calling functions puts before the names in them; the converter leaves it out."""


def version() -> str:
    """The runtime and its version. Raises ImportError where it is not installed."""
    import tensorflow

    return f"TensorFlow {tensorflow.__version__}"


def run_model(run: Run, feeds: Feeds) -> None:
    """Run a SavedModel's signature."""
    import tensorflow as tf

    run.stage("load")
    loaded = tf.saved_model.load(run.path)
    signature = loaded.signatures[run.request["signature"]]
    aliases: Sequence[str] = run.request["inputs"]
    outputs: Sequence[str] = run.request["outputs"]
    inside = _pruned(signature, run.request["nodes"]) if run.inside else None
    specs = signature.structured_input_signature[1]

    def work(number: int) -> None:
        fed = {name: tf.constant(value, specs[name].dtype) for name, value in zip(aliases, feeds[number], strict=True)}
        found = signature(**fed)
        values: Values = {f"out_{place}": plain(found[name]) for place, name in enumerate(outputs)}
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
        return {f"node_{place}": plain(each) for place, each in enumerate(computed)} | {"names": names(wanted)}

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
