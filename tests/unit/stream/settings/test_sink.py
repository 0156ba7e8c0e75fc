"""`[redis]`, `[web]` and `[prometheus]`: places that can be, and choices that are there."""

import pytest

from tests.unit.stream.settings.conftest import Find


@pytest.mark.parametrize(
    "url",
    [
        *("redis://h", "redis://:p@h:6379/0", "rediss://[::1]:1", "unix:///run/redis.sock?db=1"),
        "rediss://u:p%3F%2F@h:1/2?ssl_ca_certs=/etc/ca.pem&ssl_check_hostname=true",
    ],
)
def test_redis_is_somewhere(find: Find, url: str) -> None:
    """The forms that Redis clients know."""
    assert find({"redis": {"url": url}}) == {}


@pytest.mark.parametrize(
    "url",
    [
        *("", "h:6379", "http://h", "redis://", "redis://h:x", "redis://[::1", "redis:///0", 1),
        *("redis://h/one", "redis://h/0?ssl_ca_certs=/ca.pem", "rediss://h?ca=/ca.pem"),
        *("redis://:pass?word@h", "redis://h?db=x"),
    ],
)
def test_other_places_are_faults(find: Find, url: object) -> None:
    """Told without showing the URL, as it may hold a password."""
    assert find({"redis": {"url": url}}).keys() == {"redis.url"}


def test_prometheus_exports_what_is_there(find: Find) -> None:
    """Metrics that are computed, windows and groupings that are configured."""
    table = {
        "dimensions": ["a"],
        "groupings": [[], ["a"]],
        "metrics": {"fcr": {"enabled": False}},
        "windows": {"rolling": ["2h"]},
    }
    right = {"metrics": ["nps"], "windows": ["120m", "7d", "today"], "groupings": [["a"], "all"]}
    wrong = {"metrics": ["fcr"], "windows": ["1h"], "groupings": [["b"]]}
    assert find({**table, "prometheus": right}) == {}
    assert find({**table, "prometheus": wrong}).keys() == {
        "prometheus.metrics[0]",
        "prometheus.windows[0]",
        "prometheus.groupings[0]",
    }


def test_the_windows_of_a_metric_are_there_only_with_it(find: Find) -> None:
    """28d is a window of active users alone."""
    prometheus = {"prometheus": {"windows": ["28d"]}}
    without = {**prometheus, "metrics": {"active_users": {"enabled": False}}}
    assert find(prometheus) == {}
    assert find(without).keys() == {"prometheus.windows[0]"}


def test_what_is_no_window_and_no_grouping_is_a_fault(find: Find) -> None:
    """Whatever stands in the lists."""
    for name, bad in (("windows", ["todya", 3, "61m"]), ("groupings", [3, [4]])):
        faults = find({"prometheus": {name: bad}})
        assert len(faults) == len(bad)


def test_a_port_is_a_port(find: Find) -> None:
    """0 is any free one; nothing beyond 16 bits."""
    assert find({"web": {"port": 0}}) == {}
    assert find({"web": {"port": 65_536, "host": "a/b"}}).keys() == {"web.port", "web.host"}
