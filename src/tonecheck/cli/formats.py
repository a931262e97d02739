"""`tonecheck formats`: which exports can be read, and how to get one."""

from typing import Annotated

import typer

from tonecheck.cli.options import examples

EXAMPLES = examples("tonecheck formats", "tonecheck formats slack")


def formats(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show this format only.")
    ] = None,
) -> None:
    """List the exports that can be read, and how to get them."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from tonecheck.exports import READERS, reader_named

    console = Console()
    for reader in [reader_named(name)] if name else READERS:
        title = Text.assemble((reader.name, "bold"), f": {reader.title} ({' '.join(reader.files)})")
        console.print(title)
        console.print(Padding(Text(reader.how_to), (0, 0, 1, 2)))
