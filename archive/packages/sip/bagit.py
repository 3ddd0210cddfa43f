"""The validator of BagIt bags, version 1.0 (RFC 8493) and the drafts 0.93 to 0.97.

Rules are named by the section of RFC 8493 that states them: `BAGIT-2.1.3`. Nothing is ever
fetched: what `fetch.txt` lists must have been fetched before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from archive.findings import Finding, Severity
from archive.packages import digests, safe
from archive.packages.digests import Digests
from archive.packages.names import is_litter, shown
from archive.packages.sip import bagit_text
from archive.packages.sip.bagit_paths import Paths
from archive.packages.sip.bagit_text import Declaration, manifest_rule

_MANIFEST = re.compile(r"(tag)?manifest-([A-Za-z0-9_/-]+)\.txt", re.IGNORECASE)
_OXUM = re.compile(r"([0-9]+)\.([0-9]+)")
_WEAK = frozenset({"md5", "sha1"})
_ONCE = frozenset({"bagging-date", "bag-size", "bag-group-identifier", "bag-count"})
_FORMS = {
    "bagging-date": (re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"), "YYYY-MM-DD"),
    "bag-count": (re.compile(r"[1-9]\d* of ([1-9]\d*|\?)"), "N of T"),
}
_UNSAFE_KINDS = frozenset(
    {
        "KHO-NAME-LINK",
        "KHO-NAME-DEVICE",
        "KHO-NAME-ENCODING",
        "KHO-NAME-UNREADABLE",
        "KHO-NAME-DEEP",
        "KHO-LIMIT-FILES",
        "KHO-LIMIT-SIZE",
        "KHO-LIMIT-TOTAL",
    }
)
_ASSUMED = Declaration((0, 97), "utf-8")


def validate_bag(root: Path) -> list[Finding]:
    """Judge a bag by its own standard: is it complete and valid?

    Args:
        root: the folder that holds `bagit.txt`.
    """
    survey = safe.look_through(root, safe.Limits())
    odd = [demoted(finding) for finding in survey.findings]
    return odd + examine_bag(root, survey, Digests())


def examine_bag(root: Path, survey: safe.Survey, known: Digests) -> list[Finding]:
    """Judge a bag whose folder was surveyed; payload digests go into `known` with SHA-256.

    Source: RFC 8493, section 3.
    """
    declared, found = bagit_text.read_declaration(root)
    bag = _Bag(root, survey, known, declared or _ASSUMED, found)
    bag.payload_folder()
    bag.read_manifests()
    bag.metadata()
    bag.fetch()
    bag.complete()
    bag.tag_manifests()
    bag.verify()
    return bag.findings


def is_bag(names: Iterable[str]) -> bool:
    """Whether the names in a folder are those of a bag, be it without its declaration."""
    top = {name.partition("/")[0] for name in names}
    return "bagit.txt" in top or ("data" in top and any(map(_MANIFEST.fullmatch, top)))


def is_unsafe(finding: Finding) -> bool:
    """Whether a folder with this finding cannot be read at all, by any standard."""
    return finding.severity is Severity.ERROR and finding.rule in _UNSAFE_KINDS


def demoted(finding: Finding) -> Finding:
    """Return a finding of ours as a warning: the standard allows such names."""
    if finding.severity is not Severity.ERROR or is_unsafe(finding):
        return finding
    return Finding(finding.rule, Severity.WARNING, finding.path, finding.message)


@dataclass(frozen=True, slots=True)
class _Manifest:
    name: str
    algorithm: str
    """As hashlib names it."""
    of_tags: bool
    listed: dict[str, str]
    """Path on disk to the digest that is declared for it."""
    absent: dict[str, str]
    """Paths as written, of files that are not there, to their digests."""


@dataclass(slots=True)
class _Bag:
    root: Path
    survey: safe.Survey
    known: Digests
    declared: Declaration
    findings: list[Finding]
    manifests: list[_Manifest] = field(default_factory=list)
    fetched: set[str] = field(default_factory=set)
    """Paths that `fetch.txt` lists."""
    paths: Paths = field(init=False)

    def __post_init__(self) -> None:
        self.paths = Paths(self.survey.names, is_rfc=self.declared.is_rfc, findings=self.findings)

    # --- structure ---------------------------------------------------------------

    def payload_folder(self) -> None:
        """Source: RFC 8493, section 2.1.2."""
        if "data" not in self.survey.folders and not (self.root / "data").is_dir():
            self.fail("BAGIT-2.1.2", "data", "there is no payload folder `data`")

    def read_manifests(self) -> None:
        """Source: RFC 8493, sections 2.1.3 and 2.2.1."""
        for name in self.survey.names:
            match = _MANIFEST.fullmatch(name)
            if match is not None:
                self.read_manifest(name, of_tags=bool(match[1]), algorithm=_plain(match[2]))
        if not any(not manifest.of_tags for manifest in self.manifests):
            self.fail("BAGIT-2.1.3", "", "there is no payload manifest that can be checked")

    def read_manifest(self, name: str, *, of_tags: bool, algorithm: str) -> None:
        """Read one manifest and find the files that it lists."""
        text, found = bagit_text.read_tag_file(self.root, name, self.declared.encoding)
        self.findings += found
        if text is None:
            return
        if not digests.is_known(algorithm):
            self.warn("BAGIT-2.4", name, f"digests by {shown(algorithm)} cannot be checked here")
            return
        if algorithm in _WEAK:
            message = f"{algorithm} shows accidents, not intent; SHA-256 or SHA-512 is better"
            self.findings.append(Finding("BAGIT-2.4", Severity.INFO, name, message))
        length = digests.digest_length(algorithm)
        entries, found = bagit_text.read_manifest(text, name, length)
        self.findings += found
        manifest = _Manifest(name, algorithm, of_tags, {}, {})
        written: dict[str, str] = {}
        for number, entry in entries:
            self.enter(manifest, number, entry, written)
        self.manifests.append(manifest)

    def enter(
        self,
        manifest: _Manifest,
        number: int,
        entry: bagit_text.Entry,
        written: dict[str, str],
    ) -> None:
        """Take one line of a manifest."""
        rule, where = manifest_rule(manifest.name), f"{manifest.name}#line {number}"
        path = self.paths.inside(entry.path, where, rule, payload=not manifest.of_tags)
        if path is None:
            return
        earlier = written.setdefault(path, entry.digest)
        if path in manifest.listed or path in manifest.absent:
            message = f"{shown(path)} is listed twice"
            if earlier != entry.digest:
                self.fail(rule, where, f"{message}, with two digests")
            else:
                self.findings.append(Finding(rule, self.declared.severity(), where, message))
            return
        place = self.paths.find(path, where, rule)
        if place is None:
            manifest.absent[path] = entry.digest
        elif manifest.listed.setdefault(place, entry.digest) != entry.digest:
            self.fail("BAGIT-3", where, f"two digests are declared for {shown(place)}")

    # --- other tag files -----------------------------------------------------------

    def metadata(self) -> None:
        """Source: RFC 8493, section 2.2.2; `package-info.txt` before BagIt 0.96."""
        for name in ("bag-info.txt", "package-info.txt"):
            if name not in self.survey.names:
                continue
            text, found = bagit_text.read_tag_file(self.root, name, self.declared.encoding)
            self.findings += found
            if text is None:
                continue
            elements, found = bagit_text.read_metadata(text, name, self.declared)
            self.findings += found
            self.repeated(elements, name)
            self.formed(elements, name)
            for label, value in elements:
                if label.lower() == "payload-oxum":
                    self.oxum(value, name)

    def repeated(self, elements: list[tuple[str, str]], name: str) -> None:
        """Report elements that should not be repeated."""
        labels = [label.lower() for label, _ in elements]
        for label in sorted(_ONCE.intersection(labels)):
            if labels.count(label) > 1:
                self.warn("BAGIT-2.2.2", name, f"{label} should not be repeated")
        if labels.count("payload-oxum") > 1:
            message = "payload-oxum must not stand there more than once"
            self.add("BAGIT-2.2.2", self.declared.severity(), name, message)

    def formed(self, elements: list[tuple[str, str]], name: str) -> None:
        """Report values that do not have the form that the RFC gives them."""
        for label, value in elements:
            form = _FORMS.get(label.lower())
            if form is not None and not form[0].fullmatch(value):
                message = f"{label} is {shown(value)}, not of the form {form[1]}"
                self.warn("BAGIT-2.2.2", name, message)

    def oxum(self, value: str, name: str) -> None:
        """Compare the declared size and number of payload files with what is there."""
        match = _OXUM.fullmatch(value)
        if match is None:
            message = "Payload-Oxum is not BYTES.FILES, two whole numbers"
            self.fail("BAGIT-2.2.2", name, message)
            return
        declared = (int(match[1][:20]), int(match[2][:20]))
        sizes = [file.size for path, file in self.payload()]
        litter = self.absent_litter()
        here = (sum(sizes), len(sizes) + len(litter))
        if declared == here or (litter and declared[1] == here[1] and declared[0] >= here[0]):
            return
        message = (
            f"Payload-Oxum says {declared[0]} bytes in {declared[1]} files, "
            f"there are {sum(sizes)} bytes in {len(sizes)} files"
        )
        self.fail("BAGIT-2.2.2", name, message)

    def fetch(self) -> None:
        """Source: RFC 8493, sections 2.2.3 and 5.2."""
        name = "fetch.txt"
        if name not in self.survey.names:
            return
        text, found = bagit_text.read_tag_file(self.root, name, self.declared.encoding)
        self.findings += found
        entries, found = bagit_text.read_fetch(text or "", name)
        self.findings += found
        for number, entry in entries:
            self.fetch_entry(entry, f"{name}#line {number}")

    def fetch_entry(self, entry: bagit_text.Fetch, where: str) -> None:
        """Take one line of `fetch.txt`."""
        rule = "BAGIT-2.2.3"
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", entry.url):
            self.warn(rule, where, "does not begin with a URL")
        path = self.paths.inside(entry.path, where, rule, payload=True)
        if path is None:
            return
        self.fetched.add(path)
        place = self.paths.find(path, where, rule)
        lists = [manifest for manifest in self.manifests if not manifest.of_tags]
        having = [m for m in lists if path in m.absent or (place is not None and place in m.listed)]
        if not having or (self.declared.is_rfc and len(having) < len(lists)):
            self.fail(rule, where, f"is not in the payload manifests: {shown(path)}")
        if place is not None and entry.size is not None:
            size = (self.root / place).stat().st_size
            if size != entry.size:
                self.warn(rule, where, f"says {entry.size} bytes, the file has {size}")

    # --- complete and valid ----------------------------------------------------------

    def complete(self) -> None:
        """Source: RFC 8493, section 3, items 2 to 4."""
        for manifest in self.manifests:
            for path in manifest.absent:
                self.missing(path, manifest)
        lists = [manifest for manifest in self.manifests if not manifest.of_tags]
        for path, _ in self.payload():
            having = [manifest for manifest in lists if path in manifest.listed]
            if lists and not having:
                message = "is in the payload but in no payload manifest"
                self.fail("BAGIT-3", shown(path), message)
            elif self.declared.is_rfc and len(having) < len(lists):
                names = ", ".join(m.name for m in lists if path not in m.listed)
                self.fail("BAGIT-3", shown(path), f"is not in every payload manifest: {names}")

    def missing(self, path: str, manifest: _Manifest) -> None:
        """Report a listed file that is not there."""
        if is_litter(path) and not manifest.of_tags:
            message = f"is listed in {manifest.name} but was left out; only a system file"
            self.warn("BAGIT-3", shown(path), message)
            return
        hint = "; fetch it first, nothing is fetched here" if path in self.fetched else ""
        if path in self.survey.folders:
            hint = "; it is a folder"
        message = f"is listed in {manifest.name} but missing{hint}"
        self.fail("BAGIT-3", shown(path), message)

    def tag_manifests(self) -> None:
        """Source: RFC 8493, section 2.2.1."""
        payload_manifests = [m.name for m in self.manifests if not m.of_tags]
        own = [manifest for manifest in self.manifests if manifest.of_tags]
        for manifest in own:
            for name in payload_manifests:
                if name not in manifest.listed:
                    message = f"does not list {name}"
                    self.add("BAGIT-2.2.1", self.declared.severity(), manifest.name, message)
            for path in (*manifest.listed, *manifest.absent):
                match = _MANIFEST.fullmatch(path)
                what = "a tag manifest" if match is not None and match[1] else "a payload file"
                if what == "a tag manifest" or path.startswith("data/"):
                    message = f"lists {what}: {shown(path)}"
                    self.add("BAGIT-2.2.1", self.declared.severity(), manifest.name, message)
        if self.declared.is_rfc:
            self.tag_files_covered(own)

    def tag_files_covered(self, own: list[_Manifest]) -> None:
        """Report tag files that a tag manifest leaves out, and algorithms that differ.

        Source: RFC 8493, section 2.2.1: what each tag manifest SHOULD do.
        """
        others = [n for n in self.survey.names if not n.startswith("data/") and not is_litter(n)]
        tag_files = [n for n in others if not _MANIFEST.fullmatch(n)]
        for manifest in own:
            left_out = [name for name in tag_files if name not in manifest.listed]
            if left_out:
                names = ", ".join(map(shown, left_out[:5]))
                self.warn("BAGIT-2.2.1", manifest.name, f"leaves out tag files: {names}")
        payload = {m.algorithm for m in self.manifests if not m.of_tags}
        if own and payload != {manifest.algorithm for manifest in own}:
            message = "the tag manifests use other algorithms than the payload manifests"
            self.warn("BAGIT-2.2.1", "", message)

    def verify(self) -> None:
        """Compare every digest; each file is read once for all its algorithms.

        Source: RFC 8493, section 3.
        """
        wanted: dict[str, set[str]] = {}
        for manifest in self.manifests:
            for place in manifest.listed:
                wanted.setdefault(place, set()).add(manifest.algorithm)
        for place, algorithms in wanted.items():
            if place.startswith("data/"):
                algorithms.add("sha256")
            computed = self.known.of(self.root / place, sorted(algorithms))
            for manifest in self.manifests:
                declared = manifest.listed.get(place)
                if declared is not None and computed[manifest.algorithm] != declared:
                    message = (
                        f"{manifest.algorithm} in {manifest.name} is {declared[:12]}…, "
                        f"the file has {computed[manifest.algorithm][:12]}…"
                    )
                    self.fail("BAGIT-3", shown(place), message)

    # --- small words --------------------------------------------------------------------

    def payload(self) -> Iterator[tuple[str, safe.SurveyedFile]]:
        """Yield the payload files by their name on disk."""
        by_place = {file.place: file for file in self.survey.files.values()}
        for name in self.survey.names:
            if name.startswith("data/"):
                place = self.root / name
                known = by_place.get(place)
                yield name, known or safe.SurveyedFile(place, place.stat().st_size)

    def absent_litter(self) -> set[str]:
        """Return system files that a payload manifest lists and that are not there."""
        return {
            path
            for manifest in self.manifests
            if not manifest.of_tags
            for path in manifest.absent
            if is_litter(path)
        }

    def add(self, rule: str, severity: Severity, path: str, message: str) -> None:
        self.findings.append(Finding(rule, severity, path, message))

    def fail(self, rule: str, path: str, message: str) -> None:
        self.add(rule, Severity.ERROR, path, message)

    def warn(self, rule: str, path: str, message: str) -> None:
        self.add(rule, Severity.WARNING, path, message)


def _plain(algorithm: str) -> str:
    """Return an algorithm's name as RFC 8493, section 2.4, normalises it: `sha256`."""
    plain = re.sub(r"[^a-z0-9]", "", algorithm.lower())
    return re.sub(r"^sha3(?=\d{3}$)", "sha3_", plain)
