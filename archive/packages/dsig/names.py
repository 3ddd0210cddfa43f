"""Names of XML Signature, XAdES and ASiC: namespaces and algorithm identifiers.

Source: W3C XML Signature 1.1, RFC 9231, ETSI EN 319 132-1, EN 319 162-1.
"""

from __future__ import annotations

DSIG = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
XADES_141 = "http://uri.etsi.org/01903/v1.4.1#"
ASIC = "http://uri.etsi.org/02918/v1.2.1#"
OASIS_MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
XML = "http://www.w3.org/XML/1998/namespace"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

SIGNATURE = f"{{{DSIG}}}Signature"
OBJECT = f"{{{DSIG}}}Object"
QUALIFYING = f"{{{XADES}}}QualifyingProperties"
SIGNED_PROPERTIES_TYPE = "http://uri.etsi.org/01903#SignedProperties"

_2001 = "http://www.w3.org/2001/04/xmldsig-more#"
_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_ENC = "http://www.w3.org/2001/04/xmlenc#"
DIGESTS = {
    f"{DSIG}sha1": "sha1",
    f"{_2001}md5": "md5",
    f"{_2001}sha224": "sha224",
    f"{_ENC}sha256": "sha256",
    f"{_2001}sha384": "sha384",
    f"{_ENC}sha512": "sha512",
    f"{_2007}sha3-224": "sha3_224",
    f"{_2007}sha3-256": "sha3_256",
    f"{_2007}sha3-384": "sha3_384",
    f"{_2007}sha3-512": "sha3_512",
}
"""Digest algorithms by their identifiers, as hashlib names them."""
