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
