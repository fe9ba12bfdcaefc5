"""Single TensorFlow ops to ask the converter about: what feeds them, written down or found by trying.

A case is one op with the shapes, element types and attributes around it. Ops that take anything are fed by trying;
those that want shapes which fit each other have a recipe. A seed decides what is drawn, so that a table made with one
seed is checked with cases of another. Runs under TensorFlow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np

from tf_calls import FEEDABLE, Case, Feed, accepts, inferred, save
from tf_recipes import RECIPES, Drawn, Recipe

__all__ = ["Case", "Feed", "cases", "op_defs", "save", "type_attributes"]

DTYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 8: "complex64",
    9: "int64", 10: "bool", 11: "qint8", 12: "quint8", 13: "qint32", 14: "bfloat16", 15: "qint16", 16: "quint16",
    17: "uint16", 18: "complex128", 19: "float16", 20: "resource", 21: "variant", 22: "uint32", 23: "uint64",
    24: "float8_e5m2", 25: "float8_e4m3fn", 29: "int4", 30: "uint4",
}  # fmt: skip
"""The enumeration DataType of TensorFlow's types.proto."""
PREFERRED = "float32 int32 int64 bool string complex64 float16 float64 uint8 int8 int16".split()


def op_defs() -> dict[str, Any]:
    """Every op that the installed TensorFlow has registered, but for those of its tests."""
    import tensorflow as tf
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python.client import pywrap_tf_session

    found = op_def_pb2.OpList()
    found.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return {each.name: each for each in found.op if hasattr(tf.raw_ops, each.name)}


def type_attributes(definition: Any) -> dict[str, list[str]]:
    """The type attributes of an op, and the types that each may be."""
    found = {}
    for attr in definition.attr:
        if attr.type == "type":
            allowed = [DTYPES.get(each, "?") for each in attr.allowed_values.list.type]
            found[attr.name] = [each for each in allowed or DTYPES.values() if each in FEEDABLE]
    return found


# ------------------------------------------------------------------------------------------------ trying

CONSTANT_NAME = re.compile(
    r"axis|axes|dim|shape|size|perm|paddings|multiples|begin|end|stride|block|crops|num|^k$|depth|reduction|split|"
    r"start|limit|delta|seed|lower|upper|length|bins|shift|rank|diag",
    re.IGNORECASE,
)
"""Integer inputs of these names are sizes and axes, which are constants in most graphs."""
INTEGERS: list[Any] = [
    1, 0, 2, 3, -1, [1], [0], [2], [4], [2, 2], [1, 1], [1, 0], [0, 1], [0, 0], [4, 4], [8, 8], [2, 3], [2, 4, 4, 2],
    [2, 2, 2], [1, 1, 1, 1], [3, 3, 2, 2], [[1, 1], [1, 1]], [[0, 0], [0, 0]], [[0, 0], [1, 1], [1, 1], [0, 0]],
]  # fmt: skip
SHAPES: list[tuple[int, ...]] = [
    (2, 4, 4, 2), (2, 3), (4,), (), (2, 2), (2, 2, 2), (3, 3, 2, 2), (2,), (1,), (1, 4, 4, 3), (2, 4, 4, 4, 2), (4, 4),
    (3,),
]  # fmt: skip
USUAL = {"Tlen": "int32"}
"""Types that graphs have, where the default is another."""
LISTS = {"ksize": [1, 2, 2, 1], "ksizes": [1, 2, 2, 1]}


def cases(
    name: str, definition: Any, rng: Random, wanted: int, sweep: bool = False, run: bool = False
) -> Iterator[Case]:
    """Cases of an op that TensorFlow builds (with `run`, also runs), at most `wanted` beside a sweep over its types.

    Yields nothing where an input cannot be fed: resources, references, functions.
    """
    if any(arg.is_ref for arg in definition.input_arg) or any("func" in attr.type for attr in definition.attr):
        return
    types = type_attributes(definition)
    if sweep:
        wanted += sum(len(each) - 1 for each in types.values())
    found: dict[str, Case] = {}
    recipe = RECIPES.get(name)
    left = 150
    for plan in _plans(definition, types, rng, sweep):
        for _ in range(20 if recipe or found else 150):
            case = _draw(name, definition, plan, rng, recipe, list(found.values()))
            left -= not found
            if case is None or left < 0:
                break
            if case.key in found or not accepts(case, run and recipe is None):
                continue
            found[case.key] = case
            yield case
            break
        if len(found) >= wanted or left < 0:
            return


def _draw(
    name: str, definition: Any, plan: dict[str, str], rng: Random, recipe: Recipe | None, found: list[Case]
) -> Case | None:
    if recipe is not None:
        return _drawn(name, definition, plan, rng, recipe(rng))
    case = _tried(name, definition, plan, rng)
    if case is None or not found or rng.random() < 0.4:
        return case
    return _reshaped(case, rng.choice(found))


def _reshaped(case: Case, like: Case) -> Case:
    """The case with the shapes and values of one that was accepted."""

    def one(feed: Feed, other: Feed) -> Feed:
        if other.constant and feed.dtype == "bool":
            return Feed(other.shape, feed.dtype)
        return Feed(other.shape, feed.dtype, other.value)

    args = {}
    for key, feed in case.args.items():
        other = like.args[key]
        many = isinstance(feed, list)
        if many and len(feed) != len(other):
            return case
        args[key] = [one(a, b) for a, b in zip(feed, other, strict=True)] if many else one(feed, other)
    return replace(case, args=args)


def _plans(definition: Any, types: dict[str, list[str]], rng: Random, sweep: bool) -> Iterator[dict[str, str]]:
    """Choices of the type attributes: the defaults, each value of each alone where it sweeps, then drawn ones."""
    usual = {}
    for attr in definition.attr:
        if attr.type != "type":
            continue
        allowed = types[attr.name]
        default = (
            USUAL.get(attr.name) or DTYPES.get(attr.default_value.type) if attr.HasField("default_value") else None
        )
        usual[attr.name] = default or next(
            (each for each in PREFERRED if each in allowed), allowed[0] if allowed else ""
        )
    yield usual
    if sweep:
        others = [usual | {name: each} for name, allowed in types.items() for each in allowed if each != usual[name]]
        rng.shuffle(others)  # some end the process: another seed gets further
        yield from others
    for _ in range(60):
        drawn = dict(usual)
        for name, allowed in types.items():
            if allowed and rng.random() < (0.45 if name in {"T", "SrcT", "DstT", "dtype"} else 0.3):
                drawn[name] = rng.choice(allowed)
        yield drawn


def _attributes(definition: Any, rng: Random, vary: bool) -> dict[str, Any]:
    """Values for the attributes that are not types: their defaults, or what such an attribute may be."""
    values: dict[str, Any] = {}
    for attr in definition.attr:
        if attr.type in {"type", "list(type)"}:
            continue
        if not attr.HasField("default_value"):
            values[attr.name] = _attribute(attr, rng)
        elif vary and rng.random() < 0.25:
            if attr.type == "bool":
                values[attr.name] = not attr.default_value.b
            elif attr.type == "string" and attr.allowed_values.list.s:
                values[attr.name] = rng.choice(list(attr.allowed_values.list.s)).decode()
    return values


def _attribute(attr: Any, rng: Random) -> Any:
    """A value for an attribute that has no default."""
    least = attr.minimum if attr.has_minimum else 0
    match attr.type:
        case "int":
            return max(rng.choice([1, 2, 2]), least)
        case "string":
            allowed = [each.decode() for each in attr.allowed_values.list.s]
            return rng.choice(allowed) if allowed else {"padding": "SAME"}.get(attr.name, "x")
        case "list(int)":
            if least == 5 and "ksize" in attr.name:
                return [1, 2, 2, 2, 1]
            return LISTS.get(attr.name, [1] * max(least, rng.choice([1, 4])))
        case "bool":
            return rng.random() < 0.5
    return {
        "float": 0.5, "shape": [2], "list(float)": [0.5, 1.5], "list(string)": ["a"], "list(shape)": [[2]],
    }.get(attr.type)  # fmt: skip


def _tried(name: str, definition: Any, plan: dict[str, str], rng: Random) -> Case | None:
    """One draw of shapes and values; None where the op cannot be fed at all."""
    attrs = _attributes(definition, rng, vary=rng.random() < 0.5)
    least = {attr.name: max(1, attr.minimum) for attr in definition.attr}
    lists = {
        attr.name: [rng.choice(["float32", "float32", "int32"])] * max(least[attr.name], rng.randint(1, 2))
        for attr in definition.attr
        if attr.type == "list(type)"
    }
    numbers = {
        arg.number_attr: max(rng.randint(1, 3), least[arg.number_attr])
        for arg in definition.input_arg
        if arg.number_attr
    }
    common = rng.choice(SHAPES)
    together = rng.random() < 0.5
    fixed = rng.random() < 0.25
    args: dict[str, Any] = {}
    for place, arg in enumerate(definition.input_arg):
        if arg.type_list_attr:
            args[arg.name] = [_feed(arg, each, rng, common, together, False) for each in lists[arg.type_list_attr]]
            continue
        dtype = DTYPES.get(arg.type, "?") if arg.type else plan.get(arg.type_attr, "?")
        if dtype not in FEEDABLE:
            return None
        count = numbers.get(arg.number_attr)
        constant = fixed and place > 0
        if count is None:
            args[arg.name] = _feed(arg, dtype, rng, common, together, constant)
        else:
            args[arg.name] = [_feed(arg, dtype, rng, common, together, constant) for _ in range(count)]
    attrs |= {k: v for k, v in plan.items() if k not in inferred(definition)}
    first = len(definition.output_arg) > 1 and rng.random() < 0.4
    for number in numbers:
        attrs.pop(number, None)
    return Case(name, args, attrs, {**plan, **lists}, first)


def _feed(arg: Any, dtype: str, rng: Random, common: tuple[int, ...], together: bool, constant: bool) -> Feed:
    if dtype.startswith(("int", "uint")) and CONSTANT_NAME.search(arg.name):
        value = np.asarray(rng.choice(INTEGERS))
        return Feed(value.shape, dtype, value.tolist())
    shape = common if together else rng.choice(SHAPES)
    if constant and dtype != "string":
        return Feed(shape, dtype, values(shape, dtype, rng))
    return Feed(shape, dtype)


def _drawn(name: str, definition: Any, plan: dict[str, str], rng: Random, drawn: Drawn) -> Case | None:
    """The case of a recipe's draw, with the types of a plan; leading dimensions left open in some."""
    known = {attr.name for attr in definition.attr}
    names = {arg.name: arg for arg in definition.input_arg}
    unasked = [each for each in drawn.args if each not in names]
    missing = [each for each in names if each not in drawn.args]
    given = {key: value for key, value in drawn.args.items() if key in names}
    given |= dict(zip(missing, (drawn.args[each] for each in unasked), strict=False))
    if set(given) != set(names):
        return None
    opened = rng.random() < 0.2
    args: dict[str, Any] = {}
    lead: list[int | None] = []
    for key, value in given.items():
        arg = names[key]
        dtype = DTYPES.get(arg.type, "?") if arg.type else plan.get(arg.type_attr, "?")
        many = value if isinstance(value, list) else [value]
        if dtype not in FEEDABLE:
            return None
        feeds = [_made(kind, what, dtype, rng, opened, lead) for kind, what in many]
        args[key] = feeds if isinstance(value, list) else feeds[0]
    attrs = {key: value for key, value in drawn.attrs.items() if key in known}
    attrs |= {key: value for key, value in plan.items() if key not in inferred(definition)}
    for attr in definition.attr:
        if attr.name not in attrs and attr.name not in inferred(definition) and not attr.HasField("default_value"):
            attrs |= {key: value for key, value in _attributes(definition, rng, vary=False).items() if key == attr.name}
    first = len(definition.output_arg) > 1 and rng.random() < 0.5
    return Case(name, args, attrs, dict(plan), first, "recipe")


def _made(kind: str, what: Any, dtype: str, rng: Random, opened: bool, lead: list[int | None]) -> Feed:
    if kind == "C":
        array = np.asarray(what)
        value = array.astype(dtype).tolist() if dtype not in {"string", "bfloat16"} else array.tolist()
        if dtype == "string":
            value = np.full(array.shape, "a").tolist()
        return Feed(array.shape, dtype, value)
    if kind == "W":
        if dtype == "string":
            return Feed(tuple(what), dtype)
        return Feed(tuple(what), dtype, values(tuple(what), dtype, rng))
    shape = tuple(what)
    if opened and shape:
        if not lead:
            lead.append(shape[0])
        if shape[0] == lead[0]:
            shape = (None, *shape[1:])
    return Feed(shape, dtype)


def values(shape: tuple[int, ...], dtype: str, rng: Random) -> Any:
    """Drawn values that are harmless in any op: small, positive, not all the same."""
    count = int(np.prod(shape))
    if dtype == "bool":
        flat: list[Any] = [rng.random() < 0.5 for _ in range(count)]
    elif dtype.startswith(("int", "uint")):
        flat = [rng.randint(1, 3) for _ in range(count)]
    else:
        flat = [round(rng.uniform(0.1, 0.9), 3) for _ in range(count)]
    array = np.asarray(flat, dtype=object).reshape(shape)
    return array.tolist()
