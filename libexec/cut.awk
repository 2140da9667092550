# Cuts what `s3ls --long --show-skipped` prints into dir/N.tsv, batch lines each, from number on, and prints the name
# of each that is full. What remains at the end is in a file too, and not named: whoever calls knows whether s3ls
# ended well. Objects that were left out go to dir/N.skipped.

function begin_batch() {
	name = sprintf("%05d", number)
	tsv = dir "/" name ".tsv"
	lines = 0
}

function fail(why) {
	print "sheaf: listing: " why > "/dev/stderr"
	failed = 1
	exit 1
}

BEGIN {
	FS = "\t"
	last = ENVIRON["LISTED_UP_TO"] # not by -v, which would read its backslashes
	begin_batch()
}

$1 == "-" {
	print $2 > (dir "/" name ".skipped")
	next
}

# the time's Z is the last byte of a whole line: one that was cut short has none
NF != 4 || $1 !~ /^s3:\/\// || $4 !~ /Z$/ {
	fail("not a line of a listing: " $0)
}

# a server that ignores where to begin would bring objects twice
$1 "" <= last "" {
	fail($1 " comes behind " last ": the listing is out of order")
}

{
	last = $1
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
