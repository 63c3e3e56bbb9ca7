"""
Memory that processes share: anonymous, so that nothing is left of it when they end, however they end.

A room is a file without a name whose handle is sent to the other processes (on Windows, memory that has one). It is
given back to the system when the last array over it, in any process, is gone.
"""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
from collections.abc import Callable
from itertools import count
from multiprocessing import reduction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import finalize

from sla_engine.frames.numbers import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Place(NamedTuple):
    """Where an array lies: the number of a room, the first byte in it, and how it goes on."""

    room: int
    offset: int
    rows: int
    stride: int
    dtype: str

    def array(self, memory: mmap.mmap) -> NDArray[Any]:
        """Return the array, over the memory of its room."""
        return np.ndarray(self.rows, self.dtype, memory, self.offset, (self.stride,))


class Room(NamedTuple):
    """Shared memory, as one process tells others of it; on most systems a handle follows."""

    number: int
    size: int
    owner: int


class Rooms:
    """The rooms of one process that others know by their numbers."""

    def __init__(self) -> None:
        self._numbers = count()
        self._known: dict[int, tuple[int, int]] = {}
        """The first address of each room, and the one after its last."""

    def empty(self, rows: int, dtype: Any, tell: Callable[[Room, int | None], None]) -> NDArray[Any]:
        """Return an array in a room of its own, of which the others are told."""
        room = Room(next(self._numbers), max(rows * np.dtype(dtype).itemsize, 1), os.getpid())
        memory, handle = _made(room)
        try:
            tell(room, handle)
        finally:
            if handle is not None:
                os.close(handle)
        array: NDArray[Any] = np.ndarray(rows, dtype, memory)
        address = _address(array)
        self._known[room.number] = (address, address + room.size)
        # Views of an array keep the array, and the array keeps the memory.
        finalize(array, self._known.pop, room.number, None).atexit = False
        return array

    def numbers(self) -> frozenset[int]:
        """Return the rooms of which an array is still there."""
        return frozenset(self._known)

    def place(self, array: NDArray[Any]) -> Place | None:
        """Return where an array of one dimension lies; None where that is in no room."""
        address = _address(array)
        for number, (first, stop) in list(self._known.items()):
            if first <= address < stop:
                return Place(number, address - first, len(array), array.strides[0], array.dtype.str)
        return None


def _address(array: NDArray[Any]) -> int:
    found: int = array.__array_interface__["data"][0]
    return found


if sys.platform == "win32":  # pragma: no cover

    def _made(room: Room) -> tuple[mmap.mmap, int | None]:
        return received(room, None), None

    def send(connection: Connection, room: Room, handle: int | None) -> None:
        """Tell the process at the other end of a room."""
        del handle
        connection.send(room)

    def received(room: Room, connection: Connection | None) -> mmap.mmap:
        """Return the memory of a room that another process told of."""
        del connection
        return mmap.mmap(-1, room.size, tagname=f"sla_engine-{room.owner}-{room.number}")

else:

    def _made(room: Room) -> tuple[mmap.mmap, int | None]:
        if sys.platform == "linux":
            # Not in /dev/shm, which is small in containers, and where too little room is a SIGBUS.
            handle = os.memfd_create("sla_engine")
        else:  # pragma: no cover
            handle, path = tempfile.mkstemp()
            Path(path).unlink()
        try:
            os.ftruncate(handle, room.size)
            return mmap.mmap(handle, room.size), handle
        except BaseException:
            os.close(handle)
            raise

    def send(connection: Connection, room: Room, handle: int | None) -> None:
        """Tell the process at the other end of a room."""
        connection.send(room)
        assert handle is not None  # noqa: S101  (only Windows has none)
        reduction.send_handle(connection, handle, None)

    def received(room: Room, connection: Connection) -> mmap.mmap:
        """Return the memory of a room that another process told of."""
        handle = reduction.recv_handle(connection)
        try:
            return mmap.mmap(handle, room.size)
        finally:
            os.close(handle)
