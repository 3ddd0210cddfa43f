"""What is wrong with a call, in words: what, where, and what to try."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from pathlib import Path

import click

from archive.errors import ArchiveError, NotPermitted, StoreFull, Unavailable, UsageError
from cli import words

FULL = {errno.ENOSPC, errno.EDQUOT}
NAMED_WRONGLY = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
    errno.ENOTEMPTY,
    errno.ELOOP,
    errno.EINVAL,
}


def language_named(arguments: Sequence[str]) -> str | None:
    """Return the language of `--lang` wherever it stands; None if it is left out."""
    for place, argument in enumerate(arguments):
        if argument == "--":
            return None
        if argument == "--lang" and place + 1 < len(arguments):
            return arguments[place + 1]
        if argument.startswith("--lang="):
            return argument.partition("=")[2]
    return None


def spoken(error: click.UsageError, context: click.Context) -> click.UsageError:
    """Return click's error in the language in use; click leaves out where some happened."""
    return click.UsageError(_told(error) or error.format_message(), error.ctx or context)


def _told(error: click.UsageError) -> str | None:
    if isinstance(error, click.MissingParameter):
        return words.say("usage.missing", name=_name(error))
    if isinstance(error, click.NoSuchOption):
        near = error.possibilities or []
        hint = words.say("usage.did_you_mean", names=", ".join(near)) if near else ""
        return f"{words.say('usage.no_option', name=error.option_name)} {hint}".strip()
    if isinstance(error, click.BadParameter):
        return _bad_value(error)
    if isinstance(error, click.BadOptionUsage):
        return words.say("usage.needs_value", name=error.option_name)
    return _plain(error.message)


def _plain(message: str) -> str | None:
    if message == "Missing command.":
        return words.say("usage.missing_command")
    if extra := re.match(r"Got unexpected extra arguments? \((.*)\)", message):
        return words.say("usage.extra", names=extra[1])
    return None


def _name(error: click.BadParameter) -> str:
    if error.param is not None:
        if isinstance(error.param, click.Option):
            return "/".join(error.param.opts)
        return error.param.make_metavar(error.ctx) if error.ctx else str(error.param.name)
    hint = error.param_hint or ""
    return hint if isinstance(hint, str) else ", ".join(hint)


def _bad_value(error: click.BadParameter) -> str:
    kind = error.param.type if error.param is not None else None
    name = _name(error)
    if isinstance(kind, click.Choice):
        return words.say("usage.choices", name=name, values=", ".join(map(str, kind.choices)))
    if isinstance(kind, click.types.IntRange):
        low = "…" if kind.min is None else kind.min
        high = "…" if kind.max is None else kind.max
        return words.say("usage.number", name=name, low=low, high=high)
    if isinstance(kind, click.types.IntParamType):
        return words.say("usage.whole_number", name=name)
    if isinstance(kind, click.Path):
        return words.say("usage.no_file", name=name, message=error.message)
    return words.say("usage.bad_value", name=name, message=error.message)


def check_writable(target: Path) -> None:
    """See before the work that its result can be written.

    Raises:
        UsageError: the folder is not there, or the target is a folder.
    """
    if target.is_dir():
        raise UsageError(words.say("usage.is_folder", path=target), where=str(target))
    if not target.absolute().parent.is_dir():
        folder = target.absolute().parent
        hint = f"mkdir -p {folder}"
        raise UsageError(words.say("usage.no_folder", path=folder), where=str(target), hint=hint)


def from_system(error: OSError) -> ArchiveError:
    """Return what the operating system refused as an error of the archive."""
    path, reason = str(error.filename or ""), error.strerror or str(error.errno)
    told = words.say("usage.system", path=path or "?", reason=words.told(reason))
    if error.errno in FULL:
        if not path:
            told = words.say("usage.full", reason=words.told(reason))
        return StoreFull(told, where=path, hint="make room and try again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return NotPermitted(told, where=path)
    if error.errno in NAMED_WRONGLY and path:
        return UsageError(told, where=path)
    return Unavailable(told, where=path)
