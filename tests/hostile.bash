# For the suites that ask a server of ours which answers by a script (hostile-s3.py): `load hostile` behind `load helpers`.
# shellcheck shell=bash

setup() {
	fresh_environment
	export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=testsecret AWS_REGION=us-east-1 AWS_MAX_ATTEMPTS=2
}

teardown() {
	[[ -z ${HOSTILE_PID-} ]] || kill "$HOSTILE_PID"
}

# hostile < SCRIPT: the server answers by it from now on; $LOG has its requests.
hostile() {
	[[ -z ${HOSTILE_PID-} ]] || kill "$HOSTILE_PID"
	LOG=$TMP/hostile.log
	rm -f "$TMP/hostile.ready"
	: > "$LOG"
	cat > "$TMP/hostile.script"
	"$ROOT/tests/hostile-s3.py" "$TMP/hostile.ready" "$LOG" "$TMP/hostile.script" < /dev/null > "$TMP/hostile.out" 2>&1 3>&- &
	HOSTILE_PID=$!
	wait_until -e "$TMP/hostile.ready" || fail "the server does not start: $(< "$TMP/hostile.out")"
	AWS_ENDPOINT_URL_S3=http://$(< "$TMP/hostile.ready")
	export AWS_ENDPOINT_URL_S3
}

requests() {
	wc -l < "$LOG"
}
