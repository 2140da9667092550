# What the scripts of the pipeline share; sourced, never run. Settings come by the environment (pipeline.mk).
# shellcheck shell=bash

unset MAKEFLAGS MAKELEVEL MFLAGS # a make started from here is a run of its own

die() {
	printf 'sheaf: %s\n' "$*" >&2
	exit 1
}

# A line on standard error, where on a terminal the progress line is deleted, and comes anew below.
above_progress() { # TEXT
	[[ ! -t 2 ]] || printf '\r\e[K' >&2
	printf '%s\n' "$1" >&2
}

# A switch such as UNION=1.
on() {
	[[ $1 == 1 ]]
}

now() {
	printf '%(%Y-%m-%dT%H:%M:%SZ)T' -1
}

json_string() { # TEXT without control characters
	local s=${1//\\/\\\\}
	printf '"%s"' "${s//\"/\\\"}"
}

# A whole file or none: TEXT goes to NAME.part, which is synced and renamed.
write_file() { # NAME TEXT
	local why
	why=$({ printf '%s\n' "$2" > "$1.part" && sync "$1.part" && mv "$1.part" "$1"; } 2>&1) ||
		die "$1: cannot be written: ${why##*: }"
}

# The number of batches cut so far. Counted up, because a glob's order breaks behind 99999.
count_batches() {
	local n=0 name=00000
	while [[ -e $WORK/keys/$name.tsv ]]; do
		printf -v name %05d $((++n))
	done
	echo "$n"
}

# Names of batches, a line each, all of one length: who reads that many bytes of a pipe at once has one name whole, however
# many read from it.
readonly NAME_LEN=16
tell_names() { # NAME...
	printf "%-$((NAME_LEN - 1))s\n" "$@"
}

# The names of the batches without a receipt, or with BACKUP without both, among the first BATCHES.
batches_left() { # BATCHES
	local n name
	for ((n = 0; n < $1; n++)); do
		printf -v name %05d "$n"
		[[ -e $WORK/put/$name.json && (-z $BACKUP || -e $WORK/backup/$name.json) ]] || tell_names "$name"
	done
}

count_done() {
	find "$WORK/put" -name '[0-9]*.json' | wc -l
}

count_failed() {
	find "$WORK/failed" -name '[0-9]*' ! -name '*.part' | wc -l
}

free_bytes() {
	df --output=avail --block-size=1 "$WORK" | tail -n 1
}

# Of a whole plan: what is still to be merged against what is free. Sizes are those listed, so gzip counts too little.
warn_of_small_disk() {
	local merged left
	merged=$(find "$WORK/merged" -type f -printf '%s\n' | awk '{ n += $1 } END { printf "%.0f\n", n }')
	left=$(($(value_of bytes "$WORK/keys/complete") - merged))
	((left <= $(free_bytes))) ||
		above_progress "sheaf: $WORK: its disk may be too small: $left bytes are to be merged, $(free_bytes) are free"
}

# NAME=value lines, as in keys/complete and status: the value of one.
value_of() { # NAME FILE
	local line
	while IFS= read -r line; do
		[[ $line != "$1="* ]] || { echo "${line#*=}"; return; }
	done < "$2"
}

# ---- what was asked for

is_prefix() { # NAME
	[[ ${!1} == s3://[!/]* ]] || die "$1=${!1}: must be a prefix, s3://bucket/..."
	[[ ${!1} != *[[:cntrl:]]* ]] || die "$1: must not hold a control character"
}

# Prefixes are strings: what DEST gets must not be listed by SRC, nor SRC be among it.
is_apart() { # NAME
	local output
	for output in "${!1}merged" "${!1}_sheaf/"; do
		[[ $output != "$SRC"* && $SRC != "$output"* ]] ||
			die "$1=${!1}: the merged objects would be listed by SRC=$SRC; use another $1"
	done
}

# Refuses what cannot work, before anything is touched.
check_request() {
	local name
	for name in s3ls s3get csvcat s3put report verify parallel flock; do
		command -v "$name" > /dev/null || die "$name: no such program; make deps and make build bring all that is needed"
	done
	is_prefix SRC
	is_prefix DEST
	[[ ${SRC#s3://} == */* ]] || SRC+=/
	is_apart DEST
	if [[ -n $BACKUP ]]; then
		is_prefix BACKUP
		is_apart BACKUP
		[[ $BACKUP != "$DEST"* && $DEST != "$BACKUP"* ]] || die "BACKUP=$BACKUP: must be apart from DEST=$DEST"
	fi
	for name in BATCH JOBS LIMIT; do
		[[ ${!name} =~ ^[1-9][0-9]{0,8}$ || ($name == LIMIT && -z $LIMIT) ]] ||
			die "$name=${!name}: must be a number from 1 on"
	done
}

# ---- the work folder

# The totals of the plan; that they are there says that it is whole.
write_complete() {
	local totals
	totals=$(find "$WORK/keys" -name '*.tsv' -exec cat {} + |
		awk -F '\t' '{ bytes += $2 } END { printf "objects=%.0f\nbytes=%.0f\n", NR, bytes }') || exit 1
	write_file "$WORK/keys/complete" "$totals
batches=$(count_batches)
skipped=$(find "$WORK/keys" -name '*.skipped' -exec cat {} + | wc -l)"
}

# One run at a time. The lock is this script's alone: what it starts gets no copy ({lock}>&-), or an orphan would hold it.
open_work() {
	local why
	why=$(mkdir -p "$WORK"/{keys,ledger,about,merged,put,backup,reject,stats,log,failed,lock} "$WORK"/old/{put,backup} 2>&1) ||
		die "$WORK: the work folder cannot be made: ${why##*: }"
	why=$({ : >> "$WORK/.lock"; } 2>&1) || die "$WORK: cannot be written: ${why##*: }"
	exec {lock}>> "$WORK/.lock" || exit 1
	flock --nonblock "$lock" || die "$WORK: another run is under way here (make status tells about it)"
	[[ ! -e $WORK/refresh ]] || finish_refresh
}

# What was made of all batches is to be made again.
forget_whole() {
	local receipt
	rm -f "$WORK/published.json"
	for receipt in one.json backup/one.json; do
		[[ ! -e $WORK/$receipt ]] || mv "$WORK/$receipt" "$WORK/old/$receipt"
	done
}

# ---- the plan changes

# A batch of which no object is left keeps an object with its header.
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

# Takes over what make refresh has prepared, one batch after another under its lock. Killed, the next run goes on with it.
# The old receipt stays until the next upload, which replaces only the object that it tells of.
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

readonly SETTINGS=(SRC DEST BATCH SUFFIX EXCLUDE LIMIT UNION RAGGED DELIMITER COLUMNS SOURCE_COLUMN)

asked_settings() {
	local name
	for name in "${SETTINGS[@]}"; do
		[[ $name == COLUMNS ]] && echo "COLUMNS=$CSV_COLUMNS" || echo "$name=${!name}" # bash itself sets COLUMNS
	done
}

# The settings that the work folder has, for what needs none from the command line.
load_settings() {
	local name value
	while IFS='=' read -r name value; do
		[[ $name != COLUMNS ]] || name=CSV_COLUMNS
		printf -v "$name" %s "$value"
	done < "$WORK/settings"
}

# s3ls's options for SUFFIX and EXCLUDE, into the array filter.
read_filter() {
	local word words
	filter=()
	read -ra words <<< "$SUFFIX"
	for word in "${words[@]}"; do
		filter+=(--suffix "$word")
	done
	read -ra words <<< "$EXCLUDE"
	for word in "${words[@]}"; do
		filter+=(--exclude "$word")
	done
}

# A work folder belongs to its settings from the first batch on; to its DEST once that is claimed.
check_settings() {
	local asked kept differ
	asked=$(asked_settings)
	[[ ! -e $WORK/settings ]] || kept=$(< "$WORK/settings")
	[[ ${kept-} != "$asked" ]] || return 0
	if [[ ! -e $WORK/keys/00000.tsv || ! -e $WORK/claim.json &&
		$(grep -v ^DEST= <<< "$kept") == "$(grep -v ^DEST= <<< "$asked")" ]]; then
		new_run
		write_file "$WORK/settings" "$asked"
		return
	fi
	differ=$(comm -13 <(sort <<< "$kept") <(sort <<< "$asked") | while IFS='=' read -r name value; do
		printf '%s=%s (it has %s), ' "$name" "$value" "$(value_of "$name" "$WORK/settings")"
	done)
	die "$WORK belongs to other settings: asked for ${differ%, }; use another WORK, or delete it"
}

new_run() {
	local id
	read -r id < /proc/sys/kernel/random/uuid
	rm -f "$WORK/claim.json"
	write_file "$WORK/run.json" \
		"{\"id\":\"${id//-/}\",\"created\":\"$(now)\",\"src\":$(json_string "$SRC"),\"dest\":$(json_string "$DEST")}"
}
