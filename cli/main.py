"""`kho`: the one place where errors become exit codes."""

from __future__ import annotations

import sys

import click

from archive.errors import ArchiveError, ExitCode, defect
from cli.command import KhoGroup, settled
from cli.registry import COMMANDS

commands = KhoGroup("", COMMANDS)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and leave with its exit code."""
    sys.exit(int(run(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code; errors are told on stderr."""
    context: click.Context | None = None
    wants_json = "--json" in arguments
    try:
        with commands.make_context("kho", list(arguments)) as context:
            settled(context).json = settled(context).json or wants_json
            result = commands.invoke(context)
            return result if isinstance(result, int) else ExitCode.DONE
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        return _usage(error, wants_json)
    except ArchiveError as error:
        return _refused(error, wants_json, verbose="-v" in arguments)
    except (KeyboardInterrupt, click.Abort):
        return _interrupted(wants_json)
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 - the last place; nothing may end in a traceback
        return _refused(defect(error), wants_json, verbose="-v" in arguments)


def _usage(error: click.ClickException, wants_json: bool) -> int:
    from archive.errors import UsageError

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return ExitCode.USAGE
    hint = ""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f"{error.ctx.command_path} --help"
    return _refused(UsageError(error.format_message(), hint=hint), wants_json, verbose=False)


def _refused(error: ArchiveError, wants_json: bool, *, verbose: bool) -> int:
    from cli import output

    output.problem(error, as_json=wants_json)
    if verbose:
        output.traceback_of(error)
    return error.exit_code


def _interrupted(wants_json: bool) -> int:
    from cli import output

    output.interrupted(as_json=wants_json)
    return ExitCode.INTERRUPTED


if __name__ == "__main__":
    main()
