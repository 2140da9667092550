"""What a server does by itself, asked by the second client: it tells a fault of ours from what the server lacks."""
import base64
import dataclasses
import hashlib
import struct

from second import Client, Refused

# beside d/ and in UTF-8 byte order these sort otherwise than by folder or by UTF-16
MISPLACED = ("d-", "\uff5e", "\U0001f600")
PART = b"p" * (5 << 20)


@dataclasses.dataclass
class Probe:
    name: str
    function: object


PROBES = []


class No(Exception):
    """What the server does instead."""


def probe(name):
    def add(function):
        PROBES.append(Probe(name, function))
        return function

    return add


def must_be(answer, *statuses):
    if answer.status not in statuses:
        raise No(f"answers {answer}")


def run_all(client, bucket):
    """name -> None where the server does it, else what it does instead."""
    found = {}
    for each in PROBES:
        try:
            found[each.name] = each.function(client, bucket)
        except (No, Refused, OSError) as error:
            found[each.name] = str(error) or type(error).__name__
    return found


@probe("checks signatures")
def signatures(client, bucket):
    client.put(bucket, "probe/signed", b"x")
    other = Client(*client.address, client.keys.access_key, "wrong")
    must_be(other.request("GET", bucket, "probe/signed"), 403)


@probe("checks access keys")
def access_keys(client, bucket):
    client.put(bucket, "probe/signed", b"x")
    other = Client(*client.address, "nobody", client.keys.secret_key)
    answer = other.request("GET", bucket, "probe/signed")
    if answer.status < 400:
        raise No(f"answers {answer}")
    must_be(answer, 401, 403, 404)


@probe("says NoSuchKey for an object that is not there")
def no_such_key(client, bucket):
    answer = client.request("GET", bucket, "probe/absent")
    if (answer.status, answer.first("Code")) != (404, "NoSuchKey"):
        raise No(f"answers {answer}")


@probe("lists all of 1,015 keys, whatever their order")
def pages(client, bucket):
    keys = [f"pages/d/{n:04}" for n in range(1000)] + [f"pages/{name}{n}" for name in MISPLACED for n in range(5)]
    for key in keys:
        client.put(bucket, key, b"")
    listed = client.keys_of(bucket, "pages/")
    count = len(set(listed) & set(keys))
    if count != len(keys):
        raise No(f"lists {count} of them")


@probe("lists in UTF-8 byte order")
def order(client, bucket):
    keys = ["a-b", "a.b", "a/b", "a0", "B", "ab", "\u00e9", "\uff5e", "\U0001f600"]
    for key in keys:
        client.put(bucket, "order/" + key, b"x")
    listed = [key.removeprefix("order/") for key in client.keys_of(bucket, "order/")]
    if listed != sorted(keys, key=str.encode):
        raise No("lists " + " ".join(listed))


@probe("knows start-after")
def start_after(client, bucket):
    for key in "123":
        client.put(bucket, "after/" + key, b"x")
    answer = client.must("GET", bucket, query={"list-type": "2", "prefix": "after/", "start-after": "after/1"})
    if answer.all("Key") != ["after/2", "after/3"]:
        raise No("lists " + " ".join(answer.all("Key")))


@probe("knows encoding-type=url")
def encoding(client, bucket):
    client.put(bucket, "encoded/a b", b"x")
    answer = client.must("GET", bucket, query={"list-type": "2", "prefix": "encoded/", "encoding-type": "url"})
    if answer.first("Key") not in ("encoded/a+b", "encoded/a%20b", "encoded%2Fa+b", "encoded%2Fa%20b"):
        raise No("lists " + answer.first("Key"))


@probe("gives the MD5 of an object as its ETag")
def etag(client, bucket):
    answer = client.put(bucket, "probe/etag", b"some text")
    if answer.etag != hashlib.md5(b"some text").hexdigest():
        raise No(f"gives {answer.etag or 'none'}")


@probe("GET knows If-Match")
def get_if_match(client, bucket):
    client.put(bucket, "probe/get", b"x")
    must_be(client.request("GET", bucket, "probe/get", headers={"If-Match": '"' + "0" * 32 + '"'}.items()), 412)


@probe("GET knows Range")
def get_range(client, bucket):
    client.put(bucket, "probe/range", b"0123456789")
    answer = client.request("GET", bucket, "probe/range", headers={"Range": "bytes=4-"}.items())
    if answer.status != 206 or answer.body != b"456789":
        raise No(f"answers {answer.status} with {len(answer.body)} bytes")


@probe("GET knows x-amz-checksum-mode")
def checksum_mode(client, bucket):
    client.put(bucket, "probe/mode", b"x")
    must_be(client.request("GET", bucket, "probe/mode", headers={"x-amz-checksum-mode": "ENABLED"}.items()), 200)


@probe("PUT knows If-None-Match")
def put_if_none_match(client, bucket):
    client.put(bucket, "probe/none", b"1")
    must_be(client.request("PUT", bucket, "probe/none", headers={"If-None-Match": "*"}.items(), body=b"2"), 412, 409)


@probe("PUT knows If-Match")
def put_if_match(client, bucket):
    tag = client.put(bucket, "probe/match", b"1").etag
    must_be(client.request("PUT", bucket, "probe/match", headers={"If-Match": '"' + "0" * 32 + '"'}.items(), body=b"2"), 412)
    must_be(client.request("PUT", bucket, "probe/match", headers={"If-Match": f'"{tag}"'}.items(), body=b"3"), 200)


@probe("keeps user metadata")
def metadata(client, bucket):
    client.put(bucket, "probe/metadata", b"x", x_amz_meta_colour="blue")
    answer = client.head(bucket, "probe/metadata")
    if answer.headers.get("x-amz-meta-colour") != "blue":
        raise No("HEAD does not show it")


@probe("checks Content-MD5")
def content_md5(client, bucket):
    wrong = base64.b64encode(hashlib.md5(b"y").digest()).decode()
    must_be(client.request("PUT", bucket, "probe/md5", headers={"Content-MD5": wrong}.items(), body=b"x"), 400)


def put_with_crc32c(client, bucket, crc32c):
    headers = {"x-amz-checksum-crc32c": base64.b64encode(struct.pack(">I", crc32c)).decode()}
    return client.request("PUT", bucket, "probe/crc", headers=headers.items(), body=b"123456789")


@probe("takes x-amz-checksum-crc32c")
def checksum(client, bucket):
    must_be(put_with_crc32c(client, bucket, 0xe3069283), 200)


@probe("checks x-amz-checksum-crc32c")
def checksum_wrong(client, bucket):
    must_be(put_with_crc32c(client, bucket, 1), 400)


@probe("has multipart uploads")
def multipart(client, bucket):
    upload = client.start_upload(bucket, "probe/parts")
    tags = [client.put_part(bucket, "probe/parts", upload, n, body) for n, body in ((1, PART), (2, b"end"))]
    must_be(client.complete(bucket, "probe/parts", upload, tags), 200)
    if client.get(bucket, "probe/parts") != PART + b"end":
        raise No("the object is another")


@probe("Complete answers the ETag that HEAD then shows")
def complete_etag(client, bucket):
    upload = client.start_upload(bucket, "probe/tag")
    tag = client.put_part(bucket, "probe/tag", upload, 1, PART)
    answer = client.complete(bucket, "probe/tag", upload, [tag])
    said, shown = answer.first("ETag").strip('"'), client.head(bucket, "probe/tag").etag
    if said != shown:
        raise No(f"Complete: {said or 'none'}, HEAD: {shown or 'none'}")


@probe("Complete knows If-None-Match")
def complete_if_none_match(client, bucket):
    client.put(bucket, "probe/none", b"1")
    upload = client.start_upload(bucket, "probe/none")
    tag = client.put_part(bucket, "probe/none", upload, 1, PART)
    answer = client.complete(bucket, "probe/none", upload, [tag], headers={"If-None-Match": "*"}.items())
    client.abort(bucket, "probe/none", upload)
    must_be(answer, 412, 409)


@probe("Complete knows If-Match")
def complete_if_match(client, bucket):
    client.put(bucket, "probe/match", b"1")
    upload = client.start_upload(bucket, "probe/match")
    tag = client.put_part(bucket, "probe/match", upload, 1, PART)
    answer = client.complete(bucket, "probe/match", upload, [tag], headers={"If-Match": '"' + "0" * 32 + '"'}.items())
    client.abort(bucket, "probe/match", upload)
    must_be(answer, 412)


@probe("lists unfinished uploads")
def uploads(client, bucket):
    upload = client.start_upload(bucket, "probe/unfinished")
    listed = client.uploads(bucket)
    client.abort(bucket, "probe/unfinished", upload)
    if ("probe/unfinished", upload) not in listed:
        raise No(f"lists {len(listed)} others")


@probe("lists unfinished uploads by prefix")
def uploads_by_prefix(client, bucket):
    ids = {key: client.start_upload(bucket, key) for key in ("probe/up-a", "probe/up-b")}
    answer = client.request("GET", bucket, query={"uploads": "", "prefix": "probe/up-a"})
    for key, upload in ids.items():
        client.abort(bucket, key, upload)
    must_be(answer, 200)
    if answer.all("UploadId") != [ids["probe/up-a"]]:
        raise No(f"lists {len(answer.all('UploadId'))} of 2")


@probe("lists uploads with max-uploads=1000")
def max_uploads(client, bucket):
    must_be(client.request("GET", bucket, query={"uploads": "", "max-uploads": "1000"}), 200)


@probe("aborts an upload")
def abort(client, bucket):
    upload = client.start_upload(bucket, "probe/aborted")
    must_be(client.abort(bucket, "probe/aborted", upload), 204, 200)
    if ("probe/aborted", upload) in client.uploads(bucket):
        raise No("it is still listed")


@probe("keeps an upload when another of its key is aborted")
def abort_of_two(client, bucket):
    first, second = (client.start_upload(bucket, "probe/two") for _ in range(2))
    must_be(client.abort(bucket, "probe/two", first), 204, 200)
    listed = client.uploads(bucket)
    tag = client.put_part(bucket, "probe/two", second, 1, PART)
    client.abort(bucket, "probe/two", second)
    if ("probe/two", second) not in listed or ("probe/two", first) in listed:
        raise No("lists " + ("both" if len(listed) > 1 else "none" if not listed else "the one that was aborted"))
    if not tag:
        raise No("answers a part of the other without an ETag")
