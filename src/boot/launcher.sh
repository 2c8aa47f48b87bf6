#!/bin/sh
true /*
# A shell script down to the end of this comment, JavaScript below it. It forks nothing: each fork is half a millisecond.
# scripts/launchers.mjs makes bin/tinyrun and bin/tinyrunc from src/boot/launcher.sh.
set -f
# ignored until node has a handler: see --inspect-port below
trap '' USR1
# Reading extra certificates costs node 32 ms at every start; the registry client reads them itself when it has to.
if [ "${NODE_EXTRA_CA_CERTS+set}" ]; then
  export TINYRUN_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS"
  unset NODE_EXTRA_CA_CERTS
fi
# --no-rehash-snapshot: V8 keeps the hash seed it was built with instead of looking for a new one and its primes, 3 ms
# at every start. Who fills a table with colliding names then slows down the one command that reads his file; what
# serves others (an API over a socket) must be started without it.
# --v8-pool-size=1: one thread to compile and collect in the background, where V8 starts four.
# --no-sparkplug --single-threaded-gc: nothing is compiled and no garbage is collected beside a program that ends soon; 1 ms.
# --no-minor-gc-task: garbage that fits into memory is left to the end of the process; looking through it while the container runs takes 0.4 ms.
# --no-regexp-peephole-optimization --regexp-tier-up-ticks=50: a short command runs 26 regular expressions, most of them twice: V8
# improves the code of each, and makes machine code of it for the second time; 0.4 ms. Long texts get machine code at once.
# --inspect-port: SIGUSR1 has node open a debugger, to a container with the host's pids and network as well. A host name
# with an empty label leads nowhere, and is asked of nobody. With --disable-sigusr1 (node 22.14) it does not even try.
node=node
IFS=:
for directory in $PATH; do
  [ -x "$directory/node" ] && node="$directory/node" && break
done
# The package as seen from npm's link to this file (npm install --global, npm install), or from the file itself.
for root in "${0%/*}/../lib/node_modules/tinyrun" "${0%/*}/../tinyrun" "${0%/*}/.."; do
  [ "$root/bin/@command@" -ef "$0" ] && break
done
entry=@entry@
@verbs@# src/boot/boot.ts tells what a snapshot depends on, and lets nobody else write to it. Our own is taken, and that of an
# installation which is not ours to write to, as its program is; not what another user made in a tree of ours.
read -r boot 2>&- </proc/sys/kernel/random/boot_id
made="$root/dist/cache/$boot-@tag@$node"
blob="$made/$entry.blob"
if [ -r "$blob" ] && [ "$made/node" -ef "$node" ] && ! [ "$blob" -nt "$node" ] && ! [ "$blob" -ot "$node" ] && [ -z "$NODE_OPTIONS" ] && { { [ -O "$blob" ] && [ -O "$made" ]; } || { ! [ -w "$root/dist" ] && ! [ -w "$made" ]; }; }; then
  [ "${GLIBC_TUNABLES+set}" ] || export GLIBC_TUNABLES=@malloc@
  quiet=
  [ -e "$made/disable-sigusr1" ] && quiet=--disable-sigusr1
  exec "$node" @flags@ $quiet --snapshot-blob "$blob" -- "$root" "$@"
fi
# The -- keeps node from taking --env-file for its own, which it looks for behind the script's name too (Node 20).
exec "$node" @flags@ -- "$0" "$@"
*/
require('../dist/boot.cjs').default('@entry@', @own@);
