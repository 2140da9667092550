# For every bats suite: `load helpers` in its first lines. Each test gets an environment and a server of its own; README.md
# describes them.
# shellcheck disable=SC2034 # what tests use: output, OTHER_...

bats_require_minimum_version 1.5.0

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${TOOL_TIMEOUT:=60}" # seconds that one command may take

# A suite with a setup or teardown of its own calls what it needs of these.
setup() {
	fresh_environment
	use_server
}

teardown() {
	stop_s3d
}

# ---- the environment ------------------------------------------------------------------------------------------

# Nothing of the caller's environment reaches the test: no keys, proxies, certificates, settings of make.
fresh_environment() {
	unset "${!AWS_@}" "${!SHEAF_LOG@}" "${!SHEAF_BATCH@}" "${!PYTHON@}" "${!MAKE@}" MFLAGS MALLOC_PERTURB_
	unset {http,https,all,no}_proxy {HTTP,HTTPS,ALL,NO}_PROXY
	unset SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE CURL_HOME REQUESTS_CA_BUNDLE
	export LC_ALL=C TZ=UTC
	export AWS_EC2_METADATA_DISABLED=true
	# an exit status that none of our programs uses
	export ASAN_OPTIONS=exitcode=99 LSAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99:print_stacktrace=1

	TMP=$BATS_TEST_TMPDIR
	export HOME=$TMP/home
	mkdir "$HOME"
	export PATH=$BIN:/usr/bin:/bin:/usr/sbin:/sbin:$BATS_LIBEXEC
	cd "$TMP" || return
}

# ---- servers --------------------------------------------------------------------------------------------------

# use_server [OPTION...]: starts or selects the server of this run (SERVER: s3d or rgw) and makes an empty bucket, $BUCKET.
# The options are s3d's.
use_server() {
	case $SERVER in
	s3d)
		start_s3d "$@"
		use_s3d
		;;
	rgw)
		# shellcheck source=/dev/null
		source "$RGW_DIR/env"
		OTHER_ACCESS_KEY_ID=$RGW_OTHER_ACCESS_KEY_ID OTHER_SECRET_ACCESS_KEY=$RGW_OTHER_SECRET_ACCESS_KEY
		;;
	*) fail "SERVER=$SERVER: neither s3d nor rgw" ;;
	esac
	new_bucket
}

# start_s3d [OPTION...]: starts a server on a free port. $S3D_DIR has its log ($S3D_LOG), $S3D_URL is its address. The array
# s3d_by, if set, is a command that starts it.
start_s3d() {
	local scheme=http
	[[ " $* " != *' --tls-cert '* ]] || scheme=https
	S3D_DIR=$(mktemp -d "$TMP/s3d.XXXXXX")
	S3D_LOG=$S3D_DIR/log
	"${s3d_by[@]}" "$BIN/s3d" --port 0 --ready-file "$S3D_DIR/ready" --log "$S3D_LOG" --access-key test:testsecret \
		--access-key other:othersecret "$@" < /dev/null > "$S3D_DIR/output" 2>&1 3>&- &
	S3D_PID=$!
	wait_until -e "$S3D_DIR/ready" || fail "s3d does not start: $(< "$S3D_DIR/output")"
	S3D_URL=$scheme://$(< "$S3D_DIR/ready")
}

# Points the environment at the s3d that was started last.
use_s3d() {
	export AWS_ENDPOINT_URL_S3=$S3D_URL AWS_REGION=us-east-1
	export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=testsecret
	OTHER_ACCESS_KEY_ID=other OTHER_SECRET_ACCESS_KEY=othersecret
}

stop_s3d() {
	[[ -n ${S3D_PID-} ]] || return 0
	local status=0
	kill "$S3D_PID" 2> /dev/null || true
	wait "$S3D_PID" || status=$?
	S3D_PID=
	if [[ $status != 0 && $status != 143 ]]; then
		cat "$S3D_DIR/output"
		fail "s3d ended with $status"
	fi
}

# s3 COMMAND...: runs the second client, s3.py, which must not fail.
s3() {
	"$ROOT/tests/s3.py" "$@"
}

# new_bucket [NAME]: makes it, and sets BUCKET.
new_bucket() {
	BUCKET=${1-t$BATS_SUITE_TEST_NUMBER-$BASHPID-$RANDOM$RANDOM}
	s3 mb "$BUCKET"
}

# put_object KEY [TEXT]: without TEXT, standard input. Both in $BUCKET.
put_object() {
	if (($# > 1)); then
		printf '%s' "$2" | s3 put "$BUCKET" "$1"
	else
		s3 put "$BUCKET" "$1"
	fi
}

# get_object KEY: its bytes, on standard output.
get_object() {
	s3 get "$BUCKET" "$1"
}

# list_keys [PREFIX]: one a line. Keys with line feeds are for `s3 ls`, which gives JSON.
list_keys() {
	s3 ls "$BUCKET" "$@" | /usr/bin/python3 -X utf8 -c 'import json, sys; [print(k) for k in json.load(sys.stdin)]'
}

# ---- running and judging --------------------------------------------------------------------------------------

fail() {
	echo "$*"
	return 1
}

# wait_until TEST...: waits until `test TEST...` holds, at most 10 seconds.
wait_until() {
	local i
	for ((i = 0; i < 200; i++)); do
		test "$@" && return
		sleep 0.05
	done
	return 1
}

# show NAME TITLE: prints the beginning of $TMP/NAME unless it is empty.
show() {
	[[ -s $TMP/$1 ]] || return 0
	echo "$2, $(stat -c %s "$TMP/$1") bytes:"
	head -c 4000 "$TMP/$1" | head -n 12 | cat -v | cut -c 1-200 | sed 's/^/  /'
}

# run_tool STATUS COMMAND...: runs it; it must end with STATUS. Its output is in $TMP/out and $TMP/err, and in $output
# (standard output, without NULs). All of it is shown if the test fails.
run_tool() {
	local want=$1 status=0
	shift
	timeout --kill-after=5 "$TOOL_TIMEOUT" "$@" > "$TMP/out" 2> "$TMP/err" 3>&- || status=$?
	output=$(head -c 100000 "$TMP/out" | tr -d '\0')
	printf '$'
	printf ' %q' "$@"
	printf ' => %s\n' "$status"
	show out "standard output"
	show err "standard error"
	[[ $status == "$want" ]] || fail "=> status $status, but $want was expected"
	! grep -E 'Sanitizer|runtime error:' "$TMP/err" || fail "=> a sanitizer complained"
}

# run_shell STATUS TEXT [ARGUMENT...]: the same for a line of bash with pipefail; $1 etc. are the arguments.
run_shell() {
	local want=$1 text=$2
	shift 2
	run_tool "$want" bash -o pipefail -c "$text" bash "$@"
}

# says TEXT...: standard error is one line, which holds each TEXT.
says() {
	local text
	(($(wc -l < "$TMP/err") == 1)) || fail "=> not one line on standard error" || return
	for text in "$@"; do
		grep -qF -- "$text" "$TMP/err" || fail "=> the message lacks: $text" || return
	done
}

# same FILE FILE: byte for byte.
same() {
	cmp "$1" "$2" || {
		diff -a "$1" "$2" | head -n 20 | cat -v
		fail "=> $1 and $2 differ"
	}
}

# lacks PATTERN FILE: no line of FILE matches.
lacks() {
	! grep -E -- "$1" "$2" || fail "=> $2 has lines that match $1"
}

# silent: nothing on standard error.
silent() {
	[[ ! -s $TMP/err ]] || fail "=> there is something on standard error"
}

# losing N TEXT COMMAND...: runs it with a proxy before the server that loses the answers to the first N requests with TEXT in
# their first line. What was asked for is in $TMP/proxy.log.
losing() {
	local n=$1 text=$2 status=0 proxy_pid url=${RGW_HTTP_URL-$AWS_ENDPOINT_URL_S3}
	shift 2
	rm -f "$TMP/proxy.ready" "$TMP/proxy.log"
	"$ROOT/tests/proxy.py" "$TMP/proxy.ready" "$TMP/proxy.log" "${url#*://}" lose "$n" "$text" < /dev/null > "$TMP/proxy.out" 2>&1 3>&- &
	proxy_pid=$!
	wait_until -e "$TMP/proxy.ready" || fail "the proxy does not start: $(< "$TMP/proxy.out")"
	AWS_ENDPOINT_URL_S3=$url http_proxy="http://$(< "$TMP/proxy.ready")" "$@" || status=$?
	kill $proxy_pid
	return $status
}

# in_small_disk TEXT: runs bash with a disk of its own, of 4 MiB (or $disk_size), at $TMP/disk. Where / is not a mount point (in a
# chroot) mounts cannot be made private, so the disk is also unmounted.
in_small_disk() {
	local -a own=(unshare --mount --propagation unchanged)
	((EUID == 0)) || own+=(--map-root-user)
	mkdir -p "$TMP/disk"
	printf '%s\n' "$1" > "$TMP/script"
	run_tool 0 "${own[@]}" bash -euxo pipefail -c '
		mount --make-rprivate / 2> /dev/null || true
		mount -t tmpfs -o size='"${disk_size:-4m}"' none "$TMP/disk"
		trap "umount \"$TMP/disk\"" EXIT
		source "$TMP/script"'
}
