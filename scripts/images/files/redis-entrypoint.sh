#!/bin/sh
# Options or a configuration file alone mean the server. Clients come from other pods, so the
# server's refusal of all but loopback is off unless the configuration says otherwise.
set -e
case "${1-}" in
  -*) set -- redis-server "$@" ;;
  *.conf) set -- redis-server "$@" ;;
esac
if [ "${1-}" = redis-server ]; then
  shift
  case "${1-}" in
    '' | -*) set -- --protected-mode no "$@" ;;
    *)
      configuration=$1
      shift
      grep -q '^ *protected-mode' "$configuration" || set -- --protected-mode no "$@"
      set -- "$configuration" "$@"
      ;;
  esac
  set -- redis-server "$@"
fi
exec "$@"
