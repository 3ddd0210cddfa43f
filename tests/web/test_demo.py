"""The demonstration's people: one for each role, with passwords that work and are told once."""

from __future__ import annotations

from archive.people import passwords, signing_in, stays
from archive.people.stays import Stage
from archive.viewers import PersonRole, Right
from cli.demo import served
from tests.archives import an_archive


def test_there_is_a_person_for_each_role_who_can_sign_in(tmp_path):
    archive = an_archive(tmp_path)

    people = served.add_people(archive)

    assert {person.role for person in people} == {*PersonRole} - {PersonRole.ADMINISTRATOR}
    for person in people:
        stay = stays.current(archive, signing_in.sign_in(archive, person.account, person.password))
        assert stay is not None
        assert stay.stage is Stage.FULL
        assert stay.person.viewer.may(Right.SEE)
    archive.close()


def test_passwords_of_the_demonstration_meet_the_rules():
    drawn = {served.new_password() for _ in range(200)}

    assert len(drawn) == 200
    assert {passwords.broken_rules(each, "canbo") for each in drawn} == {()}
