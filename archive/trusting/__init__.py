"""Trusting: whose signatures, seals and timestamps count, changed by two people.

`changes` says what a file would change, `algorithm_ends` until when digests and key sizes count, `proposals` puts a change to a second person,
`revocation` adds CRLs and OCSP answers, `status` says what is trusted and what is stale; `office` and `proposing`
are what people do on the page.
"""
