#!/usr/bin/env bats
# Runs that are killed at random moments, again and again, and then finished: every one ends with the same bytes.
# Longer: STORM_SEEDS=$(seq 200) STORM_OBJECTS=20000 STORM_BATCH=200 bats tests/storm.bats
# servers: s3d
# time limit: 900
load helpers
load pipeline

: "${STORM_SEEDS:=1 2 3 4 5 6 7 8}" "${STORM_OBJECTS:=4000}" "${STORM_BATCH:=100}"
JOBS=5

setup() {
	fresh_environment
	((STORM_OBJECTS <= 4000)) || export TOOL_TIMEOUT=300
}

# The server keeps what was put into a folder, so that it can be killed and started again in its place.
serve_kept() { # [OPTION...]
	start_s3d --count-keys --bucket "$BUCKET" --make "$BUCKET/csvs/:$STORM_OBJECTS" --dir "$TMP/kept" \
		--latency 2 --list-latency 40 "$@"
	use_s3d
}

# strike KIND: one blow at the run $RUN, or at its server; waits until it is over.
strike() {
	local pids port
	case $1 in
	all) kill -KILL -"$RUN" 2> /dev/null || true ;;
	one)
		mapfile -t pids < <(pgrep -s "$RUN")
		((${#pids[@]} == 0)) || kill -KILL "${pids[RANDOM % ${#pids[@]}]}" 2> /dev/null || true
		;;
	server)
		READ=$((READ + $(requests get csvs/)))
		port=${S3D_URL##*:}
		kill -KILL "$S3D_PID"
		wait "$S3D_PID" || true
		sleep "0.$((RANDOM % 5))"
		serve_kept --port "$port"
		;;
	INT) kill -INT -"$RUN" 2> /dev/null || true ;;
	TERM) kill -TERM "$RUN" 2> /dev/null || true ;;
	HUP) kill -HUP -"$RUN" 2> /dev/null || true ;;
	esac
	wait "$RUN" || true
	# where only make was killed, the run goes on and holds its lock
	run_is_over
}

@test "a storm of kills: whole group, one process, the server, signals; every seed ends with the same bytes" {
	local seed kind kills kinds=(all one server INT TERM HUP) told n
	BUCKET=sheaf
	export SRC=s3://$BUCKET/csvs/ DEST WORK
	serve_kept
	pipeline 0 merge "BATCH=$STORM_BATCH" WORK="$TMP/work-calm" DEST=s3://sheaf/calm/
	cat "$TMP"/work-calm/merged/*.csv > "$TMP/calm"
	for seed in $STORM_SEEDS; do
		WORK=$TMP/work-$seed DEST=s3://sheaf/storm$seed/
		RANDOM=$seed
		READ=$((-$(requests get csvs/)))
		told=
		for ((kills = 1 + RANDOM % 5, n = kills; n > 0; n--)); do
			AWS_MAX_ATTEMPTS=2 start_run_at_terminal "BATCH=$STORM_BATCH" JOBS=$JOBS CONNECTIONS=2
			sleep "$((RANDOM % (1 + STORM_OBJECTS / 8000))).$((RANDOM % 10))$((RANDOM % 10))"
			kind=${kinds[RANDOM % ${#kinds[@]}]}
			told+=" $kind"
			strike "$kind"
		done
		echo "seed $seed:$told" # shown when it fails
		pipeline 0 merge "BATCH=$STORM_BATCH" JOBS=$JOBS CONNECTIONS=2
		cat "$WORK"/merged/*.csv > "$TMP/after"
		same "$TMP/calm" "$TMP/after" || fail "=> seed $seed"
		pipeline 0 verify DEEP=1
		READ=$((READ + $(requests get csvs/)))
		((READ <= STORM_OBJECTS + kills * JOBS * STORM_BATCH)) ||
			fail "=> seed $seed: $READ objects were read for $STORM_OBJECTS, after $kills kills"
		rm -r "$WORK"
	done
}
