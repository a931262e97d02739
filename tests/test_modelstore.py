import json
import re
import shutil

import numpy as np
import pytest

from tonecheck.errors import InputError, ModelError, ModelFormatError, ModelIntegrityError
from tonecheck.labels import TONES
from tonecheck.modelstore import open_model, save_model, shipped_models

CONFIG = {
    **{"kind": "linear", "name": "tiny", "version": "0.0.1", "tones": [str(t) for t in TONES]},
    **{"calibration": {}, "policy": {}, "prior": {}},
}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "tiny"
    save_model(path, CONFIG, tensors={"bias": np.arange(3, dtype=np.float32)}, card="# tiny\n")
    return path


def test_a_saved_model_opens_with_its_weights(folder):
    opened = open_model(str(folder))
    assert opened.label == "tiny@0.0.1"
    assert opened.tensors()["bias"].tolist() == [0.0, 1.0, 2.0]


def test_every_shipped_model_verifies():
    paths = shipped_models()
    assert [path.name for path in paths] == ["encoder-en", "linear-en", "pair-en"]
    for path in paths:
        assert open_model(path.name).config["name"] == path.name


def test_a_shipped_model_is_small_enough_for_a_wheel():
    for path in shipped_models():
        sizes = {name: file.stat().st_size for name, file in open_model(path.name).files.items()}
        assert max(sizes.values()) < 10_000_000
        assert sum(sizes.values()) < 10_500_000


def test_an_unknown_model_lists_those_that_ship():
    with pytest.raises(
        ModelError, match=r"there is no model 'nope'\. Shipped models: encoder-en, linear"
    ):
        open_model("nope")


@pytest.mark.parametrize("name", ["config.json", "weights.safetensors", "README.md"])
def test_a_changed_file_is_refused(folder, name):
    with (folder / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(ModelIntegrityError, match=f"{name} differs from its manifest. Install or"):
        open_model(str(folder))


@pytest.mark.parametrize("name", ["config.json", "weights.safetensors", "README.md"])
def test_a_missing_file_is_refused(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelIntegrityError, match=f"{name} is missing. Install or train"):
        open_model(str(folder))


def test_a_folder_without_a_manifest_is_refused(folder):
    (folder / "manifest.json").unlink()
    with pytest.raises(ModelIntegrityError, match=r"has no manifest\.json\. Install or train"):
        open_model(str(folder))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', '{"files": {}}'])
def test_a_broken_manifest_is_refused(folder, text):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(
        ModelIntegrityError, match=r"manifest\.json (is not a manifest|does not li)"
    ):
        open_model(str(folder))


def test_a_manifest_cannot_point_outside_its_folder(folder, tmp_path):
    manifest = json.loads((folder / "manifest.json").read_text())
    shutil.copy(folder / "README.md", tmp_path / "elsewhere.md")
    manifest["files"]["../elsewhere.md"] = manifest["files"]["README.md"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelIntegrityError, match=r"elsewhere\.md is missing"):
        open_model(str(folder))


@pytest.mark.parametrize(
    ("kind", "name"),
    [("linear", "weights.safetensors"), ("encoder", "encoder.onnx"), ("encoder", "tokenizer.json")],
)
def test_a_manifest_must_list_what_the_kind_of_model_needs(tmp_path, kind, name):
    files = {other: b"" for other in ("encoder.onnx", "tokenizer.json") if other != name}
    save_model(tmp_path / "tiny", {**CONFIG, "kind": kind}, files=files, card="")
    (tmp_path / "tiny" / name).touch()
    with pytest.raises(
        ModelIntegrityError, match=rf"manifest\.json does not list {name}\. Install or train"
    ):
        open_model(str(tmp_path / "tiny"))


def test_further_files_are_saved_listed_and_verified(tmp_path):
    save_model(tmp_path / "tiny", CONFIG, tensors={}, files={"notes.txt": b"hm"}, card="")
    opened = open_model(str(tmp_path / "tiny"))
    names = ["README.md", "config.json", "notes.txt", "weights.safetensors"]
    assert sorted(opened.files) == names
    assert opened.files["notes.txt"].read_bytes() == b"hm"
    opened.files["notes.txt"].write_bytes(b"ha")
    with pytest.raises(ModelIntegrityError, match=r"notes\.txt differs from its manifest"):
        open_model(str(tmp_path / "tiny"))


@pytest.mark.parametrize(
    "name", ["../notes.txt", "sub/notes.txt", "", "..", "config.json", "manifest.json"]
)
def test_a_further_file_has_a_plain_name_of_its_own(tmp_path, name):
    with pytest.raises(InputError, match=f"cannot take a further file '{re.escape(name)}'. Give"):
        save_model(tmp_path / "tiny", CONFIG, tensors={}, files={name: b""}, card="")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_beside_the_files_is_no_part_of_the_model(folder):
    (folder / "huggingface").mkdir()
    (folder / "huggingface" / "model.safetensors").write_bytes(b"for retraining")
    assert sorted(open_model(str(folder)).files) == [
        *("README.md", "config.json", "weights.safetensors")
    ]


def test_another_format_says_which_one_this_version_reads(tmp_path):
    save_model(tmp_path / "old", {**CONFIG, "format": 99}, tensors={}, card="")
    with pytest.raises(ModelFormatError, match="has format 99; this version of tonecheck reads fo"):
        open_model(str(tmp_path / "old"))


def test_a_model_of_other_tones_is_refused(tmp_path):
    save_model(tmp_path / "odd", {**CONFIG, "tones": ["hostility"]}, tensors={}, card="")
    with pytest.raises(ModelFormatError, match=re.escape("judges ['hostility']; tonecheck needs")):
        open_model(str(tmp_path / "odd"))


def test_a_configuration_that_lacks_a_part_is_refused(tmp_path):
    config = {key: value for key, value in CONFIG.items() if key != "policy"}
    save_model(tmp_path / "bare", config, tensors={}, card="")
    with pytest.raises(
        ModelFormatError, match=r"config\.json lacks policy\. Train the model again"
    ):
        open_model(str(tmp_path / "bare"))


def test_a_path_never_means_a_shipped_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_model(tmp_path / "linear-en", CONFIG, tensors={}, card="")
    assert open_model("./linear-en").label == "tiny@0.0.1"
    assert open_model("linear-en").label != "tiny@0.0.1"


def test_weights_that_are_no_safetensors_are_refused(folder):
    opened = open_model(str(folder))
    (folder / "weights.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ModelFormatError, match="holds no safetensors weights"):
        opened.tensors()


def test_an_interrupted_save_leaves_nothing_that_opens(folder):
    class SaveInterruptedError(Exception):
        pass

    class Exploding:
        def __array__(self, *args, **kwargs):
            raise SaveInterruptedError

    with pytest.raises(SaveInterruptedError):
        save_model(folder, {**CONFIG, "version": "2"}, tensors={"bias": Exploding()}, card="")
    assert open_model(str(folder)).label == "tiny@0.0.1"
