# The settings: what a run takes from them, and the work folder's own. The table of all of them is lib/work/settings.c, which
# sheaf-work prints and checks; libexec/enter has it check the environment before a script starts. Sourced by common.bash.
# shellcheck shell=bash

# Refuses what cannot work before anything is touched.
check_request() {
	local name
	for name in s3ls s3get csvcat s3put report verify parallel flock; do
		command -v "$name" > /dev/null || die "$name: no such program; run make deps and make build"
	done
	check_parallel
	tell_missing_files
	SRC=$(sheaf-work settings-value SRC) || exit 2
}

# Tells of files with settings of AWS that the environment names and that are not there: without them requests may go elsewhere.
# That is no error, because the AWS CLI goes on as well.
tell_missing_files() {
	local name file
	for name in AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE; do
		file=${!name-}
		[[ $file != \~/* ]] || file=$HOME/${file:2}
		[[ ! $file || -e $file ]] || complain "$name=${!name}: there is no such file; nothing in it is heeded"
	done
}

# GNU parallel is a script that names its author in its first lines, which are read faster than it starts. Other programs have that name, too.
check_parallel() {
	local file head
	file=$(type -P parallel)
	IFS= read -r -d '' -n 200 head < "$file"
	[[ $head == *'Ole Tange'* || $(parallel --version 2> /dev/null) == 'GNU parallel'* ]] ||
		die "$file: is not GNU parallel, but another program of that name; install GNU parallel (make deps), or put it first in PATH"
}

# Sets REJECTS_MAX: to what is given, else, with "kept", to what the last run was told, else to its default.
find_rejects_max() { # [kept]
	[[ ! ${REJECTS_MAX-} ]] || return 0
	REJECTS_MAX=
	[[ $# == 0 || ! -e $WORK/status ]] || REJECTS_MAX=$(sheaf-work values "$WORK" status rejects_max 2> /dev/null)
	[[ $REJECTS_MAX ]] || REJECTS_MAX=$(sheaf-work settings-value REJECTS_MAX)
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

# Takes over the settings of the work folder, for targets that need none on the command line.
load_settings() {
	local settings name value
	settings=$(sheaf-work settings-load "$WORK") || exit 1
	while IFS='=' read -r name value; do
		case $name in
		SRC) SRC=$value ;;
		DEST) DEST=$value ;;
		SUFFIX) SUFFIX=$value ;;
		EXCLUDE) EXCLUDE=$value ;;
		esac
	done <<< "$settings"
}

# Ends a script because a file of the work folder was damaged. merge has one of its own.
damaged() { # TEXT
	die "$1"
}

# Refuses a work folder in which nothing has run, or whose settings were lost.
need_settings() {
	[[ ! -e $WORK/settings ]] || return 0
	[[ ! $(find "$WORK/keys" -name '[0-9]*.tsv' -print -quit 2> /dev/null) ]] || tell_lost_settings
	die "$WORK: no run has used this work folder"
}

tell_lost_settings() {
	damaged "$WORK/settings: is missing, but there are batches; use another WORK, or delete this one"
}

# A work folder belongs to its settings once it has a batch, and to its DEST once that is claimed.
check_settings() {
	local names why
	if names=$(sheaf-work settings-compare "$WORK" 2> "$WORK/failed/settings.part"); then
		check_run
		return
	elif [[ $? == 1 ]] && [[ ! $(find "$WORK/keys" \( -name '[0-9]*.tsv' -o -name complete \) -print -quit) ||
		(! -e $WORK/claim.json && $names == DEST) ]]; then
		new_run
		write_file "$WORK/settings" "$(sheaf-work settings-write)"
		return
	fi
	IFS= read -r -n 65536 why < "$WORK/failed/settings.part"
	rm "$WORK/failed/settings.part"
	why=${why#sheaf: }
	[[ $names ]] || damaged "$why"
	[[ -e $WORK/settings ]] || tell_lost_settings
	die "$WORK belongs to other settings: asked for $why; use another WORK, or delete it"
}

# Is run.json what it was? It says whose DEST is, once that is claimed; before that it can be made anew.
check_run() {
	local uri=${DEST}_sheaf/run.json
	[[ ! -e $WORK/run.json ]] || ! sheaf-work claim "$WORK" DEST "$DEST" < "$WORK/run.json" 2> /dev/null || return 0
	[[ ! -e $WORK/claim.json ]] ||
		damaged "$WORK/run.json: is missing or damaged; s3get --stdout $uri > $WORK/run.json brings it back"
	new_run
}

new_run() {
	local id
	read -r id < /proc/sys/kernel/random/uuid
	rm -f "$WORK/claim.json"
	write_file "$WORK/run.json" \
		"{\"id\":\"${id//-/}\",\"created\":\"$(now)\",\"src\":$(json_string "$SRC"),\"dest\":$(json_string "$DEST")}"
}
