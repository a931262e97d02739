import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tonecheck import ToneChecker, load
from tonecheck.service.app import create_app
from tonecheck.service.context import Service
from tonecheck.service.settings import Settings, read


@pytest.fixture(scope="session")
def checker() -> ToneChecker:
    return load("linear-en")


@pytest.fixture
def settings(tmp_path) -> Settings:
    return read(database=f"sqlite:///{tmp_path / 'store.sqlite'}", keep_text=True)


@pytest.fixture
def client(settings, checker) -> Iterator[TestClient]:
    with TestClient(create_app(settings, checker=checker), "http://127.0.0.1") as client:
        yield client


@dataclass
class Running:
    """A real server on this machine, and what it works with."""

    address: str
    service: Service


@contextmanager
def _served(settings: Settings, checker: ToneChecker) -> Iterator[Running]:
    app: FastAPI = create_app(settings, checker=checker)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Running(f"http://127.0.0.1:{port}", app.state.service)
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def running(settings, checker) -> Iterator[Running]:
    with _served(settings, checker) as running:
        yield running


@pytest.fixture(scope="module")
def running_long(checker, tmp_path_factory) -> Iterator[Running]:
    """Run one server for all tests of a module."""
    database = f"sqlite:///{tmp_path_factory.mktemp('served') / 'store.sqlite'}"
    with _served(read(database=database, keep_text=True), checker) as running:
        yield running
