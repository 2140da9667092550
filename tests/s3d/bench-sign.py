"""Prints signed GET requests for wrk, one a line, line ends as \\r\\n: bench-sign.py HOST:PORT COUNT"""
import sys

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

host, count = sys.argv[1], int(sys.argv[2])
signer = S3SigV4Auth(Credentials("test", "testsecret"), "s3", "us-east-1")
for i in range(1, count + 1):
    path = "/gen/csvs/%08d.csv" % i
    request = AWSRequest("GET", "http://" + host + path)
    request.context["payload_signing_enabled"] = False
    signer.add_auth(request)
    headers = {"Host": host, **dict(request.headers)}
    print("\\r\\n".join(["GET %s HTTP/1.1" % path] + ["%s: %s" % h for h in headers.items()]) + "\\r\\n\\r\\n")
