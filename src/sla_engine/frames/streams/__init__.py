"""
Logs larger than memory: a directory of Parquet or CSV files, or one file, to the figures of a report.

`files` reads them in batches, `parts` puts the rows of each ticket into one of many temporary files, `ticket_rows` and
`sla_engine.frames.clocks` evaluate these one by one, `figures` adds up what they say, and `reports` does all of it.
"""

from __future__ import annotations

from sla_engine.frames.streams.figures import CountedFigure
from sla_engine.frames.streams.files import FileProblem
from sla_engine.frames.streams.reports import FilesReport, report_files

__all__ = ["CountedFigure", "FileProblem", "FilesReport", "report_files"]
