"""What LiteRT's GPU accelerator makes of a whole model."""

from __future__ import annotations

from tflint import Graph, Model, Verdict

__all__ = ["refused_models", "revise"]


def revise(graph: Graph, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    return verdicts


refused_models = ()
