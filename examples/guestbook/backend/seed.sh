# Waits for Redis, then writes the first message unless there is one.
. /scripts/redis.sh

until redis PING | grep -q PONG; do
  echo "waiting for $REDIS_HOST"
  sleep 1
done
if redis SETNX seeded yes | grep -q '^:1'; then
  redis LPUSH messages 'Welcome aboard' >/dev/null
  echo 'seeded'
else
  echo 'seeded before'
fi
