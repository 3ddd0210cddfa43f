"""The example client of the API's README does what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.web.systems import a_token
from tests.web.test_api import ONE, a_zip
from tests.web.world import World

README = Path(__file__).resolve().parents[2] / "web" / "api" / "README.md"


def test_the_portals_client_hands_a_dossier_over_and_keeps_the_receipt(
    world: World, tmp_path: Path
):
    client, genuine = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (tmp_path / "client.py").write_text(client, encoding="utf-8")
    package = tmp_path / "ho-so.zip"
    package.write_bytes(a_zip(tmp_path, "H26.18-260106-0105", documents=ONE))
    call = [world.base, a_token(world.archive), str(package), "mot-cua-105"]

    twice = [
        subprocess.run(
            [sys.executable, "-I", "client.py", *call], cwd=tmp_path, capture_output=True,
            text=True, check=True, timeout=120,
        ).stdout
        for _ in range(2)
    ]  # fmt: skip

    assert twice[0].startswith("H26.18-260106-0105 held\n")
    assert "receipt: " in twice[0]
    assert twice[0] == twice[1]
    compile(genuine, "README", "exec")
