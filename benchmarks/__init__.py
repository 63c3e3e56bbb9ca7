"""Ratios against the standard library and against peers, measured within one run."""
