"""The schemas that others made are byte for byte what `schemas/README.md` says."""

from __future__ import annotations

import re
from pathlib import Path

from archive.fixity import sha256_of_file

FOLDER = Path(__file__).resolve().parents[2] / "schemas"


def test_every_foreign_schema_has_the_digest_of_the_readme() -> None:
    listed = dict(
        reversed(line)
        for line in re.findall(r"^([0-9a-f]{64})  (\S+)$", (FOLDER / "README.md").read_text(), re.M)
    )
    present = {
        f"{path.parent.name}/{path.name}": sha256_of_file(path)
        for name in ("standards", "eark")
        for path in (FOLDER / name).iterdir()
    }

    assert listed == present
