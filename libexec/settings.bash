# What the user asked for: the checks of the settings, and the work folder's own. Sourced by common.bash.
# shellcheck shell=bash

is_prefix() { # NAME
	[[ ${!1} == s3://[!/]* ]] || die "$1=${!1}: must be a prefix, s3://bucket/..."
	[[ ${!1} != *[[:cntrl:]]* ]] || die "$1: must not contain a control character"
}

# Prefixes are strings: SRC must not list what is stored at DEST, and must not lie among it.
is_apart() { # NAME
	local output
	for output in "${!1}${BATCH_OBJECT%%-*}" "${!1}_sheaf/"; do
		[[ $output != "$SRC"* && $SRC != "$output"* ]] ||
			die "$1=${!1}: the merged objects would be listed by SRC=$SRC; use another $1"
	done
}

# Refuses what cannot work before anything is touched.
check_request() {
	local name
	for name in s3ls s3get csvcat s3put report verify parallel flock; do
		command -v "$name" > /dev/null || die "$name: no such program; run make deps and make build"
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

# Sets the array filter: s3ls's options for SUFFIX and EXCLUDE.
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

# ---- the settings of the work folder

readonly SETTINGS=(SRC DEST BATCH SUFFIX EXCLUDE LIMIT UNION RAGGED DELIMITER COLUMNS SOURCE_COLUMN)

asked_settings() {
	local name
	for name in "${SETTINGS[@]}"; do
		[[ $name == COLUMNS ]] && echo "COLUMNS=$CSV_COLUMNS" || echo "$name=${!name}" # bash itself sets COLUMNS
	done
}

# Takes over the settings of the work folder, for targets that need none on the command line.
load_settings() {
	local name value
	while IFS='=' read -r name value; do
		[[ $name != COLUMNS ]] || name=CSV_COLUMNS
		printf -v "$name" %s "$value"
	done < "$WORK/settings"
}

# A work folder belongs to its settings once it has a batch, and to its DEST once that is claimed.
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
