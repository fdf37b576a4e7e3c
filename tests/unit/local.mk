# Unit tests: cmocka, one program a module.
UNIT = \
	tests/unit/test_cert_name \
	tests/unit/test_dialback_key \
	tests/unit/test_jid \
	tests/unit/test_verdict
check_PROGRAMS += $(UNIT)
TESTS += $(UNIT)
tests_unit_test_dialback_key_LDADD = libtests.a libfedgate_admin.a libfedgate_net.a libfedgate_pure.a $(PURE_LIBS) $(SSL_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS)
tests_unit_test_jid_LDADD = libtests.a libfedgate_admin.a libfedgate_net.a libfedgate_pure.a $(PURE_LIBS) $(SSL_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS)
