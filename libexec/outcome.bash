# How a run stands and how it ended: WORK/status, what was left out, what failed. Sourced by merge.
# shellcheck shell=bash
readonly TOLD_MAX=20

write_status() { # STATE
	local ended='' counts
	[[ $1 == running ]] || ended=$(now)
	mapfile -t counts < <(sheaf-work counts "$WORK" 2> /dev/null)
	((${#counts[@]} >= 3)) || counts=(0 0 0) # there is no telling
	write_file "$WORK/status" "state=$1
started=$started
ended=$ended
jobs=$JOBS
batches=${counts[0]}
done=${counts[1]}
failed=${counts[2]}
rejects_max=$REJECTS_MAX"
}

# Collects all that was left out in one file, and sets $left_out to its number.
list_rejects() {
	find "$WORK/reject" -regextype posix-extended -regex '.*/[0-9]{5,9}\.tsv' | sort | xargs -r -d '\n' cat > "$WORK/rejects.tsv.part"
	mv "$WORK/rejects.tsv.part" "$WORK/rejects.tsv"
	left_out=$(wc -l < "$WORK/rejects.tsv")
	((left_out == 0)) || complain "$left_out objects were left out; see $WORK/rejects.tsv for the reasons"
}

# Was more left out than REJECTS_MAX allows? Says so in failed/rejects.
check_rejects() {
	local objects allowed
	rm -f "$WORK/failed/rejects"
	((left_out > 0)) && [[ -e $WORK/keys/complete ]] || return 0
	number_of objects objects keys/complete
	allowed=$(sheaf-work share "$REJECTS_MAX" "$objects") || exit 1
	((left_out > allowed)) || return 0
	write_file "$WORK/failed/rejects" "$left_out of $objects objects were left out, and REJECTS_MAX=$REJECTS_MAX allows $allowed: \
mend them and make refresh, or run the same command with REJECTS_MAX=$left_out; until then the ledgers are not stored"
	return 1
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
