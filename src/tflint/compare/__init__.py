"""`--diff`: a model is run beside its source, on the same inputs, in worker processes; and what that shows."""

from __future__ import annotations

from tflint.compare.comparing import Settings
from tflint.compare.session import Session

__all__ = ["Session", "Settings"]
