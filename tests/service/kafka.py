"""A real Apache Kafka broker, one node, for tests."""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.service.process import Process, Service, ServiceFailed, answers, on_free_port
from tests.service.proxy import Proxy

VERSION = "4.1.1"
LIBRARY = Path.home() / ".cache" / "ressenti" / f"kafka-{VERSION}"
CLUSTER = "cmVzc2VudGktdGVzdHMtMA"  # any 16 bytes in base64

POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>ressenti</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},\
SASL_PLAINTEXT://127.0.0.1:{login},SSL://127.0.0.1:{tls},CABLE://127.0.0.1:{far}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},\
SASL_PLAINTEXT://127.0.0.1:{login},SSL://127.0.0.1:{tls},CABLE://127.0.0.1:{near}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,\
SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,CABLE:PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{user}="{password}" user_{guest}="{password}";
listener.name.ssl.ssl.keystore.type=PEM
listener.name.ssl.ssl.keystore.location={keystore}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:{user}
log.dirs={data}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.cleaner.dedupe.buffer.size=16777216
"""

USER, GUEST, PASSWORD = "owner", "guest", "a-password-of-the-tests"  # the guest may do nothing

JAVA = ("java", "-Xmx512m", "-Xms128m", "-XX:+UseSerialGC", "-cp", f"{LIBRARY}/*")


class Kafka(Service):
    """A broker on loopback; its data and log live in `home`, its ports stay over restarts.

    `login_bootstrap` wants `USER` or `GUEST` with `PASSWORD` (SASL PLAIN), `tls_bootstrap` TLS:
    `certificate` is signed by itself. `with Kafka(home) as kafka:` starts and stops it. Topics are
    never created by themselves.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = 0
        self._process: Process | None = None

    @property
    def bootstrap(self) -> str:
        """The address for clients: `127.0.0.1:PORT`."""
        return f"127.0.0.1:{self.port}"

    def cable(self) -> Proxy:
        """Make a cable to the broker; who asks at its port is sent through it for everything."""
        return Proxy(self.port + 5, self.port + 4)

    @property
    def login_bootstrap(self) -> str:
        """The address where one has to log in."""
        return f"127.0.0.1:{self.port + 2}"

    @property
    def tls_bootstrap(self) -> str:
        """The address where connections are encrypted."""
        return f"127.0.0.1:{self.port + 3}"

    @property
    def certificate(self) -> Path:
        """The certificate of the encrypted address, and the authority to trust."""
        return self.home / "certificate.pem"

    @property
    def pid(self) -> int | None:
        """The broker's process id, None while it is down."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the broker and wait until it serves; without effect while it is up."""
        if self._process and self._process.running:
            return
        self.kill()  # what is left of a broker that ended by itself
        fetch()
        if self.port:
            self._process = self._launch(self.port)
        else:
            on_free_port(self._settle, neighbours=5)

    def stop(self) -> None:
        """Shut the broker down in good order; without effect while it is down."""
        if self._process:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """End the broker with SIGKILL; `start` brings it back with the data it had."""
        if self._process:
            self._process.kill()
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the broker's process: connections stay open, nothing answers.

        Keep it shorter than `broker.session.timeout.ms`, or the broker is out of its own cluster.
        """
        assert self.pid
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def restart(self) -> None:
        """Stop the broker if it is up, and start it on the same port and data."""
        self.stop()
        self.start()

    async def create_topic(
        self, name: str, partitions: int = 1, config: Mapping[str, str] | None = None
    ) -> None:
        """Create a topic and wait until every partition has its leader."""
        topic = NewTopic(name, partitions, 1, topic_configs=dict(config or {}))
        client = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await client.start()
        try:
            answer = await client.create_topics([topic])
            (fault,) = answer.to_object()["topic_errors"]
            if fault["error_code"]:
                raise ServiceFailed(f"topic {name} was not created: {fault}")
            await _led(client, name, partitions)
        finally:
            await client.close()

    def _settle(self, port: int) -> None:
        data = self.home / "data"
        shutil.rmtree(data, ignore_errors=True)  # of an attempt on another port
        properties = PROPERTIES.format(
            port=port,
            controller=port + 1,
            login=port + 2,
            tls=port + 3,
            user=USER,
            guest=GUEST,
            password=PASSWORD,
            keystore=self._keystore(),
            data=data,
            far=port + 4,
            near=port + 5,
        )
        (self.home / "server.properties").write_text(properties)
        self._format()
        self._process = self._launch(port)
        self.port = port

    def _keystore(self) -> Path:
        """Make a key and its certificate, in one file as the broker wants them."""
        key, store = self.home / "key.pem", self.home / "keystore.pem"
        subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
        kind = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"]
        files = ["-keyout", str(key), "-out", str(self.certificate)]
        _run(["openssl", *kind, *subject, *files])
        store.write_text(key.read_text() + self.certificate.read_text())
        return store

    def _format(self) -> None:
        tool = ["kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c"]
        command = [*JAVA, *tool, str(self.home / "server.properties")]
        _run(command)

    def _launch(self, port: int) -> Process:
        process = Process(
            [*JAVA, "kafka.Kafka", self.home / "server.properties"], self.home / "kafka.log"
        )
        # the log as well as the port: the port alone may be somebody else's
        process.wait_until(lambda: process.says("Kafka Server started") and answers(port))
        return process


def fetch() -> None:
    """Fetch the broker's jars from Maven Central into the user's cache, once a machine.

    Safe when several sessions start at once: a file lock, and a rename at the end.
    """
    LIBRARY.parent.mkdir(parents=True, exist_ok=True)
    with LIBRARY.with_name(LIBRARY.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not LIBRARY.exists():
            _download()


def unique(prefix: str) -> str:
    """Return a name for a topic or group that nobody else has."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise ServiceFailed(f"{command}: {done.stdout}{done.stderr}")


def _download() -> None:
    with tempfile.TemporaryDirectory(dir=LIBRARY.parent) as folder:
        (Path(folder) / "pom.xml").write_text(POM)
        jars = Path(folder) / "jars"
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"]
        command = ["mvn", "-q", "-B", *goal, f"-DoutputDirectory={jars}"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=600, check=False
        )
        if done.returncode:
            raise ServiceFailed(f"Maven could not fetch Kafka {VERSION}:\n{done.stdout[-2000:]}")
        jars.rename(LIBRARY)


async def _led(client: AIOKafkaAdminClient, name: str, partitions: int) -> None:
    for _ in range(200):
        (topic,) = await client.describe_topics([name])
        if sum(partition["leader"] >= 0 for partition in topic["partitions"]) == partitions:
            return
        await asyncio.sleep(0.02)
    raise ServiceFailed(f"topic {name} has partitions without a leader")
