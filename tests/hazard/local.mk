# What a running fedgated survives: a real daemon, scripted partners and components, named by hazard.
HAZARD_TESTS = \
	tests/hazard/test_dialback \
	tests/hazard/test_direct_tls \
	tests/hazard/test_dns \
	tests/hazard/test_expiry \
	tests/hazard/test_flood \
	tests/hazard/test_inside \
	tests/hazard/test_life \
	tests/hazard/test_memory \
	tests/hazard/test_pressure \
	tests/hazard/test_reach \
	tests/hazard/test_reload \
	tests/hazard/test_settings \
	tests/hazard/test_stanzas \
	tests/hazard/test_tls
check_PROGRAMS += $(HAZARD_TESTS)
TESTS += $(HAZARD_TESTS)

check_LIBRARIES += libhazard.a
libhazard_a_CFLAGS = $(AM_CFLAGS) $(NET_CFLAGS)
libhazard_a_SOURCES = \
	tests/hazard/daemon.c \
	tests/hazard/daemon.h \
	tests/hazard/names.c \
	tests/hazard/names.h \
	tests/hazard/peer.c \
	tests/hazard/peer.h

HAZARD_LDADD = libhazard.a $(NET_LDADD)
tests_hazard_test_dialback_LDADD = $(HAZARD_LDADD)
tests_hazard_test_expiry_LDADD = $(HAZARD_LDADD)
tests_hazard_test_direct_tls_LDADD = $(HAZARD_LDADD)
tests_hazard_test_reach_LDADD = $(HAZARD_LDADD)
tests_hazard_test_dns_LDADD = $(HAZARD_LDADD)
tests_hazard_test_flood_LDADD = $(HAZARD_LDADD)
tests_hazard_test_inside_LDADD = $(HAZARD_LDADD)
tests_hazard_test_life_LDADD = $(HAZARD_LDADD)
tests_hazard_test_memory_LDADD = $(HAZARD_LDADD)
tests_hazard_test_pressure_LDADD = $(HAZARD_LDADD)
tests_hazard_test_settings_LDADD = $(HAZARD_LDADD)
tests_hazard_test_stanzas_LDADD = $(HAZARD_LDADD)
tests_hazard_test_tls_LDADD = $(HAZARD_LDADD)
tests_hazard_test_reload_LDADD = $(HAZARD_LDADD)

TESTS += tests/hazard/one_worker.sh
EXTRA_DIST += tests/hazard/one_worker.sh
