"""Writes test/fixtures/weights/: one tiny encoder in every kind of weight file, and files that have to be refused.

expected.json says what a reader should make of each file:
  good files      "ok", whose values they hold ("float32", "float16", "bfloat16": the weights after that rounding), and
                  which names are missing or unexpected (as `LoadReport` has them, but for a model without a head; with
                  the seed's file the head is there as well);
  `values`        per rounding and parameter: shape, sum (of the float32 values, added in float64), first four values;
  refused files   "refused" and why.
expected.safetensors has hidden states and scores of `batch` per rounding.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from broken_safetensors import NAME, broken_safetensors, sound_safetensors
from broken_torch_files import broken_torch_files, damaged_torch_files, sound_torch_files
from fixture_files import copy_file, fixture_folder, write_json, write_safetensors
from tiny_encoder import (
    BATCH,
    ENTITY_TYPES,
    SHAPE,
    encoder_weights,
    masked_language_head,
    pooler_weights,
    position_ids,
    results,
    seed_weights,
    write_config_and_vocabulary,
)
from torch_files import save_legacy, save_zip, state_dict

Tensors = dict[str, Tensor]
Writer = Callable[[Path, Mapping[str, Tensor]], None]
ROUNDINGS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
FORMATS = {"safetensors": "safetensors", "zip": "torch-zip", "legacy": "torch-legacy"}


def main() -> None:
    torch.set_num_threads(1)
    with fixture_folder("weights") as folder:
        files = {**good_files(folder), **model_directories(folder), **refused_files(folder)}
        write_json(
            folder / "expected.json",
            {"shape": SHAPE.to_json(), "batch": BATCH.to_json(), "values": values(), "files": files},
        )
        expected = {f"{rounding}.{name}": tensor for rounding in ROUNDINGS for name, tensor in rounded(rounding)}
        write_safetensors(folder / "expected.safetensors", expected)


def rounded(rounding: str) -> list[tuple[str, Tensor]]:
    return list(results(ROUNDINGS[rounding]).items())


def values() -> dict:
    """Checksums, under the names of the model."""
    return {
        rounding: {name: checksum(value.to(dtype).float()) for name, value in seed_weights().items()}
        for rounding, dtype in ROUNDINGS.items()
    }


def checksum(value: Tensor) -> dict:
    return {
        "shape": list(value.shape),
        "sum": value.double().sum().item(),
        "first": value.flatten()[:4].tolist(),
    }


def ok(
    kind: str, about: str, values_of: str = "float32", missing: list[str] | None = None, unexpected: Iterable[str] = ()
) -> dict:
    return {
        "outcome": "ok",
        "about": about,
        "format": FORMATS[kind],
        "values": values_of,
        "missing": missing or [],
        "unexpected": sorted(unexpected),
    }


def refused(why: str) -> dict:
    return {"outcome": "refused", "why": why}


def write_plain_dictionary(save: Callable[[Path, object], None]) -> Writer:
    return lambda path, tensors: save(path, dict(tensors))


def write_state_dict(save: Callable[[Path, object], None]) -> Writer:
    return lambda path, tensors: save(path, state_dict(tensors))


WRITERS: dict[str, Writer] = {
    "safetensors": write_safetensors,
    "zip": write_state_dict(save_zip),
    "legacy": write_state_dict(save_legacy),
}


def good_files(folder: Path) -> dict[str, dict]:
    plain = encoder_weights()
    heads = masked_language_head(plain["embeddings.word_embeddings.weight"])
    prefixed = {
        **{f"bert.{name}": value for name, value in {**plain, **pooler_weights()}.items()},
        **heads,
    }
    beside = [name for name in prefixed if name.startswith(("cls.", "bert.pooler."))]
    old_names = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in prefixed.items()
    }
    old_beside = [name for name in old_names if name.startswith(("cls.", "bert.pooler."))]
    written: dict[str, dict] = {}

    def add(name: str, write: Writer, tensors: Mapping[str, Tensor], record: dict) -> None:
        write(folder / name, tensors)
        written[name] = record

    for kind, ending in [("safetensors", "safetensors"), ("zip", "zip.bin"), ("legacy", "legacy.bin")]:
        add(f"plain.{ending}", WRITERS[kind], plain, ok(kind, "a bare BertModel: no prefix"))
        add(
            f"prefixed.{ending}",
            WRITERS[kind],
            prefixed,
            ok(kind, "bert. prefix, a pooler and pre-training heads beside", unexpected=beside),
        )
        add(
            f"old-names.{ending}",
            WRITERS[kind],
            old_names,
            ok(kind, "bert. prefix, LayerNorm.gamma and .beta", unexpected=old_beside),
        )
        for label, dtype in [("float16", torch.float16), ("bfloat16", torch.bfloat16), ("float64", torch.float64)]:
            held = "float32" if label == "float64" else label  # every float32 is a float64
            converted = {name: value.to(dtype) for name, value in plain.items()}
            add(f"{label}.{ending}", WRITERS[kind], converted, ok(kind, f"values as {label}", values_of=held))

    for kind, save in [("zip", save_zip), ("legacy", save_legacy)]:
        views, extra = as_views(plain)
        add(
            f"views.{kind}.bin",
            WRITERS[kind],
            {**views, **extra},
            ok(kind, "transposed, strided, sliced and tied tensors over shared storages", unexpected=extra),
        )
        parameters = {name: nn.Parameter(value) for name, value in plain.items()}
        add(f"parameters.{kind}.bin", WRITERS[kind], parameters, ok(kind, "values are nn.Parameter"))
        frozen = {name: nn.Parameter(value, requires_grad=False) for name, value in views.items()}
        add(
            f"dictionary.{kind}.bin",
            write_plain_dictionary(save),
            frozen,
            ok(kind, "a plain dict without _metadata; parameters that are views, without gradient"),
        )

    lacking = ["embeddings.token_type_embeddings.weight", "encoder.layer.0.output.dense.bias"]
    partial = {name: value for name, value in plain.items() if name not in lacking}
    names = [f"encoder.{name}" for name in lacking]
    for kind, ending in [("safetensors", "safetensors"), ("zip", "zip.bin"), ("legacy", "legacy.bin")]:
        add(f"missing-tensors.{ending}", WRITERS[kind], partial, ok(kind, "two tensors are not there", missing=names))

    # Beside the refused files, which are this one with one thing wrong: the rest of it is sound.
    values_of_one = plain[NAME].numpy().tobytes()
    alone = {"safetensors": sound_safetensors(values_of_one), **sound_torch_files(values_of_one)}
    others = [f"encoder.{name}" for name in plain if name != NAME]
    for kind, ending in [("safetensors", "safetensors"), ("zip", "zip.pt"), ("legacy", "legacy.pt")]:
        (folder / f"one-parameter.{ending}").write_bytes(alone[kind])
        written[f"one-parameter.{ending}"] = ok(kind, "one LayerNorm weight, nothing else", missing=others)
    return written


def as_views(plain: Tensors) -> tuple[Tensors, Tensors]:
    """The same values seen through other strides, and tensors that no model has, of unusual kinds."""
    views = dict(plain)
    words = "embeddings.word_embeddings.weight"
    views[words] = plain[words].t().contiguous().t()
    attention = "encoder.layer.0.attention.self"
    for leaf in ("weight", "bias"):
        names = [f"{attention}.{part}.{leaf}" for part in ("query", "key", "value")]
        joined = torch.cat([plain[name] for name in names])  # one storage for three
        views.update(zip(names, joined.chunk(3), strict=True))
    norm = "embeddings.LayerNorm"
    interleaved = torch.stack([plain[f"{norm}.weight"], plain[f"{norm}.bias"]], dim=1)  # [hidden, 2]
    views[f"{norm}.weight"], views[f"{norm}.bias"] = interleaved[:, 0], interleaved[:, 1]
    dense = "encoder.layer.0.intermediate.dense.weight"
    padded = torch.full((plain[dense].shape[0], plain[dense].shape[1] + 3), 99.0)
    padded[:, 2:-1] = plain[dense]
    views[dense] = padded[:, 2:-1]  # rows with a gap between them
    extra = {
        "cls.predictions.decoder.weight": views[words],
        "unused.expanded": torch.ones(1).expand(5, 3),
        "unused.scalar": torch.tensor(2.5),
        "unused.empty": torch.empty(0, 4),
        "unused.flags": torch.tensor([True, False]),
        "embeddings.position_ids": position_ids(),
    }
    return views, extra


def model_directories(folder: Path) -> dict[str, dict]:
    """config.json and vocab.txt beside the weights, and the seed's layout."""
    made: dict[str, dict] = {}
    for name, weights in [("with-safetensors", "plain.safetensors"), ("with-bin", "prefixed.zip.bin")]:
        kind, target = (
            ("safetensors", "model.safetensors") if name == "with-safetensors" else ("zip", "pytorch_model.bin")
        )
        write_config_and_vocabulary(folder / "directories" / name)
        copy_file(folder / weights, folder / "directories" / name / target)
        beside = pooler_and_heads() if kind == "zip" else []
        made[f"directories/{name}"] = ok(kind, f"a Hugging Face directory with {target}", unexpected=beside)

    both = folder / "directories" / "with-both"
    write_config_and_vocabulary(both)
    copy_file(folder / "plain.safetensors", both / "model.safetensors")
    (both / "pytorch_model.bin").write_bytes(b"never read: model.safetensors comes first\n")
    made["directories/with-both"] = ok(
        "safetensors", "model.safetensors comes first; pytorch_model.bin is no such file"
    )

    sharded = folder / "directories" / "sharded"
    write_config_and_vocabulary(sharded)
    first = "model-00001-of-00001.safetensors"
    index = {"metadata": {"total_size": 0}, "weight_map": {name: first for name in encoder_weights()}}
    write_json(sharded / "model.safetensors.index.json", index)
    made["directories/sharded"] = refused("only model.safetensors.index.json: sharded weights, to be named as such")

    write_config_and_vocabulary(folder / "directories" / "without-weights")
    made["directories/without-weights"] = refused("config.json and vocab.txt, no weights")

    seed = folder / "seed"
    write_config_and_vocabulary(seed / "encoder")
    extra = {f"encoder.{name}": value for name, value in pooler_weights().items()}
    extra["encoder.embeddings.position_ids"] = position_ids()
    save_zip(seed / "model_state_dict_3.pt", state_dict({**seed_weights(), **extra}))
    write_json(seed / "ent2id.json", ENTITY_TYPES)
    made["seed/model_state_dict_3.pt"] = {
        **ok("zip", "what the seed saves: encoder.* with pooler and position_ids, dense.*", unexpected=extra),
        "head": True,
    }
    return made


def pooler_and_heads() -> list[str]:
    heads = masked_language_head(encoder_weights()["embeddings.word_embeddings.weight"])
    return [*(f"bert.{name}" for name in pooler_weights()), *heads]


def refused_files(folder: Path) -> dict[str, dict]:
    made: dict[str, dict] = {}
    target = folder / "refused"
    target.mkdir()

    def add(name: str, content: bytes, why: str) -> None:
        assert f"refused/{name}" not in made, name
        (target / name).write_bytes(content)
        made[f"refused/{name}"] = refused(why)

    plain = encoder_weights()
    values_of_one = plain[NAME].numpy().tobytes()
    with TemporaryDirectory() as aside:
        small = {name: value for name, value in plain.items() if "LayerNorm" in name}
        for name, content, why in damaged_torch_files(Path(aside), small):
            add(name, content, why)
    for name, content, why in [*broken_torch_files(values_of_one), *broken_safetensors(values_of_one)]:
        add(name, content, why)

    wrong_rows = {**plain, "embeddings.word_embeddings.weight": torch.ones(SHAPE.vocab_size + 1, SHAPE.hidden_size)}
    dense = "encoder.layer.0.intermediate.dense.weight"
    transposed = {**plain, dense: plain[dense].t()}
    for name, tensors, why in [
        ("wrong-vocabulary-size", wrong_rows, "the word embeddings have one row more than the vocabulary"),
        ("transposed-weight", transposed, "a weight is transposed: right number of values, wrong shape"),
    ]:
        write_safetensors(target / f"{name}.safetensors", tensors)
        made[f"refused/{name}.safetensors"] = refused(why)
    unrelated = OrderedDict(weight=torch.ones(3), bias=torch.zeros(3))
    for ending, save in [("zip.pt", save_zip), ("legacy.pt", save_legacy)]:
        save(target / f"one-tensor.{ending}", torch.ones(3))
        made[f"refused/one-tensor.{ending}"] = refused("a tensor, not a dictionary of tensors")
        save(target / f"unrelated.{ending}", unrelated)
        made[f"refused/unrelated.{ending}"] = refused("not one tensor of the model is in the file")
    write_safetensors(target / "unrelated.safetensors", dict(unrelated))
    made["refused/unrelated.safetensors"] = refused("not one tensor of the model is in the file")
    return made


if __name__ == "__main__":
    main()
