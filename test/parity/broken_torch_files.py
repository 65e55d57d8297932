"""Pickle files that a restricted reader has to refuse: hostile, absurd, cut short or damaged.

What the hostile ones would run, in a reader that calls what a pickle names, is only `touch pickle-was-executed`.
"""

import io
import pickle
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import torch

from torch_files import save_legacy, save_zip, state_dict

COMMAND = "touch pickle-was-executed"
EXPRESSION = f"__import__('os').system('{COMMAND}')"
KEY = "embeddings.LayerNorm.weight"
PROTOCOL_2 = b"\x80\x02"
PROTOCOL_4 = b"\x80\x04"
STOP = b"."


def text(value: str) -> bytes:
    """BINUNICODE."""
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def short_text(value: str) -> bytes:
    """SHORT_BINUNICODE, of protocol 4."""
    encoded = value.encode()
    return b"\x8c" + bytes([len(encoded)]) + encoded


def integer(value: int) -> bytes:
    """BININT1, BININT2, BININT or LONG1, as pickle chooses for this value."""
    return pickle.dumps(value, protocol=2)[len(PROTOCOL_2) : -len(STOP)]


def tuple_of(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def call(module: str, name: str, argument: str) -> bytes:
    """GLOBAL and REDUCE with one string."""
    return f"c{module}\n{name}\n".encode() + tuple_of(text(argument)) + b"R"


def dictionary(key: str, value: bytes) -> bytes:
    return b"}" + text(key) + value + b"s"


def tensor(
    size: list[int], stride: list[int], offset: int = 0, numel: int = 16, key: str = "0", storage: str = "FloatStorage"
) -> dict[str, bytes]:
    """By format, a saved tensor: _rebuild_tensor_v2(persistent storage, offset, size, stride, False, hooks)."""
    storage_id = [text("storage"), f"ctorch\n{storage}\n".encode(), text(key), text("cpu"), integer(numel)]
    made = {}
    for kind, view in [("zip", []), ("legacy", [b"N"])]:  # a legacy storage also says which view it is: None
        arguments = tuple_of(
            tuple_of(*storage_id, *view) + b"Q",
            integer(offset),
            tuple_of(*map(integer, size)),
            tuple_of(*map(integer, stride)),
            b"\x89",  # False
            b"ccollections\nOrderedDict\n)R",
        )
        made[kind] = b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"R"
    return made


def zip_file(data_pkl: bytes, storages: dict[str, bytes] | None = None) -> bytes:
    """An archive as torch.save lays it out; fixed dates, nothing compressed."""
    out = io.BytesIO()
    records = {"data.pkl": data_pkl, "byteorder": b"little", "version": b"3\n"}
    records.update({f"data/{key}": value for key, value in (storages or {}).items()})
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in records.items():
            archive.writestr(zipfile.ZipInfo(f"archive/{name}"), content)
    return out.getvalue()


def legacy_file(payload: bytes, keys: list[str] | None = None) -> bytes:
    """Magic number, protocol version, system information, the object, the storage keys."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    head = [pickle.dumps(value, protocol=2) for value in (0x1950A86A20F9469CFC6C, 1001, system)]
    return b"".join([*head, payload, pickle.dumps(keys or [], protocol=2)])


def hostile_pickles() -> dict[str, tuple[bytes, str]]:
    """Payloads by name, with what is wrong: each one is wrapped in both formats."""
    simple = PROTOCOL_2 + call("os", "system", COMMAND) + STOP
    in_dictionary = PROTOCOL_2 + dictionary(KEY, call("posix", "system", COMMAND)) + STOP
    evaluated = PROTOCOL_2 + dictionary(KEY, call("builtins", "eval", EXPRESSION)) + STOP
    old_eval = PROTOCOL_2 + dictionary(KEY, call("__builtin__", "eval", EXPRESSION)) + STOP
    stack_global = (
        PROTOCOL_4
        + short_text("os")
        + b"\x94"
        + short_text("system")
        + b"\x94\x93"
        + short_text(COMMAND)
        + b"\x85R"
        + STOP
    )
    instance = PROTOCOL_2 + b"(" + text(COMMAND) + b"ios\nsystem\n" + STOP  # INST
    new_object = PROTOCOL_2 + b"csubprocess\nPopen\n" + tuple_of(text(COMMAND)) + b"\x81" + STOP  # NEWOBJ
    build = PROTOCOL_2 + b"ccollections\nOrderedDict\n)R}" + text("__class__") + b"cos\nsystem\nsb" + STOP
    dotted = PROTOCOL_4 + short_text("torch._utils") + short_text("os.system") + b"\x93" + short_text(COMMAND)
    dotted += b"\x85R" + STOP
    # A list that holds itself: counted references never let go of it.
    cycle = PROTOCOL_2 + b"]q\x00h\x00a" + STOP
    return {
        "os-system": (simple, "calls os.system through GLOBAL and REDUCE"),
        "posix-system": (in_dictionary, "calls posix.system for the value of a key"),
        "builtins-eval": (evaluated, "calls builtins.eval"),
        "old-eval": (old_eval, "calls __builtin__.eval, its Python 2 name"),
        "stack-global": (stack_global, "calls os.system through STACK_GLOBAL"),
        "instance": (instance, "calls os.system through INST"),
        "new-object": (new_object, "makes a subprocess.Popen through NEWOBJ"),
        "build": (build, "sets attributes through BUILD, one of them os.system"),
        "dotted-name": (dotted, "reaches os.system through a dotted name in an allowed module"),
        "extension": (PROTOCOL_2 + b"\x82\x01" + STOP, "uses the extension registry (EXT1)"),
        "deep-nesting": (PROTOCOL_2 + b")" + b"\x85" * 60_000 + STOP, "60,000 tuples, one in the other"),
        "self-reference": (cycle, "a list that holds itself"),
        "huge-memo-index": (PROTOCOL_2 + b"}r\xff\xff\xff\xff" + STOP, "stores at memo index 4,294,967,295"),
        "unset-memo": (PROTOCOL_2 + b"h\x05" + STOP, "reads a memo entry that was never stored"),
        "huge-long": (PROTOCOL_2 + b"\x8b\xff\xff\xff\x7f\x01" + STOP, "a LONG4 that claims 2,147,483,647 bytes"),
        "negative-long": (PROTOCOL_2 + b"\x8b\xff\xff\xff\xff" + STOP, "a LONG4 of length -1"),
        "huge-string": (PROTOCOL_2 + b"X\xf0\xff\xff\xffabc" + STOP, "a string that claims 4 GB"),
        "huge-string-8": (PROTOCOL_4 + b"\x8d" + b"\xff" * 8 + b"abc" + STOP, "a string that claims 2^64 - 1 bytes"),
        "invalid-utf8": (PROTOCOL_2 + b"}X\x02\x00\x00\x00\xff\xfeK\x01s" + STOP, "a key that is not UTF-8"),
        "empty-stack": (PROTOCOL_2 + b"R" + STOP, "REDUCE on an empty stack"),
        "no-mark": (PROTOCOL_2 + b"}u" + STOP, "SETITEMS without a MARK"),
        "odd-items": (PROTOCOL_2 + b"}(" + text("a") + b"u" + STOP, "SETITEMS with a key and no value"),
        "unhashable-key": (PROTOCOL_2 + b"}]K\x01s" + STOP, "a list as a dictionary key"),
        "no-stop": (PROTOCOL_2 + b"}q\x00", "ends without STOP"),
        "unknown-opcode": (PROTOCOL_2 + b"\xfe" + STOP, "an opcode that does not exist"),
        "not-a-dictionary": (PROTOCOL_2 + b"K\x07" + STOP, "an integer where a dictionary of tensors should be"),
    }


def absurd_tensors() -> dict[str, tuple[dict[str, bytes], str]]:
    """Values for a key of shape [16], over a storage of 16 floats, with what is wrong."""
    large = 2**62
    return {
        "beyond-storage": (tensor([16], [2]), "reaches past the storage by its stride"),
        "offset-beyond-storage": (tensor([16], [1], offset=1), "reaches past the storage by its offset"),
        "negative-offset": (tensor([16], [1], offset=-1), "negative storage offset"),
        "negative-size": (tensor([-4, -4], [1, 1]), "negative sizes whose product fits"),
        "negative-stride": (tensor([16], [-1], offset=15), "negative stride"),
        "stride-overflow": (tensor([16], [large]), "(size - 1) x stride overflows 64 bits"),
        "size-overflow": (tensor([large + 4, 4], [0, 0]), "sizes whose product modulo 2^64 would fit"),
        "size-beyond-64-bits": (tensor([10**30], [0]), "a size of 10^30"),
        "expanded-huge": (tensor([2**40], [0]), "2^40 values out of one by stride 0"),
        "size-without-stride": (tensor([4, 4], [1]), "two sizes, one stride"),
        "too-many-dimensions": (tensor([1] * 300, [1] * 300), "300 dimensions"),
        "storage-claims-more": (tensor([16], [1], offset=4, numel=20), "the storage claims more than its record holds"),
        "storage-claims-huge": (tensor([16], [1], numel=large), "the storage claims 2^62 values"),
        "storage-negative": (tensor([16], [1], numel=-16), "the storage claims -16 values"),
        "missing-storage": (tensor([16], [1], key="99"), "a storage that the file does not have"),
        "path-as-storage": (tensor([16], [1], key="../../data.pkl"), "a path in place of a storage key"),
        "unknown-storage-type": (tensor([16], [1], storage="QInt8Storage"), "quantized values without a scale"),
    }


def one_tensor_file(kind: str, value: bytes, storage: bytes, claimed_length: int = 16) -> bytes:
    """A dictionary of KEY alone; a legacy storage carries its length before its values."""
    payload = PROTOCOL_2 + dictionary(KEY, value) + STOP
    if kind == "zip":
        return zip_file(payload, {"0": storage})
    return legacy_file(payload, ["0"]) + struct.pack("<q", claimed_length) + storage


def sound_torch_files(values: bytes) -> dict[str, bytes]:
    """By format, what the absurd ones are made from: one parameter, KEY, of 16 floats."""
    return {kind: one_tensor_file(kind, value, values) for kind, value in tensor([16], [1]).items()}


def broken_torch_files(values: bytes) -> Iterator[tuple[str, bytes, str]]:
    """File name, content, what is wrong with it; `values` are 16 floats."""
    for name, (payload, why) in hostile_pickles().items():
        yield f"{name}.zip.pt", zip_file(payload), why
        yield f"{name}.legacy.pt", legacy_file(payload), why
    for name, (by_kind, why) in absurd_tensors().items():
        for kind, value in by_kind.items():
            yield f"{name}.{kind}.pt", one_tensor_file(kind, value, values), why
    good = tensor([16], [1])
    for name, length, why in [
        ("huge-storage-length", 2**61, "a storage's own length claims 2^61 values"),
        ("negative-storage-length", -1, "a storage's own length is -1"),
    ]:
        yield f"{name}.legacy.pt", one_tensor_file("legacy", good["legacy"], values, length), why
    renamed = sound_torch_files(values)["zip"].replace(b"data.pkl", b"atad.pkl")
    yield "no-pickle.zip.pt", renamed, "an archive without data.pkl"
    yield "wrong-magic.legacy.pt", b"\x80\x02\x8a\x02\x01\x01." + b"\x00" * 60, "not torch's magic number"
    yield "empty.pt", b"", "no bytes at all"
    yield "not-weights.pt", b"this is a letter, not a weight file\n", "neither an archive nor a pickle"


def damaged_torch_files(folder: Path, tensors: dict[str, torch.Tensor]) -> Iterator[tuple[str, bytes, str]]:
    """Good files, cut short or changed in one byte; `folder` is for intermediate files."""
    weights = state_dict(tensors)
    save_zip(folder / "model.pt", weights)
    save_legacy(folder / "legacy.pt", weights)
    archive, legacy = (folder / "model.pt").read_bytes(), (folder / "legacy.pt").read_bytes()
    for name, content in [("zip", archive), ("legacy", legacy)]:
        yield f"truncated-start.{name}.pt", content[:40], "cut after 40 bytes"
        yield f"truncated-middle.{name}.pt", content[: len(content) // 2], "cut in the middle"
        yield f"truncated-end.{name}.pt", content[:-10], "the last 10 bytes are missing"
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        records = {Path(info.filename).name: info for info in opened.infolist()}
    # A local header is 30 bytes, the name and the extra field (torch pads with it); then the record itself.
    for name, record in [("flipped-byte-in-tensor", "0"), ("flipped-byte-in-pickle", "data.pkl")]:
        info = records[record]
        name_length, extra_length = struct.unpack_from("<HH", archive, info.header_offset + 26)
        start = info.header_offset + 30 + name_length + extra_length
        yield f"{name}.zip.pt", flipped(archive, start + info.file_size // 2), "one byte changed: its CRC-32 is wrong"
    directory = archive.index(b"PK\x01\x02")  # its first entry: data.pkl
    for name, field, value, why in [
        ("huge-record", 20, b"\xf0\xff\xff\x7f" * 2, "the archive's directory claims a record of 2 GB"),
        ("record-beyond-file", 42, b"\xf0\xff\xff\x7f", "the archive's directory points past the end of the file"),
        ("unknown-compression", 10, b"\x63\x00", "a record compressed by an unknown method"),
    ]:
        start = directory + field
        yield f"{name}.zip.pt", archive[:start] + value + archive[start + len(value) :], why


def flipped(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0x10]) + content[position + 1 :]
