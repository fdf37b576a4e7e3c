# The daemon's control socket, what it answers, and what it tells the service manager.
ADMIN_TESTS = \
	tests/admin/test_answers \
	tests/admin/test_control \
	tests/admin/test_supervisor
ADMIN_TEST_LIBS = libtests.a libfedgate_admin.a libfedgate_net.a libfedgate_pure.a $(PURE_LIBS) \
	$(NET_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += $(ADMIN_TESTS) tests/admin/fake_daemon tests/admin/hear
TESTS += $(ADMIN_TESTS) tests/admin/daemon.sh
dist_check_SCRIPTS += tests/admin/daemon.sh
tests_admin_test_answers_SOURCES = \
	tests/admin/fake_gateway.c \
	tests/admin/fake_gateway.h \
	tests/admin/test_answers.c
tests_admin_test_answers_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_admin_test_answers_LDADD = $(ADMIN_TEST_LIBS)
tests_admin_test_control_LDADD = $(ADMIN_TEST_LIBS)
tests_admin_test_supervisor_LDADD = $(ADMIN_TEST_LIBS)
tests_admin_fake_daemon_SOURCES = \
	tests/admin/fake_daemon.c \
	tests/admin/fake_gateway.c \
	tests/admin/fake_gateway.h
tests_admin_fake_daemon_LDADD = $(ADMIN_TEST_LIBS)
