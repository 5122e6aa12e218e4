"""Settings of `mtqa translate`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from mtqa.core.errors import UsageError
from mtqa.core.languages import ENGLISH, resolve, resolve_list
from mtqa.core.recipe import Settings

ComputeType = Literal[
    "auto", "float32", "int8", "int8_float32", "int16", "float16", "bfloat16", "int8_float16", "int8_bfloat16"
]


class TranslateSettings(Settings):
    """What is translated into what, and how it is decoded; who does the work leaves no trace in the result."""

    to: list[str] = Field(min_length=1, description="Target languages: FLORES-200 codes, ISO codes or names.")
    model: str = Field(
        "nllb-600m",
        min_length=1,
        description="demo, opus-mt, nllb-600m, a Hub id or a folder of a Marian, M2M-100, NLLB or MADLAD model.",
    )
    engine: Literal["ctranslate2", "transformers"] = Field("ctranslate2", description="What runs the model.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where the model runs.")
    compute_type: ComputeType = Field("auto", description="Number format; auto: int8 on CPU, int8_float16 on GPU.")
    beam_size: int = Field(4, ge=1, le=32, description="Beams; 1 is greedy.")
    batch_tokens: int | None = Field(
        None,
        ge=64,
        le=1 << 20,
        description="Source tokens of a batch, padding included; by default 512 on CPU, 16,384 on GPU.",
    )
    max_segment_tokens: int = Field(
        250, ge=16, le=1000, description="Longer sentences are cut at clause marks, then at words."
    )
    executor: Literal["local", "ray"] = Field("local", exclude=True, description="What spreads the work: local or ray.")
    devices: list[int] = Field(
        default_factory=list, exclude=True, description="GPUs by number; on CPU one process for each number."
    )
    ray_address: str | None = Field(None, exclude=True, description="A running Ray cluster; none: one is started here.")

    @field_validator("devices", mode="before")
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("to", mode="before")
    @classmethod
    def _codes(cls, value: Any, info: ValidationInfo) -> Any:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            return value
        try:
            codes = [code for name in names for code in (resolve_list(name) if "," in name else [resolve(name)])]
        except UsageError as error:
            raise ValueError(f"{error.what} Expected {error.expected}") from None
        if ENGLISH in codes:
            raise ValueError("English is the source language")
        return sorted(set(codes))
