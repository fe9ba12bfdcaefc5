"""The errors that a user can cause.

    TflintError
    ├── ConfigError   a configuration file or a flag is wrong
    ├── PackError     a pack of rules cannot be loaded
    ├── ReadError     a path cannot be read at all (it does not exist, access denied)
    └── RunError      a worker process failed

What is wrong *inside* a model is no error of the program: it is a `tflint.Problem`.
"""

__all__ = ["ConfigError", "PackError", "ReadError", "RunError", "TflintError"]


class TflintError(Exception):
    """A full sentence for the user; the program ends with exit code 2."""


class ConfigError(TflintError):
    """A configuration key, value or command line option that cannot be used."""


class PackError(TflintError):
    """A pack of rules that cannot be loaded, or whose rules contradict one another."""


class ReadError(TflintError):
    """A path that does not exist or that the system does not let us read."""


class RunError(TflintError):
    """A worker process that died, ran too long or answered nothing."""
