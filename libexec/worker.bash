# The workers: shell functions that GNU parallel runs, each making one batch after another. Sourced by merge.
# shellcheck shell=bash

# Sets VARIABLE to the number of requests that were sent again for a batch, from its stats.
retries_of() { # VARIABLE NAME
	local line sum=0
	while read -r -n 65536 line; do
		[[ ! $line =~ '"retries":'(0|[1-9][0-9]{0,11})[,}] ]] || ((sum += BASH_REMATCH[1]))
	done 2> /dev/null < "$WORK/stats/$2.ndjson"
	printf -v "$1" %s "$sum"
}

# What parallel runs: makes batch NAME, then whatever the queue has next. A new job of parallel for each batch would take a
# third of all the time that is spent outside the programs.
worker() { # NAME
	local name=$1
	cd "$SHEAF_AT" || return 1
	export TMPDIR=$SHEAF_TMPDIR
	[[ $TMPDIR ]] || unset TMPDIR
	unset SHEAF_AT SHEAF_TMPDIR
	export -fn worker batch retries_of next_name # each bash that make starts would read them
	batch "$name"
	while kill -0 "$PPID" 2> /dev/null && next_name name; do # while parallel lives
		batch "$name"
	done
}

# Makes a batch under its lock, which every process of the batch holds. If a killed run left its jobs behind, this waits for
# them, and make then finds the receipt.
batch() { # NAME
	echo "start $1"
	local receipt objects before after left_out=0 said=$WORK/failed/worker-$$.part # one a worker, because creating files takes time
	local at=$WORK/ folder=() targets
	if [[ ${SHEAF_FROM-} ]]; then # WORK has a name that make cannot read
		at='' folder=(-C "$WORK")
	fi
	targets=("${at}put/$1.json")
	[[ -z $BACKUP ]] || targets+=("${at}backup/$1.json")
	# rows that an earlier run left: it may have been killed before all was known of them
	[[ ! -e $WORK/merged/$1.csv || -e $WORK/put/$1.json ]] || sheaf-work whole "$WORK" "$1" 2> /dev/null ||
		rm -f "$WORK/merged/$1.csv"
	retries_of before "$1"
	if flock --no-fork "$WORK/lock/$1" make -s "${folder[@]}" -f "$PIPELINE" "${targets[@]}" 2> "$said" {QUEUE}<&-; then
		[[ ! -e $WORK/failed/$1 ]] || rm -f "$WORK/failed/$1"
		read -r -n 65536 receipt < "$WORK/put/$1.json"
		[[ ! -s $WORK/reject/$1.tsv ]] || left_out=$(wc -l < "$WORK/reject/$1.tsv")
		retries_of after "$1"
		objects=0
		[[ ! $receipt =~ '"objects":'(0|[1-9][0-9]{0,11})[,}] ]] || objects=${BASH_REMATCH[1]}
		echo "done $1 $((objects + left_out)) $((after - before))"
	else
		# the first line is shown as the cause: not what was left out
		if grep -aq ': left out: ' "$said" &&
			{ grep -av ': left out: ' "$said"; grep -a ': left out: ' "$said"; } > "$WORK/failed/$1.part"; then
			mv "$WORK/failed/$1.part" "$WORK/failed/$1"
		else
			mv "$said" "$WORK/failed/$1"
		fi
		retries_of after "$1"
		echo "failed $1 $((after - before))"
	fi
}

# Passes on parallel's messages, except that starting processes takes long here.
tell_of_parallel() {
	local line
	trap '' INT TERM HUP
	while IFS= read -r line; do
		case $line in
		'parallel: Warning: Starting '*' processes took '* | 'parallel: Warning: Consider adjusting -j.'*) ;;
		*) above_progress "$line" ;;
		esac
	done
}

# Becomes parallel, which lets a shell read the names of its temporary files: so it gets one without special characters and runs
# there; workers go back.
become_parallel() { # ARGUMENT...
	export SHEAF_AT=$PWD SHEAF_TMPDIR=${TMPDIR-} TMPDIR=. PARALLEL_SHELL=$BASH
	cd "${SHEAF_TMPDIR:-/tmp}" && exec parallel "$@"
}

# Runs JOBS workers until the queue is empty. Fails if parallel itself failed or was killed: a status of up to 101 counts
# failed jobs.
run_workers() { # NAME
	local status
	export -f worker batch retries_of next_name
	become_parallel --plain --will-cite --ungroup --jobs "$JOBS" worker \
		< <(first_names "$1" {lock}>&- {events}>&-) >&"$events" \
		2> >(tell_of_parallel > /dev/null {lock}>&- {QUEUE}<&- {events}>&-) {lock}>&- {events}>&- &
	parallel=$!
	wait "$parallel"
	status=$?
	parallel=
	((status <= 101)) || { above_progress "sheaf: parallel ended with status $status"; return 1; }
}
