# The work folder as a whole: its lock, its disk, the totals of the plan, and a refresh that is being taken over. Sourced by
# common.bash.
# shellcheck shell=bash

# Makes the work folder and locks it for one run. The lock belongs to the script alone: its children must not inherit it
# ({lock}>&-), or an orphan would go on holding it.
open_work() {
	local why
	why=$(mkdir -p "$WORK"/{keys,ledger,about,merged,put,backup,reject,stats,log,failed,lock} "$WORK"/old/{put,backup} 2>&1) ||
		die "$WORK: the work folder cannot be made: ${why##*: }"
	why=$({ : >> "$WORK/.lock"; } 2>&1) || die "$WORK: cannot be written: ${why##*: }"
	exec {lock}>> "$WORK/.lock" || exit 1
	flock --nonblock "$lock" || die "$WORK: another run is under way here (see make status)"
	[[ ! -e $WORK/refresh ]] || finish_refresh
}

free_bytes() {
	df --output=avail --block-size=1 "$WORK" | tail -n 1
}

# Compares what remains to be merged of a complete plan with what is free. Listed sizes are of the objects as stored, so gzip
# is underestimated.
warn_of_small_disk() {
	local merged left
	merged=$(find "$WORK/merged" -type f -printf '%s\n' | awk '{ n += $1 } END { printf "%.0f\n", n }')
	left=$(($(value_of bytes "$WORK/keys/complete") - merged))
	((left <= $(free_bytes))) ||
		above_progress "sheaf: $WORK: the disk may be too small: $left bytes remain to be merged, $(free_bytes) are free"
}

# Writes the totals of the plan. keys/complete marks the plan as complete, so it comes last.
write_complete() {
	local totals
	totals=$(find "$WORK/keys" -name '*.tsv' -exec cat {} + |
		awk -F '\t' '{ bytes += $2 } END { printf "objects=%.0f\nbytes=%.0f\n", NR, bytes }') || exit 1
	write_file "$WORK/keys/complete" "$totals
batches=$(count_batches)
skipped=$(find "$WORK/keys" -name '*.skipped' -exec cat {} + | wc -l)"
}

# Drops what was made of all batches together, because one of them is to be made again.
forget_whole() {
	local receipt
	rm -f "$WORK/published.json"
	for receipt in one.json backup/one.json; do
		[[ ! -e $WORK/$receipt ]] || mv "$WORK/$receipt" "$WORK/old/$receipt"
	done
}

# ---- taking over a refresh

# Reduces a batch that has lost all its objects to an object with its header.
keep_header() { # NAME
	local about bytes crc
	read -r about < "$WORK/about/$1.json" || return 0
	[[ $about =~ '"header_bytes":'([0-9]+) ]] && bytes=${BASH_REMATCH[1]}
	[[ $about =~ '"header_crc32c":"'([0-9a-f]+) ]] && crc=${BASH_REMATCH[1]}
	head -c "$bytes" "$WORK/merged/$1.csv" > "$WORK/merged/$1.csv.part" || exit 1
	write_file "$WORK/about/$1.json" \
		"{\"objects\":0,\"rows\":0,\"bytes\":$bytes,\"crc32c\":\"$crc\",\"header\":${about#*,\"header\":}"
	: > "$WORK/ledger/$1.tsv"
	sync "$WORK/merged/$1.csv.part" && mv "$WORK/merged/$1.csv.part" "$WORK/merged/$1.csv" || exit 1
}

# Takes over what make refresh has prepared, one batch at a time under its lock. If it is killed, the next run continues.
# The old receipt is kept until the next upload, which may replace only the object that the receipt describes.
finish_refresh() {
	local file name kind batch_lock
	for file in "$WORK"/refresh/*.tsv; do
		[[ -e $file ]] || continue
		name=${file##*/}
		name=${name%.tsv}
		exec {batch_lock}> "$WORK/lock/$name"
		flock "$batch_lock"
		for kind in put backup; do
			[[ ! -e $WORK/$kind/$name.json ]] || mv "$WORK/$kind/$name.json" "$WORK/old/$kind/$name.json" || exit 1
		done
		if [[ -s $file || ! -e $WORK/merged/$name.csv ]]; then
			rm -f "$WORK"/{merged/"$name".csv,ledger/"$name".tsv,about/"$name".json,reject/"$name".tsv,failed/"$name"}
		else
			keep_header "$name"
		fi
		mv "$file" "$WORK/keys/$name.tsv" || exit 1
		exec {batch_lock}>&-
	done
	sync "$WORK/keys"
	forget_whole
	write_complete
	rm -rf "$WORK/refresh"
}
