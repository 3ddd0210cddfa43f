"""The rules of RFC 8493 and its drafts, one broken at a time."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest

from archive.findings import Severity
from archive.packages.sip.bagit import validate_bag

DECLARED = "BagIt-Version: {}\nTag-File-Character-Encoding: {}\n"


def _digest(content, algorithm="sha256"):
    return hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()


def _a_bag(
    folder,
    payload=None,
    *,
    version="1.0",
    encoding="UTF-8",
    manifests=None,
    declaration=None,
    tags=None,
):
    """Write a bag; each part can be replaced by text or bytes, None in `tags` removes it."""
    payload = {"data/a.txt": b"alpha", "data/b.txt": b"beta"} if payload is None else payload
    plain = "".join(f"{_digest(content)}  {name}\n" for name, content in payload.items())
    files = {
        "bagit.txt": declaration or DECLARED.format(version, encoding),
        **({"manifest-sha256.txt": plain} if manifests is None else manifests),
        **(tags or {}),
    }
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for name, content in {**payload, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            codec = "utf-8" if name == "bagit.txt" else encoding
            content = content.encode(codec if codec != "UTF-16" else "utf-16")
        if content is not None:
            (folder / name).write_bytes(content)
    return folder


def _found(bag, severity):
    return {finding.rule for finding in validate_bag(bag) if finding.severity is severity}


def _errors(bag):
    return _found(bag, Severity.ERROR)


def _warnings(bag):
    return _found(bag, Severity.WARNING)


@pytest.mark.parametrize("version", ["0.93", "0.94", "0.95", "0.96", "0.97", "1.0"])
def test_a_minimal_bag_of_every_version_is_valid(tmp_path, version):
    bag = _a_bag(tmp_path, version=version)

    assert validate_bag(bag) == []


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1", "utf-16-be"])
def test_tag_files_are_read_in_the_encoding_that_the_declaration_names(tmp_path, encoding):
    bag = _a_bag(tmp_path, {"data/tệp.txt" if "8859" not in encoding else "data/é.txt": b"x"},
                 encoding=encoding)  # fmt: skip

    assert _errors(bag) == set()


@pytest.mark.parametrize(
    "declaration",
    [
        "\ufeffBagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "BagIt-Version:  1.0\nTag-File-Character-Encoding: UTF-8\n",
        "BagIt-Version : 1.0\nTag-File-Character-Encoding: UTF-8\n",
        " BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "BagIt-Version: 1.0 \nTag-File-Character-Encoding: UTF-8\n",
        "BagIt-Version:1.0\nTag-File-Character-Encoding: UTF-8\n",
        "BagIt-Version:\t1.0\nTag-File-Character-Encoding: UTF-8\n",
        "Tag-File-Character-Encoding: UTF-8\nBagIt-Version: 1.0\n",
        "BagIt-Version: 1.0\n",
        "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\nMore: x\n",
        "BagIt-Version: 1\nTag-File-Character-Encoding: UTF-8\n",
        "BagIt-Version: .97\nTag-File-Character-Encoding: UTF-8\n",
        "BagIt-Version: 2.0\nTag-File-Character-Encoding: UTF-8\n",
        "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-81\n",
        "BagIt-Version: 1.0\nTag-File-Character-Encoding: base64\n",
        "",
    ],
)
def test_a_declaration_that_is_not_exactly_two_right_lines_is_an_error(tmp_path, declaration):
    bag = _a_bag(tmp_path, declaration=declaration or "\n")

    assert "BAGIT-2.1.1" in _errors(bag)


def test_white_space_in_the_declaration_of_a_draft_is_only_a_warning(tmp_path):
    bag = _a_bag(tmp_path, declaration="BagIt-Version:  0.97\nTag-File-Character-Encoding: UTF-8\n")

    assert (_errors(bag), _warnings(bag)) == (set(), {"BAGIT-2.1.1"})


def test_a_manifest_in_another_encoding_than_declared_is_an_error(tmp_path):
    bag = _a_bag(tmp_path)
    (bag / "manifest-sha256.txt").write_bytes("tệp".encode("utf-16"))

    assert "BAGIT-2.1.1" in _errors(bag)


def test_a_bag_without_payload_folder_is_incomplete(tmp_path):
    bag = _a_bag(tmp_path, {}, manifests={"manifest-sha256.txt": ""})
    (bag / "data").rmdir()

    assert _errors(bag) == {"BAGIT-2.1.2"}


def test_a_bag_without_manifest_is_incomplete(tmp_path):
    assert _errors(_a_bag(tmp_path, manifests={})) == {"BAGIT-2.1.3"}


def test_a_manifest_with_digests_that_nobody_can_compute_does_not_count(tmp_path):
    bag = _a_bag(tmp_path, manifests={"manifest-tiger.txt": "00  data/a.txt\n"})

    assert (_errors(bag), _warnings(bag)) == ({"BAGIT-2.1.3"}, {"BAGIT-2.4"})


@pytest.mark.parametrize(
    "name", ["manifest-SHA256.txt", "manifest-sha-256.txt", "manifest-sha512.txt",
             "manifest-md5.txt", "manifest-sha1.txt", "manifest-sha3-256.txt"]
)  # fmt: skip
def test_algorithms_are_known_by_their_normalised_names(tmp_path, name):
    algorithm = {"manifest-sha3-256.txt": "sha3_256"}.get(name, "").strip() or name[9:-4].lower()
    line = f"{_digest(b'x', algorithm.replace('sha-', 'sha'))}  data/x\n"

    bag = _a_bag(tmp_path, {"data/x": b"x"}, manifests={name: line})

    assert _errors(bag) == set()


def test_an_altered_file_is_named_with_both_digests(tmp_path):
    bag = _a_bag(tmp_path)
    (bag / "data/a.txt").write_bytes(b"altered")

    (finding,) = [f for f in validate_bag(bag) if f.severity is Severity.ERROR]

    assert (finding.rule, finding.path) == ("BAGIT-3", "data/a.txt")
    assert _digest(b"alpha")[:12] in finding.message


def test_digests_may_be_written_in_capitals(tmp_path):
    line = f"{_digest(b'x').upper()}\tdata/x\r\n"

    bag = _a_bag(tmp_path, {"data/x": b"x"}, manifests={"manifest-sha256.txt": line})

    assert validate_bag(bag) == []


def test_missing_and_extra_payload_files_are_each_named(tmp_path):
    bag = _a_bag(tmp_path)
    (bag / "data/a.txt").rename(bag / "data/c.txt")

    errors = {f.path for f in validate_bag(bag) if f.severity is Severity.ERROR}

    assert errors == {"data/a.txt", "data/c.txt"}


@pytest.mark.parametrize("line", ["", "xyz data/a.txt", "abc  data/a.txt", "data/a.txt"])
def test_a_line_that_is_no_digest_and_path_is_an_error(tmp_path, line):
    good = f"{_digest(b'x')}  data/x\n"

    bag = _a_bag(tmp_path, {"data/x": b"x"}, manifests={"manifest-sha256.txt": good + line})

    assert bool(_errors(bag)) is bool(line)


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("../out.txt", "BAGIT-5.1"),
        ("data/../../out.txt", "BAGIT-5.1"),
        ("/etc/passwd", "BAGIT-5.1"),
        ("~/x", "BAGIT-5.1"),
        ("~root/x", "BAGIT-5.1"),
        ("C:\\x", "BAGIT-5.1"),
        ("\\\\host\\share\\x", "BAGIT-5.1"),
        ("bagit.txt", "BAGIT-2.1.3"),
        ("data//x", "BAGIT-2.1.3"),
        ("data/./x", "BAGIT-2.1.3"),
    ],
)
def test_a_manifest_may_only_list_the_payload(tmp_path, path, rule):
    bag = _a_bag(tmp_path)
    with (bag / "manifest-sha256.txt").open("a") as manifest:
        manifest.write(f"{_digest(b'')}  {path}\n")

    assert rule in _errors(bag)


def test_a_tilde_inside_a_path_is_an_ordinary_character(tmp_path):
    assert validate_bag(_a_bag(tmp_path, {"data/~x.txt": b"x"})) == []


@pytest.mark.parametrize(
    ("version", "second", "severity"),
    [
        ("0.97", b"x", Severity.WARNING),
        ("1.0", b"x", Severity.ERROR),
        ("0.97", b"y", Severity.ERROR),
        ("1.0", b"y", Severity.ERROR),
    ],
)
def test_a_file_that_is_listed_twice(tmp_path, version, second, severity):
    lines = f"{_digest(b'x')}  data/x\n{_digest(second)}  data/x\n"

    bag = _a_bag(
        tmp_path, {"data/x": b"x"}, version=version, manifests={"manifest-sha256.txt": lines}
    )

    assert _found(bag, severity) == {"BAGIT-2.1.3"}


@pytest.mark.parametrize(("version", "errors"), [("0.97", set()), ("1.0", {"BAGIT-3"})])
def test_since_1_0_every_manifest_lists_every_payload_file(tmp_path, version, errors):
    bag = _a_bag(
        tmp_path,
        version=version,
        manifests={
            "manifest-sha256.txt": f"{_digest(b'alpha')}  data/a.txt\n",
            "manifest-sha512.txt": f"{_digest(b'beta', 'sha512')}  data/b.txt\n",
        },
    )

    assert _errors(bag) == errors


@pytest.mark.parametrize(
    ("name", "written", "warns"),
    [
        ("data/a%b.txt", "data/a%25b.txt", False),
        ("data/a%b.txt", "data/a%b.txt", True),
        ("data/a\nb.txt", "data/a%0Ab.txt", True),
        ("data/a\rb.txt", "data/a%0db.txt", True),
    ],
    ids=["percent encoded", "percent as it is", "line feed", "carriage return"],
)
def test_percent_signs_and_line_ends_in_names_are_encoded(tmp_path, name, written, warns):
    line = f"{_digest(b'x')}  {written}\n"

    bag = _a_bag(tmp_path, {name: b"x"}, manifests={"manifest-sha256.txt": line})

    assert (_errors(bag), bool(_warnings(bag))) == (set(), warns)


def test_names_in_another_unicode_form_are_found_with_a_warning(tmp_path):
    decomposed = unicodedata.normalize("NFD", "data/Đơn đề nghị.pdf")
    line = f"{_digest(b'x')}  {unicodedata.normalize('NFC', decomposed)}\n"

    bag = _a_bag(tmp_path, {decomposed: b"x"}, manifests={"manifest-sha256.txt": line})

    assert (_errors(bag), _warnings(bag)) == (set(), {"BAGIT-6.1.1"})


def test_files_that_differ_only_in_unicode_form_are_accepted_with_a_warning(tmp_path):
    names = {unicodedata.normalize(form, "data/đơn.pdf"): b"x" for form in ("NFC", "NFD")}

    bag = _a_bag(tmp_path, names)

    assert (_errors(bag), _warnings(bag)) == (set(), {"KHO-NAME-NFC"})


def test_a_tag_manifest_covers_tag_files(tmp_path):
    tags = {"bag-info.txt": "Contact-Name: Kho\n"}
    bag = _a_bag(tmp_path, tags=tags)
    manifest = (bag / "manifest-sha256.txt").read_bytes()
    declaration = _digest((bag / "bagit.txt").read_bytes())
    lines = (
        f"{declaration}  bagit.txt\n"
        f"{_digest(manifest)}  manifest-sha256.txt\n{_digest(b'x')}  bag-info.txt\n"
        f"{_digest(b'x')}  gone.txt\n"
    )
    (bag / "tagmanifest-sha256.txt").write_text(lines)

    errors = {f.path for f in validate_bag(bag) if f.severity is Severity.ERROR}

    assert errors == {"bag-info.txt", "gone.txt"}


@pytest.mark.parametrize(("version", "severity"), [("0.97", "warning"), ("1.0", "error")])
def test_a_tag_manifest_lists_the_manifests_but_no_tag_manifest(tmp_path, version, severity):
    bag = _a_bag(tmp_path, version=version)
    (bag / "tagmanifest-md5.txt").write_text("")
    (bag / "tagmanifest-sha256.txt").write_text(f"{_digest(b'')}  tagmanifest-md5.txt\n")

    found = [f for f in validate_bag(bag) if f.rule == "BAGIT-2.2.1" and "list" in f.message]

    assert {f.severity.value for f in found} == {severity}
    assert len(found) == 3


def _with_tag_manifest(bag, *names, algorithm="sha256"):
    listed = "".join(f"{_digest((bag / n).read_bytes(), algorithm)}  {n}\n" for n in names)
    (bag / f"tagmanifest-{algorithm}.txt").write_text(listed)
    return bag


def test_a_whole_tag_manifest_has_no_findings(tmp_path):
    bag = _a_bag(tmp_path, tags={"bag-info.txt": "Bagging-Date: 2026-11-24\nBag-Count: 1 of ?\n"})

    _with_tag_manifest(bag, "manifest-sha256.txt", "bagit.txt", "bag-info.txt")

    assert validate_bag(bag) == []


@pytest.mark.parametrize(("version", "errors"), [("0.97", set()), ("1.0", {"BAGIT-2.2.1"})])
def test_a_tag_manifest_lists_no_payload_file(tmp_path, version, errors):
    bag = _a_bag(tmp_path, version=version)

    _with_tag_manifest(bag, "manifest-sha256.txt", "bagit.txt", "data/a.txt")

    assert (_errors(bag), bool(_warnings(bag))) == (errors, version == "0.97")


@pytest.mark.parametrize(
    ("names", "algorithm"),
    [(("manifest-sha256.txt",), "sha256"), (("manifest-sha256.txt", "bagit.txt"), "sha512")],
    ids=["a tag file left out", "another algorithm than the payload's"],
)
def test_what_a_tag_manifest_should_do_is_a_warning(tmp_path, names, algorithm):
    bag = _with_tag_manifest(_a_bag(tmp_path), *names, algorithm=algorithm)

    assert (_errors(bag), _warnings(bag)) == (set(), {"BAGIT-2.2.1"})


@pytest.mark.parametrize(("version", "errors"), [("0.97", set()), ("1.0", {"BAGIT-2.2.2"})])
@pytest.mark.parametrize(
    "text", ["Payload-Oxum: 9.2\nPayload-Oxum: 9.2\n", "Contact-Name:Kho\n", "Label : x\n"]
)
def test_metadata_that_the_rfc_forbids_was_only_unwise_before_it(tmp_path, text, version, errors):
    bag = _a_bag(tmp_path, version=version, tags={"bag-info.txt": text})

    assert _errors(bag) == errors
    assert (_errors(bag) | _warnings(bag)) == {"BAGIT-2.2.2"}


@pytest.mark.parametrize(
    "text",
    [
        "Bagging-Date: 24/11/2026\n",
        "Bagging-Date: 2026-13-01\n",
        "Bag-Count: one of two\n",
        "Bag-Size: 1 KB\nBag-Size: 2 KB\n",
    ],
)
def test_metadata_of_another_form_is_a_warning(tmp_path, text):
    bag = _a_bag(tmp_path, tags={"bag-info.txt": text})

    assert (_errors(bag), _warnings(bag)) == (set(), {"BAGIT-2.2.2"})


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("Payload-Oxum: 9.2\n", set()),
        ("payload-oxum: 9.2\r\n", set()),
        ("Payload-Oxum: 10.2\n", {"BAGIT-2.2.2"}),
        ("Payload-Oxum: 9.3\n", {"BAGIT-2.2.2"}),
        ("Payload-Oxum: nine\n", {"BAGIT-2.2.2"}),
        ("no colon here\n", {"BAGIT-2.2.2"}),
        (" Label: x\n", {"BAGIT-2.2.2"}),
        ("Label : x\n", {"BAGIT-2.2.2"}),
        ("External-Description: one\n  two\n\tthree\n", set()),
        ("Contact-Name: a\nContact-Name: b\n", set()),
    ],
)
def test_the_metadata_of_a_bag_is_labels_and_values(tmp_path, text, errors):
    assert _errors(_a_bag(tmp_path, tags={"bag-info.txt": text})) == errors


@pytest.mark.parametrize(
    ("line", "errors"),
    [
        ("https://example.org/a.txt - data/a.txt", set()),
        ("https://example.org/a.txt 5 data/a.txt", set()),
        ("https://example.org/c.txt - data/c.txt", {"BAGIT-2.2.3"}),
        ("https://example.org/x - ../x", {"BAGIT-5.1"}),
        ("https://example.org/x - /x", {"BAGIT-5.1"}),
        ("https://example.org/x - ~x", {"BAGIT-5.1"}),
        ("https://example.org/x - bagit.txt", {"BAGIT-2.2.3"}),
        ("https://example.org/x many data/a.txt", {"BAGIT-2.2.3"}),
        ("data/a.txt", {"BAGIT-2.2.3"}),
    ],
)
def test_what_is_to_be_fetched_lies_in_the_payload_and_its_manifests(tmp_path, line, errors):
    assert _errors(_a_bag(tmp_path, tags={"fetch.txt": line + "\n"})) == errors


def test_what_was_not_fetched_is_missing(tmp_path):
    bag = _a_bag(tmp_path, tags={"fetch.txt": "https://example.org/a - data/a.txt\n"})
    (bag / "data/a.txt").unlink()

    (finding,) = [f for f in validate_bag(bag) if f.severity is Severity.ERROR]

    assert (finding.rule, finding.path) == ("BAGIT-3", "data/a.txt")
    assert "nothing is fetched" in finding.message


def test_a_link_in_the_payload_is_refused(tmp_path):
    bag = _a_bag(tmp_path / "bag")
    (tmp_path / "secret").write_bytes(b"alpha")
    (bag / "data/a.txt").unlink()
    (bag / "data/a.txt").symlink_to(tmp_path / "secret")

    assert "KHO-NAME-LINK" in _errors(bag)
