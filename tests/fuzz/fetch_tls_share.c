/*
 * lib/http/fetch_tls_share: the file of sessions with any bytes in a slot. The first byte says
 * whether the rest is the whole slot, or a session with a right key and sum. A session that is read
 * can be shared, and read again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "http/fetch_tls_share.h"
#include "sums/crc32c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ORIGIN "https://host:443"
#define TRUST "/nonexistent/trust"

enum { SLOTS = 1024, SLOT_LEN = 4096 };

static const char key[] = ORIGIN "\n" TRUST, mark[] = "sheaf TLS sessions\n";

/* A file as libexec/merge opens it; its number is in the environment. */
static int
sessions_file(void)
{
	static int fd = -1;
	char number[16];

	if (fd != -1)
		return fd;
	fd = memfd_create("sessions", MFD_CLOEXEC);
	if (fd == -1 || fchmod(fd, 0600) == -1 ||
	    pwrite(fd, mark, sizeof(mark) - 1, 0) != (ssize_t)sizeof(mark) - 1)
		abort();
	snprintf(number, sizeof(number), "%d", fd);
	setenv("SHEAF_SESSIONS", number, 1);
	return fd;
}

static off_t
slot_offset(void)
{
	return (off_t)(1 + crc32c(0, key, sizeof(key) - 1) % SLOTS) * SLOT_LEN;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct {
		uint32_t sum;
		uint16_t key_len, session_len;
	} head = {.key_len = sizeof(key) - 1};
	int fd = sessions_file();
	struct buf slot = {0}, trust = {0};
	SSL_SESSION *s, *again;

	if (size < 1 || size > 3000)
		return 0;
	if (data[0] & 1) {
		buf_add(&slot, data + 1, size - 1);
	} else {
		head.session_len = (uint16_t)(size - 1);
		buf_add(&slot, &head, sizeof(head));
		buf_add(&slot, key, sizeof(key) - 1);
		buf_add(&slot, data + 1, size - 1);
		head.sum = crc32c(0, slot.p + 4, slot.len - 4);
		memcpy(slot.p, &head.sum, sizeof(head.sum));
	}
	if (ftruncate(fd, slot_offset()) == -1 ||
	    (slot.len > 0 && pwrite(fd, slot.p, slot.len, slot_offset()) == -1))
		abort();
	buf_adds(&trust, TRUST);
	if ((s = fetch_tls_share_get(ORIGIN, &trust)) != NULL) {
		fetch_tls_share_put(ORIGIN, &trust, s);
		again = fetch_tls_share_get(ORIGIN, &trust);
		SSL_SESSION_free(again);
		SSL_SESSION_free(s);
	}
	if (fetch_tls_share_get("https://other", &trust) != NULL && !(data[0] & 1))
		abort();
	buf_free(&slot);
	buf_free(&trust);
	return 0;
}
