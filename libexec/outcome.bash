# How a run stands and how it ended: WORK/status, what was left out, what failed. Sourced by merge.
# shellcheck shell=bash
readonly TOLD_MAX=20

write_status() { # STATE
	local ended=
	[[ $1 == running ]] || ended=$(now)
	write_file "$WORK/status" "state=$1
started=$started
ended=$ended
jobs=$JOBS
batches=$(count_batches)
done=$(count_done)
failed=$(count_failed)"
}

# Prints the number of objects in batches with a receipt, including those that were left out.
objects_done() {
	local rejects name
	{
		find "$WORK/put" -name '*.json' -exec cat {} +
		for rejects in "$WORK"/reject/*.tsv; do
			name=${rejects##*/}
			[[ ! -e $WORK/put/${name%.tsv}.json ]] || cat "$rejects"
		done
	} | awk '
		/^s3:/ { n++; next }
		match($0, /"objects":[0-9]+/) { n += substr($0, RSTART + 10, RLENGTH - 10) }
		END { printf "%.0f\n", n }'
}

# Collects all that was left out in one file.
list_rejects() {
	local n
	find "$WORK/reject" -name '*.tsv' | sort | xargs -r -d '\n' cat > "$WORK/rejects.tsv.part"
	mv "$WORK/rejects.tsv.part" "$WORK/rejects.tsv"
	n=$(wc -l < "$WORK/rejects.tsv")
	((n == 0)) || echo "sheaf: $n objects were left out; see $WORK/rejects.tsv for the reasons" >&2
}

# Prints why the listing and each batch failed.
tell_failures() {
	local name cause told=0
	if ((listed != 0)); then
		cause=
		IFS= read -r cause < "$WORK/failed/listing"
		echo "sheaf: the listing failed: ${cause:-it was killed}"
	fi
	while read -r name; do
		if [[ ! -e $WORK/failed/$name ]] || ((++told > TOLD_MAX)); then
			continue
		fi
		cause=
		IFS= read -r cause < "$WORK/failed/$name"
		echo "sheaf: batch $name failed: ${cause:-it was killed}"
	done < <(batches_left "$(count_batches)")
	((told <= TOLD_MAX)) || echo "sheaf: and $((told - TOLD_MAX)) more; see $WORK/failed"
}
