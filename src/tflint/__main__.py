"""`python -m tflint`, and the `tflint` command."""

import sys


def main() -> None:
    """Run the command line program."""
    from tflint.cli import program

    sys.exit(program(prog_name="tflint"))


if __name__ == "__main__":
    main()
