"""How a model breaks what is promised of its precision."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tflint import Op, Tensor
from tflint.analysis.phrases import count, listed, share, size
from tflint.analysis.precision import Precision, Profile, mac_share

__all__ = ["Breach", "breach"]

_LARGE = 1024
"""The converter leaves weights with fewer elements in float.

Source: LiteRT f67457790, tflite/converter/quantization/common/quantization_lib/quantization_config.h.
"""
_FLOAT = (Precision.FLOAT, Precision.HYBRID)
_INTEGER = (Precision.HYBRID, Precision.INT8, Precision.INT16)


_DEFAULT = "optimizations = [tf.lite.Optimize.DEFAULT]"
_WIDTH = "Convert again with target_spec.supported_ops = [tf.lite.OpsSet.{}]."
_AGAIN = {
    "float32": "Convert again without optimizations.",
    "float16": f"Convert again with {_DEFAULT} and target_spec.supported_types = [tf.float16].",
    "dynamic": f"Convert again with {_DEFAULT} and no representative dataset.",
    "trained": f"Convert again with {_DEFAULT}.",
    "int8": _WIDTH.format("TFLITE_BUILTINS_INT8"),
    "int16x8": _WIDTH.format("EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8"),
    "some int8": f"Convert again with {_DEFAULT}, and with a representative dataset for integer values.",
}


class Breach(NamedTuple):
    """How a promise is broken, as the first half of a sentence, and the ops or tensors where.

    `help` is empty where ops were left in float: what to do about that depends on the op.
    """

    fact: str
    places: tuple[Op | Tensor, ...]
    help: str


def breach(promised: str, known: Profile) -> Breach | None:
    """How a model breaks the promise to be of a precision; None where it keeps it."""
    return _CHECKS[promised](known)


def _int8(known: Profile) -> Breach | None:
    if known.ops[Precision.INT16] and not known.ops[Precision.INT8]:
        return _stray(known, (Precision.INT16,), "on 16-bit integers", _AGAIN["int8"])
    return _left_in_float(known)


def _int16(known: Profile) -> Breach | None:
    if known.ops[Precision.INT8] and not known.ops[Precision.INT16]:
        return _stray(known, (Precision.INT8,), "on 8-bit integers", _AGAIN["int16x8"])
    return _left_in_float(known)


def _left_in_float(known: Profile) -> Breach | None:
    return _stray(known, _FLOAT, "on float values", "")


def _float32(known: Profile) -> Breach | None:
    if known.float16:
        number = count(len(known.float16), "constant is", "constants are")
        return Breach(f"{number} stored as float16", known.float16, _AGAIN["float32"])
    return _stray(known, _INTEGER, "with integers", _AGAIN["float32"])


def _float16(known: Profile) -> Breach | None:
    if known.float16:
        return None
    return _stray(known, _INTEGER, "with integers", _AGAIN["float16"]) or _float_weights(known, "float16")


def _dynamic(known: Profile) -> Breach | None:
    if known.ops[Precision.HYBRID]:
        return None
    if not known.integer_weights:
        return _float_weights(known, "dynamic")
    return None if known.ops[Precision.FLOAT] else _stray(known, _INTEGER, "on integers only", _AGAIN["dynamic"])


def _trained(known: Profile) -> Breach | None:
    if any(known.ops[each] for each in _INTEGER):
        return None
    return _stray(known, _FLOAT, "on float values, and none on integers", _AGAIN["trained"])


def _integer_values(known: Profile) -> Breach | None:
    if known.ops[Precision.INT8] or known.ops[Precision.INT16]:
        return None
    return _stray(known, _FLOAT, "on float values, and none on integers only", _AGAIN["some int8"])


def _some_int8(known: Profile) -> Breach | None:
    if known.integer_weights or any(known.ops[each] for each in _INTEGER):
        return None
    return _stray(known, _FLOAT, "on float values, and there is no integer weight", _AGAIN["some int8"])


def _some_int16(known: Profile) -> Breach | None:
    if known.ops[Precision.INT16]:
        return None
    if known.ops[Precision.INT8]:
        return _stray(known, (Precision.INT8,), "on 8-bit integers, and none on 16-bit ones", _AGAIN["int16x8"])
    return _stray(known, _FLOAT, "on float values, and none on 16-bit integers", _AGAIN["int16x8"])


_CHECKS: Mapping[str, Callable[[Profile], Breach | None]] = {
    "int8": _int8,
    "int16x8": _int16,
    "float32": _float32,
    "float16": _float16,
    "dynamic": _dynamic,
    "trained": _trained,
    "integer values": _integer_values,
    "some int8": _some_int8,
    "some int16": _some_int16,
}
"""What is promised -> how it is checked.

The weaker promises: `trained` is kept by any op with integers, `integer values` by any on integers only, `some int8` by
any integer weight, `some int16` by any op on 16-bit integers.
"""


def _stray(known: Profile, precisions: tuple[Precision, ...], on_what: str, cured_by: str) -> Breach | None:
    """The ops of some precisions, as what should not be there."""
    ops = tuple(
        sorted((op for each in precisions for op in known.ops[each]), key=lambda op: (op.graph_index, op.index))
    )
    if not ops:
        return None
    part = mac_share(ops, known.all_ops)
    macs = "" if part is None else f" ({share(part, 1)} of the multiply-accumulates)"
    kinds = Counter(op.kind for op in ops).most_common()
    names = listed((kind if number == 1 else f"{kind} ({number:,})" for kind, number in kinds), at_most=8)
    work = "works" if len(ops) == 1 else "work"
    return Breach(f"{len(ops):,} of {count(known.total, 'op')}{macs} {work} {on_what}: {names}", ops, cured_by)


def _float_weights(known: Profile, promised: str) -> Breach | None:
    """The weights that are float32 where some other kind was promised, and there is none of it."""
    large = tuple(tensor for tensor in known.float_weights if tensor.elements >= _LARGE)
    if not large or not known.is_whole:
        return None
    wanted = "an integer" if promised == "dynamic" else promised
    held = size(sum(tensor.nbytes or 0 for tensor in large))
    tensors = count(len(large), "float32 weight tensor takes", "float32 weight tensors take")
    return Breach(f"No constant is {wanted}, and {tensors} {held}", large, _AGAIN[promised])
