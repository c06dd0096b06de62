#!/bin/sh
# What the tests need from the machine beside Python: a Chromium, and systemd's own check of unit files. Found, or installed, and said.
set -eu
install() { # install PACKAGE: Debian's, as root
    command -v apt-get >/dev/null 2>&1 || return 1
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    echo "Installing Debian's package $1"
    $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >/dev/null
}
find_one() { # find_one NAME...: the first of these commands
    for name in "$@"; do
        command -v "$name" 2>/dev/null && return
    done
    return 1
}
need() { # need WHAT PACKAGE NAME...: one of the commands, or the package that brings it
    what=$1 package=$2
    shift 2
    found=$(find_one "$@") || { install "$package" && found=$(find_one "$@"); } || {
        echo "The tests need $what and it could not be installed here: install the package $package, then run make test again." >&2
        exit 1
    }
    echo "For the tests, $what: $found"
}
need "a browser" chromium chromium chromium-browser google-chrome
need "the check of systemd units" systemd systemd-analyze
