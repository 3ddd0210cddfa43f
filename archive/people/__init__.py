"""People: who may come in, with which password and code, for how long, and who decides that.

Source of the rules: QCVN 12:2026/BCA, 3.7.2.4 to 3.7.2.9.
"""
