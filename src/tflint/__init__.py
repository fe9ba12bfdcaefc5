"""tflint, the linter for models on their way from TensorFlow and Keras to TFLite and LiteRT.

This is all that a rule, a pack or a script needs; names are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tflint.conversion import Blamed as Blamed
    from tflint.conversion import ConversionResult as ConversionResult
    from tflint.conversion import Outcome as Outcome
    from tflint.conversion import Recipe as Recipe
    from tflint.engine import check as check
    from tflint.errors import ConfigError as ConfigError
    from tflint.errors import PackError as PackError
    from tflint.errors import ReadError as ReadError
    from tflint.errors import TflintError as TflintError
    from tflint.expectations import Expectations as Expectations
    from tflint.finding import Finding as Finding
    from tflint.finding import Severity as Severity
    from tflint.formats import read as read
    from tflint.model import DType as DType
    from tflint.model import Format as Format
    from tflint.model import Graph as Graph
    from tflint.model import Location as Location
    from tflint.model import Model as Model
    from tflint.model import Op as Op
    from tflint.model import Problem as Problem
    from tflint.model import ProblemKind as ProblemKind
    from tflint.model import QuantParams as QuantParams
    from tflint.model import Shape as Shape
    from tflint.model import Signature as Signature
    from tflint.model import Tensor as Tensor
    from tflint.report import Report as Report
    from tflint.rule import Context as Context
    from tflint.rule import Need as Need
    from tflint.rule import Pack as Pack
    from tflint.rule import Rule as Rule
    from tflint.rule import RuleMeta as RuleMeta
    from tflint.rule import option as option
    from tflint.target import Condition as Condition
    from tflint.target import Kind as Kind
    from tflint.target import Limits as Limits
    from tflint.target import Source as Source
    from tflint.target import Support as Support
    from tflint.target import Target as Target
    from tflint.target import Unknown as Unknown
    from tflint.target import Verdict as Verdict
    from tflint.target import type_code as type_code

__version__ = "0.1.0"

_HOME = {
    "Blamed": "conversion",
    "ConversionResult": "conversion",
    "Outcome": "conversion",
    "Recipe": "conversion",
    "check": "engine",
    "Report": "report",
    "ConfigError": "errors",
    "PackError": "errors",
    "ReadError": "errors",
    "TflintError": "errors",
    "Expectations": "expectations",
    "Finding": "finding",
    "Severity": "finding",
    "read": "formats",
    "DType": "model",
    "Format": "model",
    "Graph": "model",
    "Location": "model",
    "Model": "model",
    "Op": "model",
    "Problem": "model",
    "ProblemKind": "model",
    "QuantParams": "model",
    "Shape": "model",
    "Signature": "model",
    "Tensor": "model",
    "Context": "rule",
    "Need": "rule",
    "Pack": "rule",
    "Rule": "rule",
    "RuleMeta": "rule",
    "option": "rule",
    "Condition": "target",
    "Kind": "target",
    "Limits": "target",
    "Source": "target",
    "Support": "target",
    "Target": "target",
    "Unknown": "target",
    "Verdict": "target",
    "type_code": "target",
}

__all__ = ["__version__", *sorted(_HOME)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'tflint' has no attribute '{name}'")
    value = getattr(import_module(f"tflint.{_HOME[name]}"), name)
    globals()[name] = value
    return value
