"""Proof over decades: hash trees, evidence records (RFC 4998), the Merkle log (RFC 9162)."""
