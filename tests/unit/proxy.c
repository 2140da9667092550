/* Which hosts no_proxy names, and what a proxy's URL says: as curl 7.88 has it. */
#include "http/proxy.h"
#include "tap.h"

static const struct {
	const char *host, *no_proxy;
	int bypassed;
} hosts[] = {
    {"s3.example.com", "example.com", 1},
    {"example.com", "example.com", 1},
    {"EXAMPLE.com", "example.COM", 1},
    {"nonexample.com", "example.com", 0},
    {"example.com", "s3.example.com", 0},
    {"s3.example.com", ".example.com", 1},
    {"example.com", ".example.com", 1},
    {"s3.example.com.", "example.com", 1},
    {"s3.example.com", "example.com.", 1},
    {"s3.example.com", "a,b , example.com,c", 1},
    {"s3.example.com", "a b example.com", 1},
    {"s3.example.com", ",,,", 0},
    {"s3.example.com", "", 0},
    {"s3.example.com", NULL, 0},
    {"s3.example.com", "*", 1},
    {"s3.example.com", "*,a", 0},
    {"s3.example.com", ".", 0},
    {"127.0.0.1", "127.0.0.1", 1},
    {"127.0.0.1", "0.1", 0},
    {"10.1.2.3", "10.0.0.0/8", 1},
    {"11.1.2.3", "10.0.0.0/8", 0},
    {"10.1.130.3", "10.1.128.0/17", 1},
    {"10.1.2.3", "10.1.128.0/17", 0},
    {"10.1.2.3", "10.1.2.3/32", 1},
    {"10.1.2.3", "10.1.2.3/33", 0},
    {"10.1.2.3", "10.1.2.3/x", 0},
    {"[::1]", "::1", 1},
    {"[::1]", "localhost", 0},
    {"[fd00::12]", "fd00::/8", 1},
    {"[fe80::12]", "fd00::/8", 0},
};

static const struct {
	const char *url, *origin, *authorization;
} urls[] = {
    {"http://proxy:3128", "http://proxy:3128", ""},
    {"proxy:3128", "http://proxy:3128", ""},
    {"proxy", "http://proxy:1080", ""},
    {"http://proxy/", "http://proxy:1080", ""},
    {"HTTP://proxy:8080/x", "http://proxy:8080", ""},
    {"https://proxy", "https://proxy", ""},
    {"http://[::1]", "http://[::1]:1080", ""},
    {"http://[::1]:8", "http://[::1]:8", ""},
    {"http://user:pass@proxy:1", "http://proxy:1", "Basic dXNlcjpwYXNz"},
    {"user@proxy:1", "http://proxy:1", "Basic dXNlcjo="},
    {"http://u:p%40ss@proxy:1", "http://proxy:1", "Basic dTpwQHNz"},
    {"http://u:%zz@proxy:1", "http://proxy:1", "Basic dToleno="},
    {"socks5://proxy:1", NULL, NULL},
};

int
main(void)
{
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		OK(proxy_is_bypassed(hosts[i].host, strlen(hosts[i].host), hosts[i].no_proxy) ==
			hosts[i].bypassed,
		    "%s, no_proxy=%s", hosts[i].host,
		    hosts[i].no_proxy != NULL ? hosts[i].no_proxy : "(none)");
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct buf origin = {0}, authorization = {0};
		int rc = proxy_parse(urls[i].url, &origin, &authorization);

		OK(rc == (urls[i].origin != NULL ? 0 : -1), "%s", urls[i].url);
		if (urls[i].origin != NULL) {
			OK_STR(buf_str(&origin), urls[i].origin, "its origin");
			OK_STR(buf_str(&authorization), urls[i].authorization, "its authorization");
		}
		buf_free(&origin);
		buf_free(&authorization);
	}
	return tap_done();
}
