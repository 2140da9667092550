/*
 * Whose certificates a server's is verified with: AWS_CA_BUNDLE, else the profile's ca_bundle, and
 * nothing else; without them SSL_CERT_FILE and the folders SSL_CERT_DIR (else the system's), as
 * OpenSSL reads them (lib/http/fetch_tls.h).
 *
 * Some machines set all such variables to the system's own bundle. Whoever sets one of OpenSSL's to
 * something else there means it, so an AWS_CA_BUNDLE that is the system's does not exclude them.
 */
#ifndef SHEAF_AWS_AWS_TRUST_H
#define SHEAF_AWS_AWS_TRUST_H

#include "base/err.h"

/* Checks that the file can be read and holds a certificate in PEM form, which is much cheaper than
 * to parse it. 0, or -1 with EXIT_USAGE: "WHERE: FILE: why not". */
int aws_trust_check_file(const char *where, const char *file, struct err *e);

/* The same for SSL_CERT_FILE and SSL_CERT_DIR, if they are set; of folders, one must be there. */
int aws_trust_check_environment(struct err *e);

/* 1 if the file is the system's own bundle, and SSL_CERT_FILE or SSL_CERT_DIR is set. */
int aws_trust_adds_nothing(const char *file);

#endif
