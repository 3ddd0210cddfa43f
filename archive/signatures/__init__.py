"""Signatures: checking those in records, making and checking the seals of the archive."""
