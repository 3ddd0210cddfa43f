"""Formats: what a file is (PRONOM), whether a PDF is sound, its text, and the antivirus.

Nothing here trusts a file. What parses one runs in `archive.sandbox`, with limits; what
runs in our own process only looks for byte patterns in bounded parts of it.
"""
