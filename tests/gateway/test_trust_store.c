/* trust_store: what comes back, and files that are broken, another's, locked, or cannot be written. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/trust_store.h"

static char dir[64], path[100];
static char aside[TRUST_STORE_PATH_SIZE], error[TRUST_STORE_ERROR_SIZE];
static char last_aside[TRUST_STORE_PATH_SIZE];

#define LOADED_MAX 300
static struct trust_entry loaded[LOADED_MAX];
static unsigned loaded_count;

static int begin(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/fedgate-store-XXXXXX");
	snprintf(path, sizeof(path), "%s/partners.db", mkdtemp(dir));
	return 0;
}

static int end(void **state)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char name[400];

	(void)state;
	while ((e = readdir(d))) {
		snprintf(name, sizeof(name), "%s/%s", dir, e->d_name);
		if (e->d_name[0] != '.')
			unlink(name);
	}
	closedir(d);
	return rmdir(dir);
}

static void load(void *context, const struct trust_entry *e)
{
	(void)context;
	assert_true(loaded_count < LOADED_MAX);
	loaded[loaded_count++] = *e;
}

static struct trust_store *open_store(void)
{
	loaded_count = 0;
	return trust_store_open(path, load, NULL, aside, error);
}

/* Opens; nothing was wrong. */
static struct trust_store *open_good(void)
{
	struct trust_store *s = open_store();

	if (!s)
		fail_msg("%s", error);
	assert_string_equal(aside, "");
	return s;
}

static void fill_key(struct trust_key *k, unsigned char byte)
{
	k->known = true;
	memset(k->leaf.key, byte, CERT_KEY_SIZE);
	snprintf(k->leaf.issuer, sizeof(k->leaf.issuer), "CN=Authority %u,O=It's \"one\"", byte);
	snprintf(k->leaf.serial, sizeof(k->leaf.serial), "%X", byte);
	strcpy(k->names, "example.org *.example.org");
	k->leaf.usages = CERT_USAGE_SERVER;
	k->leaf.not_before = 1700000000 + byte;
	k->leaf.not_after = INT64_C(4102444800) + byte;
	k->first = 1;
	k->last = 2;
}

static void fill(struct trust_entry *e, const char *domain)
{
	unsigned i;

	memset(e, 0, sizeof(*e));
	strcpy(e->domain, domain);
	e->heard = 1234567890123;
	for (i = 0; i < MEMORY_SIDES; i++) {
		e->sides[i].best = i ? METHOD_SASL_TLS : METHOD_TLS_DIALBACK;
		e->sides[i].last = i ? METHOD_TLS_DIALBACK : METHOD_TCP_DIALBACK;
		e->sides[i].key_changes = 3 + i;
		e->sides[i].downgrades = 5 + i;
		fill_key(&e->sides[i].pinned, (unsigned char)(0x10 + i));
		fill_key(&e->sides[i].seen, (unsigned char)(0x20 + i));
		fill_key(&e->sides[i].former, (unsigned char)(0x30 + i));
	}
	e->attempt_count = TRUST_ATTEMPTS_MAX;
	for (i = 0; i < TRUST_ATTEMPTS_MAX; i++) {
		struct trust_attempt *a = &e->attempts[i];
		a->role = i % 2 ? ROLE_RECEIVING : ROLE_INITIATING;
		a->at = 1000 + i;
		a->took_ms = 7 * i;
		a->fail = i % 3 ? FAIL_CERT_PIN : FAIL_NONE;
		a->certificate = i % 3 ? FAIL_CERT_PIN : FAIL_NONE;
		a->method = i % 3 ? METHOD_NONE : METHOD_SASL_TLS;
		a->row = 7;
		strcpy(a->address, "[2001:db8::1]:5269");
		strcpy(a->tls_version, "TLSv1.3");
	}
}

static void write_good(struct trust_store *s, const struct trust_entry *e)
{
	if (trust_store_write(s, &e, 1, error))
		fail_msg("%s", error);
}

static void sql(const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static bool exists(const char *name)
{
	return !access(name, F_OK);
}

/* ---- what comes back ---- */

static void test_round_trip(void **state)
{
	static struct trust_entry e, bare;
	struct trust_store *s = open_good();

	(void)state;
	assert_int_equal(loaded_count, 0);
	fill(&e, "example.org");
	strcpy(bare.domain, "xn--mller-kva.example");
	write_good(s, &e);
	write_good(s, &bare);
	trust_store_close(s);
	trust_store_close(open_good());
	assert_int_equal(loaded_count, 2);
	assert_memory_equal(&loaded[0], &e, sizeof(e));
	assert_memory_equal(&loaded[1], &bare, sizeof(bare));
}

static void test_replace_and_remove(void **state)
{
	static struct trust_entry e;
	struct trust_store *s = open_good();

	(void)state;
	fill(&e, "example.org");
	write_good(s, &e);
	e.attempt_count = 1;
	memset(e.attempts + 1, 0, sizeof(e.attempts) - sizeof(e.attempts[0]));
	memset(&e.sides[0].pinned, 0, sizeof(e.sides[0].pinned));
	write_good(s, &e);
	trust_store_close(s);
	s = open_good();
	assert_int_equal(loaded_count, 1);
	assert_memory_equal(&loaded[0], &e, sizeof(e));
	assert_int_equal(trust_store_remove(s, "example.org", error), 0);
	assert_int_equal(trust_store_remove(s, "never.example", error), 0);
	trust_store_close(s);
	trust_store_close(open_good());
	assert_int_equal(loaded_count, 0);
}

/* It says who federates with whom: not for everybody. The daemon has this umask. */
static void test_mode(void **state)
{
	mode_t before = umask(077);
	struct stat st;

	(void)state;
	trust_store_close(open_good());
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* Rows that we cannot have written are left out, the others are there. */
static void test_odd_rows(void **state)
{
	static struct trust_entry e;
	struct trust_store *s = open_good();

	(void)state;
	fill(&e, "example.org");
	write_good(s, &e);
	trust_store_close(s);
	sql("INSERT INTO domain VALUES ('no domain at all', 1);"
	    "INSERT INTO side VALUES ('example.org', 'sideways', 'x', 'y', 1, 1);"
	    "UPDATE key SET sha256 = x'0102' WHERE which = 'pinned' AND direction = 'in';"
	    "UPDATE side SET best = 'magic' WHERE direction = 'out';"
	    "UPDATE attempt SET failure = 'of-another-version' WHERE number = 0;"
	    "INSERT INTO attempt VALUES ('example.org', 99, 'in', 1, 1, 'none', 'none', 'none', 1, "
	    "'', '');");
	trust_store_close(open_good());
	assert_int_equal(loaded_count, 1);
	assert_false(loaded[0].sides[1].pinned.known);
	assert_true(loaded[0].sides[1].seen.known);
	assert_int_equal(loaded[0].sides[0].best, METHOD_NONE);
	assert_int_equal(loaded[0].attempt_count, TRUST_ATTEMPTS_MAX);
	assert_int_equal(loaded[0].attempts[0].fail, FAIL_INTERNAL);
}

/* ---- files that are set aside ---- */

static void put_file(const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fwrite(text, 1, len, f);
	fclose(f);
}

/* Set aside under another name, and a new one is begun that works. */
static void expect_aside(const char *why)
{
	static struct trust_entry e;
	struct trust_store *s = open_store();

	assert_non_null(s);
	assert_true(exists(aside));
	strcpy(last_aside, aside);
	if (!strstr(error, why))
		fail_msg("%s", error);
	assert_int_equal(strncmp(aside, path, strlen(path)), 0);
	assert_int_equal(loaded_count, 0);
	fill(&e, "example.org");
	write_good(s, &e);
	trust_store_close(s);
	trust_store_close(open_good());
	assert_int_equal(loaded_count, 1);
}

static void test_garbage(void **state)
{
	char text[9000];

	(void)state;
	memset(text, 'x', sizeof(text));
	put_file(text, sizeof(text));
	expect_aside("not a database");
}

static void test_garbage_twice(void **state)
{
	char first[TRUST_STORE_PATH_SIZE];

	(void)state;
	put_file("nothing of the kind, though it is long", 38);
	expect_aside("not a database");
	strcpy(first, last_aside);
	put_file("nothing of the kind, though it is long", 38);
	expect_aside("not a database");
	assert_string_not_equal(first, last_aside);
	assert_true(exists(first));
}

/* The header is right, what it leads to is not. */
static void test_damaged_pages(void **state)
{
	static struct trust_entry e;
	struct trust_store *s = open_good();
	char name[40];
	FILE *f;
	int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "d%d.example", i);
		fill(&e, name);
		write_good(s, &e);
	}
	trust_store_close(s);
	f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, 4096, SEEK_SET);
	for (i = 0; i < 3 * 4096; i++)
		fputc(0xa5, f);
	fclose(f);
	expect_aside("");
}

static void test_newer(void **state)
{
	(void)state;
	trust_store_close(open_good());
	sql("PRAGMA user_version = 2");
	expect_aside("a newer fedgated wrote it: version 2, not 1");
}

static void test_of_another(void **state)
{
	(void)state;
	sql("CREATE TABLE recipes (name TEXT)");
	expect_aside("another program's");
}

/* The version is right, the tables are not. */
static void test_other_tables(void **state)
{
	(void)state;
	sql("CREATE TABLE domain (x); PRAGMA user_version = 1");
	expect_aside("");
}

/* ---- what cannot be used now ---- */

static void expect_unusable(void)
{
	assert_null(open_store());
	assert_string_equal(aside, "");
	assert_true(strlen(error) > 0);
}

static void test_no_directory(void **state)
{
	char keep[sizeof(path)];

	(void)state;
	strcpy(keep, path);
	snprintf(path, sizeof(path), "%s/missing/partners.db", dir);
	expect_unusable();
	strcpy(path, "/proc/partners.db"); /* nobody may make files there, root neither */
	expect_unusable();
	strcpy(path, keep);
}

static void test_is_directory(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	expect_unusable();
	assert_int_equal(rmdir(path), 0);
}

/* Another process has it: not corrupt, so not set aside. */
static void test_locked(void **state)
{
	static struct trust_entry e;
	struct trust_store *s = open_good();
	const struct trust_entry *list = &e;
	sqlite3 *db;

	(void)state;
	fill(&e, "example.org");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(trust_store_write(s, &list, 1, error), -FAIL_IO);
	assert_non_null(strstr(error, "locked"));
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	write_good(s, &e);
	trust_store_close(s);
	sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", NULL, NULL, NULL);
	expect_unusable();
	sqlite3_close(db);
	trust_store_close(open_good());
	assert_int_equal(loaded_count, 1);
}

/* A file may not grow: as full as a disk. What was there stays, and it goes on once there is room. */
static void test_full(void **state)
{
	static struct trust_entry e, first;
	const struct trust_entry *list = &e;
	struct trust_store *s = open_good();
	struct rlimit before, little = { 4096, RLIM_INFINITY };

	(void)state;
	fill(&first, "first.example");
	write_good(s, &first);
	fill(&e, "second.example");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	little.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &little);
	assert_int_equal(trust_store_write(s, &list, 1, error), -FAIL_IO);
	setrlimit(RLIMIT_FSIZE, &before);
	write_good(s, &e);
	trust_store_close(s);
	trust_store_close(open_good());
	assert_int_equal(loaded_count, 2);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(test_round_trip),	  CASE(test_replace_and_remove),
		CASE(test_mode),	  CASE(test_odd_rows),
		CASE(test_garbage),	  CASE(test_garbage_twice),
		CASE(test_damaged_pages), CASE(test_newer),
		CASE(test_of_another),	  CASE(test_other_tables),
		CASE(test_no_directory),  CASE(test_is_directory),
		CASE(test_locked),	  CASE(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
