"""What was seen when a model ran, beside what its file shows at the same place: that is the likely cause."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from tflint.finding import Finding, Severity
from tflint.model import Model, Op, Tensor

__all__ = ["with_causes"]


def with_causes(findings: Iterable[Finding], model: Model, of_runs: Collection[str]) -> Iterator[Finding]:
    """The findings, those of a run with the code of what else is reported on the same op.

    `of_runs` are the codes of the rules that judge runs.
    """
    found = list(findings)
    static = [each for each in found if each.code not in of_runs and each.severity >= Severity.WARNING]
    for finding in found:
        cause = None
        if finding.code in of_runs and static:
            places = _places(model, finding.location.address)
            cause = next((each for each in static if _addresses(each) & places), None)
        if cause is None:
            yield finding
            continue
        words = f" {cause.code} {cause.name} is reported at the same op, and is the likely cause."
        evidence = {**finding.evidence, "cause": cause.code}
        yield replace(finding, message=finding.message + words, evidence=evidence)


def _places(model: Model, address: str) -> frozenset[str]:
    """The addresses of an op, of its constants and of what it writes; of nothing where no op stands there."""
    at = model.find(address)
    if isinstance(at, Tensor):
        at = model.graphs[at.graph_index].producer(at)
    if not isinstance(at, Op):
        return frozenset()
    tensors = (*(each for each in at.inputs if each is not None and each.is_constant), *at.outputs)
    return frozenset((at.location.address, *(each.location.address for each in tensors)))


def _addresses(finding: Finding) -> frozenset[str]:
    places = (finding.location, *finding.related)
    return frozenset(each.address for each in places if each.path == finding.location.path and each.address)
