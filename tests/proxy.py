#!/usr/bin/python3 -I
"""An HTTP proxy on loopback that writes down what it is asked for.

usage: proxy.py READY LOG TARGET [STATUS]

Takes a free port and writes HOST:PORT into the file READY. Whatever host a request names, it goes to TARGET (host:port): a
name that nobody can look up shows that the client leaves that to the proxy. Each request's head is appended to LOG, a line
each, and an empty line. With STATUS (407, 502) every request is refused with it.
"""
import os
import socket
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


def answer(client, log, target, status):
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
    else:  # one request a connection: only the first head is looked at
        path = b"/" + url.split(b"/", 3)[3]
        headers = [h for h in lines.split(b"\r\n")[1:] if not h.lower().startswith(b"proxy-")]
        server.sendall(b"\r\n".join([b" ".join((method, path, version)), *headers, b"Connection: close"]) + b"\r\n\r\n" + rest)
    between(client, server)
    server.close()


def serve(client, *arguments):
    try:
        answer(client, *arguments)
    except OSError:
        pass
    finally:
        client.close()


def main(ready, log, target, status=""):
    listener = socket.create_server(("127.0.0.1", 0))
    with open(ready + ".part", "w", encoding="ascii") as f:
        f.write("%s:%d" % listener.getsockname())
    os.rename(ready + ".part", ready)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, log, target, status), daemon=True).start()


main(*sys.argv[1:])
