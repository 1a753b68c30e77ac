"""Which addresses a warehouse may have, and that no password gets into the settings."""

import pytest

from funnel.errors import SettingsError
from funnel.settings import load

STAGES = "stages: [{key: sale}]\n"


@pytest.mark.parametrize(
    ("address", "engine"),
    [
        ("data/warehouse.duckdb", "duckdb"),
        ("postgres://db.example/sales", "postgres"),
        ("postgresql://reader@10.0.0.7:5433/sales", "postgres"),
        ("sc://spark.example:15002", "pyspark"),
    ],
)
def test_the_address_names_the_engine(tmp_path, address: str, engine: str) -> None:
    (tmp_path / "funnel.yml").write_text(f"{STAGES}warehouse: {address}\n")
    settings = load(tmp_path / "funnel.yml")
    assert (settings.engine, settings.is_database) == (engine, engine != "duckdb")


@pytest.mark.parametrize(
    "address",
    [
        "postgres://reader:s3cr-et@db.example/sales",  # pragma: allowlist secret
        "postgres://db.example/sales?password=s3cr-et",  # pragma: allowlist secret
        "mysql://reader:s3cr-et@db.example/sales",  # pragma: allowlist secret
        "sc://spark.example:443/;token=s3cr-et",  # pragma: allowlist secret
    ],
)
def test_a_password_is_refused_and_not_repeated(tmp_path, address: str) -> None:
    (tmp_path / "funnel.yml").write_text(f"{STAGES}warehouse: '{address}'\n")
    with pytest.raises(SettingsError, match="the address holds a password") as caught:
        load(tmp_path / "funnel.yml")
    assert "s3cr-et" not in str(caught.value)


def test_an_engine_that_is_not_read_is_named_with_those_that_are(tmp_path) -> None:
    (tmp_path / "funnel.yml").write_text(f"{STAGES}warehouse: mysql://db.example/sales\n")
    with pytest.raises(
        SettingsError, match=r"mysql://db\.example/sales.*allowed: a file such as .*postgres://"
    ):
        load(tmp_path / "funnel.yml")


def test_tables_are_refused_where_the_warehouse_is_a_file(tmp_path) -> None:
    (tmp_path / "funnel.yml").write_text(f"{STAGES}tables: {{leads: {{table: crm.deals}}}}\n")
    with pytest.raises(SettingsError, match="tables: has a meaning only where warehouse: is the address"):
        load(tmp_path / "funnel.yml")
