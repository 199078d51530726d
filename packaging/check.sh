#!/bin/sh
# Tries the packages beside it on a clean Debian, as root. `cargo xtask dist --check` makes one and runs this in it.
set -eu
cd "$(dirname "$0")"
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

fail() {
    echo "not well: $*" >&2
    exit 1
}

# Everything that packages own; caches and records of the system change with any package.
everything() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /home -o -path /srv \
        -o -path /var/cache -o -path /var/log -o -path /var/lib/dpkg -o -path /var/lib/apt \) -prune -o -print | sort
}

echo "-- installs"
apt-get --quiet=2 update
# What the packages need, first: what is left by its own packages is not ours to answer for.
needed=$(apt-get --simulate --no-install-recommends install ./*.deb | sed -n '/^Inst callboard/d; s/^Inst \([^ ]*\) .*/\1/p')
# shellcheck disable=SC2086
[ -z "$needed" ] || apt-get --quiet=2 install --no-install-recommends $needed >/dev/null
everything >/tmp/before
apt-get --quiet=2 install --no-install-recommends ./*.deb >/dev/null
dpkg --verify callboard callboard-tray callboard-window
useradd --create-home ana
as() {
    runuser --login ana --whitelist-environment=LC_ALL --command="$*"
}

echo "-- the command line"
as callboard --version
as callboard playground --once >/tmp/played || fail "the playground: $(cat /tmp/played)"
tail -n 3 /tmp/played
as 'callboard serve >~/serve.log 2>&1 & echo $! >~/serve.pid'
for _ in $(seq 100); do as 'grep -q ^serving ~/serve.log' && break || sleep 0.1; done
as 'grep ^serving ~/serve.log' || fail "serve does not serve: $(as cat ~/serve.log)"
as 'callboard board'
as 'kill $(cat ~/serve.pid)'

echo "-- the manual"
for page in $(dpkg --listfiles callboard callboard-tray callboard-window | grep '/man/.*\.gz$'); do
    said=$(man --warnings --encoding=UTF-8 --local-file "$page" 2>&1 >/tmp/page)
    [ -z "$said" ] || fail "$page: $said"
    grep -q SYNOPSIS /tmp/page || fail "$page is empty"
done
as 'man --where callboard callboard-serve callboard-tray callboard-window'
# What the app's help names, its page names.
as 'callboard-tray --help' | grep -o -e '--[a-z][a-z-]*' | sort -u >/tmp/options
man callboard-tray | col -b >/tmp/page
while read -r option; do grep -q -e "$option" /tmp/page || fail "callboard-tray(1) lacks $option"; done </tmp/options

echo "-- completions"
as 'bash -c "source /usr/share/bash-completion/bash_completion; _completion_loader callboard; complete -p callboard"'
[ "$(as 'zsh -fc "autoload -U compinit; compinit -D; print \$_comps[callboard]"')" = _callboard ] || fail "zsh completes nothing"
as 'fish --command "complete --do-complete=\"callboard boa\""' | grep '^board' || fail "fish completes nothing"

echo "-- the unit, the desktop entry, the icon"
as 'mkdir -m 700 ~/run && XDG_RUNTIME_DIR=~/run systemd-analyze verify --user /usr/lib/systemd/user/callboard.service'
desktop-file-validate /usr/share/applications/callboard.desktop
[ -s /usr/share/icons/hicolor/48x48/apps/callboard.png ]

echo "-- the app"
as callboard-tray --version
as callboard-window --version
ldd /usr/bin/callboard-tray >/tmp/libraries
grep -e webkit -e gtk /tmp/libraries && fail "the tray loads a library of the windows"
cat >/tmp/session.sh <<'SESSION'
set -eu
callboard-tray open >~/tray.log 2>&1 &
app=$!
for _ in $(seq 300); do
    xwininfo -root -tree | grep -q '"Callboard"' && shown=yes && break || sleep 0.1
    kill -0 $app || break
done
xwininfo -root -tree | grep '"Callboard"' || { cat ~/tray.log; exit 1; }
kill $app
SESSION
chmod 755 /tmp/session.sh
as 'dbus-run-session -- xvfb-run --auto-servernum sh /tmp/session.sh' || fail "the app shows no window"

echo "-- removes"
apt-get --quiet=2 purge callboard callboard-tray callboard-window >/dev/null
userdel --remove ana 2>/dev/null
everything >/tmp/after
# useradd keeps a copy of each file that it changes.
diff /tmp/before /tmp/after | grep '^[<>]' | grep -v -e '/etc/[a-z]*-$' -e '^[<>] /var/mail' && fail "the packages left that, or took it"
echo "-- all is well"
