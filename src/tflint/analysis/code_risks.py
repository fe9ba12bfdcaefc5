"""What would happen to those who load or run a model: code that runs, files that are read and written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from tflint.analysis.bytecode import Code, bytecode
from tflint.analysis.file_ops import Knows, accesses, python_ops
from tflint.analysis.keras_config import Part, clean, parts, place
from tflint.analysis.module_refs import Origin, Reference, judged, references
from tflint.model import Location, Model

__all__ = ["OTHER_MODELS", "Configured", "Risk", "code_risks", "other_model"]

OTHER_MODELS = {"TFSMLayer": "filepath", "KerasLayer": "handle", "TorchModuleWrapper": "module"}
"""Layers that load a model from elsewhere, or from a pickle -> the setting that names or holds it.

Source: Keras 3.15.1, src/export/tfsm_layer.py and src/utils/torch_utils.py; tensorflow_hub 003869ea, keras_layer.py.
"""


@dataclass(frozen=True, eq=False)
class Configured:
    """What the configuration of a model holds, each worked out once."""

    model: Model

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Its objects, in the order of the file."""
        return parts(self.model)

    @cached_property
    def code(self) -> tuple[Code, ...]:
        """The functions in it that are stored as bytecode."""
        return bytecode(self.parts)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """The classes and functions that it asks for by name."""
        return references(self.parts)


class Risk(NamedTuple):
    """A reason not to load or run a model from a source that is not trusted: `what` follows `It`."""

    what: str
    location: Location


def other_model(part: Part) -> str:
    """The model that a layer loads, as a path or as what it holds; empty where it loads none."""
    return clean(part.config.get(OTHER_MODELS.get(part.kind, "")))


def code_risks(model: Model) -> tuple[Risk, ...]:
    """Why loading a model, converting it or running it may run code that is not the model's computation."""
    held = Configured(model)
    found = [Risk("holds Python bytecode", place(model, code.part)) for code in held.code]
    found += [
        Risk(f"refers to {reference.full}", place(model, reference.part))
        for reference in held.references
        if judged(reference) in {Origin.SYSTEM, Origin.GADGET}
    ]
    found += [
        Risk(f"loads other code, in a {part.kind}", place(model, part)) for part in held.parts if other_model(part)
    ]
    found += [Risk(f"calls Python, in {op.kind}", op.location) for op in python_ops(model)]
    found += [
        Risk(f"{access.verb}s a file of its own choice, in {access.op.kind}", access.op.location)
        for access in accesses(model)
        if access.knows is Knows.FILE
    ]
    return tuple(found)
