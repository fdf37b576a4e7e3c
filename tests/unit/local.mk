# Unit tests: cmocka, one program a module.
UNIT = \
	tests/unit/test_base_buf \
	tests/unit/test_base_clock_random \
	tests/unit/test_base_fail \
	tests/unit/test_base_log \
	tests/unit/test_base_mem \
	tests/unit/test_base_str \
	tests/unit/test_cert_name \
	tests/unit/test_component_handshake \
	tests/unit/test_compose \
	tests/unit/test_config \
	tests/unit/test_dialback_key \
	tests/unit/test_diag \
	tests/unit/test_element \
	tests/unit/test_expiry \
	tests/unit/test_jid \
	tests/unit/test_matrix \
	tests/unit/test_memory \
	tests/unit/test_negotiation \
	tests/unit/test_negotiation_dane \
	tests/unit/test_negotiation_header \
	tests/unit/test_negotiation_pairs \
	tests/unit/test_negotiation_policy \
	tests/unit/test_negotiation_sasl \
	tests/unit/test_out_of_memory \
	tests/unit/test_negotiation_verification \
	tests/unit/test_partner \
	tests/unit/test_reason \
	tests/unit/test_responder \
	tests/unit/test_srv \
	tests/unit/test_stanza \
	tests/unit/test_stanza_infoset \
	tests/unit/test_stanza_tree \
	tests/unit/test_verdict \
	tests/unit/test_wire \
	tests/unit/test_xml_stream \
	tests/unit/test_xml_stream_limits \
	tests/unit/test_xml_stream_refuse
check_PROGRAMS += $(UNIT)
TESTS += $(UNIT)
# a second parser says whether what goes out is what came in
tests_unit_test_stanza_infoset_CFLAGS = $(AM_CFLAGS) $(XML2_CFLAGS)
tests_unit_test_stanza_infoset_LDADD = $(LDADD) $(XML2_LIBS)
tests_unit_test_expiry_LDADD = libfedgate_gateway.a $(LDADD)
# the link would draw in the network; the responder does without
tests_unit_test_responder_LDADD = libfedgate_inside.a $(LDADD)
