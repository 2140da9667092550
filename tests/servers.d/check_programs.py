"""Checks of s3ls, s3get and s3put."""
import gzip
import hashlib
import json
import os
import signal
import subprocess
import time

from cutter import Cutter
from probes import MISPLACED
from second import Refused
from session import Fault, Session, check

MANY = 1100
ODD = [
    "a b c.csv", "plus+plus.csv", "percent%25%2F.csv", "quote\"and'quote.csv", "amp&lt<gt>.csv", "equals=comma,semi;colon:.csv",
    "\u00fcml\u00e4ut-\u00e9.csv", "\u65e5\u672c\u8a9e.csv", "\U0001f600.csv", "tilde~star*paren().csv", "hash#question?.csv",
    "back\\slash.csv", "brackets[]{}|^`.csv", "dollar$at@bang!.csv", ".hidden.csv", "deep/er/and/deeper.csv", "UPPER.CSV",
]


def row(n):
    return f"id,name,value\n{n},name {n},{n * 7919 % 1000}\n".encode()


def md5(body):
    return hashlib.md5(body).hexdigest()


def bytes_of(size):
    block = hashlib.sha256(str(size).encode()).digest() * 1024
    return (block * (size // len(block) + 1))[:size]


def put_many(s: Session, prefix, count):
    wanted = {}
    for n in range(count):
        wanted[f"{prefix}{n:06}.csv"] = row(n)
        s.put(f"{prefix}{n:06}.csv", row(n))
    return wanted


def put_odd(s: Session, prefix):
    """Stores the odd keys that this server takes and gives back."""
    taken = {}
    for n, name in enumerate(ODD):
        try:
            s.put(prefix + name, row(n))
            if s.second.get(s.bucket, prefix + name) == row(n):
                taken[prefix + name] = row(n)
        except (Refused, OSError):
            pass
    s.refused = [name for name in ODD if prefix + name not in taken]
    if len(taken) < len(ODD) // 2:
        raise Fault(f"the server takes only {len(taken)} of {len(ODD)} odd keys")
    return taken


def in_order(keys):
    return sorted(keys, key=str.encode)


# ---- list -----------------------------------------------------------------------------------------------------


@check("list: 1,100 objects", "`s3ls -l` of a prefix with 1,100 objects")
def list_many(s):
    s.many = put_many(s, "many/", MANY)
    s.done.add("1,100 objects")
    listed = s.list("many/")
    s.same("the keys", [key for key, *_ in listed], in_order(s.many))
    s.same("the sizes", [size for _, size, *_ in listed], [str(len(s.many[key])) for key in in_order(s.many)])
    s.same("the ETags", [tag.strip('"') for _, _, tag, *_ in listed], [md5(s.many[key]) for key in in_order(s.many)])


@check("list: page by page", "`s3ls --connections 1` of 1,100 objects")
def list_pages(s):
    s.needs("1,100 objects")
    s.same("the keys", [key for key, *_ in s.list("many/", "--connections", "1")], in_order(s.many))


@check("list: prefixes", "`s3ls` of prefixes that end inside a name, and of two prefixes")
def list_prefixes(s):
    keys = ["pre/fix/1.csv", "pre/fix/2.csv", "pre/fixed/3.csv", "pre/fix-4.csv", "pre/other/5.csv"]
    for key in keys:
        s.put(key, row(1))
    s.same("s3ls pre/fix", [key for key, *_ in s.list("pre/fix")], in_order(keys[:4]))
    s.same("s3ls pre/fix/", [key for key, *_ in s.list("pre/fix/")], keys[:2])
    out = s.run("s3ls", s.uri("pre/other/"), s.uri("pre/fixed/")).out.decode().splitlines()
    s.same("s3ls pre/other/ pre/fixed/", out, [s.uri(keys[4]), s.uri(keys[2])])


@check("list: odd keys", "`s3ls` of keys with blanks, quotes, percent signs, other scripts, …")
def list_odd(s):
    s.odd = put_odd(s, "odd/")
    s.done.add("odd keys")
    s.same("the keys", in_order([key for key, *_ in s.list("odd/")]), in_order(s.odd))


@check("list: order", "`s3ls` of keys that sort otherwise by folder or by UTF-16")
def list_order(s):
    keys = ["ord/" + name for name in ("a-b", "a.b", "a/b", "a0", "B", "ab", "\u00e9", "\uff5e", "\U0001f600")]
    for key in keys:
        s.put(key, row(1))
    s.same("the keys", [key for key, *_ in s.list("ord/")], in_order(keys))


@check("list: order over pages", "`s3ls` of 1,015 keys, a few of which sort otherwise by folder or by UTF-16",
       "lists all of 1,015 keys, whatever their order")
def list_order_pages(s):
    keys = [f"pages/d/{n:04}" for n in range(1000)] + [f"pages/{name}{n}" for name in MISPLACED for n in range(5)]
    for key in keys:
        s.put(key, row(1))
    s.same("the keys", [key for key, *_ in s.list("pages/")], in_order(keys))


@check("list: --start-after", "`s3ls --start-after` in the middle of 1,100 keys")
def list_start_after(s):
    s.needs("1,100 objects")
    after = "many/000600.csv"
    s.same("the keys", [key for key, *_ in s.list("many/", "--start-after", after)],
           [key for key in in_order(s.many) if key > after])


@check("list: nothing there", "`s3ls` of a prefix without objects, and of a bucket that is not there")
def list_nothing(s):
    s.run("s3ls", s.uri("absent/"), status=1)
    s.same("s3ls --allow-empty", s.run("s3ls", "--allow-empty", s.uri("absent/")).out, b"")
    s.run("s3ls", "s3://no-such-bucket/x/", status=1).must_say("NoSuchBucket")


@check("list: folder markers", "`s3ls --suffix .csv --show-skipped` beside an empty object that ends in a slash")
def list_markers(s):
    s.second.put(s.bucket, "marked/", b"")
    s.put("marked/1.csv", row(1))
    out = s.run("s3ls", "-l", "--suffix", ".csv", "--show-skipped", s.uri("marked/")).out.decode().splitlines()
    s.same("the keys", [line.split("\t")[0] for line in out if not line.startswith("-")], [s.uri("marked/1.csv")])


# ---- get ------------------------------------------------------------------------------------------------------


@check("get: as listed", "`s3ls -l | s3get` of 1,100 objects, which must still have the size and ETag listed")
def get_listed(s):
    s.needs("1,100 objects")
    listing = s.run("s3ls", "-l", s.uri("many/")).out
    out = s.run("s3get", "--stdout", feed=listing).out
    s.same("the bodies", out, b"".join(s.many[key] for key in in_order(s.many)))


@check("get: names only", "`s3get` of URIs without size and ETag")
def get_names(s):
    keys = [f"names/{n}.csv" for n in range(100)]
    for n, key in enumerate(keys):
        s.put(key, row(n))
    feed = "".join(s.uri(key) + "\n" for key in keys).encode()
    s.same("the bodies", s.run("s3get", "--stdout", feed=feed).out, b"".join(row(n) for n in range(100)))


@check("get: odd keys", "`s3get` of keys with blanks, quotes, percent signs, other scripts, …")
def get_odd(s):
    s.needs("odd keys")
    keys = in_order(s.odd)
    feed = "".join(s.uri(key) + "\n" for key in keys).encode()
    s.same("the bodies", s.run("s3get", "--stdout", feed=feed).out, b"".join(s.odd[key] for key in keys))


@check("get: empty and gzip", "`s3get` of an empty object and of gzip bytes, stored with Content-Encoding too")
def get_bodies(s):
    packed = gzip.compress(row(1), mtime=0)
    s.put("bodies/empty", b"")
    s.put("bodies/packed.gz", packed)
    s.second.put(s.bucket, "bodies/encoded.gz", packed, Content_Encoding="gzip")
    listing = s.run("s3ls", "-l", s.uri("bodies/")).out
    s.same("the bodies", s.run("s3get", "--stdout", feed=listing).out, packed + packed)


@check("get: changed since listed", "`s3get` of an object that was stored again after the listing: refused; with --rejects left out")
def get_changed(s):
    s.put("changed/1.csv", row(1))
    listing = s.run("s3ls", "-l", s.uri("changed/")).out
    s.put("changed/1.csv", row(2))
    s.run("s3get", "--stdout", feed=listing, status=1).must_say("changed/1.csv")
    s.run("s3get", "--stdout", "--rejects", s.folder / "changed.rejects", feed=listing, status=3)
    left_out = (s.folder / "changed.rejects").read_text().splitlines()
    s.same("the rejects", len(left_out), 1)


@check("get: gone since listed", "`s3get` of an object that was deleted after the listing: refused; with --rejects left out")
def get_gone(s):
    for n in range(2):
        s.put(f"gone/{n}.csv", row(n))
    listing = s.run("s3ls", "-l", s.uri("gone/")).out
    s.second.delete(s.bucket, "gone/1.csv")
    s.run("s3get", "--stdout", feed=listing, status=1).must_say("gone/1.csv")
    ended = s.run("s3get", "--stdout", "--rejects", s.folder / "gone.rejects", feed=listing, status=3)
    s.same("the bodies", ended.out, row(0))


@check("get: with a wrong key", "`s3get --rejects` with an access key that the server does not know: an error, not a reject",
       "checks access keys")
def get_wrong_key(s):
    s.put("secret/1.csv", row(1))
    s.run("s3get", "--stdout", "--rejects", s.folder / "secret.rejects", s.uri("secret/1.csv"), status=1,
          environment={"AWS_ACCESS_KEY_ID": "nobody"}.items())


@check("get: 12 MB, cut off", "`s3get` of 12 MB through a proxy that cuts the first three connections: ranges fetch the rest")
def get_ranges(s):
    body = bytes_of(12 << 20)
    s.put("large/12m.bin", body)
    listing = s.run("s3ls", "-l", s.uri("large/")).out
    with Cutter(s.second.address, after=3 << 20, times=3) as cutter:
        out = s.run("s3get", "--stdout", feed=listing, environment={"AWS_ENDPOINT_URL_S3": cutter.url}.items()).out
    s.same("the body", out, body)


@check("get: of parts", "`s3ls -l | s3get` of an object that another client stored as a multipart upload", "has multipart uploads")
def get_parts(s):
    first, last = bytes_of(5 << 20), bytes_of(1000)
    upload = s.second.start_upload(s.bucket, "of-parts/1.bin")
    tags = [s.second.put_part(s.bucket, "of-parts/1.bin", upload, n, body) for n, body in ((1, first), (2, last))]
    s.second.complete(s.bucket, "of-parts/1.bin", upload, tags)
    listing = s.run("s3ls", "-l", s.uri("of-parts/")).out
    s.same("the body", s.run("s3get", "--stdout", feed=listing).out, first + last)


# ---- put ------------------------------------------------------------------------------------------------------


def store(s, key, body, *options, stream=False):
    """Stores it, from a file or a stream; gives the receipt."""
    name = "-" if stream else s.file("to-put", body)
    receipt = json.loads(s.run("s3put", *options, name, s.uri(key), feed=body if stream else b"").out)
    s.stored(key, body)
    s.same("bytes in the receipt", receipt["bytes"], len(body))
    return receipt


def same_etag(s, key, receipt):
    s.same("the ETag in the receipt, against that of a later HEAD", receipt["etag"].strip('"'), s.second.head(s.bucket, key).etag)


@check("put: a file", "`s3put FILE`: stored, and the receipt has the ETag that HEAD shows")
def put_file(s):
    for key, body in (("put/file.csv", row(1)), ("put/empty.csv", b"")):
        same_etag(s, key, store(s, key, body))


@check("put: a stream", "`s3put -`")
def put_stream(s):
    same_etag(s, "put/stream.csv", store(s, "put/stream.csv", row(1), stream=True))


@check("put: odd keys", "`s3put` to keys with blanks, quotes, percent signs, other scripts, …")
def put_odd_keys(s):
    s.needs("odd keys")
    for n, key in enumerate(in_order(s.odd)):
        store(s, "put-" + key, row(n))


@check("put: metadata", "`s3put --metadata --content-type`", "keeps user metadata")
def put_metadata(s):
    store(s, "put/meta.csv", row(1), "--metadata", "colour=blue", "--content-type", "text/csv")
    headers = s.second.head(s.bucket, "put/meta.csv").headers
    s.same("x-amz-meta-colour", headers.get("x-amz-meta-colour"), "blue")
    s.same("Content-Type", headers.get("Content-Type", "").split(";")[0], "text/csv")


@check("put: checksums", "`s3put --checksum-algorithm` with MD5, CRC32C and SHA256", "takes x-amz-checksum-crc32c")
def put_checksums(s):
    for algorithm in ("MD5", "CRC32C", "SHA256"):
        store(s, f"put/{algorithm}", row(1), "--checksum-algorithm", algorithm)


@check("put: --if-none-match, new", "`s3put --if-none-match` where no object is")
def put_new(s):
    store(s, "cond/new.csv", row(1), "--if-none-match")


@check("put: --if-none-match, there", "`s3put --if-none-match` over an object: refused, and the object stays",
       "PUT knows If-None-Match")
def put_there(s):
    s.put("cond/there.csv", row(1))
    file = s.file("to-put", row(2))
    s.run("s3put", "--if-none-match", file, s.uri("cond/there.csv"), status=1).must_say("cond/there.csv")
    s.stored("cond/there.csv", row(1))


@check("put: --if-match, the same", "`s3put --if-match` with the object's ETag", "PUT knows If-Match")
def put_match(s):
    s.put("cond/match.csv", row(1))
    store(s, "cond/match.csv", row(2), "--if-match", s.second.head(s.bucket, "cond/match.csv").etag)


@check("put: --if-match, another", "`s3put --if-match` with another ETag, and where no object is: refused, and nothing changes",
       "PUT knows If-Match")
def put_other(s):
    s.put("cond/other.csv", row(1))
    file = s.file("to-put", row(2))
    s.run("s3put", "--if-match", md5(b"another"), file, s.uri("cond/other.csv"), status=1).must_say("cond/other.csv")
    s.stored("cond/other.csv", row(1))
    s.run("s3put", "--if-match", md5(b"another"), file, s.uri("cond/absent.csv"), status=1).must_say("cond/absent.csv")
    if s.second.exists(s.bucket, "cond/absent.csv"):
        raise Fault("an object is at cond/absent.csv")


# ---- multipart uploads ----------------------------------------------------------------------------------------

PARTS = ("--part-size", "5M")
SIZE = 12 << 20


def no_uploads(s, key):
    """Of the key nothing unfinished must be left."""
    left = [name for name, _ in s.second.uploads(s.bucket) if name == key]
    if left:
        raise Fault(f"{len(left)} unfinished uploads of {key} are left")


@check("multipart: a file", "`s3put` of 12 MB in parts of 5 MB", "has multipart uploads")
def parts_file(s):
    s.same("parts in the receipt", store(s, "parts/file.bin", bytes_of(SIZE), *PARTS)["parts"], 3)


@check("multipart: a stream", "`s3put -` of 12 MB in parts of 5 MB", "has multipart uploads")
def parts_stream(s):
    store(s, "parts/stream.bin", bytes_of(SIZE), *PARTS, stream=True)


@check("multipart: the receipt", "`s3put` of 12 MB in parts of 5 MB: the receipt has the ETag that HEAD shows", "has multipart uploads")
def parts_receipt(s):
    same_etag(s, "parts/receipt.bin", store(s, "parts/receipt.bin", bytes_of(SIZE), *PARTS))


@check("multipart: --if-none-match", "`s3put --if-none-match` of 12 MB: where no object is, and over one, which is refused and stays",
       "Complete knows If-None-Match")
def parts_if_none_match(s):
    store(s, "parts/new.bin", bytes_of(SIZE), *PARTS, "--if-none-match")
    s.put("parts/there.bin", row(1))
    file = s.file("to-put", bytes_of(SIZE))
    s.run("s3put", *PARTS, "--if-none-match", file, s.uri("parts/there.bin"), status=1)
    s.stored("parts/there.bin", row(1))


@check("multipart: --if-match", "`s3put --if-match` of 12 MB: with the object's ETag, and with another, which is refused",
       "Complete knows If-Match")
def parts_if_match(s):
    s.put("parts/match.bin", row(1))
    store(s, "parts/match.bin", bytes_of(SIZE), *PARTS, "--if-match", s.second.head(s.bucket, "parts/match.bin").etag)
    s.put("parts/match.bin", row(2))
    file = s.file("to-put", bytes_of(SIZE))
    s.run("s3put", *PARTS, "--if-match", md5(b"another"), file, s.uri("parts/match.bin"), status=1)
    s.stored("parts/match.bin", row(2))


@check("multipart: refused, nothing left", "`s3put --if-none-match` of 12 MB over an object: no unfinished upload is left",
       "lists unfinished uploads")
def parts_refused(s):
    s.put("parts/refused.bin", row(1))
    file = s.file("to-put", bytes_of(SIZE))
    s.run("s3put", *PARTS, "--if-none-match", file, s.uri("parts/refused.bin"), status=1)
    no_uploads(s, "parts/refused.bin")


@check("multipart: twice", "`s3put` of 12 MB, then again with `--if-match` and the ETag of the first receipt")
def parts_twice(s):
    etag = store(s, "parts/twice.bin", bytes_of(SIZE), *PARTS)["etag"]
    store(s, "parts/twice.bin", bytes_of(SIZE + 1), *PARTS, "--if-match", etag)


@check("multipart: aborted", "`s3put --expect-size` of a stream that ends early: nothing is stored, no upload is left",
       "lists unfinished uploads")
def parts_aborted(s):
    s.run("s3put", *PARTS, "--expect-size", SIZE + 1, "-", s.uri("parts/short.bin"), feed=bytes_of(SIZE), status=1)
    if s.second.exists(s.bucket, "parts/short.bin"):
        raise Fault("an object is there")
    no_uploads(s, "parts/short.bin")


@check("multipart: leftovers", "`s3put --only-writer` where another client left an upload of this key: it is aborted",
       "keeps an upload when another of its key is aborted")
def parts_leftovers(s):
    s.second.start_upload(s.bucket, "parts/left.bin")
    s.second.start_upload(s.bucket, "parts/left.bin.not")
    store(s, "parts/left.bin", bytes_of(SIZE), *PARTS, "--only-writer")
    no_uploads(s, "parts/left.bin")
    if "parts/left.bin.not" not in [key for key, _ in s.second.uploads(s.bucket)]:
        raise Fault("the upload of another key was aborted too")


@check("multipart: killed", "`s3put -` killed by SIGKILL after its first part, then again with `--only-writer`",
       "keeps an upload when another of its key is aborted")
def parts_killed(s):
    key = "parts/killed.bin"
    writer = s.start("s3put", *PARTS, "-", s.uri(key), stdin=subprocess.PIPE)
    try:
        writer.stdin.write(bytes_of(6 << 20))
        writer.stdin.flush()
        wait_until(lambda: key in [name for name, _ in s.second.uploads(s.bucket)], "s3put has begun no upload")
    finally:
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
    if s.second.exists(s.bucket, key):
        raise Fault("an object is there")
    store(s, key, bytes_of(SIZE), *PARTS, "--only-writer")
    no_uploads(s, key)


def wait_until(holds, otherwise):
    end = time.monotonic() + 20
    while not holds():
        if time.monotonic() > end:
            raise Fault(otherwise)
        time.sleep(0.02)


