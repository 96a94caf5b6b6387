#!/bin/sh
# PID 1 of a node: turns fresh namespaces into a machine of its own, starts what a node runs, and
# reaps and respawns. Started by `unshare --mount --uts --ipc --net --pid --fork` with, in its
# environment, all of:
#
#   NODE_NAME     hostname of the node
#   NODE_DIR      the node's own folder: everything that it keeps
#   NODE_ADDRESS  its address with prefix length on the cluster's bridge; NODE_GATEWAY the machine's
#   NODE_LINK     name of the bridge's end of its link; CLUSTER_NETNS the bridge's namespace
#   GUARDIAN      the guardian script
#   AGENT         the agent's command line, for sh; CONTAINERD the runtime's
set -eu

say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) node-init: $*"; }

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
    # With systemd-resolved, resolv.conf is a link to a file on /run, which is the node's own by now.
    target=$(readlink -m "/etc/$file")
    case $target in /run/*) mkdir -p "${target%/*}" && : >"$target" ;; esac
    [ -e "$target" ] || continue
    mount --bind "$NODE_DIR/etc/$file" "$target"
  done
  mount --make-rshared /
}

umask 022
join_network
hostname "$NODE_NAME"
mount_private_paths
say "$NODE_NAME is up at $NODE_ADDRESS"

# TERM is the node's shutdown: everything is asked to end, then the namespace takes the rest along.
shut_down() {
  trap '' TERM
  trap - CHLD
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

keep() {
  sh "$GUARDIAN" "/run/coracle/$1.pid" "$NODE_DIR/$1.log" sh -c "exec $2" &
}

# A zombie still has its id.
is_running() {
  case $(cat "/proc/$1/stat" 2>/dev/null) in *') Z '* | '') return 1 ;; esac
}

mkdir -p /run/coracle
keep containerd "$CONTAINERD"
containerd_guardian=$!
keep agent "$AGENT"
agent_guardian=$!
# Every child's end ends `wait`, which also reaps what containers and shims leave behind. A guardian
# that was killed is replaced; the new one goes on watching the process that the old one started.
trap : CHLD
while :; do
  wait || true
  if ! is_running "$containerd_guardian"; then
    say "containerd's guardian ended"
    sleep 0.5
    keep containerd "$CONTAINERD"
    containerd_guardian=$!
  fi
  if ! is_running "$agent_guardian"; then
    say "the agent's guardian ended"
    sleep 0.5
    keep agent "$AGENT"
    agent_guardian=$!
  fi
done
