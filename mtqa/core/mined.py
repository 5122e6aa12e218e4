"""Hard negatives on disk: what mine writes and build-shards reads."""

from __future__ import annotations

import pyarrow as pa

MINE_STAGE = "mine"
MINED = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field(
            "negatives",
            pa.list_(pa.struct([("passage_id", pa.string()), ("rank", pa.int32()), ("score", pa.float32())])),
            nullable=False,
        ),
    ]
)
"""One row an item, its negatives hardest first: rank among all candidates (from 1) and cosine with the question."""
