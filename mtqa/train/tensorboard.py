"""Scalars for TensorBoard, written without its package: event files are TFRecords of small protocol buffers.

Formats: tensorflow/core/util/event.proto (Event: wall_time 1, step 2, file_version 3, summary 5), summary.proto
(Summary.value 1: tag 1, simple_value 2), and the TFRecord framing (length, its masked CRC-32C, data, its masked CRC).
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path


class Events:
    """An event file in a folder, a new one each time it is opened; every call is on disk when it returns."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        self.path = folder / f"events.out.tfevents.{now:.6f}.{os.getpid()}.mtqa"
        self._append(_double(1, now) + _bytes(3, b"brain.Event:2"))

    def add(self, step: int, scalars: Mapping[str, float | None]) -> None:
        """Write the scalars of a step; those that are None are left out."""
        values = b"".join(
            _bytes(1, _bytes(1, tag.encode()) + _float(2, value)) for tag, value in scalars.items() if value is not None
        )
        self._append(_double(1, time.time()) + _key(2, 0) + _varint(step) + _bytes(5, values))

    def _append(self, event: bytes) -> None:
        length = struct.pack("<Q", len(event))
        with self.path.open("ab") as file:
            file.write(length + masked_crc(length) + event + masked_crc(event))


def masked_crc(data: bytes) -> bytes:
    """Return the CRC-32C of the data as TFRecords mask it, four bytes."""
    crc = crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def crc32c(data: bytes) -> int:
    """Return the Castagnoli CRC (RFC 3720, appendix B.4)."""
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


@cache
def _table() -> list[int]:
    table = []
    for number in range(256):
        crc = number
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _key(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _varint(len(value)) + value


def _double(field: int, value: float) -> bytes:
    return _key(field, 1) + struct.pack("<d", value)


def _float(field: int, value: float) -> bytes:
    return _key(field, 5) + struct.pack("<f", value)
