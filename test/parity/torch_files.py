"""torch.save in its two formats, with the same bytes for the same input."""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import torch
from torch import Tensor


def save_zip(path: Path, value: object) -> None:
    torch.save(value, path)


def save_legacy(path: Path, value: object) -> None:
    """The stream of pickles that torch wrote before 1.6.

    torch names each storage by its address there; numbers in order of appearance stand in for the addresses, so that
    two runs write the same file. The name `str` is all that torch.serialization offers to step in.
    """
    numbers: dict[object, str] = {}

    class StorageNumber(str):
        def __new__(cls, address: object) -> str:
            return numbers.setdefault(address, str(94_000_000 + len(numbers)))

    with path.open("wb") as file, mock.patch.object(torch.serialization, "str", StorageNumber, create=True):
        torch.save(value, file, _use_new_zipfile_serialization=False)


def state_dict(tensors: Mapping[str, Tensor]) -> OrderedDict[str, Tensor]:
    """An OrderedDict with the `_metadata` attribute that Module.state_dict() hangs on it."""
    ordered = OrderedDict(tensors)
    modules = sorted({name.rpartition(".")[0] for name in tensors} | {""})
    ordered._metadata = OrderedDict((module, {"version": 1}) for module in modules)  # type: ignore[attr-defined]
    return ordered
