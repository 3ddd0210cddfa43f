"""The codes that Vietnamese agencies give to dossiers, bodies, procedures and persons.

Each `check_…` returns findings and never raises. No message repeats an identity or tax
number: reports are stored and sent around, those numbers are personal data.
"""

from __future__ import annotations

import re
import uuid
from datetime import date
from functools import partial

from archive.findings import Finding, Severity
from archive.model import DossierId

KHO_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:kho:dossier")
"""The namespace of dossier ids; frozen, because stored packages are named by it."""

_AGENCY = re.compile(r"[A-Y][0-9]{2}(?:\.[0-9A-Z]+)*")
_OTHER_BODY = re.compile(r"Z(?!00)[0-9]{2}[0-9A-Z]{0,32}")
_OLD_UNIT = re.compile(r"[0-9A-Z]{3}\.[0-9A-Z]{2}\.[0-9A-Z]{2}\.[A-Y][0-9]{2}")
_DOSSIER = re.compile(r"(?P<body>[0-9A-Z.]+)-(?P<day>[0-9]{6})-(?P<ordinal>[0-9]{4,6})")
_PROCEDURE = re.compile(
    r"[1-9]\.[0-9]{6}(?:\.[0-9A-Z]{3}\.[0-9A-Z]{2}\.[0-9A-Z]{2}\.[A-Y][0-9]{2})?"
)
_FILE_CODE = re.compile(r"(?P<body>[0-9A-Z.]+)\.(?P<year>[0-9]{4})\.(?P<number>[^\W_][\w-]*)")
_RESULT = re.compile(r"KQ\.[A-Z][0-9]{2}(?:\.[0-9A-Z]+)*\.[0-9]{6,}")
_TAX = re.compile(r"([0-9]{10})(?:-([0-9]{3}))?")
_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_VIETNAMESE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_FIRST_FILE_YEAR = 1800

_error = partial(Finding, severity=Severity.ERROR)
_warning = partial(Finding, severity=Severity.WARNING)


def dossier_id(agency: str, code: str) -> DossierId:
    """Return the id of the dossier that `agency` closed under `code` (the new form)."""
    return DossierId(str(uuid.uuid5(KHO_NAMESPACE, f"{agency}/{code}")))


def parse_date(text: str) -> date:
    """Read a day written as `2026-01-15` or `15/01/2026`.

    Raises:
        ValueError: neither form, or no such day; the message says which.
    """
    text = text.strip()
    if match := _ISO.fullmatch(text):
        year, month, day = (int(group) for group in match.groups())
    elif match := _VIETNAMESE.fullmatch(text):
        day, month, year = (int(group) for group in match.groups())
    else:
        raise ValueError("write it as dd/mm/yyyy or yyyy-mm-dd")
    if not 1 <= month <= 12:
        raise ValueError(f"there is no month {month:02}")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"the calendar has no {day:02}/{month:02}/{year:04}") from None


def to_new_form(code: str) -> str:
    """Return a dossier code in the form after QĐ 20/2020; other text comes back unchanged.

    `000.00.18.H26-220524-0001` becomes `H26.18-220524-0001`: the groups of the unit code
    of QCVN 102:2016 in reverse order, without the zero groups at its end.
    """
    body, dash, rest = code.partition("-")
    if not _OLD_UNIT.fullmatch(body):
        return code
    groups = body.split(".")[::-1]
    while len(groups) > 1 and not groups[-1].strip("0"):
        groups.pop()
    return ".".join(groups) + dash + rest


def is_old_form(code: str) -> bool:
    """Whether a dossier code begins with a unit code of QCVN 102:2016."""
    return _OLD_UNIT.fullmatch(code.partition("-")[0]) is not None


def day_of_dossier_code(code: str) -> date | None:
    """Return the day of receipt that a dossier code carries, None if it carries none."""
    match = _DOSSIER.fullmatch(code)
    if match is None:
        return None
    try:
        return _short_day(match["day"])
    except ValueError:
        return None


def check_dossier_code(code: str, *, today: date | None = None, path: str = "") -> list[Finding]:
    """Check the code of a dossier in either form.

    Source: TT 01/2018/TT-VPCP, art. 19 (old form); QĐ 20/2020/QĐ-TTg, art. 4 (agency part).
    """
    match = _DOSSIER.fullmatch(code)
    if match is None:
        message = f"dossier code {code!r} is not AGENCY-YYMMDD-NNNN, such as H26.18-220524-0001"
        return [_error("KHO-CODE-DOSSIER", path=path, message=message)]
    found = (
        [] if _OLD_UNIT.fullmatch(match["body"]) else check_agency_code(match["body"], path=path)
    )
    found += _check_day(match["day"], code, today, path)
    if not match["ordinal"].strip("0"):
        message = f"dossier code {code!r}: the ordinal of the day begins at 0001"
        found.append(_error("KHO-CODE-ORDINAL", path=path, message=message))
    elif len(match["ordinal"]) > 4:
        message = f"dossier code {code!r}: the ordinal has more than the four digits of the rule"
        found.append(_warning("KHO-CODE-ORDINAL", path=path, message=message))
    return found


def check_agency_code(code: str, *, path: str = "") -> list[Finding]:
    """Check the electronic identifier of a body.

    Source: QĐ 20/2020/QĐ-TTg, art. 4 (agencies) and art. 6 (`Zxy` for other bodies).
    """
    if len(code) <= 35 and (_AGENCY.fullmatch(code) or _OTHER_BODY.fullmatch(code)):
        return []
    reason = "it is longer than 35 characters" if len(code) > 35 else _why_no_agency(code)
    message = f"agency code {code[:60]!r} breaks QĐ 20/2020: {reason}"
    return [_error("KHO-CODE-AGENCY", path=path, message=message)]


def check_procedure_code(code: str, *, path: str = "") -> list[Finding]:
    """Check the code of an administrative procedure, base or localized."""
    if _PROCEDURE.fullmatch(code):
        return []
    message = f"procedure code {code!r} is not like 1.001193 or 1.000318.000.00.00.H40"
    return [_error("KHO-CODE-PROCEDURE", path=path, message=message)]


def check_file_code(code: str, *, today: date | None = None, path: str = "") -> list[Finding]:
    """Check an archive file code: agency, year of the file, its number and sign.

    Source: TT 05/2025/TT-BNV, `fileCode` (100 characters).
    """
    match = _FILE_CODE.fullmatch(code)
    if match is None or len(code) > 100:
        message = f"file code {code[:120]!r} is not AGENCY.YEAR.NUMBER, such as H49.64.33.2001.160"
        return [_error("KHO-CODE-FILE", path=path, message=message)]
    found = check_agency_code(match["body"], path=path)
    year = int(match["year"])
    if year < _FIRST_FILE_YEAR or (today is not None and year > today.year):
        message = f"file code {code!r}: {year} cannot be the year of a closed file"
        found.append(_error("KHO-CODE-FILE-YEAR", path=path, message=message))
    return found


def check_document_code(code: str, *, path: str = "") -> list[Finding]:
    """Check a document's archive code: the file code and a 7-digit ordinal."""
    file_code, _, ordinal = code.rpartition(".")
    if len(ordinal) == 7 and ordinal.isascii() and ordinal.isdigit() and int(ordinal):
        return check_file_code(file_code, path=path)
    message = f"document code {code[:120]!r} is not a file code, `.` and seven digits from 0000001"
    return [_error("KHO-CODE-DOCUMENT", path=path, message=message)]


def check_identity_number(
    number: str, *, today: date | None = None, path: str = ""
) -> list[Finding]:
    """Check a personal identity number: 12 digits; the inner structure is only a warning.

    Source: Law on Identification 2023, art. 12; NĐ 137/2015, art. 13 (structure, expired).
    """
    if not re.fullmatch(r"[0-9]{12}", number):
        return [
            _error(
                "KHO-CODE-IDENTITY",
                path=path,
                message=f"identity number has {len(number)} characters, expected 12 digits",
            )
        ]
    if reason := _odd_identity(number, today):
        message = f"identity number: {reason} (structure of NĐ 137/2015); check it for a slip"
        return [_warning("KHO-CODE-IDENTITY-STRUCTURE", path=path, message=message)]
    return []


def check_tax_code(code: str, *, path: str = "") -> list[Finding]:
    """Check a tax code: 10 digits, the last a check digit, or 10 + `-` + 001 to 999.

    Source: TT 105/2020/TT-BTC, art. 5.
    """
    match = _TAX.fullmatch(code)
    if match is None or match[2] == "000":
        message = "tax code is not ten digits, or ten digits, `-` and 001 to 999"
        return [_error("KHO-CODE-TAX", path=path, message=message)]
    digits = [int(digit) for digit in match[1]]
    weighted = sum(digit * weight for digit, weight in zip(digits, _TAX_WEIGHTS, strict=False))
    if 10 - weighted % 11 == digits[9]:
        return []
    message = "tax code: the tenth digit does not fit the nine before it"
    return [_error("KHO-CODE-TAX-CHECK", path=path, message=message)]


def check_result_code(code: str, *, path: str = "") -> list[Finding]:
    """Check the portal's code of a result paper; its form is not confirmed, so it warns."""
    if _RESULT.fullmatch(code):
        return []
    message = f"result code {code[:60]!r} is not like KQ.G15.000469"
    return [_warning("KHO-CODE-RESULT", path=path, message=message)]


def _short_day(digits: str) -> date:
    return date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))


def _check_day(digits: str, code: str, today: date | None, path: str) -> list[Finding]:
    try:
        day = _short_day(digits)
    except ValueError:
        message = f"dossier code {code!r}: {digits} is no day of the calendar (YYMMDD)"
        return [_error("KHO-CODE-DATE", path=path, message=message)]
    if today is None or day <= today:
        return []
    message = f"dossier code {code!r}: {day.isoformat()} lies in the future"
    return [_error("KHO-CODE-FUTURE", path=path, message=message)]


def _why_no_agency(code: str) -> str:
    if not re.fullmatch(r"[0-9A-Z.]*", code):
        return "only 0-9, A-Z and `.` may occur"
    if code.startswith("Z"):
        return "Z01 to Z99 is followed by at most 32 letters and digits, without `.`"
    if not re.match(r"[A-Y][0-9]{2}(?:\.|$)", code):
        return "the first group is a letter A to Y and two digits"
    return "there is an empty group between the dots"


def _odd_identity(number: str, today: date | None) -> str | None:
    if not 1 <= int(number[:3]) <= 96:
        return "no province has its first three digits"
    century = 1900 + 100 * (int(number[3]) // 2)
    if today is not None and century + int(number[4:6]) > today.year:
        return "the year of birth lies in the future"
    return None
