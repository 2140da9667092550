# The claim: DEST belongs to one run, and so does BACKUP. Sourced by merge.
# shellcheck shell=bash

# Claims a prefix before anything else is stored there, by an object that must not exist yet. If it exists and is ours, an
# earlier run of this work folder was killed before it could keep the receipt.
claim() { # NAME RECEIPT
	local why theirs=$WORK/claim.part uri=${!1}_sheaf/run.json
	[[ ! -e $2 ]] || return 0
	if why=$(s3put --if-none-match --content-type application/json --stats "$WORK/stats/listing.ndjson" \
		--output "$2" "$WORK/run.json" "$uri" 2>&1); then
		[[ -z $why ]] || above_progress "$why" # a warning
		return
	fi
	# sheaf-work refuses what is too long to be a claim
	get_stored --stdout "$uri" 2> /dev/null | head -c 65537 > "$theirs"
	[[ ${PIPESTATUS[0]} == 0 || $(stat -c %s "$theirs") == 65537 ]] || refuse "$1=${!1}: $why"
	why=$(sheaf-work claim "$WORK" "$1" "${!1}" 2>&1 < "$theirs") || refuse "${why#sheaf: }"
	rm "$theirs"
	write_file "$2" "$(< "$WORK/run.json")"
}
