"""From a held dossier to what the index knows of it."""

from __future__ import annotations

from collections.abc import Iterable

from archive.model import Dossier, Indication, Verdict
from archive.search import IndexRecord

NO_SIGNATURES = "none"
_GRAVEST_FIRST = (Indication.FAILED, Indication.INDETERMINATE, Indication.PASSED)


def record_of(dossier: Dossier, verdicts: Iterable[Verdict] = (), text: str = "") -> IndexRecord:
    """Return the record of a dossier.

    Args:
        dossier: as it is held.
        verdicts: of all its signatures; the gravest is the dossier's outcome.
        text: the full text of its documents.
    """
    result = dossier.result
    titles = [dossier.title, *(document.title for document in dossier.documents)]
    return IndexRecord(
        id=dossier.id,
        year=dossier.year,
        code=dossier.code,
        code_old=dossier.code_old,
        file_code=dossier.file_code,
        name=dossier.applicant.name,
        identity_number=dossier.applicant.identity_number,
        procedure=dossier.procedure,
        procedure_name=dossier.procedure_name,
        agency=dossier.agency,
        agency_name=dossier.agency_name,
        status=dossier.status.value,
        signature_outcome=outcome_of(verdicts),
        received_on=dossier.received_on,
        closed_on=dossier.closed_on,
        result_number=result.number if result else None,
        result_code=result.code if result else None,
        title="; ".join(dict.fromkeys(titles)),
        text=text,
        fonds=dossier.fonds,
        access=dossier.access,
    )


def outcome_of(verdicts: Iterable[Verdict]) -> str:
    """Return the gravest indication, `none` if there are no signatures."""
    found = {verdict.indication for verdict in verdicts}
    return next((kind.value for kind in _GRAVEST_FIRST if kind in found), NO_SIGNATURES)
