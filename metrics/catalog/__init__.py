"""The catalog: every metric that can be computed, by name. One file each; add it here."""

from metrics.catalog.active_users import ACTIVE_USERS
from metrics.catalog.aht import AHT
from metrics.catalog.ces import CES
from metrics.catalog.csat import CSAT
from metrics.catalog.fcr import FCR
from metrics.catalog.nps import NPS
from metrics.metric import Metric

METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (NPS, CSAT, CES, FCR, AHT, ACTIVE_USERS)
}
