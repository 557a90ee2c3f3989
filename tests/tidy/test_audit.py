"""`bin/audit` fails on what is known to be unsafe, and tells that apart from not having asked."""

import importlib.util
import json
from importlib.machinery import SourceFileLoader
from types import ModuleType

import pytest

from tidy.tree import ROOT


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    loader = SourceFileLoader("audit", str(ROOT / "bin/audit"))
    spec = importlib.util.spec_from_loader("audit", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_what_is_unsafe_in_python_is_named_with_what_is_known(audit: ModuleType) -> None:
    report = {
        "dependencies": [
            {"name": "safe", "version": "1.0", "vulns": []},
            {"name": "holed", "version": "2.0", "vulns": [{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]},
            {"name": "unheard", "skip_reason": "Dependency not found"},
        ]
    }
    assert audit.python_verdict(json.dumps(report)) == (
        ["holed 2.0: PYSEC-1, PYSEC-2"],
        ["unheard"],
    )


def test_what_is_unsafe_in_the_browser_is_named_with_how_bad_it_is(audit: ModuleType) -> None:
    report = {"vulnerabilities": {"holed": {"severity": "high"}}}
    assert audit.browser_verdict(json.dumps(report)) == (["holed: high"], [])
    assert audit.browser_verdict(json.dumps({"vulnerabilities": {}})) == ([], [])


@pytest.mark.parametrize("report", ["", "not JSON", '{"error": {"code": "405"}}'])
def test_no_answer_is_not_taken_for_a_good_one(audit: ModuleType, report: str) -> None:
    assert audit.python_verdict(report) == ([], ["packages of Python"])
    assert audit.browser_verdict(report) == ([], ["files that pages load"])
