#!/usr/bin/env bats
# servers: s3d
# time limit: 600
# Proxies that change answers, and servers that know less than S3: what can be told for certain is done, all else is refused; no
# object is left out for what S3 did not say.
load helpers
load hostile

# The objects that the script serves: OBJECTS, {key: bytes}. Others are answered as S3 does.
readonly SERVE='
import hashlib
def tag(body):
    return "\"" + hashlib.md5(body).hexdigest() + "\""
def body_of(r):
    return OBJECTS.get(r.path.partition("/bkt/")[2])
def part(r, body):
    begin = int(r.headers["range"][6:-1]) if "range" in r.headers else 0
    return begin, body[begin:]
def serve(r, **more):
    body = body_of(r)
    if body is None:
        return refusal("404 Not Found", "NoSuchKey")
    begin, rest = part(r, body)
    if begin:
        more["Content_Range"] = f"bytes {begin}-{len(body) - 1}/{len(body)}"
    return reply(rest, "206 Partial Content" if begin else "200 OK", **{"ETag": tag(body), **more})
'

# listed KEY SIZE ETAG...: lines as `s3ls -l` prints them, into the file keys.
listed() {
	printf 's3://bkt/%s\t%s\t%s\t2026-01-01T00:00:00Z\n' "$@" > keys
}

md5() {
	printf %s "$1" | md5sum | cut -c 1-32
}

# ---- leaving out ----------------------------------------------------------------------------------------------

@test "--rejects: only what S3 itself says; a 404 or 412 without its word is asked again, then an error" {
	unset AWS_MAX_ATTEMPTS
	listed a 4 e
	local status body
	while IFS='|' read -r status body; do
		hostile <<< "answer = lambda r: reply($body, '$status')"
		run_shell 1 's3get --stdout --rejects rejects < keys'
		says "s3get: s3://bkt/a: ${status%% *} "
		[[ ! -s rejects && ! -s out ]]
		case $status in
		404*) [[ $(requests) == 4 ]] ;;
		412*) [[ $(requests) == 5 && $(grep -c If-Match "$LOG") == 1 ]] ;;
		*) [[ $(requests) == 1 ]] ;;
		esac
	done <<- 'EOF'
		404 Not Found|b'default backend - 404\n'
		404 Not Found|b''
		404 Not Found|b'<html><title>404</title></html>'
		404 Not Found|b'<Error><Code>XAdminUserNotFound</Code></Error>'
		404 Not Found|b'<Error><Code>NoSuchKey</Code>'
		404 Not Found|b'<Fault><Code>NoSuchKey</Code></Fault>'
		404 Not Found|b'{"Code":"NoSuchKey"}'
		412 Precondition Failed|b'<html><h1>412 Precondition Failed</h1></html>'
		412 Precondition Failed|b'<Error><Code>NotPrecondition</Code></Error>'
		403 Forbidden|b'blocked by policy'
		403 Forbidden|b'<Error><Code>AccessDenied</Code></Error>'
		405 Method Not Allowed|b'<Error><Code>MethodNotAllowed</Code></Error>'
		410 Gone|b'<Error><Code>NoSuchKey</Code></Error>'
		410 Gone|b'gone'
		404 Not Found|b'<Error><Code>NoSuchKey</Code></Error>' + b'x'
	EOF
}

@test "--rejects: what S3 says of the object is a reason to leave it out, at once" {
	local status code reason
	listed a 4 e
	while IFS='|' read -r status code reason; do
		hostile <<< "answer = lambda r: refusal('$status', '$code')"
		run_shell 3 's3get --stdout --rejects rejects < keys'
		[[ $(requests) == 1 && $(< rejects) == $'s3://bkt/a\t'"$reason" ]]
	done <<- 'EOF'
		404 Not Found|NoSuchKey|not found
		404 Not Found|NoSuchVersion|not found
		403 Forbidden|InvalidObjectState|archived (restore it first)
	EOF
}

@test "--rejects: a 404 of a proxy that passes leaves nothing out" {
	hostile <<< "OBJECTS = {'a': b'id\n7\n', 'b': b'id\n8\n'}$SERVE"'
answer = lambda r: reply(b"no upstream", "404 Not Found") if r.n < 4 else serve(r)'
	unset AWS_MAX_ATTEMPTS
	run_tool 0 s3get --stdout --rejects rejects s3://bkt/a s3://bkt/b
	[[ $output == $'id\n7\nid\n8' && ! -s rejects ]]
}

@test "a length that something in between has changed is no change of the object" {
	unset AWS_MAX_ATTEMPTS
	listed a 5 "$(md5 12345)"
	hostile <<< "OBJECTS = {'a': b'12345'}$SERVE"'
answer = lambda r: reply(b"\x1f\x8b123456", ETag="W/" + tag(b"12345"), Content_Encoding="gzip")'
	run_shell 1 's3get --stdout --rejects rejects < keys'
	says "s3get: s3://bkt/a: 8 bytes, but 5 when it was listed, with the same ETag: perhaps a proxy changes it"
	[[ ! -s rejects && $(requests) == 3 ]]
	hostile <<< "OBJECTS = {'a': b'12345'}$SERVE"'
answer = lambda r: reply(b"\x1f\x8b123456", ETag=tag(b"12345")) if r.n < 2 else serve(r)'
	run_shell 0 's3get --stdout --rejects rejects < keys'
	[[ $output == 12345 ]]
	# and without a length that tells
	hostile <<< "OBJECTS = {'a': b'12345'}$SERVE"'
answer = lambda r: reply(b"3\r\n123\r\n0\r\n\r\n", ETag=tag(b"12345"), Content_Length=None, Transfer_Encoding="chunked")'
	AWS_MAX_ATTEMPTS=3 run_shell 1 's3get --stdout --rejects rejects < keys'
	[[ ! -s rejects && $(requests) == 3 ]]
}

# ---- ETags ----------------------------------------------------------------------------------------------------

@test "an object that has changed is told, also where the server ignores If-Match" {
	unset AWS_MAX_ATTEMPTS
	listed a 3 "$(md5 old)"
	hostile <<< "OBJECTS = {'a': b'newer'}$SERVE"$'\nanswer = serve'
	run_shell 1 's3get --stdout < keys'
	says "s3get: s3://bkt/a: changed since it was listed (its ETag is '$(md5 newer)' now, but was '$(md5 old)')"
	[[ $(requests) == 3 ]]
	run_shell 3 's3get --stdout --rejects rejects < keys'
	[[ $(< rejects) == $'s3://bkt/a\tchanged since it was listed' && ! -s out ]]
	# large, so that its body is not read to its end
	hostile <<< "OBJECTS = {'a': b'n' * (5 << 20)}$SERVE"$'\nanswer = serve'
	run_shell 3 's3get --stdout --rejects rejects < keys'
	[[ $(< rejects) == $'s3://bkt/a\tchanged since it was listed' && $(requests) == 3 ]]
	# a server that knows If-Match is asked once more
	hostile <<< "OBJECTS = {'a': b'newer'}$SERVE"'
answer = lambda r: refusal("412 No", "PreconditionFailed") if "if-match" in r.headers else serve(r)'
	run_shell 3 's3get --stdout --rejects rejects < keys'
	[[ $(< rejects) == $'s3://bkt/a\tchanged since it was listed' && $(requests) == 2 ]]
}

@test "answers with another ETag now and then, or with a different one each time, are no change" {
	unset AWS_MAX_ATTEMPTS
	listed a 3 "$(md5 old)"
	hostile <<< "OBJECTS = {'a': b'old'}$SERVE"'
answer = lambda r: reply(b"stale", ETag=tag(b"stale")) if r.n < 2 else serve(r)'
	run_shell 0 's3get --stdout --rejects rejects < keys'
	[[ $output == old && ! -s rejects ]]
	hostile <<< "OBJECTS = {'a': b'old'}$SERVE"'
answer = lambda r: reply(b"x", ETag=f"\"{r.n}\"")'
	AWS_MAX_ATTEMPTS=5 run_shell 1 's3get --stdout --rejects rejects < keys'
	says "s3get: s3://bkt/a: 200 answer with another ETag, '4'"
	[[ ! -s rejects && $(requests) == 5 ]]
	# a page of a proxy with status 200
	hostile <<< "answer = lambda r: reply(b'<html>sign in</html>')"
	run_shell 1 's3get --stdout --rejects rejects < keys'
	says "s3get: s3://bkt/a: 20 bytes, but 3 when it was listed"
	[[ ! -s rejects && $(requests) == 3 ]]
}

@test "weak ETags, with which If-Match never matches: asked without, and then for all" {
	local bodies=() i
	for i in {1..40}; do
		bodies+=("k$i" 2 "$(md5 "$((i + 10))")")
	done
	listed "${bodies[@]}"
	for answer in 'refusal("412 No", "PreconditionFailed")' 'reply(b"<html>412</html>", "412 No")'; do
		hostile <<< "OBJECTS = {f'k{i}': b'%d' % (i + 10) for i in range(1, 41)}$SERVE"'
def answer(r):
    if "if-match" in r.headers:
        return '"$answer"'
    return serve(r, ETag="W/" + tag(body_of(r)))'
		run_shell 0 's3get --stdout --connections 2 --rejects rejects < keys'
		[[ $output == "$(printf %s {11..50})" && ! -s rejects ]]
		(($(requests) < 50)) || fail "=> $(requests) requests for 40 objects"
	done
}

@test "an answer without an ETag: the MD5 that was listed stands for it" {
	local text=$'id,n\n4,9\n'
	listed a 9 "$(printf %s "$text" | md5sum | cut -c 1-32)"
	hostile <<< "OBJECTS = {'a': b'id,n\n4,9\n'}$SERVE"$'\nanswer = lambda r: serve(r, ETag=None)'
	run_shell 0 's3get --stdout < keys'
	[[ $output == "${text%$'\n'}" ]]
	hostile <<< "OBJECTS = {'a': b'id,n\n4,8\n'}$SERVE"$'\nanswer = lambda r: serve(r, ETag=None)'
	run_shell 1 's3get --stdout --rejects rejects < keys'
	says "s3get: s3://bkt/a: the body's MD5 is not the ETag"
	[[ ! -s rejects && ! -s out ]]
	listed a 9 "$(md5 x)-3"
	run_shell 1 's3get --stdout --rejects rejects < keys'
	says "s3get: s3://bkt/a: 200 answer without an ETag"
	[[ ! -s rejects && ! -s out ]]
}

@test "--no-md5: ETags that look like MD5s and are none; a stored checksum still counts" {
	hostile <<< "OBJECTS = {'a': b'id\n5\n', 'sum': b'id\n6\n'}$SERVE"'
def answer(r):
    more = {"x_amz_checksum_crc32c": "AAAAAA=="} if r.path.endswith("sum") else {}
    return serve(r, ETag=tag(body_of(r) + b"salt"), **more)'
	run_tool 1 s3get --stdout s3://bkt/a
	says "s3get: s3://bkt/a: the body's MD5 is not the ETag (--no-md5 is for servers whose ETags are no MD5s)"
	[[ ! -s out ]]
	run_tool 0 s3get --no-md5 --stdout s3://bkt/a
	[[ $output == $'id\n5' ]]
	run_tool 1 s3get --no-md5 --stdout s3://bkt/sum
	says "s3get: s3://bkt/sum: the body's CRC32C differs from the stored one"
}

# ---- lengths --------------------------------------------------------------------------------------------------

# How an answer without a Content-Length ends.
readonly ENDS='
def chunked(rest):
    sizes = [rest[i:i + 70001] for i in range(0, len(rest), 70001)]
    return b"".join(b"%x\r\n" % len(s) + s + b"\r\n" for s in sizes) + b"0\r\nx-trailer: 1\r\n\r\n"
def endless(r, how):
    body = body_of(r)
    begin, rest = part(r, body)
    head = b"HTTP/1.1 206 P\r\nContent-Range: bytes %d-%d/%s\r\n" % (begin, len(body) - 1, TOTAL or b"%d" % len(body)) \
        if begin and TOTAL != b"none" else b"HTTP/1.1 200 OK\r\n"
    if not head.startswith(b"HTTP/1.1 206"):
        rest = body
    head += b"ETag: " + tag(body).encode() + b"\r\n"
    if how == "chunked":
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(rest)
    return head.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n" + rest
TOTAL = b""
'

@test "no Content-Length, but a listed size: chunks, and bodies that end with the connection" {
	local size how
	/usr/bin/python3 -c 'import sys; sys.stdout.write("".join("%d,%x\n" % (i, i * 7) for i in range(1 << 18))[:2500000])' > body
	for size in 0 1 9 65536 300000 1048576 1048577 2500000; do
		head -c "$size" body > want
		listed a "$size" "$(md5sum < want | cut -c 1-32)"
		for how in chunked close; do
			hostile <<< "OBJECTS = {'a': open('want', 'rb').read()}$SERVE$ENDS"'
def answer(r):
    yield endless(r, "'$how'")'
			run_shell 0 's3get --stdout < keys'
			same want out
			[[ $(requests) == 1 ]]
		done
	done
}

@test "no Content-Length: a body that breaks off goes on from there, whatever the range's answer says" {
	head -c 3000000 /dev/urandom > want
	listed a 3000000 "$(md5sum < want | cut -c 1-32)"
	unset AWS_MAX_ATTEMPTS
	for total in '' '*' none; do
		for how in chunked close; do
			hostile <<< "OBJECTS = {'a': open('want', 'rb').read()}$SERVE$ENDS"'
TOTAL = b"'"$total"'"
def answer(r):
    whole = endless(r, "'$how'")
    yield whole if r.n == 2 else whole[:1300000]'
			run_shell 0 's3get --stdout < keys'
			same want out
			[[ $(requests) == 3 ]]
		done
	done
}

@test "no Content-Length: too much, too little, or other bytes are never passed on as the object" {
	local change how
	listed a 9 "$(md5 123456789)"
	for change in 'rest + b"x"' 'rest[:-1]' 'rest[:-1] + b"x"' 'b""'; do
		for how in chunked close; do
			hostile <<< "OBJECTS = {'a': b'123456789'}$SERVE$ENDS"'
def answer(r):
    global chunked
    rest = b"123456789"
    rest = '"$change"'
    head = b"HTTP/1.1 200 OK\r\nETag: " + tag(b"123456789").encode() + b"\r\n"
    yield head + (b"Transfer-Encoding: chunked\r\n\r\n" + chunked(rest) if "'$how'" == "chunked" else b"\r\n" + rest)'
			run_shell 1 's3get --rejects rejects --stdout < keys'
			says "s3get: s3://bkt/a: "
			[[ ! -s out && ! -s rejects && $(requests) == 2 ]]
		done
	done
}

@test "no Content-Length and no listed size: what is small and has a certain end" {
	hostile <<< "OBJECTS = {'a': b'id\n3\n', 'big': b'x' * ((1 << 20) + 1)}$SERVE$ENDS"'
def answer(r):
    yield endless(r, "chunked")'
	run_tool 0 s3get --stdout s3://bkt/a s3://bkt/a
	[[ $output == $'id\n3\nid\n3' ]]
	run_shell 0 's3get s3://bkt/a | tar x --to-stdout'
	[[ $output == $'id\n3' ]]
	run_tool 1 s3get --stdout s3://bkt/big
	says "s3get: s3://bkt/big: longer than 1048576 bytes, and the answer does not tell its length"
	[[ ! -s out ]]
	hostile <<< "OBJECTS = {'a': b'id\n3\n'}$SERVE$ENDS"'
def answer(r):
    yield endless(r, "close")'
	run_tool 0 s3get --stdout s3://bkt/a
	[[ $output == $'id\n3' ]]
	run_tool 1 s3get --no-md5 --stdout s3://bkt/a
	says "s3get: s3://bkt/a: 200 answer that ends with its connection, and nothing tells its length"
}

# ---- what servers do not know ---------------------------------------------------------------------------------

@test "a server that does not know x-amz-checksum-mode or If-Match is asked without" {
	listed a 1 "$(md5 1)" b 1 "$(md5 2)" c 1 "$(md5 3)"
	for header in x-amz-checksum-mode if-match; do
		hostile <<< "OBJECTS = {'a': b'1', 'b': b'2', 'c': b'3'}$SERVE"'
answer = lambda r: refusal("501 Not Implemented", "NotImplemented") if "'$header'" in r.headers else serve(r)'
		run_shell 0 's3get --stdout --connections 1 < keys'
		[[ $output == 123 ]]
		(($(requests) <= 5)) || fail "=> $(requests) requests for 3 objects"
	done
	hostile <<< "answer = lambda r: refusal('501 Not Implemented', 'NotImplemented')"
	run_shell 1 's3get --stdout --rejects rejects --connections 1 < keys'
	grep -F "s3get: s3://bkt/a: 501 NotImplemented: so says the script" err
	[[ ! -s rejects ]]
	(($(requests) <= 9))
}

@test "AWS_RESPONSE_CHECKSUM_VALIDATION, and response_checksum_validation of the profile" {
	hostile <<< "OBJECTS = {'a': b'1'}$SERVE"$'\nanswer = serve'
	run_tool 0 s3get --stdout s3://bkt/a
	AWS_RESPONSE_CHECKSUM_VALIDATION=when_supported run_tool 0 s3get --stdout s3://bkt/a
	[[ $(grep -c 'x-amz-checksum-mode: ENABLED' "$LOG") == 2 ]]
	AWS_RESPONSE_CHECKSUM_VALIDATION=when_required run_tool 0 s3get --stdout s3://bkt/a
	mkdir "$HOME/.aws"
	printf '[default]\nresponse_checksum_validation = When_Required\n' > "$HOME/.aws/config"
	run_tool 0 s3get --stdout s3://bkt/a
	[[ $(grep -c 'x-amz-checksum-mode' "$LOG") == 2 && $(requests) == 4 ]]
	AWS_RESPONSE_CHECKSUM_VALIDATION=when_supported run_tool 0 s3get --stdout s3://bkt/a
	[[ $(grep -c 'x-amz-checksum-mode' "$LOG") == 3 ]]
	AWS_RESPONSE_CHECKSUM_VALIDATION=always run_tool 2 s3get --stdout s3://bkt/a
	says "AWS_RESPONSE_CHECKSUM_VALIDATION='always': not when_supported or when_required"
}

# ---- storing --------------------------------------------------------------------------------------------------

# A server that stores: objects in STORED, parts in PARTS. shown(key) is the ETag that HEAD shows.
readonly STORE="$SERVE"'
import re
STORED, PARTS = {}, {}
def shown(key):
    return tag(STORED[key][0])
def condition(r, key):
    if r.headers.get("if-none-match") == "*" and key in STORED:
        return refusal("412 Precondition Failed", "PreconditionFailed")
    wanted = r.headers.get("if-match")
    if wanted and (key not in STORED or shown(key) != wanted):
        return refusal("412 Precondition Failed", "PreconditionFailed")
def head_of(r):
    return {k: v for k, v in r.headers.items() if k.startswith("x-amz-meta-")}
def store(r, **more):
    key = r.path.partition("/bkt/")[2]
    if r.method == "PUT" and "partNumber" in r.query:
        PARTS[int(r.query["partNumber"])] = r.body
        return reply(**{"ETag": tag(r.body), **more})
    if r.method == "POST" and "uploads" in r.query:
        META[key] = head_of(r)
        return reply(b"<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>")
    if r.method == "POST":
        refused = condition(r, key)
        if refused:
            return refused
        STORED[key] = (b"".join(PARTS[n] for n in sorted(PARTS)), META[key])
        return reply(b"<CompleteMultipartUploadResult><ETag>\"" + COMPLETED(key) + b"\"</ETag></CompleteMultipartUploadResult>")
    if r.method == "DELETE":
        PARTS.clear()
        return refusal("404 Not Found", "NoSuchUpload") if GONE else reply(status="204 No Content")
    if r.method == "PUT":
        refused = condition(r, key)
        if refused:
            return refused
        STORED[key] = (r.body, head_of(r))
        return reply(**{"ETag": shown(key), **more})
    if not key:
        return reply(b"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>")
    if key not in STORED:
        return refusal("404 Not Found", "NoSuchKey") if r.method == "GET" else reply(status="404 Not Found", **ID)
    body, meta = STORED[key]
    if r.method == "HEAD":
        return reply(ETag=shown(key), Content_Length=len(body), **meta)
    return reply(body, ETag=shown(key))
def COMPLETED(key):
    parts = [hashlib.md5(PARTS[n]).digest() for n in sorted(PARTS)]
    return hashlib.md5(b"".join(parts)).hexdigest().encode() + b"-%d" % len(parts)
META, ID, GONE = {}, {"x_amz_request_id": "1"}, False
def has_condition(r):
    return r.method in ("PUT", "POST") and ("if-match" in r.headers or "if-none-match" in r.headers)
'

# asked METHOD: how many requests with it.
asked() {
	grep -c "^b'$1 " "$LOG" || true
}

etag_of_out() {
	grep -o '"etag":"[^"]*' out | cut -c 9-
}

@test "s3put: a 412 without S3's word is asked again, and no object of somebody else" {
	echo x > file
	unset AWS_MAX_ATTEMPTS
	for option in --if-none-match "--if-match=$(md5 y)"; do
		hostile <<< "$STORE"'
STORED["k"] = (b"y", {})
if "'"$option"'" == "--if-none-match":
    STORED.clear()
answer = lambda r: reply(b"<html>412</html>", "412 Precondition Failed") if has_condition(r) else store(r)'
		run_tool 1 s3put "$option" file s3://bkt/k
		says "s3put: s3://bkt/k: 412 Precondition Failed after 4 tries"
	done
	hostile <<< "$STORE"'
answer = lambda r: reply(b"<html>412</html>", "412 Precondition Failed") if has_condition(r) and r.n < 3 else store(r)'
	run_tool 0 s3put --if-none-match file s3://bkt/k
	silent
}

@test "s3put: a conflict is tried again, in one piece and in parts" {
	echo x > small
	head -c 6000000 /dev/zero > large
	local file code
	for file in small large; do
		for code in ConditionalRequestConflict OperationAborted; do
			hostile <<< "$STORE"'
seen = []
def answer(r):
    if has_condition(r) and not seen:
        seen.append(r)
        return refusal("409 Conflict", "'$code'")
    return store(r)'
			run_tool 0 s3put --if-none-match --part-size 5M $file s3://bkt/k
			silent
		done
	done
}

@test "s3put: a server that does not know conditions: HEAD looks, and what it finds counts" {
	echo x > small
	head -c 6000000 /dev/zero > large
	local file reply
	for reply in 'refusal("501 Not Implemented", "NotImplemented")' 'reply(b"no", "501 Not Implemented")' \
		'refusal("400 Bad Request", "NotImplemented")'; do
		for file in small large; do
			hostile <<< "$STORE"'
answer = lambda r: '"$reply"' if has_condition(r) else store(r)'
			run_tool 0 s3put --if-none-match --part-size 5M $file s3://bkt/k
			silent
			# refused once, not lost: nothing was asked again
			[[ $(grep -ci 'if-none-match' "$LOG") == 1 ]]
			etag=$(etag_of_out)
			# ours, another's, and the one that is to be replaced
			run_tool 0 s3put --if-none-match --part-size 5M small s3://bkt/k2
			run_tool 0 s3put --if-none-match --part-size 5M small s3://bkt/k2
			grep -F '"existed":true' out
			run_tool 1 s3put --if-none-match --part-size 5M large s3://bkt/k2
			says "s3put: s3://bkt/k2: another object exists there already"
			run_tool 1 s3put --if-match "$(md5 other)" --part-size 5M large s3://bkt/k2
			says "s3put: s3://bkt/k2: changed since its ETag was"
			run_tool 0 s3put --if-match "$etag" --part-size 5M $file s3://bkt/k
		done
	done
	# an object that comes between the first HEAD and the refusal
	for file in small large; do
		hostile <<< "$STORE"'
def answer(r):
    if has_condition(r):
        STORED["k"] = (b"of another", {})
        return refusal("501 Not Implemented", "NotImplemented")
    return store(r)'
		run_tool 1 s3put --if-none-match --part-size 5M $file s3://bkt/k
		says "s3put: s3://bkt/k: another object exists there already"
		[[ $file == small || $(asked DELETE) == 1 ]]
	done
}

@test "s3put: a HEAD answered with 404 by a proxy is no missing object" {
	echo x > file
	unset AWS_MAX_ATTEMPTS
	# with S3's own id, or with its word to a GET
	hostile <<< "$STORE"$'\nanswer = store'
	run_tool 0 s3put --if-none-match file s3://bkt/k
	[[ $(asked GET) == 0 && $(asked PUT) == 1 ]]
	hostile <<< "$STORE"$'\nID = {}\nanswer = store'
	run_tool 0 s3put --if-none-match file s3://bkt/k
	[[ $(asked GET) == 1 && $(asked PUT) == 1 ]]
	# a proxy that answers so to both, or to HEAD only
	hostile <<< "$STORE"$'\nanswer = lambda r: reply(b"" if r.method == "HEAD" else b"no route", "404 Not Found") if r.method != "PUT" else store(r)'
	run_tool 1 s3put --if-none-match file s3://bkt/k
	says "s3put: s3://bkt/k: 404 Not Found after 4 tries"
	[[ $(asked PUT) == 0 ]]
	hostile <<< "$STORE"$'\nSTORED["k"] = (b"y", {})\nanswer = lambda r: reply(status="404 Not Found") if r.method == "HEAD" else store(r)'
	run_tool 1 s3put --if-none-match file s3://bkt/k
	says "s3put: s3://bkt/k: HEAD answers 404, but GET 200"
	[[ $(asked PUT) == 0 ]]
}

@test "s3put: an answer without an ETag is settled by HEAD" {
	echo x > file
	local etag
	for etag in 'None' "'\"\"'"; do
		hostile <<< "$STORE"'
answer = lambda r: store(r, ETag='"$etag"') if r.method == "PUT" else store(r)'
		for option in '' --if-none-match; do
			# shellcheck disable=SC2086
			run_tool 0 s3put $option file "s3://bkt/k$option"
			silent
			[[ $(etag_of_out) == $(md5sum < file | cut -c 1-32) ]]
			lacks existed out
		done
		[[ $(asked PUT) == 2 ]]
		run_tool 0 s3put --metadata sheaf-crc32c=01234567 file s3://bkt/meta
	done
	# a page that stores nothing, once and for ever
	hostile <<< "$STORE"$'\nanswer = lambda r: reply(b"<html>sign in</html>") if r.method == "PUT" and r.n == 0 else store(r)'
	run_tool 0 s3put file s3://bkt/k
	[[ $(asked PUT) == 2 ]]
	hostile <<< "$STORE"$'\nanswer = lambda r: reply(b"<html>sign in</html>") if r.method == "PUT" else store(r)'
	run_tool 1 s3put file s3://bkt/k
	says "s3put: s3://bkt/k: 200 answer without an ETag"
	hostile <<< "answer = lambda r: reply(b'<html>sign in</html>')"
	run_tool 1 s3put file s3://bkt/k
	says "s3put: s3://bkt/k: 200 answer without an ETag"
	# parts: their MD5s stand for their ETags
	head -c 11000000 /dev/urandom > large
	hostile <<< "$STORE"$'\nanswer = lambda r: store(r, ETag=None) if r.method == "PUT" else store(r)'
	run_tool 0 s3put --part-size 5M large s3://bkt/k
	silent
	[[ $(asked PUT) == 6 ]]
}

@test "s3put: the ETag that is told is the one that HEAD shows" {
	echo x > small
	head -c 6000000 /dev/urandom > large
	hostile <<< "$STORE"'
shown = lambda key: "\"shown-later-%d\"" % len(STORED[key][0])
answer = lambda r: store(r, ETag="\"said-first\"") if r.method == "PUT" and "partNumber" not in r.query else store(r)'
	run_tool 0 s3put small s3://bkt/k
	[[ $(etag_of_out) == shown-later-2 ]]
	run_tool 0 s3put --part-size 5M large s3://bkt/k
	[[ $(etag_of_out) == shown-later-6000000 ]]
	# the MD5 is what HEAD shows, too: it is not asked; after parts it is, once
	hostile <<< "$STORE"$'\nanswer = store'
	run_tool 0 s3put small s3://bkt/k
	[[ $(asked HEAD) == 0 ]]
	run_tool 0 s3put --part-size 5M large s3://bkt/k
	[[ $(etag_of_out) == $(md5sum < large | cut -c 1-32) && $(asked HEAD) == 1 ]]
}

@test "s3put: ETags that look like MD5s and are none: what was stored is read back, unless --no-md5" {
	echo x > small
	head -c 11000000 /dev/urandom > large
	for file in small large; do
		hostile <<< "$STORE"'
tag = lambda body: "\"" + hashlib.md5(body + b"salt").hexdigest() + "\""
answer = store'
		run_tool 0 s3put --part-size 5M $file s3://bkt/k
		silent
		[[ $(asked GET) == 1 ]]
		run_tool 0 s3put --no-md5 --part-size 5M $file s3://bkt/k
		silent
		[[ $(asked GET) == 1 ]]
		# a server that stores other bytes, and tells by their ETag
		hostile <<< "$STORE"'
def answer(r):
    if r.method == "PUT":
        r.body = b"!" + r.body[1:]
    return store(r)'
		run_tool 1 s3put --part-size 5M $file s3://bkt/k
		says "s3put: s3://bkt/k: stored with ETag " ", and what comes back is not what was sent"
	done
	# a part that was broken on its way once
	hostile <<< "$STORE"'
def answer(r):
    if r.method == "PUT" and r.n == 2:
        r.body = b"!" + r.body[1:]
    return store(r)'
	run_tool 0 s3put --connections 1 --part-size 5M large s3://bkt/k
	silent
	[[ $(asked GET) == 0 && $(asked PUT) == 4 ]]
}

@test "s3put: weak ETags of a server, with which If-Match never matches" {
	echo x > small
	head -c 6000000 /dev/urandom > large
	hostile <<< "$STORE"'
STORED["k"] = (b"old", {})
weak = tag
tag = lambda body: "W/" + weak(body)
answer = store'
	run_tool 0 s3put --if-match "$(md5 old)" small s3://bkt/k
	silent
	run_tool 0 s3put --if-match "$(md5sum < small | cut -c 1-32)" --part-size 5M large s3://bkt/k
	silent
	run_tool 1 s3put --if-match "$(md5 old)" small s3://bkt/k
	says "s3put: s3://bkt/k: changed since its ETag was"
}

@test "s3put: an upload in parts that another has made meanwhile is aborted" {
	head -c 6000000 /dev/urandom > large
	hostile <<< "$STORE"'
def answer(r):
    if r.method == "POST" and has_condition(r):
        STORED["k"] = (b"".join(PARTS[n] for n in sorted(PARTS)), META["k"])
    return store(r)'
	run_tool 0 s3put --metadata sheaf-crc32c=01234567 --if-none-match --part-size 5M large s3://bkt/k
	grep -F '"existed":true' out
	[[ $(asked DELETE) == 1 ]]
}

@test "s3put: only S3's word says that an upload is gone" {
	head -c 6000000 /dev/urandom > large
	hostile <<< "$STORE"'
def answer(r):
    if r.method == "DELETE":
        return reply(b"no route", "404 Not Found")
    if r.method == "POST" and "uploads" not in r.query:
        return refusal("403 Forbidden", "AccessDenied")
    return store(r)'
	run_tool 1 s3put --part-size 5M large s3://bkt/k
	grep -F "the unfinished multipart upload u1 could not be aborted: s3://bkt/k: 404 Not Found after 2 tries" err
	hostile <<< "$STORE"'
GONE = True
def answer(r):
    if r.method == "POST" and "uploads" not in r.query:
        return refusal("403 Forbidden", "AccessDenied")
    return store(r)'
	run_tool 1 s3put --part-size 5M large s3://bkt/k
	says "s3put: s3://bkt/k: 403 AccessDenied"
}

@test "s3put: 501 is a refusal, not a lost answer: no upload is looked for, nothing is sent again" {
	head -c 6000000 /dev/zero > large
	hostile <<< "$STORE"'
answer = lambda r: refusal("501 Not Implemented", "NotImplemented") if r.method == "POST" else store(r)'
	run_tool 1 s3put --part-size 5M large s3://bkt/k
	says "s3put: s3://bkt/k: 501 NotImplemented: so says the script"
	[[ $(requests) == 1 ]]
}

@test "s3put --only-writer: the listing of uploads is read to the key's end, without max-uploads" {
	head -c 6000000 /dev/zero > large
	hostile <<< "$STORE"'
OPEN = [("k", f"id {i}".replace(" ", "-")) for i in range(23)] + [("k-other", f"o{i}") for i in range(9)]
def answer(r):
    if r.method == "GET" and "uploads" in r.query:
        if "max-uploads" in r.query:
            return refusal("501 Not Implemented", "NotImplemented")
        after = (r.query.get("key-marker", ""), r.query.get("upload-id-marker", ""))
        rest = [u for u in sorted(OPEN) if u > after]
        page, more = rest[:5], len(rest) > 5
        text = "".join(f"<Upload><Key>{k}</Key><UploadId>{i}</UploadId></Upload>" for k, i in page)
        text += f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        if more:
            text += f"<NextKeyMarker>{page[-1][0]}</NextKeyMarker><NextUploadIdMarker>{page[-1][1]}</NextUploadIdMarker>"
        return reply(f"<ListMultipartUploadsResult>{text}</ListMultipartUploadsResult>".encode())
    return store(r)'
	run_tool 0 s3put --only-writer --part-size 5M large s3://bkt/k
	silent
	[[ $(asked DELETE) == 23 && $(grep -c 'uploads=' "$LOG") == 6 ]]
	lacks 'DELETE.*uploadId=o' "$LOG"
}

@test "s3put --only-writer: a listing of uploads that does not go on ends" {
	head -c 6000000 /dev/zero > large
	hostile <<< "$STORE"'
def answer(r):
    if r.method == "GET" and "uploads" in r.query:
        return reply(b"<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>"
                     b"<NextUploadIdMarker>x</NextUploadIdMarker></ListMultipartUploadsResult>")
    return store(r)'
	run_tool 0 s3put --only-writer --part-size 5M large s3://bkt/k
	[[ $(grep -c '&uploads=' "$LOG") == 1 ]]
}

# ---- the pipeline ---------------------------------------------------------------------------------------------

# The server of STORE lists, too: 12 objects below in/, and what is stored below out/.
readonly LISTS="$STORE"'
for i in range(12):
    STORED[f"in/{i:02}.csv"] = (b"id,n\n%d,%d\n" % (i, 7 * i), {})
def served(r, **more):
    if r.method != "GET" or "list-type" not in r.query:
        return store(r, **more)
    keys = sorted(k for k in STORED if k.startswith(r.query.get("prefix", "")) and k > r.query.get("start-after", ""))
    return listing(*(item(k, len(STORED[k][0]), shown(k)) for k in keys))
'

pipeline() { # STATUS TARGET [SETTING...]
	run_tool "$1" make -s -f "$ROOT/pipeline.mk" "${@:2}" SRC=s3://bkt/in/ DEST=s3://bkt/out/ WORK="$TMP/work" BATCH=5 JOBS=2 PROGRESS=0
}

# whole_job [SETTING...]: merge, verify in all ways, refresh, and the rows are right.
whole_job() {
	local i
	pipeline 0 merge ONE=1 "$@"
	for ((i = 0; i < 12; i++)); do
		echo "$i,$((7 * i))"
	done > want
	cat work/merged/0000[012].csv | grep -v '^id' > got
	same want got
	pipeline 0 verify DEEP=1 SOURCE=1 ONE=1 "$@"
	pipeline 0 merge ONE=1 "$@"
	printf 'id,n\n3,99\n' > changed
	run_tool 0 s3put changed s3://bkt/in/03.csv
	pipeline 0 refresh ONE=1 "$@"
	grep -F '1 changed' out
	pipeline 0 merge ONE=1 "$@"
	grep -xF 3,99 work/merged/00000.csv
	pipeline 0 verify DEEP=1 SOURCE=1 ONE=1 "$@"
	rm -rf work
	pipeline 0 verify DEEP=1 "$@"
	pipeline 2 merge "$@"
	grep -F 'belongs to another run' err
}

@test "the whole job on a server that knows neither conditions nor checksums nor lengths" {
	hostile <<< "$LISTS"'
def answer(r):
    if has_condition(r) or "x-amz-checksum-mode" in r.headers or "max-uploads" in r.query:
        return refusal("501 Not Implemented", "NotImplemented")
    if r.method != "GET" or "list-type" in r.query or r.path.partition("/bkt/")[2] not in STORED:
        return served(r)
    body = STORED[r.path.partition("/bkt/")[2]][0]
    return reply(b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n" if body else b"0\r\n\r\n", ETag=tag(body),
                 Content_Length=None, Transfer_Encoding="chunked")'
	whole_job
}

@test "the whole job on a server whose ETags look like MD5s and are none" {
	hostile <<< "$LISTS"'
tag = lambda body: "\"" + hashlib.md5(body + b"salt").hexdigest() + "\""
answer = served'
	pipeline 2 merge
	grep -F "(--no-md5 is for servers whose ETags are no MD5s)" err
	rm -rf work
	hostile <<< "$LISTS"'
tag = lambda body: "\"" + hashlib.md5(body + b"salt").hexdigest() + "\""
answer = served'
	whole_job S3GET_FLAGS=--no-md5
}

@test "the whole job behind a proxy that makes ETags weak" {
	hostile <<< "$LISTS"'
weak = tag
tag = lambda body: "W/" + weak(body)
answer = lambda r: refusal("412 No", "PreconditionFailed") if r.method == "GET" and "if-match" in r.headers else served(r)'
	whole_job
}

@test "REJECTS=1: a proxy that loses its way fails the run, and nothing is left out" {
	local answer
	for answer in 'reply(b"default backend - 404", "404 Not Found")' 'refusal("404 Not Found", "XUserNotFound")' \
		'reply(b"<html>412</html>", "412 Precondition Failed")' 'reply(b"\x1f\x8b", ETag=shown(r.path[5:]))'; do
		hostile <<< "$LISTS"'
answer = lambda r: '"$answer"' if r.method == "GET" and r.path.startswith("/bkt/in/") else served(r)'
		pipeline 2 merge REJECTS=1
		[[ ! -s work/rejects.tsv && ! -e work/put/00000.json ]]
		# the proxy is mended, and the same command goes on
		cat > mended <<< "$LISTS"$'\nanswer = served'
		hostile < mended
		pipeline 0 merge REJECTS=1
		[[ $(cat work/merged/0000[012].csv | grep -vc '^id') == 12 ]]
		rm -rf work
	done
}

@test "REJECTS=1: an object that has changed is left out, also where the server ignores If-Match" {
	hostile <<< "$LISTS"'
def answer(r):
    if r.method == "GET" and "list-type" not in r.query and r.path.startswith("/bkt/in/"):
        STORED["in/03.csv"] = (b"id,n\n3,99\n", {})
    return served(r)'
	pipeline 0 merge REJECTS=1
	[[ $(cut -f 1-2 work/rejects.tsv) == $'s3://bkt/in/03.csv\tchanged since it was listed' ]]
	[[ $(cat work/merged/0000[012].csv | grep -vc '^id') == 11 ]]
}
