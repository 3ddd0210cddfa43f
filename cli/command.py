"""The shape that all commands share: lazy loading, global options, help in two languages."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import click

from archive.errors import ExitCode, UsageError
from cli import usage, words


class Effect(Enum):
    """What a command does to the world, and so what `--dry-run` means for it."""

    READS = "reads"
    """Changes nothing; `--dry-run` is no different."""
    TRIES = "tries"
    """Changes something, and with `--dry-run` does everything but that."""
    CHANGES = "changes"
    """Changes something and cannot be tried: `--dry-run` is refused."""


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


def _version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"kho {version('kho')}")
        context.exit()


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
    effect: Effect = Effect.READS

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; what is wrong with them is told in the language in use."""
        try:
            return super().parse_args(ctx, args)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise usage.spoken(error, ctx) from error

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the line that says how to call the command."""
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=f"{words.say('global.usage')}: ")

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return --help with its words."""
        found = super().get_help_option(ctx)
        if found is not None:
            found.help = words.say("global.help")
        return found

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, then those that all commands take."""
        for title, shared in (("global.options", False), ("global.global_options", True)):
            records = [
                record
                for parameter in self.get_params(ctx)
                if isinstance(parameter, click.Option)
                and (record := parameter.get_help_record(ctx)) is not None
                and _is_global(parameter) is shared
            ]
            if records:
                with formatter.section(words.say(title)):
                    formatter.write_dl(records)

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


def _is_global(parameter: click.Parameter) -> bool:
    spoken = isinstance(parameter, SpokenOption) and (parameter.help or "").startswith("global.")
    return spoken or parameter.name == "_click_default_help"


class KhoCommand(_Spoken):
    """A command with the global options."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.params += global_options()

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, unless it is clear beforehand that it cannot end well.

        Raises:
            UsageError: `--dry-run` of a command that cannot be tried, or a file that a
                person named and that cannot be read or written.
        """
        options = settled(ctx)
        if options.dry_run and self.effect is Effect.CHANGES:
            raise UsageError(words.say("usage.no_dry_run", command=ctx.command_path))
        if options.output is not None:
            usage.check_writable(options.output)
        try:
            return super().invoke(ctx)
        except (BrokenPipeError, ConnectionError):
            raise
        except OSError as error:
            raise usage.from_system(error) from error


class KhoGroup(_Spoken, click.Group):
    """A group that imports a command's module only when the command is called."""

    def __init__(self, place: str, lazy: dict[str, str]) -> None:
        params = global_options() if place else [*global_options(), version_option()]
        super().__init__(name=place.rsplit(".", 1)[-1] or "kho", params=params)
        self.place = place
        self.lazy = lazy
        self.no_args_is_help = True

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Settle language and color before anything is said."""
        if parent is None:
            words.choose(usage.language_named(args))
            if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
                extra.setdefault("color", False)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that is named; without one, say so."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if error.ctx is ctx:
                raise usage.spoken(error, ctx) from error
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the commands."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

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
            near = self._below(ctx, name) or difflib.get_close_matches(name, self.lazy, n=3)
            hint = words.say("usage.did_you_mean", names=", ".join(near)) if near else ""
            ctx.fail(f"{words.say('usage.no_command', name=name)} {hint}".strip())
        return super().resolve_command(ctx, args)

    def _below(self, ctx: click.Context, name: str) -> list[str]:
        """Return the groups' commands of that name, as `journal witness`; at most three."""
        groups = ((group, self.get_command(ctx, group)) for group in self.lazy)
        found = [f"{g} {name}" for g, c in groups if isinstance(c, type(self)) and name in c.lazy]
        return found[:3]


def version_option() -> click.Option:
    """Return `--version`."""
    return _option("--version", name="version", is_flag=True, is_eager=True, callback=_version)


def option(*flags: str, **more: Any) -> Callable[[Any], Any]:
    """Declare an option; `help` is a key of the words."""
    return click.option(*flags, cls=SpokenOption, **more)


def command(
    place: str, *exits: ExitCode, effect: Effect = Effect.READS, needs_archive: bool = True
) -> Callable[[Callable[..., Any]], KhoCommand]:
    """Make a function the command at `place`.

    Args:
        place: its names with dots: `sip.validate`.
        exits: how it can end, besides done and what every command can end with.
        effect: what it does to the world.
        needs_archive: whether it can also end because there is no archive.
    """
    more = (ExitCode.NOT_INITIALISED,) if needs_archive else ()

    def wrap(function: Callable[..., Any]) -> KhoCommand:
        made: KhoCommand = click.command(name=place.rsplit(".", 1)[-1], cls=KhoCommand)(function)
        made.place = place
        made.exits = (ExitCode.DONE, *exits, *more)
        made.effect = effect
        return made

    return wrap


def group(place: str, names: Sequence[str], module: str) -> KhoGroup:
    """Make the group at `place` whose commands `names` are functions of `module`."""
    return KhoGroup(place, {name: f"{module}:{name.replace('-', '_')}" for name in names})
