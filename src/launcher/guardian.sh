#!/bin/sh
# Keeps one command running: respawns it within a second when it dies, with back-off while it
# keeps dying young. TERM is passed on and ends the guardian once the command is gone.
#
#   guardian.sh PID-FILE LOG-FILE COMMAND [ARGUMENT...]
#
# PID-FILE gets the command's process id, and is empty between two runs.
set -u
pid_file=$1 log_file=$2
shift 2

child=
stopping=
on_term() {
  stopping=yes
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap on_term TERM INT
trap '' HUP

delay=0.2
while [ -z "$stopping" ]; do
  started=$(date +%s)
  "$@" >>"$log_file" 2>&1 </dev/null &
  child=$!
  echo "$child" >"$pid_file"
  # A trapped signal ends `wait` early, so wait until the child is really gone.
  while kill -0 "$child" 2>/dev/null; do wait "$child"; status=$?; done
  child=
  : >"$pid_file"
  [ -z "$stopping" ] || break
  echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) guardian: exit status $status, respawning in ${delay}s: $1" \
    >>"$log_file"
  # A command that lived for ten seconds was well; only one that dies young is held back.
  if [ $(($(date +%s) - started)) -ge 10 ]; then delay=0.2; fi
  sleep "$delay"
  case $delay in
    0.2) delay=0.5 ;;
    0.5) delay=1 ;;
    1) delay=2 ;;
    2) delay=5 ;;
    *) delay=10 ;;
  esac
done
rm -f "$pid_file"
