#!/usr/bin/python3 -I
"""An HTTP proxy on loopback that writes down what it is asked for.

usage: proxy.py READY LOG TARGET [STATUS | lose N TEXT]

Takes a free port and writes HOST:PORT into the file READY. Whatever host a request names, it goes to TARGET (host:port): a
name that nobody can look up shows that the client leaves that to the proxy. Each request's head is appended to LOG, a line
each, and an empty line. With STATUS (407, 502) every request is refused with it. With "lose" the first N requests
that have TEXT in their first line are carried out, and the connection is reset in place of the answer.
"""
import os
import socket
import struct
import sys
import threading


def head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None, b""
        data += more
    return data.split(b"\r\n\r\n", 1)


def copy(source, to):
    try:
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def between(client, server):
    back = threading.Thread(target=copy, args=(server, client), daemon=True)
    back.start()
    copy(client, server)
    back.join()


losing = threading.Lock()


def is_to_lose(lines, loses):
    """Counts. loses: a list of N and TEXT, or empty."""
    with losing:
        if not loses or loses[0] == 0 or loses[1].encode() not in lines.split(b"\r\n", 1)[0]:
            return False
        loses[0] -= 1
        return True


def answer(client, log, target, status, loses):
    lines, rest = head(client)
    if lines is None:
        return
    with open(log, "ab") as f:
        f.write(lines + b"\r\n\r\n")
    if status:
        client.sendall(f"HTTP/1.1 {status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        return
    host, port = target.rsplit(":", 1)
    server = socket.create_connection((host, int(port)))
    method, url, version = lines.split(b"\r\n", 1)[0].split(b" ")
    if method == b"CONNECT":
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        server.sendall(rest)
    else:  # one request a connection: only the first head is read
        path = b"/" + url.split(b"/", 3)[3]
        headers = [h for h in lines.split(b"\r\n")[1:] if not h.lower().startswith(b"proxy-")]
        server.sendall(b"\r\n".join([b" ".join((method, path, version)), *headers, b"Connection: close"]) + b"\r\n\r\n" + rest)
        if is_to_lose(lines, loses):
            while server.recv(65536):
                pass
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            server.close()
            return
    between(client, server)
    server.close()


def serve(client, *arguments):
    try:
        answer(client, *arguments)
    except OSError:
        pass
    finally:
        client.close()


def main(ready, log, target, status="", *more):
    loses = [int(more[0]), more[1]] if status == "lose" else []
    listener = socket.create_server(("127.0.0.1", 0))
    with open(ready + ".part", "w", encoding="ascii") as f:
        f.write("%s:%d" % listener.getsockname())
    os.rename(ready + ".part", ready)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, log, target, "" if loses else status, loses), daemon=True).start()


main(*sys.argv[1:])
