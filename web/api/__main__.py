"""`python -m web.api > schemas/openapi-1.json` writes the contract."""

from __future__ import annotations

import json
import sys

from fastapi import FastAPI

from web.api.contract import document

sys.stdout.write(json.dumps(document(FastAPI()), ensure_ascii=False, indent=1, sort_keys=True))
sys.stdout.write("\n")
