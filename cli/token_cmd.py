"""`kho token`: other systems and the tokens that they show to the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from archive.errors import ExitCode
from archive.viewers import LEVELS, OPERATOR, PersonRole, Right
from cli import output, session, words
from cli.command import Effect, command, group, option, settled

if TYPE_CHECKING:
    from archive.catalogue.people import Person
    from archive.catalogue.sessions import Token

token = group("token", ["add-system", "make", "list", "revoke"], "cli.token_cmd")
_RIGHTS = (Right.SEE, Right.DOWNLOAD, Right.INGEST, Right.RETENTION, Right.HOLD)
"""What the API has addresses for."""


@command("token.add-system", ExitCode.USAGE, ExitCode.REJECTED, effect=Effect.CHANGES)
@click.argument("account", metavar="ACCOUNT")
@option("--name", required=True, help="option.system_name")
@option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in PersonRole if role is not PersonRole.ADMINISTRATOR]),
    help="option.system_role",
)
@option("--agency", "agencies", multiple=True, help="option.system_agency")
@option("--fonds", multiple=True, help="option.system_fonds")
@option("--level", "levels", multiple=True, type=click.Choice(LEVELS), help="option.system_level")
@click.pass_context
def add_system(
    context: click.Context,
    account: str,
    name: str,
    roles: tuple[str, ...],
    agencies: tuple[str, ...],
    fonds: tuple[str, ...],
    levels: tuple[str, ...],
) -> None:
    """Add another system."""
    from archive.people import staff
    from archive.viewers import Grant, Scope

    options = settled(context)
    scope = Scope(fonds or None, agencies or None, levels or LEVELS[:2])
    grants = [Grant(PersonRole(role), scope) for role in dict.fromkeys(roles)]
    with session.opened(options) as archive:
        made, _ = staff.add(archive, account, name, grants, by=OPERATOR, kind="system")
    result = {"id": made.id, "account": made.account, "name": made.name, "roles": roles}
    told = words.say("token.system_added", account=made.account)
    output.emit(options, result, lambda: [told])


@command("token.make", ExitCode.NOT_HELD, ExitCode.USAGE, effect=Effect.CHANGES)
@click.argument("account", metavar="ACCOUNT")
@option("--name", required=True, help="option.token_name")
@option(
    "--right",
    "rights",
    multiple=True,
    required=True,
    type=click.Choice([right.value for right in _RIGHTS]),
    help="option.token_right",
)
@option("--days", type=click.IntRange(1, 366), default=90, help="option.token_days")
@click.pass_context
def make(
    context: click.Context, account: str, name: str, rights: tuple[str, ...], days: int
) -> None:
    """Make a token; it is shown this once."""
    from archive.people import tokens

    options = settled(context)
    wanted = [Right(right) for right in rights]
    with session.opened(options) as archive:
        made, secret = tokens.make(archive, account, name, wanted, days=days, by=OPERATOR)
    result = {**_json(made, account), "token": secret}
    until = output.day(made.ends_at.date())
    output.emit(options, result, lambda: [secret, words.say("token.made", until=until)])


@command("token.list")
@click.pass_context
def list(context: click.Context) -> None:  # noqa: A001 - the command's name
    """List the tokens of other systems."""
    from archive.people import tokens

    options = settled(context)
    with session.opened(options) as archive:
        found = tokens.listed(archive, OPERATOR)
    result = [_json(each, system.account) for each, system in found]
    output.emit(options, result, lambda: _lines(found))


@command("token.revoke", ExitCode.NOT_HELD, effect=Effect.CHANGES)
@click.argument("token_id", metavar="TOKEN")
@click.pass_context
def revoke(context: click.Context, token_id: str) -> None:
    """End a token at once."""
    from archive.people import tokens

    options = settled(context)
    with session.opened(options) as archive:
        ended = tokens.revoke(archive, token_id, by=OPERATOR)
    result = {"id": ended.id, "revoked_at": ended.revoked_at}
    output.emit(options, result, lambda: [words.say("token.revoked", id=ended.id[:8])])


def _json(each: Token, account: str) -> dict[str, Any]:
    return {
        "id": each.id,
        "account": account,
        "name": each.name,
        "rights": each.scopes,
        "made_at": each.made_at,
        "made_by": each.made_by,
        "ends_at": each.ends_at,
        "used_at": each.used_at,
        "revoked_at": each.revoked_at,
    }


def _lines(found: tuple[tuple[Token, Person], ...]) -> Iterator[str]:
    if not found:
        yield words.say("token.none")
    for each, system in found:
        ended = words.say("token.ended") if each.revoked_at else ""
        until = output.day(each.ends_at.date())
        yield (
            click.style(each.id[:8], bold=True)
            + f"  {system.account}  {each.name}  {', '.join(each.scopes)}  → {until}  {ended}"
        )
