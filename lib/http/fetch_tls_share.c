#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"
#include "http/fetch_tls_share.h"
#include "sums/crc32c.h"

enum {
	SLOTS = 1024, /* chosen by the key; of two keys with one slot the later wins */
	SLOT_LEN = 4096,
	PEER_TAG = 3,	 /* of the certificate in OpenSSL's SSL_SESSION_ASN1 */
	ASN1_BAD = 0x80, /* returned by ASN1_get_object for what is not DER */
};

/* A slot begins with this, followed by the key and the session as DER. It is written by one call
 * and read by one call; the sum reveals one that was read while being written. */
struct head {
	uint32_t sum; /* CRC-32C of all that follows */
	uint16_t key_len, session_len;
};

static const char mark[] = "sheaf TLS sessions\n"; /* what the file begins with */

/* The descriptor, or -1. If it was not inherited, the number may belong to any other file. */
static int
share_fd(void)
{
	const char *text = getenv("SHEAF_SESSIONS");
	char begin[sizeof(mark) - 1];
	struct stat st;
	uint64_t fd;

	if (text == NULL || num_parse(text, 3, 1 << 20, &fd) == -1 || fstat((int)fd, &st) == -1 ||
	    !S_ISREG(st.st_mode) || st.st_nlink != 0 || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return -1;
	if (pread((int)fd, begin, sizeof(begin), 0) != (ssize_t)sizeof(begin) ||
	    memcmp(begin, mark, sizeof(begin)) != 0)
		return -1;
	return (int)fd;
}

static void
add_key(struct buf *out, const char *origin, const struct buf *trust)
{
	buf_addf(out, "%s\n", origin);
	buf_add(out, trust->p, trust->len);
}

static off_t
slot_of(const struct buf *key)
{
	return (off_t)(1 + crc32c(0, key->p, key->len) % SLOTS) * SLOT_LEN;
}

/* Appends the session without the server's certificate, which nobody needs again and which takes as
 * long to parse as a whole handshake. */
static void
add_session(struct buf *out, SSL_SESSION *session)
{
	unsigned char *der = NULL, head[8], *h = head;
	int len = i2d_SSL_SESSION(session, &der), tag, class;
	const unsigned char *p = der, *end;
	struct buf rest = {0};
	long n;

	if (len <= 0)
		return;
	buf_room(&rest, (size_t)len); /* all at once, as memory outgrown would not be wiped */
	end = der;
	if ((ASN1_get_object(&p, &n, &tag, &class, len) & ASN1_BAD) == 0)
		end = p + n;
	while (p < end) {
		const unsigned char *field = p;

		if ((ASN1_get_object(&p, &n, &tag, &class, end - p) & ASN1_BAD) != 0)
			break;
		p += n;
		if (class != V_ASN1_CONTEXT_SPECIFIC || tag != PEER_TAG)
			buf_add(&rest, (const char *)field, (size_t)(p - field));
	}
	if (p == end) {
		ASN1_put_object(&h, 1, (int)rest.len, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
		buf_add(out, (const char *)head, (size_t)(h - head));
		buf_add(out, rest.p, rest.len);
	}
	OPENSSL_clear_free(der, (size_t)len);
	buf_wipe(&rest);
}

void
fetch_tls_share_put(const char *origin, const struct buf *trust, SSL_SESSION *session)
{
	struct buf key = {0}, slot = {0};
	struct head h = {0};
	int fd = share_fd();

	if (fd == -1)
		return;
	add_key(&key, origin, trust);
	buf_room(&slot, SLOT_LEN);
	buf_add(&slot, (const char *)&h, sizeof(h));
	buf_add(&slot, key.p, key.len);
	add_session(&slot, session);
	if (slot.len <= SLOT_LEN && slot.len > sizeof(h) + key.len) {
		h.key_len = (uint16_t)key.len;
		h.session_len = (uint16_t)(slot.len - sizeof(h) - key.len);
		memcpy(slot.p, &h, sizeof(h));
		h.sum = crc32c(0, slot.p + sizeof(h.sum), slot.len - sizeof(h.sum));
		memcpy(slot.p, &h.sum, sizeof(h.sum));
		if (pwrite(fd, slot.p, slot.len, slot_of(&key)) == -1) {
			/* the others do the handshake themselves */
		}
	}
	buf_free(&key);
	buf_wipe(&slot);
}

SSL_SESSION *
fetch_tls_share_get(const char *origin, const struct buf *trust)
{
	char slot[SLOT_LEN];
	const unsigned char *der = (const unsigned char *)slot + sizeof(struct head);
	SSL_SESSION *session = NULL;
	struct buf key = {0};
	struct head h = {0};
	int fd = share_fd();
	ssize_t got;

	if (fd == -1)
		return NULL;
	add_key(&key, origin, trust);
	got = pread(fd, slot, sizeof(slot), slot_of(&key));
	if (got >= (ssize_t)sizeof(h))
		memcpy(&h, slot, sizeof(h));
	if (h.session_len > 0 && h.key_len == key.len &&
	    sizeof(h) + h.key_len + h.session_len <= (size_t)got &&
	    memcmp(der, key.p, key.len) == 0 &&
	    h.sum ==
		crc32c(0, slot + sizeof(h.sum),
		    sizeof(h) - sizeof(h.sum) + h.key_len + h.session_len)) {
		der += key.len;
		session = d2i_SSL_SESSION(NULL, &der, h.session_len);
	}
	OPENSSL_cleanse(slot, sizeof(slot));
	buf_free(&key);
	return session;
}
