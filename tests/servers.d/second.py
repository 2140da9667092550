"""A second client, which shares nothing with ours: botocore signs, http.client sends. One request, one answer, no retries."""
import hashlib
import http.client
import re
import urllib.parse
import xml.sax.saxutils

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class Refused(Exception):
    """An answer that is neither a success nor expected."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def etag(self):
        return self.headers.get("ETag", "").strip().removeprefix("W/").strip('"')

    def all(self, name):
        """The texts of each element of that name."""
        found = re.findall(rf"<{name}(?: [^>]*)?>(.*?)</{name}>", self.body.decode("utf-8", "replace"), re.DOTALL)
        return [xml.sax.saxutils.unescape(text, {"&quot;": '"', "&apos;": "'", "&#34;": '"', "&#39;": "'"}) for text in found]

    def first(self, name):
        return (self.all(name) or [""])[0]

    def __str__(self):
        return f"{self.status} {self.first('Code')}".strip()


class Client:
    def __init__(self, host, port, access_key, secret_key):
        self.address = (host, port)
        self.keys = Credentials(access_key, secret_key)
        self.connection = None

    def request(self, method, bucket, key=None, query=(), headers=(), body=b""):
        path = "/" + bucket + ("" if key is None else "/" + urllib.parse.quote(key, safe="/~"))
        if query:
            path += "?" + urllib.parse.urlencode(sorted(dict(query).items()), quote_via=urllib.parse.quote, safe="~")
        request = AWSRequest(method=method, url="http://%s:%d%s" % (*self.address, path), data=body,
                             headers={**dict(headers), "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest()})
        S3SigV4Auth(self.keys, "s3", "us-east-1").add_auth(request)
        for last in (False, True):
            if self.connection is None:
                self.connection = http.client.HTTPConnection(*self.address, timeout=30)
                last = True
            try:
                self.connection.request(method, path, body=body or None, headers=dict(request.headers))
                answer = self.connection.getresponse()
                return Answer(answer.status, answer.headers, answer.read())
            except (OSError, http.client.HTTPException):
                self.connection.close()
                self.connection = None
                if last:  # else it was a kept connection, which the server may have closed
                    raise

    def must(self, method, bucket, key=None, **more):
        answer = self.request(method, bucket, key, **more)
        if answer.status not in (200, 204):
            raise Refused(f"the server answers {method} {bucket}/{key or ''} with {answer}")
        return answer

    # ---- what is asked often

    def put(self, bucket, key, body, **headers):
        return self.must("PUT", bucket, key, body=body, headers=[(k.replace("_", "-"), v) for k, v in headers.items()])

    def get(self, bucket, key):
        return self.must("GET", bucket, key).body

    def head(self, bucket, key):
        return self.must("HEAD", bucket, key)

    def exists(self, bucket, key):
        return self.request("HEAD", bucket, key).status == 200

    def delete(self, bucket, key):
        self.must("DELETE", bucket, key)

    def keys_of(self, bucket, prefix=""):
        """Keys in the order in which the server lists them."""
        keys, query = [], {"list-type": "2", "prefix": prefix}
        while True:
            page = self.must("GET", bucket, query=query)
            keys += page.all("Key")
            token = page.first("NextContinuationToken")
            if page.first("IsTruncated") != "true" or not token:
                return keys
            query["continuation-token"] = token

    # ---- multipart uploads

    def start_upload(self, bucket, key):
        return self.must("POST", bucket, key, query={"uploads": ""}).first("UploadId")

    def put_part(self, bucket, key, upload, number, body):
        return self.must("PUT", bucket, key, query={"partNumber": str(number), "uploadId": upload}, body=body).etag

    def complete(self, bucket, key, upload, etags, headers=()):
        body = "".join(f'<Part><PartNumber>{n}</PartNumber><ETag>"{etag}"</ETag></Part>' for n, etag in enumerate(etags, 1))
        return self.request("POST", bucket, key, query={"uploadId": upload}, headers=headers,
                            body=f"<CompleteMultipartUpload>{body}</CompleteMultipartUpload>".encode())

    def uploads(self, bucket):
        """The unfinished ones: (key, id)."""
        answer = self.must("GET", bucket, query={"uploads": ""})
        return list(zip(answer.all("Key"), answer.all("UploadId")))

    def abort(self, bucket, key, upload):
        return self.request("DELETE", bucket, key, query={"uploadId": upload})
