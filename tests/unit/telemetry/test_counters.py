from mailstead.telemetry.counters import Counters, Snapshot, merge


def test_counts_add_up_per_name_and_labels() -> None:
    counters = Counters()
    counters.count("smtp.connections")
    counters.count("smtp.connections", 2)
    counters.count("smtp.replies", code="250")
    counters.count("smtp.replies", 3, code="550")
    assert {
        ("smtp.connections", ()): 3,
        ("smtp.replies", (("code", "250"),)): 1,
        ("smtp.replies", (("code", "550"),)): 3,
    } == counters.snapshot().counters


def test_label_order_makes_no_second_counter() -> None:
    counters = Counters()
    counters.count("x", a="1", b="2")
    counters.count("x", b="2", a="1")
    assert {("x", (("a", "1"), ("b", "2"))): 2} == counters.snapshot().counters


def test_workers_are_added() -> None:
    one, two = Counters(), Counters()
    one.count("x", 2)
    two.count("x", 3)
    two.count("y")
    one.gauge("idle", 5)
    two.gauge("idle", 7)
    total = merge([one.snapshot(), Snapshot.from_rows(two.snapshot().to_rows())])
    assert {("x", ()): 5, ("y", ()): 1} == total.counters
    assert {("idle", ()): 12} == total.gauges
