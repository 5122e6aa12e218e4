from pathlib import Path

import pytest
from report_world import write_evaluations


@pytest.fixture(scope="session")
def evaluations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two evaluated systems."""
    return write_evaluations(tmp_path_factory.mktemp("report"))
