"""Which Python code a Keras configuration asks for by name, and what of it is no part of any model."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from tflint.analysis.file_ops import FILE_OPS, PYTHON_OPS
from tflint.analysis.keras_config import Part, clean

__all__ = ["Origin", "Reference", "judged", "references"]


class Origin(Enum):
    """Whose code it is."""

    KERAS = "keras"
    """Keras or TensorFlow, or what every Python has and does no harm."""
    GADGET = "gadget"
    """A function of Keras or TensorFlow that loads, fetches or writes, and computes nothing in a model."""
    SYSTEM = "system"
    """The standard library, or a package that runs code, reaches files or the network."""
    OWN = "own"
    """Anyone's: needed to load the model, and not in it."""


class Reference(NamedTuple):
    """A class or a function by its module and name."""

    part: Part
    module: str
    name: str

    @property
    def full(self) -> str:
        return f"{self.module}.{self.name}" if self.module else self.name


_NON_MODELING = frozenset(
    f"keras.{name}"
    for name in (
        "backend.clear_session config.enable_unsafe_deserialization models.load_model models.model_from_json "
        "models.save_model preprocessing.image_dataset_from_directory preprocessing.image.load_img "
        "preprocessing.image.save_img preprocessing.text_dataset_from_directory saving.deserialize_keras_object "
        "saving.load_model saving.load_weights saving.register_keras_serializable saving.save_model "
        "saving.save_weights saving.serialize_keras_object utils.audio_dataset_from_directory utils.clear_session "
        "utils.deserialize_keras_object utils.get_file utils.image_dataset_from_directory utils.load_img "
        "utils.register_keras_serializable utils.save_img utils.serialize_keras_object "
        "utils.text_dataset_from_directory"
    ).split()
)
"""What Keras itself refuses in a configuration.

Source: Keras 3.15.1, src/saving/serialization_lib.py, NON_MODELING_APIS; refused since 3.15.0.
"""
_KERAS = frozenset({"keras", "tf_keras", "tensorflow", "keras_hub", "keras_cv", "keras_nlp"})
_GADGETS = (
    "keras.datasets.", "keras.src.backend.common.global_state.", "keras.src.datasets.", "keras.src.legacy.saving.",
    "keras.src.saving.", "keras.src.utils.file_utils.", "keras.src.utils.image_utils.", "keras.src.utils.io_utils.",
    "keras.src.utils.model_visualization.", "keras.src.utils.python_utils.", "tensorflow.python.lib.io.",
    "tensorflow.python.framework.load_library.", "tensorflow.python.ops.gen_io_ops.", "tensorflow.python.ops.io_ops.",
    "tensorflow.python.ops.script_ops.", "tensorflow.python.saved_model.",
)  # fmt: skip
"""Where the functions of Keras and TensorFlow stand that load, fetch, write or call back into Python.

Source: the modules of Keras 3.15.1 and TensorFlow 2.21.0; `global_state` as in CVE-2025-9906.
"""
_OPS = ("io.", "saved_model.", "load_library", "load_op_library", "py_function", "numpy_function",
        "keras.models.load_model", "keras.utils.get_file", "keras.utils.save_img", "keras.utils.load_img")  # fmt: skip
"""The like, by the names of TensorFlow's API, which the TFOpLambda of Keras 2 uses too."""
_HARMLESS_IO = frozenset({"io.decode_raw", "io.decode_base64", "io.encode_base64", "io.decode_jpeg", "io.decode_png",
                          "io.decode_image", "io.decode_bmp", "io.decode_gif", "io.decode_and_crop_jpeg",
                          "io.encode_jpeg", "io.encode_png", "io.parse_tensor", "io.parse_example", "io.decode_csv",
                          "io.parse_single_example", "io.serialize_tensor", "io.parse_sequence_example"})  # fmt: skip
_HARMLESS = frozenset(
    "__future__ abc array cmath collections colorsys copy dataclasses datetime decimal enum fractions functools heapq "
    "itertools math numbers random statistics string textwrap types typing uuid warnings".split()
)
"""Modules of the standard library that a layer may use and that reach nothing."""
_RISKY = frozenset(
    "IPython __builtin__ aiohttp cPickle cffi cloudpickle commands dill distutils fabric httplib httpx imp ipykernel "
    "joblib jsonpickle nt paramiko pexpect pip pkg_resources plumbum popen2 posix requests setuptools sh urllib2 "
    "urllib3 yaml".split()
)
"""Packages, and modules of older Pythons, that run code, start processes, or reach files and the network."""
_BUILTINS = frozenset("__import__ breakpoint compile delattr eval exec getattr globals open setattr vars".split())
_LOADERS = {
    "numpy": frozenset({"fromfile", "genfromtxt", "load", "loadtxt", "memmap", "save", "savetxt", "savez", "tofile"}),
    "torch": frozenset({"load", "save"}),
    "operator": frozenset({"attrgetter", "methodcaller"}),
    "functools": frozenset({"partial", "reduce"}),
    "types": frozenset({"CodeType", "FunctionType"}),
}
_TORCH = ("torch.hub", "torch.jit", "torch.utils", "torch.package", "torch.serialization")


def references(parts: Sequence[Part]) -> tuple[Reference, ...]:
    """The classes and functions that the objects of a configuration ask for."""
    found = []
    for part in parts:
        value = part.value
        name = value.get("class_name")
        if not isinstance(name, str):
            continue
        module = value.get("module")
        inner = value.get("config")
        if name == "function" and isinstance(inner, str):
            name = inner
        elif name == "__typespec__":
            name = value.get("spec_name")
        elif name == "TFOpLambda":
            module, name = "tensorflow", part.config.get("function")
        found.append(Reference(part, clean(module), clean(name)))
    return tuple(found)


def judged(reference: Reference) -> Origin:
    """Whose code a reference asks for."""
    module, name = reference.module, reference.name
    top = module.partition(".")[0]
    if top in {"", "__main__"}:
        return _unplaced(reference)
    if top in _KERAS:
        return Origin.GADGET if _is_gadget(reference) else Origin.KERAS
    if top == "builtins":
        return Origin.SYSTEM if name in _BUILTINS else Origin.KERAS
    if name in _LOADERS.get(top, ()) or module.startswith(_TORCH):
        return Origin.SYSTEM
    if top in _HARMLESS or top == "operator":
        return Origin.KERAS
    return Origin.SYSTEM if top in _RISKY or top in sys.stdlib_module_names else Origin.OWN


def _is_gadget(reference: Reference) -> bool:
    """True for what Keras and TensorFlow have beside the parts of a model."""
    api, _, raw = reference.full.removeprefix("tensorflow.").partition("raw_ops.")
    if raw:
        return raw in FILE_OPS or raw in PYTHON_OPS
    if reference.full != api and api.startswith(_OPS):
        return api not in _HARMLESS_IO
    plain = api.replace("tf_keras.", "keras.", 1)
    if plain in _NON_MODELING:
        return True
    is_class = reference.part.value.get("class_name") != "function" and reference.name[:1].isupper()
    return not is_class and (reference.full.startswith(_GADGETS) or plain.startswith(_GADGETS))


def _unplaced(reference: Reference) -> Origin:
    """Whose code it is that is asked for without a module: a registered name says that it is somebody's own."""
    value = reference.part.value
    registered = value.get("registered_name") or value.get("class_name")
    is_own = ">" in str(registered) or reference.module == "__main__"
    is_own = is_own or ("module" in value and not reference.name.startswith("__"))
    return Origin.OWN if is_own else Origin.KERAS
