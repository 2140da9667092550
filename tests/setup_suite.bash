# Runs once for each call of bats and sets up what all its tests share. tests/run starts the gateway once for all calls and
# sets RGW_DIR.

setup_suite() {
	export LC_ALL=C PATH=/usr/bin:/bin:$PATH
	here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
	: "${BUILD:=$here/../build}"
	BUILD=$(realpath "$BUILD")
	BIN=$BUILD/bin
	export BUILD BIN SERVER=${SERVER:-s3d}

	if [[ $SERVER == rgw && -z ${RGW_DIR-} ]]; then
		OWN_RGW_DIR=$BATS_SUITE_TMPDIR/rgw
		"$here/rgw" start "$OWN_RGW_DIR"
		export RGW_DIR=$OWN_RGW_DIR
	fi
	start_s3_py
}

start_s3_py() {
	local socket=$BATS_SUITE_TMPDIR/s3.py.socket
	"$here/s3.py" serve "$socket" < /dev/null > "$BATS_SUITE_TMPDIR/s3.py.log" 2>&1 3>&- &
	s3_py_pid=$!
	for _ in {1..200}; do
		[[ -S $socket ]] && break
		kill -0 $s3_py_pid || break
		sleep 0.05
	done
	if [[ ! -S $socket ]]; then
		cat "$BATS_SUITE_TMPDIR/s3.py.log" >&2
		return 1
	fi
	export S3_PY_SOCKET=$socket
}

teardown_suite() {
	kill "$s3_py_pid"
	if [[ -n ${OWN_RGW_DIR-} ]]; then
		"$here/rgw" stop "$OWN_RGW_DIR"
	fi
}
