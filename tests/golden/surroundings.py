"""Cases that need services: the brokers, their topics and records, Redis, the port."""

from collections.abc import Sequence

from tests.golden.case import Case, Made
from tests.golden.configuration import CHECK, COMMAND_LINE, CONFIGURATION, INPUT, KEY, RUN
from tests.service.kafka import GUEST, PASSWORD, USER

BROKER, LOGIN, TLS, NOBODY, REDIS, TAKEN = 9092, 9093, 9094, 9099, 6379, 6066
"""Ports as the page shows them; on `NOBODY` nobody listens, on `TAKEN` somebody does."""

WEB = "[web]\nport = 0\n"


def _config(kafka: str = "", rest: str = "", port: int = BROKER) -> str:
    return f'{INPUT}{KEY}{WEB}{rest}[kafka]\nbootstrap = "127.0.0.1:{port}"\n{kafka}'


def _login(user: str = USER, password: str = PASSWORD, mechanism: str = "PLAIN") -> str:
    return (
        f'sasl_mechanism = "{mechanism}"\nsasl_username = "{user}"\nsasl_password = "{password}"\n'
    )


def _answer(customer: int, number: int) -> bytes:
    text = f'"customer_id":"c{customer}","response_id":"r{number}","id":"{number}"'
    return b'{"at":"2026-11-22T10:00:00Z","type":"nps","score":9,%s}' % text.encode()


SOURCE = Made("survey.answers", records=[(b"c%d" % (n % 7), _answer(n % 7, n)) for n in range(20)])
BY_RESPONSE = Made(
    "survey.answers",
    records=[(b"r%d" % n if n % 3 else None, _answer(n % 7, n)) for n in range(20)],
)
UNREADABLE = Made(
    "survey.answers",
    records=[
        *[(b"c", b'{"at":"2026-11-22T10:00:00","type":"nps","score":9}')] * 10,
        *[(b"c", b'{"at":"2026-11-22T10:00:00Z","type":"nps","score":11}')] * 5,
        *[(b"c1", _answer(1, n)) for n in range(3)],
    ],
)
REDIS_URL = f"redis://:%s@127.0.0.1:{REDIS}/%d"

REACH = (
    Case("No broker at the address", CHECK, _config(port=NOBODY)),
    Case(
        "No broker at the address, asked for topics",
        "topics plan -c ressenti.toml",
        _config(port=NOBODY),
    ),
    Case(
        "A host's name that cannot be resolved",
        CHECK,
        f'{INPUT}{KEY}{WEB}[kafka]\nbootstrap = "broker.invalid:9092"\n',
    ),
    Case("A broker that wants TLS", CHECK, _config(port=TLS)),
    Case("A broker that wants a login", CHECK, _config(port=LOGIN)),
    Case("A broker that speaks no TLS", CHECK, _config("tls = true\n")),
    Case("A broker that takes no login", CHECK, _config(_login())),
    Case("A certificate that is not trusted", CHECK, _config("tls = true\n", port=TLS)),
    Case("A worker and a certificate that is not trusted", RUN, _config("tls = true\n", port=TLS)),
    Case("A wrong password", CHECK, _config(_login(password="wrong"), port=LOGIN)),
    Case("A worker and a wrong password", RUN, _config(_login(password="wrong"), port=LOGIN)),
    Case(
        "A login of another kind",
        CHECK,
        _config(_login(mechanism="SCRAM-SHA-256"), port=LOGIN),
    ),
    Case(
        "One of two addresses is away",
        CHECK,
        _config().replace("127.0.0.1", f"127.0.0.1:{NOBODY}, localhost"),
        topics=[SOURCE],
    ),
    Case("A user without rights", CHECK, _config(_login(GUEST), port=LOGIN), topics=[SOURCE]),
)

TOPICS = (
    Case("A source topic that is not there", CHECK, _config()),
    Case("A worker and a source topic that is not there", RUN, _config()),
    Case("A plan and a source topic that is not there", "topics plan -c ressenti.toml", _config()),
    Case("A plan of what is missing", "topics plan -c ressenti.toml", _config(), topics=[SOURCE]),
    Case("Making what is missing", "topics apply -c ressenti.toml", _config(), topics=[SOURCE]),
    Case(
        "A topic of ours with other partitions",
        "topics plan -c ressenti.toml",
        _config(),
        topics=[SOURCE, Made("ressenti-merge", 3, {"cleanup.policy": "compact"})],
    ),
    Case(
        "A topic of ours that would lose records",
        "topics apply -c ressenti.toml",
        _config(),
        topics=[SOURCE, Made("cx.metrics", 8, {"cleanup.policy": "delete"})],
    ),
    Case(
        "A worker and a topic that would lose records",
        RUN,
        _config(),
        topics=[SOURCE, Made("cx.metrics", 8, {"cleanup.policy": "delete"})],
    ),
    Case(
        "Dead letters that would not fit",
        CHECK,
        _config(),
        topics=[
            Made("survey.answers", config={"max.message.bytes": "5000000"}),
            Made("cx.dead-letters", 1),
        ],
    ),
    Case(
        "A source topic that is compacted, and stamped by the brokers",
        CHECK,
        _config(),
        topics=[
            Made(
                "survey.answers",
                config={"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"},
            )
        ],
    ),
    Case("Record keys that are others", CHECK, _config(), topics=[BY_RESPONSE]),
    Case("Records that cannot be read", CHECK, _config(), topics=[UNREADABLE]),
    Case(
        "A delivery that may count twice",
        CHECK,
        _config('delivery = "at_least_once"\n'),
        topics=[SOURCE],
    ),
)

REST = (
    Case(
        "Redis that is not there",
        CHECK,
        _config(rest=f'[redis]\nurl = "redis://127.0.0.1:{NOBODY}"\n'),
        topics=[SOURCE],
    ),
    Case(
        "Redis that wants a password",
        CHECK,
        _config(rest=f'[redis]\nurl = "redis://127.0.0.1:{REDIS}"\n'),
        topics=[SOURCE],
    ),
    Case(
        "A wrong password for Redis",
        CHECK,
        _config(rest=f'[redis]\nurl = "{REDIS_URL % ("wrong", 0)}"\n'),
        topics=[SOURCE],
    ),
    Case(
        "A database that Redis does not have",
        CHECK,
        _config(rest=f'[redis]\nurl = "{REDIS_URL % (PASSWORD, 99)}"\n'),
        topics=[SOURCE],
    ),
    Case(
        "A port that is taken",
        CHECK,
        _config().replace("port = 0", f"port = {TAKEN}"),
        topics=[SOURCE],
    ),
    Case(
        "A worker and a port that is taken",
        RUN,
        _config().replace("port = 0", f"port = {TAKEN}"),
        topics=[SOURCE],
    ),
    Case(
        "Nothing is wrong",
        CHECK,
        _config(rest=f'[redis]\nurl = "{REDIS_URL % (PASSWORD, 0)}"\n'),
        topics=[SOURCE],
        whole=True,
    ),
)

SURROUNDINGS = (*REACH, *TOPICS, *REST)
CHAPTERS: Sequence[tuple[str, Sequence[Case]]] = (
    ("The command line", COMMAND_LINE),
    ("The configuration", CONFIGURATION),
    ("Reaching Kafka", REACH),
    ("Topics and their records", TOPICS),
    ("Redis, the port, and a good end", REST),
)
