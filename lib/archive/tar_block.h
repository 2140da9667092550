/* The layout of a ustar header block, for tar_reader and tar_writer. */
#ifndef SHEAF_ARCHIVE_TAR_BLOCK_H
#define SHEAF_ARCHIVE_TAR_BLOCK_H

#include <stdint.h>
#include <string.h>

#include "archive/tar.h"

enum {
	TAR_NAME_OFF = 0,
	TAR_NAME_LEN = 100,
	TAR_MODE_OFF = 100,
	TAR_UID_OFF = 108,
	TAR_GID_OFF = 116,
	TAR_SIZE_OFF = 124,
	TAR_SIZE_LEN = 12,
	TAR_MTIME_OFF = 136,
	TAR_SUM_OFF = 148,
	TAR_SUM_LEN = 8,
	TAR_TYPE_OFF = 156,
	TAR_MAGIC_OFF = 257,
	TAR_PREFIX_OFF = 345,
	TAR_PREFIX_LEN = 155,
};

/* The sum of a block's bytes, eight at a time: two in each of four lanes of 16 bits, which hold 64
 * * 510. */
static inline unsigned
tar_block_sum(const char *h)
{
	const uint64_t every_other = UINT64_C(0x00ff00ff00ff00ff);
	uint64_t word, lanes = 0;

	for (int i = 0; i < TAR_BLOCK; i += 8) {
		memcpy(&word, h + i, 8);
		lanes += (word & every_other) + (word >> 8 & every_other);
	}
	return (unsigned)((lanes & 0xffff) + (lanes >> 16 & 0xffff) + (lanes >> 32 & 0xffff) +
	    (lanes >> 48));
}

#endif
