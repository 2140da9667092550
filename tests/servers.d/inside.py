#!/usr/bin/python3
"""Runs one server and the checks on it; called by tests/servers, in a network namespace of its own.

usage: inside.py NAME INSTALLED FOLDER RESULTS

Writes RESULTS, a JSON object: what the server does by itself, and how each check ended.
"""
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import traceback

import check_pipeline  # noqa: F401  what it checks is in CHECKS by its decorators, after the programs
import probes
from fleet import SERVERS
from second import Client, Refused
from session import CHECKS, Fault, NotReached, NotSupported, Session

MESSAGE_MAX = 600
START_LIMIT = 90  # seconds; a Java machine on a busy one takes a while


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def running(server, installed, folder, port):
    """Starts it, waits until it answers, and stops it in the end."""
    data = folder / "data"
    data.mkdir()
    home = folder / "server-home"
    home.mkdir()
    environment = {name: os.environ[name] for name in ("PATH", "JAVA_HOME") if name in os.environ}
    environment |= {"HOME": str(home), "LC_ALL": "C.UTF-8"}
    with open(folder / "server.log", "wb") as log:
        process = subprocess.Popen(server.command(installed, data, port), cwd=data, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_for(process, port, folder / "server.log")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(process, port, log):
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise Fault(f"the server does not start: {log.read_text(errors='replace')[-2000:]}")


def judge(each, session, facts):
    """(result, message) of a check."""
    try:
        each.function(session)
        return "works", ""
    except NotReached as reason:
        return "not reached", str(reason)
    except NotSupported as reason:
        return "not supported", str(reason)
    except (Fault, Refused) as fault:
        message = str(fault)
    except Exception as fault:  # a fault in the check, or an answer that it does not understand
        message = f"{type(fault).__name__}: {fault}"
        traceback.print_exc()
    lacks = facts.get(each.probe)
    return ("not supported" if lacks else "fails"), session.short(message)[:MESSAGE_MAX]


def main(name, installed, folder, results):
    server = next(server for server in SERVERS if server.name == name)
    folder = pathlib.Path(folder)
    port = free_port()
    with running(server, pathlib.Path(installed), folder, port) as process:
        client = Client("127.0.0.1", port, server.access_key, server.secret_key)
        client.must("PUT", "probes")
        facts = probes.run_all(client, "probes")
        session = Session(server, client, f"http://127.0.0.1:{port}", folder)
        session.new_bucket("sheaf-test")
        found = {}
        for each in CHECKS:
            began = time.monotonic()
            result, message = judge(each, session, facts)
            if process.poll() is not None:
                result, message = "fails", f"the server has ended with {process.returncode}; {message}"
            found[each.name] = {"result": result, "message": message}
            print(f"  {result:<13} {each.name} ({time.monotonic() - began:.1f} s)" + (f": {message}" if message else ""), flush=True)
            if process.poll() is not None:
                break
    pathlib.Path(results).write_text(json.dumps({"facts": facts, "checks": found, "refused": session.refused}))


if __name__ == "__main__":
    main(*sys.argv[1:])
