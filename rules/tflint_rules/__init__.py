"""The rules that come with tflint: a pack like anyone's, found through the entry point `tflint.packs`."""

from tflint import Pack
from tflint_rules.structure.variable_uninitialised import VariableUninitialised

PACK = Pack(prefix="TFL", rules=(VariableUninitialised,))

__all__ = ["PACK"]
