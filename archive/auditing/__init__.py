"""Auditing: the signatures in what is held, listed, checked again, reported on.

`recheck` judges from the material that packages keep; `audit` does so for many dossiers and
can be taken up again; `figures` counts, and `archive.reports` draws.
"""
