"""Encrypted packages: everything works as before, and a destroyed key reaches what is out of reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from archive import access, segments
from archive.assembly import Archive, encrypted
from archive.catalogue import disposals
from archive.catalogue.disposals import ItemState
from archive.disposal import execution
from archive.errors import (
    IntegrityError,
    NotHeld,
    Rejected,
    Unavailable,
    UsageError,
)
from archive.model import DossierId, ObjectName
from archive.packages.aip import layout
from archive.preservation import fixity
from archive.preservation.rebuild import rebuild
from archive.preservation.sweep import sweep
from archive.preservation.verification import verify
from archive.storage import ObjectStore
from archive.storage.encrypted import EncryptedStore, container, decrypt, keyring
from archive.storage.encrypted.keyring import Keyring
from archive.storage.encrypted.master import FileMaster, make_file
from archive.storage.encrypted.opening import open_master
from archive.storage.folder import FolderStore
from archive.storage.memory import MemoryStore
from tests.disposals import Copy, Story, a_story, approved, readable
from tests.faults import FaultyStore
from tests.tokens import LIBRARIES


def a_story_with_keys(home: Path) -> Story:
    make_file(home / "archive-keys" / "master.key")
    path = home / "archive-keys" / "master.key"
    return a_story(home, encrypted=f"file:{path}")


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    made = a_story_with_keys(tmp_path)
    yield made
    made.close()


@pytest.fixture
def two_copies(tmp_path: Path) -> Iterator[Story]:
    made = a_story_with_keys(tmp_path)
    archive = made.archive
    plain = [FolderStore(tmp_path / name) for name in ("first", "second")]
    assert archive.keyring is not None
    archive.__dict__["copies"] = tuple(encrypted(Copy(each), archive.keyring) for each in plain)
    archive.__dict__.pop("store", None)
    yield made
    made.close()


def reach(story: Story, place: int, *, offline: bool) -> None:
    copy = story.archive.copies[place]
    assert isinstance(copy, EncryptedStore)
    assert isinstance(copy.inner, Copy)
    copy.inner.offline = offline


def raw(story: Story, place: str) -> bytes:
    (copy,) = story.archive.copies
    assert isinstance(copy, EncryptedStore)
    return copy.inner.read(ObjectName(place))


def the_keyring(story: Story) -> Keyring:
    assert story.archive.keyring is not None
    return story.archive.keyring


def test_nothing_of_a_package_can_be_read_in_the_store_and_everything_through_kho(story, tmp_path):
    dossier_id = story.take_in()
    story.finish()
    holding = story.held(dossier_id)
    (version,) = holding.versions

    stored = raw(story, version.place)

    assert container.header_of(stored) is not None
    for word in (b"PK\x03\x04", b"METS", b"%PDF", holding.dossier.code.encode()):
        assert word not in stored
    target = tmp_path / "package.zip"
    access.hand_out_package(story.archive, version, target)
    assert target.read_bytes().startswith(b"PK\x03\x04")
    assert verify(story.archive, holding).report.accepted
    assert {each.check.outcome.value for each in fixity.run(story.archive)} == {"intact"}
    assert [
        hit.holding.dossier.id for hit in access.search(story.archive, access.Question("thu")).found
    ] == [dossier_id]


def test_a_rebuild_from_the_store_reads_encrypted_packages(story):
    dossier_id = story.take_in()
    segments.flush(story.archive)
    before = story.held(dossier_id)

    result = rebuild(story.archive)

    assert (result.dossiers, result.unreadable) == (1, ())
    assert story.held(dossier_id) == before


def test_each_dossier_has_a_key_of_its_own_and_all_its_versions_the_same(story):
    one, two = story.take_in(), story.take_in()

    keys = the_keyring(story)

    assert sorted(keys.dossiers()) == sorted([one, two])
    assert keys.fingerprint(one) != keys.fingerprint(two)


def test_destruction_reaches_a_copy_that_is_out_of_reach(two_copies):
    story = two_copies
    due = story.take_in()
    story.finish()
    place = story.held(due).versions[0].place
    key = the_keyring(story).fingerprint(due)
    disposal_id = approved(story)
    reach(story, 1, offline=True)

    done = execution.execute(story.archive, disposal_id, agent="t")

    assert done.keys == {"H26.18-150228-0001": key}
    assert [code for code, _ in done.pending] == ["H26.18-150228-0001"]
    with story.archive.catalogue.connect() as connection:
        found = disposals.get(connection, disposal_id)
    assert found.items[0].state is ItemState.ORDERED
    assert found.acts[-1].details["keys"] == done.keys
    reach(story, 1, offline=False)
    assert story.archive.copies[1].stat(place).size > 0
    with pytest.raises(IntegrityError, match="the key of dossier"):
        story.archive.copies[1].read(place)
    again = execution.execute(story.archive, disposal_id, agent="t")
    assert (again.pending, readable_at_rest(story, due)) == ((), [])


def readable_at_rest(story: Story, dossier_id: str) -> list[str]:
    left = [*readable(story, dossier_id)]
    for store in the_keyring(story).stores:
        left += [name for name in store.names("keys/") if dossier_id in name]
    return left


def test_a_key_that_comes_back_from_a_backup_is_removed_by_the_same_command(story):
    due = story.take_in()
    story.finish()
    (keys,) = the_keyring(story).stores
    (name,) = keys.names("keys/")
    backup = keys.read(name)
    disposal_id = approved(story)
    execution.execute(story.archive, disposal_id, agent="t")
    put(keys, name, backup)

    done = execution.execute(story.archive, disposal_id, agent="t")

    assert (done.pending, readable_at_rest(story, due)) == ((), [])


def put(store: ObjectStore, name: ObjectName, content: bytes) -> None:
    import io

    from archive.fixity import sha256_of

    store.put(name, io.BytesIO(content), size=len(content), sha256=sha256_of(content))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_key_store_that_fails_keeps_it_pending_until_the_same_command(story, after):
    due = story.take_in()
    story.finish()
    disposal_id = approved(story)
    keys = the_keyring(story)
    (inner,) = keys.stores
    keys.stores = (FaultyStore(inner, fail_at=1, after=after),)

    first = execution.execute(story.archive, disposal_id, agent="t")
    second = execution.execute(story.archive, disposal_id, agent="t")

    assert len(first.pending) == 1
    assert (second.pending, readable_at_rest(story, due)) == ((), [])
    with story.archive.catalogue.connect() as connection:
        acts = disposals.get(connection, disposal_id).of_act("destroyed")
    assert [bool(act.details["keys"]) for act in acts] == [False, True]


def test_a_key_store_out_of_reach_stops_an_ingest_before_anything_is_held(story, monkeypatch):
    keys = the_keyring(story)
    monkeypatch.setattr(keys._all, "stores", (FaultyStore(keys.stores[0], fail_at=1),))

    with pytest.raises(Unavailable):
        story.take_in()

    assert list(story.archive.store.names("aip/")) == []


def test_the_sweep_removes_the_key_of_an_attempt_and_no_other(story):
    held = story.take_in()
    keys = the_keyring(story)
    keys.key_or_new(DOSSIER)

    too_early = sweep(story.archive)
    tried = sweep(story.archive, age=timedelta(days=-30), dry_run=True)
    done = sweep(story.archive, age=timedelta(days=-30))

    assert too_early.leftovers == ()
    assert tried.leftovers == done.leftovers == (f"keys/{DOSSIER}",)
    assert list(keys.dossiers()) == [held]


def test_the_documented_script_reads_a_package_with_the_key_alone(story, tmp_path):
    dossier_id = story.take_in()
    (version,) = story.held(dossier_id).versions
    (keys,) = the_keyring(story).stores
    (name,) = keys.names("keys/")
    (tmp_path / "key.json").write_bytes(keys.read(name))
    (tmp_path / "object").write_bytes(raw(story, version.place))
    master = tmp_path / "archive-keys" / "master.key"

    told = subprocess.run(
        [sys.executable, "-I", decrypt.__file__, master, "key.json", "object", "package.zip"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.strip() == version.sha256
    access.hand_out_package(story.archive, version, tmp_path / "ours.zip")
    assert (tmp_path / "package.zip").read_bytes() == (tmp_path / "ours.zip").read_bytes()


def test_one_flipped_bit_is_found_by_fixity_and_by_whoever_reads(story):
    dossier_id = story.take_in()
    place = story.held(dossier_id).versions[0].place
    (copy,) = story.archive.copies
    assert isinstance(copy, EncryptedStore)
    assert isinstance(copy.inner, FolderStore)
    path = copy.inner.root / place
    altered = bytearray(path.read_bytes())
    altered[5000] ^= 1
    path.chmod(0o600)
    path.write_bytes(altered)

    outcomes = [each.check.outcome.value for each in fixity.run(story.archive)]

    assert outcomes[0] == "unreadable"
    with pytest.raises(IntegrityError, match="segment 0"):
        copy.read(place)


def test_what_was_stored_before_encryption_is_still_read(tmp_path):
    inner = MemoryStore()
    name = ObjectName(layout.place_of(DOSSIER, 1, "0" * 16))
    put(inner, name, b"PK\x03\x04 plain")
    ring = Keyring([FileMaster(bytes(32))], [MemoryStore()])

    store = encrypted(inner, ring)

    assert (store.read(name), store.stat(name).size) == (b"PK\x03\x04 plain", 10)


DOSSIER = DossierId("3f2a0c4e-9d5b-4c8e-8a11-0123456789ab")


def test_a_new_master_key_takes_over_and_the_old_wrapping_is_gone():
    stores = [MemoryStore(), MemoryStore()]
    old, new = FileMaster(bytes(32)), FileMaster(bytes([1] * 32))
    before = Keyring([old], stores)
    key = before.key_or_new(DOSSIER)

    after = Keyring([new, old], stores)
    changed = [after.rewrap(each) for each in after.dossiers()]

    assert changed == [True]
    assert [after.rewrap(each) for each in after.dossiers()] == [False]
    assert Keyring([new], stores).key(DOSSIER) == key
    with pytest.raises(IntegrityError, match="is not there"):
        Keyring([old], stores).key(DOSSIER)
    assert [len(list(store.names("keys/"))) for store in stores] == [1, 1]


def test_a_destroyed_key_does_not_come_back_from_another_process_memory():
    stores = [MemoryStore()]
    ours, theirs = (Keyring([FileMaster(bytes(32))], stores) for _ in range(2))
    key = ours.key_or_new(DOSSIER)
    theirs.destroy(DOSSIER)

    assert ours.key_or_new(DOSSIER) != key


def test_two_processes_that_make_a_key_at_once_agree_on_it():
    store = MemoryStore()
    ours = Keyring([FileMaster(bytes(32))], [store])
    theirs = Keyring([FileMaster(bytes(32))], [store])
    asked: list[str] = []

    def first_theirs(dossier: str) -> bytes | None:
        if not asked:
            asked.append(dossier)
            theirs.key_or_new(dossier)
            return None
        return Keyring._stored(ours, dossier)

    ours._stored = first_theirs  # type: ignore[method-assign]

    assert ours.key_or_new(DOSSIER) == theirs.key(DOSSIER)


def test_a_key_that_was_exchanged_or_garbled_is_refused():
    store, master = MemoryStore(), FileMaster(bytes(32))
    ring = Keyring([master], [store])
    name = ObjectName(keyring._name(DOSSIER, master))
    put(
        store,
        name,
        b'{"wrapped": "' + master.wrap(bytes(32)).hex().encode() + b'", "fingerprint": ""}',
    )

    with pytest.raises(IntegrityError, match="exchanged"):
        ring.key(DOSSIER)
    store.delete(name)
    put(store, name, b"{}")
    with pytest.raises(IntegrityError, match="cannot be read"):
        ring.key(DOSSIER)
    store.delete(name)
    put(store, name, b'{"wrapped": "00", "fingerprint": ""}')
    with pytest.raises(IntegrityError, match="does not unwrap"):
        ring.key(DOSSIER)


def test_a_master_key_that_is_missing_open_or_garbled_is_named(tmp_path):
    path = tmp_path / "master.key"
    with pytest.raises(NotHeld, match="No such file"):
        open_master("file:master.key", tmp_path)
    make_file(path)
    with pytest.raises(UsageError, match="is there"):
        make_file(path)
    assert open_master("file:master.key", tmp_path).id
    path.chmod(0o644)
    with pytest.raises(Rejected, match="others may read"):
        open_master("file:master.key", tmp_path)
    path.chmod(0o600)
    path.write_text("abc")
    with pytest.raises(Rejected, match="64 hex digits"):
        open_master("file:master.key", tmp_path)
    with pytest.raises(UsageError, match="not a master key"):
        open_master("vault:x", tmp_path)


LIBRARY = next((each for each in LIBRARIES if Path(each).exists()), LIBRARIES[0])
URI = f"pkcs11:token=kho-keys;object=master?module-path={LIBRARY}"
IMPORT = """
import pkcs11
from pkcs11 import Attribute as A
with pkcs11.lib({library!r}).get_token(token_label="kho-keys").open(user_pin="1234", rw=True) as s:
    s.create_object({{A.CLASS: pkcs11.ObjectClass.SECRET_KEY, A.KEY_TYPE: pkcs11.KeyType.AES,
        A.TOKEN: True, A.LABEL: "master", A.VALUE: bytes(range(32)), A.WRAP: True, A.UNWRAP: True}})
"""
ASK = """
import json, sys
from pathlib import Path
from archive.errors import ArchiveError
from archive.storage.encrypted.opening import open_master
def told(act):
    try:
        return act()
    except ArchiveError as error:
        return f"{type(error).__name__}: {error.message}"
uri, wrapped = sys.argv[1], [bytes.fromhex(each) for each in sys.argv[2:]]
def asked():
    master = open_master(uri, Path())
    return [master.id, *(told(lambda: master.unwrap(each).hex()) for each in wrapped),
            master.wrap(bytes(range(100, 132))).hex()]
print(json.dumps(told(asked)))
"""


@pytest.fixture(scope="module")
def token(tmp_path_factory) -> dict[str, str]:
    """Make a token with a known AES key; return the environment of processes that use it.

    A process sets its token library up once, so that each question is asked in its own.
    """
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    variables = {**os.environ, "SOFTHSM2_CONF": str(folder / "softhsm2.conf")}
    new = "softhsm2-util --init-token --free --label kho-keys --pin 1234 --so-pin 5678"
    script = [sys.executable, "-c", IMPORT.format(library=LIBRARY)]
    for command in (new.split(), script):
        subprocess.run(command, check=True, capture_output=True, env=variables)
    return variables


def ask(token: dict[str, str], uri: str, *wrapped: bytes, pin: str = "1234") -> list[str] | str:
    command = [sys.executable, "-c", ASK, uri, *(each.hex() for each in wrapped)]
    variables = token | ({"KHO_ENCRYPTION_PIN": pin} if pin else {})
    told = subprocess.run(command, check=True, capture_output=True, env=variables)
    found: list[str] | str = json.loads(told.stdout)
    return found


def test_a_token_wraps_as_a_file_does_and_the_key_stays_inside(token):
    in_file, secret = FileMaster(bytes(range(32))), bytes(range(100, 132))
    wrapped = in_file.wrap(secret)
    altered = bytes([wrapped[0] ^ 1]) + wrapped[1:]

    told = ask(token, URI, wrapped, altered, b"short")

    wrong = f"IntegrityError: a dossier's key does not unwrap under master key {in_file.id}"
    assert told == [in_file.id, secret.hex(), wrong, wrong, wrapped.hex()]


@pytest.mark.parametrize(
    ("uri", "pin", "why"),
    [
        (URI, "", "NotPermitted: give the token's PIN in KHO_ENCRYPTION_PIN"),
        (URI, "9999", "NotPermitted: the token's PIN is wrong"),
        (URI.replace("object=master", "object=other"), "1234", "NotHeld: no such token or key"),
        (URI.replace("kho-keys", "nothing"), "1234", "NotHeld: no such token or key"),
        (URI.replace(LIBRARY, "/nowhere.so"), "1234", "Unavailable: the token did not answer"),
        ("pkcs11:token=a;object=b", "1234", "Rejected: pkcs11:token=a;object=b does not name"),
    ],
    ids=["no PIN", "wrong PIN", "no key", "no token", "no library", "no such form"],
)
def test_a_token_that_does_not_open_says_why(token, uri, pin, why):
    told = ask(token, uri, pin=pin)

    assert isinstance(told, str)
    assert told.startswith(why)


def test_an_archive_without_the_setting_has_no_keyring(tmp_path):
    made = a_story(tmp_path)
    archive: Archive = made.archive
    stores: Sequence[ObjectStore] = archive.copies

    assert archive.keyring is None
    assert not any(isinstance(store, EncryptedStore) for store in stores)
    made.close()
