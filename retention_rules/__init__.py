"""Retention rules: pure; facts and rules in, decisions with reasons out."""
