"""Helpers for test suites that use or check `sla_engine`."""
