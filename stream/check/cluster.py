"""The cluster: whether it answers at the configured addresses, and at those that it gives."""

from collections.abc import Iterator

from stream.check.finding import Finding, bad, counted, note, ok
from stream.client import Client
from stream.reach import Address, Unreached, addresses, reach, written

MOST_BROKERS = 12  # looked at one after the other


async def look(client: Client) -> list[Finding]:
    """Ask every configured address, and every broker that it names; bad only if none serves."""
    findings: list[Finding] = []
    brokers: list[Address] = []
    for address in addresses(client):
        try:
            brokers = await reach(client, address)
        except Unreached as fault:
            findings.append(bad("kafka.bootstrap", str(fault)))
        else:
            size = counted(len(brokers), "broker")
            findings.append(ok("kafka.bootstrap", f"{written(address)} answers, {size}"))
    if brokers:
        findings = [_softened(finding) for finding in findings]
        findings += await _named(client, sorted(set(brokers) - set(addresses(client))))
        findings += _security(client)
    return findings


def _softened(finding: Finding) -> Finding:
    """Call an address that is away a note where another one answers: it is but a spare one."""
    return note(finding.subject, finding.text) if finding.level == "bad" else finding


async def _named(client: Client, brokers: list[Address]) -> list[Finding]:
    """Reach the brokers at the addresses that the cluster gives: there the records are."""
    findings = []
    for address in brokers[:MOST_BROKERS]:
        try:
            await reach(client, address)
        except Unreached as fault:
            advice = "the cluster gives this address: correct the broker's advertised.listeners"
            findings.append(bad("broker", f"{written(address)} {fault.problem}; {advice}"))
        else:
            findings.append(ok("broker", f"{written(address)} answers"))
    return findings


def _security(client: Client) -> Iterator[Finding]:
    if client.tls or client.sasl_mechanism:
        login = f"login by {client.sasl_mechanism}" if client.sasl_mechanism else "no login"
        yield ok("security", f"{'TLS' if client.tls else 'no TLS'}, {login}")
    if client.sasl_mechanism == "PLAIN" and not client.tls:
        yield note("kafka.tls", "the password is sent in the clear; set kafka.tls = true")
