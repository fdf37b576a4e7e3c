#!/bin/sh
# What a new user types wrong, and what he reads then.
. "$top_srcdir/tests/cli/lib.sh"

prints usage-none fedgatectl
prints usage-help fedgatectl --help
prints usage-help fedgatectl -h
prints usage-help fedgatectl help
prints usage-help fedgatectl help help
prints usage-help-matrix fedgatectl help matrix
prints usage-help-matrix fedgatectl matrix --help
prints usage-help-matrix fedgatectl --help matrix
prints usage-help-check-config fedgatectl help check-config
prints usage-help-explain fedgatectl help explain
prints usage-help-status fedgatectl help status
prints usage-help-streams fedgatectl help streams
prints usage-help-certificates fedgatectl help certificates
prints usage-help-pin fedgatectl help pin
prints usage-help-reference fedgatectl help reference
prints usage-misspelt-command fedgatectl chek-config
prints usage-misspelt-command fedgatectl help chek-config
prints usage-unknown-command fedgatectl frobnicate
prints usage-only-option fedgatectl --json
prints usage-unknown-option fedgatectl -q
prints usage-unknown-option-of-command fedgatectl matrix --jsn
prints usage-option-of-another fedgatectl matrix -c fedgate.yml
prints usage-option-of-another-json fedgatectl reference yaml --json
prints usage-option-of-another-socket fedgatectl matrix -s control
prints usage-option-of-another-socket fedgatectl -s control matrix
prints usage-option-of-pin fedgatectl status --accept
prints usage-option-of-pin fedgatectl --forget status
prints usage-pin-both fedgatectl pin example.org --accept --forget
prints usage-pin-key fedgatectl pin example.org 0123456789
prints usage-argument-too-many fedgatectl matrix all
prints usage-argument-missing fedgatectl explain
prints usage-argument-empty fedgatectl check-config ""
prints usage-option-without-argument fedgatectl explain example.org -c
prints usage-two-files fedgatectl check-config -c a.yml b.yml
prints usage-reference fedgatectl reference html
prints usage-no-daemon fedgatectl -s control status
prints usage-no-daemon fedgatectl streams --socket control
prints usage-no-daemon fedgatectl --socket=control status --json

version=$(sed -n 's/^#define PACKAGE_VERSION "\(.*\)"$/\1/p' "$build_tree/autoconfig.h")
[ -n "$version" ] && [ "$(fedgatectl --version)" = "fedgatectl $version" ]
ok "fedgatectl --version"
[ "$(fedgated --version)" = "fedgated $version" ]
ok "fedgated --version"
exits 0 fedgatectl --version
exits 0 fedgated --version
exits 0 fedgated --help
exits 2 fedgated --chek
exits 2 fedgated fedgate.yml
exits 2 fedgated -c
finish
