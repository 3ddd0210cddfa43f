"""Data only: Kho's schemas and field profiles, and the standards' schemas."""
