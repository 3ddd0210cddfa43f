"""`kho config`: the settings and where they come from."""

from __future__ import annotations

from collections.abc import Iterator

import click

from archive import settings as configuration
from archive.errors import ExitCode
from archive.settings import Origin, Settings
from cli import output, session, words
from cli.command import command, group, option, settled

config = group("config", ["show", "path"], "cli.config_cmd")


@command("config.show", ExitCode.NOT_INITIALISED, ExitCode.REJECTED)
@option("--origin", is_flag=True, help="option.origin")
@click.pass_context
def show(context: click.Context, *, origin: bool) -> None:
    """Show every setting."""
    options = settled(context)
    loaded = configuration.load(session.config_path(options))
    result = {
        setting.key: {
            "value": _shown(loaded, setting),
            "origin": loaded.origins[setting.key].source,
            "detail": loaded.origins[setting.key].detail,
            "meaning": setting.meaning,
        }
        for setting in configuration.SETTINGS
    }
    output.emit(options, result, lambda: _lines(loaded, origin=origin))


@command("config.path", ExitCode.NOT_INITIALISED)
@click.pass_context
def path(context: click.Context) -> None:
    """Print the path of the kho.toml that applies."""
    options = settled(context)
    found = configuration.load(session.config_path(options)).home / configuration.FILE_NAME
    output.emit(options, {"path": str(found)}, lambda: [str(found)])


def _shown(loaded: Settings, setting: configuration.Setting) -> object:
    value = loaded.values[setting.key]
    return configuration.masked(str(value)) if setting.secret else value


def _lines(loaded: Settings, *, origin: bool) -> Iterator[str]:
    rows = []
    for setting in configuration.SETTINGS:
        value = _shown(loaded, setting)
        text = ", ".join(value) if isinstance(value, tuple) else str(value)
        row: tuple[str, ...] = (setting.key, text or "–")
        rows.append((*row, _origin(loaded.origins[setting.key])) if origin else row)
    yield from output.table(rows)


def _origin(origin: Origin) -> str:
    return " ".join([words.say(f"origin.{origin.source}"), origin.detail]).strip()
