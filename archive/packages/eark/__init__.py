"""Validation of E-ARK information packages: CSIP 2.0.4 and 2.1.0, SIP 2.1.0, AIP and DIP.

One module per section of METS, and one for folders. Each check yields findings that bear the
requirement's identifier; the clause stands at the check.
"""
