# Sends one command to Redis and prints the reply as the protocol has it.
#   redis COMMAND [ARGUMENT...]

# An argument with its length in bytes; ${#1} would count characters.
argument() {
  printf '$%d\r\n%s\r\n' "$(printf %s "$1" | wc -c)" "$1"
}

command_of() {
  printf '*%d\r\n' "$#"
  for word in "$@"; do argument "$word"; done
}

redis() {
  { command_of AUTH "$REDIS_PASSWORD"; command_of "$@"; command_of QUIT; } |
    nc -w 3 "$REDIS_HOST" 6379 | tr -d '\r'
}
