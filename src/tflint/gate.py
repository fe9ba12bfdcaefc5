"""Whether a model may be given to a runtime or the converter: what is damaged, or may run code, is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tflint.analysis.code_risks import code_risks
from tflint.finding import Finding, Severity
from tflint.rule import Context, Rule

__all__ = ["GUARDS", "SECURITY", "refusal"]

INTEGRITY = "TFL1"
SECURITY = "TFL8"
GUARDS = (INTEGRITY, SECURITY)
"""The rules whose errors stand in the way of a conversion, whatever a configuration says of them."""


def refusal(ctx: Context, guards: Iterable[Rule], *, allow_code: bool, verb: str = "converts") -> str:
    """Why the model is not converted or run, empty where nothing stands in the way.

    `guards` are judged with their own severities. With `allow_code`, what is said of security does not count; `verb` is
    what it does then.
    """
    cure = f", and loading it may run code; --allow-code {verb} it nevertheless"
    for rule in guards:
        if ctx.model.format not in rule.meta.formats or (allow_code and rule.meta.code.startswith(SECURITY)):
            continue
        try:
            found = next(_errors(rule, ctx), None)
        except Exception as reason:  # what cannot be judged is not trusted
            return f"{rule.meta.code} could not judge it ({type(reason).__name__})"
        if found is not None:
            more = "" if rule.meta.code.startswith(INTEGRITY) else cure
            return f"{found.code} {found.name} reports an error in it{more}"
    if allow_code:
        return ""
    risk = next(iter(code_risks(ctx.model)), None)
    return "" if risk is None else f"it {risk.what}{cure}"


def _errors(rule: Rule, ctx: Context) -> Iterator[Finding]:
    return (finding for finding in rule.check(ctx) if finding.severity is Severity.ERROR)
