"""`tonecheck serve`: the private moderation service."""

from pathlib import Path
from typing import Annotated

import typer

from tonecheck.cli.options import examples, settings_file
from tonecheck.console import printable
from tonecheck.errors import require

EXAMPLES = examples(
    "tonecheck serve",
    "tonecheck serve --model linear-en --port 8090",
    "tonecheck keys add forum --scope check && tonecheck serve --host 0.0.0.0",
)
_LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "tonecheck.service.edge.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"tonecheck": {"level": "INFO"}, "uvicorn.access": {"level": "CRITICAL"}},
}
_DRAIN = 15  # seconds that requests in progress get when the service is asked to stop


def serve(
    *,
    host: Annotated[
        str | None, typer.Option(help="Where to listen; beyond 127.0.0.1 a key is needed.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="The port. Default: 8080.")] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME|FOLDER", help="A shipped model, or a folder.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="SQLite or PostgreSQL, for SQLAlchemy.")
    ] = None,
    keep_text: Annotated[
        bool | None,
        typer.Option("--keep-text/--no-text", help="Keep what people wrote, for the review page."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default: ./tonecheck.toml, if there.")
    ] = None,
) -> None:
    """Run a private moderation service for forum software.

    It speaks tonecheck's own protocol and those of other moderation services, so that their
    clients only change an address. Nothing leaves this machine unless you set a forum to flag in.
    A person decides: tonecheck hides and deletes nothing.
    """
    uvicorn = require("uvicorn", extra="service")
    require("fastapi", extra="service")
    from tonecheck.checker import load
    from tonecheck.service.app import create_app
    from tonecheck.service.auth import guard
    from tonecheck.service.keys import Keys
    from tonecheck.service.settings import read
    from tonecheck.service.store import open_store

    file = settings_file(config)
    settings = read(file, host=host, port=port, model=model, database=database, keep_text=keep_text)
    guard(settings, Keys(open_store(settings)))  # before uvicorn, which would show a traceback
    app = create_app(settings, checker=load(settings.model, settings=file))
    address = f"[{settings.host}]" if ":" in settings.host else settings.host
    typer.echo(
        printable(
            f"tonecheck is about to listen on http://{address}:{settings.port} (Ctrl-C stops it). "
            f"Try: curl http://{address}:{settings.port}/v1/check -H 'Content-Type: "
            'application/json\' -d \'{"text": "Just google it."}\''
        ),
        err=True,
    )
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        timeout_graceful_shutdown=_DRAIN,
        server_header=False,
        access_log=False,
        log_config=_LOGGING,
    )
