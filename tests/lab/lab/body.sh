#!/bin/sh
# The first process of a machine, which `body.py` runs under `unshare --mount --net`. Mounts and the network end with the
# machine's last process, whatever ended that.
#   $1 control group    $2 folder, which holds `seed`: what this instance has beyond the base    $3 base
#   $4 MiB of disk    $5 address/prefix    $6 gateway    $7 the gateway's hardware address    the rest: the command
set -eu

echo $$ >"$1/cgroup.procs"
# Pure version 2 for the machine, whatever this system has: it is what today's systemd expects.
[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
cd "$2"
mount -t tmpfs -o "size=${4}m,mode=0755" disk disk
mkdir disk/upper disk/work disk/root
cp -a seed/. disk/upper/
mount -t overlay -o "lowerdir=$3,upperdir=disk/upper,workdir=disk/work" overlay disk/root
# systemd-nspawn finds no service of this system here, and leaves nothing behind.
mount -t tmpfs -o mode=0755 run /run

# Now `body.py` puts one end of the cable into this network.
echo unpacked
read -r plugged
ip -batch - <<BATCH
link set lo up
link set ens5 up
address add $5 dev ens5
neighbour replace $6 lladdr $7 dev ens5 nud permanent
route add default via $6
BATCH

shift 7
exec </dev/null >>console 2>&1
# systemd-nspawn(1): under --keep-unit, 133 asks for another start, after a reboot.
code=133
while [ "$code" -eq 133 ]; do
  code=0
  "$@" || code=$?
done
exit "$code"
