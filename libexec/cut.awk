# Cuts the output of `s3ls --long --show-skipped` into N.tsv in the folder PART, batch lines each, starting with number, and prints the name
# of each file that is full. The remainder goes to a file that is not printed: only the caller knows whether s3ls succeeded.
# Objects that were left out go to N.skipped. PLANNED, if it is set, is a sorted file of URIs that are in a batch already; of the
# others LEFT are taken at most.

function begin_batch() {
	name = sprintf("%05d", number)
	tsv = dir "/" name ".tsv"
	lines = 0
}

# Is the URI in PLANNED? They are asked for in order.
function is_planned(uri) {
	while (planned != "" && known "" < uri "")
		if ((getline known < planned) <= 0)
			planned = ""
	return planned != "" && known "" == uri ""
}

function fail(why) {
	print "sheaf: listing: " why > "/dev/stderr"
	failed = 1
	exit 1
}

BEGIN {
	FS = "\t"
	last = ENVIRON["LISTED_UP_TO"] # -v would interpret its backslashes
	dir = ENVIRON["PART"]
	planned = ENVIRON["PLANNED"]
	left = ENVIRON["LEFT"] == "" ? -1 : ENVIRON["LEFT"] + 0
	begin_batch()
}

$1 == "-" {
	print $2 > (dir "/" name ".skipped")
	next
}

# the Z of the time is the last byte of a complete line; a line that was cut short lacks it, or the whole time, as if there was none
NF != 4 || $1 !~ /^s3:\/\// || $4 !~ /^(.*Z)?$/ {
	fail("not a line of a listing: " $0)
}

# a server that ignores start-after would return objects twice
$1 "" <= last "" {
	fail($1 " comes after " last ": the listing is out of order")
}

left == 0 || is_planned($1) {
	last = $1
	next
}

{
	last = $1
	left--
	print > tsv
	if (++lines == batch) {
		close(tsv)
		close(dir "/" name ".skipped")
		print name
		fflush()
		number++
		begin_batch()
	}
}
