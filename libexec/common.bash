# What every script of the pipeline needs: messages, numbers and files. Sourced, never run; brings the other shared parts along.
# The settings come from the environment, where pipeline.mk puts them; the environment is made by libexec/enter.
#
# Nothing that comes from a file or from the environment is believed: a name is one of a fixed list or has the form of a
# batch's name, and a number passes is_number, before either reaches an arithmetic expression, an array index or the name of a
# variable, where bash would run the commands in it.
# shellcheck shell=bash

# ---- messages

# Prints standard input as it may be shown.
printable() {
	sheaf-work show
}

# Sets VARIABLE to TEXT as it may be shown: control characters become \xNN, so that a terminal obeys nothing in it.
shown() { # VARIABLE TEXT
	if [[ $2 == *[^' '-'~']* ]]; then
		printf -v "$1" %s "$(printf '%s\n' "$2" | printable)"
	else
		printf -v "$1" %s "$2"
	fi
}

# Prints a line on standard error.
complain() { # TEXT
	local text
	shown text "$1"
	printf 'sheaf: %s\n' "$text" >&2
}

die() { # TEXT...
	complain "$*"
	exit 1
}

# Prints a line on standard error. On a terminal it first clears the progress line, which is then redrawn below.
above_progress() { # TEXT
	local text
	shown text "$1"
	[[ ! -t 2 ]] || printf '\r\e[K' >&2
	printf '%s\n' "$text" >&2
}

# ---- programs

# s3get, for what the merge itself has stored. S3GET_FLAGS are for SRC; but where ETags are no MD5s, they are none here either.
get_stored() { # ARGUMENT...
	local word words options=()
	mapfile -d '' -t words < <(sheaf-work settings-words S3GET_FLAGS)
	for word in "${words[@]}"; do
		[[ $word != --no-md5 ]] || options=(--no-md5)
	done
	s3get "${options[@]}" "$@"
}

# ---- values

# Is a switch such as UNION=1 on?
on() { # VALUE
	[[ $1 == 1 ]]
}

now() {
	printf '%(%Y-%m-%dT%H:%M:%SZ)T' -1
}

json_string() { # TEXT without control characters
	local s=${1//\\/\\\\}
	printf '"%s"' "${s//\"/\\\"}"
}

# Writes a file that appears complete or not at all: NAME.part is written, synced and renamed.
write_file() { # NAME TEXT
	local why
	why=$({ printf '%s\n' "$2" > "$1.part" && sync "$1.part" && mv "$1.part" "$1"; } 2>&1) ||
		die "$1: cannot be written: ${why##*: }"
}

# Is TEXT a whole number below 10^18, in the only way to write it?
is_number() { # TEXT
	[[ $1 =~ ^(0|[1-9][0-9]{0,17})$ ]]
}

# Sets VARIABLE to the number NAME in a file of the work folder: settings, status or keys/complete.
number_of() { # VARIABLE NAME FILE
	local text
	text=$(sheaf-work values "$WORK" "$3" "$2") || exit 1
	is_number "$text" || die "$WORK/$3: $2 is not a number"
	printf -v "$1" %s "$text"
}

# Lists objects into FILE. If it turns out late that the server lists in another order than that of the bytes, all is listed again.
list_objects() { # FILE S3LS-OPTION... URI
	s3ls --order auto "${@:2}" > "$1" && return
	(($? == 4)) && s3ls --order sort "${@:2}" > "$1"
}

# A function for awk: what tells an object from another of the same name. A server may have no ETag for objects that it did not
# store itself; then size and time stand for it.
# shellcheck disable=SC2034 # for refresh and verify
readonly IDENTITY='function identity(size, etag, time) { return etag != "" ? etag : size " " time } '

# Prints the beginning of a file that should be a line of JSON; no more than 64 KiB of it.
read_json() { # FILE
	head -c 65536 "$1" | tr -d '\0'
}

# shellcheck source=libexec/batches.bash
. "${BASH_SOURCE[0]%/*}/batches.bash"
# shellcheck source=libexec/settings.bash
. "${BASH_SOURCE[0]%/*}/settings.bash"
# shellcheck source=libexec/work.bash
. "${BASH_SOURCE[0]%/*}/work.bash"
