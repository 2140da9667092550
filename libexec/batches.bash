# The names of batches and of their objects, and which batches are done. Sourced by common.bash.
# shellcheck shell=bash

# Sets VARIABLE to the name of batch N: 7 is 00007.
batch_name() { # VARIABLE N
	printf -v "$1" %05d "$2"
}

# Sets VARIABLE to the URI of a batch's merged object. Its name is defined in pipeline.mk.
object_uri() { # VARIABLE PREFIX NAME
	printf -v "$1" %s "$2${BATCH_OBJECT/\%/$3}"
}

# Prints the number of batches cut so far. Batches are counted one by one because the order of a glob breaks after 99999.
count_batches() {
	local n=0 name=00000
	while [[ -e $WORK/keys/$name.tsv ]]; do
		batch_name name $((++n))
	done
	echo "$n"
}

# Prints names of batches, one a line, padded to the same length: a reader of a pipe that takes NAME_LEN bytes at once gets
# exactly one name, however many processes read from it.
readonly NAME_LEN=16
tell_names() { # NAME...
	printf "%-$((NAME_LEN - 1))s\n" "$@"
}

# Prints the names of those among the first BATCHES batches that lack a receipt, or one of two with BACKUP.
batches_left() { # BATCHES
	local n name
	for ((n = 0; n < $1; n++)); do
		batch_name name "$n"
		[[ -e $WORK/put/$name.json && (-z $BACKUP || -e $WORK/backup/$name.json) ]] || tell_names "$name"
	done
}

count_done() {
	find "$WORK/put" -name '[0-9]*.json' | wc -l
}

count_failed() {
	find "$WORK/failed" -name '[0-9]*' ! -name '*.part' | wc -l
}
