"""What the tests of s3d share: boto3 clients, and requests signed by botocore that can be spoilt."""
import datetime
import hashlib
import http.client
import json
import os
import socket
import ssl
import urllib.parse

import boto3
import botocore
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

_getaddrinfo = socket.getaddrinfo
# not every resolver knows that *.localhost is here
socket.getaddrinfo = lambda host, *a, **k: _getaddrinfo(
    "127.0.0.1" if str(host).endswith("localhost") else host, *a, **k)

ADDRESS = os.environ["S3D_ADDRESS"]
SCHEME = os.environ.get("S3D_SCHEME", "http")
PORT = int(ADDRESS.rsplit(":", 1)[1])
ENDPOINT = "%s://localhost:%d" % (SCHEME, PORT)
EMPTY = hashlib.sha256(b"").hexdigest()


def client(style="path", key="test", secret="testsecret", token=None, region="us-east-1", attempts=1):
    return boto3.client(
        "s3", endpoint_url=ENDPOINT, aws_access_key_id=key, aws_secret_access_key=secret,
        aws_session_token=token, region_name=region, verify=os.environ.get("S3D_CA", False),
        config=Config(s3={"addressing_style": style}, retries={"total_max_attempts": attempts}))


def code(call, **arguments):
    """The error code that the call ends with, or None."""
    try:
        call(**arguments)
    except ClientError as e:
        return e.response["Error"]["Code"]
    return None


def connect():
    if SCHEME == "http":
        return http.client.HTTPConnection("localhost", PORT, timeout=20)
    context = ssl.create_default_context(cafile=os.environ["S3D_CA"])
    return http.client.HTTPSConnection("localhost", PORT, timeout=20, context=context)


def send(method, target, headers, body=b"", connection=None):
    """As it is, but for Content-Length. (status, headers, body)"""
    c = connection or connect()
    c.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        c.putheader(name, value)
    if "Content-Length" not in headers and (body or method in ("PUT", "POST")):
        c.putheader("Content-Length", str(len(body)))
    c.endheaders(body or None)
    r = c.getresponse()
    data = r.read()
    if connection is None:
        c.close()
    return r.status, r.headers, data


class At(datetime.datetime):
    """botocore's clock, moved."""
    offset = datetime.timedelta(0)

    @classmethod
    def utcnow(cls):
        return datetime.datetime.utcnow() + cls.offset




def sign(method, target, headers=(), body=b"", key="test", secret="testsecret", token=None,
         region="us-east-1", service="s3", skew=0):
    """The headers of a request that botocore signed, Host among them."""
    real = botocore.auth.datetime
    At.offset = datetime.timedelta(seconds=skew)
    botocore.auth.datetime = type("module", (), {"datetime": At})
    try:
        host = "localhost:%d" % PORT
        request = AWSRequest(method, "%s://%s%s" % (SCHEME, host, target), data=body)
        for name, value in dict(headers).items():
            request.headers[name] = value
        request.context["payload_signing_enabled"] = True
        request.context["client_config"] = Config(s3={"payload_signing_enabled": True})
        S3SigV4Auth(Credentials(key, secret, token), service, region).add_auth(request)
    finally:
        botocore.auth.datetime = real
    return {"Host": host, **dict(request.headers)}


def error(answer):
    """The <Code> of an answer of send()."""
    text = answer[2].decode()
    return text.split("<Code>")[1].split("</Code>")[0] if "<Code>" in text else None


def admin(path, data=None):
    c = connect()
    c.request("GET" if data is None else "POST", "/_s3d/" + path, body=data)
    r = c.getresponse()
    text = r.read().decode()
    assert r.status == 200, text
    return json.loads(text)
