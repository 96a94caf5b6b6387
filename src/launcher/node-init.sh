#!/bin/sh
# PID 1 of a node: turns fresh namespaces into a machine of its own, starts what a node runs, and
# reaps and respawns. Started by `unshare --mount --uts --ipc --net --pid --fork` with, in its
# environment, all of:
#
#   NODE_NAME     hostname of the node
#   NODE_DIR      the node's own folder: everything that it keeps
#   NODE_ADDRESS  its address with prefix length on the cluster's bridge; NODE_GATEWAY the machine's
#   NODE_LINK     name of the bridge's end of its link; CLUSTER_NETNS the bridge's namespace
#   NODE_CGROUP   its cgroup below every hierarchy's root
#   GUARDIAN      the guardian script
#   AGENT         the agent's command line, for sh; CONTAINERD the runtime's (empty: none)
set -eu

say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) node-init: $*"; }

join_cgroups() {
  # Processes live in a leaf: cgroup v2 allows none in a group that has children with controllers.
  for root in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [ -f "$root/cgroup.procs" ] || continue
    mkdir -p "$root$NODE_CGROUP/system" 2>/dev/null || continue
    if [ -f "$root/cgroup.controllers" ]; then
      delegate_controllers "$root"
    elif [ -f "$root/cpuset.cpus" ]; then
      inherit_cpuset "$root"
    fi
    echo $$ >"$root$NODE_CGROUP/system/cgroup.procs"
  done
}

# cgroup v2: every level above the pods must hand its controllers down.
delegate_controllers() {
  path=$1
  rest=${NODE_CGROUP#/}
  while :; do
    for controller in $(cat "$path/cgroup.controllers"); do
      echo "+$controller" >"$path/cgroup.subtree_control" 2>/dev/null || true
    done
    [ -n "$rest" ] || break
    path=$path/${rest%%/*}
    case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
  done
}

# cgroup v1: a new cpuset is empty, and nothing can join it before it has cpus and memory nodes.
inherit_cpuset() {
  path=$1
  rest=${NODE_CGROUP#/}/system
  while [ -n "$rest" ]; do
    parent=$path
    path=$path/${rest%%/*}
    case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
    for file in cpuset.cpus cpuset.mems; do
      [ -n "$(cat "$path/$file")" ] || cat "$parent/$file" >"$path/$file"
    done
  done
}

join_network() {
  exec 3</proc/self/ns/net
  nsenter "--net=/run/netns/$CLUSTER_NETNS" ip link del "$NODE_LINK" 2>/dev/null || true
  nsenter "--net=/run/netns/$CLUSTER_NETNS" \
    ip link add "$NODE_LINK" type veth peer name eth0 netns /proc/self/fd/3
  nsenter "--net=/run/netns/$CLUSTER_NETNS" ip link set "$NODE_LINK" master br0 up
  exec 3<&-
  ip link set lo up
  ip addr add "$NODE_ADDRESS" dev eth0
  ip link set eth0 up
  ip route add default via "$NODE_GATEWAY"
  echo 1 >/proc/sys/net/ipv4/ip_forward
}

bind() {
  mkdir -p "$NODE_DIR/$1"
  mount --bind "$NODE_DIR/$1" "/$1"
}

mount_private_paths() {
  mount --make-rprivate /
  mount -t proc proc /proc
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p /run/lock /run/netns
  for path in var/lib/kubelet var/lib/containerd var/lib/cni var/log/pods var/log/containers \
    etc/cni opt/cni; do
    bind "$path"
  done
  for file in hosts hostname resolv.conf machine-id; do
    [ -e "/etc/$file" ] || continue
    mount --bind "$NODE_DIR/etc/$file" "/etc/$file"
  done
  mount --make-rshared /
}

join_cgroups
join_network
hostname "$NODE_NAME"
mount_private_paths
say "$NODE_NAME is up at $NODE_ADDRESS"

# TERM is the node's shutdown: everything is asked to end, then the namespace takes the rest along.
shut_down() {
  trap '' TERM
  kill -TERM -1 2>/dev/null || true
  tries=0
  # The guardians end with their commands; containers' processes may take their time.
  while [ "$tries" -lt 20 ]; do
    set -- /proc/[0-9]*
    [ "$#" -gt 1 ] || break
    sleep 0.1
    tries=$((tries + 1))
  done
  exit 0
}
trap shut_down TERM

mkdir -p /run/coracle
if [ -n "$CONTAINERD" ]; then
  sh "$GUARDIAN" /run/coracle/containerd.pid "$NODE_DIR/containerd.log" sh -c "exec $CONTAINERD" &
fi
sh "$GUARDIAN" /run/coracle/agent.pid "$NODE_DIR/agent.log" sh -c "exec $AGENT" &
# `wait` also reaps what containers and shims leave behind; it returns only when all is gone.
while :; do
  wait || true
  say 'a guardian ended'
  exit 1
done
