"""safetensors files that a reader has to refuse."""

import json
import struct
from collections.abc import Iterator

NAME = "embeddings.LayerNorm.weight"
OTHER = "embeddings.LayerNorm.bias"


def entry(dtype: object = "F32", shape: object = (16,), offsets: object = (0, 64)) -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def file_of(header: object, data: bytes, length: int | None = None) -> bytes:
    """The length of the header (or a lie about it), the header, the data."""
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(encoded) if length is None else length) + encoded + data


def sound_safetensors(values: bytes) -> bytes:
    """What the broken ones are made from: one parameter, NAME, of 16 floats."""
    return file_of({NAME: entry()}, values)


def broken_safetensors(values: bytes) -> Iterator[tuple[str, bytes, str]]:
    """File name, content, what is wrong with it; `values` are 16 floats."""
    good = {NAME: entry()}
    two = values * 2
    twice = b'{"%b":%b,"%b":%b}' % ((NAME.encode(), json.dumps(entry()).encode()) * 2)
    cases = {
        "empty": (b"", "no bytes at all"),
        "shorter-than-length": (b"\x10\x00\x00", "too short to hold the length of a header"),
        "header-beyond-file": (file_of(good, values, length=100_000), "the header is said to be longer than the file"),
        "header-length-huge": (file_of(good, values, length=2**64 - 1), "a header of 2^64 - 1 bytes"),
        "header-length-negative": (file_of(good, values, length=2**63), "a header length that is negative when signed"),
        "header-empty": (file_of(b"", values), "a header of no bytes"),
        "header-cut": (file_of(good, values)[:30], "ends within the header"),
        "header-not-json": (file_of(b'{"a": nonsense}', values), "a header that is not JSON"),
        "header-an-array": (file_of([good], values), "a header that is no JSON object"),
        "header-not-utf8": (file_of(b'{"\xff\xfe": 1}', values), "a header that is not UTF-8"),
        "header-deep": (
            file_of(b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}", values),
            "20,000 arrays, one in the other",
        ),
        "entry-not-an-object": (file_of({NAME: 7}, values), "a tensor described by a number"),
        "no-offsets": (file_of({NAME: {"dtype": "F32", "shape": [16]}}, values), "no data_offsets"),
        "no-shape": (file_of({NAME: {"dtype": "F32", "data_offsets": [0, 64]}}, values), "no shape"),
        "no-dtype": (file_of({NAME: {"shape": [16], "data_offsets": [0, 64]}}, values), "no dtype"),
        "unknown-dtype": (file_of({NAME: entry(dtype="F33")}, values), "a dtype that does not exist"),
        "dtype-a-number": (file_of({NAME: entry(dtype=32)}, values), "a dtype that is a number"),
        "negative-shape": (file_of({NAME: entry(shape=[-4, -4])}, values), "negative sizes whose product fits"),
        "fractional-shape": (file_of({NAME: entry(shape=[16.5])}, values), "a size of 16.5"),
        "text-shape": (file_of({NAME: entry(shape=["16"])}, values), "a size that is a string"),
        "shape-overflow": (file_of({NAME: entry(shape=[2**33, 2**33, 2**33])}, values), "a product of sizes over 2^64"),
        "shape-wraps": (
            file_of({NAME: entry(shape=[2**62 + 4, 4])}, values),
            "sizes whose product modulo 2^64 would fit",
        ),
        "shape-and-offsets-differ": (file_of({NAME: entry(shape=[15])}, values), "15 floats in 64 bytes"),
        "offsets-out-of-range": (file_of({NAME: entry(offsets=[64, 128])}, values), "offsets past the end of the file"),
        "offsets-negative": (file_of({NAME: entry(offsets=[-64, 0])}, values), "a negative offset"),
        "offsets-reversed": (file_of({NAME: entry(offsets=[64, 0])}, values), "end before begin"),
        "offsets-huge": (file_of({NAME: entry(offsets=[2**63, 2**63 + 64])}, values), "offsets beyond 63 bits"),
        "offsets-three": (file_of({NAME: entry(offsets=[0, 32, 64])}, values), "three offsets"),
        "offsets-overlap": (
            file_of({NAME: entry(), OTHER: entry(offsets=[32, 96])}, two),
            "two tensors share bytes",
        ),
        "offsets-with-hole": (
            file_of({NAME: entry(), OTHER: entry(offsets=[80, 144])}, two + bytes(16)),
            "bytes between two tensors belong to neither",
        ),
        "duplicate-name": (file_of(twice, values), "one name twice in the header"),
        "data-cut": (file_of(good, values)[:-8], "the last 8 bytes are missing"),
        "trailing-bytes": (file_of(good, values + b"more"), "bytes after the last tensor"),
    }
    for name, (content, why) in cases.items():
        yield f"{name}.safetensors", content, why
