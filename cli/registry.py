"""Which commands there are and where they live; nothing here imports them."""

from __future__ import annotations

COMMANDS: dict[str, str] = {
    "ingest": "cli.ingest_cmd:ingest",
    "search": "cli.search_cmd:search",
    "show": "cli.access_cmd:show",
    "get": "cli.access_cmd:get",
    "receipt": "cli.access_cmd:receipt",
    "verify": "cli.verify_cmd:verify",
    "init": "cli.init_cmd:init",
    "doctor": "cli.doctor_cmd:doctor",
    "config": "cli.config_cmd:config",
    "sip": "cli.sip_cmd:sip",
    "aip": "cli.aip_cmd:aip",
    "sig": "cli.sig_cmd:sig",
    "trust": "cli.trust_cmd:trust",
    "retention": "cli.retention_cmd:retention",
    "rule": "cli.rule_cmd:rule",
    "hold": "cli.hold_cmd:hold",
    "disposal": "cli.disposal_cmd:disposal",
    "transfer": "cli.transfer_cmd:transfer",
    "copy": "cli.copy_cmd:copy",
    "subject": "cli.notes_cmd:subject",
    "encryption": "cli.encryption_cmd:encryption",
    "evidence": "cli.evidence_cmd:evidence",
    "fixity": "cli.fixity_cmd:fixity",
    "journal": "cli.journal_cmd:journal",
    "rebuild": "cli.rebuild_cmd:rebuild",
    "sweep": "cli.rebuild_cmd:sweep",
    "serve": "cli.serve_cmd:serve",
    "demo": "cli.demo_cmd:demo",
}
