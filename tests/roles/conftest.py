"""Fixtures of the roles' tests."""

from __future__ import annotations

import pytest

from tests.roles.role_fakes import Events, FakeSwitches


@pytest.fixture
def switches() -> FakeSwitches:
    return FakeSwitches()


@pytest.fixture
def events() -> Events:
    return Events()
