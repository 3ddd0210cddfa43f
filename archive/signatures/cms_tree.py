"""Parts of a CMS that asn1crypto has read."""

from __future__ import annotations

from asn1crypto import core

from archive.signatures.ber import as_read


def attribute_values(attributes: object) -> dict[str, list[core.Asn1Value]]:
    """Return attribute values by object identifier."""
    if isinstance(attributes, core.Void) or attributes is None:
        return {}
    found: dict[str, list[core.Asn1Value]] = {}
    for one in attributes:  # type: ignore[attr-defined]  # asn1crypto has no types
        found.setdefault(one["type"].dotted, []).extend(one["values"])
    return found


def octets_of(value: object) -> bytes | None:
    """Return the encapsulated content's bytes, or None if it is detached."""
    if isinstance(value, core.Void) or value is None:
        return None
    parsed = value
    if isinstance(parsed, core.ParsableOctetString | core.OctetString):
        return bytes(parsed)
    native = getattr(parsed, "native", None)
    return native if isinstance(native, bytes) else None


def add_adobe(value: object, crls: list[bytes], ocsps: list[bytes]) -> None:
    """Add what Adobe's revocation attribute holds (ISO 32000-2, 12.8.3.3.2)."""
    for key, found in (("crl", crls), ("ocsp", ocsps)):
        inside = value[key]  # type: ignore[index]  # asn1crypto has no types
        if not isinstance(inside, core.Void) and inside is not None:
            found.extend(as_read(one) for one in inside)
