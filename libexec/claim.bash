# The claim: DEST belongs to one run, and so does BACKUP. Sourced by merge.
# shellcheck shell=bash

# Claims a prefix before anything else is stored there, by an object that must not exist yet. If it exists and is ours, an
# earlier run of this work folder was killed before it could keep the receipt.
claim() { # NAME RECEIPT
	local why theirs uri=${!1}_sheaf/run.json
	[[ ! -e $2 ]] || return 0
	if ! why=$(s3put --if-none-match --content-type application/json --stats "$WORK/stats/listing.ndjson" \
		--output "$2" "$WORK/run.json" "$uri" 2>&1); then
		theirs=$(s3get --stdout "$uri" 2> /dev/null) || refuse "$1=${!1}: $why"
		[[ $theirs == "$(< "$WORK/run.json")" ]] ||
			refuse "$1=${!1} belongs to another run; use another $1, or the work folder of that run: $theirs"
		write_file "$2" "$theirs"
	elif [[ -n $why ]]; then
		above_progress "$why" # a warning
	fi
}
