"""Runs the command line: `python -m tonecheck`."""

from tonecheck.cli.app import run

if __name__ == "__main__":
    run()
