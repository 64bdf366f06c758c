#!/bin/sh
# container.sh FOLDER USER WORKDIR HOSTS [BIND...] -- COMMAND...: runs a command as a container would: on a root of its own
# (this machine's below, what is written goes to FOLDER), with mounts, as a user. BIND is SOURCE:TARGET[:ro]. Root only, and
# inside `unshare --mount`.
set -eu
folder=$1 user=$2 workdir=$3 hosts=$4
shift 4
mkdir -p "$folder/up" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/up,workdir=$folder/work" "$folder/root"
mount --rbind /dev "$folder/root/dev"
mount -t proc proc "$folder/root/proc" 2> /dev/null || mount --rbind /proc "$folder/root/proc"
mount -t tmpfs tmpfs "$folder/root/tmp"
chmod 1777 "$folder/root/tmp"
cp "$hosts" "$folder/root/etc/hosts"
while [ "$1" != -- ]; do
  source=${1%%:*} rest=${1#*:}
  target=${rest%%:*}
  if [ -d "$source" ]; then mkdir -p "$folder/root$target"; else
    mkdir -p "$folder/root$(dirname "$target")"
    [ -e "$folder/root$target" ] || : > "$folder/root$target"
  fi
  mount --bind "$source" "$folder/root$target"
  case $rest in *:ro) mount -o remount,bind,ro "$folder/root$target" ;; esac
  shift
done
shift
mkdir -p "$folder/root$workdir"
exec chroot --userspec="$user" "$folder/root" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$workdir" "$@"
