"""A monitor reads how the archive stands, and no person is in what it reads."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.archives import an_archive, ingested
from tests.builders import a_submission
from web import metrics


def test_the_figures_are_those_of_the_archive_and_name_nobody(tmp_path):
    archive = an_archive(tmp_path)
    a_submission(tmp_path / "in" / "one")
    ingested(archive, tmp_path / "in")
    metrics.answered("/dossiers/{name}", "GET", 200, 0.02)

    port = metrics.serve(archive, "127.0.0.1", 0)
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text

    figures = {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert figures["kho_up"] == 1
    assert figures["kho_dossiers"] == 1
    assert figures["kho_journal_entries"] >= 2
    assert figures["kho_store_bytes"] > 1000
    assert figures["kho_http_answers_total"] >= 1
    assert "Nguyễn" not in text
    archive.close()
