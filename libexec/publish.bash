# What is stored of all batches together: the single object of ONE=1, and the ledgers. Sourced by merge.
# shellcheck shell=bash

# Stores all merged objects as one; it appears only with the size and the CRC32C that the ledgers predict. With UNION=1
# rows change where columns are added, so csvcat computes both in a pass of its own.
put_one() { # BATCHES
	local n name cat=(csvcat --delimiter "$DELIMITER" --ragged "$RAGGED" --files-from "$WORK/one.list")
	[[ ! -e $WORK/one.json || (-n $BACKUP && ! -e $WORK/backup/one.json) ]] || return 0
	rm -f "$WORK/published.json"
	for ((n = 0; n < $1; n++)); do
		batch_name name "$n"
		echo "$WORK/merged/$name.csv"
	done > "$WORK/one.list"
	if on "$UNION"; then
		cat+=(--union)
		"${cat[@]}" --about "$WORK/about/one.json" --output /dev/null || return 1
	else
		write_file "$WORK/about/one.json" "$(verify --predict "$WORK")"
	fi
	store_one DEST one.json && { [[ -z $BACKUP ]] || store_one BACKUP backup/one.json; }
}

# Stores what the array cat prints.
store_one() { # NAME RECEIPT
	local condition=--if-none-match why
	[[ ! -e $WORK/$2 ]] || return 0
	if [[ -e $WORK/old/$2 && $(read_json "$WORK/old/$2") =~ '"etag":"'([^\"]*) ]]; then
		condition=--if-match=${BASH_REMATCH[1]}
	fi
	on "$OVERWRITE" && condition=
	why=$({ "${cat[@]}" | s3put --only-writer ${condition:+"$condition"} --about "$WORK/about/one.json" \
		--stats "$WORK/stats/one.ndjson" --output "$WORK/$2" - "${!1}$ONE_OBJECT"; } 2>&1) && return
	complain "the single object was not stored: $why"
	return 1
}

# Stores plan, ledgers, rejects and receipts at DEST, so that make verify DEST=... works from anywhere.
publish() {
	local why one=()
	[[ ! -e $WORK/published.json ]] || return 0
	[[ ! -e $WORK/one.json ]] || one=(one.json)
	why=$({ tar -C "$WORK" -cf - settings run.json keys ledger put backup reject "${one[@]}" | gzip -1 > "$WORK/ledger.tar.gz" &&
		s3put --stats "$WORK/stats/listing.ndjson" --output "$WORK/published.json" "$WORK/ledger.tar.gz" \
			"${DEST}_sheaf/ledger.tar.gz"; } 2>&1) && return
	complain "the ledgers were not stored: $why"
	return 1
}
