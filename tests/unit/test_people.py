"""People: passwords, codes, locks, links and sessions as QCVN 12:2026/BCA asks for, over time."""

from __future__ import annotations

import pyotp
import pytest

from archive.assembly import Archive
from archive.catalogue import people
from archive.errors import NotPermitted
from archive.people import passwords, signing_in, staff, stays
from archive.people.signing_in import PasswordRejected
from archive.people.stays import Stage, Stay
from archive.viewers import OPERATOR, Grant, PersonRole, Scope
from tests.archives import SteppingClock, an_archive

GOOD = "Đúng-Mật-Khẩu-9"
ACCOUNT = "mai.le"


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def archive(tmp_path, clock: SteppingClock):
    made = an_archive(tmp_path, clock=clock)
    yield made
    made.close()


def somebody(archive: Archive, role: PersonRole = PersonRole.OFFICIAL, account: str = ACCOUNT):
    _, link = staff.add(archive, account, "Lê Thị Mai", (Grant(role, Scope()),), by=OPERATOR)
    return link, staff.use_link(archive, link, GOOD)


def stay(archive: Archive, secret: str) -> Stay:
    found = stays.current(archive, secret)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("password", "rules"),
    [
        ("Ab1-xyzw", ()),
        ("Mật khẩu dài 1", ()),
        ("Ab1-xyz", ("KHO-PASSWORD-SHORT",)),
        ("abcdwxyz", ("KHO-PASSWORD-CLASSES",)),
        ("ABCD1234-", ("KHO-PASSWORD-CLASSES",)),
        ("Mai.Le-2026", ("KHO-PASSWORD-ACCOUNT",)),
        ("Password-1", ("KHO-PASSWORD-COMMON",)),
        ("mai", ("KHO-PASSWORD-SHORT", "KHO-PASSWORD-CLASSES")),
    ],
)
def test_a_password_breaks_every_rule_that_it_breaks(password, rules):
    assert passwords.broken_rules(password, ACCOUNT) == rules


def test_composed_and_decomposed_letters_are_one_password():
    kept = passwords.digest("Mật-Khẩu-Tốt-1")

    assert passwords.matches(kept, "Mật-Khẩu-Tốt-1".encode().decode())
    import unicodedata

    assert passwords.matches(kept, unicodedata.normalize("NFD", "Mật-Khẩu-Tốt-1"))
    assert kept.startswith("$argon2id$")


def test_the_last_ten_passwords_do_not_come_again(archive, clock):
    _, secret = somebody(archive)
    (person,) = staff.everybody(archive, OPERATOR)

    with pytest.raises(PasswordRejected, match="KHO-PASSWORD-USED"):
        signing_in.set_password(archive, stay(archive, secret), GOOD, old=GOOD)
    with archive.catalogue.begin() as connection:
        for number in range(12):
            people.set_password(connection, person.id, f"digest {number}", at=clock())
        kept = people.old_passwords(connection, person.id, passwords.REMEMBERED)

    assert kept == [f"digest {number}" for number in range(11, 1, -1)]


def test_a_lock_ends_by_itself_and_a_right_password_in_between_does_not_open(archive, clock):
    somebody(archive)
    for _ in range(signing_in.MAX_FAILURES):
        with pytest.raises(NotPermitted):
            signing_in.sign_in(archive, ACCOUNT, "sai")

    with pytest.raises(NotPermitted):
        signing_in.sign_in(archive, ACCOUNT, GOOD)
    clock.advance(minutes=16)

    assert signing_in.sign_in(archive, ACCOUNT, GOOD)


def test_an_account_that_nobody_used_for_45_days_is_disabled(archive, clock):
    somebody(archive)
    clock.advance(days=46)

    with pytest.raises(NotPermitted):
        signing_in.sign_in(archive, ACCOUNT, GOOD)

    (person,) = staff.everybody(archive, OPERATOR)
    assert person.disabled_at is not None
    staff.set_disabled(archive, person.id, False, by=OPERATOR)
    assert signing_in.sign_in(archive, ACCOUNT, GOOD)


def enrolled(archive: Archive, clock: SteppingClock) -> tuple[str, str]:
    """Return an administrator's session and TOTP secret."""
    _, secret = somebody(archive, PersonRole.ADMINISTRATOR)
    assert stay(archive, secret).stage is Stage.ENROL
    shared = pyotp.random_base32()
    code = pyotp.TOTP(shared).at(clock())
    return signing_in.enrol(archive, stay(archive, secret), shared, code), shared


def test_an_administrator_needs_a_code_and_each_code_works_once(archive, clock):
    full, shared = enrolled(archive, clock)
    assert stay(archive, full).stage is Stage.FULL
    clock.advance(seconds=60)
    code = pyotp.TOTP(shared).at(clock())

    first = stay(archive, signing_in.sign_in(archive, ACCOUNT, GOOD))
    inside = signing_in.give_code(archive, first, code)
    second = stay(archive, signing_in.sign_in(archive, ACCOUNT, GOOD))

    assert first.stage is Stage.CODE
    assert stay(archive, inside).stage is Stage.FULL
    with pytest.raises(NotPermitted):
        signing_in.give_code(archive, second, code)


def test_guessing_codes_locks_the_account_and_ends_its_sessions(archive, clock):
    enrolled(archive, clock)
    secret = signing_in.sign_in(archive, ACCOUNT, GOOD)
    half = stay(archive, secret)
    for _ in range(signing_in.MAX_FAILURES):
        with pytest.raises(NotPermitted):
            signing_in.give_code(archive, half, "000000")

    assert stays.current(archive, secret) is None
    with pytest.raises(NotPermitted):
        signing_in.sign_in(archive, ACCOUNT, GOOD)


def test_an_administrators_password_ends_after_two_months(archive, clock):
    secret, shared = enrolled(archive, clock)
    for days in (30, 32):  # used in between, or it would be disabled
        clock.advance(days=days)
        half = stay(archive, signing_in.sign_in(archive, ACCOUNT, GOOD))
        secret = signing_in.give_code(archive, half, pyotp.TOTP(shared).at(clock()))

    assert stay(archive, secret).stage is Stage.PASSWORD
    renewed = signing_in.set_password(archive, stay(archive, secret), "Mới-Hoàn-Toàn-7")
    assert stay(archive, renewed).stage is Stage.FULL


def test_a_session_ends_when_nobody_uses_it_and_in_any_case_after_a_day_at_work(archive, clock):
    _, idle = somebody(archive)
    clock.advance(minutes=61)
    assert stays.current(archive, idle) is None

    busy = signing_in.sign_in(archive, ACCOUNT, GOOD)
    for _ in range(14):
        clock.advance(minutes=50)
        assert stays.current(archive, busy) is not None
    clock.advance(minutes=50)
    assert stays.current(archive, busy) is None
    assert stays.sweep(archive) == 2


def test_a_link_works_once_and_for_a_day(archive, clock):
    link, _ = somebody(archive)
    with pytest.raises(NotPermitted):
        staff.use_link(archive, link, "Một-Mật-Khẩu-Nữa-1")

    first = staff.first_link(archive)
    again = staff.first_link(archive)
    assert first is not None
    assert again is not None
    with pytest.raises(NotPermitted):
        staff.use_link(archive, first, GOOD, account="quan.tri", name="Quản Trị")
    clock.advance(hours=25)
    with pytest.raises(NotPermitted):
        staff.use_link(archive, again, GOOD, account="quan.tri", name="Quản Trị")


def test_a_new_link_ends_password_and_sessions_and_the_last_administrator_keeps_theirs(archive):
    _, secret = somebody(archive)
    (person,) = staff.everybody(archive, OPERATOR)

    link = staff.renew_link(archive, person.id, by=OPERATOR)

    assert stays.current(archive, secret) is None
    with pytest.raises(NotPermitted):
        signing_in.sign_in(archive, ACCOUNT, GOOD)
    assert staff.use_link(archive, link, "Lại-Từ-Đầu-2026")
    somebody(archive, PersonRole.ADMINISTRATOR, "quan.tri")
    only = next(p for p in staff.everybody(archive, OPERATOR) if p.administrator)
    for act in (
        lambda: staff.set_disabled(archive, only.id, True, by=OPERATOR),
        lambda: staff.set_grants(archive, only.id, (), by=OPERATOR),
        lambda: staff.renew_link(archive, only.id, by=OPERATOR),
    ):
        with pytest.raises(NotPermitted, match="nobody would be left"):
            act()


def test_who_is_no_administrator_gives_no_roles(archive):
    somebody(archive)
    (person,) = staff.everybody(archive, OPERATOR)

    for act in (
        lambda: staff.add(archive, "ai.do", "Ai Đó", (), by=person.viewer),
        lambda: staff.set_grants(archive, person.id, (), by=person.viewer),
        lambda: staff.everybody(archive, person.viewer),
    ):
        with pytest.raises(NotPermitted):
            act()
