"""What Prometheus reads: requests, events, commits, lists, freshness. No id of a person or item is ever a label."""

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from swayline.service.serving import Service

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.0)


class Metrics:
    """Counters of one application."""

    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "swayline_requests_total", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "swayline_request_seconds", "Time to answer.", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._events = Counter(
            "swayline_events_total", "Rows of events by verdict.", ("verdict",), registry=self.registry
        )
        self._commits = Histogram(
            "swayline_commit_seconds", "Time of a commit, its fsync included.", buckets=_SECONDS, registry=self.registry
        )
        self.registry.register(_Now(service))
        service.watch(lambda _, seconds: self._commits.observe(seconds))

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def events(self, **verdicts: int) -> None:
        """Rows were judged."""
        for verdict, count in verdicts.items():
            if count:
                self._events.labels(verdict).inc(count)

    def text(self) -> bytes:
        """What ``/metrics`` answers."""
        return generate_latest(self.registry)


_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"})


class _Now(Collector):
    """Gauges read from the service when they are asked for."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Any]:
        """The gauges."""
        service = self._service
        hits, misses = service.cache.hits, service.cache.misses
        yield CounterMetricFamily("swayline_list_cache_hits", "Lists answered from the cache.", hits)
        yield CounterMetricFamily("swayline_list_cache_misses", "Lists made anew.", misses)
        yield GaugeMetricFamily("swayline_list_cache_hit_rate", "Share of lists answered from the cache.",
                                hits / max(1, hits + misses))  # fmt: skip
        yield GaugeMetricFamily("swayline_events_waiting", "Events that wait for a commit.", service.writer.waiting)
        yield GaugeMetricFamily(
            "swayline_questions_waiting", "Questions that wait for the model.", service.batches.waiting
        )
        yield GaugeMetricFamily(
            "swayline_model_version", "Number of the model in service.", service.loaded.version.number
        )
        yield GaugeMetricFamily("swayline_store_away", "1 while the store cannot be used.", int(service.is_away))
        yield CounterMetricFamily(
            "swayline_served_lists_lost", "Lists not written while the store was away.", service.served.lost
        )
        lag = GaugeMetricFamily(
            "swayline_source_lag_seconds", "From the last event's time to its arrival.", labels=["source"]
        )
        for source, seconds in list(service.loaded.state.lag_s.items()):
            lag.add_metric([source], seconds)
        yield lag
