"""Training on a cluster gives the trees of one machine."""

from __future__ import annotations

import pytest
from distributed import Client, LocalCluster

from oracles.domain.binning import bins_for
from oracles.domain.features import NAMES
from oracles.model import on_dask
from oracles.model.train import Choice, grow
from tests.support.units import labelled_units


@pytest.mark.parametrize("choice", [Choice(1, 40, True), Choice(3, 30, False)])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_grow__two_workers__same_trees_as_one_machine(choice: Choice) -> None:
    table, bins = labelled_units(1), bins_for(NAMES)
    with (
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        spread = on_dask.grow(client, table, bins, choice)
    alone = grow(table, bins, choice)
    assert spread.get_dump(dump_format="json") == alone.get_dump(dump_format="json")
    other = grow(table.assign(label=1 - table["label"]), bins, choice)
    assert spread.get_dump(dump_format="json") != other.get_dump(dump_format="json")
