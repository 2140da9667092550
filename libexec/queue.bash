# The queue: the names of the batches to make, in a pipe that all workers read. Sourced by merge.
# shellcheck shell=bash

# Writes the names to the queue as they become known; starts the listing if it is not complete.
feed() {
	local counts left
	count
	list_left
	((${#left[@]} == 0)) || tell_names "${left[@]}"
	[[ -e $WORK/keys/complete ]] || exec flock --no-fork "$WORK/lock/listing" "${0%/*}/listing" "${counts[0]}"
}

# Takes the next name off the queue. Fails when no more will come.
next_name() { # VARIABLE
	local record
	read -r -N "$NAME_LEN" record <&"$QUEUE" && printf -v "$1" %s "${record%%[ $'\n']*}"
}

# Prints the first batch of each worker; with fewer batches than JOBS there are fewer workers.
first_names() { # NAME
	local name=$1 n
	echo "$name"
	for ((n = 1; n < JOBS; n++)); do
		next_name name || break
		echo "$name"
	done
}
