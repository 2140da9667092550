#!/usr/bin/python3 -I
"""A server on loopback that answers with whatever bytes it is told to.

usage: hostile.py READY LOG [ANSWER...]

Takes a free port and writes HOST:PORT into the file READY. The head of each request is appended to LOG as one line, its bytes
as Python shows them. The n-th request of all is answered with the n-th ANSWER, and those behind with the last. An ANSWER is a
text of these pieces, one after the other:

  plain characters  sent as they are, in one write; \\r \\n \\t \\0 \\\\ and \\xNN are what they are in C
  {close}           ends the connection
  {wait S}          sends nothing for S seconds
  {N S TEXT}        sends TEXT N times, S seconds apart
"""
import os
import re
import socket
import sys
import threading
import time

ready, log, *answers = sys.argv[1:]
lock = threading.Lock()
count = 0


def raw(text):
    return text.encode("latin-1", "surrogateescape").decode("unicode_escape").encode("latin-1")


def answer(connection, text):
    for piece in re.findall(r"\{[^}]*\}|[^{]+", text):
        if piece == "{close}":
            return False
        if wait := re.fullmatch(r"\{wait ([\d.]+)\}", piece):
            time.sleep(float(wait[1]))
        elif again := re.fullmatch(r"\{(\d+) ([\d.]+) ([^}]*)\}", piece):
            for _ in range(int(again[1])):
                connection.sendall(raw(again[3]))
                time.sleep(float(again[2]))
        else:
            connection.sendall(raw(piece))
    return True


def request(connection, data):
    """Reads one request, its body too: its head, and what came behind it."""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None, b""
        data += more
    head, data = data.split(b"\r\n\r\n", 1)
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    missing = (int(length[1]) if length else 0) - len(data)
    if missing < 0:
        return head, data[missing:]
    while missing > 0:
        more = connection.recv(min(missing, 65536))
        if not more:
            return None, b""
        missing -= len(more)
    return head, b""


def serve(connection):
    global count
    data = b""
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            head, data = request(connection, data)
            if head is None:
                break
            with lock:
                with open(log, "a") as file:
                    file.write(repr(head)[2:-1] + "\n")
                text = answers[min(count, len(answers) - 1)]
                count += 1
            if not answer(connection, text):
                break
    except OSError:
        pass
    connection.close()


listener = socket.create_server(("127.0.0.1", 0), backlog=2000)
with open(ready + ".part", "w") as file:
    file.write("%s:%d" % listener.getsockname())
os.rename(ready + ".part", ready)
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
