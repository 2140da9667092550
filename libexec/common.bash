# What every script of the pipeline needs: messages and files. Sourced, never run; brings the other shared parts along.
# The settings come from the environment, where pipeline.mk puts them.
# shellcheck shell=bash

unset MAKEFLAGS MAKELEVEL MFLAGS # a make that a script starts is a run of its own

die() { # TEXT...
	printf 'sheaf: %s\n' "$*" >&2
	exit 1
}

# Prints a line on standard error. On a terminal it first clears the progress line, which is then redrawn below.
above_progress() { # TEXT
	[[ ! -t 2 ]] || printf '\r\e[K' >&2
	printf '%s\n' "$1" >&2
}

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

# Prints the value of NAME in a file of NAME=value lines.
value_of() { # NAME FILE
	local line
	while IFS= read -r line; do
		[[ $line != "$1="* ]] || { echo "${line#*=}"; return; }
	done < "$2"
}

# shellcheck source=libexec/batches.bash
. "${BASH_SOURCE[0]%/*}/batches.bash"
# shellcheck source=libexec/settings.bash
. "${BASH_SOURCE[0]%/*}/settings.bash"
# shellcheck source=libexec/work.bash
. "${BASH_SOURCE[0]%/*}/work.bash"
