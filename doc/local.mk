# Manual pages and documents.
dist_man_MANS = doc/fedgated.8 doc/fedgatectl.8 doc/fedgate.yml.5
EXTRA_DIST += doc/states.md doc/mutation.md doc/benchmarks.md

# The reference configuration; one that an administrator has is never touched.
EXTRA_DIST += conf/fedgate.yml
install-data-local:
	$(MKDIR_P) $(DESTDIR)$(sysconfdir)/fedgate
	test -e $(DESTDIR)$(sysconfdir)/fedgate/fedgate.yml || \
		$(INSTALL_DATA) $(srcdir)/conf/fedgate.yml $(DESTDIR)$(sysconfdir)/fedgate/fedgate.yml
uninstall-local:
	cmp -s $(srcdir)/conf/fedgate.yml $(DESTDIR)$(sysconfdir)/fedgate/fedgate.yml && \
		rm -f $(DESTDIR)$(sysconfdir)/fedgate/fedgate.yml || true
	rmdir $(DESTDIR)$(sysconfdir)/fedgate 2>/dev/null || true

# The service, as systemd runs it, and its user.
conf/fedgated.service: $(srcdir)/conf/fedgated.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) conf && \
	sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@bindir[@]|$(bindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' $(srcdir)/conf/fedgated.service.in >$@
EXTRA_DIST += conf/fedgated.service.in conf/fedgate.sysusers
CLEANFILES += conf/fedgated.service
if SYSTEMD
systemdsystemunit_DATA = conf/fedgated.service
sysusersdir = $(prefix)/lib/sysusers.d
install-data-hook:
	$(MKDIR_P) $(DESTDIR)$(sysusersdir)
	$(INSTALL_DATA) $(srcdir)/conf/fedgate.sysusers $(DESTDIR)$(sysusersdir)/fedgate.conf
uninstall-hook:
	rm -f $(DESTDIR)$(sysusersdir)/fedgate.conf
endif
