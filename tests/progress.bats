#!/usr/bin/env bats
# sanitized: no
# libexec/progress by itself: what it shows of which events, in a terminal too.
load helpers

setup() {
	fresh_environment
	export WORK=$TMP/work BATCH=1000 PROGRESS=''
	mkdir -p "$WORK"/{keys,ledger}
	EVENTS=
}

teardown() {
	[[ -z $EVENTS ]] || exec {EVENTS}>&-
	[[ ! -S $TMP/socket ]] || tmux -S "$TMP/socket" kill-server
}

# planned BATCHES [OBJECTS]: so many are cut; with OBJECTS the listing is complete.
planned() {
	local n
	for ((n = 0; n < $1; n++)); do
		: > "$WORK/keys/$(printf %05d "$n").tsv"
	done
	[[ -z ${2-} ]] || printf 'objects=%d\nbytes=0\nbatches=%d\nskipped=0\n' "$2" "$1" > "$WORK/keys/complete"
}

# under_way NAME LINES: a batch with so many sources done.
under_way() {
	seq "$2" > "$WORK/ledger/$1.tsv.part"
	tell "start $1"
}

# start_in_terminal WIDTH DONE_BEFORE: in a terminal of its own; tell EVENT tells it something.
start_in_terminal() {
	mkfifo events
	tmux -S "$TMP/socket" -f /dev/null new-session -d -x "$1" -y 10 \
		"echo before; '$ROOT/libexec/progress' $2 < events; echo after; sleep 60" 3>&-
	exec {EVENTS}> events
}

tell() {
	echo "$1" >&"$EVENTS"
}

# screen: its lines, but empty ones.
screen() {
	tmux -S "$TMP/socket" capture-pane -p | grep -v '^$'
}

# shows LINE...: that is all there is on the screen, at the latest after some seconds.
shows() {
	local i want
	want=$(printf '%s\n' "$@")
	for ((i = 0; i < 200; i++)); do
		# shellcheck disable=SC2053 # patterns
		[[ $(screen) != $want ]] || return 0
		sleep 0.05
	done
	printf 'wanted:\n%s\non the screen:\n%s\n' "$want" "$(screen)"
	return 1
}

# width COLUMNS
width() {
	tmux -S "$TMP/socket" resize-window -x "$1"
}

@test "elsewhere than on a terminal: a line at the end, and one every 10 seconds" {
	planned 3 2500
	{
		echo "start 00000"
		echo "done 00000 1000 1"
		echo "failed 00001 2"
		sleep 12
		echo "done 00002 500 0"
		echo end
	} | "$ROOT/libexec/progress" 0 2> lines
	cat lines
	[[ $(wc -l < lines) == 2 ]]
	grep -qE '^1,000 of 2,500 objects \(40 %\), [0-9]+/s, 0:[01][0-9] left, 3 retries, 1 batch failed$' lines
	grep -qE '^1,500 of 2,500 objects \(60 %\), [0-9]+/s in 0:1[0-9], 3 retries, 1 batch failed$' lines
}

@test "after a resume the rate is of what was done since" {
	planned 3 3000
	{
		sleep 1.2
		echo "done 00002 500 0"
		echo end
	} | "$ROOT/libexec/progress" 2000 2> line
	cat line
	grep -qE '^2,500 of 3,000 objects \(83 %\), [1-4][0-9][0-9]/s in 0:01$' line
}

@test "what was under way and came to nothing is not counted in the end" {
	planned 2
	seq 300 > "$WORK/ledger/00001.tsv.part"
	printf '%s\n' "start 00001" end | "$ROOT/libexec/progress" 1000 2> line
	[[ $(< line) == "1,000 of 2,000 objects (listing...)" ]]
}

@test "nothing with PROGRESS=0" {
	planned 1 1000
	printf '%s\n' "start 00000" "done 00000 1000 0" end | PROGRESS=0 "$ROOT/libexec/progress" 0 2> lines
	[[ ! -s lines ]]
}

@test "in a terminal it stays put, however wide that is or becomes" {
	planned 3
	start_in_terminal 80 1000
	shows before "1,000 of 3,000 objects (listing...)*"
	under_way 00001 400
	shows before "1,400 of 3,000 objects (listing...), +([0-9])/s"
	planned 4 3100
	tell "done 00001 1000 12"
	tell "failed 00002 0"
	shows before "2,000 of 3,100 objects (64 %), +([0-9])/s, 0:+([0-9]) left, 12 retries, 1 batch failed"
	before=$'?(before\n)' # tmux may move it out of sight
	for columns in 60 33 20 120 40 13 80; do
		width $columns
		case $columns in
		60 | 120 | 80) shows "${before}2,000*3,100*64 %*, *left, 12 retries, 1 *failed" ;;
		33 | 40) shows "${before}2,000/3,100 64 %, *1 failed" ;;
		20) shows "${before}2,000/3,100 64 %" ;;
		13) shows "${before}2,000/3,100" ;;
		esac
	done
	tell end
	shows "${before}2,000 of 3,100 objects (64 %), +([0-9])/s in 0:+([0-9]), 12 retries, 1 batch failed" after
}

@test "a signal at the terminal does not end it; the run does" {
	planned 2 2000
	start_in_terminal 80 0
	shows before "0 of 2,000 objects (0 %)"
	tmux -S "$TMP/socket" send-keys C-c
	tell "done 00000 1000 0"
	shows before "1,000 of 2,000 objects (50 %)*left"
	exec {EVENTS}>&- # the run was killed
	EVENTS=
	shows before "1,000 of 2,000 objects (50 %)*" after
}
