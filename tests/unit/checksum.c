/* lib/sums/checksum: the published check values, whole and in pieces. */
#include "sums/checksum.h"
#include "tap.h"

static void
test(enum checksum_algorithm a, const char *name, const char *nothing, const char *digits)
{
	static const char text[] = "123456789";
	char long_text[1000], got[CHECKSUM_TEXT], whole[CHECKSUM_TEXT];
	struct checksum c;

	checksum_begin(&c, a);
	checksum_end(&c, got);
	OK_STR(got, nothing, "%s of nothing", name);
	checksum_begin(&c, a);
	checksum_add(&c, text, 9);
	checksum_end(&c, got);
	OK_STR(got, digits, "%s of 123456789", name);
	OK_STR(checksum_name(a), name, "its name");

	for (size_t i = 0; i < sizeof(long_text); i++)
		long_text[i] = (char)(i * 7919 >> 3);
	checksum_begin(&c, a);
	checksum_add(&c, long_text, sizeof(long_text));
	checksum_end(&c, whole);
	checksum_begin(&c, a);
	for (size_t at = 0, n = 1; at < sizeof(long_text); at += n, n = n * 3 + 1) {
		if (n > sizeof(long_text) - at)
			n = sizeof(long_text) - at;
		checksum_add(&c, long_text + at, n);
	}
	checksum_end(&c, got);
	OK_STR(got, whole, "%s in pieces", name);
}

int
main(void)
{
	struct checksum c = {0};
	char got[CHECKSUM_TEXT];

	test(CHECKSUM_CRC32, "CRC32", "AAAAAA==", "y/Q5Jg==");
	test(CHECKSUM_CRC32C, "CRC32C", "AAAAAA==", "4waSgw==");
	test(CHECKSUM_CRC64NVME, "CRC64NVME", "AAAAAAAAAAA=", "rosUhgp5mIg=");
	test(CHECKSUM_SHA1, "SHA1", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "98O8HYCOBHMq32eZZczDTKeuNEE=");
	test(CHECKSUM_SHA256, "SHA256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
	    "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=");
	checksum_add(&c, "x", 1);
	checksum_end(&c, got);
	OK_STR(got, "", "none");
	return tap_done();
}
