"""History: how a package's record is put together from its batches and their renewals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from archive.errors import IntegrityError
from archive.evidence import batches, make
from archive.evidence.batches import Batch, Kind
from archive.evidence.records import ArchiveTimestamp, Chain, EvidenceRecord
from archive.evidence.renew import timestamp_group
from archive.model import ObjectName
from archive.storage import ObjectStore


@dataclass(frozen=True)
class History:
    """The batches of a store, with those read that were asked for."""

    store: ObjectStore
    kinds: Mapping[str, Kind]
    """Every batch's kind by its id, oldest first."""

    @cached_property
    def _read(self) -> dict[str, Batch]:
        return {}

    def batch(self, batch_id: str) -> Batch:
        """Return a batch's heading."""
        known = self._read.get(batch_id)
        if known is None:
            known = self._read[batch_id] = batches.read(self.store, batch_id)
        return known

    @cached_property
    def renewed_by(self) -> dict[str, str]:
        """Which timestamp renewal covers a batch's timestamp."""
        renewals = [one for one, kind in self.kinds.items() if kind is Kind.TIMESTAMPS]
        return {covered: one for one in renewals for covered in self.batch(one).enclosed}

    @cached_property
    def tips(self) -> list[str]:
        """The batches whose timestamps are the last ones of their chains, oldest first.

        Chains that a hash-tree renewal has closed are left out: they never change again.
        """
        renewals = [one for one, kind in self.kinds.items() if kind is Kind.HASH_TREES]
        closed = {covered for one in renewals for covered in self.batch(one).enclosed}
        return [one for one in self.kinds if one not in closed and one not in self.renewed_by]

    def tip(self, batch_id: str) -> str:
        """Return the batch with the newest timestamp of the chain that a batch began."""
        while batch_id in self.renewed_by:
            batch_id = self.renewed_by[batch_id]
        return batch_id

    def record(
        self, place: ObjectName, of: Sequence[str], tips: Mapping[str, bytes] | None = None
    ) -> EvidenceRecord:
        """Return a package's evidence record.

        Args:
            place: where the package lies.
            of: the batches that have it, oldest first.
            tips: for a renewal that is being made: the last timestamps, by batch, with
                their proofs enclosed.

        Raises:
            IntegrityError: a tree in the store lacks what its heading says.
        """
        chains: list[Chain] = []
        for number, batch_id in enumerate(of):
            later = self.batch(of[number + 1]).enclosed if number + 1 < len(of) else tips or {}
            group = batches.member(self.store, batch_id, place).group
            chains.append(Chain.make(self._stamps(batch_id, group, later)))
        return EvidenceRecord.make(chains)

    def _stamps(
        self, batch_id: str, group: Sequence[bytes], closing: Mapping[str, bytes]
    ) -> list[ArchiveTimestamp]:
        """Return a chain's archive timestamps, up to the one that a later chain closed."""
        found = []
        while True:
            batch = self.batch(batch_id)
            renewal = None if batch_id in closing else self.renewed_by.get(batch_id)
            token = closing.get(batch_id)
            if token is None and renewal is not None:
                token = self.batch(renewal).enclosed[batch_id]
            token = token or batches.token(self.store, batch_id)
            tree = batches.tree(self.store, batch_id)
            stamp = make.archive_timestamp(group, batch.shape, tree, token)
            if stamp is None:
                raise IntegrityError("a hash tree lacks one of its members", where=batch_id)
            found.append(stamp)
            if renewal is None:
                return found
            group = timestamp_group(batch.shape.algorithm, token)
            batch_id = renewal
