"""A run of several parts goes to its end, names what is missing, and keeps what it found."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from rich.console import Console

from bench.desk import DeskError, NotInTimeError
from bench.evidence import parts, readme, record, standings, telling
from bench.evidence.full_run import Run, run
from bench.evidence.goals import GOALS
from bench.evidence.parts import Part
from bench.machine import Machine
from bench.measurement import Measurement, Progress
from bench.page import Page
from bench.surge import nothing_shown

HERE = Machine(
    "a processor", 2, "an OS", "3.11", "ext4", 4.0, {"redis-server": "7.0"}, "abc1234567", True, "2026-11-24"
)
PEERS = {
    "peers.fanout.knockdown.ratio": 1.3,
    "peers.fanout.nchan.ratio": 1.4,
    "peers.bids.knockdown.accepted_per_s": 45_000.0,
    "peers.bids.ws_lua.accepted_per_s": 41_000.0,
    "peers.bids.ws_lua.store_us_per_bid": 12.0,
}


class Told(msgspec.Struct):
    """A report with given figures."""

    told: dict[str, float]
    failures: list[str] = msgspec.field(default_factory=list)
    skipped: dict[str, str] = {}

    def lines(self) -> list[str]:
        return [f"told {name}" for name in self.told]

    def figures(self) -> dict[str, float]:
        return self.told

    def show(self, page: Page) -> None:
        page.heading("Told")
        page.text(*self.lines())


def tells(*failures: str, **figures: float) -> Callable[[Progress], Measurement]:
    named = {name.replace("__", "."): value for name, value in figures.items()}
    return lambda _progress: Told(named, list(failures))


def raises(why: Exception) -> Callable[[Progress], Measurement]:
    def measure(_progress: Progress) -> Measurement:
        raise why

    return measure


def came(*chosen: tuple[str, Callable[[Progress], Measurement]]) -> Run:
    return run([Part(name, (name,), measure) for name, measure in chosen], nothing_shown)


CANNOT = ("recovery", raises(DeskError("the desk <is> closed\nand more")))
FANOUT = ("fanout", tells(fanout__ratio=1.5, fanout__burst_ratio=0.2))


def test_a_storm_that_is_not_ready_in_time_is_a_reason_and_no_failure() -> None:
    done = came(("storm", raises(NotInTimeError("all was listed 2.0 s too late"))), FANOUT)
    assert done.missing == {"storm": "all was listed 2.0 s too late"}
    assert (done.failures, done.exit_status) == ([], 0)


def test_a_part_that_cannot_be_measured_is_named_and_the_rest_goes_on() -> None:
    done = came(CANNOT, FANOUT)
    assert done.missing == {"recovery": "the desk <is> closed"}
    assert done.figures == {"fanout.ratio": 1.5, "fanout.burst_ratio": 0.2}
    verdicts = {verdict.figure: (verdict.outcome, verdict.reason) for verdict in done.verdicts}
    assert verdicts["recovery.first_bid_s"] == ("not measured", "the desk <is> closed")
    assert verdicts["fanout.ratio"] == ("not reached", "")
    assert done.exit_status == 0


def test_a_peer_that_was_left_out_says_why_with_its_goal() -> None:
    peers = Part("peers", ("peers.fanout",), lambda _: Told({}, skipped={"nats": "nats-server is not on PATH"}))
    reasons = {verdict.figure: verdict.reason for verdict in run([peers], nothing_shown).verdicts}
    assert reasons["peers.fanout.nats.lead"] == "nats-server is not on PATH"
    assert reasons["peers.fanout.ws.lead"] == "no figure peers.fanout.ws.lead in this run"


@pytest.mark.parametrize(
    ("part", "failures", "status"),
    [
        (
            ("storm", tells("2 bids are not in the record", storm__faults=2.0)),
            ["storm: 2 bids are not in the record"],
            1,
        ),
        (("storm", raises(ZeroDivisionError("division by zero"))), ["storm: broke off: division by zero"], 1),
        (("storm", tells(storm__faults=0.0)), [], 0),
        (("storm", raises(ModuleNotFoundError("No module named 'asyncpg'"))), [], 2),
    ],
    ids=["a broken promise", "an error of its own", "all well", "nothing measured"],
)
def test_the_exit_status_tells_what_came_of_it(
    part: tuple[str, Callable[[Progress], Measurement]], failures: list[str], status: int
) -> None:
    done = came(part)
    assert (done.failures, done.exit_status) == (failures, status)


def test_two_parts_never_give_the_same_figure() -> None:
    with pytest.raises(AssertionError, match="scale has a figure of another part"):
        _ = came(FANOUT, ("scale", tells(fanout__ratio=1.0))).figures


def test_progress_says_which_part_it_is() -> None:
    heard: list[str] = []
    run([Part("A", ("a",), tells()), Part("B", ("b",), tells())], lambda _done, _total, stage: heard.append(stage))
    assert heard == ["[1/2] A", "[2/2] B"]


def test_the_full_run_measures_every_figure_that_a_goal_needs() -> None:
    beginnings = tuple(f"{beginning}." for part in parts.full() for beginning in part.figures)
    assert [goal.figure for goal in GOALS if not goal.figure.startswith(beginnings)] == []
    assert {part.name for part in (*parts.short(), *parts.peers())} <= {part.name for part in parts.full()}


# What is left of it ---------------------------------------------------------------------------------------------------


@pytest.fixture
def kept() -> record.Record:
    return record.record(came(CANNOT, FANOUT), HERE, "python -m bench full")


def test_a_record_comes_back_from_its_file(kept: record.Record, tmp_path: Path) -> None:
    record.write(kept, tmp_path / "f.json")
    assert record.read(tmp_path / "f.json") == kept
    assert record.judged_again(kept) == kept


def test_a_record_keeps_six_digits() -> None:
    done = came(("fanout", tells(fanout__ratio=1.35 + 1e-9)))
    assert record.record(done, HERE, "c").figures == {"fanout.ratio": 1.35}


def test_the_table_stands_between_its_comments(kept: record.Record) -> None:
    text = f"# Title\n\n{readme.BEGIN}\nold\n{readme.END}\n\nafter {readme.BEGIN}\n"
    new = readme.renewed(text, kept)
    assert readme.found(new) == readme.section(kept)
    assert new.startswith("# Title\n\n<!--")
    assert new.endswith(f"{readme.END}\n\nafter {readme.BEGIN}\n")
    assert readme.renewed(new, kept) == new


@pytest.mark.parametrize("text", ["", readme.BEGIN, f"{readme.END} {readme.BEGIN}"])
def test_a_readme_without_a_place_is_refused(text: str, kept: record.Record) -> None:
    with pytest.raises(readme.NoPlaceError):
        readme.renewed(text, kept)


def test_the_table_says_day_commit_machine_and_each_outcome(kept: record.Record) -> None:
    section = readme.section(kept)
    for said in ("2026-11-24", "abc1234567 with changes that are not committed", "a processor, 2 cores", "Redis 7.0"):
        assert said in section
    assert "| 1.5 |  | **not reached** |" in section
    assert "| 0.2 |  | reached |" in section
    assert "the desk <is> closed" in section


def test_the_page_shows_goals_first_and_reasons_escaped(kept: record.Record, tmp_path: Path) -> None:
    telling.page(came(CANNOT, FANOUT), kept).write(tmp_path / "p.html")
    page = (tmp_path / "p.html").read_text("utf-8")
    assert page.index("<h2>Goals") < page.index("<h2>recovery") < page.index("<h2>Told")
    assert "Not measured: the desk &lt;is&gt; closed." in page
    assert "peers side by side" not in page


def test_the_file_has_the_record_and_what_each_part_found(kept: record.Record, tmp_path: Path) -> None:
    telling.write_details(came(CANNOT, FANOUT), kept, tmp_path / "d.json")
    written: dict[str, Any] = orjson.loads((tmp_path / "d.json").read_bytes())
    assert written["commit"] == "abc1234567"
    assert written["parts"] == {"fanout": {"told": FIGURES, "failures": [], "skipped": {}, "figures": FIGURES}}


FIGURES = {"fanout.ratio": 1.5, "fanout.burst_ratio": 0.2}


def test_a_terminal_is_told_everything() -> None:
    said = StringIO()
    done = came(CANNOT, ("fanout", tells("a frame was lost", fanout__ratio=1.5)), ("peers", lambda _: Told(PEERS)))
    telling.tell(done, Console(file=said, width=200))
    for words in (
        "not measured: the desk <is> closed",
        "told fanout.ratio",
        "FAILED: fanout: a frame was lost",
        "Nchan",
    ):
        assert words in said.getvalue()


def test_a_run_of_some_parts_is_held_against_their_goals_only() -> None:
    assert {goal.subject for goal, _ in telling.judged(came(FANOUT))} == {"Fan-out", "Watchers"}


# Peers ----------------------------------------------------------------------------------------------------------------


def test_peers_stand_in_order_with_gaps_where_a_figure_is_missing() -> None:
    assert [row.cells() for row in standings.rows(PEERS)] == [
        ["knockdown", "1.30", "", "", ""],
        ["Nchan", "1.40", "", "", ""],
        ["knockdown", "", "45,000", "", ""],
        ["Node ws with a Lua script per bid", "", "41,000", "12.0", ""],
    ]


def test_the_plot_of_the_peers_is_drawn_into_the_page(tmp_path: Path) -> None:
    page = Page("peers")
    standings.show(PEERS, page)
    page.write(tmp_path / "p.html")
    assert (tmp_path / "p.html").read_text("utf-8").count("<svg") == 1
