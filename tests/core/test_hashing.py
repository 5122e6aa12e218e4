"""Hashes against values worked out with sha256sum, and what they must not depend on."""

import hashlib
from pathlib import Path

import pytest

from mtqa.core.errors import UsageError
from mtqa.core.hashing import canonical_json, content_id, file_sha256, fingerprint


def test_canonical_json_sorts_keys_keeps_characters_and_has_no_spaces() -> None:
    assert canonical_json({"b": [1, 2.5, None], "a": "ü"}) == '{"a":"ü","b":[1,2.5,null]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_hold_is_refused(value: float) -> None:
    with pytest.raises(ValueError):
        canonical_json({"a": value})


def test_known_values() -> None:
    """printf '["a","b"]' | sha256sum; printf '{"a":1}' | sha256sum; sha256sum of 'abc' from FIPS 180-2."""
    assert content_id("a", "b") == "0473ef2dc0d324ab"
    assert fingerprint({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


def test_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    assert file_sha256(tmp_path / "f") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_ids_tell_apart_where_texts_are_cut_and_null_from_empty() -> None:
    ids = {content_id(*texts) for texts in (("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("abc", None))}
    assert len(ids) == 5
    assert content_id("é") == hashlib.sha256('["é"]'.encode()).hexdigest()[:16]


def test_fingerprints_do_not_depend_on_the_order_of_keys() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1}) != fingerprint({"a": 2, "b": 1})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(UsageError, match=reason) as error:
            file_sha256(path)
        assert error.value.where == str(path)
