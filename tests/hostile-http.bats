#!/usr/bin/env bats
# servers: s3d
# Servers that do not play by HTTP's rules, and values that would break them in our requests.
load helpers

setup() {
	fresh_environment
	export AWS_MAX_ATTEMPTS=1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=secret AWS_REGION=us-east-1
	export AWS_EC2_METADATA_DISABLED=true
}

teardown() {
	stop_hostile
}

# start_hostile [ANSWER...]: a server that answers as hostile.py has it, where the programs send their requests.
start_hostile() {
	stop_hostile
	rm -f hostile.ready hostile.log
	: > hostile.log
	"$ROOT/tests/hostile.py" hostile.ready hostile.log "$@" < /dev/null > hostile.out 2>&1 3>&- &
	HOSTILE_PID=$!
	wait_until -e hostile.ready || fail "the server does not start: $(< hostile.out)"
	AWS_ENDPOINT_URL_S3=http://$(< hostile.ready)
	export AWS_ENDPOINT_URL_S3
}

stop_hostile() {
	[[ -z ${HOSTILE_PID-} ]] || kill "$HOSTILE_PID" 2> /dev/null || true
	HOSTILE_PID=
}

ok='HTTP/1.1 200 OK\r\nETag: "x-1"\r\n'

# refused HEAD: s3get fails at an answer with this head, and says that it is no HTTP.
refused() {
	start_hostile "$1"
	run_tool 1 s3get --stdout s3://bkt/key.csv
	says "s3://bkt/key.csv" "does not speak HTTP"
	[[ ! -s $TMP/out ]] || fail "it gave out: $(< "$TMP/out")"
}

# taken HEAD BODY
taken() {
	start_hostile "$1"
	run_tool 0 s3get --stdout s3://bkt/key.csv
	silent
	[[ $output == "$2" ]] || fail "the body is '$output', not '$2'"
}

@test "a status line among the headers is not a status, and not a header" {
	refused "${ok}HTTP/1.1 503: slow\r\nContent-Length: 2\r\n\r\nok"
	refused "${ok}HTTP/1.0 206:x\r\nContent-Length: 2\r\n\r\nok"
	refused "${ok}HTTP/: \r\nContent-Length: 2\r\n\r\nok"
	refused "${ok}HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nok"
}

@test "names of headers are tokens" {
	refused "${ok}Content-Length : 2\r\n\r\nok"
	refused "${ok}Content Length: 2\r\n\r\nok"
	refused "${ok}: x\r\nContent-Length: 2\r\n\r\nok"
	refused "${ok}X@y: z\r\nContent-Length: 2\r\n\r\nok"
	refused "${ok}X\x01: z\r\nContent-Length: 2\r\n\r\nok"
	refused "${ok}no colon\r\nContent-Length: 2\r\n\r\nok"
	taken "${ok}x.|~_^!: y\r\nContent-Length: 2\r\n\r\nok" ok
}

@test "folded lines, bare CR, NUL and other control characters are refused; blanks around values are not" {
	refused "${ok}X: a\r\n b\r\nContent-Length: 2\r\n\r\nok"
	refused "${ok}X: a\r\n\tb: c\r\nContent-Length: 2\r\n\r\nok"
	refused "${ok}X: a\rY: b\r\nContent-Length: 2\r\n\r\nok"
	refused "${ok}X: a\0b\r\nContent-Length: 2\r\n\r\nok"
	refused "${ok}X: \x1b[2J\r\nContent-Length: 2\r\n\r\nok"
	refused 'HTTP/1.1 200 O\rK\r\nContent-Length: 2\r\n\r\nok'
	taken "${ok}X: \t a\tb \t \r\nContent-Length: \t 2 \t\r\n\r\nok" ok
	taken "${ok}X:\r\nContent-Length:2\r\n\r\nok" ok
}

@test "one length only, and no other coding than chunked, once" {
	refused "${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!"
	refused "${ok}Content-Length: 2, 2\r\n\r\nok"
	refused "${ok}Content-Length: 0x2\r\n\r\nok"
	refused "${ok}Content-Length: -2\r\n\r\nok"
	refused "${ok}Content-Length: 18446744073709551618\r\n\r\nok"
	refused "${ok}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
	refused "${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
	taken "${ok}Content-Length: 2\r\ncontent-length: 2\r\n\r\nok" ok
}

@test "chunks go before a length, and such a connection carries no second answer" {
	start_hostile "${ok}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n${ok}Content-Length: 4\r\n\r\nfake" \
		"${ok}Content-Length: 2\r\n\r\nhi"
	run_tool 0 s3get --connections 1 --hedge off --stdout s3://bkt/a.csv s3://bkt/b.csv
	[[ $output == okhi ]] || fail "it gave out: $output"
}

@test "interim answers end at some time" {
	refused '{1000 0 HTTP/1.1 102 Processing\r\n\r\n}'
	refused '{1000 0.05 HTTP/1.1 103 Early\r\nX: y\r\n\r\n}'
	taken "{20 0 HTTP/1.1 100 Continue\r\n\r\n}${ok}Content-Length: 2\r\n\r\nok" ok
}

@test "a region that a server names puts no line into a request" {
	local region
	for region in 'x&#13;&#10;X-Injected: 1' 'x&#10;X-Injected: 1' 'eu&#13;X-Injected' \
		'x&#13;&#10;&#13;&#10;GET http://10.0.0.1/ HTTP/1.1&#13;&#10;X: '; do
		body="<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message><Region>$region</Region></Error>"
		start_hostile "HTTP/1.1 400 Bad Request\r\nContent-Length: ${#body}\r\n\r\n$body" \
			"${ok}Content-Length: 2\r\n\r\nok"
		run_tool 1 s3get --stdout s3://bkt/key.csv
		says s3://bkt/key.csv
		lacks 'Injected|GET http|Credential=[^/]*/[^/]*/(x|eu|a)' hostile.log
	done
}

@test "an ETag puts no line into a request" {
	local etag
	start_hostile "${ok}Content-Length: 2\r\n\r\nok"
	for etag in $'x\r\nX-Injected: 1' $'"x\rX-Injected: 1"' $'x\x01' $'x\x7f'; do
		printf 's3://bkt/key.csv\t2\t%s\t2024-01-01T00:00:00Z\0' "$etag" > list
		run s3get --null --stdout < list
		[[ $status -ne 0 ]] || fail "it was sent: $(tail -n 1 hostile.log)"
	done
	lacks . hostile.log
}

@test "what the command line names puts no line into a request" {
	start_hostile 'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 0\r\n\r\n'
	echo a > a.csv
	for option in --content-type=$'text/csv\r\nX-Injected: 1' --metadata=$'name=a\nX-Injected: 1' \
		--metadata=$'na\r\nX-Injected: 1=b' --if-match=$'"x"\r\nX-Injected: 1' --storage-class=$'STANDARD\r\nX-Injected: 1' \
		--sse-kms-key-id=$'k\r\nX-Injected: 1'; do
		run s3put "$option" a.csv s3://bkt/a.csv
		[[ $status -ne 0 ]] || fail "$option was sent: $(tail -n 1 hostile.log)"
		[[ $output == *s3put:* ]] || fail "it says nothing of $option"
	done
	AWS_SESSION_TOKEN=$'t\r\nX-Injected: 1' run s3put a.csv s3://bkt/a.csv
	[[ $status -ne 0 ]] || fail "the token was sent"
	lacks 'Injected' hostile.log
	run_tool 0 s3put --metadata 'name=a: b' --content-type 'text/csv; charset=utf-8' a.csv s3://bkt/a.csv
}

@test "the clock to sign by is learnt from a 403 RequestTimeTooSkewed only, and not from one that is days off" {
	local status hours n body='<Error><Code>RequestTimeTooSkewed</Code><Message>no</Message></Error>'
	for status in '400 Bad Request' '403 Forbidden'; do
		for hours in 3 72 -72; do
			start_hostile "HTTP/1.1 $status\r\nDate: $(date -u -d "$hours hours" '+%a, %d %b %Y %T GMT')\r\nContent-Length: ${#body}\r\n\r\n$body"
			run_tool 1 s3get --stdout s3://bkt/key.csv
			says RequestTimeTooSkewed "set this machine's clock"
			n=$(wc -l < hostile.log)
			if [[ $status == 403* && $hours == 3 ]]; then
				((n > 1)) || fail "=> it was not asked again"
			else
				((n == 1)) || fail "=> $status, $hours hours off: asked $n times"
			fi
		done
	done
}

@test "a pace file that is cut short while it is used ends nobody" {
	local i pid
	start_hostile "${ok}Content-Length: 2\r\n\r\nok"
	for ((i = 0; i < 3000; i++)); do echo "s3://bkt/$i.csv"; done > list
	s3get --pace pace --hedge off --stdout < list > all 2> err 3>&- &
	pid=$!
	wait_until -s pace
	while kill -0 "$pid" 2> /dev/null; do
		truncate --size 0 pace
		truncate --size 5 pace
		truncate --size $((RANDOM % 200)) pace
	done
	wait "$pid" || fail "it ended with $?: $(< err)"
	[[ $(wc -c < all) == 6000 ]]
}

@test "a link of another in a work folder's place is not followed" {
	start_hostile "${ok}Content-Length: 2\r\n\r\nok"
	echo precious > victim
	export SHEAF_NOFOLLOW=1
	ln -s victim link
	run_tool 1 s3get --stats link --stdout s3://bkt/key.csv
	says link "symbolic link"
	run_tool 2 s3get --pace link --stdout s3://bkt/key.csv
	says link "symbolic link"
	run_tool 1 s3get --trace link --stdout s3://bkt/key.csv
	says link "symbolic link"
	export SHEAF_LOG=link
	run s3get --stdout --connections 0 s3://bkt/key.csv
	unset SHEAF_LOG
	[[ $(< victim) == precious ]] || fail "it was followed"
	run_tool 0 s3get --stats /dev/stderr --trace /dev/null --stdout s3://bkt/key.csv
	run_shell 0 's3get --stats /dev/fd/5 --stdout s3://bkt/key.csv 5> five' # what the user opened
	[[ $(< five) == *'"program":"s3get"'* ]]
	unset SHEAF_NOFOLLOW
	run_tool 0 s3get --stats link --stdout s3://bkt/key.csv # our own, outside of a run
	grep -q s3get victim
}

# each of these lasts half a minute, so they run side by side
@test "a byte now and then is a stall; a slow line is none, nor an upload that is being completed" {
	local -A given=(
		[head]='HTTP/1.1 200 OK\r\nX: {60 2 y}'
		[body]="${ok}Content-Length: 100\r\n\r\n{60 2 y}"
		[list]='HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n{60 4 1\r\n \r\n}'
		[error]='HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\n{60 2 y}'
		[line]="${ok}Content-Length: 350\r\n\r\n{35 1 yyyyyyyyyy}"
	)
	local name
	dd if=/dev/zero of=big bs=1M count=12 status=none
	for name in "${!given[@]}"; do
		start_hostile "${given[$name]}"
		HOSTILE_PID= # each stays
		pids+=("$!")
		(
			set +e
			case $name in
				list) timeout 50 s3ls s3://bkt/ ;;
				*) timeout 50 s3get --stdout s3://bkt/key.csv ;;
			esac > "$name.out" 2> "$name.err"
			echo $? > "$name.status"
		) 3>&- &
		jobs+=("$!")
	done
	start_hostile 'HTTP/1.1 200 OK\r\nContent-Length: 87\r\n\r\n<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>   ' \
		'HTTP/1.1 200 OK\r\nETag: "p"\r\nContent-Length: 0\r\n\r\n' 'HTTP/1.1 200 OK\r\nETag: "p"\r\nContent-Length: 0\r\n\r\n' \
		'HTTP/1.1 200 OK\r\nContent-Length: 113\r\n\r\n{7 5 \x20}<CompleteMultipartUploadResult><ETag>"e"</ETag><Key>k</Key></CompleteMultipartUploadResult>                  '
	timeout 50 s3put --part-size 6M --if-none-match big s3://bkt/big > complete.out 2> complete.err 3>&- &
	wait "${jobs[@]}"
	kill "${pids[@]}" || true
	for name in head body list error; do
		[[ $(< "$name.status") == 1 ]] || fail "$name: ended with $(< "$name.status")"
		grep -q 'timed out (fewer than 64 bytes came in 30 s)' "$name.err" || fail "$name: $(< "$name.err")"
	done
	[[ $(< line.status) == 0 ]] || fail "a slow line: $(< line.err)"
	[[ $(wc -c < line.out) == 350 ]]
	! grep -q 'timed out' complete.err || fail "an upload: $(< complete.err)"
}
