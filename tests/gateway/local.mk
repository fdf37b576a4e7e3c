# What the gateway remembers of partners: the file, and the table before it.
GATEWAY_TESTS = \
	tests/gateway/test_keeper \
	tests/gateway/test_trust_store
check_PROGRAMS += $(GATEWAY_TESTS)
TESTS += $(GATEWAY_TESTS)

GATEWAY_LDADD = libtests.a libfedgate_gateway.a libfedgate_net.a libfedgate_pure.a $(NET_LIBS) $(PURE_LIBS) \
	$(SQLITE_LIBS) $(CMOCKA_LIBS) -lpthread
tests_gateway_test_keeper_LDADD = $(GATEWAY_LDADD)
tests_gateway_test_trust_store_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_gateway_test_trust_store_LDADD = $(GATEWAY_LDADD)
