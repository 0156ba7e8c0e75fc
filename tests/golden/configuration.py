"""Cases that need nothing but files: the command line and the configuration."""

from tests.golden.case import Case

INPUT = '[topics]\nsurvey_answers = "survey.answers"\n'
KEY = '[privacy]\nhash_key = "an example, no secret"\n'
RUN = "run -c ressenti.toml"
CHECK = "check -c ressenti.toml"
REPLAY = "replay -c ressenti.toml"
ANSWER = b'{"at":"2026-11-22T10:00:00Z","type":"nps","score":9}\n'

COMMAND_LINE = (
    Case("A command that is mistyped", "chek"),
    Case("A command that is like none", "xyz"),
    Case("A command of a group that is mistyped", "topics aply -c ressenti.toml"),
    Case("An option that is mistyped", "run --confg ressenti.toml"),
    Case("A replay of nothing", REPLAY, INPUT),
    Case("A replay of an input that is mistyped", f"{REPLAY} survey_answer=a.jsonl", INPUT),
    Case("A replay of what is no input", "replay answers=a.jsonl"),
    Case("A replay without the file's name", f"{REPLAY} survey_answers", INPUT),
    Case("A replay of a file that is not there", f"{REPLAY} survey_answers=a.jsonl", INPUT),
    Case(
        "A replay of a folder",
        f"{REPLAY} survey_answers=answers",
        INPUT,
        files={"answers": None},
    ),
    Case(
        "A replay of a file that holds no events",
        f"{REPLAY} survey_answers=a.jsonl.gz",
        INPUT,
        files={"a.jsonl.gz": b"\x1f\x8b\x08\x00\x00\xff\n\xfe\n"},
    ),
    Case(
        "A time without an offset",
        f"{REPLAY} --as-of 2026-11-22T10:00:00 survey_answers=a.jsonl",
        INPUT,
        files={"a.jsonl": ANSWER},
    ),
    Case(
        "A duration without a unit",
        f"{REPLAY} --every 5 survey_answers=a.jsonl",
        INPUT,
        files={"a.jsonl": ANSWER},
    ),
)

CONFIGURATION = (
    Case("No configuration file", "run"),
    Case("A configuration file that was not named", "check", INPUT + KEY),
    Case("A configuration file that is not there", RUN),
    Case("A folder as configuration file", "run -c conf", files={"conf": None}),
    Case("An empty configuration file", RUN, ""),
    Case("A file that is not TOML", RUN, '[kafka\nbootstrap = "broker:9092"\n'),
    Case("A table that is there twice", RUN, f"{INPUT}[topics]\n"),
    Case("A file that is not text", RUN, files={"ressenti.toml": b"\xff\xfe"}),
    Case(
        "Many faults at once",
        RUN,
        """\
zone = "Europe/Pariss"
week_start = "mon"
dimension = ["region"]
groupings = [[], ["regin"]]
[kafka]
bootstrap = "broker"
shards = 0
delivery = "exactly-once"
[topics]
survey_answer = "survey.answers"
[windows]
rolling = ["1h", "7s", "90"]
calendar = ["today", "weekly"]
[metrics.npss]
[metrics.csat]
variants = ["median"]
[privacy]
hash_key = "short"
[web]
port = "6066"
""",
    ),
    Case("No key for the hashes", RUN, INPUT),
    Case(
        "A secret's file that is not there",
        RUN,
        INPUT,
        environ={"RESSENTI_PRIVACY__HASH_KEY_FILE": "hash-key"},
    ),
    Case(
        "A variable of the wrong type",
        RUN,
        INPUT + KEY,
        environ={"RESSENTI_KAFKA__SHARDS": "many"},
    ),
    Case(
        "A variable that is mistyped",
        RUN,
        INPUT + KEY,
        environ={"RESSENTI_KAFKA__BOOTSTRAPS": "broker:9092"},
    ),
    Case("A dimension that has another meaning", RUN, f'dimensions = ["metric"]\n{INPUT}{KEY}'),
    Case(
        "Two topics of one name",
        RUN,
        f'[topics]\nsurvey_answers = "events"\ncosts = "events"\n{KEY}',
    ),
    Case(
        "A topic that is to be keyed anew",
        RUN,
        f'[topics]\npurchases = {{ name = "orders", rekey = true }}\n{KEY}',
    ),
    Case(
        "A login without a password",
        RUN,
        f'{INPUT}{KEY}[kafka]\nsasl_mechanism = "PLAIN"\nsasl_username = "cx"\n',
    ),
    Case(
        "An authority's file that is not there",
        CHECK,
        f'{INPUT}{KEY}[kafka]\ntls = true\ntls_ca = "ca.pem"\n',
    ),
    Case(
        "An authority's file that is no certificate",
        CHECK,
        f'{INPUT}{KEY}[kafka]\ntls = true\ntls_ca = "ca.pem"\n',
        files={"ca.pem": b"no certificate\n"},
    ),
    Case("A Redis URL of another kind", CHECK, f'{INPUT}{KEY}[redis]\nurl = "127.0.0.1:6379"\n'),
)
