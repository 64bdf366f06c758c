#!/bin/sh
# Makes what must not be in a repository: .env with fresh keys, and a certificate for trying. Keeps what is there.
set -eu
cd "$(dirname "$0")"
umask 0077
secret() { od -An -N 32 -tx1 /dev/urandom | tr -d ' \n'; }

if [ ! -e .env ]; then
  cat > .env <<VARIABLES
# The address that people and SDKs use; also the origin that browsers may connect from.
PUBLIC_URL=https://${1:-localhost}
FLEETCAST_HTTP_API_KEY=$(secret)
FLEETCAST_CLIENT_TOKEN_HMAC_SECRET_KEY=$(secret)
FLEETCAST_MQTT_PASSWORD=$(secret)
REDIS_PASSWORD=$(secret)
VARIABLES
  echo "made .env for https://${1:-localhost}"
fi

# In production put the chain and the key that your authority gave you here, under these names.
if [ ! -e certs/fullchain.pem ]; then
  mkdir -p certs
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=${1:-localhost}" \
    -addext "subjectAltName=DNS:${1:-localhost}" -keyout certs/privkey.pem -out certs/fullchain.pem 2> /dev/null
  # Mosquitto's user reads the key, too.
  chmod 0755 certs
  chmod 0644 certs/fullchain.pem certs/privkey.pem
  echo "made certs/ signed by itself, for trying: browsers will warn"
fi
