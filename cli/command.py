"""The shape that all commands share: lazy loading, global options, help in two languages."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from archive.errors import ExitCode
from cli import words


@dataclass(slots=True)
class Globals:
    """What the global options say; they may stand before or after the command's name."""

    config: Path | None = None
    output: Path | None = None
    json: bool = False
    dry_run: bool = False
    yes: bool = False
    no_input: bool = False
    as_of: str | None = None
    reason: str | None = None
    progress: str = "auto"
    verbosity: int = 0
    extras: dict[str, Any] = field(default_factory=dict)


def settled(context: click.Context) -> Globals:
    """Return the global options of this run."""
    return context.find_root().ensure_object(Globals)


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def callback(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        if value is not None and value is not False and value != 0:
            setattr(settled(context), name, value)
        return value

    return callback


def _language(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value:
        words.choose(value)


def _quiet(context: click.Context, parameter: click.Parameter, value: int) -> None:
    settled(context).verbosity -= value


def _verbose(context: click.Context, parameter: click.Parameter, value: int) -> None:
    settled(context).verbosity += value


def _option(*flags: str, name: str, **more: Any) -> click.Option:
    more.setdefault("callback", _keep(name))
    return SpokenOption([*flags], expose_value=False, help=f"global.{name}", **more)


class SpokenOption(click.Option):
    """An option whose help is a key of the words."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option's flags and its help in the language in use."""
        record = super().get_help_record(ctx)
        if record is None or not self.help:
            return record
        spoken = words.say(self.help)
        return record[0], record[1].replace(self.help, spoken, 1)


def global_options() -> list[click.Parameter]:
    """Return the options that every command takes."""
    path = click.Path(path_type=Path)
    return [
        _option("-C", "--config", name="config", type=path),
        _option("-o", "--output", name="output", type=path),
        _option("--json", name="json", is_flag=True),
        _option("-n", "--dry-run", name="dry_run", is_flag=True),
        _option("-y", "--yes", name="yes", is_flag=True),
        _option("--no-input", name="no_input", is_flag=True),
        _option(
            "--lang",
            name="lang",
            type=click.Choice(words.LANGUAGES),
            callback=_language,
            is_eager=True,
        ),
        _option("--as-of", name="as_of", metavar="DATE"),
        _option("--reason", name="reason", metavar="TEXT"),
        _option("--progress", name="progress", type=click.Choice(["auto", "plain", "none"])),
        _option("-q", "--quiet", name="quiet", count=True, callback=_quiet),
        _option("-v", "--verbose", name="verbose", count=True, callback=_verbose),
    ]


class _Spoken(click.Command):
    """A command whose help is looked up by its place: `help.sip.validate`."""

    place: str = ""
    exits: tuple[ExitCode, ...] = (ExitCode.DONE,)

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first line of the help."""
        return words.say(f"help.{self.place}").split("\n", 1)[0]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help and the exit statuses."""
        formatter.write_paragraph()
        with formatter.indentation():
            for line in words.say(f"help.{self.place or 'kho'}").splitlines():
                formatter.write_text(line) if line else formatter.write_paragraph()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the exit status of the command can be."""
        always = (ExitCode.UNEXPECTED, ExitCode.USAGE, ExitCode.INTERRUPTED)
        with formatter.section(words.say("global.exit_status")):
            codes = sorted({*self.exits, *always})
            formatter.write_dl([(str(int(code)), words.say(f"exit.{int(code)}")) for code in codes])


class KhoCommand(_Spoken):
    """A command with the global options."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.params += global_options()


class KhoGroup(_Spoken, click.Group):
    """A group that imports a command's module only when the command is called."""

    def __init__(self, place: str, lazy: dict[str, str]) -> None:
        super().__init__(name=place.rsplit(".", 1)[-1] or "kho", params=global_options())
        self.place = place
        self.lazy = lazy
        self.no_args_is_help = True

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they were given."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return the command."""
        target = self.lazy.get(cmd_name)
        if target is None:
            return None
        module, _, name = target.partition(":")
        found: click.Command = getattr(importlib.import_module(module), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        rows = []
        for name in self.lazy:
            place = f"{self.place}.{name}" if self.place else name
            rows.append((name, words.say(f"help.{place}").split("\n", 1)[0]))
        with formatter.section(words.say("global.commands")):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown name is answered with the nearest known ones."""
        import difflib

        name = args[0] if args else ""
        if name and name not in self.lazy and not name.startswith("-"):
            near = difflib.get_close_matches(name, self.lazy, n=3)
            hint = words.say("usage.did_you_mean", names=", ".join(near)) if near else ""
            ctx.fail(words.say("usage.no_command", name=name) + " " + hint)
        return super().resolve_command(ctx, args)


def option(*flags: str, **more: Any) -> Callable[[Any], Any]:
    """Declare an option; `help` is a key of the words."""
    return click.option(*flags, cls=SpokenOption, **more)


def command(place: str, *exits: ExitCode) -> Callable[[Callable[..., Any]], KhoCommand]:
    """Make a function the command at `place` (`sip.validate`), with its exit codes."""

    def wrap(function: Callable[..., Any]) -> KhoCommand:
        made: KhoCommand = click.command(name=place.rsplit(".", 1)[-1], cls=KhoCommand)(function)
        made.place = place
        made.exits = (ExitCode.DONE, *exits)
        return made

    return wrap


def group(place: str, names: Sequence[str], module: str) -> KhoGroup:
    """Make the group at `place` whose commands `names` are functions of `module`."""
    return KhoGroup(place, {name: f"{module}:{name.replace('-', '_')}" for name in names})
