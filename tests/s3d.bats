#!/usr/bin/env bats
# The local S3 server, seen by clients that are not ours: boto3, the AWS CLI, curl.
# time limit: 600

setup_file() {
	S3D_BIN=${S3D:-${BUILD:-$BATS_TEST_DIRNAME/../build}/bin/s3d}
	export S3D_BIN PYTHONPATH=$BATS_TEST_DIRNAME/s3d PYTHONDONTWRITEBYTECODE=1 PATH=/usr/bin:$PATH
	export LC_ALL=C.UTF-8 AWS_EC2_METADATA_DISABLED=true
	[ -x "$S3D_BIN" ]
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1 \
		-keyout "$BATS_FILE_TMPDIR/key" -out "$BATS_FILE_TMPDIR/cert" 2>"$BATS_FILE_TMPDIR/openssl"
}

setup() {
	T=$BATS_TEST_TMPDIR
	SERVER=
	export HOME=$T
}

teardown() {
	[ -z "$SERVER" ] || kill "$SERVER" || true
	[ -z "$SERVER" ] || wait "$SERVER" || true
	if grep -E 'Sanitizer|runtime error' "$T"/s3d.err; then
		false
	fi
}

# start OPTION...: a server with the bucket bkt
start() {
	rm -f "$T/ready"
	"$S3D_BIN" --port 0 --ready-file "$T/ready" --bucket bkt "$@" 2>>"$T/s3d.err" 3>&- &
	SERVER=$!
	for _ in $(seq 500); do
		[ ! -s "$T/ready" ] || break
		kill -0 "$SERVER"
		sleep 0.02
	done
	S3D_ADDRESS=$(<"$T/ready")
	export S3D_ADDRESS
	E=http://$S3D_ADDRESS
}

start_tls() {
	start --tls-cert "$BATS_FILE_TMPDIR/cert" --tls-key "$BATS_FILE_TMPDIR/key" "$@"
	export S3D_SCHEME=https S3D_CA=$BATS_FILE_TMPDIR/cert CURL_CA_BUNDLE=$BATS_FILE_TMPDIR/cert
	E=https://localhost:${S3D_ADDRESS##*:}
}

# nothing that is asked here takes long
curl() {
	command curl --max-time 30 "$@"
}

stop() {
	kill "$SERVER"
	wait "$SERVER"
	SERVER=
}

# py <<'EOF': a script that finds the helpers of client.py imported
py() {
	{ echo "from client import *"; cat; } >"$T/test.py"
	timeout 120 python3 "$T/test.py"
}

stat_of() {
	curl -s "$E/_s3d/stats" | python3 -c 'import json,sys
v = json.load(sys.stdin)
for k in sys.argv[1].split("."): v = v.get(k, 0)
print(v)' "$1"
}

fails() {
	if "$@"; then
		return 1
	fi
}

# get OUTCOME KEY: what curl makes of it, as "status exit size"
get() {
	local got
	got=$(curl -s -o "$T/out" -w '%{http_code} %{exitcode} %{size_download}' "$E/bkt/$2" || true)
	echo "$2: $got"
	[ "$got" = "$1" ]
}

@test "keys of every kind come back as they went, path-style and virtual-host" {
	start
	py <<'EOF'
keys = ["a b", "+%&=?#'\"<>;:@~\\`", "a//b", "./a", "../a", "a/../b", "a/./b", "a/..", "/lead", "//two",
        "caf\u00e9", "cafe\u0301", "\u65e5\u672c", "\U0001f600", "k" * 1024, "\u65e5" * 341, "x%20y", "%", "%zz",
        "trail/", "*", "(1)!", "|^{}[]", "$,", "tab\there", "\x01control", "line\nfeed", "re\rturn", "\x7f",
        " lead", "trail ", "a+b c", ".", "..", "_s3d/stats"]
expected = sorted(keys, key=lambda k: k.encode())
for style in "path", "virtual":
    c = client(style)
    for i, k in enumerate(keys):
        body = (style + k + str(i)).encode()
        assert c.put_object(Bucket="bkt", Key=k, Body=body)["ETag"] == '"%s"' % hashlib.md5(body).hexdigest()
        assert c.get_object(Bucket="bkt", Key=k)["Body"].read() == body, k
        assert c.head_object(Bucket="bkt", Key=k)["ContentLength"] == len(body), k
    for kind in "list_objects", "list_objects_v2":
        for page in 1, 4, 1000:
            pages = c.get_paginator(kind).paginate(Bucket="bkt", PaginationConfig={"PageSize": page})
            assert [o["Key"] for p in pages for o in p["Contents"]] == expected, (kind, page)
assert code(c.put_object, Bucket="bkt", Key="k" * 1025, Body=b"") == "KeyTooLongError"
for k in keys:
    c.delete_object(Bucket="bkt", Key=k)
assert "Contents" not in c.list_objects_v2(Bucket="bkt")
EOF
}

@test "the AWS CLI puts, lists, gets and removes, multipart too" {
	start
	export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=testsecret AWS_DEFAULT_REGION=us-east-1
	head -c 20000000 /dev/urandom >"$T/big"
	aws --endpoint-url "$E" s3 mb s3://made
	aws --endpoint-url "$E" s3 cp --quiet "$T/big" "s3://made/x/b g+é"
	aws --endpoint-url "$E" s3 ls s3://made/x/ | grep -F '20000000 b g+é'
	aws --endpoint-url "$E" s3 cp --quiet "s3://made/x/b g+é" "$T/back"
	cmp "$T/big" "$T/back"
	[ "$(stat_of kinds.complete)" = 1 ]
	[ "$(stat_of open_uploads)" = 0 ]
	aws --endpoint-url "$E" s3 rm --quiet --recursive s3://made/
	aws --endpoint-url "$E" s3 rb s3://made
	run aws --endpoint-url "$E" s3 ls s3://made
	[[ $output == *NoSuchBucket* ]]
}

@test "AWS's published signatures are accepted, and nothing that differs" {
	start --bucket examplebucket --domain s3.amazonaws.com --clock-offset "$((1369353600 - $(date +%s)))" \
		--access-key AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
	py <<'EOF'
def authorization(names, signature):
    return ("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=%s,Signature=%s" % (names, signature))
base = {"Host": "examplebucket.s3.amazonaws.com", "x-amz-date": "20130524T000000Z"}
put = {**base, "Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY",
       "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
       "Authorization": authorization("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
           "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")}
assert send("PUT", "/test%24file.text", put, b"Welcome to Amazon S3.")[0] == 200
# the path as sent is not what is signed, its canonical form is
assert send("PUT", "/test$file.text", put, b"Welcome to Amazon S3.")[0] == 200
assert error(send("PUT", "/test%24file.text", put, b"Welcome to Amazon S3!")) == "XAmzContentSHA256Mismatch"
short = "host;x-amz-content-sha256;x-amz-date"
get = {**base, "Range": "bytes=0-9", "x-amz-content-sha256": EMPTY,
       "Authorization": authorization("host;range;x-amz-content-sha256;x-amz-date",
           "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")}
assert error(send("GET", "/test.txt", get)) == "NoSuchKey"
assert error(send("GET", "/test.txt", {**get, "Range": "bytes=0-8"})) == "SignatureDoesNotMatch"
assert error(send("GET", "/test.tx", get)) == "SignatureDoesNotMatch"
assert error(send("HEAD", "/test.txt", get)) is None and send("HEAD", "/test.txt", get)[0] == 403
lifecycle = {**base, "x-amz-content-sha256": EMPTY, "Authorization": authorization(short,
    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")}
assert error(send("GET", "/?lifecycle", lifecycle)) == "NotImplemented"
listing = {**base, "x-amz-content-sha256": EMPTY, "Authorization": authorization(short,
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")}
assert send("GET", "/?max-keys=2&prefix=J", listing)[0] == 200
assert send("GET", "/?prefix=%4A&max-keys=2", listing)[0] == 200
assert error(send("GET", "/?max-keys=2&prefix=j", listing)) == "SignatureDoesNotMatch"

names = ("content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;"
         "x-amz-storage-class")
chunked = {"Host": "s3.amazonaws.com", "x-amz-date": "20130524T000000Z",
           "x-amz-storage-class": "REDUCED_REDUNDANCY", "Content-Encoding": "aws-chunked",
           "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "Content-Length": "66824",
           "x-amz-decoded-content-length": "66560", "Authorization": authorization(names,
               "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")}
def chunk(n, signature, fill=b"a"):
    return b"%x;chunk-signature=%s\r\n%s\r\n" % (n, signature.encode(), fill * n)
parts = [chunk(65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
         chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
         chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9")]
a = send("PUT", "/examplebucket/chunkObject.txt", chunked, b"".join(parts))
assert a[0] == 200, a
bad = parts[0], parts[1].replace(b"\r\na", b"\r\nb"), parts[2]
assert error(send("PUT", "/examplebucket/chunkObject.txt", chunked, b"".join(bad))) == "SignatureDoesNotMatch"
EOF
}

@test "signatures: wrong secret, key, region, service, token, date, unsigned headers, body" {
	start --access-key test:testsecret --access-key temp:tempsecret --session-token tok/en+=
	py <<'EOF'
c = client()
c.put_object(Bucket="bkt", Key="k", Body=b"x")
assert code(client(secret="wrong").get_object, Bucket="bkt", Key="k") == "SignatureDoesNotMatch"
assert code(client(key="nobody").get_object, Bucket="bkt", Key="k") == "InvalidAccessKeyId"
assert code(client(key="temp", secret="tempsecret").get_object, Bucket="bkt", Key="k") == "InvalidAccessKeyId"
assert code(client(key="temp", secret="tempsecret", token="no").get_object, Bucket="bkt", Key="k") == "InvalidToken"
assert code(client(token="tok/en+=").get_object, Bucket="bkt", Key="k") == "InvalidToken"
assert code(client(key="temp", secret="tempsecret", token="tok/en+=").get_object, Bucket="bkt", Key="k") is None

a = send("GET", "/bkt/k", sign("GET", "/bkt/k", region="eu-west-1"))
assert a[0] == 400 and error(a) == "AuthorizationHeaderMalformed", a
assert b"<Region>us-east-1</Region>" in a[2] and a[1]["x-amz-bucket-region"] == "us-east-1"
assert error(send("GET", "/bkt/k", sign("GET", "/bkt/k", service="ec2"))) == "AuthorizationHeaderMalformed"
for skew, expected in (-800, None), (800, None), (-1000, "RequestTimeTooSkewed"), (1000, "RequestTimeTooSkewed"):
    assert error(send("GET", "/bkt/k", sign("GET", "/bkt/k", skew=skew))) == expected, skew
assert b"<ServerTime>" in send("GET", "/bkt/k", sign("GET", "/bkt/k", skew=1000))[2]

assert error(send("GET", "/bkt/k", {"Host": "localhost"})) == "AccessDenied"
h = sign("GET", "/bkt/k")
assert send("GET", "/bkt/k", h)[0] == 200
a = send("GET", "/bkt/k", {**h, "x-amz-expected-bucket-owner": "1"})
assert a[0] == 403 and b"<HeadersNotSigned>x-amz-expected-bucket-owner" in a[2]
assert send("GET", "/bkt/k", {**h, "X-Other": "1"})[0] == 200
without = dict(h)
without["Authorization"] = h["Authorization"].replace("host;", "")
assert error(send("GET", "/bkt/k", without)) == "AccessDenied"
without = {k: v for k, v in h.items() if k.lower() != "x-amz-content-sha256"}
assert error(send("GET", "/bkt/k", without)) == "InvalidRequest"
assert error(send("GET", "/bkt/k?a=b", h)) == "SignatureDoesNotMatch"
assert error(send("GET", "/bkt//k", h)) == "SignatureDoesNotMatch"
last = h["Authorization"][-1]
assert error(send("GET", "/bkt/k", {**h, "Authorization": h["Authorization"][:-1] + ("0" if last != "0" else "1")})) \
    == "SignatureDoesNotMatch"
assert error(send("GET", "/bkt/k", {**h, "Authorization": "AWS test:abc="})) == "InvalidRequest"

h = sign("PUT", "/bkt/k", body=b"one")
assert error(send("PUT", "/bkt/k", h, b"two")) == "XAmzContentSHA256Mismatch"
assert c.get_object(Bucket="bkt", Key="k")["Body"].read() == b"x"
assert send("PUT", "/bkt/k", h, b"one")[0] == 200
h = sign("PUT", "/bkt/k", {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, b"")
if h["X-Amz-Content-SHA256"] == "UNSIGNED-PAYLOAD":
    assert send("PUT", "/bkt/k", h, b"any")[0] == 200
# the order of parameters, their escapes and spaces in header values do not matter
t = "/bkt?list-type=2&prefix=a%20b&delimiter=%2F"
h = sign("GET", t, {"x-amz-test": "a  b"})
assert send("GET", "/bkt?delimiter=/&prefix=a+b&list-type=2", {**h, "x-amz-test": "  a b "})[0] == 200
EOF
}

@test "--anonymous lets unsigned requests through and still checks signed ones" {
	start --anonymous
	[ "$(curl -s -o /dev/null -w '%{http_code}' -T /etc/hostname "$E/bkt/k")" = 200 ]
	curl -s "$E/bkt/k" | cmp - /etc/hostname
	# a plus is a plus in a path, and a space in a query
	curl -s -f -T /etc/hostname "$E/bkt/a+b"
	curl -s -f "$E/bkt?prefix=a%2Bb" | grep -q '<Key>a+b</Key>'
	curl -s -f "$E/bkt?prefix=a+b" | grep -q '<Prefix>a b</Prefix>'
	[ "$(curl -s -o "$T/out" -w '%{http_code}' -T /etc/hostname -H 'Transfer-Encoding: chunked' "$E/bkt/k")" = 411 ]
	py <<'EOF'
assert code(client(secret="wrong").get_object, Bucket="bkt", Key="k") == "SignatureDoesNotMatch"
assert code(client().get_object, Bucket="bkt", Key="k") is None
EOF
}

@test "GET and HEAD: ranges, If-Match, If-None-Match, what was stored with the object" {
	start
	py <<'EOF'
c = client()
o = dict(Bucket="bkt", Key="k")
etag = c.put_object(**o, Body=b"0123456789", ContentType="text/csv", CacheControl="no-cache",
    ContentEncoding="gzip", ContentDisposition="inline", Metadata={"one": "1", "two": "a  b"})["ETag"]
r = c.get_object(**o)
assert (r["ContentType"], r["CacheControl"], r["ContentEncoding"], r["ContentDisposition"], r["Metadata"]) == \
    ("text/csv", "no-cache", "gzip", "inline", {"one": "1", "two": "a  b"}), r
assert r["AcceptRanges"] == "bytes" and r["ETag"] == etag and len(r["ResponseMetadata"]["RequestId"]) == 16
age = datetime.datetime.now(datetime.timezone.utc) - r["LastModified"]
assert abs(age.total_seconds()) < 60
for spec, body, where in (("0-3", b"0123", "0-3"), ("8-", b"89", "8-9"), ("-4", b"6789", "6-9"),
                          ("5-100", b"56789", "5-9"), ("-100", b"0123456789", "0-9"), ("9-9", b"9", "9-9")):
    r = c.get_object(**o, Range="bytes=" + spec)
    assert r["Body"].read() == body and r["ContentRange"] == "bytes %s/10" % where, spec
    assert r["ResponseMetadata"]["HTTPStatusCode"] == 206
for spec in "10-", "-0", "20-30":
    assert code(c.get_object, **o, Range="bytes=" + spec) == "InvalidRange", spec
for spec in "3-1", "x", "":
    assert c.get_object(**o, Range="bytes=" + spec)["Body"].read() == b"0123456789", spec
other = '"%032d"' % 0
assert code(c.get_object, **o, IfMatch=etag) is None
assert code(c.get_object, **o, IfMatch=other) == "PreconditionFailed"
assert code(c.get_object, **o, IfMatch=other + ", " + etag) is None
assert code(c.get_object, **o, IfNoneMatch=etag) == "304"
assert code(c.head_object, **o, IfNoneMatch=etag) == "304"
assert code(c.get_object, **o, IfNoneMatch=other) is None
assert code(c.head_object, **o, IfMatch=other) == "412"
assert c.head_object(**o)["ContentLength"] == 10
assert code(c.head_object, Bucket="bkt", Key="none") == "404"
assert code(c.get_object, Bucket="bkt", Key="none") == "NoSuchKey"
assert code(c.get_object, Bucket="none", Key="none") == "NoSuchBucket"
c.put_object(Bucket="bkt", Key="empty", Body=b"")
assert c.get_object(Bucket="bkt", Key="empty")["Body"].read() == b""
c.put_object(Bucket="bkt", Key="cold", Body=b"ice", StorageClass="DEEP_ARCHIVE")
assert code(c.get_object, Bucket="bkt", Key="cold") == "InvalidObjectState"
assert c.head_object(Bucket="bkt", Key="cold")["StorageClass"] == "DEEP_ARCHIVE"
assert code(c.put_object, **o, Body=b"", StorageClass="NONE") == "InvalidStorageClass"
r = c.put_object(**o, Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId="key")
assert (r["ServerSideEncryption"], r["SSEKMSKeyId"]) == ("aws:kms", "key")
assert r["ETag"] != '"%s"' % hashlib.md5(b"").hexdigest()
assert c.head_object(**o)["ServerSideEncryption"] == "aws:kms"
EOF
}

@test "PUT: Content-MD5, checksums, If-None-Match and If-Match" {
	start
	py <<'EOF'
import base64, zlib
def put(headers, body=b"abc", key="k"):
    t = "/bkt/" + key
    return error(send("PUT", t, sign("PUT", t, headers, body), body))
md5 = lambda b: base64.b64encode(hashlib.md5(b).digest()).decode()
sha = lambda b: base64.b64encode(hashlib.sha256(b).digest()).decode()
assert put({"Content-MD5": md5(b"abc")}) is None
assert put({"Content-MD5": md5(b"abd")}) == "BadDigest"
assert put({"Content-MD5": "abc"}) == "InvalidDigest"
# the check values of "123456789" in the catalogue of CRCs
nine = b"123456789"
for name, value in (("crc32", "cbf43926"), ("crc32c", "e3069283"), ("crc64nvme", "ae8b14860a799888"),
                    ("sha1", hashlib.sha1(nine).hexdigest()), ("sha256", hashlib.sha256(nine).hexdigest())):
    value = base64.b64encode(bytes.fromhex(value)).decode()
    header = "x-amz-checksum-" + name
    assert put({header: value}, nine) is None, name
    assert put({header: value}, b"123456780") == "BadDigest", name
    assert put({header: "?"}, nine) == "InvalidRequest", name
    a = send("GET", "/bkt/k", sign("GET", "/bkt/k", {"x-amz-checksum-mode": "ENABLED"}))
    assert a[1][header] == value, a[1].items()
    assert send("GET", "/bkt/k", sign("GET", "/bkt/k"))[1][header] is None
body = bytes(range(256)) * 7 + b"tail"
assert put({"x-amz-checksum-crc32": base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()}, body) is None
etag = '"%s"' % hashlib.md5(body).hexdigest()
assert put({"If-None-Match": "*"}) == "PreconditionFailed"
assert put({"If-None-Match": "*"}, key="new") is None
assert put({"If-Match": '"0"'}) == "PreconditionFailed"
assert put({"If-Match": etag}) is None
assert put({"If-Match": etag}) == "PreconditionFailed"
assert put({"If-Match": etag}, key="none") == "NoSuchKey"
EOF
}

@test "listings agree with a model: prefix, delimiter, start-after, marker, pages, encoding" {
	start
	py <<'EOF'
import random
random.seed(7)
c = client()
alphabet = ["a", "b", "/", "//", "-", " ", "é", "日", "&", "zz", "\U0001f600"]
keys = sorted({"".join(random.choices(alphabet, k=random.randint(1, 6))) for _ in range(250)}, key=str.encode)
for k in keys:
    c.put_object(Bucket="bkt", Key=k, Body=k.encode())
def model(prefix, delimiter, after):
    objects, prefixes = [], []
    for k in keys:
        if not k.startswith(prefix) or k.encode() <= after.encode():
            continue
        at = k.find(delimiter, len(prefix)) if delimiter else -1
        if at == -1:
            objects.append(k)
        elif (p := k[:at + len(delimiter)]) not in prefixes and p != after:
            prefixes.append(p)
    return objects, prefixes
for _ in range(150):
    prefix = random.choice(["", "", "a", "b/", "é", random.choice(keys)[:2]])
    delimiter = random.choice(["", "", "/", "a", "//"])
    after = random.choice(["", "", "", random.choice(keys), "b", "zzzz"])
    page = random.choice([1, 3, 7, 1000])
    expected = model(prefix, delimiter, after)
    for kind, name in ("list_objects_v2", "StartAfter"), ("list_objects", "Marker"):
        a = dict(Bucket="bkt", Prefix=prefix, Delimiter=delimiter, PaginationConfig={"PageSize": page})
        if after:
            a[name] = after
        objects, prefixes, pages = [], [], list(c.get_paginator(kind).paginate(**a))
        for p in pages:
            got = len(p.get("Contents", [])) + len(p.get("CommonPrefixes", []))
            assert got == page or p is pages[-1], (a, got)
            objects += [o["Key"] for o in p.get("Contents", [])]
            prefixes += [o["Prefix"] for o in p.get("CommonPrefixes", [])]
        assert (objects, prefixes) == expected, (kind, a, objects, prefixes, expected)
r = c.list_objects_v2(Bucket="bkt", MaxKeys=5000)
assert r["MaxKeys"] == 1000 and r["KeyCount"] == len(keys) and not r["IsTruncated"]
o = r["Contents"][0]
assert o["ETag"] == '"%s"' % hashlib.md5(keys[0].encode()).hexdigest() and o["Size"] == len(keys[0].encode())
assert o["StorageClass"] == "STANDARD" and "Owner" not in o
a = send("GET", "/bkt?prefix=%20&encoding-type=url", sign("GET", "/bkt?prefix=%20&encoding-type=url"))
assert b"<Prefix>+</Prefix>" in a[2], a[2][:300]
assert b"<Prefix> </Prefix>" in send("GET", "/bkt?prefix=%20", sign("GET", "/bkt?prefix=%20"))[2]
assert code(c.list_objects_v2, Bucket="none") == "NoSuchBucket"
assert code(c.list_objects_v2, Bucket="bkt", ContinuationToken="x!") == "InvalidArgument"
EOF
}

@test "multipart: order, sizes, wrong parts, overwritten parts, abort, lists, conditions" {
	start
	py <<'EOF'
c = client()
o = dict(Bucket="bkt", Key="m p/é")
big, small = b"a" * (5 << 20), b"b" * 100
u = c.create_multipart_upload(**o, ContentType="text/csv", Metadata={"x": "y"}, ServerSideEncryption="AES256")
assert u["ServerSideEncryption"] == "AES256"
up = dict(o, UploadId=u["UploadId"])
def part(n, body):
    return {"PartNumber": n, "ETag": c.upload_part(**up, PartNumber=n, Body=body)["ETag"]}
def complete(*parts, **more):
    return code(c.complete_multipart_upload, **up, MultipartUpload={"Parts": parts}, **more)
wrong = part(2, b"wrong")
p7, p1, p2 = part(7, b"unused"), part(1, big), part(2, small)
parts = c.list_parts(**up, MaxParts=2)
assert [(p["PartNumber"], p["Size"]) for p in parts["Parts"]] == [(1, len(big)), (2, 100)]
assert parts["IsTruncated"] and parts["NextPartNumberMarker"] == 2
assert [p["PartNumber"] for p in c.list_parts(**up, PartNumberMarker=2)["Parts"]] == [7]
uploads = c.list_multipart_uploads(Bucket="bkt", Prefix="m p")["Uploads"]
assert [(x["Key"], x["UploadId"]) for x in uploads] == [("m p/é", u["UploadId"])]
assert [(x["Initiator"]["ID"], x["Owner"]["ID"], x["StorageClass"]) for x in uploads] == [("test", "test", "STANDARD")]
assert c.list_parts(**up)["Initiator"]["ID"] == "test"
assert "Uploads" not in c.list_multipart_uploads(Bucket="bkt", Prefix="x")
assert complete(p2, p1) == "InvalidPartOrder"
assert complete(p1, wrong) == "InvalidPart"
assert complete(p1, {"PartNumber": 3, "ETag": p2["ETag"]}) == "InvalidPart"
assert complete(p1, p2, p7) == "EntityTooSmall"
assert complete() == "MalformedXML"
assert code(c.get_object, **o) == "NoSuchKey"
r = c.complete_multipart_upload(**up, MultipartUpload={"Parts": [p1, p2]})
digest = hashlib.md5(hashlib.md5(big).digest() + hashlib.md5(small).digest()).hexdigest()
assert r["ETag"] == '"%s-2"' % digest
g = c.get_object(**o)
assert g["Body"].read() == big + small and g["ETag"] == r["ETag"] and g["Metadata"] == {"x": "y"}
assert c.get_object(**o, Range="bytes=5242878-5242881")["Body"].read() == b"aabb"
g = c.get_object(**o, PartNumber=2)
assert g["Body"].read() == small and g["PartsCount"] == 2
assert complete(p1, p2) == "NoSuchUpload"
assert code(c.upload_part, **up, PartNumber=1, Body=b"") == "NoSuchUpload"

up = dict(o, UploadId=c.create_multipart_upload(**o)["UploadId"])
p1 = part(1, small)
t = "/bkt/m%%20p/%%C3%%A9?uploadId=%s" % up["UploadId"]
xml = ("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part>"
       "</CompleteMultipartUpload>" % p1["ETag"]).encode()
a = send("POST", t, sign("POST", t, {"If-None-Match": "*"}, xml), xml)
assert error(a) == "PreconditionFailed", a
for bad in b"", b"<x/>", b"<!DOCTYPE a []>" + xml, xml[:-5]:
    assert error(send("POST", t, sign("POST", t, {}, bad), bad)) == "MalformedXML", bad
assert code(c.upload_part, **up, PartNumber=10001, Body=b"") == "InvalidArgument"
c.abort_multipart_upload(**up)
assert code(c.abort_multipart_upload, **up) == "NoSuchUpload"
assert admin("stats")["open_uploads"] == 0

u = c.create_multipart_upload(Bucket="bkt", Key="sums", ChecksumAlgorithm="SHA256")["UploadId"]
up = dict(Bucket="bkt", Key="sums", UploadId=u)
t = "/bkt?encoding-type=url&prefix=sums&uploads="
a = send("GET", t, sign("GET", t))[2].decode()
assert "<ChecksumAlgorithm>SHA256</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType></Upload>" in a, a
assert "<EncodingType>url</EncodingType>" in a, a
r = [c.upload_part(**up, PartNumber=i, Body=b, ChecksumAlgorithm="SHA256") for i, b in ((1, big), (2, small))]
parts = [{"PartNumber": i, "ETag": x["ETag"], "ChecksumSHA256": x["ChecksumSHA256"]} for i, x in enumerate(r, 1)]
spoilt = [parts[0], {**parts[1], "ChecksumSHA256": parts[0]["ChecksumSHA256"]}]
assert code(c.complete_multipart_upload, **up, MultipartUpload={"Parts": spoilt}) == "InvalidPart"
import base64
h = hashlib.sha256(hashlib.sha256(big).digest() + hashlib.sha256(small).digest()).digest()
done = c.complete_multipart_upload(**up, MultipartUpload={"Parts": parts})
assert done["ChecksumSHA256"] == base64.b64encode(h).decode() + "-2"
assert c.head_object(Bucket="bkt", Key="sums", ChecksumMode="ENABLED")["ChecksumSHA256"] == done["ChecksumSHA256"]
EOF
}

@test "aws-chunked with a trailing checksum, as boto3 sends it over TLS" {
	start_tls
	py <<'EOF'
c = client()
for algorithm in "CRC32", "SHA1", "SHA256":
    body = algorithm.encode() * 100000
    r = c.put_object(Bucket="bkt", Key=algorithm, Body=body, ChecksumAlgorithm=algorithm)
    assert r["Checksum" + algorithm], r
    g = c.get_object(Bucket="bkt", Key=algorithm, ChecksumMode="ENABLED")
    assert g["Body"].read() == body and g["Checksum" + algorithm] == r["Checksum" + algorithm]
    assert "ContentEncoding" not in g, g
h = sign("PUT", "/bkt/t", {"X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
EOF
}

@test "buckets: create, head, location, list, delete only when empty; many objects deleted at once" {
	start --region eu-central-1
	py <<'EOF'
c = client(region="eu-central-1")
c.create_bucket(Bucket="second.one", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
assert [b["Name"] for b in c.list_buckets()["Buckets"]] == ["bkt", "second.one"]
assert code(c.create_bucket, Bucket="bkt") == "BucketAlreadyOwnedByYou"
assert c.get_bucket_location(Bucket="bkt")["LocationConstraint"] == "eu-central-1"
h = c.head_bucket(Bucket="bkt")["ResponseMetadata"]["HTTPHeaders"]
assert h["x-amz-bucket-region"] == "eu-central-1"
assert code(c.head_bucket, Bucket="none") == "404"
for i in range(1000):
    c.put_object(Bucket="second.one", Key="k/%d &<é" % i, Body=b"")
assert code(c.delete_bucket, Bucket="second.one") == "BucketNotEmpty"
keys = [{"Key": "k/%d &<é" % i} for i in range(1000)]
r = c.delete_objects(Bucket="second.one", Delete={"Objects": keys})
assert [d["Key"] for d in r["Deleted"]] == [k["Key"] for k in keys]
assert "Deleted" not in c.delete_objects(Bucket="second.one", Delete={"Objects": keys[:1], "Quiet": True})
c.delete_bucket(Bucket="second.one")
assert code(c.list_objects_v2, Bucket="second.one") == "NoSuchBucket"
EOF
}

@test "--make: ten million objects, listed at any place, each like its listing, and overlaid" {
	start --make gen/csvs/:10000000 --make 'gen/split/:1000:##/##/x.csv' --make-bytes 120
	py <<'EOF'
c = client()
r = c.list_objects_v2(Bucket="gen", Prefix="csvs/", StartAfter="csvs/09999997.csv")
assert [o["Key"] for o in r["Contents"]] == ["csvs/09999998.csv", "csvs/09999999.csv", "csvs/10000000.csv"]
for o in r["Contents"]:
    body = c.get_object(Bucket="gen", Key=o["Key"])["Body"].read()
    assert len(body) == o["Size"] == 120 and '"%s"' % hashlib.md5(body).hexdigest() == o["ETag"]
    lines = body.decode().split("\n")
    assert len(lines) == 3 and lines[2] == "" and lines[0] == "id,customer,amount,created,note"
    assert len(lines[1].split(",")) == 5 and int(lines[1][:10]) == int(o["Key"][5:13])
assert code(c.get_object, Bucket="gen", Key="csvs/00000000.csv") == "NoSuchKey"
assert code(c.get_object, Bucket="gen", Key="csvs/10000001.csv") == "NoSuchKey"
seen = [o["Key"] for p in c.get_paginator("list_objects_v2").paginate(Bucket="gen", Prefix="split/")
        for o in p["Contents"]]
assert len(seen) == 1000 and seen == sorted(seen) and seen[-1] == "split/10/00/x.csv"
r = c.list_objects_v2(Bucket="gen", Delimiter="/")
assert [p["Prefix"] for p in r["CommonPrefixes"]] == ["csvs/", "split/"]
c.delete_object(Bucket="gen", Key="csvs/00000002.csv")
c.put_object(Bucket="gen", Key="csvs/00000003.csv", Body=b"mine")
c.put_object(Bucket="gen", Key="csvs/00000003.csv+", Body=b"between")
r = c.list_objects_v2(Bucket="gen", Prefix="csvs/0000000", MaxKeys=4)
assert [(o["Key"][5:], o["Size"]) for o in r["Contents"]] == [("00000001.csv", 120), ("00000003.csv", 4),
    ("00000003.csv+", 7), ("00000004.csv", 120)]
assert code(c.get_object, Bucket="gen", Key="csvs/00000002.csv") == "NoSuchKey"
assert c.get_object(Bucket="gen", Key="csvs/00000003.csv")["Body"].read() == b"mine"
EOF
	# the objects take no memory (a sanitizer's own does not count)
	if ! grep -q asan "/proc/$SERVER/maps"; then
		[ "$(awk '/VmHWM/ { print $2 }' "/proc/$SERVER/status")" -lt 40000 ]
	fi
}

@test "--latency delays every answer, many at once; the tail and listings have their own" {
	start --anonymous --make gen/k:2000:#### --latency 300 --list-latency 0 --put-latency 0
	for i in $(seq 1001 1200); do echo "url = \"$E/gen/k$i\""; done >"$T/urls"
	sed -i 'p; s|.*|output = "/dev/null"|' "$T/urls"
	curl -s -Z --parallel-max 200 --parallel-immediate --config "$T/urls"
	[ "$(stat_of status.200)" = 200 ]
	[ "$(stat_of in_flight_max)" -gt 100 ]
	took=$(curl -s -o "$T/out" -w '%{time_starttransfer}' "$E/gen/k0001")
	awk -v t="$took" 'BEGIN { exit !(t >= 0.3) }'
	took=$(curl -s -o "$T/out" -w '%{time_starttransfer}' "$E/gen?prefix=k")
	awk -v t="$took" 'BEGIN { exit !(t < 0.3) }'
	stop
	start --anonymous --make gen/k:2000:#### --tail 50:200
	for i in $(seq 1001 1040); do curl -s -o "$T/out" -w '%{time_starttransfer}\n' "$E/gen/k$i"; done >"$T/times"
	slow=$(awk '$1 >= 0.2' "$T/times" | wc -l)
	[ "$slow" -ge 8 ] && [ "$slow" -le 32 ]
}

@test "--cap and --put-cap answer 503 SlowDown, each for its own kind" {
	start --anonymous --make gen/k:2000:#### --cap 5:10
	for i in $(seq 1001 1040); do printf 'url = "%s/gen/k%d"\noutput = "%s/out"\n' "$E" "$i" "$T"; done >"$T/urls"
	curl -s -w '%{http_code}\n' --config "$T/urls" >"$T/codes"
	ok=$(grep -c 200 "$T/codes")
	[ "$ok" -ge 10 ] && [ "$ok" -le 20 ]
	[ $((ok + $(grep -c 503 "$T/codes"))) = 40 ]
	[ "$(stat_of throttled)" = "$(grep -c 503 "$T/codes")" ]
	for i in $(seq 40); do
		curl -s -o "$T/out" -w '%{http_code}\n' -T /etc/hostname "$E/bkt/$i"
	done >"$T/codes"
	[ "$(grep -c 200 "$T/codes")" = 40 ]
	stop
	start --anonymous --put-cap 1:2
	for i in $(seq 8); do
		curl -s -o "$T/out" -w '%{http_code}\n' -T /etc/hostname "$E/bkt/$i"
	done >"$T/codes"
	grep -q 503 "$T/codes"
	grep -q SlowDown "$T/out"
}

@test "--close-after closes a connection after N requests, told or silent" {
	start --anonymous --make gen/k:20:## --close-after 4
	curl -s -o "$T/out" "$E/gen/k[01-12]"
	[ "$(stat_of connections)" = 4 ]
	curl -s -o "$T/out" -D "$T/head" "$E/gen/k[01-04]"
	[ "$(grep -c -i '^connection: close' "$T/head")" = 1 ]
	stop
	start --anonymous --make gen/k:20:## --close-after 4:silent
	curl -s -o "$T/out" -D "$T/head" --retry 2 --retry-all-errors "$E/gen/k[01-12]"
	[ "$(grep -c '^HTTP/1.1 200' "$T/head")" = 12 ]
	[ "$(grep -c -i '^connection: close' "$T/head")" = 0 ]
	[ "$(stat_of connections)" -ge 4 ]
}

@test "--idle-timeout closes a connection on which nothing happens, not one that waits" {
	start --anonymous --make gen/k:20:## --idle-timeout 1 --latency 2500
	exec 5<>"/dev/tcp/127.0.0.1/${S3D_ADDRESS##*:}"
	printf 'GET /gen/k01 HTTP/1.1\r\nHost: x\r\n\r\n' >&5
	timeout 20 cat <&5 >"$T/raw"
	exec 5<&-
	grep -q '^HTTP/1.1 200' "$T/raw"
}

faults() {
	cat >"$T/faults" <<'EOF'
# key method when action
status get all status 503 SlowDown 2
first2 get 1-2 status 500
third GET 3 status 500
from2 GET 2- status 500
every3 GET every:3 status 500
any* GET 2* status 500
reset GET all reset
body GET all reset-body 40
close GET all close
lost PUT 1 lost
never PUT 1 reset
short GET all short 40
long GET all long 7
stall GET all stall 300
inside GET all stall-body 300 10
wrong GET all corrupt 3
garbage GET all garbage
two GET all error-200 SlowDown
moved GET all redirect 307 eu-west-1
old * all expired-token
same GET all not-modified
s%20p GET all status 500
lists/empty list 1 empty-list
lists/none list 1 no-keys
lists/again list all ignore-start-after
EOF
	start"$1" --anonymous --faults "$T/faults" --make gen/lists/:50:none## --make gen/lists/:50:again## \
		--make gen/lists/:50:empty##
	head -c 100 /dev/urandom >"$T/src"
	for k in status first2 third from2 every3 any1 any2 reset body close short long stall inside wrong \
		garbage two moved same s%20p plain; do
		[ "$(curl -s -o "$T/out" -w '%{http_code}' -T "$T/src" "$E/bkt/$k")" = 200 ]
	done
}

faults_check() {
	get "200 0 100" plain
	cmp "$T/src" "$T/out"
	curl -s -D "$T/head" "$E/bkt/status" | grep -q '<Code>SlowDown</Code>'
	grep -i '^retry-after: 2' "$T/head"
	grep -q '^HTTP/1.1 503' "$T/head"
	for k in first2 first2; do get "500 0 $(stat -c %s "$T/out")" $k || [ "$(tail -c 8 "$T/out")" = "</Error>" ]; done
	get "200 0 100" first2
	for want in 200 200 500 200; do [ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/third")" = $want ]; done
	for want in 200 500 500; do [ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/from2")" = $want ]; done
	for want in 200 200 500 200 200 500; do
		[ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/every3")" = $want ]
	done
	get "200 0 100" any1
	[ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/any2")" = 500 ]
	get "200 0 100" any1
	get "000 52 0" close
	get "200 18 40" short
	get "200 0 100" long
	for k in stall inside; do
		took=$(curl -s -o "$T/out" -w '%{time_total}' "$E/bkt/$k")
		cmp "$T/src" "$T/out"
		awk -v t="$took" 'BEGIN { exit !(t >= 0.3) }'
	done
	get "200 0 100" wrong
	[ "$(cmp -l "$T/src" "$T/out" | wc -l)" = 1 ]
	curl -s -D "$T/head" "$E/bkt/two" | grep -q '<Code>SlowDown</Code>'
	grep -q '^HTTP/1.1 200' "$T/head"
	[ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/moved")" = 307 ]
	grep -q '<Region>eu-west-1</Region>' "$T/out"
	[ "$(curl -s -o "$T/out" -w '%{http_code}' -T "$T/src" "$E/bkt/old")" = 400 ]
	grep -q '<Code>ExpiredToken</Code>' "$T/out"
	get "304 0 0" same
	[ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/s%20p")" = 500 ]
	fails curl -s -o "$T/out" -T "$T/src" "$E/bkt/never"
	[ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/never")" = 404 ]
	[ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/lost")" = 404 ]
	fails curl -s -o "$T/out" -T "$T/src" "$E/bkt/lost"
	get "200 0 100" lost
	l="$E/gen?list-type=2&prefix=lists"
	curl -s "$l/empty" | grep -q '<KeyCount>0</KeyCount>.*<IsTruncated>false'
	curl -s "$l/empty" | grep -q '<KeyCount>50</KeyCount>'
	curl -s "$l/none" >"$T/out"
	grep -q '<KeyCount>0</KeyCount>.*<IsTruncated>true' "$T/out"
	token=$(grep -o '<NextContinuationToken>[^<]*' "$T/out" | cut -d'>' -f2)
	curl -s "$l/none&continuation-token=$token" | grep -q '<KeyCount>50</KeyCount>'
	curl -s "$l/again&start-after=lists/again49" | grep -q '<KeyCount>50</KeyCount>'
	[ "$(stat_of faults)" -gt 20 ]
}

@test "the fault script: each action, each way to count" {
	faults ""
	get "000 56 0" reset
	get "200 56 40" body
	get "000 1 0" garbage
	faults_check
	# excess bytes are really there
	printf 'GET /bkt/long HTTP/1.1\r\nHost: x\r\n\r\n' >"$T/request"
	exec 5<>"/dev/tcp/127.0.0.1/${S3D_ADDRESS##*:}"
	cat "$T/request" >&5
	cat <&5 >"$T/raw"
	exec 5<&-
	[ "$(tail -c 7 "$T/raw")" = xxxxxxx ]
}

@test "the fault script over TLS" {
	faults _tls
	fails curl -s "$E/bkt/reset"
	fails curl -s -o "$T/out" "$E/bkt/body"
	[ "$(stat -c %s "$T/out")" = 40 ]
	get "000 1 0" garbage
	faults_check
}

@test "faults: loaded at run time, a bad script changes nothing, SIGHUP reads the file again" {
	echo 'a GET all status 500' >"$T/faults"
	start --anonymous --faults "$T/faults"
	for k in a b; do curl -s -T /etc/hostname "$E/bkt/$k"; done
	[ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/a")" = 500 ]
	echo 'b GET all status 501 NotImplemented' | curl -s --data-binary @- "$E/_s3d/faults"
	[ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/a")" = 200 ]
	[ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/b")" = 501 ]
	for bad in 'b GET all' 'b GET x status 500' 'b GET 0 reset' 'b GET all nonsense' 'b GET all stall' \
		'b GET all reset 1 2' 'b GET p:2 reset' '%zz GET all reset'; do
		[ "$(echo "$bad" | curl -s -o "$T/out" -w '%{http_code}' --data-binary @- "$E/_s3d/faults")" = 400 ]
		grep -F "faults, line 1: $bad" "$T/out"
	done
	[ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/b")" = 501 ]
	curl -s "$E/_s3d/faults" | grep '"seen":2,"hits":2'
	kill -HUP "$SERVER"
	for _ in $(seq 100); do
		[ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/a")" != 500 ] || break
		sleep 0.05
	done
	[ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/bkt/b")" = 200 ]
	for seed in 1 1 2; do
		echo "* get p:0.5:$seed status 500" | curl -s -o "$T/out" --data-binary @- "$E/_s3d/faults"
		curl -s -o "$T/out" -w '%{http_code} ' "$E/bkt/a?[1-40]" >>"$T/codes"
		echo >>"$T/codes"
	done
	[ "$(uniq "$T/codes" | wc -l)" = 2 ]
	grep -q '200.*500\|500.*200' "$T/codes"
}

@test "the admin side: numbers, reset, counts by key; not for a bucket of that name" {
	start --anonymous --count-keys --log "$T/log"
	curl -s -T /etc/hostname "$E/bkt/a%20b" -T /etc/hostname "$E/bkt/c"
	curl -s -o "$T/out" "$E/bkt/c" "$E/bkt/c" "$E/bkt/none" "$E/bkt?prefix=a"
	curl -s -I "$E/bkt/c"
	[ "$(stat_of requests)" = 7 ]
	[ "$(stat_of methods.PUT)-$(stat_of kinds.get)-$(stat_of kinds.list)-$(stat_of kinds.head)" = 2-3-1-1 ]
	[ "$(stat_of status.404)" = 1 ]
	[ "$(stat_of bytes_in)" = "$((2 * $(stat -c %s /etc/hostname)))" ]
	curl -s "$E/_s3d/stats?keys" | python3 -c 'import json,sys
k = json.load(sys.stdin)["keys"]
assert k == {"put bkt/a b": 1, "put bkt/c": 1, "get bkt/c": 2, "get bkt/none": 1, "head bkt/c": 1, "list bkt/": 1}, k'
	n=$(stat -c %s /etc/hostname)
	cut -d' ' -f2-8 "$T/log" >"$T/lines"
	diff "$T/lines" - <<EOF
PUT bkt a%20b 200 0 put -
PUT bkt c 200 0 put -
GET bkt c 200 $n get -
GET bkt c 200 $n get -
GET bkt none 404 $(awk '$5 == 404 { print $6 }' "$T/log") get NoSuchKey
GET bkt - 200 $(awk '$4 == "-" { print $6 }' "$T/log") list -
HEAD bkt c 200 0 head -
EOF
	curl -s -d '' "$E/_s3d/reset"
	[ "$(stat_of requests)" = 0 ]
	[ "$(curl -s -o "$T/out" -w '%{http_code}' -H 'Host: bkt.localhost' "$E/_s3d/stats")" = 404 ]
	[ "$(curl -s -o "$T/out" -w '%{http_code}' "$E/_s3d/other")" = 405 ]
}

@test "--dir: everything survives kill -9, open uploads too, and a torn end is dropped" {
	start --dir "$T/dir"
	py <<'EOF'
c = client()
for i in range(300):
    c.put_object(Bucket="bkt", Key="k/%03d é" % i, Body=b"x" * i, Metadata={"i": str(i)}, ContentType="text/csv")
c.delete_object(Bucket="bkt", Key="k/007 é")
c.put_object(Bucket="bkt", Key="k/008 é", Body=b"again", StorageClass="STANDARD_IA", ChecksumAlgorithm="SHA256")
c.create_bucket(Bucket="other")
c.create_bucket(Bucket="gone")
c.delete_bucket(Bucket="gone")
for key in "done", "open", "aborted":
    u = c.create_multipart_upload(Bucket="other", Key=key, Metadata={"m": key})["UploadId"]
    up = dict(Bucket="other", Key=key, UploadId=u)
    parts = [{"PartNumber": n, "ETag": c.upload_part(**up, PartNumber=n, Body=b)["ETag"]}
             for n, b in ((1, b"a" * (5 << 20)), (2, b"b"))]
    if key == "done":
        c.complete_multipart_upload(**up, MultipartUpload={"Parts": parts})
    if key == "aborted":
        c.abort_multipart_upload(**up)
EOF
	run timeout 20 "$S3D_BIN" --port 0 --dir "$T/dir"
	[ "$status" = 1 ]
	kill -9 "$SERVER"
	wait "$SERVER" || true
	size=$(stat -c %s "$T/dir/s3d.log")
	head -c 50 /dev/urandom >>"$T/dir/s3d.log"
	start --dir "$T/dir" --min-part 6M
	[ "$(stat -c %s "$T/dir/s3d.log")" = "$size" ]
	cat >"$T/look" <<'EOF'
c = client()
keys = [o["Key"] for o in c.list_objects_v2(Bucket="bkt")["Contents"]]
assert keys == ["k/%03d é" % i for i in range(300) if i != 7]
for i in 0, 1, 299:
    g = c.get_object(Bucket="bkt", Key="k/%03d é" % i)
    assert g["Body"].read() == b"x" * i and g["Metadata"] == {"i": str(i)} and g["ContentType"] == "text/csv"
g = c.get_object(Bucket="bkt", Key="k/008 é", ChecksumMode="ENABLED")
assert g["Body"].read() == b"again" and g["StorageClass"] == "STANDARD_IA" and g["ChecksumSHA256"]
assert [b["Name"] for b in c.list_buckets()["Buckets"]] == ["bkt", "other"]
g = c.get_object(Bucket="other", Key="done")
assert g["Body"].read() == b"a" * (5 << 20) + b"b" and g["ETag"].endswith('-2"') and g["Metadata"] == {"m": "done"}
EOF
	py <<EOF
$(<"$T/look")
u = c.list_multipart_uploads(Bucket="other")["Uploads"]
assert u[0]["Initiator"]["ID"] == "test"
assert [x["Key"] for x in u] == ["open"]
up = dict(Bucket="other", Key="open", UploadId=u[0]["UploadId"])
p = [{"PartNumber": x["PartNumber"], "ETag": x["ETag"]} for x in c.list_parts(**up)["Parts"]]
assert code(c.complete_multipart_upload, **up, MultipartUpload={"Parts": p}) == "EntityTooSmall"
c.complete_multipart_upload(**up, MultipartUpload={"Parts": p[:1]})
assert c.get_object(Bucket="other", Key="open", Range="bytes=-1")["Body"].read() == b"a"
EOF
	stop
	# the last record without its last byte: only that change is lost
	truncate -s -1 "$T/dir/s3d.log"
	start --dir "$T/dir"
	py <"$T/look"
	py <<'EOF'
assert code(client().get_object, Bucket="other", Key="open") == "NoSuchKey"
assert admin("stats")["open_uploads"] == 1
EOF
}

@test "--dir: a kill -9 under load loses nothing that was answered" {
	start --anonymous --dir "$T/dir"
	(
		i=0
		while curl -s -f -o /dev/null -T "$BATS_TEST_FILENAME" "$E/bkt/$i"; do
			echo $i >>"$T/answered"
			i=$((i + 1))
		done
	) 3>&- &
	while [ "$(wc -l <"$T/answered" 2>/dev/null || echo 0)" -lt 60 ]; do sleep 0.02; done
	kill -9 "$SERVER"
	wait "$SERVER" || true
	wait $!
	# on the same port, at once
	start --anonymous --dir "$T/dir" --port "${S3D_ADDRESS##*:}"
	while read -r i; do
		curl -s -f "$E/bkt/$i" | cmp - "$BATS_TEST_FILENAME"
	done <"$T/answered"
}

@test "several threads serve one store" {
	start --anonymous --threads 3
	seq 300 | xargs -P 8 -I{} curl -s -f -o /dev/null -T /etc/hostname "$E/bkt/{}"
	[ "$(curl -s "$E/bkt?list-type=2" | grep -o '<Key>' | wc -l)" = 300 ]
	seq 300 | xargs -P 8 -I{} curl -s -f -o /dev/null "$E/bkt/{}"
	[ "$(stat_of status.200)" = 601 ]
}

@test "TLS: a session is resumed; a connection is kept" {
	start_tls --anonymous
	curl -s -f -T /etc/hostname "$E/bkt/k"
	py <<'EOF'
context = ssl.create_default_context(cafile=os.environ["S3D_CA"])
session, resumed = None, []
for _ in range(3):
    with socket.create_connection(("localhost", PORT)) as raw:
        with context.wrap_socket(raw, server_hostname="localhost", session=session) as s:
            s.sendall(b"GET /bkt/k HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert s.recv(4096).startswith(b"HTTP/1.1 200")
            session = s.session
            resumed.append(s.session_reused)
assert resumed == [False, True, True], resumed
EOF
	[ "$(stat_of tls_resumed)" = 2 ]
	curl -s -f -o "$T/out" "$E/bkt/k" "$E/bkt/k" -w '%{num_connects}\n' | tail -1 | grep -x 0
}

@test "options: --help, misuse, a port that is taken, pid file, SIGTERM" {
	"$S3D_BIN" --help | grep -- --ready-file
	for bad in --nonsense "--port x" "--port 65536" "--make gen" "--make gen/a:100:#" "--cap 0" "--tail 1" \
		"--threads 0" "--tls-cert x" "--access-key x" "--latency -1" operand "--bucket A"; do
		# shellcheck disable=SC2086
		run timeout 20 "$S3D_BIN" --port 0 $bad
		echo "$bad: $status"
		[[ $status = [12] ]] && [[ $output = *s3d:* ]]
	done
	start --pid-file "$T/pid"
	[ "$(<"$T/pid")" = "$SERVER" ]
	run timeout 20 "$S3D_BIN" --port "${S3D_ADDRESS##*:}"
	[ "$status" = 1 ] && [[ $output = *"Address already in use"* ]]
	run timeout 20 "$S3D_BIN" --port "${S3D_ADDRESS##*:}" --threads 2
	[ "$status" = 1 ]
	kill -TERM "$SERVER"
	wait "$SERVER"
	SERVER=
}
