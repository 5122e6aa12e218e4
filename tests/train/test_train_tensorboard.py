import struct

import pytest

from mtqa.train.run import train
from mtqa.train.settings import TrainSettings
from mtqa.train.tensorboard import Events, crc32c, masked_crc


def records(path):
    """The events of a file, framing and checksums checked."""
    data, events = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        event = data[12 : 12 + length]
        assert data[8:12] == masked_crc(data[:8]) and data[12 + length : 16 + length] == masked_crc(event)
        events.append(event)
        data = data[16 + length :]
    return events


def fields(message):
    """(number, value) of a protocol buffer: ints of varints, bytes of the rest."""
    place = 0

    def varint():
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    out = []
    while place < len(message):
        key = varint()
        if key & 7 == 0:
            out.append((key >> 3, varint()))
            continue
        size = {1: 8, 5: 4}.get(key & 7) or varint()
        out.append((key >> 3, message[place : place + size]))
        place += size
    return out


def scalars(event):
    summary = dict(fields(event))[5]
    pairs = (dict(fields(value)) for _, value in fields(summary))
    return {pair[1].decode(): struct.unpack("<f", pair[2])[0] for pair in pairs}


def test_crc32c_of_rfc_3720():
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA


def test_what_is_written_is_read(tmp_path):
    events = Events(tmp_path / "log")
    events.add(300, {"loss": 0.25, "validation_loss": None})
    first, second = records(events.path)
    assert dict(fields(first))[3] == b"brain.Event:2"
    assert dict(fields(second))[2] == 300 and scalars(second) == {"loss": 0.25}


def test_training_writes_every_step_and_the_same_model(shards, encoder, tmp_path):
    settings = TrainSettings(encoder=str(encoder), steps=3, device="cpu")
    plain = train(shards, settings, tmp_path / "plain")
    logged = train(shards, settings.model_copy(update={"tensorboard": tmp_path / "log"}), tmp_path / "logged")
    assert plain == logged
    (path,) = (tmp_path / "log").iterdir()
    losses = [scalars(event)["loss"] for event in records(path)[1:]]
    assert len(losses) == 3 and losses[0] == pytest.approx(plain.info["first_loss"], rel=1e-5)
