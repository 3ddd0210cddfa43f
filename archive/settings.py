"""Settings: what an archive is made of, where each value comes from, and its meaning.

A value is taken from, in this order: the environment (`KHO_STORE_URL` for `store.url`), the
file `kho.toml`, the default. Secrets come from the environment only and are never shown.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.errors import NotInitialised, Rejected

FILE_NAME = "kho.toml"
FORMAT = 1
"""Version of the layout of an archive's home; another one needs another Kho."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its key, default and meaning. The type is the default's."""

    key: str
    default: str | int | bool | tuple[str, ...]
    meaning: str
    secret: bool = False
    """Whether a password may be inside; then it is shown masked."""
    choices: tuple[str, ...] = ()
    """The values it may have; any if there are none."""

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return "KHO_" + self.key.replace(".", "_").upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("archive.format", FORMAT, "version of the archive's layout"),
    Setting("archive.name", "Kho lưu trữ số", "name of the archive, shown in receipts"),
    Setting("archive.agency", "H26", "electronic identifier of the keeping agency"),
    Setting("archive.test", False, "whether keys and time come from the local TEST CA and TSA"),
    Setting("store.url", "folder:store", "object store: folder:PATH or s3://HOST:PORT/BUCKET"),
    Setting("store.copies", (), "further stores that get a copy of everything"),
    Setting(
        "store.lock",
        "governance",
        "object lock mode: governance, compliance or none",
        choices=("governance", "compliance", "none"),
    ),
    Setting("store.ca_file", "", "CA certificate of an S3 server with TLS"),
    Setting("encryption.master", (), "master keys, the present one first; none: no encryption"),
    Setting("encryption.keys", ("folder:keys/dossiers",), "stores of the dossiers' wrapped keys"),
    Setting("catalogue.url", "sqlite:catalogue.db", "SQLAlchemy URL or sqlite:PATH", secret=True),
    Setting("catalogue.timeout_seconds", 10, "how long to wait for a locked catalogue"),
    Setting("search.engine", "tantivy", "search engine: tantivy or whoosh"),
    Setting("search.folder", "index", "folder of the search index"),
    Setting(
        "seal.key", "keys/seal.key", "the seal's key: a PEM or .p12 file, pkcs11:… or csc:https://…"
    ),
    Setting(
        "seal.certificate",
        "keys/seal.pem",
        "the seal's certificate and its chain, PEM, unless with the key",
    ),
    Setting("log.origin", "", "name of the journal's log, an address; empty: kho/AGENCY/journal"),
    Setting("log.key", "keys/log.key", "the log's private key, Ed25519, PEM; made at first use"),
    Setting("witness.key", "keys/witness.key", "key that cosigns the logs of others"),
    Setting("tsa.urls", (), "RFC 3161 services, tried in order; none: the local TEST TSA"),
    Setting("tsa.timeout_seconds", 10, "how long to wait for a timestamp"),
    Setting("trust.folder", "trust", "folder of trusted roots, TSAs and revocation lists"),
    Setting("trust.crl_urls", (), "addresses of CRLs, fetched by kho trust update and sig recheck"),
    Setting("trust.ocsp_urls", (), "OCSP services, asked by kho trust update and sig recheck"),
    Setting("trust.timeout_seconds", 15, "how long to wait for a CRL or an OCSP answer"),
    Setting("trust.grace_hours", 24, "how long issuers may take to publish a revocation"),
    Setting("retention.schedule", "vn-2026-1", "schedule: a built-in name or a TOML file"),
    Setting(
        "retention.conflict",
        "longest",
        "conflict mode: longest or one-schedule",
        choices=("longest", "one-schedule"),
    ),
    Setting("ingest.workers", 0, "dossiers taken in at once; 0: one more than the cores"),
    Setting("ingest.refuse", ("failed",), "signature outcomes that refuse a dossier"),
    Setting("copies.check_url", "", "address before codes in QR codes; empty: web.url/xac-thuc"),
    Setting("antivirus.address", "", "clamd: unix:PATH or tcp:HOST:PORT; empty: no scan"),
    Setting("antivirus.required", False, "whether a file that was not scanned is refused"),
    Setting(
        "purpose.acts",
        ("view", "download"),
        "acts that ask what for: view, download, identity-search; none: nothing asks",
        choices=("view", "download", "identity-search"),
    ),
    Setting(
        "purpose.levels",
        ("03",),
        "access levels whose dossiers ask: 01 public, 02 conditional, 03 secret",
        choices=("01", "02", "03"),
    ),
    Setting("purpose.fonds", (), "fonds whose dossiers ask at every level"),
    Setting("recovery.rehearse_days", 365, "days after which a recovery is to be rehearsed again"),
    Setting("web.url", "", "address of the pages as people type it; https behind a proxy"),
    Setting("web.session_minutes", 60, "minutes without a click after which a session ends"),
    Setting("web.session_hours", 12, "hours after which a session ends in any case"),
    Setting("web.patience_seconds", 30, "seconds for which a client may send or read nothing"),
    Setting("web.second_factor", "administrators", "who needs a code: administrators or everyone"),
    Setting("web.oidc_issuer", "", "OpenID provider to sign in with; empty: local accounts only"),
    Setting("web.oidc_client", "", "the archive's client identifier at the OpenID provider"),
    Setting("web.oidc_name", "OpenID", "what the button for the OpenID provider says"),
    Setting("web.webhook_hosts", (), "hosts that webhooks may call; none: no webhooks"),
    Setting("web.drop_folder", "", "folder whose submissions systems may refer to"),
    Setting("limits.max_file_bytes", 20 << 30, "largest file of a submission, bytes"),
    Setting("limits.max_total_bytes", 50 << 30, "largest submission, bytes unpacked"),
    Setting("limits.max_files", 10_000, "most files in a submission"),
    Setting("limits.pdf_seconds", 30, "CPU seconds that one PDF may cost"),
    Setting("limits.pdf_memory_mib", 1024, "memory that one PDF may cost, MiB"),
)
_BY_KEY = {setting.key: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from."""

    source: str
    """`default`, `file` or `environment`."""
    detail: str
    """The file's path or the variable's name; "" for a default."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one archive; `home` is the folder that relative paths start from."""

    home: Path
    values: Mapping[str, str | int | bool | tuple[str, ...]]
    origins: Mapping[str, Origin]

    def text(self, key: str) -> str:
        """Return a setting that is a string."""
        return str(self.values[key])

    def number(self, key: str) -> int:
        """Return a setting that is a number."""
        value = self.values[key]
        return value if isinstance(value, int) else int(str(value))

    def flag(self, key: str) -> bool:
        """Return a setting that is true or false."""
        return bool(self.values[key])

    def list(self, key: str) -> tuple[str, ...]:
        """Return a setting that is a list."""
        value = self.values[key]
        return value if isinstance(value, tuple) else (str(value),)

    def path(self, key: str) -> Path:
        """Return a setting that is a path; relative ones start at `home`."""
        return self.home / self.text(key)

    def catalogue_url(self) -> str:
        """Return the catalogue's SQLAlchemy URL."""
        url = self.text("catalogue.url")
        if url.startswith("sqlite:") and not url.startswith("sqlite://"):
            return f"sqlite:///{self.home / url.removeprefix('sqlite:')}"
        return url

    def store_url(self, url: str | None = None) -> str:
        """Return a store's URL with the path of a folder made absolute."""
        url = self.text("store.url") if url is None else url
        if url.startswith("folder:") and not url.startswith("folder://"):
            return f"folder://{self.home / url.removeprefix('folder:')}"
        return url


def find(start: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the `kho.toml` that applies: `KHO_CONFIG`, or the nearest from `start` upwards.

    Raises:
        NotInitialised: there is none.
    """
    if named := environment.get("KHO_CONFIG"):
        return _config_at(Path(named))
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise NotInitialised(
        f"no {FILE_NAME} in {start} or above it",
        where=str(start),
        hint="make an archive with: kho init FOLDER, or name one with: kho -C FOLDER …",
    )


def _config_at(path: Path) -> Path:
    path = path / FILE_NAME if path.is_dir() else path
    if not path.is_file():
        raise NotInitialised(
            f"{path} does not exist", where=str(path), hint="make an archive with: kho init FOLDER"
        )
    return path


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of the archive at `path` (its folder or its `kho.toml`).

    Raises:
        NotInitialised: no such file, or made by another version of Kho.
        Rejected: not TOML, an unknown key, a value of the wrong type; all are named.
    """
    path = _config_at(path).absolute()
    told = _flat(_parse(path))
    problems = [f"unknown setting {key}" for key in told if key not in _BY_KEY]
    values: dict[str, str | int | bool | tuple[str, ...]] = {}
    origins: dict[str, Origin] = {}
    for setting in SETTINGS:
        raw, origin = _raw(setting, told, path, environment)
        try:
            values[setting.key] = _typed(setting, raw)
        except ValueError as error:
            problems.append(f"{setting.key}: {error}")
        origins[setting.key] = origin
    if problems:
        raise Rejected("; ".join(problems), where=str(path), hint="see: kho config show --origin")
    if values["archive.format"] != FORMAT:
        raise NotInitialised(
            f"{path}: archive.format is {values['archive.format']}, this Kho reads {FORMAT}",
            where=str(path),
        )
    return Settings(path.parent, values, origins)


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Rejected(f"{path}: {error}", where=str(path), hint="correct the file") from error


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def _raw(
    setting: Setting, told: Mapping[str, Any], path: Path, environment: Mapping[str, str]
) -> tuple[Any, Origin]:
    if setting.variable in environment:
        return environment[setting.variable], Origin("environment", setting.variable)
    if setting.key in told:
        return told[setting.key], Origin("file", str(path))
    return setting.default, Origin("default", "")


def _typed(setting: Setting, raw: Any) -> str | int | bool | tuple[str, ...]:
    match setting.default:
        case bool():
            return _boolean(raw)
        case int():
            return _whole(raw)
        case tuple():
            items = raw.split(",") if isinstance(raw, str) else raw
            return _chosen(setting, tuple(str(item).strip() for item in items if str(item).strip()))
        case _:
            if not isinstance(raw, str):
                raise ValueError(f"expected a text, found {raw!r}")
            if setting.choices and raw not in setting.choices:
                raise ValueError(f"expected {' or '.join(setting.choices)}, found {raw!r}")
            return raw


def _chosen(setting: Setting, items: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [item for item in items if setting.choices and item not in setting.choices]
    if unknown:
        raise ValueError(f"expected {', '.join(setting.choices)}, found {', '.join(unknown)}")
    return items


def _boolean(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    if str(raw).lower() in {"1", "true", "yes"}:
        return True
    if str(raw).lower() in {"0", "false", "no", ""}:
        return False
    raise ValueError(f"expected true or false, found {raw!r}")


def _whole(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise ValueError(f"expected a whole number, found {raw!r}")
    return int(raw)


def write(path: Path, values: Mapping[str, str | int | bool | tuple[str, ...]]) -> None:
    """Write a new `kho.toml` with the given values and each setting's meaning beside it."""
    lines: list[str] = ["# Kho: settings of this archive. Show all: kho config show --origin", ""]
    section = ""
    for setting in SETTINGS:
        if setting.key not in values:
            continue
        head, _, name = setting.key.partition(".")
        if head != section:
            lines += [f"[{head}]"] if not section else ["", f"[{head}]"]
            section = head
        lines.append(f"{name} = {_toml(values[setting.key])}  # {setting.meaning}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: str | int | bool | tuple[str, ...]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def masked(url: str) -> str:
    """Return a URL with the password in it, if any, replaced by three stars."""
    head, at, tail = url.rpartition("@")
    user, colon, _ = head.rpartition(":")
    return f"{user}:***@{tail}" if at and colon and "//" in user else url
