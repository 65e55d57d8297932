"""Writing fixtures so that the same input gives the same bytes, and a folder appears whole or not at all."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import save_file

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"


@contextmanager
def fixture_folder(name: str) -> Iterator[Path]:
    """An empty folder to fill; it takes the place of test/fixtures/NAME when the block ends without an error."""
    FIXTURES.mkdir(parents=True, exist_ok=True)
    target = FIXTURES / name
    with tempfile.TemporaryDirectory(dir=FIXTURES, prefix=f".{name}.") as aside:
        fresh = Path(aside) / "fresh"
        fresh.mkdir()
        yield fresh
        if target.exists():
            target.rename(Path(aside) / "old")
        fresh.rename(target)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    print(f"test/fixtures/{name}: {size / 1024:.0f} KiB")


def write_json(path: Path, value: object) -> None:
    """One line a key at the first two levels, so that long number lists stay short on screen and diffs readable."""
    path.write_text(_outer(value, 2) + "\n", encoding="utf-8")


def _outer(value: object, levels: int, indent: str = "") -> str:
    if levels == 0 or not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False)
    inner = indent + "  "
    lines = [f"{inner}{json.dumps(key)}: {_outer(item, levels - 1, inner)}" for key, item in value.items()]
    return "{\n" + ",\n".join(lines) + "\n" + indent + "}"


def write_safetensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Detached, contiguous, unshared copies under their names; "format" is what transformers asks of its own files."""
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, path, {"format": "pt"})
    path.chmod(0o644)  # safetensors makes it readable by its owner alone


def copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
