/*
 * Runs a fuzz target over its corpus, without a fuzzer: `TARGET FOLDER`. One TAP line an input;
 * what an input does wrong shows as a crash behind the name of its file.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int
is_input(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* -1 when the file cannot be read. */
static int
read_file(const char *path, struct buf *b)
{
	char chunk[4096];
	FILE *f = fopen(path, "rb");
	size_t n;
	int bad;

	if (f == NULL)
		return -1;
	buf_reset(b);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(b, chunk, n);
	bad = ferror(f);
	fclose(f);
	return bad ? -1 : 0;
}

/* A copy of exactly its size, so that a sanitizer sees the first byte read behind it. */
static void
run_one(const struct buf *b)
{
	uint8_t *copy = malloc(b->len > 0 ? b->len : 1);

	if (copy == NULL)
		abort();
	for (size_t i = 0; i < b->len; i++)
		copy[i] = (uint8_t)b->p[i];
	LLVMFuzzerTestOneInput(copy, b->len);
	free(copy);
}

int
main(int argc, char **argv)
{
	struct dirent **inputs;
	struct buf path = {0}, input = {0};
	int n, failed = 0;

	if (argc != 2 || (n = scandir(argv[1], &inputs, is_input, alphasort)) == -1) {
		fprintf(stderr, "usage: %s FOLDER (of inputs)\n", argv[0]);
		return 2;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		buf_reset(&path);
		buf_addf(&path, "%s/%s", argv[1], inputs[i]->d_name);
		printf("# %s\n", inputs[i]->d_name);
		fflush(stdout);
		if (read_file(buf_str(&path), &input) == 0) {
			run_one(&input);
			printf("ok %d - %s\n", i + 1, inputs[i]->d_name);
		} else {
			printf("not ok %d - %s cannot be read\n", i + 1, inputs[i]->d_name);
			failed = 1;
		}
		free(inputs[i]);
	}
	free(inputs);
	buf_free(&path);
	buf_free(&input);
	return failed;
}
