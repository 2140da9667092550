#!/usr/bin/env bats
# servers: s3d
# time limit: 600
# A server that answers what it should not (hostile-s3.py): nothing of it is believed, nothing is sent elsewhere, everything ends.
load helpers
load hostile

# ---- regions --------------------------------------------------------------------------------------------------

@test "a region that is not one is not followed, whether a header or a document names it" {
	local region
	for region in 'y.attack.example/' 'eu_west_1' 'EU-WEST-1' '-eu' 'eu-' 'eu west' 'a@b' "$(printf 'r%.0s' {1..64})"; do
		hostile <<< "answer = lambda r: reply(status='301 Moved', x_amz_bucket_region='$region')"
		run_tool 1 s3get --stdout s3://bkt/k
		says "s3get: s3://bkt/k: 301" "not followed to region '$region': not the name of a region"
		[[ $(requests) == 1 ]]
		hostile <<< "answer = lambda r: reply(b'<Error><Code>AuthorizationHeaderMalformed</Code><Region>$region</Region></Error>', '400 Bad')"
		run_tool 1 s3get --stdout s3://bkt/k
		says "not followed to region '$region'"
		[[ $(requests) == 1 ]]
	done
}

@test "a region with a line end in it adds nothing to a request, and is shown escaped" {
	hostile <<- 'E'
		answer = lambda r: reply(b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>q&#13;&#10;X-Extra: 7&#13;&#10;</Region></Error>", "400 Bad")
	E
	run_tool 1 s3ls s3://bkt/
	says "not followed to region 'q\\x0d\\x0aX-Extra: 7\\x0d\\x0a'"
	lacks 'X-Extra' "$LOG"
	printf 'x' > file
	run_tool 1 s3put file s3://bkt/k
	lacks 'X-Extra' "$LOG"
}

@test "a region that is one is followed, for that bucket only" {
	hostile <<- 'E'
		def answer(r):
		    if "/other" in r.path or "/eu-west-1/" in r.headers["authorization"]:
		        return reply(b"body", ETag='"t-1"')
		    return reply(status="301 Moved", x_amz_bucket_region="eu-west-1")
	E
	run_tool 0 s3get --stdout s3://bkt/k s3://other/k
	[[ $output == bodybody ]]
	[[ $(grep -c "'GET /bkt/k.*/eu-west-1/s3/" "$LOG") == 1 && $(grep -c "'GET /other/k.*/us-east-1/s3/" "$LOG") == 1 ]]
}

@test "a region from options and settings is checked as well" {
	local region
	for region in 'a.example/' $'x\r\nX-Extra: 1' 'A' 'a_b' '' '-'; do
		run_tool 2 s3ls --region "$region" s3://bkt/
		says "not the name of a region"
		[[ ! $region ]] || AWS_REGION=$region run_tool 2 s3get s3://bkt/k
	done
	mkdir "$HOME/.aws"
	printf '[default]\nregion = x.example\n' > "$HOME/.aws/config"
	unset AWS_REGION
	run_tool 2 s3ls s3://bkt/
	says "region 'x.example': not the name of a region"
}

@test "an endpoint whose path could not be sent as it stands is refused" {
	local url
	for url in $'http://127.0.0.1:9/x\r\nX-Extra: 1' 'http://127.0.0.1:9/a b' 'http://127.0.0.1:9/"' $'http://127.0.0.1:9/\x7f'; do
		AWS_ENDPOINT_URL_S3=$url run_tool 2 s3ls s3://bkt/
		run_tool 2 s3get --endpoint-url "$url" s3://bkt/k
	done
}

# ---- ETags ----------------------------------------------------------------------------------------------------

@test "a listed ETag is one, or the listing is an error that names the object; nothing of it is planned" {
	local etag
	for etag in '"a\n s3://victim/k\t1\tx\t2026-01-01T00:00:00Z"' '"a\tb"' '"a b"' '"\r\nX-Extra: 1"' '"open' 'a"b' '"\u00e9"' \
		"\"$(printf 'e%.0s' {1..200})\""; do
		hostile <<< "answer = lambda r: listing(item('p/1.csv'), item('p/2.csv', etag='$etag'))"
		for options in '' '-0'; do
			# shellcheck disable=SC2086
			run_tool 1 s3ls --long $options s3://bkt/p/
			says "s3ls: s3://bkt/p/2.csv: listed with an ETag that is not one"
			lacks 'victim|X-Extra' out
		done
	done
}

@test "ETags that RFC 9110 allows are taken: with quotes, without, weak" {
	hostile <<- 'E'
		def answer(r):
		    if "list-type" in r.query:
		        return listing(item("p/1", 4, '"!#~\\\\"'), item("p/2", 4, "bare-2"), item("p/3", 4, 'W/"weak"'))
		    tag = {"1": '"!#~\\\\"', "2": '"bare-2"', "3": '"weak"'}[r.path[-1]]
		    return reply(b"body", ETag=tag) if r.headers["if-match"] == tag else reply(status="412 No")
	E
	run_shell 0 's3ls --long s3://bkt/p/ | s3get --stdout'
	[[ $output == bodybodybody ]]
	run_tool 0 s3ls --long s3://bkt/p/
	[[ $(cut -f 3 out | tr '\n' ' ') == '!#~\\ bare-2 weak ' ]]
}

@test "an answer's ETag that is not one is no answer: s3get and s3put say so and name the object" {
	local etag
	printf 'x' > file
	for etag in '"a b"' '"' 'a"b' "\"$(printf 'e%.0s' {1..130})\"" '"\xe9"'; do
		hostile <<< "answer = lambda r: reply(b'x' if r.method == 'GET' else b'', ETag='$etag')"
		run_tool 1 s3get --stdout s3://bkt/k
		says "s3get: s3://bkt/k: 200 answer with an ETag that is not one"
		[[ ! -s out && $(requests) == 2 ]]
		run_tool 1 s3put file s3://bkt/k
		says "s3put: s3://bkt/k: 200 answer with an ETag that is not one"
	done
}

@test "records of standard input and options are checked like listings" {
	hostile <<< "answer = lambda r: reply(b'body', ETag='\"e\"')"
	run_shell 1 $'printf "s3://bkt/k\t4\ta\\rX-Extra: 1\t2026-01-01T00:00:00Z\n" | s3get --stdout'
	says "record 1: s3://bkt/k: the ETag is not one"
	run_shell 1 $'printf "s3://bkt/k\t4\ta\\r\\nX-Extra: 1\t2026-01-01T00:00:00Z\\0" | s3get -0 --stdout'
	says "record 1: s3://bkt/k: the ETag is not one"
	run_shell 1 $'printf "s3://bkt/k\t4\te\tyesterday\n" | s3get --stdout'
	says "record 1: s3://bkt/k: the time is not one"
	run_shell 1 $'printf "s3://bkt/k\t4x\te\n" | s3get --stdout'
	says "record 1: s3://bkt/k: the field after the URI is not a size"
	[[ $(requests) == 0 ]]
	printf 'x' > file
	for etag in $'a\nb' 'a b' '"' '' $'\xff'; do
		run_tool 2 s3put --if-match "$etag" file s3://bkt/k
		says "--if-match"
	done
}

# ---- listings -------------------------------------------------------------------------------------------------

@test "a key outside the prefix, without bytes or too long is an error that names it" {
	hostile <<< "answer = lambda r: listing(item('logs/a'), item('other/secret'))"
	run_tool 1 s3ls s3://bkt/logs/
	says "s3ls: s3://bkt/other/secret: listed, but it does not begin with 'logs/'"
	hostile <<< "answer = lambda r: listing(item(''))"
	run_tool 1 s3ls s3://bkt/
	says "s3ls: s3://bkt/: listed an object without a key"
	hostile <<< "answer = lambda r: listing(item('a' * 1025))"
	run_tool 1 s3ls s3://bkt/a
	says "key longer than 1024 bytes"
	hostile <<< "answer = lambda r: listing(item('a' * 1024))"
	run_tool 0 s3ls s3://bkt/a
}

@test "LastModified is a time, in UTC once it is printed" {
	for time in 'soon' '2026-01-01T00:00:00Z\ns3://victim/k' '2026-13-01T00:00:00Z' '\x1b[31m'; do
		hostile <<< "answer = lambda r: listing(item('k', time='${time/\\x1b/[}'))"
		run_tool 1 s3ls --long s3://bkt/
		says "s3ls: s3://bkt/k: listed with a LastModified that is not a time"
	done
	hostile <<< "answer = lambda r: listing(item('1'), item('2', time='2026-01-01T02:00:00+02:00'), item('3', time='2026-01-01T00:00:00Z'))"
	run_tool 0 s3ls --long s3://bkt/
	[[ $(cut -f 4 out) == $'2026-01-01T00:00:00.000Z\n2026-01-01T00:00:00Z\n2026-01-01T00:00:00Z' ]]
	hostile <<< "answer = lambda r: listing(item('j'), item('k', 7, time=None), item('l', time=''))"
	run_tool 0 s3ls --long s3://bkt/
	silent
	[[ $output == $'s3://bkt/j\t4\te-1\t2026-01-01T00:00:00.000Z\ns3://bkt/k\t7\te-1\t\ns3://bkt/l\t4\te-1\t' ]]
}

@test "an object without a size is an error that names it, if its size is asked for; a folder marker has none" {
	local size
	for size in None '""' '"-2"' '"4 B"' '"9223372036854775808"'; do
		hostile <<< "answer = lambda r: listing(item('a.csv'), item('k.csv', $size), item('l.txt', $size))"
		run_tool 1 s3ls --long s3://bkt/
		says "s3ls: s3://bkt/k.csv: listed without a Size"
		run_tool 0 s3ls s3://bkt/
		[[ $(wc -l < out) == 3 ]]
		hostile <<< "answer = lambda r: listing(item('a.csv'), item('d/', $size), item('l.txt', $size))"
		run_tool 0 s3ls --long --exclude '*.txt' s3://bkt/
		[[ $(cut -f 1,2 out) == $'s3://bkt/a.csv\t4\ns3://bkt/d/\t0' ]]
	done
}

@test "a listing that never ends, does" {
	hostile <<< "answer = lambda r: listing(token='new-%d' % r.n)"
	run_tool 1 s3ls --connections 1 s3://bkt/p/
	says "s3ls: s3://bkt/p/: the listing never ends: 1000 pages in a row without a key"
	[[ $(requests) == 1000 ]]
	for tokens in 'xy' 'x' 'pqrst'; do
		hostile <<< "answer = lambda r: listing(token='$tokens'[r.n % ${#tokens}])"
		run_tool 1 s3ls s3://bkt/p/
		says "s3ls: s3://bkt/p/: the listing never ends: its continuation tokens repeat"
		(($(requests) < 30))
	done
	hostile <<< "answer = lambda r: listing(item('p/%09d' % r.n), token='xy'[r.n % 2])" # with keys that ascend
	run_tool 1 s3ls --connections 1 s3://bkt/p/
	says "its continuation tokens repeat"
	(($(requests) < 30))
	hostile <<< "answer = lambda r: listing(item('p/1'), token='t' * 5000)"
	run_tool 1 s3ls s3://bkt/p/
	says "s3ls: s3://bkt/p/: the listing has a continuation token longer than 4096 bytes"
	hostile <<< "answer = lambda r: listing(token='')"
	run_tool 1 s3ls s3://bkt/p/
	says "s3ls: s3://bkt/p/: the listing is truncated but does not say where it continues"
}

@test "999 pages without a key are none too many" {
	hostile <<< "answer = lambda r: listing(token='%d' % r.n) if r.n < 999 else listing(item('p/k'))"
	run_tool 0 s3ls --connections 1 s3://bkt/p/
	[[ $output == s3://bkt/p/k && $(requests) == 1000 ]]
}

@test "an answer that does not end takes little memory, and is given up" {
	hostile <<- 'E'
		def answer(r):
		    yield b"HTTP/1.1 %s\r\n\r\n<ListBucketResult><!--" % (b"200 OK" if "ok" in r.path else b"404 Not Found")
		    while True:
		        yield b"x" * 65536
	E
	run_tool 1 s3ls --connections 1 --stats stats s3://ok/
	says "s3ls: s3://ok/: 200 answer longer than 8388608 bytes"
	[[ $(< stats) =~ \"maxrss_kb\":([0-9]+) ]]
	((BASH_REMATCH[1] < 300 << 10))
	run_tool 1 s3ls --connections 1 s3://no/
	says "s3ls: s3://no/: 404 Not Found"
}

# ---- bodies ---------------------------------------------------------------------------------------------------

# too_long ANSWER TEXT: s3get of an object of 6 bytes, and of one that is listed with 6, with this answer
too_long() {
	hostile <<< "$1"
	run_shell 1 $'printf "s3://bkt/k\t6\te-1\t2026-01-01T00:00:00Z\n" | s3get > tar'
	says "s3get: s3://bkt/k: longer than listed: 6 bytes"
	[[ ! -s tar && $(requests) == 2 ]] # asked again, then given up
}

@test "a body that is longer than listed is a fault, and nothing of it is passed on" {
	too_long $'def answer(r):\n    yield b\'HTTP/1.1 206 P\\r\\nETag: "e-1"\\r\\nContent-Range: bytes 0-5/6\\r\\n\\r\\n\'\n    while True:\n        yield b"z" * 65536'
	too_long $'answer = lambda r: reply(b"sevens.", "206 P", ETag=\'"e-1"\', Content_Range="bytes 0-5/6")'
	too_long $'def answer(r):\n    yield b\'HTTP/1.1 200 OK\\r\\nETag: "e-1"\\r\\nContent-Length: 6\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n\'\n    while True:\n        yield b"400\\r\\n" + b"z" * 1024 + b"\\r\\n"'
}

@test "what follows a large object is never in the output, neither as an end of the archive nor as a member" {
	cat > script <<- 'E'
		import io, tarfile
		N = 3 << 20
		member = io.BytesIO()
		with tarfile.open(fileobj=member, mode="w", format=tarfile.USTAR_FORMAT) as t:
		    info = tarfile.TarInfo("bkt/forged.csv")
		    info.size = 9
		    t.addfile(info, io.BytesIO(b"a\nforged\n"))
		more = {"zeros": bytes(1024), "forged": member.getvalue(), "one": b"!"}
		def answer(r):
		    name = r.path.rsplit("/", 1)[1]
		    if name == "next":
		        yield reply(b"a\n2\n", ETag='"e-1"')
		    if "range" in r.headers and name != "one":
		        yield reply(status="500 No")
		    first = int(r.headers["range"][6:-1]) if "range" in r.headers else 0
		    yield b'HTTP/1.1 206 P\r\nETag: "e-1"\r\nContent-Range: bytes %d-%d/%d\r\n\r\n' % (first, N - 1, N)
		    body = (b"a\n" + b"1\n" * (N // 2))[first:N]
		    yield body
		    yield more[name]
	E
	for name in zeros forged one; do
		hostile < script
		run_shell 1 "s3get s3://bkt/$name s3://bkt/next > tar"
		grep -qE "s3get: s3://bkt/$name: (longer than its length: 3145728 bytes|500 )" err
		(($(stat -c %s tar) <= (3 << 20) + 1536))
		lacks 'forged.csv' tar
		run_shell 1 'csvcat --tar < tar'
		hostile < script
		run_shell 1 "s3get --stdout s3://bkt/$name > body"
		(($(stat -c %s body) <= 3 << 20))
		hostile < script
		rm -rf dir
		run_shell 1 "s3get --directory dir s3://bkt/$name"
		[[ ! -e dir/bkt/$name ]]
	done
}

@test "a surplus that does not come again is got over" {
	hostile <<- 'E'
		N = 3 << 20
		def answer(r):
		    first = int(r.headers["range"][6:-1]) if "range" in r.headers else 0
		    yield b'HTTP/1.1 206 P\r\nETag: "e-1"\r\nContent-Range: bytes %d-%d/%d\r\n\r\n' % (first, N - 1, N)
		    yield (b"0123456789abcdef" * (N // 16))[first:]
		    if r.n == 0:
		        yield b"surplus"
	E
	run_shell 0 's3get --stdout s3://bkt/k > got'
	/usr/bin/python3 -c 'print("0123456789abcdef" * (3 << 16), end="")' > want
	same want got
}

@test "a size that changes while an object streams is an error" {
	hostile <<- 'E'
		N = 3 << 20
		def answer(r):
		    first = int(r.headers["range"][6:-1]) if "range" in r.headers else 0
		    total = N if r.n == 0 else 2 * N
		    yield b'HTTP/1.1 206 P\r\nETag: "e-1"\r\nContent-Range: bytes %d-%d/%d\r\n\r\n' % (first, total - 1, total)
		    yield (b"x" * total)[first:2 << 20 if r.n == 0 else total]
	E
	run_shell 1 's3get s3://bkt/k > tar'
	grep -qF 's3get: s3://bkt/k: changed while it was read (6291456 bytes, but 3145728 before)' err
	(($(stat -c %s tar) <= (3 << 20) + 1024))
}

@test "a storage class is a word where it is written to a file" {
	hostile <<- 'E'
		answer = lambda r: reply(b"<Error><Code>InvalidObjectState</Code><StorageClass>G&#10;s3://bkt/x&#9;not found</StorageClass></Error>", "403 No")
	E
	run_tool 3 s3get --stdout --rejects rejects s3://bkt/k
	[[ $(< rejects) == $'s3://bkt/k\tarchived (restore it first)' ]]
	hostile <<< "answer = lambda r: reply(b'<Error><Code>InvalidObjectState</Code></Error>', '403 No', x_amz_storage_class='DEEP_ARCHIVE')"
	run_tool 3 s3get --stdout --rejects rejects s3://bkt/k
	[[ $(< rejects) == $'s3://bkt/k\tarchived (DEEP_ARCHIVE)' ]]
}

@test "a key with a tab or a line feed adds no line and no field to --trace and --rejects" {
	hostile <<< "answer = lambda r: refusal('404 No', 'NoSuchKey') if 'gone' in r.path else reply(b'b', ETag='\"e\"')"
	run_shell 3 'printf "s3://bkt/a\ts3://bkt/x\n1\0s3://bkt/gone\n2\0" | s3get -0 --stdout --trace trace --rejects rejects'
	[[ $(cut -f 1-2 trace) == $'s3://bkt/a\\ts3://bkt/x\\n1\t200\ns3://bkt/gone\\n2\t404' ]]
	[[ $(< rejects) == $'s3://bkt/gone\\n2\tnot found' ]]
}

@test "keys and tokens of the environment that could not be in a header are refused" {
	hostile <<< "answer = lambda r: reply(b'b', ETag='\"e\"')"
	local name
	for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN; do
		run_tool 2 env "$name"=$'a\r\nX-Extra: 1' s3get --stdout s3://bkt/k
		says "environment: a key or token with a space or another character that keys never contain"
	done
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	export AWS_CONTAINER_CREDENTIALS_FULL_URI=$AWS_ENDPOINT_URL_S3/creds AWS_EC2_METADATA_DISABLED=true
	AWS_CONTAINER_AUTHORIZATION_TOKEN=$'t\r\nX-Extra: 1' run_tool 2 s3get --stdout s3://bkt/k
	says "AWS_CONTAINER_AUTHORIZATION_TOKEN: a character that tokens never contain"
	AWS_CONTAINER_CREDENTIALS_FULL_URI=$'http://127.0.0.1/\r\nX-Extra: 1' run_tool 2 s3get --stdout s3://bkt/k
	unset AWS_CONTAINER_CREDENTIALS_FULL_URI
	printf 'token' > token
	AWS_WEB_IDENTITY_TOKEN_FILE=token AWS_ROLE_ARN=arn:r AWS_ENDPOINT_URL_STS=$'http://127.0.0.1:9/\r\nX: 1' run_tool 2 s3get s3://bkt/k
	says "AWS_ENDPOINT_URL_STS: endpoint "
	[[ $(requests) == 0 ]]
}

# ---- uploads --------------------------------------------------------------------------------------------------

@test "an UploadId that is not one is not used" {
	head -c 6M /dev/zero > file
	for id in 'a b' 'x&#10;y' '' "$(printf 'i%.0s' {1..1025})" '&#233;'; do
		hostile <<- E
			def answer(r):
			    if r.method == "POST":
			        return reply(b"<InitiateMultipartUploadResult><UploadId>$id</UploadId></InitiateMultipartUploadResult>")
			    return reply(b"<ListMultipartUploadsResult></ListMultipartUploadsResult>", ETag='"x"')
		E
		run_tool 1 s3put --part-size 5M file s3://bkt/k
		grep -q 's3put: s3://bkt/k: 200 answer without a valid UploadId' err
		lacks 'PUT ' "$LOG"
	done
}

@test "the ETag of a part may be as long as ETags are, that of the whole must be one" {
	head -c 6M /dev/zero > file
	cat > script <<- 'E'
		def answer(r):
		    if "uploads" in r.query:
		        return reply(b"<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>")
		    if r.method == "PUT":
		        return reply(ETag='"%s"' % ("p" * 127))
		    assert b"<ETag>\"" + b"p" * 127 + b"\"</ETag>" in r.body.replace(b"&quot;", b'"')
		    return reply(b"<CompleteMultipartUploadResult><ETag>ETAG</ETag></CompleteMultipartUploadResult>")
	E
	hostile < <(sed 's/ETAG/done-2/' script)
	run_tool 0 s3put --part-size 5M file s3://bkt/k
	[[ $output == *'"etag":"done-2"'* ]]
	hostile < <(sed 's/ETAG/a\&#10;b/' script)
	run_tool 1 s3put --part-size 5M file s3://bkt/k
	says "s3put: s3://bkt/k: completed, but with an ETag that is not one"
}

# ---- terminals, memory ----------------------------------------------------------------------------------------

@test "s3ls escapes keys on a terminal, and nowhere else" {
	hostile <<< "answer = lambda r: listing(item('p/\u009b31m\u202e.csv'))"
	run_shell 0 'script --quiet --command "s3ls s3://bkt/p/" typescript < /dev/null > /dev/null; cat typescript'
	[[ $output == *'s3://bkt/p/\xc2\x9b31m\xe2\x80\xae.csv'* ]]
	run_tool 0 s3ls s3://bkt/p/
	[[ $output == $'s3://bkt/p/\xc2\x9b31m\xe2\x80\xae.csv' ]]
}

@test "no core is dumped of what holds secrets" {
	hostile <<- 'E'
		import time
		answer = lambda r: time.sleep(60) or b""
	E
	run_shell 139 'ulimit -c unlimited; s3get --stdout s3://bkt/k & pid=$!
		until grep -q GET hostile.log; do sleep 0.05; done
		grep "Max core file size" /proc/$pid/limits
		kill -SEGV $pid; wait $pid'
	grep -qE 'Max core file size +0 ' out
	[[ ! -e core ]]
}

@test "behind a proxy that flips and cuts bytes no program crashes or hangs, and none ends with 0 and a wrong byte" {
	TOOL_TIMEOUT=200 run_tool 0 "$ROOT/tests/flip" "$BIN" 500
	silent
	[[ $output =~ ^5[0-9][0-9]\ exchanges ]]
}
