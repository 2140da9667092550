# How a run stands and how it ended: WORK/status, what was left out, what failed. Sourced by merge.
# shellcheck shell=bash
readonly TOLD_MAX=20

write_status() { # STATE
	local ended='' counts
	[[ $1 == running ]] || ended=$(now)
	count
	write_file "$WORK/status" "state=$1
started=$started
ended=$ended
jobs=$JOBS
batches=${counts[0]}
done=${counts[1]}
failed=${counts[2]}"
}

# Collects all that was left out in one file.
list_rejects() {
	local n
	find "$WORK/reject" -regextype posix-extended -regex '.*/[0-9]{5,9}\.tsv' | sort | xargs -r -d '\n' cat > "$WORK/rejects.tsv.part"
	mv "$WORK/rejects.tsv.part" "$WORK/rejects.tsv"
	n=$(wc -l < "$WORK/rejects.tsv")
	((n == 0)) || complain "$n objects were left out; see $WORK/rejects.tsv for the reasons"
}

# Prints, on standard error, why the listing and each batch failed.
tell_failures() {
	local name cause told=0 left
	if ((listed != 0)); then
		cause=
		IFS= read -r -n 65536 cause < "$WORK/failed/listing"
		complain "the listing failed: ${cause:-it was killed}"
	fi
	list_left
	for name in "${left[@]}"; do
		if [[ ! -e $WORK/failed/$name ]] || ((++told > TOLD_MAX)); then
			continue
		fi
		cause=
		IFS= read -r -n 65536 cause < "$WORK/failed/$name"
		complain "batch $name failed: ${cause:-it was killed}"
	done
	((told <= TOLD_MAX)) || complain "and $((told - TOLD_MAX)) more; see $WORK/failed"
}
