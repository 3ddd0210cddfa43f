"""Certification paths: found with a bounded search, validated by RFC 5280, section 6.

Time and revocation are not looked at here, so that a path's validity never changes and
can be remembered; `timeline` looks at them for every verdict anew. The search is our
own because a path builder without a budget is factorial in the number of CAs of one
name (`MAX_SIGNATURES`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from archive.signatures.certificates import Cert, read_certificate
from archive.signatures.trust import Anchor, Scope

MAX_DEPTH = 10
MAX_SIGNATURES = 256
"""Signatures that one search may verify."""
MAX_PATHS = 4
_MAX_QUESTIONS = 2048
_MAX_ADDED = 64


@dataclass(frozen=True, slots=True)
class Policies:
    """The certificate policies that are asked for (RFC 5280, 6.1.1 c to g)."""

    accepted: frozenset[str] = frozenset({"any_policy"})
    """Object identifiers."""
    explicit: bool = False
    no_mapping: bool = False
    no_any_policy: bool = False


ANY_POLICY = Policies()


@dataclass(frozen=True, slots=True)
class Chain:
    """A path from a certificate to a root."""

    certificates: tuple[Cert, ...]
    """Leaf first, the root's own certificate last."""
    anchor: Anchor

    @property
    def leaf(self) -> Cert:
        """The certificate that the path is for."""
        return self.certificates[0]

    @property
    def links(self) -> Iterator[tuple[Cert, Cert]]:
        """Certificates with their issuers, from just below the root to the leaf."""
        pairs = zip(self.certificates, self.certificates[1:], strict=False)
        return iter(list(pairs)[::-1])

    @property
    def fault(self) -> str | None:
        """What RFC 5280 finds wrong with the path, or None."""
        return self.fault_under(ANY_POLICY)

    def fault_under(self, policies: Policies) -> str | None:
        """Return what RFC 5280 finds wrong if these certificate policies are asked for."""
        return _pkix_fault(tuple(c.der for c in self.certificates), policies)


_Question = tuple[str, Scope, tuple[str, ...]]
"""The certificate that paths are for, what they have to be trusted for, what was added."""


class Certificates:
    """Certificates by subject name, in which paths are looked for."""

    def __init__(self, anchors: Sequence[Anchor], others: Iterable[Cert] = ()) -> None:
        self.anchors = {read_certificate(a.certificate).sha256: a for a in anchors}
        self._by_subject: dict[str, tuple[Cert, ...]] = {}
        self._seen: set[str] = set()
        self._added: tuple[str, ...] = ()
        self._chains: dict[_Question, list[Chain]] = {}
        self.add(read_certificate(a.certificate) for a in anchors)
        self.add(others)

    def layered(self) -> Certificates:
        """Return these certificates to add others to; these stay as they are."""
        other = copy(self)
        other._by_subject, other._seen = dict(self._by_subject), set(self._seen)  # noqa: SLF001
        return other

    def add(self, certificates: Iterable[Cert]) -> None:
        """Add certificates; repeats do nothing."""
        added = []
        for one in certificates:
            if one.sha256 not in self._seen:
                self._seen.add(one.sha256)
                self._by_subject[one.subject] = (*self._by_subject.get(one.subject, ()), one)
                added.append(one.sha256)
        self._added += tuple(added)

    def chains(self, leaf: Cert, scope: Scope) -> list[Chain]:
        """Return paths from a certificate to roots of this scope, likeliest first.

        Remembered for what was added to the same certificates in the same order, since files
        of one signer have the same certificates inside.
        """
        question = (leaf.sha256, scope, self._added)
        found = self._chains.get(question)
        if found is None:
            search = _Search(self, scope)
            search.extend((leaf,))
            found = sorted(search.found, key=lambda chain: chain.fault is not None)
            if len(self._chains) >= _MAX_QUESTIONS:
                self._chains.clear()
            if len(self._added) <= _MAX_ADDED:
                self._chains[question] = found
        return list(found)

    def relatives(self, ca: Cert) -> list[tuple[Cert, Cert]]:
        """Return certificates of the same CA for other keys, with which it may sign CRLs.

        Each comes with the certificate of who issued it.

        A key counts as the CA's own if one of the two keys vouches for the other, or
        the same CA above vouches for both (RFC 5280, 5: self-issued, key rollover).
        """
        named = self._by_subject.get(ca.subject, ())
        others = [one for one in named if one.key_bits != ca.key_bits]
        above = [p for p in self.issuers(ca) if ca.is_issued_by(p)] if others else []
        found = []
        for one in others:
            parent = next((p for p in (ca, *above) if one.is_issued_by(p)), None)
            if parent is not None:
                found.append((one, parent))
            elif ca.is_issued_by(one):
                found += [(one, p) for p in self.issuers(one) if one.is_issued_by(p)][:1]
        return found

    def crl_issuers(self, name: str) -> list[Chain]:
        """Return paths of certificates of this name, which may sign others' CRLs."""
        found = []
        for one in self._by_subject.get(name, ()):
            if one.key_usage is None or "crl_sign" in one.key_usage:
                paths = [path for scope in Scope for path in self.chains(one, scope)]
                found += [path for path in paths if path.fault is None][:1]
        return found

    def issuers(self, of: Cert) -> list[Cert]:
        """Return certificates with the issuer's name: roots first, then by key identifier."""
        named = self._by_subject.get(of.issuer, ())

        def likelihood(one: Cert) -> tuple[bool, bool]:
            fits = of.authority_key_id is None or one.key_id == of.authority_key_id
            return (not fits, one.sha256 not in self.anchors)

        return sorted(named, key=likelihood)


class _Search:
    """One bounded depth-first search."""

    def __init__(self, known: Certificates, scope: Scope) -> None:
        self._known, self._scope = known, scope
        self._budget = MAX_SIGNATURES
        self.found: list[Chain] = []

    def extend(self, path: tuple[Cert, ...]) -> None:
        """Follow a path upwards."""
        last = path[-1]
        anchor = self._known.anchors.get(last.sha256)
        if anchor is not None and self._scope in anchor.scopes:
            self.found.append(Chain(path, anchor))
            return
        if len(path) >= MAX_DEPTH:
            return
        for issuer in self._known.issuers(last):
            if len(self.found) >= MAX_PATHS or self._budget <= 0:
                return
            # A CA may issue to itself with another key; the same key again is a loop.
            if any(issuer.subject == c.subject and issuer.key_bits == c.key_bits for c in path):
                continue
            self._budget -= 1
            if last.is_issued_by(issuer):
                self.extend((*path, issuer))


def intersection(certificates: Sequence[Cert]) -> tuple[datetime, datetime]:
    """Return the time in which all of several certificates are valid; it may be empty."""
    return max(c.not_before for c in certificates), min(c.not_after for c in certificates)


@lru_cache(maxsize=2048)
def _pkix_fault(path: tuple[bytes, ...], policies: Policies) -> str | None:
    """Validate a path by RFC 5280, 6.1, at a moment when all of it is valid.

    Source: EN 319 102-1, 5.6.2.1: past certificate validation picks such a moment.
    """
    from asn1crypto import x509
    from pyhanko_certvalidator.authority import CertTrustAnchor
    from pyhanko_certvalidator.context import ValidationContext
    from pyhanko_certvalidator.errors import PathError, ValidationError
    from pyhanko_certvalidator.path import ValidationPath
    from pyhanko_certvalidator.policy_decl import (
        NO_REVOCATION,
        AcceptAllAlgorithms,
        CertRevTrustPolicy,
        PKIXValidationParams,
    )
    from pyhanko_certvalidator.validate import async_validate_path

    if len(path) == 1:
        return None  # the root itself signs: trusted as it is
    begin, end = intersection([read_certificate(one) for one in path[:-1]])
    if begin > end:
        return "the certificates of the path were never valid at the same time"
    *below, leaf = [x509.Certificate.load(one) for one in reversed(path)]
    root, between = below[0], below[1:]
    context = ValidationContext(
        trust_roots=[root],
        moment=begin,
        allow_fetching=False,
        revinfo_policy=CertRevTrustPolicy(NO_REVOCATION),
        algorithm_usage_policy=AcceptAllAlgorithms(),
    )
    parameters = PKIXValidationParams(
        user_initial_policy_set=policies.accepted,
        initial_explicit_policy=policies.explicit,
        initial_policy_mapping_inhibit=policies.no_mapping,
        initial_any_policy_inhibit=policies.no_any_policy,
    )
    chain = ValidationPath(CertTrustAnchor(root), between, leaf)
    step = async_validate_path(context, chain, parameters)
    try:
        # Nothing is fetched, so that the coroutine ends without ever waiting.
        step.send(None)
    except StopIteration:
        return None
    except (PathError, ValidationError) as error:
        return str(error)
    except (ValueError, TypeError, KeyError) as error:
        return f"the path could not be validated: {error}"
    finally:
        step.close()
    return "the path could not be validated without the network"
