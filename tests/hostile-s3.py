#!/usr/bin/python3 -I
"""An S3 server on loopback that answers what a script says, however wrong.

usage: hostile-s3.py READY LOG SCRIPT

Takes a free port and writes HOST:PORT into the file READY. SCRIPT is a file of Python that defines answer(r): r has the
method, the path, the query (a dict), the headers (lower-case names) and the body of a request, and its number n, from 0 on.
It returns the bytes of an answer, or an iterable of such pieces, after which the connection is closed. Each request is
appended to LOG, as its repr, a line each. What the scripts share:

  reply(body=b"", status="200 OK", **headers)   a whole answer; _ in names of headers is -, a value of None leaves one out
  refusal(status, code)                         an error document, as S3 sends it
  listing(*objects, token=None)                 a page of a listing, of what item() gives
  item(key, size=4, etag='"e-1"', time=...)     an object in it; characters are escaped, "\\n" as a reference; a time or
                                                size of None leaves it out
  store(objects, ...)                           an answer() that lists, gives and takes objects, a dict of keys and bodies
"""
import hashlib
import os
import socket
import sys
import threading
import urllib.parse
from xml.sax.saxutils import escape


def quoted(text):
    return escape(text, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def reply(body=b"", status="200 OK", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named.setdefault("Content-Length", len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value is not None)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body


def refusal(status, code):
    return reply(f"<Error><Code>{code}</Code><Message>so says the script</Message></Error>".encode(), status)


def item(key, size=4, etag='"e-1"', time="2026-01-01T00:00:00.000Z"):
    last_modified = "" if time is None else f"<LastModified>{quoted(time)}</LastModified>"
    long = "" if size is None else f"<Size>{size}</Size>"
    return (f"<Contents><Key>{quoted(key)}</Key>{last_modified}<ETag>{quoted(etag)}</ETag>{long}"
            f"<StorageClass>STANDARD</StorageClass></Contents>")


def listing(*objects, token=None):
    more = "false" if token is None else "true"
    after = "" if token is None else f"<NextContinuationToken>{quoted(token)}</NextContinuationToken>"
    return reply(f"<ListBucketResult>{''.join(objects)}<IsTruncated>{more}</IsTruncated>{after}</ListBucketResult>".encode())


def store(objects, order=lambda key: key.encode(), page=1000, v2="tokens", marker="key", item=item):
    """order: the key by which listings are sorted. v2, ListObjectsV2: "tokens", "none" (no tokens), "ignored" (answered as
    ListObjects) or a status with which it is refused. marker, of ListObjects: "key" (pages go on after that key), "next" (the
    same, and they have NextMarker), "bytes" (with the keys that are greater as bytes, in that order; so do tokens), "ignored"."""
    def document(r):
        old = r.query.get("list-type") != "2" or v2 == "ignored"
        given = r.query.get("marker") if old else r.query.get("continuation-token") or r.query.get("start-after")
        keys = sorted((key for key in objects if key.startswith(r.query.get("prefix", ""))), key=order)
        if given and marker == "bytes":
            keys = [key for key in keys if key.encode() > given.encode()]
        elif given and (marker != "ignored" or not old):
            keys = [key for key in keys if order(key) > order(given)]
        more = len(keys) > page
        after = ""
        if more and not old and v2 == "tokens":
            after = f"<NextContinuationToken>{quoted(keys[page - 1])}</NextContinuationToken>"
        elif more and old and marker == "next":
            after = f"<NextMarker>{quoted(keys[page - 1])}</NextMarker>"
        listed = "".join(item(key, len(objects[key]), tag(objects[key])) for key in keys[:page])
        return reply(f"<ListBucketResult><IsTruncated>{'true' if more else 'false'}</IsTruncated>{after}{listed}"
                     "</ListBucketResult>".encode())

    def tag(body):
        return f'"{hashlib.md5(body).hexdigest()}"'

    def answer(r):
        key = urllib.parse.unquote(r.path).split("/", 2)[2] if r.path.count("/") > 1 else ""
        if r.method == "PUT":
            if "if-none-match" in r.headers and key in objects:
                return refusal("412 Precondition Failed", "PreconditionFailed")
            objects[key] = r.body
            return reply(ETag=tag(r.body))
        if not key and "prefix" in r.query and "uploads" not in r.query:
            if r.query.get("list-type") == "2" and v2[0].isdigit():
                return refusal(v2, v2.split(" ", 1)[1].replace(" ", ""))
            return document(r)
        if key not in objects:
            return refusal("404 Not Found", "NoSuchKey")
        return reply(objects[key], ETag=tag(objects[key]))

    return answer


class Request:
    def __init__(self, head, body, number):
        lines = head.decode("latin-1").split("\r\n")
        self.method, target = lines[0].split(" ")[:2]
        self.path, _, query = target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self.body, self.n = body, number


def serve(connection, log, answer, counter):
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        head, _, data = data.partition(b"\r\n\r\n")
        with counter["lock"]:
            request = Request(head, b"", counter["n"])
            counter["n"] += 1
            with open(log, "a") as f:
                print(repr(head), file=f)
        length = int(request.headers.get("content-length", 0))
        while len(data) < length:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        request.body, data = data[:length], data[length:]
        pieces = answer(request)
        if isinstance(pieces, bytes):
            connection.sendall(pieces)
            continue
        for piece in pieces:
            connection.sendall(piece)
        return


def run(connection, *arguments):
    try:
        with connection:
            serve(connection, *arguments)
    except (BrokenPipeError, ConnectionResetError):
        pass


def main():
    ready, log, script = sys.argv[1:]
    scope = {"reply": reply, "refusal": refusal, "item": item, "listing": listing, "store": store}
    with open(script) as f:
        exec(compile(f.read(), script, "exec"), scope)
    counter = {"n": 0, "lock": threading.Lock()}
    server = socket.create_server(("127.0.0.1", 0), backlog=256)
    with open(ready + ".part", "w") as f:
        f.write("127.0.0.1:%d" % server.getsockname()[1])
    os.rename(ready + ".part", ready)
    while True:
        connection, _ = server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=run, args=(connection, log, scope["answer"], counter), daemon=True).start()


main()
