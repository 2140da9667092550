#!/usr/bin/python3 -I
"""TLS on loopback in front of a server that speaks none.

usage: tls-front.py READY TARGET CERTIFICATES KEY

Takes a free port, writes HOST:PORT into the file READY, and hands on what comes to TARGET (host:port).
"""
import asyncio
import os
import ssl
import sys

ready, target, certificates, key = sys.argv[1:]


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve(reader, writer):
    host, port = target.rsplit(":", 1)
    to_reader, to_writer = await asyncio.open_connection(host, int(port))
    await asyncio.gather(copy(reader, to_writer), copy(to_reader, writer))


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates, key)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    with open(ready + ".part", "w", encoding="ascii") as f:
        f.write("%s:%d" % server.sockets[0].getsockname())
    os.rename(ready + ".part", ready)
    await server.serve_forever()


asyncio.run(main())
