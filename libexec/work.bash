# The work folder as a whole: its lock, its disk, the totals of the plan, and a refresh that is being taken over. Sourced by
# common.bash.
# shellcheck shell=bash

umask g-w,o-w # nobody else may write what the scripts make

# Refuses a work folder in which somebody else could have put what they like: it and its folders must belong to us or to
# root and not be writable by others, and there must be nothing in it but files and folders. WORK itself may be a link.
check_work() {
	local found owner mode
	[[ -d $WORK ]] || return 0
	found=$(find "$WORK/" \( -type l,p,s,b,c -o -type d \( -perm /022 -o ! \( -uid "$EUID" -o -uid 0 \) \) \) -print -quit 2> /dev/null)
	[[ $found ]] || return 0
	found=${found%/}
	read -r owner mode < <(stat -L -c '%u %A' "$found")
	if [[ ! -d $found || (-L $found && $found != "${WORK%/}") ]]; then
		die "$found: is neither a file nor a folder, and nothing else may be in a work folder; delete it"
	elif [[ $owner != "$EUID" && $owner != 0 ]]; then
		die "$found: belongs to another user; use another WORK or, if you trust what is in it, chown -R \"\$USER\" $WORK/"
	else
		die "$found: other users may write to it ($mode); use another WORK or, if you trust what is in it, chmod -R go-w $WORK/"
	fi
}

# Temporary files go where TMPDIR says, or into the work folder: it may be the only folder that can be written.
use_tmp() {
	[[ ! ${TMPDIR-} || ! -d $TMPDIR || ! -w $TMPDIR ]] || return 0
	if ! mkdir -p "$WORK/tmp" 2> /dev/null || [[ ! -w $WORK/tmp ]]; then
		return 0
	fi
	[[ ! ${TMPDIR-} ]] || complain "TMPDIR=$TMPDIR: is not a folder that can be written; temporary files go to $WORK/tmp"
	export TMPDIR=$WORK/tmp
}

# ---- the lock

# Sets VARIABLE to what tells the process PID from a later one with its number, and its parent: START PARENT NAME. Fails if there
# is none.
process() { # VARIABLE PID
	local stat fields
	{ IFS= read -r -d '' stat < "/proc/$2/stat"; } 2> /dev/null || [[ ${stat-} ]] || return 1
	read -ra fields <<< "${stat##*)}"
	printf -v "$1" '%s %s %s' "${fields[19]}" "${fields[1]}" "${stat#*\(}"
}

# Sets VARIABLE to where process numbers mean something: this start of the system, this namespace.
pid_space() { # VARIABLE
	local boot
	read -r boot < /proc/sys/kernel/random/boot_id
	printf -v "$1" '%s %s' "$boot" "$(readlink /proc/self/ns/pid)"
}

# Writes into the lock who holds it: this script, the make that was typed, and what is between them.
tell_holder() {
	local space line pid=$$ parent start name holders='' chain=''
	pid_space space
	while ((pid > 1)) && process line "$pid"; do
		read -r start parent name <<< "$line"
		chain+=" $pid:$start"
		[[ $holders && $name != *make\)* ]] || holders=$chain
		pid=$parent
	done
	printf '%s\n' "$space$holders" 2> /dev/null > "$WORK/.lock" || : # a full disk: then nobody knows
}

# Is the lock held by a run whose make was killed?
is_orphan() {
	local space boot namespace holders holder line
	pid_space space
	read -r -n 4096 boot namespace holders < "$WORK/.lock" || return 1
	[[ "$boot $namespace" == "$space" ]] || return 1
	for holder in $holders; do
		[[ $holder =~ ^([1-9][0-9]{0,9}):([0-9]{1,20})$ ]] || return 1
		process line "${BASH_REMATCH[1]}" && [[ $line == "${BASH_REMATCH[2]} "* ]] || return 0
	done
	return 1
}

# Takes the lock. Another run is in the way unless its make was killed: what that one has started goes on, and is waited for.
take_lock() {
	local told=
	until flock --nonblock "$lock"; do
		is_orphan || die "$WORK: another run is under way here (see make status)"
		[[ $told ]] ||
			complain "$WORK: a run whose make was killed is still under way here; this one waits for its end, and does what is left then"
		told=1
		! flock --timeout 5 "$lock" || break
	done
	tell_holder
}

# Makes the work folder and locks it for one run. The lock belongs to the script alone: its children must not inherit it
# ({lock}>&-), or an orphan would go on holding it.
open_work() {
	local why
	# shellcheck disable=SC2174 # the folders above it may have other modes
	why=$(mkdir -p -m 700 "$WORK" 2>&1) ||
		die "$WORK: the work folder cannot be made: ${why##*: }"
	check_work
	why=$(mkdir -p "$WORK"/{keys,ledger,about,merged,put,backup,reject,stats,log,failed,lock} "$WORK"/old/{put,backup} 2>&1) ||
		die "$WORK: the work folder cannot be made: ${why##*: }"
	why=$({ : >> "$WORK/.lock"; } 2>&1) || die "$WORK: cannot be written: ${why##*: }"
	exec {lock}>> "$WORK/.lock" || exit 1
	take_lock
	find "$WORK/tmp" -mindepth 1 -delete 2> /dev/null # what a killed run left
	use_tmp
	[[ ! -e $WORK/refresh ]] || finish_refresh
}

free_bytes() {
	df --output=avail --block-size=1 "$WORK" | tail -n 1
}

# Compares what remains to be merged of a complete plan with what is free. Listed sizes are of the objects as stored, so gzip
# is underestimated.
warn_of_small_disk() {
	local merged planned left free
	merged=$(find "$WORK/merged" -type f -printf '%s\n' | awk '{ n += $1 } END { printf "%.0f\n", n }')
	number_of planned bytes keys/complete
	free=$(free_bytes)
	left=$((planned - merged))
	((left <= free)) ||
		above_progress "sheaf: $WORK: the disk may be too small: $left bytes remain to be merged, $free are free"
}

# Writes what is planned, batch by batch, and the totals. keys/complete marks the plan as complete, so it comes last.
write_complete() {
	sheaf-work plan-write "$WORK" || exit 1
}

# Continues a work folder of an older version as one of this version. Its plan has been checked.
upgrade() {
	[[ $(sheaf-work values "$WORK" settings version) == '' ]] || return 0
	[[ ! -e $WORK/keys/complete ]] || write_complete
	write_file "$WORK/settings" "$(sheaf-work settings-write)"
}

# Is that file the receipt of an object of that name? A damaged one is told, and says nothing.
is_receipt() { # OBJECT FILE
	[[ $(sheaf-work values "$WORK" "$2" uri) == *"/$1" ]]
}

# Has a batch stored again. Its receipts are kept until then, because the upload may replace only the object that they describe.
forget_receipts() { # NAME
	local kind file
	for kind in put backup; do
		file=$kind/$1.json
		[[ -e $WORK/$file ]] || continue
		if is_receipt "${BATCH_OBJECT/\%/$1}" "$file" 2> /dev/null; then
			mv "$WORK/$file" "$WORK/old/$file" || exit 1
		else
			rm "$WORK/$file"
		fi
	done
}

# Has those batches made again of which something was damaged after they were stored: receipt, ledger, rejects, or the rows that the
# single object needs.
redo_unsound() {
	local name merged=()
	for name in one.json backup/one.json; do # of the single object
		[[ ! -e $WORK/$name ]] || is_receipt "$ONE_OBJECT" "$name" || rm "$WORK/$name"
	done
	if on "$ONE" && [[ ! -e $WORK/one.json || ($BACKUP && ! -e $WORK/backup/one.json) ]]; then
		merged=(merged)
	fi
	while read -r name; do
		complain "batch $name: what is known of it was damaged; it is made again"
		forget_receipts "$name"
	done < <(sheaf-work unsound "$WORK" "${merged[@]}" | sort -u)
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
	[[ -e $WORK/about/$1.json ]] || return 0
	about=$(read_json "$WORK/about/$1.json")
	[[ $about =~ '"header_bytes":'([0-9]{1,18})[,}] ]] && bytes=${BASH_REMATCH[1]}
	[[ $about =~ '"header_crc32c":"'([0-9a-f]{8})'"' ]] && crc=${BASH_REMATCH[1]}
	[[ ${bytes-} && ${crc-} ]] ||
		die "$WORK/about/$1.json: csvcat did not write this; delete it and $WORK/merged/$1.csv"
	head -c "$bytes" "$WORK/merged/$1.csv" > "$WORK/merged/$1.csv.part" || exit 1
	write_file "$WORK/about/$1.json" \
		"{\"objects\":0,\"rows\":0,\"bytes\":$bytes,\"crc32c\":\"$crc\",\"header\":${about#*,\"header\":}"
	: > "$WORK/ledger/$1.tsv"
	sync "$WORK/merged/$1.csv.part" && mv "$WORK/merged/$1.csv.part" "$WORK/merged/$1.csv" || exit 1
}

# Refuses a refresh of which something was lost since it was prepared. Older versions prepared it without a list of what is in it.
check_refresh() {
	local remedy="is damaged; delete it, then make refresh prepares it again"
	if [[ -e $WORK/refresh/complete ]]; then
		sheaf-work plan-check "$WORK" refresh > /dev/null || die "$WORK/refresh: $remedy"
	elif compgen -G "$WORK/refresh/*.tsv" > /dev/null && [[ $(sheaf-work values "$WORK" settings version) ]]; then
		die "$WORK/refresh: $remedy"
	fi
}

# Takes over what make refresh has prepared, one batch at a time under its lock. If it is killed, the next run continues.
finish_refresh() {
	local file name batch_lock
	check_refresh
	for file in "$WORK"/refresh/*.tsv; do
		[[ -e $file ]] || continue
		name=${file##*/}
		name=${name%.tsv}
		is_batch "$name" || die "$file: is not the plan of a batch; delete it"
		exec {batch_lock}> "$WORK/lock/$name"
		flock "$batch_lock"
		forget_receipts "$name"
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
	if [[ -e $WORK/refresh/complete ]]; then
		mv "$WORK/refresh/complete" "$WORK/keys/complete" && sync "$WORK/keys" || exit 1
	elif [[ $(sheaf-work values "$WORK" settings version) == '' ]]; then
		write_complete
	fi
	rm -rf "$WORK/refresh"
}
