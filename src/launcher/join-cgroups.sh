#!/bin/sh
# Runs a command in a leaf of a cgroup of its own, in every hierarchy that is mounted.
#
#   join-cgroups.sh CGROUP made|delegated COMMAND [ARGUMENT...]
#
# CGROUP is a path below each hierarchy's root. `made`: it and what is above it is made here;
# `delegated`: systemd has made it (cgroup v2) and handed it over. The command and all that it
# starts live in CGROUP/system, since cgroup v2 allows no process in a group with children.
set -eu
cgroup=$1 owner=$2
shift 2

# cgroup v2: every level above the pods must hand its controllers down.
delegate_controllers() {
  for controller in $(cat "$1/cgroup.controllers"); do
    echo "+$controller" >"$1/cgroup.subtree_control" 2>/dev/null || true
  done
}

delegate_from_root() {
  path=$1
  rest=${cgroup#/}
  while :; do
    delegate_controllers "$path"
    [ -n "$rest" ] || break
    path=$path/${rest%%/*}
    case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
  done
}

# cgroup v1: a new cpuset is empty, and nothing can join it before it has cpus and memory nodes.
inherit_cpuset() {
  path=$1
  rest=${cgroup#/}/system
  while [ -n "$rest" ]; do
    parent=$path
    path=$path/${rest%%/*}
    case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
    for file in cpuset.cpus cpuset.mems; do
      [ -n "$(cat "$path/$file")" ] || cat "$parent/$file" >"$path/$file"
    done
  done
}

for root in /sys/fs/cgroup /sys/fs/cgroup/*; do
  [ -f "$root/cgroup.procs" ] || continue
  # What systemd handed over is in its own hierarchy alone; its other groups are not hierarchies.
  [ "$owner" = made ] || [ -f "$root$cgroup/cgroup.procs" ] || continue
  # A group below the root of cgroup v2 looks like a hierarchy, but is none.
  [ "$root" = /sys/fs/cgroup ] || [ ! -f "$root/cgroup.controllers" ] ||
    [ ! -f /sys/fs/cgroup/cgroup.controllers ] || continue
  mkdir -p "$root$cgroup/system" 2>/dev/null || continue
  if [ -f "$root/cpuset.cpus" ] && [ ! -f "$root/cgroup.controllers" ]; then
    inherit_cpuset "$root"
  fi
  echo $$ >"$root$cgroup/system/cgroup.procs"
  if [ -f "$root/cgroup.controllers" ]; then
    # Only now that this process has left it can the group hand controllers down.
    if [ "$owner" = made ]; then delegate_from_root "$root"; else delegate_controllers "$root$cgroup"; fi
  fi
done
exec "$@"
