"""The demonstration as a fixture, shared with the end-to-end tests."""

from tests.e2e.conftest import demo as demo
