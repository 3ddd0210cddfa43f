"""`kho serve`: the pages and the API."""

from __future__ import annotations

import sys

import click

from archive.errors import ExitCode
from cli import output, session, words
from cli.command import Effect, command, option, settled


@command(
    "serve",
    ExitCode.USAGE,
    ExitCode.NOT_INITIALISED,
    ExitCode.UNAVAILABLE,
    effect=Effect.CHANGES,
)
@option("--host", default="127.0.0.1", metavar="ADDRESS", help="option.serve_host")
@option("--port", type=click.IntRange(0, 65535), default=8642, help="option.serve_port")
@option("--workers", type=click.IntRange(1, 64), default=1, help="option.serve_workers")
@option("--metrics", type=click.IntRange(0, 65535), metavar="PORT", help="option.serve_metrics")
@click.pass_context
def serve(context: click.Context, host: str, port: int, workers: int, metrics: int | None) -> None:
    """Serve the pages."""
    from archive.people import staff
    from web import serving

    options = settled(context)
    with session.opened(options) as archive:
        serving.check(archive.settings, host=host, workers=workers)
        first = staff.first_link(archive)

    def ready(address: str, figures: str | None) -> None:
        link = f"{address}/begin/{first}" if first else None
        result = {"address": address, "first_administrator": link, "metrics": figures}
        lines = [words.say("serve.ready", address=address)]
        if figures:
            lines.append(figures)
        if link:
            lines += [words.say("serve.first"), link]
        output.emit(options, result, lambda: lines)
        sys.stdout.flush()

    serving.serve(
        session.config_path(options),
        host=host,
        port=port,
        workers=workers,
        metrics=metrics,
        ready=ready,
    )
