#!/bin/sh
# Keeps one command running: respawns it within a second when it dies, with back-off while it
# keeps dying young. TERM is passed on and ends the guardian once the command is gone.
#
#   guardian.sh PID-FILE LOG-FILE COMMAND [ARGUMENT...]
#
# PID-FILE holds the command's process id and the clock tick at which it began (a later process
# may get the same id); it is empty between two runs. A command that an earlier guardian left
# running there is watched, not started again.
set -u
pid_file=$1 log_file=$2
shift 2
umask 022

child=
stopping=
napping=
on_term() {
  stopping=yes
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
  [ -z "$napping" ] || kill "$napping" 2>/dev/null
}
trap on_term TERM INT
trap '' HUP

note() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) guardian: $*" >>"$log_file"; }

# The clock tick at which process $1 began; nothing when it is gone or only waits to be reaped.
start_of() {
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  case $1 in Z | X) ;; *) echo "${20}" ;; esac
}

# In the background, so that TERM ends it.
nap() {
  sleep "$1" &
  napping=$!
  # TERM may have come before its id was known.
  [ -z "$stopping" ] || kill "$napping" 2>/dev/null
  wait "$napping"
  napping=
}

watch_orphan() {
  read -r pid began <"$pid_file" 2>/dev/null || return 0
  [ -n "${began:-}" ] && [ "$(start_of "$pid")" = "$began" ] || return 0
  note "watching process $pid, whose guardian is gone"
  child=$pid
  while [ "$(start_of "$pid")" = "$began" ]; do nap 0.3; done
  child=
  note "process $pid ended"
}

[ ! -s "$pid_file" ] || watch_orphan
delay=0.2
while [ -z "$stopping" ]; do
  started=$(date +%s)
  "$@" >>"$log_file" 2>&1 </dev/null &
  child=$!
  echo "$child $(start_of "$child")" >"$pid_file"
  # A trapped signal ends `wait` early, so wait until the child is really gone. It may be gone by
  # now; `wait` still knows its status then.
  while :; do
    wait "$child"
    status=$?
    kill -0 "$child" 2>/dev/null || break
  done
  child=
  : >"$pid_file"
  [ -z "$stopping" ] || break
  note "exit status $status, respawning in ${delay}s: $1"
  # A command that lived for ten seconds was well; only one that dies young is held back.
  if [ $(($(date +%s) - started)) -ge 10 ]; then delay=0.2; fi
  nap "$delay"
  case $delay in
    0.2) delay=0.5 ;;
    0.5) delay=1 ;;
    1) delay=2 ;;
    2) delay=5 ;;
    *) delay=10 ;;
  esac
done
rm -f "$pid_file"
