#include <stddef.h>
#include <string.h>

#include "sums/hash.h"
#include "tap.h"

/* RFC 1321 (A.5), FIPS 180-4 (examples). */
static void
test(enum hash_algorithm a, const char *name, const char *of_nothing, const char *of_abc)
{
	unsigned char sum[HASH_MAX];
	char hex[HASH_HEX];
	struct hash h, begun;
	size_t n;

	hash_hex_of(hex, a, "", 0);
	OK_STR(hex, of_nothing, "%s", name);
	hash_hex_of(hex, a, NULL, 0);
	OK_STR(hex, of_nothing, "%s", name);
	hash_hex_of(hex, a, "abc", 3);
	OK_STR(hex, of_abc, "%s", name);

	hash_begin(&h, a);
	hash_add(&h, "ab", 2);
	begun = h;
	hash_add(&h, "", 0);
	hash_add(&h, "c", 1);
	n = hash_end(&h, sum);
	hash_hex(hex, sum, n);
	OK_STR(hex, of_abc, "in pieces");
	hash_add(&begun, "c", 1);
	n = hash_end(&begun, sum);
	hash_hex(hex, sum, n);
	OK_STR(hex, of_abc, "and a copy of what was begun");
}

int
main(void)
{
	test(HASH_MD5, "MD5", "d41d8cd98f00b204e9800998ecf8427e",
	    "900150983cd24fb0d6963f7d28e17f72");
	test(HASH_SHA1, "SHA-1", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
	    "a9993e364706816aba3e25717850c26c9cd0d89d");
	test(HASH_SHA256, "SHA-256",
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	return tap_done();
}
