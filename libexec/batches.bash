# The names of batches and of their objects, and which batches are done. Sourced by common.bash.
# shellcheck shell=bash

# Sets VARIABLE to the name of batch N: 7 is 00007.
batch_name() { # VARIABLE N
	printf -v "$1" %05d "$2"
}

is_batch() { # NAME
	[[ $1 =~ ^[0-9]{5,9}$ ]]
}

# Sets VARIABLE to the URI of a batch's merged object. Its name is defined in pipeline.mk.
object_uri() { # VARIABLE PREFIX NAME
	printf -v "$1" %s "$2${BATCH_OBJECT/\%/$3}"
}

# Sets the array counts: the batches cut so far, those done, those that failed, and with "objects" the objects of those done.
count() { # [objects]
	mapfile -t counts < <(sheaf-work counts "$WORK" "$@")
	((${#counts[@]} >= 3)) || exit 1
}

# Are the keys of each batch what was planned? What is wrong is told.
check_plan() {
	sheaf-work plan-check "$WORK" > /dev/null
}

# Prints names of batches, one a line, padded to the same length: a reader of a pipe that takes NAME_LEN bytes at once gets
# exactly one name, however many processes read from it.
readonly NAME_LEN=16
tell_names() { # NAME...
	printf "%-$((NAME_LEN - 1))s\n" "$@"
}

# Sets the array left: the names of the batches that lack a receipt, or one of two with BACKUP.
list_left() {
	# shellcheck disable=SC2034 # what it sets
	mapfile -t left < <(sheaf-work left "$WORK" ${BACKUP:+backup})
}
