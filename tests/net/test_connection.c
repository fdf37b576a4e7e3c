/* connection: what is written arrives, in clear and in TLS; watermarks, pauses, ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ends.h"
#include "pki.h"

struct fixture {
	struct pki pki;
	struct tls *tls;
	struct tls *tls_1_2; /* the library's own switch: see set_up */
	unsigned descriptors;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char error[TLS_ERROR_SIZE];

	pki_init(&f->pki);
	pki_make(&f->pki, &(struct pki_wish){ .name = "a.example" });
	pki_make(&f->pki, &(struct pki_wish){ .name = "b.example" });
	f->tls = tls_new(pki_path(&f->pki, "anchors", ".pem"), TLS_VERSION_1_2, error);
	assert_non_null(f->tls);
	assert_int_equal(tls_add_identity(f->tls, "a.example",
					  pki_path(&f->pki, "a.example", ".crt"),
					  pki_path(&f->pki, "a.example", ".key"), error),
			 0);
	assert_int_equal(tls_add_identity(f->tls, "b.example",
					  pki_path(&f->pki, "b.example", ".crt"),
					  pki_path(&f->pki, "b.example", ".key"), error),
			 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	tls_free(f->tls);
	pki_fini(&f->pki);
	free(f);
	return 0;
}

static void start_tls(struct fixture *f, struct ends *t)
{
	connection_start_tls(t->b.c, &(struct connection_tls){
					     .accept = true, .local = "b.example", .tls = f->tls });
	connection_start_tls(t->a.c, &(struct connection_tls){ .local = "a.example",
							       .server_name = "b.example",
							       .tls = f->tls });
	ENDS_UNTIL(t, (t->a.tls_up || t->a.tls_failed) && (t->b.tls_up || t->b.tls_failed));
	assert_string_equal(t->a.reason, "");
	assert_string_equal(t->b.reason, "");
}

static void echo(struct ends *t)
{
	t->b.echo = true;
	connection_write(t->a.c, "hello", 5);
	connection_write(t->a.c, " world", 6);
	ENDS_UNTIL(t, t->a.in.len >= 11);
	assert_memory_equal(t->a.in.data, "hello world", 11);
	assert_int_equal(t->b.calls, 1); /* gathered */
}

static void test_echo(void **state)
{
	struct ends t;
	unsigned before = ends_descriptors();

	(void)state;
	ends_init(&t);
	ends_join(&t);
	echo(&t);
	ends_fini(&t);
	assert_int_equal(ends_descriptors(), before);
}

static void test_echo_tls(void **state)
{
	struct fixture *f = *state;
	const struct cert_facts *facts;
	struct ends t;
	unsigned before = ends_descriptors();

	ends_init(&t);
	ends_join(&t);
	start_tls(f, &t);
	assert_string_equal(connection_tls_version(t.a.c), "TLSv1.3");
	assert_string_equal(connection_cipher(t.b.c), "TLS_AES_256_GCM_SHA384");
	facts = connection_certificate(t.a.c);
	assert_non_null(facts);
	assert_int_equal(facts->chain, CERT_CHAIN_OK);
	assert_int_equal(facts->name_count, 1);
	assert_string_equal(facts->names[0].value, "b.example");
	facts = connection_certificate(t.b.c);
	assert_non_null(facts);
	assert_int_equal(facts->chain, CERT_CHAIN_OK);
	assert_string_equal(facts->names[0].value, "a.example");
	echo(&t);
	ends_fini(&t);
	assert_int_equal(ends_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_echo_tls),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
