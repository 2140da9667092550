/*
 * Published SigV4 cases, as facts: AWS's own S3 examples (S3 API reference, "Signature Calculations
 * for the Authorization Header"), then the AWS signing test suite, version 4, header variants
 * (awslabs/aws-c-auth, Apache-2.0). Paths and queries stand as a client sends them, encoded.
 *
 * Left out of the suite's 38: the seven *-normalized cases, since S3 never normalises a path; their
 * *-unnormalized twins are here. (get-space-normalized expects what get-space-unnormalized does.)
 */
#ifndef SHEAF_SIGV4_CASES_H
#define SHEAF_SIGV4_CASES_H

#include "aws/sigv4.h"

struct sigv4_case {
	const char *name;
	const char *method, *path, *query;
	struct sigv4_header headers[8];
	const char *payload_hash; /* NULL: of an empty body */
	int s3; /* AWS's S3 example: its key, date and service; else the test suite's */
	const char *canonical;
	const char *to_sign_hash; /* last line of the string to sign; date and scope come before */
	const char *signature;
};

static const struct sigv4_case sigv4_cases[] = {
    {
	.name = "GET object with a range",
	.method = "GET",
	.path = "/test.txt",
	.headers =
	    {
		{"Host", "examplebucket.s3.amazonaws.com"},
		{"Range", "bytes=0-9"},
		{"x-amz-date", "20130524T000000Z"},
		{"x-amz-content-sha256",
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	    },
	.s3 = 1,
	.canonical = "GET\n/test.txt\n\nhost:examplebucket.s3.amazonaws.com\n"
		     "range:bytes=0-9\nx-amz-content-sha256:"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
		     "x-amz-date:20130524T000000Z\n\n"
		     "host;range;x-amz-content-sha256;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972",
	.signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    },
    {
	.name = "PUT object",
	.method = "PUT",
	.path = "/test%24file.text",
	.headers =
	    {
		{"Host", "examplebucket.s3.amazonaws.com"},
		{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
		{"x-amz-storage-class", "REDUCED_REDUNDANCY"},
		{"x-amz-date", "20130524T000000Z"},
		{"x-amz-content-sha256",
		    "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"},
	    },
	.payload_hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
	.s3 = 1,
	.canonical = "PUT\n/test%24file.text\n\ndate:Fri, 24 May 2013 00:00:00 GMT\n"
		     "host:examplebucket.s3.amazonaws.com\nx-amz-content-sha256:"
		     "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072\n"
		     "x-amz-date:20130524T000000Z\nx-amz-storage-class:REDUCED_REDUNDANCY\n\n"
		     "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class\n"
		     "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
	.to_sign_hash = "9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d",
	.signature = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    },
    {
	.name = "GET bucket lifecycle",
	.method = "GET",
	.path = "/",
	.query = "lifecycle",
	.headers =
	    {
		{"Host", "examplebucket.s3.amazonaws.com"},
		{"x-amz-date", "20130524T000000Z"},
		{"x-amz-content-sha256",
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	    },
	.s3 = 1,
	.canonical = "GET\n/\nlifecycle=\nhost:examplebucket.s3.amazonaws.com\n"
		     "x-amz-content-sha256:"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
		     "x-amz-date:20130524T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca",
	.signature = "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    },
    {
	.name = "list objects",
	.method = "GET",
	.path = "/",
	.query = "max-keys=2&prefix=J",
	.headers =
	    {
		{"Host", "examplebucket.s3.amazonaws.com"},
		{"x-amz-date", "20130524T000000Z"},
		{"x-amz-content-sha256",
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	    },
	.s3 = 1,
	.canonical = "GET\n/\nmax-keys=2&prefix=J\nhost:examplebucket.s3.amazonaws.com\n"
		     "x-amz-content-sha256:"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
		     "x-amz-date:20130524T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "df57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7",
	.signature = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    },
    {
	.name = "get-header-key-duplicate",
	.method = "GET",
	.path = "/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"My-Header1", "value2"},
		{"My-Header1", "value2"},
		{"My-Header1", "value1"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/\n\nhost:example.amazonaws.com\n"
		     "my-header1:value2,value2,value1\nx-amz-date:20150830T123600Z\n\n"
		     "host;my-header1;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "dc7f04a3abfde8d472b0ab1a418b741b7c67174dad1551b4117b15527fbe966c",
	.signature = "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    },
    {
	.name = "get-header-value-multiline",
	.method = "GET",
	.path = "/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"My-Header1", "value1\n  value2\n     value3"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/\n\nhost:example.amazonaws.com\n"
		     "my-header1:value1 value2 value3\nx-amz-date:20150830T123600Z\n\n"
		     "host;my-header1;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "e99419459a677bc11de234014be3c4e72c1ea5b454ceb58b613061f5d7a162e8",
	.signature = "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd",
    },
    {
	.name = "get-header-value-order",
	.method = "GET",
	.path = "/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"My-Header1", "value4"},
		{"My-Header1", "value1"},
		{"My-Header1", "value3"},
		{"My-Header1", "value2"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/\n\nhost:example.amazonaws.com\n"
		     "my-header1:value4,value1,value3,value2\nx-amz-date:20150830T123600Z\n\n"
		     "host;my-header1;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "31ce73cd3f3d9f66977ad3dd957dc47af14df92fcd8509f59b349e9137c58b86",
	.signature = "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
    },
    {
	.name = "get-header-value-trim",
	.method = "GET",
	.path = "/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"My-Header1", " value1"},
		{"My-Header2", " \"a   b   c\""},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/\n\nhost:example.amazonaws.com\nmy-header1:value1\n"
		     "my-header2:\"a b c\"\nx-amz-date:20150830T123600Z\n\n"
		     "host;my-header1;my-header2;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "a726db9b0df21c14f559d0a978e563112acb1b9e05476f0a6a1c7d68f28605c7",
	.signature = "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    },
    {
	.name = "get-relative-relative-unnormalized",
	.method = "GET",
	.path = "/example1/example2/../..",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/example1/example2/../..\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "76115030c0f3ff06c20fdff5ceb6d5e0b835a1743e00b94fea7c7f381269437b",
	.signature = "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b",
    },
    {
	.name = "get-relative-unnormalized",
	.method = "GET",
	.path = "/example/..",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/example/..\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "0511f456aa502b456d135fcb9d749374a55228f9dbeedda1eacf659e05b0615b",
	.signature = "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282",
    },
    {
	.name = "get-slash-dot-slash-unnormalized",
	.method = "GET",
	.path = "/./",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/./\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "d67825e2268bd77a97c7688b8d72c31a3c1855b309808505ba0a9747d2465aa7",
	.signature = "68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a134695145",
    },
    {
	.name = "get-slash-pointless-dot-unnormalized",
	.method = "GET",
	.path = "/./example",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/./example\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "73895e0e829507e28e39fd24669aedc2434a8e179e547e3c075b42921f952cdb",
	.signature = "beb03f223f7deae4146464f06e29eebbee9c8afbe15c290cf07aa8b119e14cff",
    },
    {
	.name = "get-slash-unnormalized",
	.method = "GET",
	.path = "//",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n//\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "80cb39203d058af815de2b79250ff56e1b73eb9b4718c86556cdc6f150c5d209",
	.signature = "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e",
    },
    {
	.name = "get-slashes-unnormalized",
	.method = "GET",
	.path = "//example//",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n//example//\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "528ec3105ee1f34ab014bb0a1a45da0ed2742a4fea3555149e5b4d5d201eb240",
	.signature = "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5",
    },
    {
	.name = "get-space-unnormalized",
	.method = "GET",
	.path = "/example%20space/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/example%20space/\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "63ee75631ed7234ae61b5f736dfc7754cdccfedbff4b5128a915706ee9390d86",
	.signature = "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
    },
    {
	.name = "get-unreserved",
	.method = "GET",
	.path = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n"
		     "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz\n\n"
		     "host:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
		     "host;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "6a968768eefaa713e2a6b16b589a8ea192661f098f37349f4e2c0082757446f9",
	.signature = "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    },
    {
	.name = "get-utf8",
	.method = "GET",
	.path = "/%E1%88%B4",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/%E1%88%B4\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "2a0a97d02205e45ce2e994789806b19270cfbbb0921b278ccf58f5249ac42102",
	.signature = "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    },
    {
	.name = "get-vanilla",
	.method = "GET",
	.path = "/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
	.signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    },
    {
	.name = "get-vanilla-empty-query-key",
	.method = "GET",
	.path = "/",
	.query = "Param1=value1",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/\nParam1=value1\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "1e24db194ed7d0eec2de28d7369675a243488e08526e8c1c73571282f7c517ab",
	.signature = "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
    },
    {
	.name = "get-vanilla-query",
	.method = "GET",
	.path = "/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
	.signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    },
    {
	.name = "get-vanilla-query-order-encoded",
	.method = "GET",
	.path = "/",
	.query = "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/\n%E1%88%B4=Value1&Param=Value2&Param-3=Value3\n"
		     "host:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
		     "host;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "868294f5c38bd141c4972a373a76654f1418a8e4fc18b2e7903ae45e8ae0ec71",
	.signature = "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
    },
    {
	.name = "get-vanilla-query-order-key-case",
	.method = "GET",
	.path = "/",
	.query = "Param2=value2&Param1=value1",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/\nParam1=value1&Param2=value2\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "816cd5b414d056048ba4f7c5386d6e0533120fb1fcfa93762cf0fc39e2cf19e0",
	.signature = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    },
    {
	.name = "get-vanilla-query-unreserved",
	.method = "GET",
	.path = "/",
	.query = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._"
		 "~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/\n"
		     "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._"
		     "~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz\n"
		     "host:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
		     "host;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "c30d4703d9f799439be92736156d47ccfb2d879ddf56f5befa6d1d6aab979177",
	.signature = "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    },
    {
	.name = "get-vanilla-utf8-query",
	.method = "GET",
	.path = "/",
	.query = "%E1%88%B4=bar",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/\n%E1%88%B4=bar\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "eb30c5bed55734080471a834cc727ae56beb50e5f39d1bff6d0d38cb192a7073",
	.signature = "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    },
    {
	.name = "get-vanilla-with-session-token",
	.method = "GET",
	.path = "/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Security-Token",
		    "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "GET\n/\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\nx-amz-security-token:"
		     "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267\n\n"
		     "host;x-amz-date;x-amz-security-token\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "067b36aa60031588cea4a4cde1f21215227a047690c72247f1d70b32fbbfad2b",
	.signature = "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
    },
    {
	.name = "post-header-key-case",
	.method = "POST",
	.path = "/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "POST\n/\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "553f88c9e4d10fc9e109e2aeb65f030801b70c2f6468faca261d401ae622fc87",
	.signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    },
    {
	.name = "post-header-key-sort",
	.method = "POST",
	.path = "/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"My-Header1", "value1"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "POST\n/\n\nhost:example.amazonaws.com\nmy-header1:value1\n"
		     "x-amz-date:20150830T123600Z\n\nhost;my-header1;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "9368318c2967cf6de74404b30c65a91e8f6253e0a8659d6d5319f1a812f87d65",
	.signature = "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    },
    {
	.name = "post-header-value-case",
	.method = "POST",
	.path = "/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"My-Header1", "VALUE1"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "POST\n/\n\nhost:example.amazonaws.com\nmy-header1:VALUE1\n"
		     "x-amz-date:20150830T123600Z\n\nhost;my-header1;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "d51ced243e649e3de6ef63afbbdcbca03131a21a7103a1583706a64618606a93",
	.signature = "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    },
    {
	.name = "post-sts-header-after",
	.method = "POST",
	.path = "/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "POST\n/\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "553f88c9e4d10fc9e109e2aeb65f030801b70c2f6468faca261d401ae622fc87",
	.signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    },
    {
	.name = "post-sts-header-before",
	.method = "POST",
	.path = "/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Security-Token",
		    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWs"
		    "KWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGde"
		    "ehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8T"
		    "x6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FD"
		    "rypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "POST\n/\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\nx-amz-security-token:"
		     "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWs"
		     "KWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGde"
		     "ehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8T"
		     "x6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FD"
		     "rypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==\n\n"
		     "host;x-amz-date;x-amz-security-token\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "c237e1b440d4c63c32ca95b5b99481081cb7b13c7e40434868e71567c1a882f6",
	.signature = "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
    },
    {
	.name = "post-vanilla",
	.method = "POST",
	.path = "/",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "POST\n/\n\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "553f88c9e4d10fc9e109e2aeb65f030801b70c2f6468faca261d401ae622fc87",
	.signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    },
    {
	.name = "post-vanilla-empty-query-value",
	.method = "POST",
	.path = "/",
	.query = "Param1=value1",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "POST\n/\nParam1=value1\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "9d659678c1756bb3113e2ce898845a0a79dbbc57b740555917687f1b3340fbbd",
	.signature = "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
    },
    {
	.name = "post-vanilla-query",
	.method = "POST",
	.path = "/",
	.query = "Param1=value1",
	.headers =
	    {
		{"Host", "example.amazonaws.com"},
		{"X-Amz-Date", "20150830T123600Z"},
	    },
	.canonical = "POST\n/\nParam1=value1\nhost:example.amazonaws.com\n"
		     "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	.to_sign_hash = "9d659678c1756bb3113e2ce898845a0a79dbbc57b740555917687f1b3340fbbd",
	.signature = "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
    },
    {
	.name = "post-x-www-form-urlencoded",
	.method = "POST",
	.path = "/",
	.headers =
	    {
		{"Content-Type", "application/x-www-form-urlencoded"},
		{"Host", "example.amazonaws.com"},
		{"Content-Length", "13"},
		{"X-Amz-Date", "20150830T123600Z"},
		{"x-amz-content-sha256",
		    "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"},
	    },
	.payload_hash = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
	.canonical = "POST\n/\n\ncontent-length:13\n"
		     "content-type:application/x-www-form-urlencoded\n"
		     "host:example.amazonaws.com\nx-amz-content-sha256:"
		     "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e\n"
		     "x-amz-date:20150830T123600Z\n\n"
		     "content-length;content-type;host;x-amz-content-sha256;x-amz-date\n"
		     "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
	.to_sign_hash = "b1edd1d03544c25390e32085d55b57acc9a3961bb59415ff86c45c3d89d16cfb",
	.signature = "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
    },
    {
	.name = "post-x-www-form-urlencoded-parameters",
	.method = "POST",
	.path = "/",
	.headers =
	    {
		{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
		{"Host", "example.amazonaws.com"},
		{"Content-Length", "13"},
		{"X-Amz-Date", "20150830T123600Z"},
		{"x-amz-content-sha256",
		    "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"},
	    },
	.payload_hash = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
	.canonical = "POST\n/\n\ncontent-length:13\n"
		     "content-type:application/x-www-form-urlencoded; charset=utf-8\n"
		     "host:example.amazonaws.com\nx-amz-content-sha256:"
		     "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e\n"
		     "x-amz-date:20150830T123600Z\n\n"
		     "content-length;content-type;host;x-amz-content-sha256;x-amz-date\n"
		     "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
	.to_sign_hash = "a89f1a5b53e37702ee6363ce1da3ce8f54386f3c8f352ae652153c2982a0bc4d",
	.signature = "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
    },
};

#endif
