from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tonecheck import ToneChecker, load
from tonecheck.service.app import create_app
from tonecheck.service.settings import Settings, read


@pytest.fixture(scope="session")
def checker() -> ToneChecker:
    return load("linear-en")


@pytest.fixture
def settings(tmp_path) -> Settings:
    return read(database=f"sqlite:///{tmp_path / 'store.sqlite'}", keep_text=True)


@pytest.fixture
def client(settings, checker) -> Iterator[TestClient]:
    with TestClient(create_app(settings, checker=checker)) as client:
        yield client
