"""TFL809 path-leak."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Rule, RuleMeta, Severity
from tflint.analysis.code_risks import Configured
from tflint.analysis.leaks import leaks
from tflint.analysis.phrases import count, cut


class PathLeak(Rule):
    """Paths of the machine that the model was made on stand in the file.

    ## What it does

    Looks through names, metadata, text constants, debug information and the configuration of Keras layers for paths in
    somebody's home, on shares, and in storage buckets. Paths that are the same everywhere are left out: `/tmp`, `/usr`,
    installed packages, the users of CI services and notebooks.

    ## Why it is bad

    The model goes to places where nobody should learn the names of users, projects, machines and buckets. And what
    needs such a path is not there on another machine.

    ## Example

    ```text
    note TFL809 path-leak
      '/home/alice/projects/secret/vocab.txt' stands in its configuration; it names the user 'alice'.
      help: Build what you publish in a container, or where paths tell nothing.
    ```

    ## Fix

    Build the release in a container or on CI. Save a SavedModel without debug information
    (`tf.saved_model.SaveOptions(save_debug_info=False)`, the default), and give ops and files neutral names.

    ## References

    - TensorFlow v2.21.0, tensorflow/core/framework/graph_debug_info.proto: the files of each node's traceback
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL809",
        "path-leak",
        Severity.NOTE,
        formats=frozenset({Format.TFLITE, Format.KERAS, Format.KERAS_H5, Format.SAVED_MODEL}),
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        found = ctx.once(leaks, ctx.once(Configured, ctx.model))
        if not found:
            return
        first = next((leak for leak in found if leak.user), found[0])
        users = sorted({leak.user for leak in found if leak.user})
        more = f", and {count(len(found) - 1, 'more such path')}" if len(found) > 1 else ""
        told = f"; it names the user '{cut(first.user)}'" if first.user else "; it is there for nobody else"
        yield self.finding(
            ctx.model,
            f"'{cut(first.path)}' stands in {first.where}{more}{told}.",
            help="Build what you publish in a container, or where paths tell nothing.",
            evidence={"paths": [leak.path[:200] for leak in found[:20]], "count": len(found), "users": users[:20]},
        )
