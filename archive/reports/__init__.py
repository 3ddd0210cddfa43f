"""Reports: figures of an audit, counted and drawn as PDF/A, CSV, XML and JSON."""
