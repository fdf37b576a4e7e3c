#include "gateway/trust_store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "policy/matrix.h"

#define BUSY_MS \
	200 /* somebody else's lock is waited for, no longer: the main thread has other work */

/* What can be done is a statement each, prepared once. */
enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	DELETE_DOMAIN, /* the other tables go with it */
	INSERT_DOMAIN,
	INSERT_SIDE,
	INSERT_KEY,
	INSERT_ATTEMPT,
	STATEMENTS
};

static const char *const statements[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[DELETE_DOMAIN] = "DELETE FROM domain WHERE name = ?1",
	[INSERT_DOMAIN] = "INSERT INTO domain VALUES (?1, ?2)",
	[INSERT_SIDE] = "INSERT INTO side VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[INSERT_KEY] = "INSERT INTO key VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	[INSERT_ATTEMPT] =
		"INSERT INTO attempt VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
};

/* Version 1. Failures and methods are words: their numbers may change. */
static const char schema[] =
	"BEGIN;"
	"CREATE TABLE domain (name TEXT PRIMARY KEY NOT NULL, heard INTEGER NOT NULL) "
	"WITHOUT ROWID;"
	"CREATE TABLE side (name TEXT NOT NULL REFERENCES domain ON DELETE CASCADE, "
	"direction TEXT NOT NULL, best TEXT NOT NULL, last TEXT NOT NULL, "
	"key_changes INTEGER NOT NULL, downgrades INTEGER NOT NULL, "
	"PRIMARY KEY (name, direction)) WITHOUT ROWID;"
	"CREATE TABLE key (name TEXT NOT NULL REFERENCES domain ON DELETE CASCADE, "
	"direction TEXT NOT NULL, which TEXT NOT NULL, sha256 BLOB NOT NULL, "
	"issuer TEXT NOT NULL, serial TEXT NOT NULL, names TEXT NOT NULL, "
	"usages INTEGER NOT NULL, not_before INTEGER NOT NULL, not_after INTEGER NOT NULL, "
	"first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, "
	"PRIMARY KEY (name, direction, which)) WITHOUT ROWID;"
	"CREATE TABLE attempt (name TEXT NOT NULL REFERENCES domain ON DELETE CASCADE, "
	"number INTEGER NOT NULL, direction TEXT NOT NULL, at INTEGER NOT NULL, "
	"took_ms INTEGER NOT NULL, failure TEXT NOT NULL, method TEXT NOT NULL, "
	"certificate TEXT NOT NULL, row INTEGER NOT NULL, address TEXT NOT NULL, "
	"tls TEXT NOT NULL, PRIMARY KEY (name, number)) WITHOUT ROWID;"
	"PRAGMA user_version = 1;"
	"COMMIT;";

struct trust_store {
	sqlite3 *db;
	sqlite3_stmt *prepared[STATEMENTS];
};

static int failed(const struct trust_store *s, const char *what, char error[TRUST_STORE_ERROR_SIZE])
{
	snprintf(error, TRUST_STORE_ERROR_SIZE, "%s: %.250s", what, sqlite3_errmsg(s->db));
	return -FAIL_IO;
}

/* ---- words ---- */

static const char *direction(unsigned side)
{
	return side == ROLE_RECEIVING ? "in" : "out";
}

static bool read_direction(const char *text, unsigned *side)
{
	for (*side = 0; *side < MEMORY_SIDES; ++*side)
		if (text && !strcmp(text, direction(*side)))
			return true;
	return false;
}

static enum method read_method(const char *text)
{
	int m;

	for (m = METHOD_SASL_TLS; m < METHOD_COUNT; m++)
		if (text && !strcmp(text, method_str((enum method)m)))
			return (enum method)m;
	return METHOD_NONE;
}

/* One that is no longer known is an internal one: it was none of those that open a stream. */
static enum fail read_fail(const char *text)
{
	int f;

	for (f = FAIL_NONE; f < FAIL_COUNT; f++)
		if (text && !strcmp(text, fail_str((enum fail)f)))
			return (enum fail)f;
	return FAIL_INTERNAL;
}

/* ---- reading ---- */

static const char *text_at(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text ? text : "";
}

/* What does not fit was not written by us. */
static bool copy_text(sqlite3_stmt *row, int column, char *out, size_t size)
{
	const char *text = text_at(row, column);

	return !str_copy(out, size, text, strlen(text));
}

static void read_side(sqlite3_stmt *row, struct trust_entry *e)
{
	unsigned side;

	if (!read_direction(text_at(row, 1), &side))
		return;
	e->sides[side].best = read_method(text_at(row, 2));
	e->sides[side].last = read_method(text_at(row, 3));
	e->sides[side].key_changes = (uint64_t)sqlite3_column_int64(row, 4);
	e->sides[side].downgrades = (uint64_t)sqlite3_column_int64(row, 5);
}

static struct trust_key *key_of(struct trust_side *side, const char *which)
{
	if (!strcmp(which, "pinned"))
		return &side->pinned;
	if (!strcmp(which, "former"))
		return &side->former;
	return strcmp(which, "seen") ? NULL : &side->seen;
}

static void read_key(sqlite3_stmt *row, struct trust_entry *e)
{
	struct trust_key *key;
	unsigned side;

	if (!read_direction(text_at(row, 1), &side) ||
	    sqlite3_column_bytes(row, 3) != CERT_KEY_SIZE)
		return;
	key = key_of(&e->sides[side], text_at(row, 2));
	if (!key)
		return;
	memcpy(key->leaf.key, sqlite3_column_blob(row, 3), CERT_KEY_SIZE);
	key->known = copy_text(row, 4, key->leaf.issuer, sizeof(key->leaf.issuer)) &&
		     copy_text(row, 5, key->leaf.serial, sizeof(key->leaf.serial)) &&
		     copy_text(row, 6, key->names, sizeof(key->names));
	key->leaf.usages = (unsigned)sqlite3_column_int64(row, 7);
	key->leaf.not_before = sqlite3_column_int64(row, 8);
	key->leaf.not_after = sqlite3_column_int64(row, 9);
	key->first = sqlite3_column_int64(row, 10);
	key->last = sqlite3_column_int64(row, 11);
}

static void read_attempt(sqlite3_stmt *row, struct trust_entry *e)
{
	struct trust_attempt *a;
	unsigned side;

	if (e->attempt_count == TRUST_ATTEMPTS_MAX || !read_direction(text_at(row, 2), &side))
		return;
	a = &e->attempts[e->attempt_count];
	a->role = (enum negotiation_role)side;
	a->at = sqlite3_column_int64(row, 3);
	a->took_ms = (uint64_t)sqlite3_column_int64(row, 4);
	a->fail = read_fail(text_at(row, 5));
	a->method = read_method(text_at(row, 6));
	a->certificate = read_fail(text_at(row, 7));
	a->row = (unsigned)sqlite3_column_int64(row, 8);
	if (!copy_text(row, 9, a->address, sizeof(a->address)) ||
	    !copy_text(row, 10, a->tls_version, sizeof(a->tls_version)))
		return;
	e->attempt_count++;
}

struct part {
	const char *sql;
	void (*read)(sqlite3_stmt *row, struct trust_entry *e);
};

/* One table's rows of the domain. A row that is none of ours is left out; the file itself is whole. */
static int read_part(sqlite3 *db, const struct part *part, struct trust_entry *e)
{
	sqlite3_stmt *rows;
	int rc = sqlite3_prepare_v2(db, part->sql, -1, &rows, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(rows, 1, e->domain, -1, SQLITE_STATIC);
	while (rc == SQLITE_OK && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		part->read(rows, e);
	}
	sqlite3_finalize(rows);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int read_entry(sqlite3 *db, struct trust_entry *e)
{
	static const struct part parts[] = {
		{ "SELECT * FROM side WHERE name = ?1", read_side },
		{ "SELECT * FROM key WHERE name = ?1", read_key },
		{ "SELECT * FROM attempt WHERE name = ?1 ORDER BY number", read_attempt },
	};
	int rc = SQLITE_OK;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts) && rc == SQLITE_OK; i++)
		rc = read_part(db, &parts[i], e);
	return rc;
}

static int read_all(sqlite3 *db, trust_store_fn fn, void *context)
{
	struct trust_entry *e = mem_new(sizeof(*e));
	sqlite3_stmt *rows;
	int rc = sqlite3_prepare_v2(db, "SELECT name, heard FROM domain", -1, &rows, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
		const char *name = text_at(rows, 0);
		memset(e, 0, sizeof(*e));
		e->heard = sqlite3_column_int64(rows, 1);
		rc = SQLITE_OK;
		if (jid_domain(name, strlen(name), e->domain))
			continue;
		rc = read_entry(db, e);
		if (rc == SQLITE_OK)
			fn(context, e);
	}
	sqlite3_finalize(rows);
	free(e);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* ---- opening ---- */

/* One value of the first row; "" where there is none. */
static int ask(sqlite3 *db, const char *sql, char *out, size_t size)
{
	sqlite3_stmt *row;
	int rc = sqlite3_prepare_v2(db, sql, -1, &row, NULL);

	out[0] = '\0';
	if (rc == SQLITE_OK)
		rc = sqlite3_step(row);
	if (rc == SQLITE_ROW) {
		snprintf(out, size, "%s", text_at(row, 0));
		rc = SQLITE_OK;
	}
	sqlite3_finalize(row);
	return rc;
}

static bool is_of_another(int rc)
{
	return rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB || rc == SQLITE_MISMATCH ||
	       rc == SQLITE_SCHEMA;
}

/* Is it whole, and ours? SQLITE_MISMATCH, with the reason, where it is not. */
static int examine(sqlite3 *db, char error[TRUST_STORE_ERROR_SIZE])
{
	char text[200];
	int version, tables;
	int rc = ask(db, "PRAGMA quick_check(1)", text, sizeof(text));

	if (rc == SQLITE_OK && strcmp(text, "ok")) {
		snprintf(error, TRUST_STORE_ERROR_SIZE, "it is corrupt: %s", text);
		return SQLITE_MISMATCH;
	}
	if (rc == SQLITE_OK)
		rc = ask(db, "PRAGMA user_version", text, sizeof(text));
	version = atoi(text);
	if (rc == SQLITE_OK)
		rc = ask(db, "SELECT count(*) FROM sqlite_master", text, sizeof(text));
	tables = atoi(text);
	if (rc != SQLITE_OK || version == TRUST_STORE_VERSION)
		return rc;
	if (!version && !tables)
		return sqlite3_exec(db, schema, NULL, NULL, NULL);
	if (version > TRUST_STORE_VERSION)
		snprintf(error, TRUST_STORE_ERROR_SIZE,
			 "a newer fedgated wrote it: version %d, not %d", version,
			 TRUST_STORE_VERSION);
	else
		snprintf(error, TRUST_STORE_ERROR_SIZE, "it is another program's");
	return SQLITE_MISMATCH;
}

static int prepare_all(struct trust_store *s)
{
	int rc = SQLITE_OK;
	int i;

	for (i = 0; i < STATEMENTS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(s->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
					&s->prepared[i], NULL);
	return rc;
}

/* SQLite's number; ERROR says why where it is not SQLITE_OK. */
static int open_once(struct trust_store *s, const char *path, trust_store_fn fn, void *context,
		     char error[TRUST_STORE_ERROR_SIZE])
{
	int rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);

	error[0] = '\0';
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(s->db, BUSY_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(s->db,
				  "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; "
				  "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
				  NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = examine(s->db, error);
	if (rc == SQLITE_OK)
		rc = prepare_all(s);
	if (rc == SQLITE_ERROR && !error[0]) /* tables that are not as we made them */
		rc = SQLITE_MISMATCH;
	if (rc == SQLITE_OK)
		rc = read_all(s->db, fn, context);
	if (rc != SQLITE_OK && !error[0])
		snprintf(error, TRUST_STORE_ERROR_SIZE, "%.300s", sqlite3_errmsg(s->db));
	return rc;
}

static void close_once(struct trust_store *s)
{
	int i;

	for (i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(s->prepared[i]);
		s->prepared[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
}

/* PATH.2026-11-25T03-15-00Z, with a number behind it where that is taken. */
static bool set_aside(const char *path, char aside[TRUST_STORE_PATH_SIZE])
{
	static const char *const companions[] = { "-wal", "-shm" };
	time_t now = (time_t)clock_wall();
	char stamp[32] = "", from[TRUST_STORE_PATH_SIZE], to[TRUST_STORE_PATH_SIZE + 8];
	struct tm tm;
	unsigned i;

	if (gmtime_r(&now, &tm))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H-%M-%SZ", &tm);
	if (str_format(aside, TRUST_STORE_PATH_SIZE, "%s.%s", path, stamp))
		return false;
	for (i = 2; !access(aside, F_OK); i++)
		if (i > 100 || str_format(aside, TRUST_STORE_PATH_SIZE, "%s.%s.%u", path, stamp, i))
			return false;
	if (rename(path, aside))
		return false;
	for (i = 0; i < 2; i++) {
		if (str_format(from, sizeof(from), "%s%s", path, companions[i]))
			continue;
		snprintf(to, sizeof(to), "%s%s", aside, companions[i]);
		if (rename(from, to))
			continue; /* mostly there is none */
	}
	return true;
}

struct trust_store *trust_store_open(const char *path, trust_store_fn fn, void *context,
				     char aside[TRUST_STORE_PATH_SIZE],
				     char error[TRUST_STORE_ERROR_SIZE])
{
	struct trust_store *s = mem_new(sizeof(*s));
	char again[TRUST_STORE_ERROR_SIZE];
	int rc = open_once(s, path, fn, context, error);

	aside[0] = '\0';
	if (is_of_another(rc & 0xff)) {
		close_once(s);
		if (set_aside(path, aside))
			rc = open_once(s, path, fn, context, again);
		else
			aside[0] = '\0';
	}
	if (rc == SQLITE_OK)
		return s;
	trust_store_close(s);
	return NULL;
}

void trust_store_close(struct trust_store *s)
{
	if (!s)
		return;
	close_once(s);
	free(s);
}

/* ---- writing ---- */

static bool run(struct trust_store *s, enum statement which)
{
	sqlite3_stmt *statement = s->prepared[which];
	int rc = sqlite3_step(statement);

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return rc == SQLITE_DONE || rc == SQLITE_ROW;
}

static void set_text(sqlite3_stmt *statement, int at, const char *text)
{
	sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

static void set_int(sqlite3_stmt *statement, int at, int64_t value)
{
	sqlite3_bind_int64(statement, at, value);
}

static bool delete_domain(struct trust_store *s, const char *domain)
{
	set_text(s->prepared[DELETE_DOMAIN], 1, domain);
	return run(s, DELETE_DOMAIN);
}

static bool insert_key(struct trust_store *s, const struct trust_entry *e, unsigned side,
		       const char *which, const struct trust_key *key)
{
	sqlite3_stmt *to = s->prepared[INSERT_KEY];

	if (!key->known)
		return true;
	set_text(to, 1, e->domain);
	set_text(to, 2, direction(side));
	set_text(to, 3, which);
	sqlite3_bind_blob(to, 4, key->leaf.key, CERT_KEY_SIZE, SQLITE_STATIC);
	set_text(to, 5, key->leaf.issuer);
	set_text(to, 6, key->leaf.serial);
	set_text(to, 7, key->names);
	set_int(to, 8, key->leaf.usages);
	set_int(to, 9, key->leaf.not_before);
	set_int(to, 10, key->leaf.not_after);
	set_int(to, 11, key->first);
	set_int(to, 12, key->last);
	return run(s, INSERT_KEY);
}

static bool insert_side(struct trust_store *s, const struct trust_entry *e, unsigned side)
{
	const struct trust_side *from = &e->sides[side];
	sqlite3_stmt *to = s->prepared[INSERT_SIDE];

	set_text(to, 1, e->domain);
	set_text(to, 2, direction(side));
	set_text(to, 3, method_str(from->best));
	set_text(to, 4, method_str(from->last));
	set_int(to, 5, (int64_t)from->key_changes);
	set_int(to, 6, (int64_t)from->downgrades);
	return run(s, INSERT_SIDE) && insert_key(s, e, side, "pinned", &from->pinned) &&
	       insert_key(s, e, side, "former", &from->former) &&
	       insert_key(s, e, side, "seen", &from->seen);
}

static bool insert_attempt(struct trust_store *s, const struct trust_entry *e, unsigned number)
{
	const struct trust_attempt *a = &e->attempts[number];
	sqlite3_stmt *to = s->prepared[INSERT_ATTEMPT];

	set_text(to, 1, e->domain);
	set_int(to, 2, number);
	set_text(to, 3, direction((unsigned)a->role));
	set_int(to, 4, a->at);
	set_int(to, 5, (int64_t)a->took_ms);
	set_text(to, 6, fail_str(a->fail));
	set_text(to, 7, method_str(a->method));
	set_text(to, 8, fail_str(a->certificate));
	set_int(to, 9, a->row);
	set_text(to, 10, a->address);
	set_text(to, 11, a->tls_version);
	return run(s, INSERT_ATTEMPT);
}

static bool write_entry(struct trust_store *s, const struct trust_entry *e)
{
	bool good = delete_domain(s, e->domain);
	unsigned i;

	set_text(s->prepared[INSERT_DOMAIN], 1, e->domain);
	set_int(s->prepared[INSERT_DOMAIN], 2, e->heard);
	good = good && run(s, INSERT_DOMAIN);
	for (i = 0; i < MEMORY_SIDES; i++)
		good = good && insert_side(s, e, i);
	for (i = 0; i < e->attempt_count; i++)
		good = good && insert_attempt(s, e, i);
	return good;
}

int trust_store_write(struct trust_store *s, const struct trust_entry *const *entries, size_t count,
		      char error[TRUST_STORE_ERROR_SIZE])
{
	bool begun = run(s, BEGIN), good = begun;
	size_t i;
	int rc;

	for (i = 0; i < count && good; i++)
		good = write_entry(s, entries[i]);
	if (good && run(s, COMMIT))
		return 0;
	rc = failed(s, "cannot be written", error);
	/* where it fails, SQLite has rolled it back itself */
	if (begun && !sqlite3_get_autocommit(s->db) && !run(s, ROLLBACK))
		return rc;
	return rc;
}

int trust_store_remove(struct trust_store *s, const char *domain,
		       char error[TRUST_STORE_ERROR_SIZE])
{
	return delete_domain(s, domain) ? 0 : failed(s, "cannot be written", error);
}
