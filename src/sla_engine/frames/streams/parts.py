"""
The rows of a log, put into temporary files so that all rows of a ticket stand in one of them, in their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pyarrow as pa

from sla_engine.frames.numbers import np

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Ints

_ODD = np.uint64(0x9E3779B97F4A7C15)
MOST = 512
"""So many files are written side by side."""


def spread(batches: Iterator[Any], key: str, parts: int, folder: Path) -> list[Path]:
    """Write batches to so many files by a column, and return those that have rows."""
    writers: dict[int, Any] = {}
    compression = "lz4" if pa.Codec.is_available("lz4") else None
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with ExitStack() as stack:
        for batch in batches:
            number = part_numbers(batch.column(key), parts)
            order = np.argsort(number, kind="stable")
            bounds = np.searchsorted(number[order], np.arange(parts + 1))
            rows = batch.take(pa.array(order)) if parts > 1 else batch
            for part in np.flatnonzero(np.diff(bounds)).tolist():
                if part not in writers:
                    writers[part] = stack.enter_context(
                        pa.ipc.new_stream(str(_file(folder, part)), rows.schema, options=options)
                    )
                begin, end = int(bounds[part]), int(bounds[part + 1])
                writers[part].write_table(rows.slice(begin, end - begin))
    return [_file(folder, part) for part in sorted(writers)]


def read(file: Path) -> Any:
    """Return the rows of a part, which is removed."""
    with pa.ipc.open_stream(str(file)) as stream:
        table = stream.read_all()
    file.unlink()
    return table


def _file(folder: Path, part: int) -> Path:
    return folder / f"part-{part:04}.arrow"


def part_numbers(column: Any, parts: int) -> Ints:
    """Return for each row the number of its part, the same for equal values wherever they stand."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_integer(array.type):
        mixed = array.to_numpy(zero_copy_only=False).astype(np.int64).view(np.uint64) * _ODD
        numbers: Ints = ((mixed >> np.uint64(32)) % np.uint64(parts)).astype(np.int64)
        return numbers
    encoded = array.dictionary_encode()
    own = [
        crc32(str(value).strip().encode("utf-8", "surrogatepass")) % parts for value in encoded.dictionary.to_pylist()
    ]
    found: Ints = np.array(own, dtype=np.int64)[encoded.indices.to_numpy(zero_copy_only=False)]
    return found
