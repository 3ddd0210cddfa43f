"""A trust store, parsed once and kept for the next file."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from archive.signatures.certificates import Cert, readable
from archive.signatures.paths import Certificates
from archive.signatures.revocation import Revocations
from archive.signatures.trust import TrustStore


@dataclass(frozen=True, slots=True)
class Prepared:
    """A trust store with its certificates and revocation answers parsed."""

    trust: TrustStore
    certificates: tuple[Cert, ...]
    revocations: Revocations
    known: Certificates
    """The anchors and `certificates` to look for paths in; not added to, see `layered`."""


_prepared: OrderedDict[int, Prepared] = OrderedDict()
_MAX_PREPARED = 4


def prepare(trust: TrustStore) -> Prepared:
    """Return a trust store parsed, from memory if this very store was asked for before."""
    known = _prepared.get(id(trust))
    if known is None or known.trust is not trust:
        certificates = readable([*(a.certificate for a in trust.anchors), *trust.certificates])
        revocations = Revocations(trust.crls, trust.ocsps)
        paths = Certificates(trust.anchors, certificates)
        revocations.crl_signers, revocations.crl_issuers = paths.relatives, paths.crl_issuers
        known = Prepared(trust, tuple(certificates), revocations, paths)
        _prepared[id(trust)] = known
        while len(_prepared) > _MAX_PREPARED:
            _prepared.popitem(last=False)
    return known
