"""XML signatures, read: canonical bytes, references and XAdES properties, nothing judged.

The signature check may not import this package (siblings do not know each other), and
lxml has its one home in `archive.packages`: who opens a `Checker` gives it `reader`, and
what crosses over are bytes, digests and times.
"""
