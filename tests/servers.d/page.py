"""docs/servers.md: written from what was measured, and read for what it says works."""
import re

import check_pipeline  # noqa: F401  for its checks
from probes import PROBES
from session import CHECKS

HEAD = """# S3 servers written by others

This page is written by `tests/servers`; do not edit it. The program installs each server below at the version given, runs it
on loopback in a network namespace of its own, and tries every row of the tables. It fails if something that this page says
works no longer works.

| server | version | installed from | package |
| --- | --- | --- | --- |
"""

WORKS = """
## What works

- works: tried, with the right result.
- fails: tried, with a wrong result. The section on the server quotes the message.
- not supported: tried, with a wrong result, and the server lacks what it takes: another S3 client does not get it either.
- not reached: depends on something that fails.

"""

FACTS = """
## What the servers do themselves

The same requests from a client that shares no code with ours. The sections below say what a server does where the table says no.

"""


def table(titles, rows):
    lines = ["| | " + " | ".join(titles) + " |", "| --- |" + " --- |" * len(titles)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def code(text):
    """As code, whatever backquotes it holds; on one line."""
    text = " ".join(text.split())
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def section(server, found):
    parts, not_reached = [f"\n### {server.title} {server.version}\n"], []
    for each in CHECKS:
        result = result_of(found, each.name)
        if result == "not reached":
            not_reached.append(each.name)
        elif result != "works":
            needs = f" It needs of the server: {each.probe}." if result == "not supported" and each.probe else ""
            message = " ".join(found["checks"][each.name]["message"].split())
            parts.append(f"**{each.name}**: {result}. Tried: {each.what}.{needs}\n\n    {message}\n")
    if len(parts) == 1:
        parts.append("Everything works.\n")
    if not_reached:
        parts.append(f"Not reached: {'; '.join(not_reached)}.\n")
    if found["refused"]:
        parts.append("The server does not store these keys, so they are not among the odd keys: "
                     + ", ".join(code(key) for key in found["refused"]) + ".\n")
    lacking = [f"- {each.name}: no: {found['facts'][each.name]}" for each in PROBES if found["facts"][each.name]]
    if lacking:
        parts.append("The server itself:\n\n" + "\n".join(lacking) + "\n")
    return "\n".join(parts)


def page(results):
    """results: pairs of a server and what was found."""
    titles = [server.title for server, _ in results]
    text = HEAD
    for server, _ in results:
        text += f"| {server.title} | {server.version} | {server.registry} | {code(server.package)} |\n"
    text += WORKS + table(titles, [[each.name] + [result_of(found, each.name) for _, found in results] for each in CHECKS])
    text += FACTS + table(titles, [[each.name] + ["no" if found["facts"][each.name] else "yes" for _, found in results]
                                   for each in PROBES])
    text += "\n## Server by server\n" + "".join(section(server, found) for server, found in results)
    return text


def result_of(found, name):
    return found["checks"].get(name, {"result": "not reached"})["result"]


def promised(text):
    """What a page says works: (title of the server, name of the check)."""
    found, titles = set(), []
    for line in text.partition("\n## What works")[2].partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| |"):
            titles = cells[1:]
        elif line.startswith("| ") and titles:
            found |= {(title, cells[0]) for title, cell in zip(titles, cells[1:]) if cell == "works"}
    return found
